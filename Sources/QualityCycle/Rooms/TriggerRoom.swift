public import Ledger
public import Routing
public import Tabular

/// What the fifth room hands over: a rule's decision, and which rule made it.
public struct TriggerOutcome: Hashable, Codable, Sendable {
  /// The decision in force.
  public var decision: TriggerDecision
  /// Which rule decided.
  public var rule: StrategyIdentity
  /// Why the rule failed and nothing is changed instead; `nil` when it did not.
  public var failure: StrategyFailure?
}

/// Room 5: asks the trigger rule whether to retrain. When the rule fails, nothing changes.
public struct TriggerRoom {
  /// The factory.
  public let source: any FactorySource
  /// What earlier cycles left.
  public let ledger: Ledger
  /// Who decides.
  public let rule: any TriggerRule

  /// Makes the room.
  public init(source: any FactorySource, ledger: Ledger, rule: any TriggerRule) {
    self.source = source
    self.ledger = ledger
    self.rule = rule
  }

  /// Decides from what was measured.
  public func enter(_ report: MetricReport, _ plan: CyclePlan, cycle: Int64) throws -> TriggerOutcome {
    let context = TriggerContext(
      asOf: plan.asOf, seed: plan.seed, report: report, lastTraining: try ledger.lastTraining(asOf: plan.asOf),
      history: try ledger.history(until: plan.asOf, metrics: MeasurementRoom.historyMetrics),
      groups: try ledger.driftGroups(champion: plan.champion, asOf: plan.asOf, cycle: cycle),
      source: CutFactorySource(source, asOf: plan.asOf))
    do {
      return TriggerOutcome(decision: try rule.decide(context), rule: rule.identity)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      let failure = error as? StrategyFailure ?? StrategyFailure(message: "\(error)")
      return TriggerOutcome(decision: TriggerDecision(retrain: false), rule: rule.identity, failure: failure)
    }
  }
}

/// Room 6: puts a wish for training into the queue.
public struct QueueingRoom {
  /// Where the queue is.
  public let ledger: Ledger
  /// The settings in force, as text.
  public let configuration: String

  /// Makes the room.
  public init(ledger: Ledger, configuration: String) {
    self.ledger = ledger
    self.configuration = configuration
  }

  /// Queues the training that `outcome` asks for; `nil` when it asks for none.
  public func enter(_ outcome: TriggerOutcome, _ plan: CyclePlan, cycle: Int64, at now: Timestamp) throws -> QueuedJob? {
    guard outcome.decision.retrain else { return nil }
    let payload = JobPayload(
      asOf: plan.asOf, seed: plan.seed, champion: plan.champion, candidates: outcome.decision.candidates, configuration: configuration,
      strategies: [outcome.rule.path: outcome.rule.sha256], reasons: .list(outcome.decision.reasons))
    let queue = JobQueue(ledger, limits: JobLimits(maxSize: plan.queueSize))
    return try queue.enqueue(JobRequest(payload: payload, cycle: cycle, priority: outcome.decision.priority), at: now)
  }
}
