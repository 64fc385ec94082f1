public import Routing
public import Tabular

/// Decides whether a challenger takes the champion's place.
public protocol ComparisonPolicy {
  /// Which policy it is.
  var identity: StrategyIdentity { get }

  /// Compares contenders scored on the same rows. Throws ``StrategyFailure`` when the policy fails, or `CancellationError`.
  func compare(_ context: ComparisonContext) throws -> ComparisonDecision
}

/// What a comparison policy may know.
public struct ComparisonContext: Sendable {
  /// The instant that may be known about.
  public var asOf: Timestamp
  /// Seed of everything random.
  public var seed: UInt64
  /// The version that serves.
  public var champion: Contender
  /// Those that would take its place.
  public var candidates: [Contender]
  /// The item of each row, as a number: what intervals resample.
  public var items: [Int]
  /// Earlier cycles: `cycle_id`, `as_of`, each metric, `retrained`; oldest first.
  public var history: Frame
  /// The factory's data, cut at `asOf`.
  public var source: CutFactorySource

  /// Makes a context.
  public init(
    asOf: Timestamp, seed: UInt64, champion: Contender, candidates: [Contender], items: [Int], history: Frame,
    source: CutFactorySource
  ) {
    self.asOf = asOf
    self.seed = seed
    self.champion = champion
    self.candidates = candidates
    self.items = items
    self.history = history
    self.source = source
  }

  /// A version's scores on the verdict rows.
  public struct Contender: Sendable {
    /// Its name.
    public var name: String
    /// How complex it is: baseline 0 < mlp 1 < stacking 2.
    public var complexity: Int
    /// Metrics over all verdict rows; a metric without evidence is absent.
    public var metrics: [String: Double]
    /// The same for each time block, oldest first.
    public var blocks: [[String: Double]]
    /// Absolute errors, aligned row by row with those of every other contender.
    public var errors: [Double]
    /// Figures for items never seen in training.
    public var coldStart: [String: Double]
    /// What training took, and a prediction takes.
    public var fitSeconds, latencyMilliseconds: Double

    /// Makes a contender.
    public init(
      name: String, complexity: Int, metrics: [String: Double], blocks: [[String: Double]], errors: [Double],
      coldStart: [String: Double] = [:], fitSeconds: Double = 0, latencyMilliseconds: Double = 0
    ) {
      self.name = name
      self.complexity = complexity
      self.metrics = metrics
      self.blocks = blocks
      self.errors = errors
      self.coldStart = coldStart
      self.fitSeconds = fitSeconds
      self.latencyMilliseconds = latencyMilliseconds
    }
  }
}

/// What a comparison policy decided.
public struct ComparisonDecision: Hashable, Codable, Sendable {
  /// The candidate that takes over; `nil`: the champion stays.
  public var winner: String?
  /// Why, in the policy's own words and figures.
  public var reasons: [PlainValue]

  /// Makes a decision.
  public init(winner: String?, reasons: [PlainValue] = []) {
    self.winner = winner
    self.reasons = reasons
  }
}
