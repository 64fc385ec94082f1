/// The middle of some numbers that a few gross errors cannot move, and how far single numbers lie from it.
public struct RobustMean: Hashable, Sendable {
  /// Numbers that are finite.
  public var count: Int
  /// Their trimmed mean.
  public var mean: Double
  /// What, divided by the root of ``count``, is the mean's standard error; `nil` below five numbers, which do not tell.
  public var spread: Double?

  /// Trims a tenth at each end, and one number at least from three on: of three it is the median. `nil` when nothing is finite.
  ///
  /// The spread is the winsorised standard deviation over the share that is left, after J. Tukey and D. McLaughlin, "Less vulnerable
  /// confidence and significance procedures for location based on a single sample", Sankhyā A 25, 1963. O(n log n).
  public init?(_ values: [Double]) {
    let sorted = values.filter { $0.isFinite }.sorted()
    if sorted.isEmpty { return nil }
    count = sorted.count
    let cut = count < 3 ? 0 : max(1, count / 10)
    guard let middle = Distribution.mean(Array(sorted[cut..<count - cut])) else { return nil }
    mean = middle
    guard count >= 5 else { return }
    let winsorised = sorted.indices.map { sorted[min(max($0, cut), count - 1 - cut)] }
    spread = Distribution.standardDeviation(winsorised).map { $0 / (1 - 2 * Double(cut) / Double(count)) }
  }
}
