/// A line of small bars, one a value, between the smallest and the largest: `▁▂▅█`. A missing, NaN or infinite value is a blank.
///
/// One value, or several equal ones, stand at middle height.
public func sparkline(_ values: some Collection<Double?>) -> String {
  let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  let known = values.compactMap { $0 }.filter(\.isFinite)
  guard let low = known.min(), let high = known.max() else { return String(repeating: " ", count: values.count) }
  return String(
    values.map { value in
      guard let value, value.isFinite else { return " " }
      guard high > low else { return bars[3] }
      // In halves: the range of two numbers may be more than a number holds.
      return bars[min(7, Int((value / 2 - low / 2) / (high / 2 - low / 2) * 8))]
    })
}
