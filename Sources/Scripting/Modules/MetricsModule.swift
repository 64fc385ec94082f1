public import LuaBridge
internal import Metrics
internal import Tabular

/// The module `metrics`.
public enum MetricsModule {
  /// Its declaration.
  public static let module = LuaModule(
    "metrics",
    """
    Scores of predictions and of drift, on columns or lists of numbers. No evidence is no score: with nothing to measure the result is nil. \
    NaN and infinities are left out and counted.
    """,
    functions: scores + [trimMae, cv, quantiles, processMatch, psi, ks, bootstrap, pairedTest] + overTime)

  private static let actual = Parameter("actual", [Double].self, "what happened")
  private static let predicted = Parameter("predicted", [Double].self, "what was predicted, in the same order")

  private static let scores = [
    score(.mae) { try Score.mae($0, $1) }, score(.rmse) { try Score.rmse($0, $1) }, score(.bias) { try Score.bias($0, $1) },
    score(.wape) { try Score.wape($0, $1) }, score(.mape) { try Score.mape($0, $1) }, score(.r2) { try Score.r2($0, $1) },
  ]

  private static func score(_ metric: Metric, _ body: @escaping @Sendable ([Double], [Double]) throws -> Measurement) -> LuaFunction {
    LuaFunction(metric.name, sentence(metric), actual, predicted, returns: result) { MeasurementResult(try body($0, $1)).pair }
  }

  private static func sentence(_ metric: Metric) -> String {
    let better =
      switch metric.direction {
      case .lower: " Lower is better."
      case .higher: " Higher is better."
      case .zero: " Nearer to zero is better."
      case .none: ""
      }
    return metric.summary.prefix(1).uppercased() + metric.summary.dropFirst() + "." + better
  }

  private static let result = LuaReturn<(Double?, MeasurementResult)>.pair(
    Double?.self, "the score, or nil", MeasurementResult.self, "`count` and `excluded` observations, `unit`, `better`")

  private static let trimMae = LuaFunction(
    "trim_mae", sentence(.trimMae), actual, predicted,
    Parameter("ratio", Double.self, "part of the errors dropped at each end, 0…0.5", default: 0.1),
    returns: result
  ) { MeasurementResult(try Score.trimMae($0, $1, ratio: $2)).pair }

  private static let cv = LuaFunction(
    "cv", sentence(.cv), Parameter("values", [Double].self, "measured values"),
    Parameter("groups", ColumnSource.self, "the group of each value"),
    returns: result
  ) { values, groups in try variation(values, groups.column) }

  private static func variation(_ values: [Double], _ groups: Column) throws -> (Double?, MeasurementResult) {
    let coded = try codes(groups, named: "groups", count: values.count)
    return MeasurementResult(try Score.cv(values, groups: coded.codes, groupCount: coded.count)).pair
  }

  /// The distinct values of a column, numbered.
  private static func codes(_ column: Column, named name: String, count: Int) throws -> (codes: [Int], count: Int) {
    guard column.count == count else { throw FrameError.length(column: name, expected: count, got: column.count) }
    let groups = try Frame([(name, column)]).grouped(by: [name])
    return (groups.codes.map(Int.init), groups.count)
  }

  private static let quantiles = LuaFunction(
    "quantiles", "The values that shares of all values lie below, interpolated between neighbours (type 7).",
    Parameter("values", [Double].self, "numbers"), Parameter("probabilities", [Double].self, "shares, 0…1"),
    returns: .value([Double].self, "a value a share; none when there are no numbers")
  ) { try Distribution.quantiles($0, $1).compactMap { $0 } }

  private static let processMatch = LuaFunction(
    "process_match", "Aligned operations over actual operations, pooled over items; operations are aligned by longest common subsequence.",
    Parameter("actual", [[String]].self, "the job codes of each item, in order"),
    Parameter("predicted", [[String]].self, "the predicted job codes of each item"), returns: matchResult
  ) { try matched($0, $1) }

  private static let matchResult = LuaReturn<(Double?, [String: Double])>.pair(
    Double?.self, "share 0…1, or nil", [String: Double].self,
    "`precision`, `sequence_match`, and the counts `aligned`, `predicted`, `actual`, `items`")

  private static func matched(_ actual: [[String]], _ predicted: [[String]]) throws -> (Double?, [String: Double]) {
    guard actual.count == predicted.count else {
      throw MetricError.length(metric: "process_match", expected: actual.count, got: predicted.count)
    }
    let counts = zip(actual, predicted).reduce(into: AlignmentCounts()) { $0 += AlignmentCounts(predicted: $1.1, actual: $1.0) }
    var details = [
      "aligned": Double(counts.aligned), "predicted": Double(counts.predicted), "actual": Double(counts.actual),
      "items": Double(counts.items),
    ]
    details["precision"] = Score.processPrecision(counts).value
    details["sequence_match"] = Score.sequenceMatch(counts).value
    return (Score.processMatch(counts).value, details)
  }

  private static let psi = LuaFunction(
    "psi", "Population stability index of one feature: how far its values now lie from those trained on.",
    Parameter("reference", [Double].self, "values the model was trained on"), Parameter("current", [Double].self, "values seen now"),
    Parameter("bins", Int.self, "equal-frequency bins of `reference`, 2…10000", default: 10),
    returns: .value(Double?.self, "index, ≥ 0; 0 is no drift, above 0.2 is often read as drift")
  ) { try Drift.psi(reference: $0, current: $1, bins: $2).value }

  private static let ks = LuaFunction(
    "ks", "Kolmogorov-Smirnov statistic: the largest gap between two cumulative distributions.",
    Parameter("reference", [Double].self, "values of before"), Parameter("current", [Double].self, "values of now"),
    returns: .pair(Double?.self, "gap, 0…1", Double?.self, "probability of such a gap where nothing has changed")
  ) { gap(Drift.ks(reference: $0, current: $1)) }

  private static func gap(_ test: (statistic: Measurement, pValue: Double?)) -> (Double?, Double?) { (test.statistic.value, test.pValue) }

  private static let bootstrap = LuaFunction(
    "bootstrap", "Confidence interval of a score, by drawing items again: rows of one item are alike, so they go together.",
    Parameter("metric", BootstrapMetric.self, "which score"), actual, predicted,
    Parameter("options", BootstrapOptions.self, "clusters and draws"),
    returns: .value([String: Double]?.self, "`lower`, `upper`, `confidence`; nil below two clusters")
  ) { try interval($0, $1, $2, $3) }

  private static func interval(
    _ metric: BootstrapMetric, _ actual: [Double], _ predicted: [Double], _ options: BootstrapOptions
  ) throws -> [String: Double]? {
    let bootstrap = try options.bootstrap()
    let clusters = try options.clusters.map { try codes($0.column, named: "clusters", count: actual.count).codes } ?? Array(actual.indices)
    let interval =
      switch metric {
      case .trimMae: try bootstrap.trimMaeInterval(actual, predicted, clusters: clusters)
      case .mae: try bootstrap.interval(of: .mae, actual, predicted, clusters: clusters)
      case .rmse: try bootstrap.interval(of: .rmse, actual, predicted, clusters: clusters)
      case .bias: try bootstrap.interval(of: .bias, actual, predicted, clusters: clusters)
      case .wape: try bootstrap.interval(of: .wape, actual, predicted, clusters: clusters)
      }
    return interval.map { ["lower": $0.lower, "upper": $0.upper, "confidence": $0.confidence] }
  }

  private static let pairedTest = LuaFunction(
    "paired_test", "Whether two lists of errors of the same rows differ by more than chance.",
    Parameter("first", [Double].self, "errors of one model"), Parameter("second", [Double].self, "errors of the other, row by row"),
    Parameter("options", BootstrapOptions.self, "clusters: then items are drawn again; without, Student's test of the rows"),
    returns: .value([String: Double].self, "`mean_difference` (first − second), `lower`, `upper`, `p_value`, `count`, `excluded`")
  ) { try compared($0, $1, $2) }

  private static func compared(_ first: [Double], _ second: [Double], _ options: BootstrapOptions) throws -> [String: Double] {
    let test =
      if let clusters = options.clusters {
        try PairedTest.bootstrap(
          first, second, clusters: try codes(clusters.column, named: "clusters", count: first.count).codes,
          using: try options.bootstrap())
      } else { try PairedTest.student(first, second, confidence: options.confidence) }
    var result = ["count": Double(test.count), "excluded": Double(test.excluded)]
    result["mean_difference"] = test.meanDifference
    result["lower"] = test.interval?.lower
    result["upper"] = test.interval?.upper
    result["p_value"] = test.pValue
    return result
  }
}

/// What a score came to, as scripts see it.
struct MeasurementResult: LuaPushable {
  var measurement: Measurement

  init(_ measurement: Measurement) { self.measurement = measurement }

  static var luaType: LuaType { LuaType("{ count: integer, excluded: integer, unit: string, better: string }") }

  var pair: (Double?, MeasurementResult) { (measurement.value, self) }

  func push(on stack: LuaStack) throws {
    let fields: [String: PlainValue] = [
      "count": .integer(Int64(measurement.count)), "excluded": .integer(Int64(measurement.excluded)),
      "unit": .text(measurement.unit.rawValue), "better": .text(measurement.direction.rawValue),
    ]
    try fields.push(on: stack)
  }
}

enum BootstrapMetric: String, CaseIterable, LuaReadable {
  case mae, rmse, bias, wape
  case trimMae = "trim_mae"
}

struct BootstrapOptions: LuaRecord {
  var clusters: ColumnSource?
  var resamples = 1000
  var confidence = 0.95
  var seed = SampleSeed(value: 42)

  static var fields: [LuaField<BootstrapOptions>] {
    [
      LuaField("clusters", \.clusters, "the item of each row; without, each row is drawn for itself"),
      LuaField("resamples", \.resamples, "draws, 1…100000", default: "1000"),
      LuaField("confidence", \.confidence, "how often such an interval holds the true value, above 0 and below 1", default: "0.95"),
      LuaField("seed", \.seed, "where the draws start", default: "42"),
    ]
  }

  func bootstrap() throws -> Bootstrap { try Bootstrap(resamples: resamples, confidence: confidence, seed: seed.value) }
}
