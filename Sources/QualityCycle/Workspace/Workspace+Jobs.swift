import Configuration
public import Ledger
import Routing
public import Tabular

extension Workspace {
  /// The queue of jobs, with the bounds that the settings have.
  public func jobQueue() throws -> JobQueue {
    let queue = settings.queue
    return JobQueue(
      try ledger(),
      limits: JobLimits(
        maxSize: queue.maxSize, maxRetries: queue.maxRetries, retryBackoffSeconds: queue.retryBackoffSeconds,
        leaseSeconds: queue.leaseSeconds, seed: UInt64(settings.sampling.seed)))
  }

  /// Where the logs of jobs are: that of job `N` is `N.log`.
  public var jobLogFolder: String { path("logs/jobs") }
}

extension Workspace {
  /// Does a job with this workspace's settings: trains, compares, deploys.
  ///
  /// - Returns: `skipped` when the champion stays, or is another by now; a job whose earlier attempt had deployed already has succeeded.
  /// - Throws: `CancellationError`, and what ``retrain(_:policy:progress:)`` throws.
  public func perform(
    _ job: Job, policy: any ComparisonPolicy, progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) throws -> (outcome: JobOutcome, retraining: Retraining?) {
    if let done = try ledger().verdicts(limit: 1000).first(where: { $0.record.job == job.id && $0.version != nil }) {
      return (.succeeded(["verdict": .integer(done.id), "version": done.version.map { .text($0) } ?? .null]), nil)
    }
    let champion = try champion().version
    if champion != job.payload.champion {
      let reason = "\(champion) serves by now, not \(job.payload.champion), which was to be challenged"
      return (.skipped(reason: reason, ["champion": .text(champion)]), nil)
    }
    let request = RetrainingRequest(asOf: job.payload.asOf, candidates: job.payload.candidates, job: job.id)
    let retraining = try retrain(request, policy: policy, progress: progress)
    var value: [String: PlainValue] = ["verdict": .integer(retraining.id)]
    if let fingerprint = retraining.verdict.dataFingerprint { value["data_fingerprint"] = .text(fingerprint) }
    guard let deployment = retraining.deployment else {
      let reason = retraining.verdict.failure.map { "the policy failed: \($0.message)" } ?? "the champion stays"
      return (.skipped(reason: reason, .map(value)), retraining)
    }
    value[deployment.isShadow ? "shadow" : "version"] = .text(deployment.version)
    value["candidate"] = .text(deployment.candidate)
    return (.succeeded(.map(value)), retraining)
  }

  /// Takes up the next job and does it in this process; `nil` when none may start now. For scripts: workers do each in a process of its own.
  public func workOff(
    worker: String, policy: any ComparisonPolicy, progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) throws -> Job? {
    let queue = try jobQueue()
    guard let claim = try queue.claim(worker: worker, at: surroundings.now()) else { return nil }
    let outcome: JobOutcome
    var stop: CancellationError?
    do { outcome = try perform(claim.job, policy: policy, progress: progress).outcome } catch let error as CancellationError {
      (outcome, stop) = (.released(reason: "its script was stopped"), error)
    } catch {
      outcome = .failed(error: "\(error)", canRetry: false)
    }
    try queue.finish(claim, outcome, at: surroundings.now())
    if let stop { throw stop }
    return try queue.job(claim.job.id)
  }

  /// Queues a training that a person or a script asks for.
  public func enqueueTraining(candidates: [String]?, asOf: Timestamp?, priority: JobPriority, reason: String?) throws -> QueuedJob {
    let champion = try champion()
    let plan = try trainingPlan(RetrainingRequest(asOf: asOf, candidates: candidates), champion: champion)
    let payload = JobPayload(
      asOf: plan.asOf, seed: plan.seed, champion: champion.version, candidates: candidates, configuration: effective.canonicalText,
      reasons: .list(reason.map { [.text($0)] } ?? []))
    return try jobQueue().enqueue(JobRequest(payload: payload, priority: priority, ignoresCooldown: true), at: surroundings.now())
  }
}
