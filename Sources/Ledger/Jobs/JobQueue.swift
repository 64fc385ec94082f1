import DataAccess
public import Tabular

/// The queue of jobs that a ledger keeps: asked by cycles and people, worked off by workers, several processes at once.
///
/// Each change is one `BEGIN IMMEDIATE` transaction, durable when it returns. So that exactly one worker's result counts, a worker gets
/// a *token* with a job, a number that no attempt before it had, and what it reports with another token than the job's is refused
/// (fencing: M. Kleppmann, "Designing Data-Intensive Applications", 2017, ch. 8).
///
/// **Order.** A higher priority first, then the lower number. Deferred jobs get free places in the same order, so that a place goes to the
/// job that would run first.
///
/// **Clocks.** Order, tokens and retention by count do not depend on the time. Leases and waits do, and the clock may be set while they
/// last. Set forward, a lease may end too early: another worker takes the job with a new token, the first one's report is refused and its
/// attempt is counted. Set back, a lease or wait would seem to last longer than any may: each claim cuts it to its full length from the
/// new time. So no setting of the clock lets two workers' results count, and none stalls a job for longer than one lease or wait.
public struct JobQueue: Sendable {
  /// Where the queue is.
  public let ledger: Ledger
  /// The bounds it keeps.
  public var limits: JobLimits

  /// Makes a queue.
  public init(_ ledger: Ledger, limits: JobLimits = JobLimits()) {
    self.ledger = ledger
    self.limits = limits
  }

  /// Puts a wish for work into the queue.
  ///
  /// An open job of the same cause is joined: one that waits takes the higher priority and, when the wish may know about more, its payload;
  /// one that runs stays as it is. Otherwise a new job is `skipped` within the cooldown, `deferred` while the queue is full, else `pending`.
  public func enqueue(_ request: JobRequest, at now: Timestamp) throws -> QueuedJob {
    try ledger.database.write { transaction in
      if let joined = try join(request, transaction, at: now) { return joined }
      let reason = try cooldownReason(request, transaction, at: now)
      try transaction.execute(
        """
        INSERT INTO jobs (kind, payload, cause, cycle_id, status, reason, priority, time_limit, created_at, not_before, finished_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .text(request.kind.rawValue), .text(try Ledger.json(request.payload)), .text(request.cause),
          request.cycle.map(Cell.integer) ?? .missing, .text(reason == nil ? "deferred" : "skipped"),
          .text(reason ?? "the queue is full: \(limits.maxSize) jobs wait or run"), .integer(Int64(request.priority.rawValue)),
          request.timeLimitSeconds.map(Cell.double) ?? .missing, .timestamp(now), .timestamp(now),
          reason == nil ? .missing : .timestamp(now),
        ])
      let id = try Ledger.lastInsertedRow(transaction)
      // The new job waits behind those that are deferred already; with a free place it is promoted at once.
      try promote(transaction)
      let job = try read(id, transaction)
      return QueuedJob(id: id, status: job.status, priority: job.priority, joined: false, reason: job.reason)
    }
  }

  private func join(_ request: JobRequest, _ transaction: SQLiteTransaction, at now: Timestamp) throws -> QueuedJob? {
    while true {
      let found = try transaction.read(
        "SELECT job_id FROM jobs WHERE cause = ? AND kind = ? AND status IN ('pending', 'deferred', 'running') ORDER BY job_id LIMIT 1",
        [.text(request.cause), .text(request.kind.rawValue)], as: [("job_id", .integer)])
      guard let id = found.integers.first else { return nil }
      guard var job = try readOrQuarantine(id, transaction, at: now) else { continue }
      try transaction.execute("UPDATE jobs SET requests = requests + 1 WHERE job_id = ?", [.integer(id)])
      if job.status != .running {
        job.priority = max(job.priority, request.priority)
        try transaction.execute("UPDATE jobs SET priority = ? WHERE job_id = ?", [.integer(Int64(job.priority.rawValue)), .integer(id)])
        if request.payload.asOf >= job.payload.asOf {
          try transaction.execute(
            "UPDATE jobs SET payload = ?, cycle_id = ? WHERE job_id = ?",
            [.text(try Ledger.json(request.payload)), request.cycle.map(Cell.integer) ?? .missing, .integer(id)])
        }
      }
      return QueuedJob(id: id, status: job.status, priority: job.priority, joined: true, reason: job.reason)
    }
  }

  /// Why a job is not made now: one of its kind has run to its end a moment ago. An end that lies in the future was noted before the clock was set
  /// back, and does not count.
  private func cooldownReason(_ request: JobRequest, _ transaction: SQLiteTransaction, at now: Timestamp) throws -> String? {
    guard limits.cooldownSeconds > 0, !request.ignoresCooldown else { return nil }
    let last = try transaction.read(
      """
      SELECT job_id, finished_at FROM jobs WHERE kind = ? AND status IN ('succeeded', 'skipped') AND attempts > 0
        AND finished_at > ? AND finished_at <= ? ORDER BY finished_at DESC LIMIT 1
      """,
      [.text(request.kind.rawValue), .timestamp(now.advanced(bySeconds: -limits.cooldownSeconds)), .timestamp(now)],
      as: [("job_id", .integer), ("finished_at", .timestamp)])
    guard let id = last.integers.first, let finished = last.columns[1].timestamp(0) else { return nil }
    return "cooldown: job \(id) ended at \(finished), no other before \(finished.advanced(bySeconds: limits.cooldownSeconds))"
  }

  /// Gives free places to deferred jobs, the one that would run first before the others, and returns them.
  @discardableResult
  func promote(_ transaction: SQLiteTransaction) throws -> [Int64] {
    let active = try transaction.read("SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')", as: [("count", .integer)])
    let free = Int64(limits.maxSize) - (active.integers.first ?? 0)
    guard free > 0 else { return [] }
    let promoted = try transaction.read(
      "SELECT job_id FROM jobs WHERE status = 'deferred' ORDER BY priority DESC, job_id LIMIT ?", [.integer(free)],
      as: [("job_id", .integer)]
    ).integers
    try transaction.execute(
      "UPDATE jobs SET status = 'pending', reason = NULL WHERE job_id = ?", each: promoted.map { [.integer($0)] })
    return promoted
  }
}

extension JobPriority: Comparable {
  /// Whether this one is less urgent than `right`.
  public static func < (left: JobPriority, right: JobPriority) -> Bool { left.rawValue < right.rawValue }
}

extension Frame {
  /// The values of the first column, of whole numbers.
  var integers: [Int64] { if case .integer(let values)? = columns.first?.values { Array(values) } else { [] } }
}
