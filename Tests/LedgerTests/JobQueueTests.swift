import DataAccess
import Foundation
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("The queue of jobs")
struct JobQueueTests {
  @Test("keeps all that a job's result depends on")
  func payloads() throws {
    let fixture = try JobFixture()
    let id = try fixture.enqueue("v1", .high, timeLimit: 90).id
    let job = try #require(try fixture.queue.job(id))
    #expect(job.payload == fixture.payload("v1"))
    #expect(job.kind == .train && job.priority == .high && job.timeLimitSeconds == 90 && job.createdAt == fixture.now)
    #expect(try fixture.queue.job(id + 1) == nil)
    #expect(try fixture.need().job.payload == fixture.payload("v1"))
  }

  @Test("gives jobs of a higher priority first, and the older of equal ones")
  func order() throws {
    let fixture = try JobFixture(JobLimits(maxSize: 20))
    let wanted: [(String, JobPriority)] = [("a", .low), ("b", .normal), ("c", .high), ("d", .normal), ("e", .high), ("f", .low)]
    for (champion, priority) in wanted { try fixture.enqueue(champion, priority) }
    // Numbers order jobs, not the time: the clock may go back.
    fixture.pass(-1000)
    try fixture.enqueue("g", .high)
    fixture.pass(1000)
    var order: [String] = []
    while let claim = try fixture.claim() { order.append(claim.job.payload.champion) }
    #expect(order == ["c", "e", "g", "b", "d", "a", "f"])
  }

  @Test("defers what finds no place, and gives free places to the job that would run first")
  func deferring() throws {
    let fixture = try JobFixture(JobLimits(maxSize: 2))
    let jobs = try ["a", "b", "c", "d"].map { try fixture.enqueue($0) } + [try fixture.enqueue("e", .high)]
    #expect(jobs.map(\.status) == [.pending, .pending, .deferred, .deferred, .deferred])
    #expect(jobs[2].reason == "the queue is full: 2 jobs wait or run")
    let first = try fixture.need()
    #expect(first.job.id == jobs[0].id, "a deferred job has no place, however urgent")
    #expect(try fixture.status(jobs[4].id) == .deferred, "a running job keeps its place")
    try fixture.queue.finish(first, .succeeded(.null), at: fixture.now)
    #expect(try jobs.map { try fixture.status($0.id) } == [.succeeded, .pending, .deferred, .deferred, .pending])
    #expect(try fixture.queue.job(jobs[4].id)?.reason == nil)
    try fixture.queue.cancel(jobs[1].id, reason: "test", at: fixture.now)
    #expect(try jobs.map { try fixture.status($0.id) } == [.succeeded, .cancelled, .pending, .deferred, .pending])
    // A larger limit counts from the next change on.
    fixture.queue.limits.maxSize = 4
    #expect(try fixture.enqueue("f").status == .pending)
    #expect(try fixture.status(jobs[3].id) == .pending)
  }

  @Test("joins wishes of the same cause while one is open, taking the later as-of and the higher priority")
  func joining() throws {
    let fixture = try JobFixture()
    let first = try fixture.enqueue("v1", .normal, asOf: 100)
    #expect(!first.joined)
    let earlier = try fixture.enqueue("v1", .low, asOf: 50)
    #expect(earlier.joined && earlier.id == first.id && earlier.priority == .normal)
    #expect(try fixture.queue.job(first.id)?.payload == fixture.payload("v1", asOf: 100))
    let later = try fixture.enqueue("v1", .high, asOf: 200)
    #expect(later.joined && later.priority == .high)
    let job = try #require(try fixture.queue.job(first.id))
    #expect(job.payload == fixture.payload("v1", asOf: 200) && job.requests == 3)
    #expect(try fixture.enqueue("v2").id != first.id)

    // What runs has read its payload: a wish is counted, and changes nothing.
    let claim = try fixture.need()
    let running = try fixture.enqueue("v1", .high, asOf: 300)
    #expect(running.joined && running.status == .running && running.id == first.id)
    #expect(try fixture.queue.job(first.id)?.payload == fixture.payload("v1", asOf: 200))
    try fixture.queue.finish(claim, .succeeded(.null), at: fixture.now)
    #expect(try fixture.enqueue("v1").id != first.id, "an ended job is not joined")
  }

  @Test("skips wishes within the cooldown, says why, and lets people have their way")
  func cooldown() throws {
    let fixture = try JobFixture(JobLimits(cooldownSeconds: 3600))
    try fixture.enqueue("v1")
    try fixture.queue.finish(try fixture.need(), .skipped(reason: "nothing better", .null), at: fixture.now)
    fixture.pass(3599)
    let skipped = try fixture.enqueue("v2")
    #expect(skipped.status == .skipped)
    #expect(
      skipped.reason == "cooldown: job 1 ended at 2023-11-14T22:13:20Z, no other before 2023-11-14T23:13:20Z")
    #expect(try fixture.claim() == nil)
    #expect(try fixture.enqueue("v3", forced: true).status == .pending)
    try fixture.queue.cancel(3, reason: "test", at: fixture.now)
    // What was skipped, cancelled or failed starts no cooldown of its own.
    fixture.pass(1)
    #expect(try fixture.enqueue("v4").status == .pending)
    try fixture.queue.finish(try fixture.need(), .failed(error: "x", canRetry: false), at: fixture.now)
    #expect(try fixture.enqueue("v5").status == .pending)
    // An end in the future was noted before the clock went back.
    try fixture.queue.finish(try fixture.need(), .succeeded(.null), at: fixture.now)
    fixture.pass(-7200)
    #expect(try fixture.enqueue("v6").status == .pending)
  }

  @Test("waits longer before each retry, and somewhat differently for each job", arguments: 0..<10 as Range<UInt64>)
  func backoff(seed: UInt64) throws {
    let limits = JobLimits(maxRetries: 3, retryBackoffSeconds: 10, seed: seed)
    let fixture = try JobFixture(limits)
    let id = try fixture.enqueue("v1").id
    for attempt in 1...4 {
      let claim = try fixture.need()
      #expect(claim.job.attempts == attempt)
      let status = try fixture.queue.finish(claim, .failed(error: "fault \(attempt)"), at: fixture.now)
      #expect(status == (attempt < 4 ? .pending : .failed))
      guard status == .pending else { break }
      let wait = limits.backoffSeconds(job: id, attempt: attempt)
      let least = 10 * pow(2, Double(attempt - 1))
      #expect(wait >= least && wait < 1.5 * least)
      fixture.pass(wait - 0.001)
      #expect(try fixture.claim() == nil)
      fixture.pass(0.002)
    }
    #expect(try fixture.queue.job(id)?.reason == "fault 4")
    #expect(try fixture.queue.attempts(of: id).map(\.error) == ["fault 1", "fault 2", "fault 3", "fault 4"])
    #expect(limits.backoffSeconds(job: 1, attempt: 1) != limits.backoffSeconds(job: 2, attempt: 1))
    #expect(limits.backoffSeconds(job: 1, attempt: 500) <= 1.5 * JobLimits.longestBackoffSeconds)
  }

  @Test("does not try again what another try cannot help")
  func finalFailure() throws {
    let fixture = try JobFixture()
    let id = try fixture.enqueue("v1").id
    #expect(try fixture.queue.finish(try fixture.need(), .failed(error: "no rows", canRetry: false), at: fixture.now) == .failed)
    #expect(try fixture.queue.retry(id, at: fixture.now) == .pending)
    #expect(try fixture.need().job.attempts == 1, "all attempts are before it again")
    #expect(throws: JobQueueError.notRetriable(job: id, status: .running)) { try fixture.queue.retry(id, at: fixture.now) }
    #expect(throws: JobQueueError.unknown(job: 99)) { try fixture.queue.retry(99, at: fixture.now) }
  }

  @Test("does not try again what a newer wish stands for")
  func duplicateRetry() throws {
    let fixture = try JobFixture()
    let first = try fixture.enqueue("v1").id
    try fixture.queue.cancel(first, reason: "test", at: fixture.now)
    let second = try fixture.enqueue("v1").id
    #expect(throws: JobQueueError.duplicate(job: first, open: second)) { try fixture.queue.retry(first, at: fixture.now) }
    #expect(try fixture.status(first) == .cancelled)
  }

  @Test("has the wishes that a ledger of before jobs had workers holds")
  func migration() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("ledger.sqlite")
    do {
      let database = try SQLiteDatabase(path: path, access: .readWrite)
      try database.migrate(Array(Ledger.migrations.prefix(2)))
      try database.write { transaction in
        try transaction.execute(
          """
          INSERT INTO cycles (as_of, since, seed, champion, status, room, started_at, configuration, lathe_version)
          VALUES (1600000000250000, 0, 42, 'v1', 'done', 'queueing', 0, 'seed: 42', '1')
          """)
        for candidates in ["NULL", "'[\"mlp\",\"forest\"]'"] {
          try transaction.execute(
            """
            INSERT INTO jobs (cycle_id, status, priority, as_of, champion, candidates, reasons, requests, created_at)
            VALUES (1, 'pending', 2, 1600000000250000, 'v1', \(candidates), '[{"code":"HIGH_MAE"}]', 3, 5000000)
            """)
        }
      }
    }
    let queue = JobQueue(try Ledger(path: path))
    let payload = JobPayload(
      asOf: Timestamp(microseconds: 1_600_000_000_250_000), seed: 42, champion: "v1", configuration: "seed: 42",
      reasons: [["code": "HIGH_MAE"]])
    let job = try #require(try queue.job(1))
    #expect(job.payload == payload && job.status == .pending && job.priority == .high && job.requests == 3 && job.cycle == 1)
    #expect(try queue.job(2)?.payload.candidates == ["mlp", "forest"])
    for id in 1...2 as ClosedRange<Int64> {
      let job = try #require(try queue.job(id))
      #expect(job.cause == JobRequest.cause(of: .train, job.payload))
    }
    let joined = try queue.enqueue(JobRequest(payload: payload), at: Timestamp(microseconds: 6_000_000))
    #expect(joined.joined && joined.id == 1)
  }
}
