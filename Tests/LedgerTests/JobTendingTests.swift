import DataAccess
import Foundation
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("Tending the queue of jobs")
struct JobTendingTests {
  @Test(
    "sets a row aside that makes no sense, with the reason, and the others go on",
    arguments: [
      ("payload = '{\"asOf\":'", "column 'payload': expected the JSON of a job, got '{\"asOf\":'"),
      ("payload = '{}'", "column 'payload': expected the JSON of a job, got '{}' (there is no 'asOf')"),
      ("payload = x'00ff'", "column 'payload'"), ("payload = CAST(x'ff' AS TEXT)", "column 'payload'"),
      ("status = 'sleeping'", "column 'status': expected one of pending, running"),
      ("status = 7", "column 'status'"), ("priority = 9", "column 'priority': expected one of 0, 1, 2, got '9'"),
      ("priority = 'soon'", "column 'priority'"), ("kind = 'dance'", "column 'kind': expected one of train, got 'dance'"),
      ("not_before = 'later'", "column 'not_before'"), ("created_at = 'once'", "column 'created_at'"),
      ("status = 'running'", "a running job without worker"),
      ("status = 'running', worker = 'w', token = 1, started_at = 1, lease_seconds = 1, lease_until = 'never'", "column 'lease_until'"),
    ])
  func quarantine(assignment: String, reason: String) throws {
    let fixture = try JobFixture(JobLimits(maxSize: 2))
    let (bad, good, waiting) = (try fixture.enqueue("bad", .high).id, try fixture.enqueue("good").id, try fixture.enqueue("waiting").id)
    try fixture.spoil(bad, assignment)
    let tidying = try fixture.queue.tidy(at: fixture.now)
    #expect(tidying.quarantined == [bad] && tidying.promoted == [waiting], "its place is given away")
    let aside = try fixture.queue.quarantined()
    #expect(aside.map(\.job) == [bad] && aside[0].reason.contains(reason), "\(aside)")
    #expect(try fixture.claim()?.job.id == good)
    #expect(try fixture.claim()?.job.id == waiting)
    #expect(try fixture.queue.job(bad) == nil)
    #expect(try fixture.queue.tidy(at: fixture.now).quarantined == [])
    #expect(try fixture.enqueue("new").id > waiting, "numbers are not given twice")
  }

  @Test("meets such a row on the way of a claim or a wish, and goes round it")
  func quarantineOnTheWay() throws {
    let fixture = try JobFixture()
    let (bad, good) = (try fixture.enqueue("bad", .high).id, try fixture.enqueue("good").id)
    try fixture.spoil(bad, "payload = 'no JSON'")
    #expect(throws: JobQueueError.self) { try fixture.queue.job(bad) }
    #expect(try fixture.queue.jobs().map(\.id) == [good])
    #expect(try fixture.queue.unreadable().map(\.job) == [bad])
    #expect(try fixture.need().job.id == good)
    #expect(try fixture.queue.quarantined().map(\.job) == [bad])

    let again = try fixture.enqueue("bad")
    #expect(!again.joined)
    try fixture.spoil(again.id, "payload = '[]'")
    let third = try fixture.enqueue("bad")
    #expect(!third.joined && third.id > again.id)
    #expect(try fixture.queue.quarantined().map(\.job) == [bad, again.id])
  }

  @Test("removes ended jobs that are old or many, with their attempts, and no open one")
  func retention() throws {
    let fixture = try JobFixture(JobLimits(maxSize: 2))
    var ended: [Int64] = []
    for number in 0..<6 {
      ended.append(try fixture.enqueue("v\(number)").id)
      let outcomes: [JobOutcome] = [.succeeded(.null), .failed(error: "x", canRetry: false), .cancelled(reason: "x")]
      try fixture.queue.finish(try fixture.need(), outcomes[number % 3], at: fixture.now)
      fixture.pass(100)
    }
    let open = try (0..<3).map { try fixture.enqueue("open \($0)").id }
    _ = try fixture.need()
    fixture.pass(1_000_000)
    #expect(try fixture.queue.prune(at: fixture.now) == [])
    fixture.pass(-1_000_000)
    #expect(try fixture.queue.prune(olderThan: 450, at: fixture.now) == Array(ended[..<2]))
    #expect(try fixture.queue.prune(keepLast: 3, at: fixture.now) == [ended[2]])
    #expect(try fixture.queue.prune(keepLast: 0, at: fixture.now) == Array(ended[3...]))
    #expect(try fixture.queue.jobs().map(\.id) == open.reversed())
    #expect(try fixture.queue.attempts(of: ended[0]) == [])
    #expect(try fixture.queue.attempts(of: open[0]).count == 1)
    #expect(try fixture.queue.jobs(.deferred).map(\.id) == [open[2]])
  }
}
