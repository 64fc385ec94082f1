import CKernels

/// Scores of predictions against what happened; each returns its value with the number of observations, and none without any.
///
/// Pairs in which either number is NaN or infinite, or whose difference is, are left out and counted. A score has the same bits on
/// every machine.
public enum Score {
  /// Mean absolute error. O(n), one pass.
  public static func mae(_ actual: [Double], _ predicted: [Double]) throws(MetricError) -> Measurement {
    let sums = try errorSums(.mae, actual, predicted)
    return sums.measurement(.mae, sums.absolute / Double(sums.count))
  }

  /// Root mean squared error. O(n), one pass.
  public static func rmse(_ actual: [Double], _ predicted: [Double]) throws(MetricError) -> Measurement {
    let sums = try errorSums(.rmse, actual, predicted)
    return sums.measurement(.rmse, (sums.squared / Double(sums.count)).squareRoot())
  }

  /// Mean of predicted − actual: above zero when predictions are too high. O(n), one pass.
  public static func bias(_ actual: [Double], _ predicted: [Double]) throws(MetricError) -> Measurement {
    let sums = try errorSums(.bias, actual, predicted)
    return sums.measurement(.bias, sums.difference / Double(sums.count))
  }

  /// Sum of absolute errors over the sum of actual values; none where that sum is not above zero. O(n), one pass.
  public static func wape(_ actual: [Double], _ predicted: [Double]) throws(MetricError) -> Measurement {
    let sums = try errorSums(.wape, actual, predicted)
    return sums.measurement(.wape, sums.actual > 0 ? sums.absolute / sums.actual : nil)
  }

  /// Mean absolute error without the ⌊n · `ratio`⌋ smallest and as many of the largest errors; the plain mean where nothing would
  /// remain. O(n): the ends are found by their binary digits, not by sorting.
  ///
  /// `ratio` is the part dropped at each end, in 0..<1.
  public static func trimMae(_ actual: [Double], _ predicted: [Double], ratio: Double = 0.1) throws(MetricError) -> Measurement {
    guard actual.count == predicted.count else {
      throw .length(metric: Metric.trimMae.name, expected: actual.count, got: predicted.count)
    }
    guard ratio >= 0, ratio < 1 else {
      throw .argument(name: "ratio", metric: Metric.trimMae.name, expected: "a number ≥ 0 and < 1", got: "\(ratio)")
    }
    let (mean, count) = trimmedMeanOfErrors(actual, predicted, ratio: ratio)
    return Measurement(.trimMae, value: mean, count: count, excluded: actual.count - count)
  }

  /// Mean of absolute error over |actual|; 0.1 is ten per cent. Pairs whose actual value is zero are left out and counted. O(n).
  public static func mape(_ actual: [Double], _ predicted: [Double]) throws(MetricError) -> Measurement {
    guard actual.count == predicted.count else { throw .length(metric: Metric.mape.name, expected: actual.count, got: predicted.count) }
    var sum = CompensatedSum()
    var count = 0
    for index in actual.indices {
      let part = abs(predicted[index] - actual[index]) / abs(actual[index])
      guard part.isFinite else { continue }
      sum.add(part)
      count += 1
    }
    return Measurement(.mape, value: count > 0 ? sum.value / Double(count) : nil, count: count, excluded: actual.count - count)
  }

  /// Coefficient of determination: 1 − Σ(actual − predicted)² / Σ(actual − mean)²; none where the actual values are all equal. O(n).
  public static func r2(_ actual: [Double], _ predicted: [Double]) throws(MetricError) -> Measurement {
    let sums = try errorSums(.r2, actual, predicted)
    let mean = sums.actual / Double(sums.count)
    var variation = CompensatedSum()
    for index in actual.indices where (predicted[index] - actual[index]).isFinite {
      variation.add((actual[index] - mean) * (actual[index] - mean))
    }
    return sums.measurement(.r2, variation.value > 0 ? 1 - sums.squared / variation.value : nil)
  }

  /// All sums that the plain scores need, in one pass.
  private static func errorSums(_ metric: Metric, _ actual: [Double], _ predicted: [Double]) throws(MetricError) -> ErrorSums {
    guard actual.count == predicted.count else { throw .length(metric: metric.name, expected: actual.count, got: predicted.count) }
    return ErrorSums(actual, predicted)
  }
}

/// Sums over pairs of actual and predicted values: with those of several groups added, the scores of all together.
///
/// The plain scores are functions of these sums, which is what makes resampling by item cheap (``Bootstrap``).
public struct ErrorSums: Hashable, Sendable {
  /// Number of pairs used, and of those left out because their difference is no finite number.
  public var count, excluded: Int
  /// Sums of |predicted − actual|, predicted − actual, (predicted − actual)² and actual.
  public var absolute, difference, squared, actual: Double

  /// Makes the sums over pairs; both lists have one length.
  public init(_ actual: [Double], _ predicted: [Double]) {
    precondition(actual.count == predicted.count, "\(actual.count) actual and \(predicted.count) predicted values")
    let sums = lathe_sum_errors(actual, predicted, actual.count)
    count = sums.count
    excluded = actual.count - sums.count
    absolute = sums.absolute
    difference = sums.difference
    squared = sums.squared
    self.actual = sums.actual
  }

  func measurement(_ metric: Metric, _ value: Double?) -> Measurement {
    Measurement(metric, value: count > 0 ? value : nil, count: count, excluded: excluded)
  }
}

/// A sum that carries what rounding lost. A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974.
struct CompensatedSum {
  private var sum = 0.0
  private var lost = 0.0

  mutating func add(_ value: Double) {
    let next = sum + value
    lost += abs(sum) >= abs(value) ? (sum - next) + value : (value - next) + sum
    sum = next
  }

  var value: Double { sum + lost }
}
