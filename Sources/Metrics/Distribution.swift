/// Figures of one list of numbers. NaN and infinities are left out; with nothing left there is no figure.
public enum Distribution {
  /// Arithmetic mean.
  public static func mean(_ values: [Double]) -> Double? { meanOfFinite(values.filter { $0.isFinite }) }

  /// Sample standard deviation (divisor n − 1); none below two values.
  public static func standardDeviation(_ values: [Double]) -> Double? {
    let values = values.filter { $0.isFinite }
    guard values.count >= 2, let mean = meanOfFinite(values) else { return nil }
    var sum = CompensatedSum()
    for value in values { sum.add((value - mean) * (value - mean)) }
    return (sum.value / Double(values.count - 1)).squareRoot()
  }

  /// The quantile of each probability, interpolated between neighbours (R's type 7, NumPy's default): the value at position
  /// (n − 1)·p of the sorted list. Probabilities must be in 0…1. O(n log n).
  public static func quantiles(_ values: [Double], _ probabilities: [Double]) throws(MetricError) -> [Double?] {
    if let wrong = probabilities.first(where: { !($0 >= 0 && $0 <= 1) }) {
      throw .argument(name: "probability", metric: "quantiles", expected: "a number in 0…1", got: "\(wrong)")
    }
    let sorted = values.filter { $0.isFinite }.sorted()
    return probabilities.map { quantile(ofSorted: sorted, $0) }
  }

  /// The mean without the ⌊n · `ratio`⌋ smallest and as many of the largest values; the plain mean where nothing would remain.
  /// `ratio` is the part dropped at each end. O(n log n).
  public static func trimmedMean(_ values: [Double], ratio: Double = 0.1) -> Double? {
    let sorted = values.filter { $0.isFinite }.sorted()
    let dropped = max(0, Int(Double(sorted.count) * ratio))
    return meanOfFinite(sorted.count > 2 * dropped ? sorted[dropped..<sorted.count - dropped] : sorted[...])
  }

  /// What is no outlier by the quartiles: from `factor` interquartile ranges under the first to as many over the third. J. Tukey,
  /// "Exploratory Data Analysis", 1977.
  public static func outlierBounds(_ values: [Double], factor: Double = 1.5) -> ClosedRange<Double>? {
    let sorted = values.filter { $0.isFinite }.sorted()
    guard let first = quantile(ofSorted: sorted, 0.25), let third = quantile(ofSorted: sorted, 0.75) else { return nil }
    let reach = max(0, factor) * (third - first)
    return first - reach...third + reach
  }

  /// The quantile at `probability` (0…1) of ascending finite numbers, or `nil` when there are none.
  static func quantile(ofSorted sorted: [Double], _ probability: Double) -> Double? {
    guard let last = sorted.indices.last else { return nil }
    let position = Double(last) * probability
    let below = min(Int(position), last)
    let above = min(below + 1, last)
    return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
  }

  private static func meanOfFinite(_ values: some Collection<Double>) -> Double? {
    if values.isEmpty { return nil }
    var sum = CompensatedSum()
    for value in values { sum.add(value) }
    return sum.value / Double(values.count)
  }
}
