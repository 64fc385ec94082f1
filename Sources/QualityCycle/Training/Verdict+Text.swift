import Metrics
import Tabular

extension Verdict {
  /// The verdict as a person reads it on a terminal: a table of the contenders, the decision, its reasons, and what would have turned it.
  public func text() -> String {
    let number = { (value: Double?) in value.map { Cell.double(($0 * 1000).rounded() / 1000) } ?? .missing }
    let all = [champion] + candidates
    let column = { (cells: [Cell]) in try? Column(cells, as: .double) }
    let figure = { (name: String) in column(all.map { number($0.metrics[name]) }) }
    var columns: [(name: String, column: Column?)] = [
      ("contender", Column(["champion"] + candidates.map(\.name))), ("mae", figure("mae")), ("trim_mae", figure("trim_mae")),
      ("bias", figure("bias")), ("wape", figure("wape")), ("better by %", column(all.map { number($0.improvementPercent) })),
      ("at least", column(all.map { number($0.difference?.interval?.lower) })),
      ("at most", column(all.map { number($0.difference?.interval?.upper) })),
      ("new items", column(all.map { number($0.coldStart["trim_mae"]) })), ("fit s", column(all.map { number($0.fitSeconds) })),
      ("ms / 1000", column(all.map { number($0.latencyMilliseconds) })),
    ]
    columns.removeAll { $0.column.map { $0.missingCount == $0.count } ?? true }
    let frame = try? Frame(columns.compactMap { entry in entry.column.map { (entry.name, $0) } })
    var text =
      "\(counted(rows, "verdict row")) from \(plan.championTrainedUntil) to \(plan.asOf) in \(counted(max(0, blocks.count - 1), "block"))\n"
    for (reason, count) in leftOut.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      text += "left out: \(counted(count, "row")), \(reason)\n"
    }
    text += (frame.flatMap { try? $0.rendered() } ?? "") + "\n"
    for candidate in candidates { if let refusal = candidate.refusal { text += "\(candidate.name) \(refusal.words)\n" } }
    for candidate in candidates { if let tuning = candidate.tuning { text += "\(candidate.name): \(tuning.words)\n" } }
    if let featureWeights {
      let weights = featureWeights.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }
      text += "features' weights: " + weights.map { "\($0.key) \(($0.value * 100).rounded() / 100)" }.joined(separator: ", ") + "\n"
    }
    if let failure { text += "the policy '\(policy.name)' failed, so nothing changes: \(failure.message)\n" }
    text += "'\(policy.name)': " + (winner.map { "\($0) takes over" } ?? "the champion stays") + "\n"
    for reason in reasons { text += "  \(reason.description)\n" }
    if let flip { text += flip.words(winner: winner) + "\n" }
    return text
  }
}
