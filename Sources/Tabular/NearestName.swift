/// Returns the known name that `name` was most likely meant to be, or `nil` when none is near: at most one edit in three
/// characters (a swap of neighbours counts as one), letter case not counted, and at least one in common. Ties go to the first.
public func nearestName(to name: String, in known: some Sequence<String>) -> String? {
  let wanted = Array(name.lowercased())
  var best: (name: String, distance: Int)?
  for candidate in known {
    let letters = Array(candidate.lowercased())
    let limit = max(1, max(wanted.count, letters.count) / 3)
    guard abs(letters.count - wanted.count) <= limit else { continue }
    let distance = editDistance(wanted, letters)
    if distance <= limit, distance < max(wanted.count, letters.count, 1), distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.name
}

/// Returns `; did you mean 'x'?` for the nearest known name, or nothing: the end of a message about an unknown name.
public func suggestion(for name: String, in known: some Sequence<String>) -> String {
  nearestName(to: name, in: known).map { "; did you mean '\($0.escapedForTerminal)'?" } ?? ""
}

/// Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var before: [Int] = []
  var previous = Array(0...right.count)
  for row in left.indices {
    var current = [row + 1]
    current.reserveCapacity(right.count + 1)
    for column in right.indices {
      var cost = min(previous[column + 1], current[column]) + 1
      cost = min(cost, previous[column] + (left[row] == right[column] ? 0 : 1))
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        cost = min(cost, before[column - 1] + 1)
      }
      current.append(cost)
    }
    (before, previous) = (previous, current)
  }
  return previous[right.count]
}
