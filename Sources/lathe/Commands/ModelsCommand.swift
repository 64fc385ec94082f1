import ArgumentParser
import Ledger
import QualityCycle
import Tabular

/// Looks at model versions and switches between them.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List, show, verify, compare, activate and prune model versions.",
    subcommands: [
      List.self, Show.self, History.self, Diff.self, Verify.self, Activate.self, Rollback.self, Pin.self, Unpin.self, Prune.self,
    ])

  /// One version on one line.
  static func line(_ manifest: ModelManifest, isActive: Bool, isPrevious: Bool = false) -> String {
    let description = manifest.description
    let count = { (name: String) in description.parameters[name]?.description ?? "–" }
    return
      "\(isActive ? "*" : isPrevious ? "<" : " ") \(manifest.version)  \(description.kind), trained until \(description.trainedUntil), "
      + "\(count("items")) items, \(count("results")) results, basis \(count("basis"))"
  }

  /// Lists the versions.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the versions, oldest first; * marks the one that serves, < the one that a rollback brings back.")
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let workspace = try global.open()
      let models = workspace.models
      let active = try models.active()
      let versions = try models.list()
      // What serves is told even when the ledger cannot be read.
      let pinned = versions.isEmpty ? [] : (try? workspace.ledger().pinnedVersions()) ?? []
      let shadows = versions.isEmpty ? [] : (try? workspace.ledger().shadows()) ?? []
      var rows: [Row] = []
      for version in versions {
        var row = Row(
          version: version, active: version == active?.version, previous: version == active?.previous,
          pinned: pinned.contains { $0.version == version }, shadow: shadows.first { $0.version == version })
        do { row.manifest = try models.manifest(of: version) } catch let error as ModelStoreError { row.damage = error.description }
        rows.append(row)
      }
      if global.json { return try Terminal.output(json: rows) }
      if rows.isEmpty { Terminal.remark("no versions yet; train one with 'lathe train --baseline'") }
      for row in rows {
        let line = row.manifest.map { ModelsCommand.line($0, isActive: row.active, isPrevious: row.previous) } ?? "! \(row.damage ?? "")"
        Terminal.output(line + (row.pinned ? ", pinned" : "") + (row.shadow.map { ", \($0.words)" } ?? "") + "\n")
      }
    }

    private struct Row: Encodable {
      var version: String
      var active, previous, pinned: Bool
      var shadow: Shadow?
      var manifest: ModelManifest?
      var damage: String?
    }
  }

  /// Shows a manifest.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show all that is known of a version.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version; default: the one that serves.") var version: String?

    func run() throws {
      let models = try global.open().models
      try Terminal.output(json: models.manifest(of: ModelsCommand.chosen(version, in: models)))
    }
  }

  /// Checks every byte.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every byte of a version against its checksums; without one, of all versions.",
      discussion: """
        With --quarantine a damaged version is moved to models/quarantine. When it is the one that serves, the last good version is put in \
        force first: the one before it, else the newest sound one. Each damage is a critical line in the log.
        """)
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version; default: all.") var version: String?
    @Flag(help: "Set damaged versions aside.") var quarantine = false

    func run() throws {
      let workspace = try global.open()
      let names = version.map { [$0] }
      let checks =
        quarantine
        ? try workspace.setDamagedVersionsAside(names)
        : try workspace.models.check(names, checkpoint: workspace.surroundings.checkCancellation)
      let bad = checks.filter { $0.state == .damaged || $0.state == .gone && $0.replacedBy == nil }
      if global.json {
        try Terminal.output(json: Found(damaged: checks.filter { $0.state != .sound }.map { $0.message ?? $0.version }, versions: checks))
      } else {
        for check in checks where check.state == .sound { Terminal.output("\(check.version): sound, \(check.files ?? 0) files\n") }
        for check in checks where check.state == .quarantined { Terminal.output("\(check.version): set aside into models/quarantine\n") }
        for check in checks { if let other = check.replacedBy { Terminal.output("\(other) serves instead of \(check.version)\n") } }
      }
      if !bad.isEmpty { throw CommandFailure(bad.map { $0.message ?? $0.version }.joined(separator: "\n")) }
    }

    private struct Found: Encodable {
      var damaged: [String]
      var versions: [VersionCheck]
    }
  }

  static func chosen(_ version: String?, in models: ModelStore) throws -> String {
    if let version { return version }
    guard let active = try models.active() else { throw CommandFailure("no version serves yet; train one with 'lathe train --baseline'") }
    return active.version
  }
}
