public import ArgumentParser
import Configuration
import Foundation
public import Ledger
import Logging
import Notifying
import QualityCycle
import Scheduling
import Tabular

/// Looks at messages to targets, and delivers them.
struct NotificationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notifications", abstract: "List messages about alerts and verdicts, send those that wait, test a target.",
    discussion: """
      Whom to tell is in the settings, under 'notifications'. Messages are delivered after each cycle and job; 'send' is for a cron job of its \
      own, or to try at once.
      """, subcommands: [List.self, Send.self, Test.self], defaultSubcommand: List.self)

  /// Lists messages.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List messages, newest first.")
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit = 20
    @Option(help: "Only those that stand so: waiting, sent, failed, left_out.") var status: NotificationMessage.Status?

    func run() throws {
      guard limit > 0 else { throw CommandFailure.usage("--limit must be 1 or more, got \(limit)") }
      let messages = try global.open().ledger().notifications(status, limit: limit)
      if global.json { return try Terminal.output(json: messages) }
      if messages.isEmpty { return Terminal.remark("no messages") }
      let text = try Frame([
        ("message", Column(messages.map(\.id))), ("target", Column(messages.map(\.target))), ("about", Column(messages.map(\.subject))),
        ("status", Column(messages.map(\.status.rawValue))), ("tries", Column(messages.map { Int64($0.attempts) })),
        ("created_at", Column(messages.map(\.createdAt))), ("detail", Column(messages.map(\.detail))),
      ])
      Terminal.output(Terminal.harmless(text.rendered()) + "\n")
    }
  }

  /// Delivers what is due.
  struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Deliver the messages that are due.")
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let workspace = try global.open()
      let outcome = try Notifier(workspace, global).run { Interruption.isRequested }
      for failure in outcome.failures { Terminal.remark(Terminal.harmless(failure)) }
      if global.json { return try Terminal.output(json: outcome) }
      Terminal.output("\(outcome.sent) sent, \(outcome.waiting) to be tried again, \(outcome.failed) given up\n")
      if outcome.failed > 0 { throw ExitCode(1) }
    }
  }

  /// Tries a target.
  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send a message that nothing has happened, and say whether it arrived.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The target, as the settings call it.") var target: String

    func run() throws {
      let workspace = try global.open()
      if let failure = try Notifier(workspace, global).test(target) {
        throw CommandFailure(message: "'\(target)' was not reached: \(failure)")
      }
      Terminal.output("'\(target)' was reached\n")
    }
  }
}

extension NotificationMessage.Status: ExpressibleByArgument {}

extension Notifier {
  /// A notifier of a workspace.
  init(_ workspace: Workspace, _ global: GlobalOptions) throws {
    self.init(
      try workspace.ledger(), targets: workspace.settings.notifications, lockPath: workspace.path(".notifications.lock"),
      now: workspace.surroundings.now, redact: workspace.effective.redacting,
      environment: WorkerProgram.clearedEnvironment(ProcessInfo.processInfo.environment, keeping: global.environmentNames))
  }
}

extension Workspace {
  /// Tells targets what has happened. What goes wrong is a warning: a message waits for the next time, and nothing else depends on it.
  func notify(_ global: GlobalOptions) {
    if settings.notifications.isEmpty { return }
    do {
      for failure in try Notifier(self, global).run(shouldStop: { Interruption.isRequested }).failures {
        surroundings.logger.warning("\(failure)", metadata: ["event": "notification"])
      }
    } catch { surroundings.logger.warning("nobody was told: \(error)", metadata: ["event": "notification"]) }
  }
}
