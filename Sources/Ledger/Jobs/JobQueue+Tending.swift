import DataAccess
public import Tabular

/// What a round of tidying found to do.
public struct JobTidying: Hashable, Sendable {
  /// Jobs that were taken from workers whose lease had ended.
  public var lost: [Int64]
  /// Deferred jobs that got a place.
  public var promoted: [Int64]
  /// Jobs that could not be read and were set aside.
  public var quarantined: [Int64]
}

extension JobQueue {
  /// Calls a job off: one that waits is `cancelled` at once; one that runs stays `running`, and its worker learns of it with its next sign of
  /// life.
  /// - Returns: Where the job stands then.
  /// - Throws: ``JobQueueError/unknown(job:)``, or ``JobQueueError/ended(job:status:)``.
  @discardableResult
  public func cancel(_ id: Int64, reason: String, at now: Timestamp) throws -> JobStatus {
    try changing(id, at: now) { job, transaction in
      guard job.status.isOpen else { throw JobQueueError.ended(job: id, status: job.status) }
      guard job.status != .running else {
        try transaction.execute("UPDATE jobs SET cancel_requested = 1, reason = ? WHERE job_id = ?", [.text(reason), .integer(id)])
        return .running
      }
      try transaction.execute(
        "UPDATE jobs SET status = 'cancelled', reason = ?, finished_at = ? WHERE job_id = ?",
        [.text(reason), .timestamp(now), .integer(id)])
      return .cancelled
    }
  }

  /// Tries a job again that failed, was skipped or cancelled, with all its attempts before it: `pending`, or `deferred` while the queue is full.
  /// - Throws: ``JobQueueError/unknown(job:)``, ``JobQueueError/notRetriable(job:status:)``, or
  ///   ``JobQueueError/duplicate(job:open:)`` when a newer wish took its place.
  @discardableResult
  public func retry(_ id: Int64, at now: Timestamp) throws -> JobStatus {
    try changing(id, at: now) { job, transaction in
      guard [.failed, .skipped, .cancelled].contains(job.status) else {
        throw JobQueueError.notRetriable(job: id, status: job.status)
      }
      let open = try transaction.read(
        "SELECT job_id FROM jobs WHERE cause = ? AND kind = ? AND status IN ('pending', 'deferred', 'running') LIMIT 1",
        [.text(job.cause), .text(job.kind.rawValue)], as: [("job_id", .integer)])
      if let other = open.integers.first { throw JobQueueError.duplicate(job: id, open: other) }
      try transaction.execute(
        """
        UPDATE jobs SET status = 'deferred', reason = ?, attempts = 0, not_before = ?, finished_at = NULL, result = NULL,
          cancel_requested = 0 WHERE job_id = ?
        """, [.text("the queue is full: \(limits.maxSize) jobs wait or run"), .timestamp(now), .integer(id)])
      return try promote(transaction).contains(id) ? .pending : .deferred
    }
  }

  /// Changes one job, and gives away a place that gets free by it.
  private func changing(_ id: Int64, at now: Timestamp, _ body: (Job, SQLiteTransaction) throws -> JobStatus) throws -> JobStatus {
    try ledger.database.write { transaction in
      let job: Job
      do { job = try read(id, transaction) } catch let error as UnreadableJob {
        throw JobQueueError.unreadable(job: id, reason: error.reason)
      }
      let status = try body(job, transaction)
      try promote(transaction)
      return status
    }
  }

  /// Does what claims do on their way, and sets aside every row that makes no sense, open or not. O(jobs).
  @discardableResult
  public func tidy(at now: Timestamp) throws -> JobTidying {
    try ledger.database.write { transaction in
      let before = try Self.quarantinedIDs(transaction)
      let known = JobStatus.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      let doubtful = try transaction.read(
        """
        SELECT job_id FROM jobs WHERE status NOT IN (\(known)) OR typeof(status) <> 'text' OR typeof(priority) <> 'integer'
          OR typeof(payload) <> 'text' OR NOT json_valid(payload) OR typeof(created_at) <> 'integer' OR typeof(not_before) <> 'integer'
          OR status IN ('pending', 'deferred', 'running')
        """, as: [("job_id", .integer)])
      for id in doubtful.integers { _ = try readOrQuarantine(id, transaction, at: now) }
      let (lost, promoted) = try sweep(transaction, at: now)
      return JobTidying(lost: lost, promoted: promoted, quarantined: try Self.quarantinedIDs(transaction).subtracting(before).sorted())
    }
  }

  private static func quarantinedIDs(_ transaction: SQLiteTransaction) throws -> Set<Int64> {
    Set(try transaction.read("SELECT job_id FROM quarantined_jobs", as: [("job_id", .integer)]).integers)
  }

  /// Removes ended jobs with their attempts: those that ended more than `seconds` ago, and all but the latest `keepLast`. Open jobs stay.
  ///
  /// - Parameters:
  ///   - seconds: Age from which an ended job goes; `nil`: age does not matter.
  ///   - keepLast: Ended jobs to keep at most; `nil`: any number.
  /// - Returns: The numbers of the removed jobs, so that their logs can be removed too.
  public func prune(olderThan seconds: Double? = nil, keepLast: Int? = nil, at now: Timestamp) throws -> [Int64] {
    try ledger.database.write { transaction in
      let ended = "status IN ('succeeded', 'failed', 'skipped', 'cancelled')"
      let gone = try transaction.read(
        """
        SELECT job_id FROM jobs WHERE \(ended) AND (finished_at < ?1 OR job_id <= (
          SELECT job_id FROM jobs WHERE \(ended) ORDER BY job_id DESC LIMIT 1 OFFSET ?2)) ORDER BY job_id
        """,
        [
          seconds.map { .timestamp(now.advanced(bySeconds: -$0)) } ?? .missing,
          .integer(keepLast.map { Int64(max(0, $0)) } ?? Int64.max),
        ], as: [("job_id", .integer)]
      ).integers
      try transaction.execute("DELETE FROM job_attempts WHERE job_id = ?", each: gone.map { [.integer($0)] })
      try transaction.execute("DELETE FROM jobs WHERE job_id = ?", each: gone.map { [.integer($0)] })
      return gone
    }
  }

  /// The job, or `nil` when its row makes no sense: it is then set aside with the reason, and the others go on.
  func readOrQuarantine(_ id: Int64, _ transaction: SQLiteTransaction, at now: Timestamp) throws -> Job? {
    do { return try read(id, transaction) } catch let error as UnreadableJob {
      // As SQL writes the values, so that every one has a form, bytes too.
      try transaction.execute(
        """
        INSERT INTO quarantined_jobs (job_id, reason, quarantined_at, row)
        SELECT job_id, ?, ?, 'kind ' || quote(kind) || ', payload ' || quote(payload) || ', cause ' || quote(cause) || ', status ' || quote(status)
          || ', priority ' || quote(priority) || ', token ' || quote(token) || ', created_at ' || quote(created_at)
        FROM jobs WHERE job_id = ?
        """, [.text(error.reason), .timestamp(now), .integer(id)])
      try transaction.execute("DELETE FROM jobs WHERE job_id = ?", [.integer(id)])
      return nil
    }
  }
}
