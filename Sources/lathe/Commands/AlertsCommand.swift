import ArgumentParser
import Configuration
import Foundation
public import Ledger
import QualityCycle
import Tabular

/// Looks at alerts, and says what they were worth.
struct AlertsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alerts", abstract: "List alerts, acknowledge them, say which were right and which were false.",
    subcommands: [List.self, Acknowledge.self, Confirm.self, MarkFalse.self, Reopen.self, Precision.self], defaultSubcommand: List.self)

  /// Lists alerts.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List alerts, newest cycle first.")
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit = 30
    @Flag(help: "Only those of the latest cycle that nobody judged.") var open = false

    func run() throws {
      guard limit > 0 else { throw CommandFailure.usage("--limit must be 1 or more, got \(limit)") }
      let alerts = try global.open().ledger().alertEntries(limit: limit, onlyOpen: open)
      if global.json { return try Terminal.output(json: alerts) }
      if alerts.isEmpty { return Terminal.remark(open ? "no open alerts" : "no alerts yet") }
      let text = try Frame([
        ("alert", Column(alerts.map(\.id))), ("as_of", Column(alerts.map(\.asOf))), ("severity", Column(alerts.map(\.alert.severity))),
        ("code", Column(alerts.map(\.alert.code))), ("judged", Column(alerts.map { $0.judgement?.rawValue })),
        ("message", Column(alerts.map(\.alert.message))),
      ])
      Terminal.output(Terminal.harmless(text.rendered()) + "\n")
    }
  }

  /// What every judgement needs.
  struct Judged: ParsableArguments {
    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The alerts, as 'alerts list' prints them: 12.3.", valueName: "alert")) var alerts: [String]
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var note: String?

    func judge(_ judgement: AlertJudgement?) throws {
      let numbers = try alerts.map { text in
        guard let number = AlertNumber(text) else {
          throw CommandFailure.usage(
            "'\(text)' is no alert: expected a cycle and a place in it, such as 12.3 ('lathe alerts list' has them)")
        }
        return number
      }
      let workspace = try global.open()
      let ledger = try workspace.ledger()
      var judged: [AlertEntry] = []
      for number in numbers {
        let entry = try ledger.judge(
          number, judgement, by: NSUserName(), note: note.map(workspace.effective.redacting), at: workspace.surroundings.now())
        guard let entry else { throw CommandFailure(message: "there is no alert \(number); 'lathe alerts list' has those that there are") }
        judged.append(entry)
      }
      if global.json { return try Terminal.output(json: judged) }
      for entry in judged {
        Terminal.output(Terminal.harmless("\(entry.id) \(entry.alert.code) is \(entry.judgement?.rawValue ?? "open")") + "\n")
      }
    }
  }

  /// Has seen an alert.
  struct Acknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ack", abstract: "Say that an alert was seen: nobody is told of it again while it lasts.")
    @OptionGroup var judged: Judged

    func run() throws { try judged.judge(.acknowledged) }
  }

  /// Says that an alert was right.
  struct Confirm: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say that an alert was right.")
    @OptionGroup var judged: Judged

    func run() throws { try judged.judge(.confirmed) }
  }

  /// Says that an alert was false.
  struct MarkFalse: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "false", abstract: "Say that an alert should not have been raised.")
    @OptionGroup var judged: Judged

    func run() throws { try judged.judge(.false) }
  }

  /// Takes back what was said.
  struct Reopen: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take back what was said of an alert.")
    @OptionGroup var judged: Judged

    func run() throws { try judged.judge(nil) }
  }

  /// Shows how often rules were right.
  struct Precision: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show how often alerts and trigger rules were right.",
      discussion: """
        Of an alert's code: confirmed ones by those that were confirmed or marked false. Of a trigger rule: retrainings that put a better model \
        in force by those that came to a verdict. What was never judged has no precision.
        """)
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let ledger = try global.open().ledger()
      let rules = [("alert", try ledger.alertPrecision()), ("trigger", try ledger.triggerPrecision())]
      if global.json { return try Terminal.output(json: Dictionary(uniqueKeysWithValues: rules)) }
      let all = rules.flatMap { kind, rules in rules.map { (kind, $0) } }
      if all.isEmpty { return Terminal.remark("no alerts and no retrainings yet") }
      let text = try Frame([
        ("kind", Column(all.map { $0.0 })), ("rule", Column(all.map { $0.1.rule })), ("right", Column(all.map { Int64($0.1.right) })),
        ("false", Column(all.map { Int64($0.1.wrong) })), ("not judged", Column(all.map { Int64($0.1.open) })),
        ("precision", Column(optional: all.map { $0.1.precision })),
      ])
      Terminal.output(Terminal.harmless(text.rendered()) + "\n")
    }
  }
}
