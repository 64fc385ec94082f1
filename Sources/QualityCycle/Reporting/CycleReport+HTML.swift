import Configuration
import Ledger
import Metrics
import Plotting
import Routing
import Tabular

extension CycleReport {
  /// The report as a page for people: decision, figures, charts, where the errors are with their evidence, what was left out. One file
  /// that needs nothing else; the same bytes for the same cycle.
  public func html() -> String {
    var page = HTMLText()
    header(&page)
    decision(&page)
    cards(&page)
    alertSection(&page)
    charts(&page)
    worst(&page)
    figures(&page)
    leftOut(&page)
    provenance(&page)
    return page.page(title: "Cycle \(cycle), as of \(plan.asOf)")
  }

  private func header(_ page: inout HTMLText) {
    page.add("h1", "Cycle \(cycle)")
    page.add("p", "Results after \(plan.window.since) up to \(plan.asOf), in \(unitWithReason)", class: "soft")
    page.add(
      "p",
      "\(sample.items.count) of \(sample.populationCount) items sampled by \(sample.strategy.name), seed \(plan.seed); predicted by "
        + "\(plan.champion), which knows up to \(plan.trainedUntil)", class: "soft")
    for remark in sample.remarks { page.add("p", remark, class: "soft") }
  }

  private func decision(_ page: inout HTMLText) {
    let decision = trigger.decision
    page.within("div", class: "decision" + (trigger.failure != nil ? " failed" : decision.retrain ? " retrain" : "")) { page in
      if let failure = trigger.failure {
        page.add("strong", "Nothing is changed")
        page.add("p", "the rule \(trigger.rule.name) failed: \(failure.message)")
        return
      }
      page.add("strong", decision.retrain ? "Retrain, priority \(decision.priority.name)" : "No retraining")
      page.add("span", " says \(trigger.rule.name)", class: "soft")
      if !decision.reasons.isEmpty {
        page.within("ul") { page in
          for reason in decision.reasons { page.add("li", reason.words.split(separator: "**").joined()) }
        }
      }
      if let job { page.add("p", "training job \(job.id) is \(job.status.rawValue)" + (job.joined ? ", joined with an earlier wish" : "")) }
    }
  }

  private func cards(_ page: inout HTMLText) {
    page.within("div", class: "cards") { page in
      for name in ["mae", "trim_mae", "process_match", "coverage"] {
        guard let metric = measured[name] else { continue }
        page.within("div", class: "card") { page in
          page.add("div", name, class: "name")
          page.add("div", shown(metric.value), class: "value" + state(of: metric))
          let interval = metric.interval.map { "\(rounded($0.lower)) … \(rounded($0.upper))" }
          let parts = [interval, shownThreshold(of: metric).map { "threshold \($0)" }, counted(metric.count, "observation")]
          page.add("div", parts.compactMap { $0 }.joined(separator: " · "), class: "more")
        }
      }
    }
  }

  /// Whether a figure keeps its threshold, as a class of the page.
  private func state(of metric: Measurement) -> String {
    guard let value = metric.value, let threshold = threshold(of: metric.name) else { return "" }
    let isKept = metric.direction == .higher ? value >= threshold : value <= threshold
    return isKept ? " good" : " bad"
  }

  private func alertSection(_ page: inout HTMLText) {
    let alerts = alerts
    if alerts.isEmpty { return }
    page.add("h2", "Alerts")
    page.within("ul") { page in
      for alert in alerts where alert.item == nil {
        page.add("li", "\(alert.code.rawValue) (\(alert.severity.rawValue)): \(alert.message)", class: alert.severity.style)
      }
    }
    let single = alerts.filter { $0.item != nil }
    if single.isEmpty { return }
    page.within("details") { page in
      page.add("summary", "Of single items and operations: \(measured.singleAlertWords)")
      page.table(
        ["item", "operation", "code", "severity", "what"], alignment: "lllll",
        single.prefix(200).map { [$0.item ?? "", $0.operation ?? "", $0.code.rawValue, $0.severity.rawValue, $0.message] })
      let rest = measured.singleAlerts.values.reduce(0, +) - 200
      if rest > 0 { page.add("p", "… and \(rest) more; the JSON report has \(single.count) of them", class: "soft") }
    }
  }

  private func charts(_ page: inout HTMLText) {
    page.add("h2", "Where the errors are")
    page.within("div", class: "charts") { page in
      if history.rowCount > 0 {
        page.add(html: trend(["mae", "trim_mae"]).svg(width: 520, height: 300))
        page.add(html: trend(["process_match", "coverage"]).svg(width: 520, height: 300))
      }
      page.add(html: predictedAgainstActual().svg(width: 520, height: 460))
      for column in groupedColumns { page.add(html: errors(by: column).svg(width: 520)) }
    }
  }

  private static let resultCount = 5

  /// The operations with the largest sums of errors: what each result took, and what its prediction rests on.
  private func worst(_ page: inout HTMLText) {
    if measured.operations.isEmpty { return }
    page.add("h2", "Operations with the largest errors")
    let predictions = Dictionary(measured.explained.map { ($0.item, $0) }, uniquingKeysWith: { first, _ in first })
    let rows = OperationFigures.rows(in: evaluation)
    for figures in measured.operations.prefix(Self.explainedOperations) {
      page.within("details") { page in
        page.add(
          "summary",
          "\(figures.item), \(figures.operationName)\(figures.resource.map { " on \($0)" } ?? ""): off by \(rounded(figures.mae)), predicted "
            + "\(rounded(figures.predictedMinutes)), actual \(rounded(figures.actualMinutes)) over \(counted(figures.results, "result"))")
        results(of: figures, rows[figures.key] ?? [], &page)
        if let prediction = predictions[figures.item] { evidence(of: figures, prediction, &page) }
      }
    }
  }

  private func results(of figures: OperationFigures, _ rows: [Int], _ page: inout HTMLText) {
    let frame = evaluation.operations
    let number = { (name: String, row: Int) in shown(frame[name]?.number(row)) }
    page.table(
      ["order", "completed", "quantity", "resource", "actual", "predicted"], alignment: "llrlrr",
      rows.prefix(Self.resultCount).map { row in
        [
          frame["order_no"]?.text(row) ?? "–", frame["completed_at"]?.timestamp(row)?.description ?? "–", number("quantity", row),
          frame["resource_code"]?.text(row) ?? "–", number("actual_minutes", row), number("predicted_minutes", row),
        ]
      })
    if rows.count > Self.resultCount { page.add("p", "… and \(rows.count - Self.resultCount) more results", class: "soft") }
  }

  private func evidence(of figures: OperationFigures, _ prediction: Prediction, _ page: inout HTMLText) {
    guard let operation = prediction.routing.operations.first(where: { $0.job == figures.job && $0.occurrence == figures.occurrence })
    else {
      return
    }
    let spread = operation.standardDeviation.map { ", standard deviation \(rounded($0))" } ?? ""
    let outliers = operation.outliers > 0 ? ", \(counted(operation.outliers, "outlier")) left out" : ""
    page.add(
      "p",
      "The prediction rests on \(counted(operation.samples, "result"))\(outliers)\(spread); confidence \(rounded(operation.confidence)).")
    let sources = (operation.sources ?? []).sorted { ($1.share, $0.item) < ($0.share, $1.item) }
    let shown = sources.prefix(5).map { source in
      source.item + (source.item == prediction.item ? " itself" : ", similarity \(rounded(source.similarity))")
        + " (\(counted(source.samples, "result")), mean \(rounded(source.meanMinutes)), \(rounded(100 * source.share)) %)"
    }
    let rest = sources.count > 5 ? "; and \(counted(sources.count - 5, "other item"))" : ""
    if !shown.isEmpty { page.add("p", "Behind it: " + shown.joined(separator: "; ") + rest, class: "soft") }
    if !prediction.marks.isEmpty { page.add("p", "Marked " + prediction.marks.map(\.rawValue).joined(separator: ", "), class: "warn") }
  }

  private func figures(_ page: inout HTMLText) {
    page.add("h2", "Figures")
    page.table(
      ["metric", "value", "95 % interval", "threshold", "observations", "what it is"], alignment: "lrrrrl",
      measured.metrics.map { metric in
        [
          metric.name, shown(metric.value), metric.interval.map { "\(rounded($0.lower)) … \(rounded($0.upper))" } ?? "–",
          shownThreshold(of: metric) ?? "–", String(metric.count) + (metric.excluded > 0 ? " (\(metric.excluded) excluded)" : ""),
          Metric.named(metric.name)?.summary ?? "",
        ]
      })
  }

  private func leftOut(_ page: inout HTMLText) {
    let parts = leftOutParts
    if parts.isEmpty { return }
    page.add("h2", "Left out")
    page.table(["what", "why", "how many"], alignment: "llr", parts.map { [$0.what, $0.reason, String($0.count)] })
  }

  private func provenance(_ page: inout HTMLText) {
    page.add("h2", "How this was made")
    page.within("ul", class: "soft") { page in
      for note in Self.notes { page.add("li", note) }
      for (kind, strategy) in [("Sampling", sample.strategy), ("Trigger", trigger.rule)] {
        page.add("li", "\(kind) \(strategy.name): \(strategy.particulars)")
      }
      page.add("li", "Intervals hold 95 % and resample items, not results. – means that there was nothing to measure.")
    }
  }
}

extension Alert.Severity {
  fileprivate var style: String {
    switch self {
    case .info: "soft"
    case .warning: "warn"
    case .critical: "bad"
    }
  }
}
