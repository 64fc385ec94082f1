import DataAccess
public import Tabular

extension JobQueue {
  /// Takes up the next job for `worker`, or `nil` when none may start now.
  ///
  /// Jobs whose lease has ended are seen to first, and rows that cannot be read are set aside on the way.
  ///
  /// - Parameter kinds: What the worker can do.
  public func claim(worker: String, kinds: [JobKind] = JobKind.allCases, at now: Timestamp) throws -> JobClaim? {
    try ledger.database.write { transaction in
      try sweep(transaction, at: now)
      while let id = try next(kinds, transaction, at: now) {
        guard var job = try readOrQuarantine(id, transaction, at: now) else { continue }
        try transaction.execute(
          "INSERT INTO job_attempts (job_id, worker, started_at, outcome) VALUES (?, ?, ?, 'running')",
          [.integer(id), .text(worker), .timestamp(now)])
        let token = try Ledger.lastInsertedRow(transaction)
        let leaseUntil = now.advanced(bySeconds: limits.leaseSeconds)
        try transaction.execute(
          """
          UPDATE jobs SET status = 'running', reason = NULL, attempts = attempts + 1, worker = ?, token = ?, lease_until = ?, lease_seconds = ?,
            started_at = ?,
            percent = NULL, step = NULL WHERE job_id = ?
          """, [.text(worker), .integer(token), .timestamp(leaseUntil), .double(limits.leaseSeconds), .timestamp(now), .integer(id)])
        job.status = .running
        job.reason = nil
        job.attempts += 1
        (job.worker, job.token, job.leaseUntil, job.leaseSeconds) = (worker, token, leaseUntil, limits.leaseSeconds)
        (job.startedAt, job.progress) = (now, nil)
        return JobClaim(job: job, token: token, leaseUntil: leaseUntil)
      }
      return nil
    }
  }

  /// Tells that the worker of `claim` is alive, and how far it is: its lease starts anew.
  ///
  /// - Throws: ``JobQueueError/staleLease(job:token:now:)`` when the job is another's by now: the worker is to stop and drop what it has.
  public func heartbeat(_ claim: JobClaim, progress: JobProgress? = nil, at now: Timestamp) throws -> JobHeartbeat {
    try ledger.database.write { transaction in
      let job = try held(claim, transaction)
      let leaseUntil = now.advanced(bySeconds: limits.leaseSeconds)
      try transaction.execute(
        "UPDATE jobs SET lease_until = ?, lease_seconds = ?, percent = coalesce(?, percent), step = coalesce(?, step) WHERE job_id = ?",
        [
          .timestamp(leaseUntil), .double(limits.leaseSeconds), progress.map { .double($0.percent) } ?? .missing,
          progress.map { .text($0.step) } ?? .missing, .integer(job.id),
        ])
      return JobHeartbeat(
        leaseUntil: leaseUntil, cancellation: job.isCancelRequested ? job.reason ?? "somebody cancelled it" : nil)
    }
  }

  /// Enters what the attempt of `claim` came to, and returns where the job stands then: after a failure it is `pending` again while attempts
  /// are left, and was not called off.
  ///
  /// - Parameter progress: How far it came; `nil`: as the last sign of life said.
  /// - Throws: ``JobQueueError/staleLease(job:token:now:)`` when the job is another's by now, or this attempt has been entered: nothing is
  ///   changed then.
  @discardableResult
  public func finish(_ claim: JobClaim, _ outcome: JobOutcome, progress: JobProgress? = nil, at now: Timestamp) throws -> JobStatus {
    try ledger.database.write { transaction in
      let job = try held(claim, transaction)
      if let progress {
        try transaction.execute(
          "UPDATE jobs SET percent = ?, step = ? WHERE job_id = ?", [.double(progress.percent), .text(progress.step), .integer(job.id)])
      }
      let status = try end(job, outcome, word: outcome.word, transaction, at: now)
      try promote(transaction)
      return status
    }
  }

  /// The next job to take up.
  private func next(_ kinds: [JobKind], _ transaction: SQLiteTransaction, at now: Timestamp) throws -> Int64? {
    let marks = kinds.indices.map { "?\($0 + 2)" }.joined(separator: ", ")
    return try transaction.read(
      """
      SELECT job_id FROM jobs WHERE status = 'pending' AND not_before <= ?1 AND kind IN (\(marks)) ORDER BY priority DESC, job_id LIMIT 1
      """, [.timestamp(now)] + kinds.map { .text($0.rawValue) }, as: [("job_id", .integer)]
    ).integers.first
  }

  /// The job of `claim`, if its token is still the job's.
  private func held(_ claim: JobClaim, _ transaction: SQLiteTransaction) throws -> Job {
    let stale = { (now: String) in JobQueueError.staleLease(job: claim.job.id, token: claim.token, now: now) }
    do {
      let job = try read(claim.job.id, transaction)
      if job.status == .running, job.token == claim.token { return job }
      if job.status == .running, let worker = job.worker, let token = job.token, let started = job.startedAt {
        throw stale("worker '\(worker)' holds it with token \(token) since \(started)")
      }
      throw stale("it is \(job.status.rawValue)")
    } catch let error as UnreadableJob {
      throw stale("its row cannot be read: \(error.reason)")
    } catch JobQueueError.unknown {
      throw stale("it was set aside or removed")
    }
  }

  /// Ends the running attempt of `job`, whose word may be another than the outcome's: an attempt whose lease ended is `lost`.
  private func end(_ job: Job, _ outcome: JobOutcome, word: String, _ transaction: SQLiteTransaction, at now: Timestamp) throws -> JobStatus
  {
    var (status, reason, result) = (JobStatus.pending, outcome.words, PlainValue?.none)
    var (attempts, notBefore) = (job.attempts, job.notBefore)
    switch outcome {
    case .succeeded(let value): (status, result) = (.succeeded, value)
    case .skipped(_, let value): (status, result) = (.skipped, value)
    case .cancelled: status = .cancelled
    case .released:
      attempts -= 1
      notBefore = now
    case .failed(_, let canRetry):
      if !canRetry || attempts > limits.maxRetries {
        status = .failed
      } else {
        // A lost worker's job waited for the end of its lease already.
        notBefore = word == "lost" ? now : now.advanced(bySeconds: limits.backoffSeconds(job: job.id, attempt: attempts))
      }
    }
    if job.isCancelRequested, status == .pending || status == .failed {
      status = .cancelled
      reason = [job.reason, reason].compactMap { $0 }.joined(separator: "; ")
    }
    try transaction.execute(
      "UPDATE job_attempts SET finished_at = ?, outcome = ?, error = ? WHERE token = ?",
      [.timestamp(now), .text(word), outcome.words.map(Cell.text) ?? .missing, job.token.map(Cell.integer) ?? .missing])
    try transaction.execute(
      """
      UPDATE jobs SET status = ?, reason = ?, result = ?, attempts = ?, not_before = ?, finished_at = ?, worker = NULL, token = NULL,
        lease_until = NULL, lease_seconds = NULL, percent = CASE WHEN ?1 = 'succeeded' THEN 100 ELSE percent END WHERE job_id = ?
      """,
      [
        .text(status.rawValue), reason.map(Cell.text) ?? .missing, try result.map { .text(try Ledger.json($0)) } ?? .missing,
        .integer(Int64(attempts)), .timestamp(notBefore), status.isOpen ? .missing : .timestamp(now), .integer(job.id),
      ])
    return status
  }

  /// Sees to leases that have ended, cuts leases and waits that a clock set back made too long, and gives free places away.
  /// - Returns: Jobs that were taken from their workers, and those that got a place.
  @discardableResult
  func sweep(_ transaction: SQLiteTransaction, at now: Timestamp) throws -> (lost: [Int64], promoted: [Int64]) {
    var lost: [Int64] = []
    let running = try transaction.read("SELECT job_id FROM jobs WHERE status = 'running'", as: [("job_id", .integer)])
    for id in running.integers {
      guard let job = try readOrQuarantine(id, transaction, at: now), let leaseUntil = job.leaseUntil, let length = job.leaseSeconds
      else { continue }
      let latest = now.advanced(bySeconds: length)
      if leaseUntil <= now {
        let error = "worker '\(job.worker ?? "")' gave no sign until its lease ended at \(leaseUntil): it was killed, or hangs"
        _ = try end(job, .failed(error: error), word: "lost", transaction, at: now)
        lost.append(id)
      } else if leaseUntil > latest {
        try transaction.execute("UPDATE jobs SET lease_until = ? WHERE job_id = ?", [.timestamp(latest), .integer(id)])
      }
    }
    let waiting = try transaction.read(
      "SELECT job_id FROM jobs WHERE status = 'pending' AND not_before > ?", [.timestamp(now)], as: [("job_id", .integer)])
    for id in waiting.integers {
      guard let job = try readOrQuarantine(id, transaction, at: now) else { continue }
      let latest = now.advanced(bySeconds: limits.backoffSeconds(job: id, attempt: max(1, job.attempts)))
      guard job.notBefore > latest else { continue }
      try transaction.execute("UPDATE jobs SET not_before = ? WHERE job_id = ?", [.timestamp(latest), .integer(id)])
    }
    return (lost, try promote(transaction))
  }
}
