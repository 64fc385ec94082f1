import DemoPlant
import Foundation
import LuaBridge
import QualityCycle
import Tabular

private struct TruthOptions: LuaRecord {
  var since: Timestamp?
  var until: Timestamp?

  static let fields: [LuaField<TruthOptions>] = [
    LuaField("since", \.since, "results completed after this time; all when left out"),
    LuaField("until_", \.until, "results completed up to this time; all when left out"),
  ]
}

/// `data.truth`: what is true of a made-up plant.
let truthFunction = LuaFunction(
  "truth", "What is true of a plant that 'lathe demo' made: its events, and the least error that any predictor could have.",
  in: Workspace.self, Parameter("options", TruthOptions.self, "the window"),
  returns: .value(PlainValue.self, "events (a list of at, seconds since 1970, and summary), results, mae, trim_mae; nil of a real factory"),
  effect: .reads
) { workspace, options in
  let path = PlantTruth.path(besides: workspace.sourcePath)
  guard FileManager.default.fileExists(atPath: path) else { return PlainValue.null }
  let truth = try PlantTruth(path: path)
  let floor = try DemoPlant(truth).floor(since: options.since ?? .distantPast, until: options.until ?? truth.endsAt)
  return [
    "events": .list(truth.events.map { ["at": .number($0.at.seconds), "summary": .text($0.summary)] }),
    "results": .integer(Int64(floor.results)), "mae": .number(floor.mae), "trim_mae": .number(floor.trimMae),
  ]
}
