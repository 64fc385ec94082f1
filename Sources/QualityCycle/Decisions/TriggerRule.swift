public import Ledger
public import Routing
public import Tabular

/// Decides whether to retrain.
public protocol TriggerRule {
  /// Which rule it is.
  var identity: StrategyIdentity { get }

  /// Decides from what was measured. Throws ``StrategyFailure`` when the rule fails, or `CancellationError`.
  func decide(_ context: TriggerContext) throws -> TriggerDecision
}

/// What a trigger rule may know.
public struct TriggerContext: Sendable {
  /// The instant that may be known about.
  public var asOf: Timestamp
  /// Seed of everything random.
  public var seed: UInt64
  /// What this cycle measured.
  public var report: MetricReport
  /// The latest training as of now, and what became of it.
  public var lastTraining: (asOf: Timestamp, outcome: String)?
  /// Earlier cycles: `cycle_id`, `as_of`, each metric, `retrained`; oldest first.
  public var history: Frame
  /// How much longer each job took on each resource than the champion predicted, cycle by cycle, this one the last: `cycle_id`, `as_of`,
  /// `resource_code`, `job_code`, `results`, `mean_log_ratio`, `spread`, `first_completed_at`, `last_completed_at`; oldest first.
  public var groups: Frame
  /// The factory's data, cut at `asOf`.
  public var source: CutFactorySource

  /// Makes a context.
  public init(
    asOf: Timestamp, seed: UInt64, report: MetricReport, lastTraining: (asOf: Timestamp, outcome: String)?, history: Frame,
    groups: Frame, source: CutFactorySource
  ) {
    self.asOf = asOf
    self.seed = seed
    self.report = report
    self.lastTraining = lastTraining
    self.history = history
    self.groups = groups
    self.source = source
  }
}

/// What a trigger rule decided.
public struct TriggerDecision: Hashable, Codable, Sendable {
  /// Whether to retrain.
  public var retrain: Bool
  /// How soon.
  public var priority: JobPriority
  /// Why, in the rule's own words and figures.
  public var reasons: [PlainValue]
  /// Kinds of candidate to train; `nil`: those of the configuration.
  public var candidates: [String]?

  /// Makes a decision.
  public init(retrain: Bool, priority: JobPriority = .normal, reasons: [PlainValue] = [], candidates: [String]? = nil) {
    self.retrain = retrain
    self.priority = priority
    self.reasons = reasons
    self.candidates = candidates
  }
}
