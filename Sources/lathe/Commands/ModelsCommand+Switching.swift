import ArgumentParser
import Ledger
import QualityCycle
import Tabular

extension ModelsCommand {
  /// Switches.
  struct Activate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put a version in force, after checking every byte of it; the one before stays.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version, as 'models list' prints it.") var version: String
    @Option(help: ArgumentHelp("Why, for the history.", valueName: "text")) var reason: String?

    func run() throws { try ModelsCommand.tell(global.open().activate(version, reason: reason), global) }
  }

  /// Switches back.
  struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the version that served before in force again; a second rollback takes it back.")
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Why, for the history.", valueName: "text")) var reason: String?

    func run() throws {
      let workspace = try global.open()
      guard try workspace.models.active() != nil else { throw CommandFailure("\(WorkspaceError.noChampion)") }
      try ModelsCommand.tell(workspace.registry().rollback(reason: reason), global)
    }
  }

  private static func tell(_ active: ActiveModel, _ global: GlobalOptions) throws {
    if global.json { return try Terminal.output(json: ["active": active.version, "previous": active.previous]) }
    Terminal.output("\(active.version) serves\(active.previous.map { ", \($0) before" } ?? "")\n")
  }

  /// Tells what served when.
  struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What served when, and by which decision, newest first.",
      discussion: """
        Decisions that were noted and never carried out, because the version was refused or the process was killed, did not change what \
        served: --all lists them too.
        """)
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("Only what served at that moment.", valueName: "time")) var at: Timestamp?
    @Flag(help: "Decisions too that were not carried out.") var all = false
    @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit = 30

    func run() throws {
      guard limit > 0 else { throw CommandFailure.usage("--limit must be 1 or more, got \(limit)") }
      if at != nil, all { throw CommandFailure.usage("--all does not go with --at: what was not carried out served at no moment") }
      let workspace = try global.open()
      if let at {
        guard let entry = try workspace.registry().serving(at: at) else {
          throw CommandFailure("no version served at \(at) yet, as far as the ledger knows; 'lathe models history' lists what served since")
        }
        if global.json { return try Terminal.output(json: entry) }
        let until = entry.until.map { " until \($0)" } ?? ", and still does"
        return Terminal.output(
          Terminal.harmless("\(entry.version) served at \(at): since \(entry.decidedAt)\(until)\nby \(entry.decision.words)") + "\n")
      }
      let entries = try workspace.registry().history().filter { all || $0.outcome == .done }.prefix(limit)
      if global.json { return try Terminal.output(json: Array(entries)) }
      if entries.isEmpty { return Terminal.remark("no version served yet; train one with 'lathe train --baseline'") }
      for entry in entries {
        let outcome =
          switch entry.outcome {
          case .done: entry.until.map { "until \($0)" } ?? "serves"
          case .intended, .failed: "never served: \(entry.failure ?? "not known yet")"
          }
        let line = "\(entry.decidedAt)  \(entry.version), \(outcome)\n    by \(entry.decision.words)"
        Terminal.output(Terminal.harmless(line) + "\n")
      }
    }
  }
}
