import DataAccess
import Foundation
import Tabular
import TestSupport
import Testing

@testable import Ledger

/// A queue in a folder of its own, and a clock that the test sets.
final class JobFixture {
  let folder: TemporaryFolder
  let ledger: Ledger
  var queue: JobQueue
  var now = Timestamp(microseconds: 1_700_000_000_000_000)

  init(_ limits: JobLimits = JobLimits(), inMemory: Bool = false) throws {
    folder = try TemporaryFolder(inMemory: inMemory)
    ledger = try Ledger(path: folder.path("ledger.sqlite"))
    queue = JobQueue(ledger, limits: limits)
  }

  func pass(_ seconds: Double) { now = now.advanced(bySeconds: seconds) }

  func payload(_ champion: String, asOf: Double = 0) -> JobPayload {
    JobPayload(
      asOf: Timestamp(microseconds: 1_600_000_000_000_000).advanced(bySeconds: asOf), seed: .max, champion: champion,
      candidates: ["mlp"], dataFingerprint: "abc", configuration: "queue:\n  max_size: 3\n",
      strategies: ["strategies/triggers/t.lua": "00"],
      reasons: [["code": "HIGH_MAE", "value": 5.5]], tuning: ["max_trials": 5])
  }

  @discardableResult
  func enqueue(
    _ champion: String, _ priority: JobPriority = .normal, asOf: Double = 0, timeLimit: Double? = nil, forced: Bool = false
  ) throws -> QueuedJob {
    try queue.enqueue(
      JobRequest(payload: payload(champion, asOf: asOf), priority: priority, timeLimitSeconds: timeLimit, ignoresCooldown: forced), at: now)
  }

  func claim(_ worker: String = "a") throws -> JobClaim? { try queue.claim(worker: worker, at: now) }

  func need(_ worker: String = "a") throws -> JobClaim { try #require(try claim(worker)) }

  func status(_ id: Int64) throws -> JobStatus? { try queue.job(id)?.status }

  /// Writes what no program of ours writes.
  func spoil(_ id: Int64, _ assignment: String) throws {
    _ = try ledger.database.write { transaction in
      try transaction.execute("PRAGMA ignore_check_constraints = ON")
      try transaction.execute("UPDATE jobs SET \(assignment) WHERE job_id = ?", [.integer(id)])
      try transaction.execute("PRAGMA ignore_check_constraints = OFF")
    }
  }
}
