import DataAccess
public import Tabular

/// One run of a schedule.
public struct ScheduleRun: Hashable, Codable, Sendable {
  /// The run's number.
  public var id: Int64
  /// The schedule's name, and its definition then: expression and zone.
  public var schedule, definition: String
  /// The instant it was due at: of several that were missed the last.
  public var dueAt: Timestamp
  /// Instants before it at which nothing ran, oldest first; of very many only the first ones.
  public var missed: [Timestamp]
  /// How many there were.
  public var missedCount: Int
  /// When it started.
  public var startedAt: Timestamp
  /// When it ended; `nil` while it runs.
  public var finishedAt: Timestamp?
  /// How it ended.
  public var outcome: Outcome
  /// What there is to say about it.
  public var detail: String?

  /// How a run ended.
  public enum Outcome: String, Codable, Sendable, CaseIterable {
    /// Nothing ran: from here on the schedule is watched.
    case armed
    case running, done, failed
    /// It took longer than it may, and was told to stop.
    case overran
    /// Its process ended, or was told to.
    case interrupted
  }

  /// Makes a run that is about to start.
  public init(
    schedule: String, definition: String, dueAt: Timestamp, missed: [Timestamp] = [], missedCount: Int = 0, startedAt: Timestamp,
    outcome: Outcome = .running
  ) {
    id = 0
    self.schedule = schedule
    self.definition = definition
    self.dueAt = dueAt
    self.missed = missed
    self.missedCount = missedCount
    self.startedAt = startedAt
    self.outcome = outcome
  }
}

extension Ledger {
  /// Enters a run, and returns its number.
  @discardableResult
  public func begin(_ run: ScheduleRun) throws -> Int64 {
    try database.write { transaction in
      try transaction.execute(
        """
        INSERT INTO schedule_runs (schedule, definition, due_at, missed, missed_count, started_at, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .text(run.schedule), .text(run.definition), .timestamp(run.dueAt), .text(try Self.json(run.missed)),
          .integer(Int64(run.missedCount)), .timestamp(run.startedAt), .text(run.outcome.rawValue),
        ])
      return try Self.lastInsertedRow(transaction)
    }
  }

  /// Enters how a run ended.
  public func finish(scheduleRun id: Int64, as outcome: ScheduleRun.Outcome, detail: String? = nil, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "UPDATE schedule_runs SET outcome = ?, detail = ?, finished_at = ? WHERE run_id = ?",
        [.text(outcome.rawValue), detail.map(Cell.text) ?? .missing, .timestamp(now), .integer(id)])
    }
  }

  /// Marks runs of `schedule` that are still entered as running as interrupted. To be called by whoever alone may run it: theirs were killed.
  public func closeAbandonedRuns(of schedule: String, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        """
        UPDATE schedule_runs SET outcome = 'interrupted', detail = 'its process ended', finished_at = ?
        WHERE schedule = ? AND outcome = 'running'
        """, [.timestamp(now), .text(schedule)])
    }
  }

  /// The latest runs of `schedule`, newest first.
  public func scheduleRuns(of schedule: String, limit: Int) throws -> [ScheduleRun] {
    let frame = try database.read(
      """
      SELECT run_id, definition, due_at, missed, missed_count, started_at, finished_at, outcome, detail FROM schedule_runs
      WHERE schedule = ? ORDER BY run_id DESC LIMIT ?
      """, [.text(schedule), .integer(Int64(limit))],
      as: [
        ("run_id", .integer), ("definition", .text), ("due_at", .timestamp), ("missed", .text), ("missed_count", .integer),
        ("started_at", .timestamp), ("finished_at", .timestamp), ("outcome", .text), ("detail", .text),
      ])
    return try frame.integers.enumerated().compactMap { row, id in
      let column = { (index: Int) in frame.columns[index] }
      guard let definition = column(1).text(row), let dueAt = column(2).timestamp(row), let missed = column(3).text(row),
        let startedAt = column(5).timestamp(row), let outcome = column(7).text(row).flatMap(ScheduleRun.Outcome.init)
      else { return nil }
      var run = ScheduleRun(
        schedule: schedule, definition: definition, dueAt: dueAt, missed: try Self.decoded([Timestamp].self, from: missed),
        missedCount: column(4).number(row).map { Int($0) } ?? 0, startedAt: startedAt, outcome: outcome)
      run.id = id
      run.finishedAt = column(6).timestamp(row)
      run.detail = column(8).text(row)
      return run
    }
  }
}
