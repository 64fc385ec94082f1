import ArgumentParser
import Ledger
import QualityCycle
import Tabular

/// Lists cycles.
struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "history", abstract: "List the cycles that were run, newest first.")

  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit = 20

  func run() throws {
    guard limit > 0 else { throw CommandFailure.usage("--limit must be 1 or more, got \(limit)") }
    let ledger = try global.open().ledger()
    let cycles = try ledger.cycles(limit: limit)
    if global.json { return try Terminal.output(json: cycles) }
    if cycles.isEmpty { return Terminal.remark("no cycles yet; run one with 'lathe cycle'") }
    let figures = try ledger.history(until: Timestamp(microseconds: .max), metrics: ["trim_mae", "process_match", "coverage"])
    var rows: [Int64: Int] = [:]
    for row in 0..<figures.rowCount { if case .integer(let id)? = figures["cycle_id"]?[row] { rows[id] = row } }
    let text = try Frame([
      ("cycle", Column(cycles.map(\.id))), ("as_of", Column(cycles.map(\.asOf))), ("since", Column(cycles.map(\.since))),
      ("champion", Column(cycles.map(\.champion))), ("status", Column(cycles.map(\.status.rawValue))),
      ("trim_mae", try column("trim_mae", of: cycles.map { rows[$0.id] }, in: figures)),
      ("process_match", try column("process_match", of: cycles.map { rows[$0.id] }, in: figures)),
      ("coverage", try column("coverage", of: cycles.map { rows[$0.id] }, in: figures)),
      ("retrain", try Column(cycles.map { $0.retrain.map(Cell.bool) ?? .missing }, as: .bool)),
      ("failure", Column(cycles.map(\.failure))),
    ])
    Terminal.output(Terminal.harmless(text.rendered()) + "\n")
  }

  private func column(_ name: String, of rows: [Int?], in figures: Frame) throws -> Column {
    let values = try figures.column(name)
    return try Column(rows.map { $0.map { values[$0] } ?? .missing }, as: .double)
  }
}
