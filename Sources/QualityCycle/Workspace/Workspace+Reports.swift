public import Configuration
import DataAccess
import Foundation
import Ledger
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
    try AtomicFile.makeFolder(reportFolder)
    var files: [String] = []
    for format in formats ?? settings.reports.formats {
      let path = "\(reportFolder)/cycle-\(report.cycle).\(format.fileEnding)"
      try AtomicFile.write(report.rendered(as: format), to: path)
      files.append(path)
    }
    let summary = reportFolder + "/summary.csv"
    try appendSummary(of: report, to: summary)
    return files + [summary]
  }

  /// Removes the files of all but the latest cycles; files of other names are nobody's business here.
  func removeOldReports() {
    AtomicFile.removeLeftovers(in: reportFolder)
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

  /// Adds the row of a cycle to the summary of all cycles, and those of earlier ones that a full disk kept out; a second writing of one
  /// cycle adds nothing.
  private func appendSummary(of report: CycleReport, to path: String) throws {
    // Read, extended and replaced whole, under a lock: two cycles may end at once, and a full disk must not leave half a row.
    let lock = try FileLock(
      path: self.path(".reports.lock"), waits: true, shouldStop: surroundings.shouldStop, activity: "adding a row to \(path)")
    defer { withExtendedLifetime(lock) {} }
    let writer = CSVWriter()
    let exists = FileManager.default.fileExists(atPath: path)
    var bytes = exists ? try AtomicFile.read(path) : writer.header(try report.summary().names)
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    let known = Set(lines.compactMap { $0.prefix { $0 != "," }.isEmpty ? nil : Int64($0.prefix { $0 != "," }) })
    if known.contains(report.cycle) { return }
    let finished = try ledger().history(until: Timestamp(microseconds: .max), metrics: [])
    var numbers: [Int64] = []
    if exists, case .integer(let all) = try finished.column("cycle_id").values {
      numbers = all.filter { $0 < report.cycle && !known.contains($0) }.sorted().suffix(Self.latecomers)
    }
    for number in numbers {
      // One that cannot be read any more is no reason to fail the cycle that just ended.
      if let missing = try? CycleReport(number, in: ledger()) { bytes += writer.rows(try missing.summary()) }
    }
    try AtomicFile.write(bytes + writer.rows(report.summary()), to: path)
  }

  /// Earlier cycles that one cycle puts into the summary at most: each is read from the ledger whole.
  private static let latecomers = 10
}
