public import Tabular

/// The bounds that a supervisor keeps its jobs in.
public struct WorkerSettings: Hashable, Sendable {
  /// Between asking a job to end and killing it, seconds. When the supervisor itself has to stop, at most 5.
  public var graceSeconds: Double
  /// Longest attempt of a job that has no limit of its own, seconds.
  public var timeLimitSeconds: Double
  /// Between two signs of life, seconds; never more than a third of the lease. A cancellation is seen with the next one.
  public var heartbeatSeconds: Double
  /// Most bytes that an attempt may write to its standard output and error together; one that writes more is broken, and is ended.
  public var maxOutputBytes: Int
  /// Longest line that is read, bytes; what is beyond is dropped.
  public var maxLineBytes: Int
  /// Largest log of a job, bytes; later lines are counted only.
  public var maxLogBytes: Int

  /// Longest grace when the supervisor has to stop: with the time that writing the ledger takes, within ten seconds all is over.
  static let stopGraceSeconds = 5.0

  /// Makes settings.
  public init(
    graceSeconds: Double = 10, timeLimitSeconds: Double = 6 * 3600, heartbeatSeconds: Double = 5, maxOutputBytes: Int = 64 << 20,
    maxLineBytes: Int = 1 << 20, maxLogBytes: Int = 8 << 20
  ) {
    self.graceSeconds = graceSeconds
    self.timeLimitSeconds = timeLimitSeconds
    self.heartbeatSeconds = heartbeatSeconds
    self.maxOutputBytes = maxOutputBytes
    self.maxLineBytes = maxLineBytes
    self.maxLogBytes = maxLogBytes
  }
}

/// What happens outside of a supervisor.
public struct WorkerSurroundings: Sendable {
  /// The time on the wall: for the ledger and the logs.
  public var now: @Sendable () -> Timestamp
  /// Seconds on a clock that nobody sets: for limits and graces.
  public var uptimeSeconds: @Sendable () -> Double
  /// Waits so many seconds, or less when told to stop.
  public var wait: @Sendable (Double) -> Void
  /// Whether the supervisor has to stop.
  public var shouldStop: @Sendable () -> Bool
  /// Takes secrets out of what goes into logs.
  public var redact: @Sendable (String) -> String

  /// Makes surroundings.
  public init(
    now: @escaping @Sendable () -> Timestamp, uptimeSeconds: @escaping @Sendable () -> Double, wait: @escaping @Sendable (Double) -> Void,
    shouldStop: @escaping @Sendable () -> Bool, redact: @escaping @Sendable (String) -> String = { $0 }
  ) {
    self.now = now
    self.uptimeSeconds = uptimeSeconds
    self.wait = wait
    self.shouldStop = shouldStop
    self.redact = redact
  }
}
