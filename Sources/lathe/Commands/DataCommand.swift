import ArgumentParser
import DataAccess
import Foundation
import Plotting
import QualityCycle
import Routing
import Tabular

/// Brings data in and looks at it.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Import CSV files into the workspace, and look for what is wrong with the data.",
    subcommands: [Import.self, Check.self, Describe.self])

  /// Imports.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Import CSV files by the mapping in the settings: all or nothing, every row accounted for; repeating it changes nothing.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Files to read instead of those that the mapping names; for a mapping with one source.") var files: [String] = []

    func run() throws {
      let workspace = try global.open()
      let current = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
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
      let parts = [
        counted(counts.items, "item"), counted(counts.routings, "routing operation"), counted(counts.results, "result"),
      ]
      Terminal.output("\(source.name)\n\(parts.joined(separator: ", "))")
      if let first = check.firstResult, let last = check.lastResult { Terminal.output(" from \(first) to \(last)") }
      Terminal.output("\n")
      for remark in check.remarks {
        let rows = remark.rows > 0 ? "\(remark.rows) " : ""
        Terminal.output(Terminal.harmless("\(rows)\(remark.message)\(remark.example.map { " (such as \($0))" } ?? "")\n"))
      }
      if check.remarks.isEmpty { Terminal.output("nothing suspicious\n") }
    }
  }

  /// Describes.
  struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell of each column what it holds: type, missing values, different values, range, and how its values lie.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "items, routing_operations or work_results; default: all three.") var relation: String?

    func run() throws {
      let source = try global.open().source()
      let columns: [ColumnDescription]
      do { columns = try source.describe(relation) } catch FrameError.unknownColumn(let name, let known) {
        throw CommandFailure.usage(
          "there is no relation '\(name)'" + suggestion(for: name, in: known) + "; there are \(known.joined(separator: ", "))")
      }
      if global.json { return try Terminal.output(json: columns) }
      var relations: [String] = []
      for column in columns where !relations.contains(column.relation) { relations.append(column.relation) }
      for name in relations {
        let columns = columns.filter { $0.relation == name }
        Terminal.output("\(name): \(columns.first?.rows ?? 0) rows\n")
        let table = try Frame([
          ("column", Column(columns.map(\.column))), ("type", Column(columns.map(\.type.rawValue))),
          ("missing", Column(columns.map(Self.missing))), ("distinct", Column(columns.map { Int64($0.distinct) })),
          ("values", Column(columns.map(Self.values))),
          ("distribution", Column(columns.map { sparkline($0.histogram.map { Double($0) }) })),
        ])
        Terminal.output(table.rendered(FrameLayout(rows: columns.count, textWidth: 60)) + "\n")
      }
    }

    private static func missing(_ column: ColumnDescription) -> String {
      if column.rows == 0 { return "–" }
      let share = Double(column.missing) / Double(column.rows) * 100
      return "\((share * 10).rounded() / 10) %" + (column.placeholders > 0 ? " and \(column.placeholders) placeholders" : "")
    }

    private static func values(_ column: ColumnDescription) -> String? {
      if let least = column.least, let median = column.median, let greatest = column.greatest {
        return "\(least) … \(median) … \(greatest)"
      }
      return column.commonest.isEmpty ? nil : column.commonest.map(\.text).joined(separator: ", ")
    }
  }
}
