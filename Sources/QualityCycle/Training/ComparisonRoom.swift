import Ledger
import Metrics
public import Routing
public import Tabular

/// Room 8: asks the comparison policy which contender serves. What no policy may overrule is decided here.
///
/// Too few rows, a challenger that predicts as the champion does, one that predicts no finite numbers or always the same: none of these can
/// win. When the policy fails, nothing changes.
public struct ComparisonRoom {
  /// The factory.
  public let source: any FactorySource
  /// Earlier cycles, for the policy.
  public let history: Frame
  /// Who decides.
  public let policy: any ComparisonPolicy

  /// Makes the room.
  public init(source: any FactorySource, history: Frame, policy: any ComparisonPolicy) {
    self.source = source
    self.history = history
    self.policy = policy
  }

  /// Draws behind each interval.
  private static let resamples = 1000

  /// Decides.
  ///
  /// - Throws: `CancellationError` alone; a policy that fails is told in the verdict.
  public func enter(_ trained: ScoredContenders) throws -> Verdict {
    let (plan, champion) = (trained.plan, trained.champion)
    var verdict = Verdict(
      plan: plan, rows: trained.rowCount, leftOut: trained.leftOut, blocks: trained.blocks, champion: try figures(champion, nil, trained),
      candidates: [], policy: policy.identity, reasons: [], dataFingerprint: trained.dataFingerprint,
      featureWeights: trained.weights?.weights)
    var able: [CandidateScores] = []
    for candidate in plan.candidates {
      guard let scores = trained.candidates.first(where: { $0.name == candidate.name }) else {
        verdict.candidates.append(
          Verdict.Figures(
            name: candidate.name, metrics: [:], blocks: [], coldStart: [:], fitSeconds: 0, latencyMilliseconds: 0,
            refusal: .notTrained(trained.failures[candidate.name] ?? "it was not reached"), tuning: trained.tunings[candidate.name]))
        continue
      }
      var figures = try figures(scores, champion, trained)
      figures.tuning = trained.tunings[candidate.name]
      figures.refusal = Self.refusal(scores, champion)
      if figures.refusal == nil { able.append(scores) }
      verdict.candidates.append(figures)
    }
    if trained.rowCount < plan.minRows {
      verdict.reasons = [["code": "NO_EVIDENCE", "rows": .integer(Int64(trained.rowCount)), "needed": .integer(Int64(plan.minRows))]]
      return verdict
    }
    if able.isEmpty {
      verdict.reasons = [["code": "NO_CANDIDATE"]]
      return verdict
    }
    do {
      let decision = try policy.compare(context(champion, able, trained))
      verdict.winner = decision.winner
      verdict.reasons = decision.reasons
      verdict.flip = try flip(decision.winner, champion, able, trained)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      verdict.failure = error as? StrategyFailure ?? StrategyFailure(message: "\(error)")
      verdict.winner = nil
    }
    return verdict
  }

  static func refusal(_ candidate: CandidateScores, _ champion: CandidateScores) -> Verdict.Refusal? {
    let bad = candidate.predictions.count { !$0.isFinite }
    if bad > 0 { return .notFinite(rows: bad) }
    guard let first = candidate.predictions.first else { return nil }
    if candidate.predictions == champion.predictions { return .identical }
    return candidate.predictions.count > 1 && candidate.predictions.allSatisfy { $0 == first } ? .constant(first) : nil
  }

  private func figures(_ scores: CandidateScores, _ champion: CandidateScores?, _ trained: ScoredContenders) throws -> Verdict.Figures {
    var figures = Verdict.Figures(
      name: scores.name, metrics: scores.metrics, blocks: scores.blocks, coldStart: scores.coldStart, fitSeconds: scores.fitSeconds,
      latencyMilliseconds: scores.latencyMilliseconds)
    guard let champion else { return figures }
    if let before = champion.metrics["trim_mae"], let after = scores.metrics["trim_mae"], before > 0 {
      figures.improvementPercent = (before - after) / before * 100
    }
    figures.difference = try PairedTest.bootstrap(
      champion.errors, scores.errors, clusters: trained.items, using: Bootstrap(resamples: Self.resamples, seed: trained.plan.seed))
    return figures
  }

  private func context(_ champion: CandidateScores, _ candidates: [CandidateScores], _ trained: ScoredContenders) -> ComparisonContext {
    let (plan, items) = (trained.plan, trained.items)
    return ComparisonContext(
      asOf: plan.asOf, seed: plan.seed, champion: contender(champion, 1), candidates: candidates.map { contender($0, 1) }, items: items,
      history: history, source: CutFactorySource(source, asOf: plan.asOf))
  }

  /// A contender as the policy sees it, its errors times `factor`.
  private func contender(_ scores: CandidateScores, _ factor: Double) -> ComparisonContext.Contender {
    let scaled = { (figures: [String: Double]) in
      figures.merging(["mae", "trim_mae", "rmse", "wape", "bias"].compactMap { name in figures[name].map { (name, $0 * factor) } }) { $1 }
    }
    return ComparisonContext.Contender(
      name: scores.name, complexity: scores.complexity, metrics: scaled(scores.metrics), blocks: scores.blocks.map(scaled),
      errors: factor == 1 ? scores.errors : scores.errors.map { $0 * factor }, coldStart: scaled(scores.coldStart),
      fitSeconds: scores.fitSeconds, latencyMilliseconds: scores.latencyMilliseconds)
  }

  /// How often the policy is asked again: enough for a thousandth of the error.
  private static let halvings = 10

  /// Finds the error of the best challenger at which the policy decides otherwise, between half and twice its own.
  private func flip(
    _ winner: String?, _ champion: CandidateScores, _ able: [CandidateScores], _ trained: ScoredContenders
  ) throws -> Verdict.Flip? {
    let errors = { (scores: CandidateScores) in scores.metrics["trim_mae"] ?? .infinity }
    guard let best = able.first(where: { $0.name == winner }) ?? able.min(by: { errors($0) < errors($1) }), errors(best) > 0 else {
      return nil
    }
    func wins(_ factor: Double) throws -> Bool {
      var context = self.context(champion, able, trained)
      context.candidates = able.map { contender($0, $0.name == best.name ? factor : 1) }
      return try policy.compare(context).winner == best.name
    }
    var (stays, turns) = (1.0, winner == nil ? 0.5 : 2)
    if try wins(turns) == (winner != nil) { return nil }
    for _ in 0..<Self.halvings {
      let middle = (stays + turns) / 2
      if try wins(middle) == (winner != nil) { stays = middle } else { turns = middle }
    }
    return Verdict.Flip(candidate: best.name, trimMae: errors(best), turningTrimMae: errors(best) * (winner == nil ? turns : stays))
  }
}
