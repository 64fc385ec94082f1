import ArgumentParser
import Configuration
import Ledger
import QualityCycle
import Tabular

extension ModelsCommand {
  /// Keeps a version.
  struct Pin: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Keep a version whatever its age: 'models prune' never removes it.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version, as 'models list' prints it.") var version: String
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason: String?

    func run() throws {
      let workspace = try global.open()
      try workspace.registry().pin(version, reason: reason)
      if global.json { return try Terminal.output(json: workspace.ledger().pinnedVersions()) }
      Terminal.output("\(version) is pinned\n")
    }
  }

  /// Keeps a version no longer.
  struct Unpin: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Keep a version no longer than others.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The version, as 'models list' prints it.") var version: String

    func run() throws {
      let workspace = try global.open()
      let wasPinned = try workspace.registry().unpin(version)
      if global.json { return try Terminal.output(json: workspace.ledger().pinnedVersions()) }
      Terminal.output("\(version) \(wasPinned ? "is no longer pinned" : "was not pinned")\n")
    }
  }

  /// Removes old versions.
  struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove old versions but the newest ones, the one that serves, the one before it, and pinned ones.",
      discussion: """
        Damaged versions do not count among the newest and stay: 'lathe models verify --quarantine' sets them aside. A version that is \
        being made is waited for.
        """)
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("How many of the newest stay; default: training.keep_versions.", valueName: "count")) var keep: Int?
    @Flag(help: "Tell only what would be removed.") var dryRun = false

    func run() throws {
      if let keep, keep < 1 { throw CommandFailure.usage("--keep must be 1 or more, got \(keep)") }
      let workspace = try global.open()
      let pruning = try workspace.registry().prune(
        keep: keep ?? workspace.settings.training.keepVersions, isTrial: dryRun, shouldStop: workspace.surroundings.shouldStop,
        checkpoint: workspace.surroundings.checkCancellation)
      if global.json { return try Terminal.output(json: pruning) }
      for kept in pruning.kept { Terminal.output("\(kept.version): stays (\(kept.reasons.joined(separator: ", ")))\n") }
      for removed in pruning.removed {
        Terminal.output("\(removed.version): \(dryRun ? "would be removed" : "removed"), \(counted(removed.bytes, "byte"))\n")
      }
      if pruning.removed.isEmpty { Terminal.remark("nothing to remove") }
    }
  }
}
