import ArgumentParser
import DataAccess
import Foundation
import LuaBridge
import QualityCycle
import Scripting

/// Runs a script.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a Lua script with the workspace's modules; '-' reads it from standard input.",
    discussion: "The words after the file are the script's arguments: the table 'arg', and '...'.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: "The script.") var file: String
  @Argument(help: "Arguments of the script; options among them are the script's too.") var arguments: [String] = []

  func run() throws {
    let text: String
    if file == "-" {
      text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
    } else {
      let bytes = try AtomicFile.read(file)
      guard let valid = String(validating: bytes, as: UTF8.self) else { throw CommandFailure("\(file) is not UTF-8 text") }
      text = valid
    }
    try runScript(LuaSource(text, name: file == "-" ? "stdin" : file), arguments, in: try global.open())
  }
}

/// Runs a script to its end; what it prints goes to stdout, and its failure to stderr with where it happened.
func runScript(_ source: LuaSource, _ arguments: [String], in workspace: Workspace) throws {
  let session = try ScriptSession(workspace, print: { Terminal.output($0 + "\n") })
  let watch = InterruptWatch(on: [SIGINT, SIGTERM]) { [interrupter = session.interrupter] in
    Interruption.request()
    interrupter.interrupt()
  }
  defer { withExtendedLifetime(watch) {} }
  do throws(LuaError) { _ = try session.run(source, arguments: arguments) } catch {
    if error.reason == .interrupted { throw CancellationError() }
    if let exit = error.underlying as? LuaExit { throw ExitCode(exit.code) }
    throw CommandFailure(error.description + error.traceback.map { "\n  \($0)" }.joined())
  }
}
