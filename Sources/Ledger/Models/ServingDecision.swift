public import Tabular

/// By which decision a version came into force.
public struct ServingDecision: Hashable, Codable, Sendable {
  /// A way of coming into force.
  public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
    /// A person chose it.
    case activate
    /// A person had it trained without a comparison.
    case baseline
    /// A comparison was won.
    case verdict
    /// A person took the switch back by one step.
    case rollback
    /// The version in force was damaged.
    case quarantine
    /// No decision that the ledger knows of: it was found in force.
    case found
  }

  /// How it came into force.
  public var kind: Kind
  /// The version that was in force until then; `nil`: none.
  public var replaced: String?
  /// Where a rollback would have gone from then on; `nil`: nowhere.
  public var previous: String?
  /// The number of the verdict, and the policy that it is of.
  public var verdict: Int64?
  /// The policy that the verdict is of.
  public var policy: String?
  /// What was said of it.
  public var reason: String?

  /// Makes a decision; what it replaces is known when it is carried out.
  public init(_ kind: Kind, verdict: Int64? = nil, policy: String? = nil, reason: String? = nil) {
    self.kind = kind
    self.verdict = verdict
    self.policy = policy
    self.reason = reason
  }

  /// In words: "verdict 12 of 'min_improvement'".
  public var words: String {
    let how =
      switch kind {
      case .activate: "hand"
      case .baseline: "training of the baseline, without a comparison"
      case .verdict: "verdict" + (verdict.map { " \($0)" } ?? "") + (policy.map { " of '\($0)'" } ?? "")
      case .rollback: "rollback" + (replaced.map { " from \($0)" } ?? "")
      case .quarantine: "quarantine: \(replaced ?? "the one in force") was damaged"
      case .found: "no decision that the ledger knows: it was found in force"
      }
    return how + (reason.map { ": \($0)" } ?? "")
  }
}

/// A decision about what serves in the ledger's list, and what became of it.
public struct ServingEntry: Hashable, Codable, Sendable {
  /// How far a decision came.
  public enum Outcome: String, Hashable, Codable, Sendable {
    /// It was noted; whether it was carried out is not known yet.
    case intended
    /// The switch was turned.
    case done
    /// The switch was not turned.
    case failed
  }

  /// Its number in the ledger.
  public var id: Int64
  /// The version that it is about.
  public var version: String
  /// When it was decided: the version serves from then on.
  public var decidedAt: Timestamp
  /// When the next one took over; `nil`: it serves still, or never did.
  public var until: Timestamp?
  /// What was decided.
  public var decision: ServingDecision
  /// Whether it was carried out.
  public var outcome: Outcome
  /// Why it was not carried out.
  public var failure: String?
}
