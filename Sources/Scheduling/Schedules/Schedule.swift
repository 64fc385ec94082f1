import DataAccess
public import Ledger
public import Tabular

/// What runs when.
public struct Schedule: Hashable, Sendable {
  /// Its name in the ledger.
  public var name: String
  /// The instants.
  public var cron: CronExpression
  /// Longest time of a run, seconds.
  public var maxExecutionSeconds: Double
  /// A run starts up to so many seconds after it is due, drawn from the seed, so that many schedules of one instant do not all start at once.
  /// Less than the time between two instants.
  public var maxJitterSeconds: Double
  /// Seed of the draws.
  public var seed: UInt64

  /// Makes a schedule.
  public init(name: String, cron: CronExpression, maxExecutionSeconds: Double = 3600, maxJitterSeconds: Double = 0, seed: UInt64 = 42) {
    self.name = name
    self.cron = cron
    self.maxExecutionSeconds = maxExecutionSeconds
    self.maxJitterSeconds = maxJitterSeconds
    self.seed = seed
  }

  /// The expression and its zone: when they change, instants of the old ones were not missed.
  public var definition: String { "\(cron) \(cron.zone.name)" }

  /// Missed instants that are listed; more are counted, up to ``mostCounted``.
  static let mostListed = 100
  /// Missed instants that are counted at most: a clock may have jumped by decades.
  static let mostCounted = 10_000
  /// A clock that was set back by more starts the schedule anew, as cron(8) does; by less, nothing is repeated.
  static let longestSetback = 3 * 3600.0

  /// What to do at `now`, when `last` is the schedule's latest run in the ledger.
  ///
  /// Missed instants are made up for by one run, that of the latest of them; the others are told with it. Without a run of this definition
  /// nothing was missed.
  public func decision(last: ScheduleRun?, at now: Timestamp) -> ScheduleDecision {
    guard let last, last.definition == definition, last.dueAt.seconds(since: now) <= Self.longestSetback else { return .arm }
    let due = cron.all(after: last.dueAt, through: now, limit: Self.mostCounted)
    guard var latest = due.last else {
      return .wait(until: cron.next(after: last.dueAt).map(start))
    }
    // Of more than can be counted the latest one is not among them.
    let isCounted = due.count < Self.mostCounted
    if !isCounted { latest = now }
    let start = isCounted ? start(of: latest) : now
    guard start <= now else { return .wait(until: start) }
    return .run(
      ScheduleRun(
        schedule: name, definition: definition, dueAt: latest, missed: Array(due.dropLast().prefix(Self.mostListed)),
        missedCount: due.count - 1, startedAt: now))
  }

  /// When the run that is due at `instant` starts.
  public func start(of instant: Timestamp) -> Timestamp {
    guard maxJitterSeconds > 0 else { return instant }
    var random = SeededGenerator(seed: seed ^ SeededGenerator.mixed(UInt64(bitPattern: instant.microseconds)), stream: "jitter \(name)")
    return instant.advanced(bySeconds: random.uniform() * maxJitterSeconds)
  }
}

/// What a schedule has to do.
public enum ScheduleDecision: Hashable, Sendable {
  /// Begin to watch: nothing is known of this schedule, it has changed, or the clock was set back far.
  case arm
  /// Nothing before that instant; `nil`: nothing ever.
  case wait(until: Timestamp?)
  /// Run.
  case run(ScheduleRun)
}
