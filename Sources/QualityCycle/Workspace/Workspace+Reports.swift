public import Configuration
import DataAccess
import Foundation
import Tabular

extension CycleReport {
  /// The report as the bytes of a file.
  public func rendered(as format: Settings.Reports.Format) throws -> [UInt8] {
    switch format {
    case .json: return Array(try json().utf8)
    case .markdown: return Array(markdown().utf8)
    case .html: return Array(html().utf8)
    case .csv:
      let rows = try rows()
      let writer = CSVWriter()
      return writer.header(rows.names) + writer.rows(rows)
    }
  }
}

extension Workspace {
  /// Writes the reports of a cycle, and its row into `summary.csv`.
  ///
  /// - Parameter formats: What to write; `nil`: what the settings say.
  /// - Returns: The files' paths.
  public func write(_ report: CycleReport, as formats: [Settings.Reports.Format]? = nil) throws -> [String] {
    try makeFolder(reportFolder)
    var files: [String] = []
    for format in formats ?? settings.reports.formats {
      let path = "\(reportFolder)/cycle-\(report.cycle).\(format.fileEnding)"
      try AtomicFile.write(report.rendered(as: format), to: path)
      files.append(path)
    }
    let summary = reportFolder + "/summary.csv"
    try appendSummary(report.summary(), cycle: report.cycle, to: summary)
    return files + [summary]
  }

  /// Removes the files of all but the latest cycles; files of other names are nobody's business here.
  func removeOldReports() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: reportFolder)) ?? []
    let endings = Set(Settings.Reports.Format.allCases.map(\.fileEnding))
    var files: [Int: [String]] = [:]
    for name in names {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, endings.contains(String(parts[1])), parts[0].hasPrefix("cycle-"), let cycle = Int(parts[0].dropFirst(6))
      else {
        continue
      }
      files[cycle, default: []].append(name)
    }
    for cycle in files.keys.sorted().dropLast(settings.reports.keepLast) {
      // One that cannot be removed is tried again by the next cycle.
      for name in files[cycle] ?? [] { try? FileManager.default.removeItem(atPath: reportFolder + "/" + name) }
    }
  }

  private func makeFolder(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw DataAccessError(.inputOutput, path: path, activity: "making the folder", detail: "\(error)")
    }
  }

  /// Adds the row of a cycle to the summary of all cycles; a second writing of one cycle replaces nothing and adds nothing.
  private func appendSummary(_ row: Frame, cycle: Int64, to path: String) throws {
    // Read, extended and replaced whole, under a lock: two cycles may end at once, and a full disk must not leave half a row.
    let lock = try FileLock(path: self.path(".reports.lock"), waits: true, activity: "adding a row to \(path)")
    defer { withExtendedLifetime(lock) {} }
    let writer = CSVWriter()
    guard FileManager.default.fileExists(atPath: path) else { return try writer.write(row, to: path) }
    let existing = try AtomicFile.read(path)
    let known = String(decoding: existing, as: UTF8.self).split(whereSeparator: \.isNewline)
    if known.contains(where: { $0.hasPrefix("\(cycle),") }) { return }
    try AtomicFile.write(existing + writer.rows(row), to: path)
  }
}
