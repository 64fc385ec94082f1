import ArgumentParser
import Configuration
import Foundation
import QualityCycle
import Scripting

/// Starts the REPL.
struct REPLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repl", abstract: "Lua with the workspace at hand: history, completion with Tab, help(x), Ctrl-C, Ctrl-D to leave.",
    discussion: "Without a terminal it runs what comes on standard input.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let workspace = try global.open()
    let session = try ScriptSession(workspace) { Terminal.output($0 + "\n") }
    let usesColor: Bool =
      switch workspace.settings.logging.color {
      case .always: true
      case .never: false
      case .auto: ProcessInfo.processInfo.environment["NO_COLOR"] == nil
      }
    let home = ProcessInfo.processInfo.environment["HOME"]
    let loop = ReadEvalPrintLoop(
      session: WorkspaceSession(session), historyPath: home.map { $0 + "/.lathe_history" }, usesColor: usesColor,
      greeting: "Lathe \(latheVersion), Lua 5.4, \(workspace.folder). help() tells what there is; Ctrl-D leaves.")
    let code = loop.run()
    if code != 0 { throw ExitCode(code) }
  }
}
