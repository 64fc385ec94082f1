import Configuration
import DataAccess
import DemoPlant
import Foundation
import Learning
import Ledger
import Logging
import Routing
import Tabular
import TestSupport
import Testing

@testable import QualityCycle

/// Lets one challenger win.
private struct ChoosingPolicy: ComparisonPolicy {
  let identity = StrategyIdentity(kind: .comparison, name: "choosing", sha256: "cd", parameters: ["limit": .number(2)])
  let winner: String

  func compare(_ context: ComparisonContext) throws -> ComparisonDecision { ComparisonDecision(winner: winner, reasons: []) }
}

@Suite("What a training learns besides the minutes, and its record")
struct RecordedTrainingTests {
  private static let end = Timestamp(microseconds: 1_767_225_600_000_000)
  private static let cut = end.advanced(bySeconds: -60 * 86_400)
  private static let tuning =
    "tuning: {enabled: true, method: grid, space: {ridge: {alpha: [0.01, 1, 100000]}}}\nfeatures: {weights: learnt}\n"
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func workspace(_ settings: String) throws -> Workspace {
    for name in ["data", "models"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
    }
    let surroundings = Workspace.Surroundings(
      now: { Self.end }, wait: { _ in }, shouldStop: { false }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      latheVersion: "test")
    let text = "training: {candidates: [ridge], cv_folds: 2}\ncomparison: {min_rows: 50}\n" + settings
    let workspace = try Workspace(folder: folder.path, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(effective: try Settings.load(text, named: "lathe.yaml", overrides: overrides))
    }
    let plant = try DemoPlant(items: 80, results: 3000, seed: 7, endsAt: Self.end)
    try workspace.fillSource { database in
      try database.migrate(FactorySchema.migrations)
      let items = plant.items()
      try database.write { transaction in
        let features = zip(items.names, items.columns).filter { FactorySchema.items.type(of: $0.0) == nil }
        try FactorySchema.addFeatureColumns(features.map { (name: $0.0, type: $0.1.type) }, in: transaction)
        try transaction.insert(items, into: "items")
        try transaction.insert(plant.routings(), into: "routing_operations")
        try transaction.insert(plant.results(), into: "work_results")
      }
    }
    _ = try workspace.trainBaseline(until: Self.cut)
    return workspace
  }

  /// Queues a training and does it.
  private func trained(_ workspace: Workspace) throws -> (job: Job, verdict: Verdict, version: String) {
    _ = try workspace.enqueueTraining(candidates: nil, asOf: Self.end, priority: .normal, reason: nil)
    let job = try #require(try workspace.workOff(worker: "w", policy: ChoosingPolicy(winner: "ridge")))
    let entry = try #require(try workspace.ledger().verdicts().first)
    let verdict = try Ledger.value(Verdict.self, from: try #require(try workspace.ledger().verdict(entry.id)))
    return (job, verdict, try #require(entry.version))
  }

  private func change(_ workspace: Workspace, _ sql: String) throws {
    try workspace.fillSource { database in try database.write { transaction in try transaction.execute(sql, []) } }
  }

  @Test("a job searches its challengers' parameters on earlier rows, and verdict and manifest keep trials and choice")
  func tunes() throws {
    let workspace = try workspace(Self.tuning)
    let (_, verdict, version) = try trained(workspace)
    let tuning = try #require(verdict.candidates.first?.tuning)
    #expect(tuning.failure == nil && tuning.method == "grid" && tuning.trials.count == 3 && !tuning.ranOutOfTime)
    let best = try #require(tuning.trials.min { $0.error < $1.error })
    #expect(tuning.chosen == best.values && tuning.trials.contains { $0.error > best.error })
    #expect(verdict.plan.candidates == [TrainingCandidate("ridge", tuning.chosen)])
    let parameters = try workspace.models.manifest(of: version).description.parameters
    #expect(parameters["estimator"] == .map(tuning.chosen) && parameters["tuning"]?["chosen"] == .map(tuning.chosen))
    #expect(verdict.text().contains("ridge: 3 trials (grid) on "))
  }

  @Test("what is later than the champion's training changes neither the choice of parameters nor the weights")
  func noLeak() throws {
    let workspace = try workspace(Self.tuning)
    let champion = try workspace.champion().version
    let (_, before, _) = try trained(workspace)
    try workspace.activate(champion)
    try change(
      workspace, "UPDATE work_results SET run_minutes = run_minutes * (1 + rowid % 7) WHERE completed_at > \(Self.cut.microseconds)")
    let (_, after, _) = try trained(workspace)
    #expect(before.dataFingerprint != after.dataFingerprint && before.champion.metrics != after.champion.metrics)
    #expect(before.candidates[0].tuning == after.candidates[0].tuning)
    #expect(before.featureWeights != nil && before.featureWeights == after.featureWeights)
  }

  @Test("weights that were learnt are those of the version's encoder, stand in its manifest, and differ from feature to feature")
  func weights() throws {
    let workspace = try workspace(Self.tuning)
    let (_, verdict, version) = try trained(workspace)
    let weights = try #require(verdict.featureWeights)
    let manifest = try workspace.models.manifest(of: version).description
    #expect(Dictionary(uniqueKeysWithValues: manifest.features.map { ($0.name, $0.weight) }) == weights)
    #expect(Set(weights.values).count > 1 && weights.values.allSatisfy { $0 >= 0.1 && $0.isFinite })
    #expect(try workspace.load(version).encoder.features.allSatisfy { $0.weight == weights[$0.name] })
    #expect(manifest.parameters["feature_weights"]?["reason"] == nil && manifest.parameters["feature_weights"]?["importances"] != nil)
  }

  @Test("a job's record alone gives the same verdict and the same bytes, and says when the data are others by now")
  func reproduces() throws {
    let workspace = try workspace(Self.tuning)
    let (job, verdict, version) = try trained(workspace)
    let fingerprint = try #require(verdict.dataFingerprint)
    #expect(fingerprint.count == 32 && job.result?["data_fingerprint"] == .text(fingerprint))
    #expect(try workspace.models.manifest(of: version).description.dataFingerprint == fingerprint)
    // Another workspace's settings do not matter: those of the job are used.
    let other = try workspace.refreshed(overriding: [
      ConfigurationOverride("tuning.enabled", "false"), ConfigurationOverride("features.weights", "fixed"),
      ConfigurationOverride("sampling.seed", "9"),
    ])
    let before = (try workspace.models.list(), try workspace.models.active(), try workspace.ledger().verdicts().count)
    let asked = try other.asAsked(for: job) { false }
    let same = try asked.reproduce(job, policy: ChoosingPolicy(winner: "ridge"))
    #expect(same.isSameData == true && same.isSamePolicy && same.isSameVerdict && same.version == version && same.differentFiles == [])
    try change(workspace, "UPDATE work_results SET run_minutes = run_minutes + 1 WHERE rowid = 5")
    let changed = try asked.reproduce(job, policy: ChoosingPolicy(winner: "ridge"))
    #expect(changed.isSameData == false && changed.text().contains("data:    NOT the same") && changed.differentFiles != [])
    #expect(try workspace.models.list() == before.0 && workspace.models.active() == before.1)
    #expect(try workspace.ledger().verdicts().count == before.2)
  }

  @Test("a space that names no challenger, parameter or value is refused with the nearest name")
  func wrongSpace() throws {
    for (space, words) in [
      ("{rigde: {alpha: [1]}}", "'ridge'"), ("{ridge: {alpah: [1]}}", "'alpha'"), ("{ridge: {alpha: 1}}", "must be a list"),
      ("{ridge: [1]}", "must be a map"), ("{baseline: {alpha: [1]}}", "no parameters"), ("{ridge: {alpha: []}}", "no values"),
    ] {
      let effective = try Settings.load("tuning: {enabled: true, space: \(space)}\n", named: "lathe.yaml")
      let faults = TuningPlan.faults(in: effective)
      #expect(faults.count == 1 && faults[0].message.contains(words) && faults[0].keyPath.hasPrefix("tuning.space."), "\(faults)")
    }
  }
}
