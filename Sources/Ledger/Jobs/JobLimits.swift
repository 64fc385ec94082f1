public import Tabular

/// The bounds that a queue keeps.
public struct JobLimits: Hashable, Sendable {
  /// Jobs pending and running; beyond it a job is deferred.
  public var maxSize: Int
  /// Attempts after the first.
  public var maxRetries: Int
  /// Wait before the first retry, seconds; it doubles with each further one.
  public var retryBackoffSeconds: Double
  /// How long a worker holds a job without giving a sign, seconds.
  public var leaseSeconds: Double
  /// No other job of a kind within this time after one has run to its end, seconds; 0: none.
  public var cooldownSeconds: Double
  /// Seed of what is added to the waits.
  public var seed: UInt64

  /// Longest wait before a retry, seconds, without what is added.
  public static let longestBackoffSeconds = 3600.0

  /// Makes limits; without more the ones of the default settings.
  public init(
    maxSize: Int = 3, maxRetries: Int = 2, retryBackoffSeconds: Double = 60, leaseSeconds: Double = 60, cooldownSeconds: Double = 0,
    seed: UInt64 = 42
  ) {
    self.maxSize = maxSize
    self.maxRetries = maxRetries
    self.retryBackoffSeconds = retryBackoffSeconds
    self.leaseSeconds = leaseSeconds
    self.cooldownSeconds = cooldownSeconds
    self.seed = seed
  }

  /// The wait after failed attempt number `attempt` (from 1) of a job, seconds: base · 2^(attempt − 1), at most an hour, and up to half of it
  /// more, drawn from the seed, so that jobs that failed together do not come back together.
  public func backoffSeconds(job: Int64, attempt: Int) -> Double {
    var random = SeededGenerator(seed: seed &+ UInt64(bitPattern: job) &* 1_000_003 &+ UInt64(max(0, attempt)), stream: "retry")
    var wait = retryBackoffSeconds
    for _ in 1..<max(2, attempt) where attempt > 1 && wait < Self.longestBackoffSeconds { wait *= 2 }
    return min(wait, Self.longestBackoffSeconds) * (1 + random.uniform() / 2)
  }
}
