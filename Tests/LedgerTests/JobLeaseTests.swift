import Foundation
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("A lease of a job")
struct JobLeaseTests {
  @Test("is renewed by signs of life, which tell how far the job is")
  func heartbeats() throws {
    let fixture = try JobFixture(JobLimits(leaseSeconds: 60))
    let id = try fixture.enqueue("v1").id
    let claim = try fixture.need()
    #expect(claim.leaseUntil == fixture.now.advanced(bySeconds: 60))
    for step in 1...5 {
      fixture.pass(40)
      let heartbeat = try fixture.queue.heartbeat(
        claim, progress: step == 2 ? JobProgress(percent: 20, step: "folds") : nil, at: fixture.now)
      #expect(heartbeat.leaseUntil == fixture.now.advanced(bySeconds: 60) && heartbeat.cancellation == nil)
      #expect(try fixture.claim("b") == nil)
    }
    let job = try #require(try fixture.queue.job(id))
    #expect(job.progress == JobProgress(percent: 20, step: "folds"))
    #expect(job.elapsedSeconds(at: fixture.now) == 200 && job.remainingSeconds(at: fixture.now) == 800)
    #expect(job.elapsedSeconds(at: fixture.now.advanced(bySeconds: -1000)) == 0)
    #expect(JobProgress(percent: .nan, step: "").percent == 0 && JobProgress(percent: 400, step: "").percent == 100)
    #expect(try fixture.queue.finish(claim, .succeeded(["rows": 3]), at: fixture.now) == .succeeded)
    let ended = try #require(try fixture.queue.job(id))
    #expect(ended.result == ["rows": 3] && ended.progress?.percent == 100 && ended.worker == nil && ended.finishedAt == fixture.now)
  }

  @Test("that ends gives the job to another, and the first one's report is refused")
  func staleWorker() throws {
    let fixture = try JobFixture(JobLimits(leaseSeconds: 60))
    let id = try fixture.enqueue("v1").id
    let first = try fixture.need("first")
    fixture.pass(59.9)
    #expect(try fixture.claim("second") == nil)
    fixture.pass(0.2)
    let second = try fixture.need("second")
    #expect(second.job.id == id && second.token > first.token && second.job.attempts == 2)
    let before = try fixture.queue.job(id)
    for report: () throws -> Void in [
      { try fixture.queue.finish(first, .succeeded("first"), at: fixture.now) },
      { _ = try fixture.queue.heartbeat(first, progress: JobProgress(percent: 90, step: "late"), at: fixture.now) },
    ] {
      let error = #expect(throws: JobQueueError.self) { try report() }
      #expect(
        error?.description
          == "stale lease: job 1 is no longer held with token 1, worker 'second' holds it with token 2 since 2023-11-14T22:14:20.1Z; drop what was done for it"
      )
    }
    #expect(try fixture.queue.job(id) == before)
    try fixture.queue.finish(second, .succeeded("second"), at: fixture.now)
    #expect(throws: JobQueueError.staleLease(job: id, token: second.token, now: "it is succeeded")) {
      try fixture.queue.finish(second, .failed(error: "twice"), at: fixture.now)
    }
    #expect(try fixture.queue.job(id)?.result == "second")
    #expect(try fixture.queue.attempts(of: id).map(\.outcome) == ["lost", "succeeded"])
  }

  @Test("that ended counts all the same while nobody took the job up")
  func lateWorker() throws {
    let fixture = try JobFixture()
    let id = try fixture.enqueue("v1").id
    let claim = try fixture.need()
    fixture.pass(1000)
    #expect(try fixture.queue.finish(claim, .succeeded(.null), at: fixture.now) == .succeeded)
    #expect(try fixture.status(id) == .succeeded)
  }

  @Test("of a job that kills its worker each time is given out as often as retries allow, and no more")
  func poison() throws {
    let fixture = try JobFixture(JobLimits(maxRetries: 2, leaseSeconds: 60))
    let id = try fixture.enqueue("v1").id
    let other = try fixture.enqueue("v2").id
    for attempt in 1...3 {
      let claim = try fixture.need("worker \(attempt)")
      #expect(claim.job.id == id && claim.job.attempts == attempt)
      fixture.pass(61)
    }
    #expect(try fixture.need().job.id == other, "the others go on")
    let job = try #require(try fixture.queue.job(id))
    #expect(job.status == .failed)
    #expect(
      job.reason == "worker 'worker 3' gave no sign until its lease ended at 2023-11-14T22:16:22Z: it was killed, or hangs")
    #expect(try fixture.queue.attempts(of: id).map(\.outcome) == ["lost", "lost", "lost"])
  }

  @Test("that is handed back costs no attempt")
  func releasing() throws {
    let fixture = try JobFixture(JobLimits(maxRetries: 0))
    let id = try fixture.enqueue("v1").id
    for _ in 0..<5 { #expect(try fixture.queue.finish(try fixture.need(), .released(reason: "stop"), at: fixture.now) == .pending) }
    #expect(try fixture.queue.job(id)?.attempts == 0)
    #expect(try fixture.queue.finish(try fixture.need(), .failed(error: "x"), at: fixture.now) == .failed)
    #expect(try fixture.queue.attempts(of: id).map(\.outcome) == Array(repeating: "released", count: 5) + ["failed"])
  }

  @Test("ends at its full length when the clock is set back, also with nobody alive to renew it")
  func clockBack() throws {
    let fixture = try JobFixture(JobLimits(leaseSeconds: 60))
    let id = try fixture.enqueue("v1").id
    let dead = try fixture.need("dead")
    fixture.pass(-86_400)
    // Not at once: its worker may be alive, and two would work.
    #expect(try fixture.claim("b") == nil)
    fixture.pass(30)
    #expect(try fixture.claim("b") == nil)
    fixture.pass(31)
    let claim = try fixture.need("b")
    #expect(claim.job.id == id)
    #expect(throws: JobQueueError.self) { try fixture.queue.finish(dead, .succeeded("dead"), at: fixture.now) }

    // One that is alive keeps it.
    fixture.pass(-3600)
    _ = try fixture.queue.heartbeat(claim, at: fixture.now)
    fixture.pass(59)
    #expect(try fixture.claim("c") == nil)
    #expect(try fixture.queue.finish(claim, .succeeded("b"), at: fixture.now) == .succeeded)
  }

  @Test("of one worker is not cut to that of another with shorter ones")
  func ownLength() throws {
    let fixture = try JobFixture(JobLimits(leaseSeconds: 600))
    try fixture.enqueue("v1")
    _ = try fixture.need("slow")
    fixture.queue.limits.leaseSeconds = 10
    fixture.pass(599)
    #expect(try fixture.claim("b") == nil)
    fixture.pass(2)
    #expect(try fixture.claim("b") != nil)
  }

  @Test("and a wait before a retry are cut when the clock is set back")
  func clockBackWhileWaiting() throws {
    let limits = JobLimits(retryBackoffSeconds: 60)
    let fixture = try JobFixture(limits)
    let id = try fixture.enqueue("v1").id
    try fixture.queue.finish(try fixture.need(), .failed(error: "x"), at: fixture.now)
    fixture.pass(-86_400)
    #expect(try fixture.claim() == nil)
    fixture.pass(limits.backoffSeconds(job: id, attempt: 1) + 0.001)
    #expect(try fixture.need().job.id == id)
  }

  @Test("set forward, still lets one result count")
  func clockForward() throws {
    let fixture = try JobFixture()
    try fixture.enqueue("v1")
    let first = try fixture.need("a")
    fixture.pass(86_400)
    let second = try fixture.need("b")
    #expect(throws: JobQueueError.self) { try fixture.queue.heartbeat(first, at: fixture.now) }
    #expect(throws: JobQueueError.self) { try fixture.queue.finish(first, .succeeded("a"), at: fixture.now) }
    #expect(try fixture.queue.finish(second, .succeeded("b"), at: fixture.now) == .succeeded)
  }

  @Test("is called off at once where the job waits, and by its worker where it runs")
  func cancelling() throws {
    let fixture = try JobFixture(JobLimits(maxSize: 2))
    let (running, waiting, deferred) = (try fixture.enqueue("a").id, try fixture.enqueue("b").id, try fixture.enqueue("c").id)
    let claim = try fixture.need()
    #expect(try fixture.queue.cancel(deferred, reason: "no need", at: fixture.now) == .cancelled)
    #expect(try fixture.queue.cancel(waiting, reason: "no need", at: fixture.now) == .cancelled)
    #expect(try fixture.queue.cancel(running, reason: "by me", at: fixture.now) == .running)
    #expect(throws: JobQueueError.ended(job: waiting, status: .cancelled)) {
      try fixture.queue.cancel(waiting, reason: "again", at: fixture.now)
    }
    #expect(throws: JobQueueError.unknown(job: 9)) { try fixture.queue.cancel(9, reason: "", at: fixture.now) }
    #expect(try fixture.queue.heartbeat(claim, at: fixture.now).cancellation == "by me")
    #expect(try fixture.queue.finish(claim, .cancelled(reason: "by me"), at: fixture.now) == .cancelled)
    #expect(try fixture.queue.job(running)?.reason == "by me")
  }

  @Test("of a job that was called off is not given out again, whatever becomes of its worker")
  func cancelledAndLost() throws {
    for outcome: JobOutcome? in [nil, .failed(error: "x"), .released(reason: "stop")] {
      let fixture = try JobFixture()
      let id = try fixture.enqueue("a").id
      let claim = try fixture.need()
      try fixture.queue.cancel(id, reason: "by me", at: fixture.now)
      if let outcome {
        #expect(try fixture.queue.finish(claim, outcome, at: fixture.now) == .cancelled)
      } else {
        fixture.pass(61)
      }
      #expect(try fixture.claim() == nil)
      #expect(try fixture.status(id) == .cancelled)
    }
    // Done is done.
    let fixture = try JobFixture()
    let id = try fixture.enqueue("a").id
    let claim = try fixture.need()
    try fixture.queue.cancel(id, reason: "too late", at: fixture.now)
    #expect(try fixture.queue.finish(claim, .succeeded(.null), at: fixture.now) == .succeeded)
  }
}
