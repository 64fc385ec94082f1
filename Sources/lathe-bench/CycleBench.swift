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
    let small = try BenchPlant.workspace(folder + "/cycle-small-\(sizes.small.0)", sizes.small)
    let large = try BenchPlant.workspace(folder + "/cycle-large-\(sizes.large.0)", sizes.large)
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
}

/// The bench's plants end here: 2026-07-01.
enum PlantClock {
  static let end = Timestamp(microseconds: 1_782_864_000_000_000)
}
