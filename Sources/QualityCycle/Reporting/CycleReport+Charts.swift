import Configuration
import Metrics
public import Plotting
import Routing
import Tabular

extension CycleReport {
  /// How error, or agreement, went over the cycles up to this one, against the thresholds in force.
  ///
  /// - Parameter metrics: Metrics of one unit: `["mae", "trim_mae"]`.
  public func trend(_ metrics: [String]) -> Chart {
    let isShare = Metric.named(metrics.first ?? "")?.unit == .share
    let times = (0..<history.rowCount).compactMap { history["as_of"]?.timestamp($0) } + [plan.asOf]
    let cycles = (0..<history.rowCount).compactMap { history["cycle_id"]?.number($0) } + [Double(cycle)]
    // Cycles of one as-of would lie upon each other.
    let isByTime = Set(times).count == times.count
    var chart = Chart(
      title: isShare ? "Agreement over cycles" : "Error over cycles",
      note: isByTime
        ? "each cycle at its as-of; the last one is this" : "one after the other, as some have one as-of; the last one is this",
      x: isByTime ? Axis("as of", .time) : Axis("cycle", .whole), y: Axis(isShare ? "share" : unit, includesZero: !isShare))
    for name in metrics {
      let earlier = (0..<history.rowCount).map { history[name]?.number($0) ?? .nan }
      let measurement = measured[name]
      var ranges = [ClosedRange<Double>?](repeating: nil, count: times.count)
      if let interval = measurement?.interval { ranges[times.count - 1] = interval.lower...interval.upper }
      let values = earlier + [measurement?.value ?? .nan]
      chart.series.append(
        Series(
          name, .line, x: isByTime ? times.map(\.seconds) : cycles, y: values, ranges: ranges,
          labels: zip(zip(cycles, times), values).map { "cycle \(Int($0.0)): \(name) \(rounded($1)) as of \($0.1)" }))
      if let threshold = threshold(of: name) { chart.rules.append(Rule("threshold of \(name)", at: threshold)) }
    }
    return chart
  }

  /// The columns that figures are grouped by, in the order of the settings.
  var groupedColumns: [String] {
    var columns: [String] = []
    for group in measured.groups where !columns.contains(group.by) { columns.append(group.by) }
    return columns
  }

  /// The groups of a column, those with the largest sum of errors first.
  func groups(by column: String) -> [MetricReport.Group] {
    let groups = measured.groups.filter { $0.by == column }.map { group in
      let mae = group.metrics.first { $0.name == "mae" }
      return (group, sum: (mae?.value ?? 0) * Double(mae?.count ?? 0))
    }
    return groups.sorted { (-$0.sum, $0.0.level) < (-$1.sum, $1.0.level) }.map(\.0)
  }

  /// Mean absolute error by the values of a column, those with the largest sum of errors first.
  public func errors(by column: String, atMost count: Int = 15) -> BarChart {
    let sorted = groups(by: column).map { group in (group.level, group.metrics.first { $0.name == "mae" }) }
    let cut = sorted.count > count ? "largest sum of errors, \(count) of \(sorted.count)" : "largest sum of errors first"
    return BarChart(
      title: "Error by \(column)", note: "\(cut); number of results; 95 % intervals by item", unit: "mae, \(unit)",
      bars: sorted.prefix(count).map { level, measurement in
        BarChart.Bar(
          level, measurement?.value, range: measurement?.interval.map { $0.lower...$0.upper }, remark: "(\(measurement?.count ?? 0))")
      }, rule: Rule("threshold", at: plan.thresholds.maeMax))
  }

  /// Every compared result: what was predicted over what it took.
  public func predictedAgainstActual() -> Chart {
    let frame = evaluation.operations
    var chart = Chart(
      title: "Predicted against actual", note: "a point a result; on the line both are equal",
      x: Axis("actual, \(unit)", .logarithmic), y: Axis("predicted, \(unit)", .logarithmic))
    let text = { (name: String, row: Int) in frame[name]?.text(row) ?? "–" }
    let (actual, predicted) = (frame["actual_minutes"]?.numbers ?? [], frame["predicted_minutes"]?.numbers ?? [])
    chart.series = [
      Series(
        "results", .points, x: actual, y: predicted,
        labels: actual.indices.map { row in
          "\(text("item_code", row)) \(text("job_code", row)), order \(text("order_no", row)): predicted \(rounded(predicted[row])), "
            + "actual \(rounded(actual[row]))"
        })
    ]
    chart.showsDiagonal = true
    return chart
  }

  /// What run minutes are counted per, in words.
  var unit: String { evaluation.basis == .unit ? "minutes a piece" : "minutes an order" }

  /// Where a metric raises an alert; `nil` for one without a threshold.
  func threshold(of metric: String) -> Double? {
    switch metric {
    case "mae": plan.thresholds.maeMax
    case "trim_mae": plan.thresholds.trimMaeMax
    case "process_match": plan.thresholds.processMatchMin
    case "cv": plan.thresholds.meanCvMax
    default: nil
    }
  }
}
