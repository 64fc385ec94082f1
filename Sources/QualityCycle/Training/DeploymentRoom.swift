public import Learning
public import Ledger
public import Routing
public import Tabular

/// What the ninth room hands over: the version that serves from now on.
public struct Deployment: Hashable, Codable, Sendable {
  /// The new version, and the one that served before it.
  public var version, replaced: String
  /// The kind of challenger that it is.
  public var candidate: String
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
  ///   - progress: Told what is being done.
  /// - Throws: ``ModelStoreError/otherChampion(expected:found:)`` when another version serves by now than the one that was challenged, what
  ///   fitting and writing throw, `CancellationError`. The champion serves then as before, and a version that was made already is set aside.
  public func enter(
    _ verdict: Verdict, number: Int64, _ trained: TrainedCandidates, in context: FitContext,
    progress: (TrainingProgress) -> Void = { _ in }
  ) throws -> Deployment? {
    guard let winner = verdict.winner, let candidate = trained.plan.candidates.first(where: { $0.name == winner }) else { return nil }
    progress(TrainingProgress("fitting \(winner) to everything up to \(trained.plan.asOf)", 0))
    let model = try trained.refitted(candidate, in: context)
    progress(TrainingProgress("writing the version", 0.9))
    let version = try registry.deploy(
      description(of: model, candidate, verdict, trained.weights), asOf: trained.plan.asOf, insteadOf: trained.plan.champion,
      by: ServingDecision(.verdict, verdict: number, policy: verdict.policy.name)
    ) { draft in try model.write(to: draft) }
    return Deployment(version: version, replaced: trained.plan.champion, candidate: winner)
  }

  private func description(
    of model: RoutingModel, _ candidate: TrainingCandidate, _ verdict: Verdict, _ weights: LearntWeights?
  ) -> ModelDescription {
    var description = ModelDescription(model, kind: candidate.name, parent: verdict.plan.champion, latheVersion: latheVersion)
    let figures = verdict.candidates.first { $0.name == candidate.name }
    description.metrics = figures?.metrics.mapValues { $0 } ?? [:]
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
  /// The whole model of one challenger, fitted to everything up to the plan's instant.
  func refitted(_ candidate: TrainingCandidate, in context: FitContext) throws -> RoutingModel {
    var model = base
    guard let estimator = try candidate.estimator(), let state = rows.state else { return model }
    do {
      let learnt = rows.trainingRows(until: plan.asOf, limit: plan.maxRows, seed: plan.seed)
      let fitted = try estimator.fitted(rows.dataset(of: learnt), in: context)
      model.regressor = MinutesRegressor(name: candidate.name, model: fitted, state: state)
    } catch LearningError.cancelled { throw CancellationError() }
    return model
  }
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
