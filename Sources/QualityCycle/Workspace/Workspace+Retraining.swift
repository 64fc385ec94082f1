import Configuration
import DataAccess
import Learning
import Ledger
import Logging
public import Routing
public import Tabular

/// What a retraining is asked to do, beyond the settings.
public struct RetrainingRequest: Hashable, Codable, Sendable {
  /// The instant that may be known about; `nil`: now.
  public var asOf: Timestamp?
  /// Kinds of challenger; `nil`: those of the settings.
  public var candidates: [String]?
  /// The job that asks; `nil`: a person does.
  public var job: Int64?

  /// Makes a request.
  public init(asOf: Timestamp? = nil, candidates: [String]? = nil, job: Int64? = nil) {
    self.asOf = asOf
    self.candidates = candidates
    self.job = job
  }
}

/// What came of a retraining.
public struct Retraining: Hashable, Codable, Sendable {
  /// The verdict's number in the ledger.
  public var id: Int64
  /// Who serves, and why.
  public var verdict: Verdict
  /// The new version; `nil` when the champion stays.
  public var deployment: Deployment?
}

extension Workspace {
  /// The plan of a retraining as `request` and the settings have it, for `champion`.
  ///
  /// - Throws: `LearningError` when a candidate or one of its parameters is wrong.
  public func trainingPlan(_ request: RetrainingRequest, champion: RoutingModel) throws -> TrainingPlan {
    let training = settings.training
    let candidates = (request.candidates ?? training.candidates).map { TrainingCandidate($0, training.parameters(of: $0)) }
    for candidate in candidates { _ = try candidate.estimator() }
    return TrainingPlan(
      asOf: request.asOf ?? surroundings.now(), champion: champion.version, championTrainedUntil: champion.trainedUntil,
      seed: UInt64(settings.sampling.seed), candidates: candidates, blocks: training.cvFolds, minRows: settings.comparison.minRows,
      maxRows: training.maxRows, trimRatio: settings.thresholds.trimRatio, threads: training.threads ?? 2,
      tuning: try TuningPlan(settings.tuning),
      learnsWeights: settings.features.weights == .learnt)
  }

  /// Trains the challengers, lets the policy decide, and deploys the winner. The verdict is in the ledger before anything changes.
  ///
  /// - Throws: ``WorkspaceError/noChampion``, what the rooms throw, `CancellationError`; the champion serves then as before.
  public func retrain(
    _ request: RetrainingRequest, policy: any ComparisonPolicy, progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) throws -> Retraining {
    do { return try retraining(request, policy, progress) } catch let error as DataAccessError where error.kind == .interrupted {
      throw CancellationError()
    }
  }

  /// The challengers of `plan`, trained and compared; nothing is kept and nothing changes.
  func judged(
    _ plan: TrainingPlan, champion: RoutingModel, policy: any ComparisonPolicy, progress: @escaping @Sendable (TrainingProgress) -> Void
  ) throws -> (trained: TrainedCandidates, verdict: Verdict) {
    let source = try source()
    let training = TrainingRoom(
      source: source, champion: champion, trainer: BaselineTrainer(settings), shouldStop: surroundings.shouldStop)
    let trained = try training.enter(plan, progress: progress)
    let history = try ledger().history(until: plan.asOf, metrics: MeasurementRoom.historyMetrics)
    return (trained, try ComparisonRoom(source: source, history: history, policy: policy).enter(trained.scored))
  }

  private func retraining(
    _ request: RetrainingRequest, _ policy: any ComparisonPolicy, _ progress: @escaping @Sendable (TrainingProgress) -> Void
  ) throws -> Retraining {
    let source = try source()
    try checkColumns(of: source)
    let ledger = try ledger()
    let champion = try champion()
    let plan = try trainingPlan(request, champion: champion)
    guard plan.asOf > plan.championTrainedUntil else {
      throw RetrainingError.nothingNew(asOf: plan.asOf, champion: plan.champion, trainedUntil: plan.championTrainedUntil)
    }
    let whole = { (from: Double, to: Double) in
      { @Sendable (part: TrainingProgress) in progress(TrainingProgress(part.step, from + part.share * (to - from))) }
    }
    let (trained, verdict) = try judged(plan, champion: champion, policy: policy, progress: whole(0, 0.85))
    let id = try ledger.record(
      verdict: verdict,
      of: RecordedVerdict(
        job: request.job, asOf: plan.asOf, champion: plan.champion, winner: verdict.winner, policy: verdict.policy.name,
        sha256: verdict.policy.sha256), at: surroundings.now())
    if let failure = verdict.failure { surroundings.logger.error("\(failure.message)", metadata: ["event": "strategy_error"]) }
    let report = whole(0.9, 1)
    let cycles = settings.comparison.shadowCycles
    let shadowing = { (version: String, candidate: String) in
      try ledger.beginShadow(version, of: plan.champion, candidate: candidate, verdict: id, cycles: cycles, at: self.surroundings.now())
    }
    let deployment = try DeploymentRoom(
      registry: registry(), latheVersion: surroundings.latheVersion
    ).enter(
      verdict, number: id, trained, shadowing: cycles > 0 ? shadowing : nil,
      in: FitContext(
        seed: plan.seed, threads: plan.threads, progress: { report(TrainingProgress("fitting \(verdict.winner ?? "")", 0.9 * $0)) },
        shouldStop: surroundings.shouldStop), progress: report)
    if let deployment, !deployment.isShadow { try ledger.noteDeployment(of: id, version: deployment.version) }
    progress(TrainingProgress("done", 1))
    return Retraining(id: id, verdict: verdict, deployment: deployment)
  }
}

/// Why there is nothing to retrain, or why what was trained cannot serve.
public enum RetrainingError: Error, Hashable, CustomStringConvertible {
  case nothingNew(asOf: Timestamp, champion: String, trainedUntil: Timestamp)

  /// The message, with what to do.
  public var description: String {
    switch self {
    case .nothingNew(let asOf, let champion, let trainedUntil):
      "\(champion) has learnt from results up to \(trainedUntil), and nothing later than \(asOf) may be known: there is nothing to judge "
        + "a challenger by; retrain as of a later time"
    }
  }
}
