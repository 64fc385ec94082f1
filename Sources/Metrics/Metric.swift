/// A quantity that predictions or data are judged by, declared once: reports, Lua, help and thresholds all read this table.
public struct Metric: Hashable, Sendable {
  /// What a value counts.
  public enum Unit: String, Codable, CaseIterable, Sendable {
    /// Minutes, per unit made unless the report's basis says per order.
    case minutes
    /// A part of a whole; 1 is all of it.
    case share
    /// A quotient of two like quantities.
    case ratio
    /// A number of things.
    case count
    /// A figure without a unit.
    case index
  }

  /// Which of two values is the better one.
  public enum Direction: String, Codable, CaseIterable, Sendable {
    case lower, higher
    /// The one nearer to zero.
    case zero
    /// Neither.
    case none

    /// Whether `value` is better than `other`.
    public func prefers(_ value: Double, to other: Double) -> Bool {
      switch self {
      case .lower: value < other
      case .higher: value > other
      case .zero: abs(value) < abs(other)
      case .none: false
      }
    }
  }

  /// The name in reports, Lua and configuration.
  public let name: String
  /// What a value counts.
  public let unit: Unit
  /// The values that it can take.
  public let range: ClosedRange<Double>
  /// Which of two values is the better one.
  public let direction: Direction
  /// What it is, in a sentence.
  public let summary: String

  /// Declares a metric.
  public init(_ name: String, _ unit: Unit, _ range: ClosedRange<Double>, _ direction: Direction, _ summary: String) {
    self.name = name
    self.unit = unit
    self.range = range
    self.direction = direction
    self.summary = summary
  }

  /// The metric called `name`, or `nil`.
  public static func named(_ name: String) -> Metric? { all.first { $0.name == name } }
}

extension Metric {
  private static let unbounded = 0...Double.infinity

  /// Mean absolute error of run minutes.
  public static let mae = Metric("mae", .minutes, unbounded, .lower, "mean absolute error of run minutes")
  /// Root mean squared error of run minutes.
  public static let rmse = Metric("rmse", .minutes, unbounded, .lower, "root mean squared error of run minutes")
  /// Mean absolute error after dropping the smallest and largest errors.
  public static let trimMae = Metric(
    "trim_mae", .minutes, unbounded, .lower, "mean absolute error of run minutes without the smallest and largest tenth of the errors")
  /// Mean absolute error of set-up minutes.
  public static let setupMae = Metric("setup_mae", .minutes, unbounded, .lower, "mean absolute error of set-up minutes")
  /// Mean absolute error of a whole order's minutes.
  public static let orderMae = Metric("order_mae", .minutes, unbounded, .lower, "mean absolute error of a whole order's minutes")
  /// Sum of absolute errors over the sum of actual minutes.
  public static let wape = Metric("wape", .ratio, unbounded, .lower, "sum of absolute errors over the sum of actual minutes")
  /// Mean of predicted − actual.
  public static let bias = Metric(
    "bias", .minutes, -Double.infinity...Double.infinity, .zero, "mean of predicted less actual minutes; above zero predicts too much")
  /// Mean of absolute error over actual.
  public static let mape = Metric("mape", .ratio, unbounded, .lower, "mean of absolute error over actual minutes")
  /// Coefficient of determination.
  public static let r2 = Metric(
    "r2", .index, -Double.infinity...1, .higher, "share of the actual minutes' variance that the predictions explain")
  /// Aligned operations over actual operations.
  public static let processMatch = Metric(
    "process_match", .share, 0...1, .higher, "actual operations that were predicted, in order, over all actual operations")
  /// Aligned operations over predicted operations.
  public static let processPrecision = Metric(
    "process_precision", .share, 0...1, .higher, "predicted operations that took place, in order, over all predicted operations")
  /// Share of items whose sequence of jobs was predicted exactly.
  public static let sequenceMatch = Metric(
    "sequence_match", .share, 0...1, .higher, "items whose sequence of jobs was predicted exactly")
  /// Share of items whose actual routing is among the first candidates.
  public static let topKMatch = Metric(
    "top_k_match", .share, 0...1, .higher, "items whose actual routing is among the first k candidates")
  /// Mean coefficient of variation of run minutes within an item's operation.
  public static let cv = Metric(
    "cv", .ratio, unbounded, .lower, "mean over items' operations of the standard deviation of run minutes over their mean")
  /// Mean number of results of an item's operation.
  public static let sampleCount = Metric("sample_count", .count, unbounded, .higher, "mean number of results of an item's operation")
  /// Share of predicted replacements of outsourcing that took place in-house.
  public static let outsourcingSuccess = Metric(
    "outsourcing_success", .share, 0...1, .higher, "operations predicted as taken in-house that were made in-house")
  /// Share of sampled items that could be evaluated.
  public static let coverage = Metric("coverage", .share, 0...1, .higher, "sampled items that could be evaluated")
  /// Population stability index.
  public static let psi = Metric(
    "psi", .index, unbounded, .lower, "population stability index: how far values lie from those of before; above 0.2 often read as drift")
  /// Kolmogorov-Smirnov statistic.
  public static let ks = Metric("ks", .share, 0...1, .lower, "largest gap between two cumulative distributions")

  /// All metrics, in the order of reports.
  public static let all: [Metric] = [
    .mae, .trimMae, .rmse, .bias, .wape, .mape, .r2, .setupMae, .orderMae, .processMatch, .processPrecision, .sequenceMatch, .topKMatch,
    .cv, .sampleCount, .outsourcingSuccess, .coverage, .psi, .ks,
  ]
}
