import DataAccess
public import Tabular

/// How much longer a job took on a resource than predicted, over the results that one cycle saw for the first time.
public struct DriftGroup: Hashable, Codable, Sendable {
  /// Where it was done (`nil`: not reported), and what was done.
  public var resource: String?, job: String
  /// Results with minutes and a prediction, both above 0.
  public var results: Int
  /// Robust mean of ln(actual ÷ predicted run minutes): 0 as predicted, 0.1 about a tenth longer.
  public var meanLogRatio: Double
  /// What, over the root of `results`, is the mean's standard error; `nil` where the results are too few to tell.
  public var spread: Double?
  /// The first and the last completion.
  public var firstCompletedAt, lastCompletedAt: Timestamp

  /// Makes the figures of a group.
  public init(
    resource: String?, job: String, results: Int, meanLogRatio: Double, spread: Double?, firstCompletedAt: Timestamp,
    lastCompletedAt: Timestamp
  ) {
    self.resource = resource
    self.job = job
    self.results = results
    self.meanLogRatio = meanLogRatio
    self.spread = spread
    self.firstCompletedAt = firstCompletedAt
    self.lastCompletedAt = lastCompletedAt
  }
}

/// What one cycle saw of its champion's drift.
public struct DriftWatch: Hashable, Codable, Sendable {
  /// The completions that were looked at: after `since`, up to `until`.
  public var since, until: Timestamp
  /// `all` results of that time, or those of the `sample`.
  public var covers: String
  /// The groups that had results.
  public var groups: [DriftGroup]

  /// Makes what a cycle saw.
  public init(since: Timestamp, until: Timestamp, covers: String, groups: [DriftGroup]) {
    self.since = since
    self.until = until
    self.covers = covers
    self.groups = groups
  }
}

extension Ledger {
  static let driftGroups = Migration(
    "drift groups",
    sql: """
      CREATE TABLE drift_watches (
        cycle_id INTEGER PRIMARY KEY REFERENCES cycles, champion TEXT NOT NULL, since TIMESTAMP NOT NULL, until TIMESTAMP NOT NULL,
        covers TEXT NOT NULL CHECK (covers IN ('all', 'sample')));
      CREATE INDEX drift_watches_champion ON drift_watches (champion, until);
      CREATE TABLE drift_groups (
        cycle_id INTEGER NOT NULL REFERENCES drift_watches, position INTEGER NOT NULL, resource_code TEXT, job_code TEXT NOT NULL,
        results INTEGER NOT NULL, mean_log_ratio REAL NOT NULL, spread REAL, first_completed_at TIMESTAMP NOT NULL,
        last_completed_at TIMESTAMP NOT NULL, PRIMARY KEY (cycle_id, position)) WITHOUT ROWID;
      """)

  /// Keeps what a cycle saw of the drift of `champion`, whole or not at all.
  public func keep(_ watch: DriftWatch, of champion: String, in cycle: Int64) throws {
    try database.write { transaction in
      try transaction.execute("DELETE FROM drift_groups WHERE cycle_id = ?", [.integer(cycle)])
      try transaction.execute(
        "INSERT OR REPLACE INTO drift_watches (cycle_id, champion, since, until, covers) VALUES (?, ?, ?, ?, ?)",
        [.integer(cycle), .text(champion), .timestamp(watch.since), .timestamp(watch.until), .text(watch.covers)])
      try transaction.execute(
        """
        INSERT INTO drift_groups
          (cycle_id, position, resource_code, job_code, results, mean_log_ratio, spread, first_completed_at, last_completed_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        each: watch.groups.enumerated().map { position, group in
          [
            .integer(cycle), .integer(Int64(position)), group.resource.map(Cell.text) ?? .missing, .text(group.job),
            .integer(Int64(group.results)), .double(group.meanLogRatio), group.spread.map(Cell.double) ?? .missing,
            .timestamp(group.firstCompletedAt), .timestamp(group.lastCompletedAt),
          ]
        })
    }
  }

  /// Up to when `champion` has been watched by finished cycles that knew no more than `instant` and came before `cycle`; `nil`: never.
  public func watchedUntil(champion: String, asOf instant: Timestamp, before cycle: Int64) throws -> Timestamp? {
    let frame = try database.read(
      """
      SELECT max(w.until) FROM drift_watches w JOIN cycles c USING (cycle_id)
      WHERE w.champion = ? AND w.until <= ? AND w.cycle_id < ? AND c.status = 'done'
      """, [.text(champion), .timestamp(instant), .integer(cycle)], as: [("until", .timestamp)])
    return frame.columns[0].timestamp(0)
  }

  /// What has been seen of the drift of `champion` up to cycle `cycle`, a row a group and cycle, oldest first and by job and resource:
  /// `cycle_id`, `as_of`, `resource_code`, `job_code`, `results`, `mean_log_ratio`, `spread`, `first_completed_at`, `last_completed_at`.
  ///
  /// Finished cycles up to `cycle`, and that itself, in whatever state it is; the same rows whenever they are asked for. No result is in
  /// two rows: where times that cycles looked at overlap (one was run again, or over an earlier time), the one that looked at the later
  /// time counts.
  public func driftGroups(champion: String, asOf instant: Timestamp, cycle: Int64) throws -> Frame {
    let watches = try database.read(
      """
      SELECT w.cycle_id, w.since, w.until FROM drift_watches w JOIN cycles c USING (cycle_id)
      WHERE w.champion = ?1 AND w.until <= ?2 AND (w.cycle_id = ?3 OR w.cycle_id < ?3 AND c.status = 'done')
      ORDER BY w.until DESC, w.since DESC, w.cycle_id DESC
      """, [.text(champion), .timestamp(instant), .integer(cycle)],
      as: [("cycle_id", .integer), ("since", .timestamp), ("until", .timestamp)])
    var chain: [String] = []
    var next: Timestamp?
    for row in 0..<watches.rowCount {
      guard case .integer(let number) = watches.columns[0][row], let since = watches.columns[1].timestamp(row),
        let until = watches.columns[2].timestamp(row), next.map({ until <= $0 }) ?? true, since < until
      else { continue }
      chain.append(String(number))
      next = since
    }
    return try database.read(
      """
      SELECT g.cycle_id, w.until, g.resource_code, g.job_code, g.results, g.mean_log_ratio, g.spread, g.first_completed_at,
        g.last_completed_at
      FROM drift_groups g JOIN drift_watches w USING (cycle_id) WHERE g.cycle_id IN (\(chain.joined(separator: ", ")))
      ORDER BY w.until, g.cycle_id, g.position
      """,
      as: [
        ("cycle_id", .integer), ("as_of", .timestamp), ("resource_code", .text), ("job_code", .text), ("results", .integer),
        ("mean_log_ratio", .double), ("spread", .double), ("first_completed_at", .timestamp), ("last_completed_at", .timestamp),
      ])
  }
}
