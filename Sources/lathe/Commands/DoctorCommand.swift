import ArgumentParser
import Configuration
import DataAccess
import Foundation
import Ledger
import QualityCycle
import Routing
import Scripting

/// Looks for what is wrong with the installation and the workspace.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Look for what is wrong: libraries, settings, data, ledger, model versions, strategies, disk.")

  @OptionGroup var global: GlobalOptions

  /// One thing that was looked at.
  struct Finding: Encodable {
    var what: String
    var ok: Bool
    var detail: String
  }

  func run() throws {
    var findings: [Finding] = []
    func look(_ what: String, _ body: () throws -> String) {
      do { findings.append(Finding(what: what, ok: true, detail: try body())) } catch {
        findings.append(Finding(what: what, ok: false, detail: "\(error)"))
      }
    }
    look("SQLite") {
      SQLiteDatabase.libraryVersion
        + (SQLiteDatabase.usesWriteAheadLog
          ? ": write-ahead log" : ": this version can lose commits with a write-ahead log, so a rollback journal is used")
    }
    let workspace = try global.open()
    look("settings") { "\(global.settingsPath): no faults" }
    look("source") {
      let source = try workspace.source()
      let faults = try source.database.faults()
      if !faults.isEmpty { throw CommandFailure("\(source.name): " + faults.joined(separator: "; ")) }
      let counts = try source.counts(until: nil)
      return "\(source.name): \(counts.items) items, \(counts.routings) routing operations, \(counts.results) results, sound"
    }
    look("ledger") {
      let ledger = try workspace.ledger()
      let faults = try ledger.faults()
      if !faults.isEmpty { throw CommandFailure("\(ledger.path): " + faults.joined(separator: "; ")) }
      return "\(ledger.path): \(try ledger.cycles(limit: .max).count) cycles, sound"
    }
    look("model versions") {
      let models = workspace.models
      let swept = try models.sweep()
      let versions = try models.list()
      for version in versions { try models.verify(version) }
      return "\(versions.count), all sound; \(try models.active().map { "\($0.version) serves" } ?? "none serves yet")"
        + (swept.isEmpty ? "" : "; \(swept.count) leftovers moved to quarantine")
    }
    look("strategies") {
      let library = StrategyLibrary(workspace)
      let entries = library.entries()
      let faults = entries.flatMap { entry in
        do throws(StrategyFaults) { _ = try library.load(entry.kind, entry.name) } catch { return error.faults.map(\.description) }
        return []
      }
      let given = library.faults(in: workspace.effective).map(\.description).filter { !faults.contains($0) }
      if !faults.isEmpty || !given.isEmpty { throw CommandFailure((faults + given).joined(separator: "; ")) }
      return "\(entries.count), no faults"
    }
    look("writing") {
      let places = ["", "data", "models", "reports", "logs"].map(workspace.path).filter(FileManager.default.fileExists)
      let closed = places.filter { !FileManager.default.isWritableFile(atPath: $0) }
      if !closed.isEmpty { throw CommandFailure("no permission to write in \(closed.joined(separator: ", "))") }
      return "permitted in \(workspace.folder)"
    }
    look("disk") {
      let free = try FileManager.default.attributesOfFileSystem(forPath: workspace.folder)[.systemFreeSize] as? Int ?? 0
      if free < 200_000_000 { throw CommandFailure("only \(free / 1_000_000) MB free in \(workspace.folder)") }
      return free < 10_000_000_000 ? "\(free / 1_000_000) MB free" : "\(free / 1_000_000_000) GB free"
    }
    if global.json {
      try Terminal.output(json: findings)
    } else {
      for finding in findings {
        Terminal.output(
          "\(finding.ok ? "ok " : "BAD") \(finding.what.padding(toLength: 15, withPad: " ", startingAt: 0)) \(finding.detail)\n")
      }
    }
    if findings.contains(where: { !$0.ok }) { throw ExitCode(1) }
  }
}
