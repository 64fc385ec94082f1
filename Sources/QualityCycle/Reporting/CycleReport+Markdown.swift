import Configuration
import Ledger
import Metrics
import Plotting
import Routing
import Tabular

extension CycleReport {
  /// The report for people: what was decided and why, the figures, where the errors are, and what was left out.
  public func markdown() -> String {
    var text = MarkdownText()
    text.line("# Cycle \(cycle)")
    text.line(
      "Results after \(plan.window.since) up to \(plan.asOf), predicted by `\(plan.champion)`, which knows up to \(plan.trainedUntil). Run "
        + "minutes are \(unitWithReason). \(sample.items.count) of \(sample.populationCount) items sampled by `\(sample.strategy.name)`, seed \(plan.seed)."
    )
    for remark in sample.remarks { text.line("- \(MarkdownText.escaped(remark))") }
    decision(&text)
    metrics(&text)
    alertSection(&text)
    charts(&text)
    groups(&text)
    worst(&text)
    leftOut(&text)
    text.line("## How this was made")
    for note in Self.notes { text.line("- \(note)") }
    text.line("- Sampling `\(sample.strategy.name)`: \(sample.strategy.particulars)")
    text.line("- Trigger `\(trigger.rule.name)`: \(trigger.rule.particulars)")
    text.line("- Intervals hold 95 % and resample items, not results. `–` means that there was nothing to measure.")
    return text.text
  }

  private func decision(_ text: inout MarkdownText) {
    text.line("## Decision")
    if let failure = trigger.failure {
      text.line("**Nothing is changed**: the rule `\(trigger.rule.name)` failed: \(MarkdownText.escaped(failure.message))")
      return
    }
    let decision = trigger.decision
    text.line(
      decision.retrain
        ? "**Retrain**, priority \(decision.priority.name), says `\(trigger.rule.name)`:"
        : "**No retraining**, says `\(trigger.rule.name)`.")
    for reason in decision.reasons { text.line("- \(MarkdownText.escaped(reason.words))") }
    if let job { text.line("\nTraining job \(job.id) is \(job.status.rawValue)\(job.joined ? " (joined with an earlier wish)" : "").") }
  }

  private func metrics(_ text: inout MarkdownText) {
    text.line("## Figures")
    text.table(
      ["metric", "value", "95 % interval", "threshold", "observations"], alignment: "lrrrr",
      measured.metrics.map { metric in
        [
          metric.name, shown(metric.value), metric.interval.map { "\(rounded($0.lower)) … \(rounded($0.upper))" } ?? "–",
          shownThreshold(of: metric) ?? "–", String(metric.count) + (metric.excluded > 0 ? " (\(metric.excluded) excluded)" : ""),
        ]
      })
  }

  /// The threshold of a metric as reports show it: `≤ 5`; `nil` for a metric without one.
  func shownThreshold(of metric: Measurement) -> String? {
    threshold(of: metric.name).map { "\(metric.direction == .higher ? "≥" : "≤") \(rounded($0))" }
  }

  /// What run minutes are counted per, and why where it is the lesser way.
  var unitWithReason: String { evaluation.basis == .unit ? unit : "\(unit), because quantities are not known" }

  private func alertSection(_ text: inout MarkdownText) {
    text.line("## Alerts")
    let alerts = alerts
    if alerts.isEmpty {
      text.line("None.")
      return
    }
    let shownCount = 20
    let whole = alerts.filter { $0.item == nil }
    for alert in whole { text.line("- **\(alert.code.rawValue)** (\(alert.severity.rawValue)): \(MarkdownText.escaped(alert.message))") }
    let single = alerts.filter { $0.item != nil }
    if single.isEmpty { return }
    text.line((whole.isEmpty ? "" : "\n") + "Of single items and operations: \(measured.singleAlertWords).\n")
    text.table(
      ["item", "operation", "code", "severity", "what"], alignment: "lllll",
      single.prefix(shownCount).map { [$0.item ?? "", $0.operation ?? "", $0.code.rawValue, $0.severity.rawValue, $0.message] })
    let rest = measured.singleAlerts.values.reduce(0, +) - shownCount
    if rest > 0 { text.line("\n… and \(rest) more; the JSON report has \(single.count) of them.") }
  }

  /// The same charts as on the page, in characters: the file needs no picture beside it, and reads as plain text too.
  private func charts(_ text: inout MarkdownText) {
    text.line("## Where the errors are")
    if history.rowCount > 0 { text.picture(trend(["mae", "trim_mae"]).text()) }
    text.picture(predictedAgainstActual().text())
  }

  /// Rows of a table of groups at most.
  private static let groupCount = 30

  private func groups(_ text: inout MarkdownText) {
    for column in groupedColumns {
      text.line("## By `\(column)`")
      text.picture(errors(by: column).text())
      let groups = groups(by: column)
      let figures = { (group: MetricReport.Group, name: String) in shown(group.metrics.first { $0.name == name }?.value) }
      text.table(
        [column, "mae", "trim_mae", "bias", "wape", "observations"], alignment: "lrrrrr",
        groups.prefix(Self.groupCount).map { group in
          [
            group.level, figures(group, "mae"), figures(group, "trim_mae"), figures(group, "bias"), figures(group, "wape"),
            String(group.metrics.first?.count ?? 0),
          ]
        })
      let rest = groups.count - Self.groupCount
      if rest > 0 { text.line("\n… and \(rest) with smaller sums of errors; the JSON report has all.") }
    }
  }

  private func worst(_ text: inout MarkdownText) {
    if measured.operations.isEmpty { return }
    text.line("## Operations with the largest errors")
    text.table(
      ["item", "operation", "resource", "results", "actual", "predicted", "mae", "samples"], alignment: "lllrrrrr",
      measured.operations.prefix(15).map { figures in
        [
          figures.item, figures.operationName, figures.resource ?? "–", String(figures.results), rounded(figures.actualMinutes),
          rounded(figures.predictedMinutes), rounded(figures.mae), String(figures.samples),
        ]
      })
  }

  private func leftOut(_ text: inout MarkdownText) {
    let parts = leftOutParts
    if parts.isEmpty { return }
    text.line("## Left out")
    for (what, reason, count) in parts { text.line("- \(count) \(what): \(reason)") }
  }

  /// What no figure is of, and why.
  var leftOutParts: [(what: String, reason: String, count: Int)] {
    [
      ("sampled items", measured.itemsLeftOut), ("routings", measured.routingsLeftOut), ("operations", measured.operationsLeftOut),
      ("whole orders", measured.ordersLeftOut),
    ].flatMap { what, counts in counts.sorted { $0.key < $1.key }.map { (what, $0.key, $0.value) } }
  }
}

extension MetricReport {
  /// How many alerts of single items and operations there are, in words: `5 × HIGH_CV, 2 × LOW_SAMPLES`.
  var singleAlertWords: String { singleAlerts.sorted { $0.key < $1.key }.map { "\($1) × \($0)" }.joined(separator: ", ") }
}

extension PlainValue {
  /// A reason as a person reads it: its code, then its message, or its other fields, figures to three decimals.
  var words: String {
    guard case .map(var fields) = self else { return brief }
    let code = fields.removeValue(forKey: "code").map { "**\($0)**" }
    if let message = fields["message"]?.text {
      let place = ["item", "operation"].compactMap { name in fields[name].map { "\(name) \($0)" } }
      return (code.map { $0 + ": " } ?? "") + message + (place.isEmpty ? "" : " (\(place.joined(separator: ", ")))")
    }
    let rest = fields.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.brief)" }.joined(separator: ", ")
    return [code, rest.isEmpty ? nil : rest].compactMap { $0 }.joined(separator: ": ")
  }

  private var brief: String {
    switch self {
    case .number(let number): rounded(number)
    case .list(let values): "[" + values.map(\.brief).joined(separator: ", ") + "]"
    case .map(let fields): "{" + fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.brief)" }.joined(separator: ", ") + "}"
    default: description
    }
  }
}

/// A figure as reports show it; without evidence `–`.
func shown(_ value: Double?) -> String { value.map(rounded) ?? "–" }

/// Markdown in the making: headings get blank lines around them, tables are padded so that they read as plain text too.
private struct MarkdownText {
  private(set) var text = ""

  mutating func line(_ line: String) {
    if line.hasPrefix("#") { text += (text.isEmpty || text.hasSuffix("\n\n") ? "" : "\n") + line + "\n\n" } else { text += line + "\n" }
  }

  /// Adds a picture made of characters. A name's `<` becomes `‹`: what is no HTML anywhere needs no trust in who shows the file.
  mutating func picture(_ picture: String) {
    text += "```text\n" + String(picture.map { $0 == "<" ? "‹" : $0 }) + "```\n\n"
  }

  mutating func table(_ head: [String], alignment: String, _ rows: [[String]]) {
    let cells = ([head] + rows).map { $0.map(Self.escaped) }
    let widths = head.indices.map { column in max(3, cells.map { $0[column].count }.max() ?? 0) }
    func row(_ row: [String]) -> String {
      "| "
        + zip(zip(row, widths), alignment).map { cell, side in
          let space = String(repeating: " ", count: cell.1 - cell.0.count)
          return side == "r" ? space + cell.0 : cell.0 + space
        }.joined(separator: " | ") + " |\n"
    }
    text += row(cells[0])
    text +=
      "|"
      + zip(widths, alignment).map { $1 == "r" ? String(repeating: "-", count: $0 + 1) + ":" : ":" + String(repeating: "-", count: $0 + 1) }
      .joined(separator: "|") + "|\n"
    for cell in cells.dropFirst() { text += row(cell) }
  }

  /// What a cell or a line may hold: no bar, no line break, nothing that a terminal or browser would take for a command.
  static func escaped(_ text: String) -> String {
    String(
      text.escapedForTerminal.flatMap { character -> String in
        switch character {
        case "|": "\\|"
        case "<": "&lt;"
        default: String(character)
        }
      })
  }
}
