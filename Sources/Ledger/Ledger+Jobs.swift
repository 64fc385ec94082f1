import DataAccess
public import Tabular

/// How soon a training is wanted.
public enum JobPriority: Int, Codable, Sendable, CaseIterable {
  case low = 0
  case normal = 1
  case high = 2

  /// `low`, `normal` or `high`.
  public var name: String {
    switch self {
    case .low: "low"
    case .normal: "normal"
    case .high: "high"
    }
  }

  /// The priority of that name, or `nil`.
  public init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

/// A wish for training.
public struct JobRequest: Hashable, Codable, Sendable {
  /// The cycle that asks.
  public var cycle: Int64
  /// What the cycle might know about.
  public var asOf: Timestamp
  /// The version to be challenged.
  public var champion: String
  /// How soon.
  public var priority: JobPriority
  /// Kinds of candidate to train; `nil`: those of the configuration.
  public var candidates: [String]?
  /// Why.
  public var reasons: PlainValue

  /// Makes a request.
  public init(cycle: Int64, asOf: Timestamp, champion: String, priority: JobPriority, candidates: [String]?, reasons: PlainValue) {
    self.cycle = cycle
    self.asOf = asOf
    self.champion = champion
    self.priority = priority
    self.candidates = candidates
    self.reasons = reasons
  }
}

/// What became of a wish for training.
public struct QueuedJob: Hashable, Codable, Sendable {
  /// The job's number.
  public var id: Int64
  /// `pending`, or `deferred` when the queue was full.
  public var status: String
  /// How soon it is wanted.
  public var priority: JobPriority
  /// Whether a job that waits already was joined instead of making another.
  public var joined: Bool
}

extension Ledger {
  /// Puts a wish for training into the queue, as one transaction.
  ///
  /// A job that waits already to challenge the same champion with the same candidates is joined: it takes the later as-of and the higher
  /// priority. A queue of `maxSize` pending and running jobs is full, and the job is deferred until a place is free.
  public func enqueue(_ request: JobRequest, maxSize: Int, at now: Timestamp) throws -> QueuedJob {
    let candidates = try request.candidates.map { Cell.text(try Self.json($0)) } ?? .missing
    return try database.write { transaction in
      let waiting = try transaction.read(
        """
        SELECT job_id, status, priority FROM jobs
        WHERE champion = ? AND candidates IS ? AND status IN ('pending', 'deferred') ORDER BY job_id LIMIT 1
        """,
        [.text(request.champion), candidates], as: [("job_id", .integer), ("status", .text), ("priority", .integer)])
      if waiting.rowCount == 1, case .integer(let id) = waiting.columns[0][0], let status = waiting.columns[1].text(0) {
        try transaction.execute(
          "UPDATE jobs SET priority = max(priority, ?), as_of = max(as_of, ?), reasons = ?, requests = requests + 1 WHERE job_id = ?",
          [.integer(Int64(request.priority.rawValue)), .timestamp(request.asOf), .text(try Self.json(request.reasons)), .integer(id)])
        let priority = max(request.priority.rawValue, waiting.columns[2].number(0).map { Int($0) } ?? 0)
        return QueuedJob(id: id, status: status, priority: JobPriority(rawValue: priority) ?? request.priority, joined: true)
      }
      let active = try transaction.read(
        "SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')", as: [("count", .integer)])
      let isFull = (active.columns[0].number(0) ?? 0) >= Double(maxSize)
      let status = isFull ? "deferred" : "pending"
      try transaction.execute(
        """
        INSERT INTO jobs (cycle_id, status, priority, as_of, champion, candidates, reasons, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .integer(request.cycle), .text(status), .integer(Int64(request.priority.rawValue)), .timestamp(request.asOf),
          .text(request.champion), candidates, .text(try Self.json(request.reasons)), .timestamp(now),
        ])
      return QueuedJob(id: try Self.lastInsertedRow(transaction), status: status, priority: request.priority, joined: false)
    }
  }

  /// All jobs, newest first: `job_id`, `status`, `priority`, `cycle_id`, `as_of`, `champion`, `reasons`, `requests`, `created_at`.
  public func jobs() throws -> Frame {
    try database.read(
      """
      SELECT job_id, status, CASE priority WHEN 2 THEN 'high' WHEN 1 THEN 'normal' ELSE 'low' END, cycle_id, as_of, champion, reasons,
        requests, created_at FROM jobs ORDER BY job_id DESC
      """,
      as: [
        ("job_id", .integer), ("status", .text), ("priority", .text), ("cycle_id", .integer), ("as_of", .timestamp), ("champion", .text),
        ("reasons", .text), ("requests", .integer), ("created_at", .timestamp),
      ])
  }
}
