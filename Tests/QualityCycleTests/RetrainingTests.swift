import Configuration
import DataAccess
import DemoPlant
import Foundation
import Ledger
import Logging
import Metrics
import Routing
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import QualityCycle

/// A policy that answers what it is told to.
private struct AnsweringPolicy: ComparisonPolicy {
  let identity = StrategyIdentity(kind: .comparison, name: "answering", sha256: "ab", parameters: .map([:]))
  let answer: @Sendable (ComparisonContext) throws -> String?

  func compare(_ context: ComparisonContext) throws -> ComparisonDecision {
    ComparisonDecision(winner: try answer(context), reasons: ["told"])
  }

  /// The best by `trim_mae`, when it beats the champion.
  static let best = AnsweringPolicy { context in
    let all = ([context.champion] + context.candidates).min { $0.metrics["trim_mae"] ?? .infinity < $1.metrics["trim_mae"] ?? .infinity }
    return all?.name == context.champion.name ? nil : all?.name
  }
}

@Suite("Retraining")
struct RetrainingTests {
  private static let end = Timestamp(microseconds: 1_767_225_600_000_000)
  private static let cut = end.advanced(bySeconds: -60 * 86_400)
  private let folder: TemporaryFolder
  private let stop = StopSign()

  /// Asked to stop after so many questions.
  private final class StopSign: Sendable {
    let left = Mutex(Int.max)
    func ask() -> Bool {
      left.withLock { left in
        left -= left > 0 ? 1 : 0
        return left == 0
      }
    }
  }

  init() throws { folder = try TemporaryFolder() }

  private func workspace(_ settings: String = "") throws -> Workspace {
    for name in ["data", "models"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
    }
    let surroundings = Workspace.Surroundings(
      now: { Self.end }, wait: { _ in }, shouldStop: { [stop] in stop.ask() },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, latheVersion: "test")
    let text = "training: {candidates: [baseline, forest, ridge], cv_folds: 3, forest: {tree_count: 10}}\ncomparison: {min_rows: 50}\n"
    let workspace = try Workspace(folder: folder.path, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(effective: try Settings.load(text + settings, named: "lathe.yaml", overrides: overrides))
    }
    if !FileManager.default.fileExists(atPath: workspace.sourcePath) {
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
    }
    return workspace
  }

  private func request() -> RetrainingRequest { RetrainingRequest(asOf: Self.end) }

  @Test("judges by results after the champion's training, deploys the winner, and keeps the verdict")
  func deploys() throws {
    let workspace = try workspace()
    let champion = try workspace.champion()
    let told = Mutex<[TrainingProgress]>([])
    let retraining = try workspace.retrain(request(), policy: AnsweringPolicy.best) { step in told.withLock { $0.append(step) } }
    let verdict = retraining.verdict
    #expect(verdict.blocks.first == Self.cut && verdict.blocks.last == Self.end && verdict.blocks.count == 4 && verdict.rows > 150)
    #expect(verdict.candidates.map(\.name) == ["baseline", "forest", "ridge"] && verdict.candidates.allSatisfy { $0.refusal == nil })
    #expect(verdict.champion.metrics["process_match"] == verdict.candidates[1].metrics["process_match"])
    let winner = try #require(verdict.winner)
    let figures = try #require(verdict.candidates.first { $0.name == winner })
    #expect(winner != "baseline" && (figures.improvementPercent ?? 0) > 5 && (figures.difference?.meanDifference ?? 0) > 0)
    #expect(figures.blocks.count == 3 && figures.blocks.allSatisfy { $0["trim_mae"] != nil })
    // The version serves with the trained model, and can be followed back to the verdict.
    let deployment = try #require(retraining.deployment)
    #expect(try workspace.models.active() == ActiveModel(version: deployment.version, previous: champion.version))
    let manifest = try workspace.models.manifest(of: deployment.version)
    #expect(
      manifest.description.kind == winner && manifest.description.trainedUntil == Self.end
        && manifest.description.parent == champion.version)
    #expect(manifest.description.metrics["trim_mae"] == figures.metrics["trim_mae"])
    #expect(manifest.description.strategyDigests == ["strategies/comparison/answering.lua": "ab"])
    let served = try workspace.champion()
    #expect(served.regressor?.name == winner)
    let entry = try #require(try workspace.ledger().verdicts().first)
    #expect(entry.id == retraining.id && entry.version == deployment.version && entry.record.champion == champion.version)
    let kept = try #require(try workspace.ledger().verdict(retraining.id))
    #expect(try JSONDecoder().decode(Verdict.self, from: Data(kept.utf8)) == verdict)
    #expect(try workspace.ledger().lastTraining(asOf: Self.end)?.outcome == "activated")
    // What is told goes on to the end.
    let shares = told.withLock { $0.map(\.share) }
    #expect(shares.last == 1 && told.withLock { $0.contains { $0.step.contains("forest (2 of 3)") } })
    #expect(verdict.text().contains("'answering': \(winner) takes over") && verdict.text().contains("the champion would have stayed"))
    // Nothing is known that the new champion does not know: there is nothing to judge by.
    #expect(throws: RetrainingError.self) { try workspace.retrain(request(), policy: AnsweringPolicy.best) }
  }

  /// A winner of the first forty days after the cut that is a shadow for two cycles, and the champion.
  private func shadowed() throws -> (workspace: Workspace, champion: String, shadow: Shadow) {
    let workspace = try workspace().refreshed(overriding: [
      ConfigurationOverride("comparison.shadow_cycles", "2"), ConfigurationOverride("comparison.min_rows", "10"),
    ])
    let champion = try workspace.champion().version
    let asOf = Self.cut.advanced(bySeconds: 40 * 86_400)
    let retraining = try workspace.retrain(RetrainingRequest(asOf: asOf), policy: AnsweringPolicy { _ in "forest" })
    let deployment = try #require(retraining.deployment)
    #expect(deployment.isShadow && deployment.candidate == "forest")
    #expect(try workspace.champion().version == champion && workspace.ledger().verdicts().first?.version == nil)
    let shadow = try #require(try workspace.ledger().shadows().first)
    #expect(shadow.version == deployment.version && shadow.champion == champion && shadow.state == .watching && shadow.seen == 0)
    return (workspace, champion, shadow)
  }

  private func cycle(_ workspace: Workspace, of champion: String, at instant: Timestamp = end) throws {
    let ledger = try workspace.ledger()
    let start = CycleStart(asOf: instant, since: Self.cut, seed: 1, champion: champion, configuration: "", latheVersion: "test")
    try ledger.finish(ledger.begin(start, at: Self.end), as: .done, at: Self.end)
  }

  @Test(
    "a shadow predicts beside the champion for as many cycles as are wanted, then the policy decides again, on rows that neither had learnt from"
  )
  func shadowPromoted() throws {
    let (workspace, champion, shadow) = try shadowed()
    let seen = Mutex<[ComparisonContext]>([])
    let policy = AnsweringPolicy { context in
      seen.withLock { $0.append(context) }
      return "forest"
    }
    try cycle(workspace, of: champion)
    let first = try #require(try workspace.tendShadow(asOf: Self.end, policy: policy))
    #expect(first.seen == 1 && first.outcome == nil && first.rows > 30 && first.championError != first.shadowError)
    #expect(seen.withLock { $0.isEmpty } && first.words.contains("1 of 2 cycles"))
    // It is kept while it is watched.
    #expect(try !workspace.registry().prune(keep: 1, isTrial: true).removed.contains { $0.version == shadow.version })
    // Cycles of another champion do not count.
    try cycle(workspace, of: "another")
    #expect(try workspace.tendShadow(asOf: Self.end, policy: policy)?.outcome == nil)
    try cycle(workspace, of: champion)
    let last = try #require(try workspace.tendShadow(asOf: Self.end, policy: policy))
    #expect(last.outcome?.hasPrefix("it serves now, by verdict ") == true)
    #expect(try workspace.models.active() == ActiveModel(version: shadow.version, previous: champion))
    let context = try #require(seen.withLock { $0.first })
    #expect(context.candidates.map(\.name) == ["forest"] && context.champion.errors.count == last.rows)
    #expect(context.candidates.first?.metrics["trim_mae"] == last.shadowError && context.champion.metrics["trim_mae"] == last.championError)
    let entry = try #require(try workspace.ledger().verdicts().first)
    #expect(entry.version == shadow.version && entry.record.winner == "forest")
    #expect(try workspace.ledger().shadows().first?.state == .promoted && workspace.tendShadow(asOf: Self.end, policy: policy) == nil)
  }

  @Test("a shadow is dropped when the policy keeps the champion, when another serves, and replaced by a newer winner")
  func shadowDropped() throws {
    let (workspace, champion, shadow) = try shadowed()
    for _ in 0..<2 { try cycle(workspace, of: champion) }
    #expect(
      try workspace.tendShadow(asOf: Self.end, policy: AnsweringPolicy { _ in nil })?.outcome?.contains("the champion stays") == true)
    #expect(try workspace.champion().version == champion && workspace.ledger().shadows().first?.state == .dropped)
    _ = try workspace.retrain(request(), policy: AnsweringPolicy { _ in "ridge" })
    _ = try workspace.retrain(request(), policy: AnsweringPolicy { _ in "forest" })
    #expect(try workspace.ledger().shadows().map(\.state) == [.watching, .replaced, .dropped])
    // Without later results there is nothing to decide by, and the champion stays.
    for _ in 0..<2 { try cycle(workspace, of: champion) }
    #expect(try workspace.tendShadow(asOf: Self.end, policy: AnsweringPolicy { _ in "forest" })?.outcome?.contains("stays") == true)
    _ = try workspace.retrain(request(), policy: AnsweringPolicy { _ in "ridge" })
    try workspace.activate(shadow.version)
    #expect(try workspace.tendShadow(asOf: Self.end, policy: AnsweringPolicy.best)?.outcome?.contains("serves by now") == true)
    #expect(try workspace.champion().version == shadow.version)
  }

  @Test("gives the same verdict and the same model again, with another number of threads too")
  func repeatable() throws {
    var runs: [(verdict: Verdict, model: String?)] = []
    for threads in [1, 2] {
      let workspace = try workspace("").refreshed(overriding: [ConfigurationOverride("training.threads", "\(threads)")])
      let champion = try #require(try workspace.models.list().first)
      try workspace.activate(champion)
      let retraining = try workspace.retrain(request(), policy: AnsweringPolicy { _ in "forest" })
      var verdict = retraining.verdict
      verdict.plan.threads = 0
      for place in verdict.candidates.indices {
        (verdict.candidates[place].fitSeconds, verdict.candidates[place].latencyMilliseconds) = (0, 0)
      }
      verdict.champion.latencyMilliseconds = 0
      let manifest = try workspace.models.manifest(of: try #require(retraining.deployment).version)
      runs.append((verdict, manifest.files.first { $0.name == "minutes.model" }?.sha256))
    }
    #expect(runs[0].verdict == runs[1].verdict && runs[0].model != nil && runs[0].model == runs[1].model)
  }

  @Test("keeps the champion when the policy does, when it fails, and when there are too few rows to ask it")
  func stays() throws {
    struct Broken: Error, CustomStringConvertible { let description = "the policy is broken" }
    let workspace = try workspace()
    let before = try workspace.models.list()
    let kept = try workspace.retrain(request(), policy: AnsweringPolicy { _ in nil })
    #expect(kept.deployment == nil && kept.verdict.winner == nil && kept.verdict.reasons == ["told"] && kept.verdict.flip == nil)
    let broken = try workspace.retrain(request(), policy: AnsweringPolicy { _ in throw Broken() })
    #expect(broken.deployment == nil && broken.verdict.failure?.message == "the policy is broken")
    let strict = try workspace.refreshed(overriding: [ConfigurationOverride("comparison.min_rows", "100000")])
    let few = try strict.retrain(request(), policy: AnsweringPolicy { _ in throw Broken() })
    #expect(few.deployment == nil && few.verdict.failure == nil)
    #expect(few.verdict.reasons == [["code": "NO_EVIDENCE", "rows": .integer(Int64(few.verdict.rows)), "needed": 100_000]])
    #expect(try workspace.models.list() == before && workspace.ledger().verdicts().map(\.version) == [nil, nil, nil])
  }

  @Test("does not deploy over a version that came into force meanwhile")
  func overtaken() throws {
    let workspace = try workspace()
    let champion = try workspace.champion().version
    let other = try workspace.trainBaseline(until: Self.cut).version
    try workspace.activate(champion)
    let policy = AnsweringPolicy { [workspace] _ in
      try workspace.activate(other)
      return "forest"
    }
    #expect(throws: ModelStoreError.otherChampion(expected: champion, found: other)) { try workspace.retrain(request(), policy: policy) }
    #expect(try workspace.models.active()?.version == other && workspace.models.list() == [champion, other])
    #expect(try workspace.ledger().verdicts().first?.version == nil)
  }

  @Test("can be stopped at any moment, and leaves nothing behind", arguments: [1, 2, 5, 20, 60, 150])
  func cancelled(_ questions: Int) throws {
    let workspace = try workspace()
    let before = (try workspace.models.list(), try workspace.models.active())
    stop.left.withLock { $0 = questions }
    #expect(throws: CancellationError.self) { try workspace.retrain(request(), policy: AnsweringPolicy.best) }
    stop.left.withLock { $0 = .max }
    #expect(try workspace.models.list() == before.0 && workspace.models.active() == before.1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("models")).allSatisfy { !$0.hasPrefix(".creating") })
    #expect(try workspace.retrain(request(), policy: AnsweringPolicy.best).deployment != nil)
  }

  @Test("refuses candidates that do not exist before anything is trained, and goes on without one that cannot be fitted")
  func wrongCandidates() throws {
    let workspace = try workspace()
    for (wrong, words) in [("forrest", "'forest'"), ("bagging", "no candidate 'bagging'")] {
      let error = #expect(throws: (any Error).self) {
        try workspace.retrain(RetrainingRequest(asOf: Self.end, candidates: [wrong]), policy: AnsweringPolicy.best)
      }
      #expect("\(error.map { "\($0)" } ?? "")".contains(words))
    }
    let wrong = try workspace.refreshed(overriding: [ConfigurationOverride("training.ridge", "{alpah: 1}")])
    let error = #expect(throws: (any Error).self) { try wrong.retrain(request(), policy: AnsweringPolicy.best) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("alpha"))
    #expect(try workspace.ledger().verdicts().isEmpty)
  }

  @Test("lets no policy choose what is no prediction")
  func guards() {
    func scores(_ predictions: [Double]) -> CandidateScores {
      CandidateScores(
        name: "c", complexity: 1, predictions: predictions, errors: predictions.map { abs($0 - 2) }, metrics: [:], blocks: [],
        coldStart: [:],
        fitSeconds: 0, latencyMilliseconds: 0)
    }
    let champion = scores([1, 2, 3])
    #expect(ComparisonRoom.refusal(scores([1, 2, 3]), champion) == .identical)
    #expect(ComparisonRoom.refusal(scores([1, .nan, .infinity]), champion) == .notFinite(rows: 2))
    #expect(ComparisonRoom.refusal(scores([2, 2, 2]), champion) == .constant(2))
    #expect(ComparisonRoom.refusal(scores([2, 2, 2.5]), champion) == nil)
    #expect(Verdict.Refusal.notFinite(rows: 1).words == "predicts no finite number for 1 row")
  }

  @Test("says at which error the decision would have been another")
  func flip() throws {
    let workspace = try workspace()
    for (limit, winner) in [(0.8, nil), (1.5, "forest")] {
      let first = Mutex(0.0)
      let policy = AnsweringPolicy { context in
        let error = context.candidates[0].metrics["trim_mae"] ?? 0
        #expect(context.items.count == context.champion.errors.count)
        let before = first.withLock { first in
          if first == 0 { first = error }
          return first
        }
        return error <= before * limit ? "forest" : nil
      }
      let request = RetrainingRequest(asOf: Self.end, candidates: ["forest"])
      let verdict = try workspace.retrain(request, policy: policy).verdict
      let flip = try #require(verdict.flip)
      #expect(verdict.winner == winner && flip.candidate == "forest" && flip.trimMae == verdict.candidates[0].metrics["trim_mae"])
      #expect(abs(flip.turningTrimMae / flip.trimMae - limit) < 0.002)
    }
  }
}
