import ArgumentParser
import DataAccess
import Foundation
import QualityCycle
import Routing
import Tabular

/// Brings data in and looks at it.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Import CSV files into the workspace, and look for what is wrong with the data.",
    subcommands: [Import.self, Check.self])

  /// Imports.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Import CSV files by the mapping in the settings: all or nothing, every row accounted for; repeating it changes nothing.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Files to read instead of those that the mapping names; for a mapping with one source.") var files: [String] = []

    func run() throws {
      let workspace = try global.open()
      let current = URL(filePath: FileManager.default.currentDirectoryPath)
      let report = try workspace.importData(files: files.map { URL(filePath: $0, relativeTo: current).path })
      if global.json { return try Terminal.output(json: report) }
      Terminal.output(Terminal.harmless(report.description))
      if report.isUnchanged, !global.quiet { Terminal.remark("nothing changed: all of it was there") }
    }
  }

  /// Looks.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tell what the source has, and what about it is suspicious.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
      let workspace = try global.open()
      let source = try workspace.source()
      let faults = try source.database.faults()
      if !faults.isEmpty { throw CommandFailure("\(source.name) is damaged: " + faults.joined(separator: "; ")) }
      let check = try source.check(at: workspace.surroundings.now())
      if global.json { return try Terminal.output(json: check) }
      let counts = check.counts
      Terminal.output("\(source.name)\n\(counts.items) items, \(counts.routings) routing operations, \(counts.results) results")
      if let first = check.firstResult, let last = check.lastResult { Terminal.output(" from \(first) to \(last)") }
      Terminal.output("\n")
      for remark in check.remarks {
        Terminal.output(Terminal.harmless("\(remark.rows) \(remark.message)\(remark.example.map { " (such as \($0))" } ?? "")\n"))
      }
      if check.remarks.isEmpty { Terminal.output("nothing suspicious\n") }
    }
  }
}
