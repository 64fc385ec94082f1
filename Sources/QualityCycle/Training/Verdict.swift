public import Metrics
public import Tabular

/// What the eighth room hands over: who serves from now on, and everything that it was decided by.
public struct Verdict: Hashable, Codable, Sendable {
  /// What was compared, and how.
  public var plan: TrainingPlan
  /// Rows that all contenders were scored on.
  public var rows: Int
  /// Rows that they were not, by reason.
  public var leftOut: [String: Int]
  /// When the blocks of rows begin, and when the last one ends.
  public var blocks: [Timestamp]
  /// The champion's figures.
  public var champion: Figures
  /// The challengers' figures, in the plan's order.
  public var candidates: [Figures]
  /// Which policy decided.
  public var policy: StrategyIdentity
  /// Why it failed, if it did: then nothing changes.
  public var failure: StrategyFailure?
  /// The challenger that takes over; `nil`: the champion stays.
  public var winner: String?
  /// The policy's reasons, or that of the guard that decided before it was asked.
  public var reasons: [PlainValue]
  /// What would have turned the decision, in words; `nil` when no error of the best challenger would.
  public var flip: Flip?
  /// Fingerprint of the rows that were learnt from and judged by; `nil` in verdicts of before it was taken.
  public var dataFingerprint: String?
  /// The weights of items' features that were learnt, by name; `nil` when they were not.
  public var featureWeights: [String: Double]?

  /// One contender's figures.
  public struct Figures: Hashable, Codable, Sendable {
    /// Its name.
    public var name: String
    /// Metrics over all rows.
    public var metrics: [String: Double]
    /// Metrics over each block.
    public var blocks: [[String: Double]]
    /// Metrics over items without any result before.
    public var coldStart: [String: Double]
    /// How much smaller its `trim_mae` is than the champion's, percent; `nil` for the champion.
    public var improvementPercent: Double?
    /// Champion's less its absolute error, with the range that drawing items again gives; `nil` for the champion.
    public var difference: PairedTest?
    /// Seconds that fitting took; milliseconds a thousand predictions take.
    public var fitSeconds, latencyMilliseconds: Double
    /// Why it could not win, whatever the policy says; `nil` when it could.
    public var refusal: Refusal?
    /// The search of its parameters; `nil` without one.
    public var tuning: TuningRecord?
  }

  /// Why a challenger cannot win.
  public enum Refusal: Hashable, Codable, Sendable {
    /// It could not be trained.
    case notTrained(String)
    /// It predicts every row as the champion does: there is nothing to compare.
    case identical
    /// It predicts something that is no finite number.
    case notFinite(rows: Int)
    /// It predicts the same for all rows.
    case constant(Double)

    /// In words.
    public var words: String {
      switch self {
      case .notTrained(let reason): "could not be trained: \(reason)"
      case .identical: "predicts every row exactly as the champion does"
      case .notFinite(let rows): "predicts no finite number for \(counted(rows, "row"))"
      case .constant(let value): "predicts \(value) for every row"
      }
    }
  }

  /// What would have turned the decision: the best challenger with other errors, all in proportion.
  public struct Flip: Hashable, Codable, Sendable {
    /// The challenger.
    public var candidate: String
    /// Its `trim_mae`, and that at which the decision turns.
    public var trimMae, turningTrimMae: Double

    /// In words.
    public func words(winner: String?) -> String {
      let rounded = { (value: Double) in (value * 1000).rounded() / 1000 }
      return winner == nil
        ? "\(candidate) would have taken over with a trim_mae of \(rounded(turningTrimMae)) or less; it has \(rounded(trimMae))"
        : "the champion would have stayed had the trim_mae of \(candidate) been over \(rounded(turningTrimMae)); it is \(rounded(trimMae))"
    }
  }
}
