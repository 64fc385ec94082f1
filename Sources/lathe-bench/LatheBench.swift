import ArgumentParser
import Foundation

/// Measures Lathe, one JSON object a measurement, then a table and how many targets were met.
///
/// What compares with programs of other languages is driven by the scripts under `scripts/bench`, which run both sides in turn.
@main
struct LatheBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lathe-bench", abstract: "Measure Lathe against its targets.",
    subcommands: [
      DataBench.self, CycleBench.self, ScriptBench.self, GateBench.self, DetectionBench.self, PeerBench.self, GrowthBench.self,
      QueueBench.self,
      RetrainingBench.self,
    ])
}

/// Options of every benchmark.
struct BenchOptions: ParsableArguments {
  @Flag(help: "Small sizes: whether it runs, not how fast.") var quick = false
  @Flag(help: "Exit with 1 when a target is missed.") var check = false
  @Option(help: ArgumentHelp("Times that each task is measured.", valueName: "count")) var rounds = 3
  @Option(help: ArgumentHelp("Where the data lie between runs; default: a temporary folder.", valueName: "dir")) var folder: String?
  @Option(help: ArgumentHelp("Only this task; may be repeated.", valueName: "name")) var task: [String] = []
  @Flag(help: "JSON lines only.") var jsonOnly = false

  /// The folder of the data, made if need be.
  func dataFolder() throws -> String {
    let path = folder ?? NSTemporaryDirectory() + "lathe-bench"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// Whether a task is to be run.
  func includes(_ name: String) -> Bool { task.isEmpty || task.contains(name) }
}
