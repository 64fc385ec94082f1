import ArgumentParser
import Configuration
import DataAccess
import DemoPlant
import Foundation
import Ledger
import Logging
import Metrics
import QualityCycle
import Routing
import Scripting
import Tabular

/// A cycle of 500 items, at the size of a small factory and at that of the reference installation.
struct CycleBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cycle", abstract: "Training, loading and a cycle of 500 items, at 5,000 and at 325,000 items.")

  @OptionGroup var options: BenchOptions

  private static let targets = [
    Target(task: "cycle_large", atMostSeconds: 1.5), Target(task: "cycle_large", peer: "small", atLeast: 0.5),
    Target(task: "load_large", atMostSeconds: 1), Target(task: "train_large", atMostSeconds: 60),
  ]

  func run() throws {
    let folder = try options.dataFolder()
    let sizes = options.quick ? (small: (300, 6000), large: (1000, 20_000)) : (small: (5000, 100_000), large: (325_000, 2_000_000))
    let small = try plant(folder + "/cycle-small-\(sizes.small.0)", sizes.small)
    let large = try plant(folder + "/cycle-large-\(sizes.large.0)", sizes.large)
    var bench = Bench("cycle", options)
    let asOf = PlantClock.end.advanced(bySeconds: -10 * 86_400)
    try bench.measure(
      "train_large", size: sizes.large.1,
      [
        (
          "lathe",
          { ["items": try large.trainBaseline(until: asOf.advanced(bySeconds: -30 * 86_400)).description.parameters["items"]?.number ?? 0] }
        )
      ])
    if !options.includes("train_large") || options.task.isEmpty == false {
      _ = try large.trainBaseline(until: asOf.advanced(bySeconds: -30 * 86_400))
    }
    _ = try small.trainBaseline(until: asOf.advanced(bySeconds: -30 * 86_400))
    try bench.measure(
      "load_large", size: sizes.large.0, [("lathe", { ["items": Double(try large.load(large.champion().version).evidence.itemCount)] })])
    // The champion is in memory by now, as where cycles follow one another.
    _ = try (small.champion(), large.champion())
    let cycle = { (workspace: Workspace) -> [String: Double] in
      let (report, _) = try workspace.runCycle(CycleRequest(asOf: asOf), strategies: StrategyLibrary(workspace))
      return ["items": Double(report.sample.items.count), "trim_mae": report.measured["trim_mae"]?.value ?? .nan]
    }
    try bench.measure("cycle_large", size: sizes.large.0, [("lathe", { try cycle(large) }), ("small", { try cycle(small) })])
    try bench.finish(Self.targets)
  }

  /// A workspace with a plant of that many items and results; made once, kept in the folder.
  private func plant(_ folder: String, _ size: (items: Int, results: Int)) throws -> Workspace {
    for name in ["data", "models", "strategies"] {
      try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    let surroundings = Workspace.Surroundings(
      now: { PlantClock.end }, wait: { _ in }, shouldStop: { false }, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() },
      latheVersion: "bench")
    let workspace = try Workspace(folder: folder, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(effective: try Settings.load("", named: "bench", overrides: overrides))
    }
    if FileManager.default.fileExists(atPath: workspace.sourcePath) { return workspace }
    let plant = try DemoPlant(items: size.items, results: size.results, seed: 42, endsAt: PlantClock.end)
    let (items, routings) = (plant.items(), plant.routings())
    try workspace.fillSource { database in
      try database.migrate(FactorySchema.migrations)
      try database.write { transaction in
        let features = zip(items.names, items.columns).filter { FactorySchema.items.type(of: $0.0) == nil }
        try FactorySchema.addFeatureColumns(features.map { (name: $0.0, type: $0.1.type) }, in: transaction)
        try transaction.insert(items, into: "items")
        try transaction.insert(routings, into: "routing_operations")
        try plant.forEachResultBlock { try transaction.insert($0, into: "work_results") }
      }
    }
    return workspace
  }
}

/// The bench's plants end here: 2026-07-01.
enum PlantClock {
  static let end = Timestamp(microseconds: 1_782_864_000_000_000)
}
