import Configuration
import DataAccess
import DemoPlant
import Foundation
import Logging
import QualityCycle
import Routing
import Tabular

/// Workspaces of made-up plants for benches.
enum BenchPlant {
  /// A workspace with a plant of that many items and results; made once, kept in the folder.
  ///
  /// - Parameters:
  ///   - events: What changes in it; `nil`: what changes in every plant.
  ///   - settings: YAML.
  static func workspace(
    _ folder: String, _ size: (items: Int, results: Int), events: [PlantEvent]? = nil, settings: String = ""
  ) throws -> Workspace {
    for name in ["data", "models", "strategies"] {
      try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    let surroundings = Workspace.Surroundings(
      now: { PlantClock.end }, wait: { _ in }, shouldStop: { false }, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() },
      latheVersion: "bench")
    let workspace = try Workspace(folder: folder, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(effective: try Settings.load(settings, named: "bench", overrides: overrides))
    }
    if FileManager.default.fileExists(atPath: workspace.sourcePath) { return workspace }
    let plant = try DemoPlant(items: size.items, results: size.results, seed: 42, endsAt: PlantClock.end, events: events)
    try workspace.fillSource { try fill($0, with: plant) }
    return workspace
  }

  /// Makes a factory's relations in an empty database, and fills them.
  static func fill(_ database: SQLiteDatabase, with plant: DemoPlant) throws {
    let (items, routings) = (plant.items(), plant.routings())
    try database.migrate(FactorySchema.migrations)
    try database.write { transaction in
      let features = zip(items.names, items.columns).filter { FactorySchema.items.type(of: $0.0) == nil }
      try FactorySchema.addFeatureColumns(features.map { (name: $0.0, type: $0.1.type) }, in: transaction)
      try transaction.insert(items, into: "items")
      try transaction.insert(routings, into: "routing_operations")
      try plant.forEachResultBlock { try transaction.insert($0, into: "work_results") }
    }
  }
}
