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
    var chart = Chart(
      title: isShare ? "Agreement over cycles" : "Error over cycles",
      note: "each cycle at its as-of; the last one is this", x: Axis("as of", .time),
      y: Axis(isShare ? "share" : unit, includesZero: !isShare))
    let times = (0..<history.rowCount).compactMap { history["as_of"]?.timestamp($0) } + [plan.asOf]
    for name in metrics {
      let earlier = (0..<history.rowCount).map { history[name]?.number($0) ?? .nan }
      let measurement = measured[name]
      var ranges = [ClosedRange<Double>?](repeating: nil, count: times.count)
      if let interval = measurement?.interval { ranges[times.count - 1] = interval.lower...interval.upper }
      let values = earlier + [measurement?.value ?? .nan]
      chart.series.append(
        Series(
          name, .line, x: times, y: values, ranges: ranges, labels: zip(times, values).map { "\(name) \(rounded($1)) as of \($0)" }))
      if let threshold = threshold(of: name) { chart.rules.append(Rule("threshold of \(name)", at: threshold)) }
    }
    return chart
  }

  /// Mean absolute error by the values of a column, those with the largest sum of errors first.
  public func errors(by column: String, atMost count: Int = 15) -> BarChart {
    let groups = measured.groups.filter { $0.by == column }.map { group in (group.level, group.metrics.first { $0.name == "mae" }) }
    let sorted = groups.sorted { left, right in
      let sum = { (measurement: Measurement?) in (measurement?.value ?? 0) * Double(measurement?.count ?? 0) }
      return (-sum(left.1), left.0) < (-sum(right.1), right.0)
    }
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
