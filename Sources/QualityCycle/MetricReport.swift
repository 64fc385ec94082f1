public import Metrics
public import Routing
import Tabular

/// What a cycle measured.
public struct MetricReport: Codable, Sendable {
  /// What run minutes are counted per.
  public var basis: Basis
  /// Each metric over the whole sample; without evidence it has no value.
  public var metrics: [Measurement]
  /// The metrics by the values of some columns.
  public var groups: [Group]
  /// Each item's operations, those with the largest sum of errors first; of a whole population only the first of them.
  public var operations: [OperationFigures]
  /// How many operations of items there are in all.
  public var operationCount: Int
  /// What passed a threshold; of a whole population only the first single operations of each code, the largest errors first.
  public var alerts: [Alert]
  /// How many alerts of single items and operations there are in all, by code.
  public var singleAlerts: [String: Int]
  /// Operations in the window that no error could be taken of, by reason.
  public var operationsLeftOut: [String: Int]
  /// Orders whose minutes as a whole could not be compared, by reason.
  public var ordersLeftOut: [String: Int]
  /// Sampled items that could not be evaluated, by reason.
  public var itemsLeftOut: [String: Int]
  /// Routings of evaluated items that could not be held against what was predicted, by reason.
  public var routingsLeftOut: [String: Int]

  /// The predictions of the items whose operations have the largest errors, with what is behind each operation.
  public var explained: [Prediction] = []

  /// The metric called `name`.
  public subscript(name: String) -> Measurement? { metrics.first { $0.name == name } }

  /// Metrics of the rows that share one value of a column.
  public struct Group: Codable, Sendable {
    /// The column and its value; a missing value is shown as `–`.
    public var by, level: String
    /// Metrics of these rows.
    public var metrics: [Measurement]
  }
}

extension MetricReport {
  /// Makes the report of a cycle that measured nothing.
  public init(basis: Basis) {
    self.init(
      basis: basis, metrics: [], groups: [], operations: [], operationCount: 0, alerts: [], singleAlerts: [:], operationsLeftOut: [:],
      ordersLeftOut: [:], itemsLeftOut: [:], routingsLeftOut: [:])
  }

  /// Reads a report, also one of a version that did not keep all of this.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func field<Value: Decodable>(_ key: CodingKeys) throws -> Value { try container.decode(Value.self, forKey: key) }
    let alerts: [Alert] = try field(.alerts)
    let counted = Dictionary(grouping: alerts.filter { $0.item != nil }, by: \.code.rawValue).mapValues(\.count)
    self.init(
      basis: try field(.basis), metrics: try field(.metrics), groups: try field(.groups), operations: try field(.operations),
      operationCount: try field(.operationCount), alerts: alerts,
      singleAlerts: try container.decodeIfPresent([String: Int].self, forKey: .singleAlerts) ?? counted,
      operationsLeftOut: try field(.operationsLeftOut), ordersLeftOut: try field(.ordersLeftOut), itemsLeftOut: try field(.itemsLeftOut),
      routingsLeftOut: try container.decodeIfPresent([String: Int].self, forKey: .routingsLeftOut) ?? [:],
      explained: try container.decodeIfPresent([Prediction].self, forKey: .explained) ?? [])
  }
}

/// How one operation of one item was predicted and what came, over its results in the window.
public struct OperationFigures: Hashable, Codable, Sendable {
  /// The item and its operation.
  public var item, job: String
  /// How often its job came before in the routing.
  public var occurrence: Int
  /// Where it was mostly done.
  public var resource: String?
  /// Results in the window, and those that the prediction rests on.
  public var results, samples: Int
  /// Mean actual and predicted run minutes, mean absolute error.
  public var actualMinutes, predictedMinutes, mae: Double
  /// Variation of the actual minutes; `nil` for a single result.
  public var cv: Double?
  /// Mean actual and predicted set-up minutes.
  public var actualSetup, predictedSetup: Double?
}

/// Something measured that passed its threshold, or something that failed.
public struct Alert: Hashable, Codable, Sendable {
  /// What it is.
  public var code: Code
  /// How bad it is.
  public var severity: Severity
  /// What was measured, and the threshold that it passed.
  public var value, threshold: Double?
  /// The item and operation that it concerns; `nil` for the whole cycle.
  public var item, operation: String?
  /// The alert in words.
  public var message: String

  /// How bad it is.
  public enum Severity: String, Codable, Sendable, CaseIterable {
    case info, warning, critical
  }

  /// What alerts there are.
  public enum Code: String, Codable, Sendable, CaseIterable {
    case highMAE = "HIGH_MAE"
    case highTrimMAE = "HIGH_TRIM_MAE"
    case lowProcessMatch = "LOW_PROCESS_MATCH"
    case highMeanCV = "HIGH_MEAN_CV"
    case highCV = "HIGH_CV"
    case lowSamples = "LOW_SAMPLES"
    case noActualData = "NO_ACTUAL_DATA"
    case predictionFailed = "PREDICTION_FAILED"
    case strategyError = "STRATEGY_ERROR"
    case invalidConfiguration = "INVALID_CONFIGURATION"
    case modelDamaged = "MODEL_DAMAGED"
  }

  /// Makes an alert.
  public init(
    _ code: Code, _ severity: Severity, value: Double? = nil, threshold: Double? = nil, item: String? = nil, operation: String? = nil,
    message: String
  ) {
    self.code = code
    self.severity = severity
    self.value = value
    self.threshold = threshold
    self.item = item
    self.operation = operation
    self.message = message
  }
}
