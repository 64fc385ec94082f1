import ArgumentParser
import Ledger
import QualityCycle
import Tabular

/// Looks at model versions and switches between them.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List, show, verify and activate model versions.",
    subcommands: [List.self, Show.self, Verify.self, Activate.self])

  /// One version on one line.
  static func line(_ manifest: ModelManifest, isActive: Bool) -> String {
    let description = manifest.description
    let count = { (name: String) in description.parameters[name]?.description ?? "–" }
    return "\(isActive ? "*" : " ") \(manifest.version)  \(description.kind), trained until \(description.trainedUntil), "
      + "\(count("items")) items, \(count("results")) results, basis \(count("basis"))"
  }

  /// Lists the versions.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the versions, oldest first; * marks the one that serves.")
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let models = try global.open().models
      let active = try models.active()?.version
      var rows: [Row] = []
      for version in try models.list() {
        do {
          let manifest = try models.manifest(of: version)
          rows.append(Row(version: version, active: version == active, manifest: manifest))
        } catch let error as ModelStoreError {
          rows.append(Row(version: version, active: version == active, damage: error.description))
        }
      }
      if global.json { return try Terminal.output(json: rows) }
      if rows.isEmpty { Terminal.remark("no versions yet; train one with 'lathe train --baseline'") }
      for row in rows {
        Terminal.output((row.manifest.map { ModelsCommand.line($0, isActive: row.active) } ?? "! \(row.damage ?? "")") + "\n")
      }
    }

    private struct Row: Encodable {
      var version: String
      var active: Bool
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
      abstract: "Check every byte of a version against its checksums; without one, of all versions.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version; default: all.") var version: String?

    func run() throws {
      let models = try global.open().models
      var damaged: [String] = []
      for version in try version.map({ [$0] }) ?? models.list() {
        do {
          let manifest = try models.verify(version)
          if !global.json { Terminal.output("\(version): sound, \(manifest.files.count) files\n") }
        } catch let error as ModelStoreError {
          damaged.append(error.description)
        }
      }
      if global.json { try Terminal.output(json: ["damaged": damaged]) }
      if !damaged.isEmpty { throw CommandFailure(damaged.joined(separator: "\n")) }
    }
  }

  /// Switches.
  struct Activate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put a version in force, after checking every byte of it; the one before stays.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version, as 'models list' prints it.") var version: String

    func run() throws {
      let active = try global.open().activate(version)
      if global.json {
        try Terminal.output(json: ["active": active.version, "previous": active.previous])
      } else {
        Terminal.output("\(active.version) serves\(active.previous.map { ", \($0) before" } ?? "")\n")
      }
    }
  }

  private static func chosen(_ version: String?, in models: ModelStore) throws -> String {
    if let version { return version }
    guard let active = try models.active() else { throw CommandFailure("no version serves yet; train one with 'lathe train --baseline'") }
    return active.version
  }
}
