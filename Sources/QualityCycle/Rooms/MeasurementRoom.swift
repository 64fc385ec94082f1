import Configuration
import Metrics
public import Routing
import Tabular

/// Room 4: turns an evaluation into figures and alerts.
public struct MeasurementRoom {
  /// Metrics that the history of cycles keeps.
  public static let historyMetrics = [
    "mae", "trim_mae", "rmse", "bias", "wape", "setup_mae", "order_mae", "process_match", "process_precision", "sequence_match",
    "top_k_match", "cv", "sample_count", "outsourcing_success", "coverage",
  ]
  /// Candidates among which `top_k_match` looks.
  static let topK = 3
  /// Operations that are listed of a whole population, and alerts of each code; all are held against their thresholds and counted.
  static let mostOperations = 2000
  /// Draws behind each interval.
  static let resamples = 1000

  /// The factory, for the columns that metrics are grouped by.
  public let source: any FactorySource

  /// Makes the room.
  public init(source: any FactorySource) { self.source = source }

  /// Measures `evaluation` of what `predicted` says.
  public func enter(_ evaluation: Evaluation, _ predicted: PredictedSample, _ sample: Sample, _ plan: CyclePlan) throws -> MetricReport {
    let figures = OperationFigures.all(in: evaluation)
    let most = plan.takesAll ? Self.mostOperations : figures.count
    var report = MetricReport(
      basis: evaluation.basis, metrics: try metrics(of: evaluation, plan), groups: try groups(of: evaluation, plan),
      operations: Array(figures.prefix(most)), operationCount: figures.count, alerts: [], singleAlerts: [:],
      operationsLeftOut: evaluation.leftOut, ordersLeftOut: evaluation.ordersLeftOut, itemsLeftOut: [:], routingsLeftOut: [:])
    for item in evaluation.items {
      if let reason = item.leftOut { report.itemsLeftOut[reason, default: 0] += 1 }
      if item.isUnderWay { report.routingsLeftOut["all orders of the item are still under way", default: 0] += 1 }
    }
    let builder = AlertBuilder(report: report, evaluation: evaluation, predicted: predicted, sample: sample, plan: plan)
    // The gravest first, and among these the largest errors.
    let all = builder.single(figures)
    let single = Alert.Severity.allCases.reversed().flatMap { severity in all.filter { $0.severity == severity } }
    for alert in single { report.singleAlerts[alert.code.rawValue, default: 0] += 1 }
    var listed: [Alert.Code: Int] = [:]
    report.alerts =
      builder.wholeCycle()
      + single.filter { alert in
        listed[alert.code, default: 0] += 1
        return !plan.takesAll || listed[alert.code, default: 0] <= Self.mostOperations
      }
    return report
  }

  private func metrics(of evaluation: Evaluation, _ plan: CyclePlan) throws -> [Measurement] {
    let pairs = try Pairs(evaluation.operations, "actual_minutes", "predicted_minutes")
    let setup = try Pairs(evaluation.operations, "actual_setup", "predicted_setup")
    let orders = try Pairs(evaluation.orders, "actual_minutes", "predicted_minutes")
    let bootstrap = try Bootstrap(resamples: Self.resamples, seed: plan.seed)
    let evaluated = evaluation.items.filter { $0.leftOut == nil }
    let finished = evaluated.filter { !$0.isUnderWay }
    let counts = finished.map(\.alignment)
    let total = counts.reduce(AlignmentCounts(), +)
    let sums = counts.flatMap { [Double($0.aligned), Double($0.predicted), Double($0.actual)] }
    let groups = OperationFigures.grouping(of: evaluation.operations)
    let statistics = try GroupStatistics.of(pairs.actual, groups: groups.row, groupCount: groups.count)
    return [
      try Score.mae(pairs.actual, pairs.predicted)
        .with(interval: bootstrap.interval(of: .mae, pairs.actual, pairs.predicted, clusters: pairs.clusters)),
      try Score.trimMae(pairs.actual, pairs.predicted, ratio: plan.thresholds.trimRatio)
        .with(
          interval: bootstrap.trimMaeInterval(pairs.actual, pairs.predicted, ratio: plan.thresholds.trimRatio, clusters: pairs.clusters)),
      try Score.rmse(pairs.actual, pairs.predicted)
        .with(interval: bootstrap.interval(of: .rmse, pairs.actual, pairs.predicted, clusters: pairs.clusters)),
      try Score.bias(pairs.actual, pairs.predicted)
        .with(interval: bootstrap.interval(of: .bias, pairs.actual, pairs.predicted, clusters: pairs.clusters)),
      try Score.wape(pairs.actual, pairs.predicted)
        .with(interval: bootstrap.interval(of: .wape, pairs.actual, pairs.predicted, clusters: pairs.clusters)),
      named(try Score.mae(setup.actual, setup.predicted), .setupMae),
      named(try Score.mae(orders.actual, orders.predicted), .orderMae),
      Score.processMatch(total)
        .with(interval: bootstrap.interval(sums: sums, width: 3) { $0[2] > 0 ? $0[0] / $0[2] : nil }),
      Score.processPrecision(total)
        .with(interval: bootstrap.interval(sums: sums, width: 3) { $0[1] > 0 ? $0[0] / $0[1] : nil }),
      Score.sequenceMatch(total),
      Score.topKMatch(ranks: finished.map { $0.candidate.map { $0 + 1 } }, k: Self.topK),
      Score.cv(of: statistics),
      Score.sampleCount(of: statistics),
      Score.share(
        .outsourcingSuccess, of: evaluated.reduce(0) { $0 + $1.confirmedOutsourcing },
        in: evaluated.reduce(0) { $0 + $1.replacedOutsourcing }),
      Score.share(.coverage, of: evaluated.count, in: evaluation.items.count),
    ]
  }

  /// The figures of `metric`'s own name, computed as another's.
  private func named(_ measurement: Measurement, _ metric: Metric) -> Measurement {
    Measurement(metric, value: measurement.value, count: measurement.count, excluded: measurement.excluded)
  }

  private func groups(of evaluation: Evaluation, _ plan: CyclePlan) throws -> [MetricReport.Group] {
    let known = Set(try source.featureColumns().map(\.name))
    let codes = evaluation.items.filter { $0.leftOut == nil }.map(\.item)
    var result: [MetricReport.Group] = []
    for name in plan.groupBy {
      if let column = evaluation.operations[name] {
        result += try rowGroups(evaluation, by: name, plan) { column[$0] }
      } else if known.contains(name) {
        let items = try source.items(codes, columns: [name])
        let keys = try items.column("item_code")
        let values = try items.column(name)
        var levels: [String: Cell] = [:]
        for row in 0..<items.rowCount { if let code = keys.text(row) { levels[code] = values[row] } }
        let itemColumn = try evaluation.operations.column("item_code")
        result += try rowGroups(evaluation, by: name, plan) { row in itemColumn.text(row).flatMap { levels[$0] } ?? .missing }
      }
    }
    return result
  }

  private func rowGroups(
    _ evaluation: Evaluation, by name: String, _ plan: CyclePlan, level: (Int) -> Cell
  ) throws -> [MetricReport.Group] {
    let pairs = try Pairs(evaluation.operations, "actual_minutes", "predicted_minutes")
    let bootstrap = try Bootstrap(resamples: Self.resamples, seed: plan.seed)
    var rows: [String: [Int]] = [:]
    for row in pairs.actual.indices { rows[level(row).shown, default: []].append(row) }
    return try rows.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { level, rows in
      let (actual, predicted) = (rows.map { pairs.actual[$0] }, rows.map { pairs.predicted[$0] })
      let clusters = rows.map { pairs.clusters[$0] }
      return MetricReport.Group(
        by: name, level: level,
        metrics: [
          try Score.mae(actual, predicted).with(interval: bootstrap.interval(of: .mae, actual, predicted, clusters: clusters)),
          try Score.trimMae(actual, predicted, ratio: plan.thresholds.trimRatio),
          try Score.bias(actual, predicted), try Score.wape(actual, predicted),
        ])
    }
  }
}

/// Actual and predicted figures row by row, with the item of each row as its cluster.
private struct Pairs {
  var actual: [Double]
  var predicted: [Double]
  var clusters: [Int]

  /// Takes two columns of `frame`; rows where either is missing are no pairs.
  init(_ frame: Frame, _ actualName: String, _ predictedName: String) throws {
    let actual = try frame.column(actualName)
    let predicted = try frame.column(predictedName)
    let rows = (0..<frame.rowCount).filter { !actual.isMissing($0) && !predicted.isMissing($0) }
    self.actual = rows.compactMap { actual.number($0) }
    self.predicted = rows.compactMap { predicted.number($0) }
    guard case .text(let items) = try frame.column("item_code").values else {
      clusters = []
      return
    }
    clusters = rows.map { Int(items.codes[$0]) }
  }
}

extension Cell {
  /// The value as a report shows it.
  var shown: String {
    switch self {
    case .missing: "–"
    case .text(let text): text
    case .bool(let flag): flag ? "yes" : "no"
    case .integer(let number): String(number)
    case .double(let number): String(number)
    case .timestamp(let instant): instant.description
    }
  }
}
