/// What some observations of one operation's minutes say, outliers left out.
public struct SampleSummary: Hashable, Sendable {
  /// Observations that count, and those left out as outliers.
  public var count, outlierCount: Int
  /// Trimmed mean, sample standard deviation (0 for one observation) and smallest of those that count; minutes. NaN without any.
  public var mean, standardDeviation, smallest: Double

  /// Summarises `observations`, all finite.
  ///
  /// From four on, those more than 1.5 interquartile ranges outside the quartiles (J. Tukey's fences, quantiles of type 7) are left
  /// out and counted. Of the rest ⌊n/10⌋ at each end are left out of the mean.
  public init(_ observations: [Double]) {
    var sorted = observations.sorted()
    let total = sorted.count
    if sorted.count >= 4 {
      let low = Self.quantile(sorted, 0.25)
      let high = Self.quantile(sorted, 0.75)
      let reach = 1.5 * (high - low)
      sorted.removeAll { $0 < low - reach || $0 > high + reach }
    }
    count = sorted.count
    outlierCount = total - sorted.count
    guard let first = sorted.first else {
      (mean, standardDeviation, smallest) = (.nan, .nan, .nan)
      return
    }
    smallest = first
    let trimmed = sorted.dropFirst(sorted.count / 10).dropLast(sorted.count / 10)
    mean = trimmed.reduce(0, +) / Double(trimmed.count)
    let centre = sorted.reduce(0, +) / Double(sorted.count)
    let squares = sorted.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    standardDeviation = sorted.count > 1 ? (squares / Double(sorted.count - 1)).squareRoot() : 0
  }

  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let position = share * Double(sorted.count - 1)
    let index = Int(position)
    let next = min(index + 1, sorted.count - 1)
    return sorted[index] + (sorted[next] - sorted[index]) * (position - Double(index))
  }
}
