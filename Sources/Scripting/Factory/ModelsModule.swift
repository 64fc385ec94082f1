import Foundation
import Ledger
import LuaBridge
import QualityCycle
import Tabular

private let listFunction = LuaFunction(
  "list", "All model versions, oldest first.", in: Workspace.self,
  returns: .value(ScriptFrame.self, "version, kind, trained_until, created_at, active"), effect: .reads
) { workspace in
  let models = workspace.models
  let active = try models.active()?.version
  let manifests = try models.list().compactMap { try? models.manifest(of: $0) }
  let frame = try Frame([
    ("version", Column(manifests.map(\.version))), ("kind", Column(manifests.map(\.description.kind))),
    ("trained_until", Column(manifests.map(\.description.trainedUntil))), ("created_at", Column(manifests.map(\.createdAt))),
    ("active", Column(manifests.map { $0.version == active })),
  ])
  return ScriptFrame(frame)
}

private let activeFunction = LuaFunction(
  "active", "The version that serves; nil when none does yet.", in: Workspace.self,
  returns: .value(String?.self, "its name"), effect: .reads
) { workspace in try workspace.models.active()?.version }

private let getFunction = LuaFunction(
  "get", "All that is known of a version.", in: Workspace.self, Parameter("version", String.self, "its name"),
  returns: .value(PlainValue.self, "its manifest"), effect: .reads
) { workspace, version in
  try JSONDecoder().decode(PlainValue.self, from: JSONEncoder().encode(workspace.models.manifest(of: version)))
}

private let verifyFunction = LuaFunction(
  "verify", "Checks every byte of a version against its checksums; a damaged one is an error that names the file.", in: Workspace.self,
  Parameter("version", String.self, "its name"), returns: .value(Bool.self, "true"), effect: .reads
) { workspace, version in
  try workspace.models.verify(version)
  return true
}

private let activateFunction = LuaFunction(
  "activate", "Puts a version in force, after checking every byte of it.", in: Workspace.self,
  Parameter("version", String.self, "its name"), returns: .value(String?.self, "the version that served before"), effect: .writes
) { workspace, version in try workspace.activate(version).previous }

private struct TrainOptions: LuaRecord {
  var asOf: Timestamp?

  static let fields: [LuaField<TrainOptions>] = [
    LuaField("as_of", \.asOf, "learn from what was completed up to this time; now when left out")
  ]
}

private let trainFunction = LuaFunction(
  "train_baseline", "Trains the baseline, keeps it as a new version, and activates it.", in: Workspace.self,
  Parameter("options", TrainOptions.self, "up to when"), returns: .value(String.self, "the version's name"), effect: .writes
) { workspace, options in
  try workspace.trainBaseline(until: options.asOf ?? workspace.surroundings.now()).version
}

/// `models`: versions, and which one serves.
let modelsModule = LuaModule(
  "models", "Model versions, and which one serves.",
  functions: [listFunction, activeFunction, getFunction, verifyFunction, activateFunction, trainFunction])
