import ArgumentParser
import Configuration
import DataAccess
import Foundation
import QualityCycle
import Scripting

/// The command line.
@main
struct Lathe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lathe",
    abstract: "Keeps a factory's predicted routings true: samples items, predicts, compares with actual results, decides, reports.",
    discussion: """
      Without a command, on a terminal, it starts the REPL.

      Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · 3 done, and an alert is raised (with --fail-on-alert) · 130 interrupted.
      """,
    version: latheVersion,
    subcommands: [
      InitCommand.self, DemoCommand.self, DataCommand.self, TrainCommand.self, CycleCommand.self, HistoryCommand.self, ReportCommand.self,
      LogCommand.self,
      PredictCommand.self, AlertsCommand.self, NotificationsCommand.self,
      ModelsCommand.self, JobsCommand.self, WorkerCommand.self, ScheduleCommand.self, MonitorCommand.self, StrategiesCommand.self,
      ConfigCommand.self,
      RunCommand.self,
      REPLCommand.self, DocsCommand.self,
      DoctorCommand.self,
    ],
    defaultSubcommand: REPLCommand.self)

  @OptionGroup var global: GlobalOptions

  /// Parses and runs, and turns what goes wrong into a message and the exit code that is promised for it.
  static func main() {
    // No command for people: what runs a strategy apart starts this itself, often, and waits for it.
    if CommandLine.arguments.dropFirst().first == StrategyHostProgram.word { Foundation.exit(StrategyHostProgram.run()) }
    Interruption.install()
    do {
      var command = try parseAsRoot(CommandWords(CommandLine.arguments.dropFirst()).prepared(commands: commandNames))
      try command.run()
    } catch {
      let (message, code) = ending(of: error)
      if code == 0 { print(message) } else if !message.isEmpty { Terminal.remark(Terminal.harmless(message)) }
      Foundation.exit(code)
    }
  }

  private static var commandNames: [String] { configuration.subcommands.compactMap { $0.configuration.commandName } }

  /// What to say when a command ended with `error`, and the exit code that is promised for it.
  private static func ending(of error: any Error) -> (message: String, code: Int32) {
    let interrupted = (message: "interrupted; nothing is half done", code: Int32(130))
    switch error {
    case let failure as CommandFailure: return (failure.message, failure.code)
    case is CancellationError: return interrupted
    case let error as DataAccessError where error.kind == .interrupted && Interruption.isRequested: return interrupted
    case is ConfigurationError, is StrategyFaults, is CycleError, WorkspaceError.noMapping, WorkspaceError.severalSources:
      return ("\(error)", 2)
    default: break
    }
    let code = exitCode(for: error)
    guard code == .success || code == .validationFailure || error is ExitCode || error is CleanExit else { return ("\(error)", 1) }
    return (fullMessage(for: error), code == .validationFailure ? 2 : code.rawValue)
  }
}

/// Lathe's version, as `--version`, model manifests and the ledger have it.
let latheVersion = "0.1.0"

/// Ends a command with a message on stderr and an exit code.
struct CommandFailure: Error, CustomStringConvertible {
  var message: String
  var code: Int32 = 1
  var description: String { message }

  /// Wrong usage.
  static func usage(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 2) }
}
