public import Learning
public import Ledger
import Metrics
import Routing
import Tabular

/// What the ninth room hands over: the version that serves from now on.
public struct Deployment: Hashable, Codable, Sendable {
  /// The new version, and the one that served before it.
  public var version, replaced: String
  /// The kind of challenger that it is.
  public var candidate: String
  /// Whether it predicts beside the champion at first, and does not serve yet.
  public var isShadow = false
}

/// Room 9: refits the winner to everything that may be known, and puts it in force in one step; the version before it stays.
public struct DeploymentRoom {
  /// The versions, and where it is noted.
  public let registry: ModelRegistry
  /// Lathe's version.
  public let latheVersion: String

  /// Makes the room.
  public init(registry: ModelRegistry, latheVersion: String) {
    self.registry = registry
    self.latheVersion = latheVersion
  }

  /// Deploys the verdict's winner; `nil` when the champion stays.
  ///
  /// - Parameters:
  ///   - number: The verdict's number in the ledger.
  ///   - begin: Makes the version, the first name, of the kind of the second, a shadow of the champion; `nil`: it serves at once.
  ///   - progress: Told what is being done.
  /// - Throws: ``ModelStoreError/otherChampion(expected:found:)`` when another version serves by now than the one that was challenged, what
  ///   fitting and writing throw, `CancellationError`. The champion serves then as before, and a version that was made already is set aside.
  public func enter(
    _ verdict: Verdict, number: Int64, _ trained: TrainedCandidates, shadowing begin: ((String, String) throws -> Void)? = nil,
    in context: FitContext, progress: (TrainingProgress) -> Void = { _ in }
  ) throws -> Deployment? {
    guard let winner = verdict.winner, let candidate = trained.plan.candidates.first(where: { $0.name == winner }) else { return nil }
    progress(TrainingProgress("fitting \(winner) to everything up to \(trained.plan.asOf)", 0))
    let (model, setups) = try trained.refitted(candidate, in: context)
    progress(TrainingProgress("writing the version", 0.9))
    let description = description(of: model, candidate, verdict, setups, trained.scored.weights)
    if let begin {
      let version = try registry.prepare(description, asOf: trained.plan.asOf) { draft in
        try model.write(to: draft)
      } keeping: {
        try begin($0, winner)
      }
      return Deployment(version: version, replaced: trained.plan.champion, candidate: winner, isShadow: true)
    }
    let version = try registry.deploy(
      description, asOf: trained.plan.asOf, insteadOf: trained.plan.champion,
      by: ServingDecision(.verdict, verdict: number, policy: verdict.policy.name)
    ) { draft in try model.write(to: draft) }
    return Deployment(version: version, replaced: trained.plan.champion, candidate: winner)
  }

  private func description(
    of model: RoutingModel, _ candidate: TrainingCandidate, _ verdict: Verdict, _ setups: SetupFigures?, _ weights: LearntWeights?
  ) -> ModelDescription {
    var description = ModelDescription(model, kind: candidate.name, parent: verdict.plan.champion, latheVersion: latheVersion)
    let figures = verdict.candidates.first { $0.name == candidate.name }
    description.metrics = figures?.metrics.mapValues { $0 } ?? [:]
    if let setups {
      description.metrics["setup_mae"] = min(setups.model, setups.known)
      description.metrics["setup_mae_without_model"] = setups.known
    }
    description.parameters["seed"] = .integer(Int64(bitPattern: verdict.plan.seed))
    description.parameters["estimator"] = .map(candidate.parameters)
    if let rows = verdict.plan.maxRows { description.parameters["max_rows"] = .integer(Int64(rows)) }
    if let tuning = figures?.tuning { description.parameters["tuning"] = tuning.record }
    if let weights { description.parameters["feature_weights"] = weights.record }
    description.dataFingerprint = verdict.dataFingerprint
    description.strategyDigests = [verdict.policy.path: verdict.policy.sha256]
    return description
  }
}

extension TrainedCandidates {
  /// The whole model of one challenger, fitted to everything up to the plan's instant, and how well set-up minutes can be told. A model of them
  /// is part of it when that was the better on the last block of verdict rows, learnt from what was completed before it.
  func refitted(_ candidate: TrainingCandidate, in context: FitContext) throws -> (model: RoutingModel, setups: SetupFigures?) {
    var model = base
    guard let estimator = try candidate.estimator(), let state = rows.state else { return (model, nil) }
    do {
      let fitted = try fitted(estimator, .run, in: context.part("run minutes", from: 0, to: 0.6))
      let setups = try setupFigures(of: estimator, in: context.part("set-up minutes judged", from: 0.6, to: 0.8))
      var setupModel: (any Model)?
      if let setups, setups.model < setups.known {
        setupModel = try self.fitted(estimator, .setup, in: context.part("set-up minutes", from: 0.8, to: 1))
      }
      model.regressor = MinutesRegressor(name: candidate.name, model: fitted, setupModel: setupModel, state: state)
      return (model, setups)
    } catch LearningError.cancelled { throw CancellationError() }
  }

  private func fitted(_ estimator: any Estimator, _ target: MinutesTarget, in context: FitContext) throws -> any Model {
    try estimator.fitted(rows.dataset(of: rows.trainingRows(of: target, until: plan.asOf), target: target), in: context)
  }

  /// Mean absolute errors of set-up minutes on the last block; `nil` when fewer than ``fewestSetups`` rows tell.
  private func setupFigures(of estimator: any Estimator, in context: FitContext) throws -> SetupFigures? {
    let starts = Array(scored.blocks.dropLast())
    guard let last = starts.last else { return nil }
    let judged = rows.judged
    let places = judged.rows.indices.filter {
      judged.blocks[$0] == starts.count - 1 && rows.setupMinutes[judged.rows[$0]].isFinite && judged.setupReference[$0].isFinite
    }
    guard places.count >= Self.fewestSetups,
      rows.indices(of: .setup, since: .distantPast, until: last).count >= Self.fewestSetups
    else { return nil }
    let found = try rows.judgedMinutes(
      by: estimator, of: .setup, blocksFrom: starts, only: starts.count - 1..<starts.count, in: context)
    let actual = places.map { rows.setupMinutes[judged.rows[$0]] }
    return SetupFigures(
      model: try Score.mae(actual, places.map { found.minutes[$0] }).value ?? .infinity,
      known: try Score.mae(actual, places.map { judged.setupReference[$0] }).value ?? .infinity)
  }

  /// Rows with set-up minutes below which nothing is learnt of them.
  private static let fewestSetups = 100
}

/// Mean absolute errors of set-up minutes on rows that were not learnt from: of a model of them, and of what the operation's own results tell.
struct SetupFigures: Hashable, Sendable {
  var model, known: Double
}

extension ModelDescription {
  /// What is told of every version: features, and what it was made of.
  init(_ model: RoutingModel, kind: String, parent: String?, latheVersion: String) {
    self.init(
      kind: kind, trainedUntil: model.trainedUntil,
      features: model.encoder.features.map { Feature(name: $0.name, kind: $0.kind.rawValue, weight: $0.weight) },
      parameters: [
        "basis": .text(model.evidence.basis.rawValue), "dimension": .integer(Int64(model.encoder.dimension)),
        "items": .integer(Int64(model.evidence.itemCount)), "results": .integer(Int64(model.evidence.resultCount)),
        "orders": .integer(Int64(model.evidence.orderCount)),
        "left_out": .map(model.evidence.leftOut.mapValues { .integer(Int64($0)) }),
      ], parent: parent, latheVersion: latheVersion)
  }
}
