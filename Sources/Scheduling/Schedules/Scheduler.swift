import DataAccess
public import Ledger
public import Tabular

/// Runs what a schedule names when it is due, one run at a time, as the only process that does.
///
/// Each run is in the ledger before it starts, so that a scheduler that is killed does not repeat it. What comes due during a run is missed, and
/// made up for by one run after it.
public struct Scheduler {
  /// What happens outside of a scheduler.
  public struct Surroundings {
    /// The time on the wall.
    public var now: () -> Timestamp
    /// Seconds on a clock that nobody sets.
    public var uptimeSeconds: () -> Double
    /// Waits so many seconds, or less when told to stop.
    public var wait: (Double) -> Void
    /// Whether the scheduler has to stop.
    public var shouldStop: () -> Bool

    /// Makes surroundings.
    public init(
      now: @escaping () -> Timestamp, uptimeSeconds: @escaping () -> Double, wait: @escaping (Double) -> Void,
      shouldStop: @escaping () -> Bool
    ) {
      self.now = now
      self.uptimeSeconds = uptimeSeconds
      self.wait = wait
      self.shouldStop = shouldStop
    }
  }

  /// What runs when.
  public let schedule: Schedule
  private let ledger: Ledger
  private let surroundings: Surroundings
  private let lock: InstanceLock
  private let body: (ScheduleRun, _ shouldStop: @escaping () -> Bool) throws -> String?

  /// Longest wait before the clock is looked at again, seconds: somebody may set it.
  static let longestWaitSeconds = 30.0

  /// Makes a scheduler.
  ///
  /// - Parameters:
  ///   - lockPath: A file that only one scheduler holds at a time: one a workspace.
  ///   - body: Does a run, and says a word about it for the ledger, or nothing. It is to look at `shouldStop` and end soon when it is true: because
  ///     the scheduler has to stop, or the run takes longer than it may.
  /// - Throws: ``InstanceHeld`` when another process runs the schedule.
  public init(
    _ schedule: Schedule, ledger: Ledger, lockPath: String, surroundings: Surroundings,
    body: @escaping (ScheduleRun, _ shouldStop: @escaping () -> Bool) throws -> String?
  ) throws {
    lock = try InstanceLock(path: lockPath, activity: "running the schedule")
    self.schedule = schedule
    self.ledger = ledger
    self.surroundings = surroundings
    self.body = body
    try ledger.closeAbandonedRuns(of: schedule.name, at: surroundings.now())
  }

  /// Runs until it is told to stop, or nothing is due ever.
  public func run() throws {
    while !surroundings.shouldStop() {
      let now = surroundings.now()
      switch try patiently({ try step() }) {
      case .wait(until: nil): return
      case .wait(until: let next?): surroundings.wait(min(Self.longestWaitSeconds, max(0, next.seconds(since: now))))
      case .arm, .run: continue
      }
    }
  }

  /// Does what is to be done now, and returns what that was.
  @discardableResult
  public func step() throws -> ScheduleDecision {
    let now = surroundings.now()
    let decision = schedule.decision(last: try ledger.scheduleRuns(of: schedule.name, limit: 1).first, at: now)
    switch decision {
    case .wait: break
    case .arm:
      try ledger.begin(
        ScheduleRun(schedule: schedule.name, definition: schedule.definition, dueAt: now, startedAt: now, outcome: .armed))
    case .run(let run): try perform(run)
    }
    return decision
  }

  private func perform(_ planned: ScheduleRun) throws {
    var run = planned
    run.id = try ledger.begin(run)
    let (uptime, shouldStop, limit) = (surroundings.uptimeSeconds, surroundings.shouldStop, schedule.maxExecutionSeconds)
    let end = uptime() + limit
    var (outcome, detail) = (ScheduleRun.Outcome.done, String?.none)
    do {
      detail = try body(run) { shouldStop() || uptime() >= end }
    } catch {
      (outcome, detail) = (shouldStop() ? .interrupted : .failed, "\(error)")
    }
    if uptime() >= end {
      (outcome, detail) = (.overran, "it took longer than its \(limit) s" + (detail.map { "; \($0)" } ?? ""))
    }
    try patiently { try ledger.finish(scheduleRun: run.id, as: outcome, detail: detail, at: surroundings.now()) }
  }

  /// Tries again while the ledger is locked, until the scheduler has to stop.
  private func patiently<Result>(_ body: () throws -> Result) throws -> Result {
    while true {
      do { return try body() } catch let error as DataAccessError where error.kind == .locked && !surroundings.shouldStop() {
        surroundings.wait(1)
      }
    }
  }
}
