import DataAccess
import Foundation
import Learning
import Metrics
public import Routing
public import Tabular

/// Contenders scored on the same rows: what a comparison rests on.
///
/// Figures are of rows that none of them had learnt from; there is no way to make one of figures of rows that were learnt from.
public struct ScoredContenders: Sendable {
  /// The plan that was followed.
  public let plan: TrainingPlan
  /// The champion's scores.
  public let champion: CandidateScores
  /// The scores of the challengers that could be trained.
  public let candidates: [CandidateScores]
  /// Why a challenger could not be trained, by name.
  public let failures: [String: String]
  /// The items of the verdict rows, as numbers: what intervals resample.
  public let items: [Int]
  /// When the blocks of the verdict rows begin, and at the end when the last one ends.
  public let blocks: [Timestamp]
  /// Rows after the champion's training that are no verdict rows, by reason.
  public let leftOut: [String: Int]
  /// The searches of challengers' parameters, by name; the plan has the parameters that were chosen.
  public var tunings: [String: TuningRecord] = [:]
  /// What the items' features were found to tell; `nil` when their weights were not learnt.
  public var weights: LearntWeights?
  /// Fingerprint of all rows that were learnt from and judged by, as 32 hexadecimal digits.
  public var dataFingerprint = ""

  /// Number of verdict rows.
  public var rowCount: Int { items.count }
}

/// What the seventh room hands over: the challengers scored on the verdict rows beside the champion, and all that is needed to refit one.
public struct TrainedCandidates: Sendable {
  /// The scores.
  public let scored: ScoredContenders
  /// Everything but the minutes, as of the plan's instant, and the rows that a model for it learns from.
  let base: RoutingModel
  let rows: MinutesRows

  /// The plan that was followed.
  public var plan: TrainingPlan { scored.plan }
}

/// One contender's predictions of the verdict rows and what follows from them.
public struct CandidateScores: Sendable {
  /// Its name.
  public let name: String
  /// How complex it is.
  public let complexity: Int
  /// Predicted run minutes of the verdict rows.
  let predictions: [Double]
  /// Absolute errors, row by row.
  public let errors: [Double]
  /// Metrics over all verdict rows.
  public let metrics: [String: Double]
  /// Metrics over each block.
  public let blocks: [[String: Double]]
  /// Metrics over the rows of items without any result before their block.
  public let coldStart: [String: Double]
  /// Seconds that fitting took, once for each block; milliseconds that predicting a thousand rows takes.
  public let fitSeconds, latencyMilliseconds: Double
}

/// Room 7: fits the challengers block by block and scores them on rows later than the champion's training.
public struct TrainingRoom {
  /// The factory.
  public let source: any FactorySource
  /// The version to be challenged.
  public let champion: RoutingModel
  /// Makes everything but the minutes.
  public let trainer: BaselineTrainer
  /// Whether to stop; asked from any thread, at least every 100 ms.
  public let shouldStop: @Sendable () -> Bool

  /// Makes the room.
  public init(source: any FactorySource, champion: RoutingModel, trainer: BaselineTrainer, shouldStop: @escaping @Sendable () -> Bool) {
    self.source = source
    self.champion = champion
    self.trainer = trainer
    self.shouldStop = shouldStop
  }

  /// Trains and scores.
  ///
  /// - Parameter progress: Told what is being done, from any thread.
  /// - Throws: ``TrainingError`` when there is nothing to learn from, what the source throws, `CancellationError`. A challenger that cannot
  ///   be fitted is one of ``TrainedCandidates/failures``.
  public func enter(_ plan: TrainingPlan, progress: @escaping @Sendable (TrainingProgress) -> Void) throws -> TrainedCandidates {
    let known = CutFactorySource(source, asOf: plan.asOf)
    let stopping = FitContext(seed: plan.seed, threads: plan.threads, shouldStop: shouldStop)
    func step(_ name: String, _ share: Double) throws {
      if shouldStop() { throw CancellationError() }
      progress(TrainingProgress(name, share))
    }
    var plan = plan
    try step("reading results", 0)
    let results = try known.results(of: nil, since: nil, until: plan.asOf)
    let items = try known.items(nil, columns: nil)
    let fingerprint = Digest128(of: [items, try known.routings(of: nil, validAt: nil), results]).description
    var (trainer, weights) = (trainer, LearntWeights?.none)
    if plan.learnsWeights == true {
      try step("learning features' weights", 0)
      // From what was known before the verdict rows: those who are judged by them must not have learnt from them in any way.
      let learnt = try stoppable {
        try trainer.learningWeights(
          from: CutFactorySource(source, asOf: plan.championTrainedUntil), until: plan.championTrainedUntil, in: stopping)
      }
      (trainer, weights) = (learnt.trainer, learnt.weights)
    }
    let base = try trainer.train(on: known, until: plan.asOf, in: stopping) { try step("collecting evidence", 0.15 * $0) }
    try step("looking operations up", 0.15)
    guard case .timestamp(let instants) = try results.column("completed_at").values else {
      throw TrainingError.noResults(source: source.name, until: plan.asOf)
    }
    let cuts = MinutesRows.blocks(
      of: instants.map { Double($0) / 1e6 }, since: plan.championTrainedUntil, until: plan.asOf, count: plan.blocks)
    let rows = try stoppable {
      try MinutesRows(
        items: items, results: results, basis: base.evidence.basis, choices: trainer.features,
        options: trainer.options, dimension: trainer.dimension, judging: cuts,
        learning: LearningChoice(limit: plan.maxRows, seed: plan.seed), freezing: base.evidence.items, in: stopping)
    }
    try step("asking the champion", 0.3)
    let judged = rows.judged
    let start = ContinuousClock.now
    let champions = try Predictor(champion).runMinutes(of: rows.requests(judged.rows), from: known)
    let championSeconds = (ContinuousClock.now - start) / .seconds(1)
    let actual = judged.rows.map { rows.runMinutes[$0] }
    var leftOut: [String: Int] = [:]
    let used = judged.rows.indices.filter { place in
      let reason =
        !(actual[place] > 0) || !actual[place].isFinite
        ? "no run minutes"
        : !champions[place].isFinite
          ? "not predicted by the champion"
          : !(judged.reference[place] > 0) || !(judged.baseline[place] > 0) ? "nothing was known of the operation" : nil
      if let reason { leftOut[reason, default: 0] += 1 }
      return reason == nil
    }
    let scorer = Scorer(
      actual: used.map { actual[$0] }, blocks: used.map { judged.blocks[$0] }, blockCount: cuts.count - 1,
      isNew: Self.isNew(judged, used), trimRatio: plan.trimRatio, processMatch: try processMatch(plan, known))
    var scores: [CandidateScores] = []
    var failures: [String: String] = [:]
    var tuning = Tuning(plan, rows, before: cuts[0])
    for (number, asked) in plan.candidates.enumerated() {
      var candidate = asked
      let share = { @Sendable [count = plan.candidates.count] (part: Double) in 0.35 + 0.65 * (Double(number) + part) / Double(count) }
      let name = "training \(candidate.name) (\(number + 1) of \(plan.candidates.count))"
      try step(name, share(0))
      let fittingFrom = tuning.isWanted(for: candidate) ? 0.6 : 0
      let context = FitContext(
        seed: plan.seed, threads: plan.threads,
        progress: { progress(TrainingProgress(name, share(fittingFrom + (1 - fittingFrom) * $0))) }, shouldStop: shouldStop)
      do {
        if tuning.isWanted(for: candidate) {
          let name = "tuning \(candidate.name) (\(number + 1) of \(plan.candidates.count))"
          candidate.parameters = try tuning.parameters(
            of: candidate,
            in: FitContext(
              seed: plan.seed, threads: plan.threads, progress: { progress(TrainingProgress(name, share(0.6 * $0))) },
              shouldStop: shouldStop))
          plan.candidates[number] = candidate
        }
        guard let estimator = try candidate.estimator() else {
          scores.append(
            try scorer.scores(candidate.name, 0, used.map { judged.baseline[$0] }, fitSeconds: 0, predictSeconds: 0, rowCount: used.count))
          continue
        }
        let found = try rows.judgedMinutes(by: estimator, blocksFrom: Array(cuts.dropLast()), in: context)
        scores.append(
          try scorer.scores(
            candidate.name, candidate.complexity, used.map { found.minutes[$0] }, fitSeconds: found.fitSeconds,
            predictSeconds: found.predictSeconds, rowCount: judged.rows.count))
      } catch LearningError.cancelled {
        throw CancellationError()
      } catch let error as LearningError {
        failures[candidate.name] = error.description
      }
    }
    progress(TrainingProgress("comparing", 1))
    let scored = ScoredContenders(
      plan: plan,
      champion: try scorer.scores(
        plan.champion, 0, used.map { champions[$0] }, fitSeconds: 0, predictSeconds: championSeconds,
        rowCount: judged.rows.count),
      candidates: scores, failures: failures, items: used.map { rows.items[judged.rows[$0]] }, blocks: cuts, leftOut: leftOut,
      tunings: tuning.records, weights: weights, dataFingerprint: fingerprint)
    return TrainedCandidates(scored: scored, base: base, rows: rows)
  }

  /// Turns the wish to stop into the error that everything else knows it by.
  private func stoppable<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch LearningError.cancelled { throw CancellationError() } catch NeighborError.cancelled {
      throw CancellationError()
    }
  }

  /// Whether each row's item had no result yet when its block began.
  private static func isNew(_ judged: JudgedRows, _ used: [Int]) -> [Bool] {
    for column in judged.features.columns where column.name == "item_results" {
      if case .numeric(let counts) = column.values { return used.map { counts[$0] == 0 } }
    }
    return used.map { _ in false }
  }

  /// Items whose routings are compared: a thousand of them tell the share to two hundredths.
  private static let routingSample = 1000

  /// The champion's `process_match` on the results after its training; challengers change only minutes, so it is theirs as well.
  private func processMatch(_ plan: TrainingPlan, _ known: CutFactorySource) throws -> Double? {
    let window = Window(since: plan.championTrainedUntil, until: plan.asOf)
    var codes = try known.itemCodes(withResultsIn: window)
    var generator = SeededGenerator(seed: plan.seed, stream: "routings compared")
    for place in 0..<min(Self.routingSample, codes.count) { codes.swapAt(place, place + generator.integer(below: codes.count - place)) }
    codes = codes.prefix(Self.routingSample).sorted()
    let predictions = try Predictor(champion).predict(codes, from: CutFactorySource(source, asOf: window.since))
    let evaluation = try Evaluator(window: window, basis: champion.evidence.basis).evaluate(codes, predictions, against: known)
    let counts = evaluation.items.filter { $0.leftOut == nil && !$0.isUnderWay }.map(\.alignment)
    return Score.processMatch(counts.reduce(AlignmentCounts(), +)).value
  }
}
