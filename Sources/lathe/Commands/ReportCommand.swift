public import ArgumentParser
public import Configuration
import DataAccess
import Foundation
import QualityCycle

/// Makes the report of a cycle again, from the ledger.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Show the report of a cycle, or write it to a file; it is made anew from the ledger.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: "The cycle's number; default: the last one that came to its end.") var cycle: Int64?
  @Option(help: ArgumentHelp("markdown, html, json or csv.", valueName: "format")) var format: Settings.Reports.Format?
  @Option(
    name: [.short, .long], help: ArgumentHelp("File to write to instead of stdout; its ending tells the format.", valueName: "file"))
  var output: String?

  func run() throws {
    let ledger = try global.open().ledger()
    let report = try CycleReport(finished: cycle, in: ledger)
    let bytes = try report.rendered(as: chosenFormat())
    guard let output else { return Terminal.output(bytes) }
    try AtomicFile.write(bytes, to: output)
    if !global.quiet { Terminal.remark("the report of cycle \(report.cycle) is in \(output)") }
  }

  /// The format that was asked for, in words or by the file's ending.
  private func chosenFormat() throws -> Settings.Reports.Format {
    if let format { return format }
    if global.json { return .json }
    guard let output else { return .markdown }
    let ending = (output as NSString).pathExtension.lowercased()
    guard let format = Settings.Reports.Format.allCases.first(where: { $0.fileEnding == ending }) else {
      let known = Settings.Reports.Format.allCases.map { ".\($0.fileEnding)" }.joined(separator: ", ")
      throw CommandFailure.usage("'\(output)' does not end with \(known): give --format")
    }
    return format
  }
}

extension Settings.Reports.Format: ExpressibleByArgument {}
