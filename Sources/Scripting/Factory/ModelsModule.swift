import Configuration
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
  "activate", "Puts a version in force, after checking every byte of it; the history keeps the decision.", in: Workspace.self,
  Parameter("version", String.self, "its name"), Parameter("reason", String?.self, "why, for the history", default: nil, shown: "nil"),
  returns: .value(String?.self, "the version that served before"), effect: .writes
) { workspace, version, reason in try workspace.activate(version, reason: reason).previous }

private let rollbackFunction = LuaFunction(
  "rollback", "Puts the version that served before in force again; a second rollback takes it back.", in: Workspace.self,
  Parameter("reason", String?.self, "why, for the history", default: nil, shown: "nil"),
  returns: .value(String.self, "the version that serves now"), effect: .writes
) { workspace, reason in try workspace.registry().rollback(reason: reason).version }

private let historyFunction = LuaFunction(
  "history", "What served when, and by which decision, newest first.", in: Workspace.self,
  returns: .value(ScriptFrame.self, "version, since, until_ (missing for the one that serves), kind, verdict, policy, replaced, reason"),
  effect: .writes
) { workspace in
  let entries = try workspace.registry().history().filter { $0.outcome == .done }
  let decisions = entries.map(\.decision)
  return ScriptFrame(
    try Frame([
      ("version", Column(entries.map(\.version))), ("since", Column(entries.map(\.decidedAt))),
      ("until_", try Column(entries.map { $0.until.map(Cell.timestamp) ?? .missing }, as: .timestamp)),
      ("kind", Column(decisions.map(\.kind.rawValue))),
      ("verdict", try Column(decisions.map { $0.verdict.map(Cell.integer) ?? .missing }, as: .integer)),
      ("policy", Column(decisions.map(\.policy))), ("replaced", Column(decisions.map(\.replaced))),
      ("reason", Column(decisions.map(\.reason))),
    ]))
}

private let servingFunction = LuaFunction(
  "serving", "What served at a moment, and by which decision; nil when nothing did yet.", in: Workspace.self,
  Parameter("at", Timestamp.self, "the moment"),
  returns: .value(PlainValue?.self, "version, decided_at, until, decision {kind, verdict, policy, replaced, reason}"), effect: .writes
) { workspace, instant in
  try workspace.registry().serving(at: instant).map { try plain($0) }
}

private let tendFunction = LuaFunction(
  "tend", "Checks every byte of all versions, and sets damaged ones aside; for the one that serves the last good one takes over first.",
  in: Workspace.self, returns: .value(PlainValue.self, "of each version: version, state, message, replaced_by"), effect: .writes
) { workspace in try plain(workspace.tendVersions()) }

private let pinFunction = LuaFunction(
  "pin", "Keeps a version whatever its age.", in: Workspace.self, Parameter("version", String.self, "its name"),
  Parameter("reason", String?.self, "why", default: nil, shown: "nil"), returns: .value(Bool.self, "true"), effect: .writes
) { workspace, version, reason in
  try workspace.registry().pin(version, reason: reason)
  return true
}

private let unpinFunction = LuaFunction(
  "unpin", "Keeps a version no longer than others.", in: Workspace.self, Parameter("version", String.self, "its name"),
  returns: .value(Bool.self, "whether it was pinned"), effect: .writes
) { workspace, version in try workspace.registry().unpin(version) }

private struct PruneOptions: LuaRecord {
  var keep: Int?
  var dryRun = false

  static let fields: [LuaField<PruneOptions>] = [
    LuaField("keep", \.keep, "how many of the newest stay; training.keep_versions when left out"),
    LuaField("dry_run", \.dryRun, "tell only what would be removed"),
  ]
}

private let pruneFunction = LuaFunction(
  "prune", "Removes old versions but the newest ones, the one that serves, the one before it, and pinned ones.", in: Workspace.self,
  Parameter("options", PruneOptions.self, "what stays"), returns: .value([String].self, "the versions that were removed"),
  effect: .writes
) { workspace, options in
  let keep = options.keep ?? workspace.settings.training.keepVersions
  guard keep >= 1 else { throw LuaError("'keep' must be 1 or more, got \(keep)") }
  return try workspace.registry().prune(
    keep: keep, isTrial: options.dryRun, shouldStop: workspace.surroundings.shouldStop,
    checkpoint: workspace.surroundings.checkCancellation
  ).removed.map(\.version)
}

private struct DiffOptions: LuaRecord {
  var items = 500
  var changes = 20

  static let fields: [LuaField<DiffOptions>] = [
    LuaField("items", \.items, "items to predict at most"), LuaField("changes", \.changes, "operations to list at most"),
  ]
}

private let diffFunction = LuaFunction(
  "diff", "Compares two versions: manifests, and the predictions that changed most.", in: Workspace.self,
  Parameter("a", String.self, "the first version"), Parameter("b", String.self, "the second version"),
  Parameter("options", DiffOptions.self, "how much to look at"),
  returns: .value(PlainValue.self, "facts, parameters, features, metrics, files: {a, b} by name; predictions with changes"), effect: .reads
) { workspace, first, second, options in
  guard options.items >= 1, options.changes >= 0 else { throw LuaError("'items' must be 1 or more and 'changes' 0 or more") }
  return try plain(workspace.difference(first, second, items: options.items, changes: options.changes))
}

private func plain(_ value: some Encodable) throws -> PlainValue {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  return try JSONDecoder().decode(PlainValue.self, from: encoder.encode(value))
}

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
  functions: [
    listFunction, activeFunction, getFunction, verifyFunction, historyFunction, servingFunction, diffFunction, activateFunction,
    rollbackFunction, tendFunction, pinFunction, unpinFunction, pruneFunction, trainFunction,
  ])
