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
  /// The versions.
  public let models: ModelStore
  /// Where it is noted.
  public let ledger: Ledger
  /// Lathe's version.
  public let latheVersion: String
  /// The clock on the wall, for names and notes.
  public let now: () -> Timestamp

  /// Makes the room.
  public init(models: ModelStore, ledger: Ledger, latheVersion: String, now: @escaping () -> Timestamp) {
    self.models = models
    self.ledger = ledger
    self.latheVersion = latheVersion
    self.now = now
  }

  /// Deploys the verdict's winner; `nil` when the champion stays.
  ///
  /// - Parameter progress: Told what is being done.
  /// - Throws: ``ModelStoreError/otherChampion(expected:found:)`` when another version serves by now than the one that was challenged, what
  ///   fitting and writing throw, `CancellationError`. The champion serves then as before, and a version that was made already is set aside.
  public func enter(
    _ verdict: Verdict, _ trained: TrainedCandidates, in context: FitContext, progress: (TrainingProgress) -> Void = { _ in }
  ) throws -> Deployment? {
    guard let winner = verdict.winner, let candidate = trained.plan.candidates.first(where: { $0.name == winner }) else { return nil }
    progress(TrainingProgress("fitting \(winner) to everything up to \(trained.plan.asOf)", 0))
    let model = try trained.refitted(candidate, in: context)
    progress(TrainingProgress("writing the version", 0.9))
    let version = try models.create(description(of: model, candidate, verdict), at: now()) { draft in try model.write(to: draft) }
    let asOf = trained.plan.asOf
    do {
      try ledger.noteTraining(version, asOf: asOf, outcome: "trained", at: now())
      try ledger.note("activate", subject: version, detail: "instead of \(trained.plan.champion), by verdict", at: now())
      try models.activate(version, insteadOf: trained.plan.champion)
      try ledger.noteTraining(version, asOf: asOf, outcome: "activated", at: now())
    } catch {
      // What serves is told by the switch alone: when that has been turned, the version stays, whatever the notes say.
      if (try? models.active())?.version != version {
        try? ledger.note("activation failed", subject: version, detail: "\(error)", at: now())
        try? models.setAside(version)
      }
      throw error
    }
    return Deployment(version: version, replaced: trained.plan.champion, candidate: winner)
  }

  private func description(of model: RoutingModel, _ candidate: TrainingCandidate, _ verdict: Verdict) -> ModelDescription {
    var description = ModelDescription(model, kind: candidate.name, parent: verdict.plan.champion, latheVersion: latheVersion)
    let figures = verdict.candidates.first { $0.name == candidate.name }
    description.metrics = figures?.metrics.mapValues { $0 } ?? [:]
    description.parameters["seed"] = .integer(Int64(bitPattern: verdict.plan.seed))
    description.parameters["estimator"] = .map(candidate.parameters)
    if let rows = verdict.plan.maxRows { description.parameters["max_rows"] = .integer(Int64(rows)) }
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
