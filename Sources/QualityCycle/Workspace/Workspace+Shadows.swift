import Configuration
import Ledger
import Logging
import Routing
public import Tabular

/// How it stands with a shadow after a cycle.
public struct ShadowStanding: Hashable, Codable, Sendable {
  /// The shadow's version, and the champion's.
  public var version, champion: String
  /// Cycles that were seen, and that are wanted.
  public var seen, cycles: Int
  /// Rows that both were scored on, and the trimmed mean absolute error of each; `nil` without rows.
  public var rows: Int, shadowError: Double?, championError: Double?
  /// What became of it; `nil`: it is watched on.
  public var outcome: String?

  /// In a line.
  public var words: String {
    let rounded = { (value: Double?) in value.map { "\(($0 * 1000).rounded() / 1000)" } ?? "–" }
    return
      "shadow \(version): \(seen) of \(counted(cycles, "cycle")), trim_mae \(rounded(shadowError)) beside \(rounded(championError)) of "
      + "\(champion) on \(counted(rows, "row"))" + (outcome.map { "; \($0)" } ?? "")
  }
}

extension Workspace {
  /// Looks how the shadow does beside the champion, and when it was watched for as many cycles as are wanted, has the policy decide: it takes over, or is
  /// dropped. To be called after a cycle.
  ///
  /// - Parameter asOf: The instant that the cycle knew about; `nil`: now.
  /// - Returns: `nil` when there is no shadow.
  /// - Throws: What reading and activating throw; the champion serves then as before, and the shadow is watched on.
  public func tendShadow(asOf: Timestamp? = nil, policy: any ComparisonPolicy) throws -> ShadowStanding? {
    let ledger = try ledger()
    guard let shadow = try ledger.shadows(limit: 1).first, shadow.state == .watching else { return nil }
    let now = surroundings.now()
    var standing = ShadowStanding(
      version: shadow.version, champion: shadow.champion, seen: shadow.seen, cycles: shadow.cycles, rows: 0, shadowError: nil,
      championError: nil, outcome: nil)
    let champion = try champion()
    guard champion.version == shadow.champion else {
      let reason = "\(champion.version) serves by now, not \(shadow.champion), which it was compared with"
      try ledger.endShadow(shadow.id, as: .dropped, reason: reason, at: now)
      standing.outcome = "dropped: \(reason)"
      return standing
    }
    let source = try source()
    var plan = try trainingPlan(RetrainingRequest(asOf: asOf, candidates: []), champion: champion)
    plan.candidates = [TrainingCandidate(shadow.candidate, settings.training.parameters(of: shadow.candidate))]
    let scored = try ShadowRoom(
      source: source, champion: champion, shadow: model(shadow.version), checkCancellation: surroundings.checkCancellation
    ).enter(plan)
    standing.rows = scored.rowCount
    (standing.shadowError, standing.championError) = (scored.candidates.first?.metrics["trim_mae"], scored.champion.metrics["trim_mae"])
    guard shadow.seen >= shadow.cycles else { return standing }
    let history = try ledger.history(until: plan.asOf, metrics: MeasurementRoom.historyMetrics)
    let verdict = try ComparisonRoom(source: source, history: history, policy: policy).enter(scored)
    let id = try ledger.record(
      verdict: verdict,
      of: RecordedVerdict(
        job: nil, asOf: plan.asOf, champion: plan.champion, winner: verdict.winner, policy: verdict.policy.name,
        sha256: verdict.policy.sha256), at: now)
    if let failure = verdict.failure { surroundings.logger.error("\(failure.message)", metadata: ["event": "strategy_error"]) }
    guard verdict.winner != nil else {
      let reason = verdict.failure == nil ? "verdict \(id): the champion stays" : "verdict \(id): the policy failed"
      try ledger.endShadow(shadow.id, as: .dropped, reason: reason, at: now)
      standing.outcome = "dropped: \(reason)"
      return standing
    }
    try registry().activate(
      shadow.version, insteadOf: shadow.champion, by: ServingDecision(.verdict, verdict: id, policy: verdict.policy.name))
    try ledger.noteDeployment(of: id, version: shadow.version)
    try ledger.endShadow(shadow.id, as: .promoted, reason: "verdict \(id)", at: now)
    standing.outcome = "it serves now, by verdict \(id)"
    return standing
  }
}
