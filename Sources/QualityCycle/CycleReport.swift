public import Ledger
public import Routing
public import Tabular

/// Everything a cycle did, as its rooms left it in the ledger: what all reports are made from.
public struct CycleReport: Codable, Sendable {
  /// The cycle's number.
  public var cycle: Int64
  /// What it was to do.
  public var plan: CyclePlan
  /// The items it looked at.
  public var sample: Sample
  /// What was predicted.
  public var predicted: PredictedSample
  /// What became of the predictions.
  public var evaluation: Evaluation
  /// Figures and alerts.
  public var measured: MetricReport
  /// What was decided.
  public var trigger: TriggerOutcome
  /// The training that was queued; `nil` when none was asked for.
  public var job: QueuedJob?
  /// The cycles before it that knew no more than it does: `cycle_id`, `as_of`, each metric, `retrained`; oldest first.
  public var history: Frame

  /// Operations that a report explains one by one.
  static let explainedOperations = 12

  /// Alerts of all rooms: what was measured, and a trigger rule that failed.
  public var alerts: [Alert] {
    guard let failure = trigger.failure else { return measured.alerts }
    return [Alert(.strategyError, .critical, message: "\(failure.message); nothing is changed")] + measured.alerts
  }

  /// Reads the report of a finished cycle, or `nil` when the ledger has none of that number or it did not come to its end.
  public init?(_ cycle: Int64, in ledger: Ledger) throws {
    guard let plan = try ledger.value(CyclePlan.self, of: Room.plan.rawValue, in: cycle),
      let sample = try ledger.value(Sample.self, of: Room.sampling.rawValue, in: cycle),
      let predicted = try ledger.value(PredictedSample.self, of: Room.prediction.rawValue, in: cycle),
      let evaluation = try ledger.value(Evaluation.self, of: Room.evaluation.rawValue, in: cycle),
      let measured = try ledger.value(MetricReport.self, of: Room.measurement.rawValue, in: cycle),
      let trigger = try ledger.value(TriggerOutcome.self, of: Room.trigger.rawValue, in: cycle)
    else { return nil }
    self.cycle = cycle
    self.plan = plan
    self.sample = sample
    self.predicted = predicted
    self.evaluation = evaluation
    self.measured = measured
    self.trigger = trigger
    job = try ledger.value(QueuedJob?.self, of: Room.queueing.rawValue, in: cycle) ?? nil
    history = try Self.history(before: cycle, plan, in: ledger)
  }

  /// Reads the report of a finished cycle, or of the last one that finished when none is named.
  ///
  /// - Throws: ``WorkspaceError/noFinishedCycle(_:newest:)`` when there is none.
  public init(finished cycle: Int64?, in ledger: Ledger) throws {
    let finished = try ledger.history(until: Timestamp(microseconds: .max), metrics: [])
    var newest: Int64?
    if case .integer(let numbers) = try finished.column("cycle_id").values { newest = numbers.max() }
    guard let number = cycle ?? newest, let report = try CycleReport(number, in: ledger) else {
      throw WorkspaceError.noFinishedCycle(cycle, newest: newest)
    }
    self = report
  }

  /// The finished cycles that a report of `cycle` shows beside it: the same ones whenever it is made.
  static func history(before cycle: Int64, _ plan: CyclePlan, in ledger: Ledger) throws -> Frame {
    let known = try ledger.history(until: plan.asOf, metrics: MeasurementRoom.historyMetrics)
    guard case .integer(let numbers) = try known.column("cycle_id").values else { return known }
    return try known.filtering(Bitmap(numbers.map { $0 < cycle }))
  }

  init(
    cycle: Int64, plan: CyclePlan, sample: Sample, predicted: PredictedSample, evaluation: Evaluation, measured: MetricReport,
    trigger: TriggerOutcome, job: QueuedJob?, history: Frame
  ) {
    self.cycle = cycle
    self.plan = plan
    self.sample = sample
    self.predicted = predicted
    self.evaluation = evaluation
    self.measured = measured
    self.trigger = trigger
    self.job = job
    self.history = history
  }
}

/// The rooms of a cycle, by the names under which the ledger keeps what they handed over.
public enum Room: String, Codable, Sendable, CaseIterable {
  case plan, sampling, prediction, evaluation, measurement, trigger, queueing, reporting
}
