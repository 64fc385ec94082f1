import DataAccess
public import Ledger
public import Logging
import Metrics
public import Routing
public import Tabular

/// One pass through the rooms: sample, predict, evaluate, measure, decide, queue.
///
/// Each room is one function from a value to the next, and each value is kept in the ledger before the next room is entered. A room
/// that fails leaves the ledger saying so and everything else as it was.
public struct QualityCycle {
  /// The factory.
  public let source: any FactorySource
  /// Where everything is kept.
  public let ledger: Ledger
  /// The frozen champion.
  public let predictor: any SamplePredicting
  /// Who chooses the items.
  public let sampling: any SamplingStrategy
  /// Who decides whether to retrain.
  public let trigger: any TriggerRule
  /// What happens outside of the plan: the clock on the wall (only for the ledger's notes), waiting, being told to stop, the log.
  public let surroundings: Surroundings

  /// What happens outside of the plan.
  public struct Surroundings {
    /// The time on the wall.
    public var now: () -> Timestamp
    /// Waits so many seconds.
    public var wait: (Double) throws -> Void
    /// Throws `CancellationError` when the cycle is to stop.
    public var checkCancellation: () throws -> Void
    /// Where log lines go.
    public var logger: Logger
    /// Lathe's version.
    public var latheVersion: String
    /// The settings in force, as text.
    public var configuration: String

    /// Makes surroundings.
    public init(
      now: @escaping () -> Timestamp, wait: @escaping (Double) throws -> Void, checkCancellation: @escaping () throws -> Void,
      logger: Logger, latheVersion: String, configuration: String
    ) {
      self.now = now
      self.wait = wait
      self.checkCancellation = checkCancellation
      self.logger = logger
      self.latheVersion = latheVersion
      self.configuration = configuration
    }
  }

  /// Makes a cycle.
  public init(
    source: any FactorySource, ledger: Ledger, predictor: any SamplePredicting, sampling: any SamplingStrategy, trigger: any TriggerRule,
    surroundings: Surroundings
  ) {
    self.source = source
    self.ledger = ledger
    self.predictor = predictor
    self.sampling = sampling
    self.trigger = trigger
    self.surroundings = surroundings
  }

  /// Runs `plan` to its end and returns what it found.
  ///
  /// - Throws: ``CycleError`` when the plan would let the champion know its own judges, `CancellationError` when told to stop, and
  ///   what reading the source or writing the ledger throws. The ledger then says in which room and why.
  public func run(_ plan: CyclePlan) throws -> CycleReport {
    guard plan.window.since >= plan.trainedUntil else {
      throw CycleError.windowBeforeTraining(since: plan.window.since, trainedUntil: plan.trainedUntil, champion: plan.champion)
    }
    guard plan.window.since < plan.asOf else { throw CycleError.emptyWindow(since: plan.window.since, asOf: plan.asOf) }
    let cycle = try ledger.begin(
      CycleStart(
        asOf: plan.asOf, since: plan.window.since, seed: plan.seed, champion: plan.champion, configuration: surroundings.configuration,
        latheVersion: surroundings.latheVersion), at: surroundings.now())
    var room = Room.plan
    do {
      let report = try walk(plan, cycle: cycle, room: &room)
      try ledger.finish(cycle, as: .done, retrain: report.trigger.decision.retrain, at: surroundings.now())
      return report
    } catch let error where error is CancellationError || (error as? DataAccessError)?.kind == .interrupted {
      try? ledger.finish(cycle, as: .interrupted, failure: "interrupted in room '\(room.rawValue)'", at: surroundings.now())
      throw error
    } catch {
      // The first failure is the one to tell; that the ledger could not note it (a full disk fails both) adds nothing.
      try? ledger.finish(cycle, as: .failed, failure: "room '\(room.rawValue)': \(error)", at: surroundings.now())
      log(.error, cycle, room, "failed", "\(error)")
      throw error
    }
  }

  private func walk(_ plan: CyclePlan, cycle: Int64, room: inout Room) throws -> CycleReport {
    try enter(.plan, &room)
    try keep(plan, .plan, cycle)
    log(
      .info, cycle, .plan, "started",
      "cycle \(cycle): \(plan.champion) knows up to \(plan.trainedUntil), judged by results after \(plan.window.since) up to \(plan.asOf)")

    try enter(.sampling, &room)
    let sample = try SamplingRoom(source: source, ledger: ledger, strategy: sampling).enter(plan)
    try keep(
      sample, .sampling, cycle,
      RecordedDecision(
        kind: "sampling", strategy: sample.strategy.name, sha256: sample.strategy.sha256, parameters: sample.strategy.parameters,
        decision: ["items": .integer(Int64(sample.items.count)), "population": .integer(Int64(sample.populationCount))],
        failure: sample.failure?.message))
    if let failure = sample.failure { log(.error, cycle, .sampling, "strategy_error", failure.message) }
    for remark in sample.remarks { log(.notice, cycle, .sampling, "remark", remark) }
    log(.info, cycle, .sampling, "sampled", "\(sample.items.count) of \(sample.populationCount) items by '\(sample.strategy.name)'")

    try enter(.prediction, &room)
    let prediction = PredictionRoom(source: source, predictor: predictor, wait: surroundings.wait)
    let evaluator = Evaluator(window: plan.window, basis: plan.basis)
    var whole: Evaluation?
    let predicted: PredictedSample
    if plan.takesAll {
      (predicted, whole) = try population(sample, plan, prediction, evaluator, cycle)
    } else {
      predicted = try prediction.enter(sample, plan)
    }
    try keep(predicted, .prediction, cycle)
    log(.info, cycle, .prediction, "predicted", "\(predicted.predictedCount) of \(sample.items.count) items predicted")

    try enter(.evaluation, &room)
    let evaluation =
      try whole ?? evaluator.evaluate(sample.items, predicted.results, against: source) { try prediction.minutes(of: $0, plan) }
    try keep(evaluation, .evaluation, cycle)
    log(
      .info, cycle, .evaluation, "evaluated",
      "\(evaluation.items.count { $0.leftOut == nil }) items, \(evaluation.operations.rowCount) operations compared")

    let watch = try WatchRoom(
      source: source, ledger: ledger, predictor: predictor, checkCancellation: surroundings.checkCancellation
    ).enter(evaluation, plan, cycle: cycle)
    try ledger.keep(watch, of: plan.champion, in: cycle)
    log(
      .debug, cycle, .evaluation, "watched",
      "\(watch.groups.reduce(0) { $0 + $1.results }) results since \(watch.since) in \(watch.groups.count) groups of job and resource")

    try enter(.measurement, &room)
    var measured = try MeasurementRoom(source: source).enter(evaluation, predicted, sample, plan)
    var explained: Set<String> = []
    measured.explained = try prediction.explained(
      measured.operations.prefix(CycleReport.explainedOperations).map(\.item).filter { explained.insert($0).inserted }, plan)
    try keep(measured, .measurement, cycle)
    let headline = ["mae", "trim_mae", "process_match", "coverage"].map { name in
      "\(name) \(measured[name]?.value.map(rounded) ?? "–")"
    }
    log(.info, cycle, .measurement, "measured", headline.joined(separator: ", "))
    logAlerts(of: measured, cycle)

    try enter(.trigger, &room)
    let outcome = try TriggerRoom(source: source, ledger: ledger, rule: trigger).enter(measured, plan, cycle: cycle)
    let decision = outcome.decision
    try keep(
      outcome, .trigger, cycle,
      RecordedDecision(
        kind: "trigger", strategy: outcome.rule.name, sha256: outcome.rule.sha256, parameters: outcome.rule.parameters,
        decision: [
          "retrain": .bool(decision.retrain), "priority": .text(decision.priority.name), "reasons": .list(decision.reasons),
        ], failure: outcome.failure?.message))
    if let failure = outcome.failure { log(.error, cycle, .trigger, "strategy_error", failure.message) }
    log(
      .info, cycle, .trigger, "decided",
      "'\(outcome.rule.name)': " + (decision.retrain ? "retrain, priority \(decision.priority.name)" : "no retraining"))

    try enter(.queueing, &room)
    let queueing = QueueingRoom(ledger: ledger, configuration: surroundings.configuration)
    let job = try queueing.enter(outcome, plan, cycle: cycle, at: surroundings.now())
    try keep(job, .queueing, cycle)
    if let job {
      log(
        .info, cycle, .queueing, "queued",
        "training job \(job.id) is \(job.status.rawValue)\(job.joined ? ", joined with an earlier wish" : "")")
    }

    try enter(.reporting, &room)
    let report = CycleReport(
      cycle: cycle, plan: plan, sample: sample, predicted: predicted, evaluation: evaluation, measured: measured, trigger: outcome,
      job: job, history: try CycleReport.history(before: cycle, plan, in: ledger))
    try record(report)
    return report
  }

  /// Items of a whole population that are predicted and evaluated at a time: what bounds the memory, as predictions with all their
  /// candidates and neighbours take ten kilobytes an item.
  private static let blockSize = 2000

  /// Rooms 2 and 3 over a whole population, block by block. Predictions are not kept.
  private func population(
    _ sample: Sample, _ plan: CyclePlan, _ room: PredictionRoom, _ evaluator: Evaluator, _ cycle: Int64
  ) throws -> (PredictedSample, Evaluation) {
    var predicted = PredictedSample(outcomes: [], predictedCount: 0, attempts: 1, failure: nil)
    var evaluations: [Evaluation] = []
    for start in stride(from: 0, to: max(1, sample.items.count), by: Self.blockSize) {
      try surroundings.checkCancellation()
      var block = sample
      block.items = Array(sample.items[start..<min(start + Self.blockSize, sample.items.count)])
      let part = try room.enter(block, plan)
      predicted.outcomes += part.outcomes.filter { $0.prediction == nil }
      predicted.predictedCount += part.predictedCount
      predicted.attempts = max(predicted.attempts, part.attempts)
      predicted.failure = part.failure ?? predicted.failure
      evaluations.append(try evaluator.evaluate(block.items, part.results, against: source) { try room.minutes(of: $0, plan) })
      log(.debug, cycle, .prediction, "block", "\(start + block.items.count) of \(sample.items.count) items predicted and evaluated")
    }
    return (predicted, try Evaluation.joining(evaluations))
  }

  private func enter(_ next: Room, _ room: inout Room) throws {
    room = next
    try surroundings.checkCancellation()
  }

  private func keep(_ value: some Encodable, _ room: Room, _ cycle: Int64, _ decision: RecordedDecision? = nil) throws {
    try ledger.keep(value, of: room.rawValue, in: cycle, decision: decision, at: surroundings.now())
  }

  private func record(_ report: CycleReport) throws {
    let measurements = report.measured.metrics.map { RecordedMeasurement(name: $0.name, value: $0.value, observations: $0.count) }
    let alerts = report.alerts.map {
      RecordedAlert(
        code: $0.code.rawValue, severity: $0.severity.rawValue, value: $0.value, threshold: $0.threshold, item: $0.item,
        operation: $0.operation, message: $0.message)
    }
    var errors: [String: (sum: Double, count: Int)] = [:]
    for figures in OperationFigures.all(in: report.evaluation) {
      errors[figures.item, default: (0, 0)].sum += figures.mae * Double(figures.results)
      errors[figures.item, default: (0, 0)].count += figures.results
    }
    let checks = report.sample.items.map { item in (item: item, error: errors[item].map { $0.sum / Double($0.count) }) }
    try ledger.record(measurements, alerts, checks: checks, asOf: report.plan.asOf, in: report.cycle)
  }

  /// Alerts of single items and operations that are told one by one before they are only counted.
  private static let toldOneByOne = 10

  /// Logs every alert on a line of its own. Past the first ones of single operations the lines are marked `repeated`: a log that keeps
  /// everything has them, one that a person follows leaves them out and tells how many there are.
  private func logAlerts(of report: MetricReport, _ cycle: Int64) {
    let alerts = report.alerts
    for alert in alerts where alert.item == nil { log(alert, cycle) }
    let single = alerts.filter { $0.item != nil }
    for (position, alert) in single.enumerated() { log(alert, cycle, isRepeated: position >= Self.toldOneByOne) }
    guard single.count > Self.toldOneByOne else { return }
    log(
      .notice, cycle, .measurement, "alerts",
      "\(report.singleAlerts.values.reduce(0, +)) alerts of single items and operations in all: \(report.singleAlertWords); the log file "
        + "and the reports have them")
  }

  private func log(_ alert: Alert, _ cycle: Int64, isRepeated: Bool = false) {
    var metadata: Logger.Metadata = [
      "cycle": "\(cycle)", "room": "\(Room.measurement.rawValue)", "event": "alert", "code": "\(alert.code.rawValue)",
      "severity": "\(alert.severity.rawValue)",
    ]
    if let item = alert.item { metadata["item"] = "\(item)" }
    if let operation = alert.operation { metadata["operation"] = "\(operation)" }
    if isRepeated { metadata["repeated"] = "true" }
    // An error is what failed. What was measured is a warning, however bad; its severity stands beside it.
    let level: Logger.Level = alert.severity == .info ? .info : .warning
    surroundings.logger.log(
      level: level, "\(alert.code.rawValue)\(alert.severity == .critical ? " (critical)" : ""): \(alert.message)", metadata: metadata)
  }

  private func log(_ level: Logger.Level, _ cycle: Int64, _ room: Room, _ event: String, _ message: String) {
    surroundings.logger.log(level: level, "\(message)", metadata: ["cycle": "\(cycle)", "room": "\(room.rawValue)", "event": "\(event)"])
  }
}

/// Why a cycle cannot be run as asked.
public enum CycleError: Error, Hashable, CustomStringConvertible {
  case windowBeforeTraining(since: Timestamp, trainedUntil: Timestamp, champion: String)
  case emptyWindow(since: Timestamp, asOf: Timestamp)

  /// The message for whoever asked.
  public var description: String {
    switch self {
    case .windowBeforeTraining(let since, let trainedUntil, let champion):
      "the window begins at \(since), but \(champion) has learnt from results up to \(trainedUntil): it would be judged by what it "
        + "knows; give a --since of \(trainedUntil) or later, or activate a version trained earlier"
    case .emptyWindow(let since, let asOf):
      "the window is empty: it begins at \(since) and ends at \(asOf); give an --as-of after --since"
    }
  }
}
