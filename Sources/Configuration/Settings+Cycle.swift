public import Tabular

extension Settings {
  /// Which items a cycle looks at.
  public struct Sampling: Equatable, Sendable {
    /// Name of the sampling strategy.
    public var strategy = "stratified"
    /// Items a cycle looks at.
    public var size = 500
    /// Seed of the draw, ≥ 0.
    public var seed = 42
    /// Which items may be drawn.
    public var population = Population.withResults
    /// Items in the population below which the report says that a sample says little.
    public var minPopulation = 100
    /// Longest window of results that a cycle judges by.
    public var windowDays = 30
    /// Whose results are watched for drift.
    public var watch = Watch.sample
    /// Parameters of the strategy.
    public var parameters: [String: PlainValue] = [:]

    /// The defaults.
    public init() {}

    /// Results that are watched for drift.
    public enum Watch: String, CaseIterable, Sendable {
      /// Those of the sampled items.
      case sample
      /// All since the last cycle.
      case all
    }

    /// A population to sample from.
    public enum Population: String, CaseIterable, Sendable {
      /// Items with results in the window.
      case withResults = "with_results"
      /// All items.
      case all
    }
  }

  /// Beyond which figures an alert is raised.
  public struct Thresholds: Hashable, Codable, Sendable {
    /// Largest mean absolute error, minutes.
    public var maeMax = 5.0
    /// Largest trimmed mean absolute error, minutes.
    public var trimMaeMax = 3.5
    /// Least share of actual operations that were predicted, 0…1.
    public var processMatchMin = 0.80
    /// Largest mean coefficient of variation.
    public var meanCvMax = 0.3
    /// Largest coefficient of variation of one operation.
    public var cvMax = 0.5
    /// Least results of one operation.
    public var sampleCountMin = 3
    /// Share of the errors that the trimmed error drops at each end, 0..<0.5.
    public var trimRatio = 0.10

    /// The defaults.
    public init() {}
  }

  /// When retraining is asked for.
  public struct Trigger: Equatable, Sendable {
    /// Name of the trigger rule.
    public var rule = "threshold"
    /// Parameters of the rule.
    public var parameters: [String: PlainValue] = [:]

    /// The defaults.
    public init() {}
  }

  /// Which challenger replaces the champion.
  public struct Comparison: Equatable, Sendable {
    /// Name of the comparison policy.
    public var policy = "min_improvement"
    /// Least improvement of the trimmed error over the champion's, percent.
    public var minImprovementPct = 5.0
    /// Least verdict rows; with fewer the champion stays.
    public var minRows = 200
    /// Cycles that a winner predicts beside the champion before it may take over; 0: it takes over at once.
    public var shadowCycles = 0
    /// Parameters of the policy.
    public var parameters: [String: PlainValue] = [:]

    /// The defaults.
    public init() {}
  }

  /// The queue of training jobs.
  public struct Queue: Equatable, Sendable {
    /// Jobs running and waiting; beyond it a job is deferred.
    public var maxSize = 3
    /// Attempts after the first that a job gets when it fails.
    public var maxRetries = 2
    /// Wait before the first retry, seconds; it doubles with each further one.
    public var retryBackoffSeconds = 60.0
    /// How long a worker holds a job without giving a sign, seconds.
    public var leaseSeconds = 60.0

    /// The defaults.
    public init() {}
  }
}

extension Settings.Sampling: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("strategy", \.strategy, .text, "Sampling strategy: a file in strategies/sampling, without '.lua'."),
    Field("size", \.size, .integer(10...10_000), unit: "items", "Items a cycle looks at."),
    Field("seed", \.seed, .integer(0...), "Seed of the draw: same seed and same data, same sample."),
    Field("population", \.population, .choice(of: Population.self), "Items that may be drawn: those with results in the window, or all."),
    Field(
      "min_population", \.minPopulation, .integer(1...), unit: "items", "Population below which the report warns that a sample says little."
    ),
    Field("window_days", \.windowDays, .integer(1...3650), unit: "days", "Longest window of results that a cycle judges by."),
    Field(
      "watch", \.watch, .choice(of: Watch.self),
      "Results watched for drift: those of the sampled items, which costs nothing, or all since the last cycle."),
    Field("parameters", \.parameters, .parameters, "Parameters of the strategy, by name."),
  ]
}

extension Settings.Thresholds: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("mae_max", \.maeMax, .number(0...), unit: "minutes", "Largest mean absolute error (HIGH_MAE)."),
    Field("trim_mae_max", \.trimMaeMax, .number(0...), unit: "minutes", "Largest trimmed mean absolute error (HIGH_TRIM_MAE)."),
    Field("process_match_min", \.processMatchMin, .number(0...1), "Least share of actual operations predicted (LOW_PROCESS_MATCH)."),
    Field("mean_cv_max", \.meanCvMax, .number(0...), "Largest mean coefficient of variation (HIGH_MEAN_CV)."),
    Field("cv_max", \.cvMax, .number(0...), "Largest coefficient of variation of an operation (HIGH_CV)."),
    Field("sample_count_min", \.sampleCountMin, .integer(0...), unit: "results", "Least results of an operation (LOW_SAMPLES)."),
    Field("trim_ratio", \.trimRatio, .number(0..<0.5), "Share of errors that the trimmed error drops at each end."),
  ]
}

extension Settings.Trigger: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("rule", \.rule, .text, "Trigger rule: a file in strategies/triggers, without '.lua'."),
    Field("parameters", \.parameters, .parameters, "Parameters of the rule, by name."),
  ]
}

extension Settings.Comparison: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("policy", \.policy, .text, "Comparison policy: a file in strategies/comparison, without '.lua'."),
    Field("min_improvement_pct", \.minImprovementPct, .number(0...100), unit: "percent", "Least improvement of the trimmed error."),
    Field("min_rows", \.minRows, .integer(1...), unit: "rows", "Least verdict rows; with fewer the champion stays."),
    Field(
      "shadow_cycles", \.shadowCycles, .integer(0...1000), unit: "cycles",
      "Cycles that a winner predicts beside the champion before the policy decides again; 0: it takes over at once."),
    Field("parameters", \.parameters, .parameters, "Parameters of the policy, by name."),
  ]
}

extension Settings.Queue: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("max_size", \.maxSize, .integer(1...20), unit: "jobs", "Jobs running and waiting; beyond it a job is deferred."),
    Field("max_retries", \.maxRetries, .integer(0...100), unit: "attempts", "Attempts after the first that a job gets when it fails."),
    Field(
      "retry_backoff_seconds", \.retryBackoffSeconds, .number(0...3600), unit: "seconds",
      "Wait before the first retry; it doubles with each further one, up to an hour."),
    Field(
      "lease_seconds", \.leaseSeconds, .number(1...3600), unit: "seconds",
      "How long a worker holds a job without giving a sign; then another takes it up."),
  ]
}
