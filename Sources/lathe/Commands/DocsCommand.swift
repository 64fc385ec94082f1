import ArgumentParser
import Configuration
import DataAccess
import Foundation
import Scripting

/// Writes the generated documentation.
struct DocsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docs", abstract: "Write the reference of modules and settings, and the stubs that editors complete from.")

  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("The folder to write into.", valueName: "dir")) var output = "docs"

  func run() throws {
    let documentation = ScriptDocumentation(scriptModules, functions: ScriptSession.functions)
    var files = documentation.reference()
    files["configuration.md"] = Settings.reference
    files = Dictionary(uniqueKeysWithValues: files.map { ("reference/" + $0, $1) })
    files["stubs/lathe.lua"] = documentation.stubs()
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      let path = output + "/" + name
      try AtomicFile.makeFolder((path as NSString).deletingLastPathComponent)
      try AtomicFile.write(text, to: path)
      if !global.quiet { Terminal.remark("wrote \(path)") }
    }
  }
}
