import ArgumentParser
import Configuration
import DataAccess
import Foundation

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
      InitCommand.self, DemoCommand.self, DataCommand.self, TrainCommand.self, CycleCommand.self, HistoryCommand.self, PredictCommand.self,
      ModelsCommand.self, StrategiesCommand.self, ConfigCommand.self, RunCommand.self, REPLCommand.self, DocsCommand.self,
      DoctorCommand.self,
    ],
    defaultSubcommand: REPLCommand.self)

  @OptionGroup var global: GlobalOptions

  /// Parses and runs, and turns what goes wrong into a message and the exit code that is promised for it.
  static func main() {
    Interruption.install()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as CommandFailure {
      if !error.message.isEmpty { Terminal.remark(error.message) }
      Foundation.exit(error.code)
    } catch let error as ConfigurationError {
      Terminal.remark(error.description)
      Foundation.exit(2)
    } catch is CancellationError {
      Terminal.remark("interrupted; nothing is half done")
      Foundation.exit(130)
    } catch let error as DataAccessError where error.kind == .interrupted && Interruption.isRequested {
      Terminal.remark("interrupted; nothing is half done")
      Foundation.exit(130)
    } catch {
      let code = exitCode(for: error)
      if code == .success || code == .validationFailure || error is ExitCode || error is CleanExit || error is ValidationError {
        let text = fullMessage(for: error)
        if code == .success { print(text) } else if !text.isEmpty { Terminal.remark(text) }
        Foundation.exit(code == .validationFailure ? 2 : code.rawValue)
      }
      Terminal.remark("\(error)")
      Foundation.exit(1)
    }
  }
}

/// Lathe's version, as `--version`, model manifests and the ledger have it.
let latheVersion = "0.1.0"

/// Ends a command with a message on stderr and an exit code.
struct CommandFailure: Error {
  var message: String
  var code: Int32 = 1

  /// Wrong usage.
  static func usage(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 2) }
}
