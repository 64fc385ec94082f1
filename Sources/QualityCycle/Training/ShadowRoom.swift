import Metrics
public import Routing
import Tabular

/// Scores a shadow beside the champion on all results since the shadow was trained.
///
/// Both are frozen, so it does not matter whether they predicted when the results came or do now: the figures are those of predicting side by side
/// in every cycle, over the same rows.
public struct ShadowRoom {
  /// The factory.
  public let source: any FactorySource
  /// The version that serves, and the one that may.
  public let champion, shadow: RoutingModel
  /// Throws `CancellationError` when the work is to stop; asked block by block.
  public let checkCancellation: () throws -> Void

  /// Makes the room.
  public init(
    source: any FactorySource, champion: RoutingModel, shadow: RoutingModel, checkCancellation: @escaping () throws -> Void = {}
  ) {
    self.source = source
    self.champion = champion
    self.shadow = shadow
    self.checkCancellation = checkCancellation
  }

  /// Items whose results are read and predicted at a time: what bounds the memory.
  private static let blockSize = 2000

  /// Scores both; `plan` has the shadow as its one candidate.
  ///
  /// - Throws: What the source throws, `CancellationError`.
  public func enter(_ plan: TrainingPlan) throws -> ScoredContenders {
    let since = max(champion.trainedUntil, shadow.trainedUntil)
    let window = Window(since: since, until: plan.asOf)
    let known = CutFactorySource(source, asOf: plan.asOf)
    let codes = since < plan.asOf ? try known.itemCodes(withResultsIn: window) : []
    var rows: [(item: Int, at: Double, actual: Double, champion: Double, shadow: Double)] = []
    var seconds = (champion: 0.0, shadow: 0.0)
    var leftOut: [String: Int] = [:]
    for start in stride(from: 0, to: codes.count, by: Self.blockSize) {
      try checkCancellation()
      let block = Array(codes[start..<min(start + Self.blockSize, codes.count)])
      let places = Dictionary(uniqueKeysWithValues: block.enumerated().map { ($1, start + $0) })
      let history = try WorkHistory(known.resultsOfOrders(of: block, in: window))
      let (requests, operations) = history.requests(in: window, basis: champion.evidence.basis)
      func asked(_ model: RoutingModel) throws -> (minutes: [Double], seconds: Double) {
        let begin = ContinuousClock.now
        let minutes = try Predictor(model).runMinutes(of: requests, from: CutFactorySource(source, asOf: since))
        return (minutes, (ContinuousClock.now - begin) / .seconds(1))
      }
      let (left, right) = (try asked(champion), try asked(shadow))
      seconds = (seconds.champion + left.seconds, seconds.shadow + right.seconds)
      for (place, operation) in operations.enumerated() {
        guard left.minutes[place].isFinite else {
          leftOut["not predicted by the champion", default: 0] += 1
          continue
        }
        rows.append(
          (
            places[requests[place].item] ?? 0, Double(operation.completedAt) / 1e6, operation.runMinutes(per: champion.evidence.basis),
            left.minutes[place], right.minutes[place]
          ))
      }
    }
    rows.sort { ($0.at, $0.item, $0.actual) < ($1.at, $1.item, $1.actual) }
    let cuts = MinutesRows.blocks(of: rows.map(\.at), since: since, until: max(plan.asOf, since), count: plan.blocks)
    let scorer = Scorer(
      actual: rows.map(\.actual),
      blocks: rows.map { row in max(0, cuts.dropFirst().firstIndex { row.at <= $0.seconds }.map { $0 - 1 } ?? 0) },
      blockCount: max(1, cuts.count - 1), isNew: rows.map { _ in false }, trimRatio: plan.trimRatio, processMatch: nil)
    let name = plan.candidates.first?.name ?? shadow.version
    return ScoredContenders(
      plan: plan,
      champion: try scorer.scores(
        plan.champion, 0, rows.map(\.champion), fitSeconds: 0, predictSeconds: seconds.champion, rowCount: rows.count),
      candidates: [
        try scorer.scores(
          name, plan.candidates.first?.complexity ?? 0, rows.map(\.shadow), fitSeconds: 0, predictSeconds: seconds.shadow,
          rowCount: rows.count)
      ], failures: [:], items: rows.map(\.item), blocks: cuts, leftOut: leftOut)
  }
}
