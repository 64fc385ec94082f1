/// Puts the value that would be at `place`, were all in order, there: lower ones before it, greater ones behind. No value is NaN.
///
/// C. Hoare, "Algorithm 65: Find", 1961, with that of three as pivot which is likely to be nearest, and parted as N. Lomuto does, without a branch that
/// depends on a value: such a branch is guessed wrong every other time. The buffer is the caller's, within whose closure this runs.
func select(_ place: Int, in values: UnsafeMutableBufferPointer<Double>) {
  var (low, end) = (0, values.count)
  while end - low > 1 {
    let middle = low + (end - low) / 2
    let (smaller, greater) = (min(values[low], values[middle]), max(values[low], values[middle]))
    let pivot =
      switch (place - low) * 4 {
      case ..<(end - low): min(smaller, values[end - 1])
      case ((end - low) * 3)...: max(greater, values[end - 1])
      default: max(smaller, min(greater, values[end - 1]))
      }
    let isLow = place < middle
    // One pass parts off the side that the place is likely to be on.
    let first = isLow ? part(values, low, end) { $0 < pivot } : part(values, low, end) { $0 <= pivot }
    let isBefore = place < first
    let rest = isBefore ? first - low : end - first
    if isBefore == isLow || rest * 4 <= (end - low) * 3 {
      if isBefore { end = first } else { low = first }
      continue
    }
    // The pivot's equals are many, or it lies at the edge: they are parted off too, so that every round leaves some out.
    if isBefore {
      let second = part(values, low, first) { $0 < pivot }
      if place >= second { return }
      end = second
    } else {
      let second = part(values, first, end) { $0 <= pivot }
      if place < second { return }
      low = second
    }
  }
}

/// Brings the values of `low..<end` for which `isBefore` holds to the front, and returns where they end.
@inline(__always) private func part(
  _ values: UnsafeMutableBufferPointer<Double>, _ low: Int, _ end: Int, _ isBefore: (Double) -> Bool
) -> Int {
  var next = low
  for position in low..<end {
    let value = values[position]
    values[position] = values[next]
    values[next] = value
    next &+= isBefore(value) ? 1 : 0
  }
  return next
}
