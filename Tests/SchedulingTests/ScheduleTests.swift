import DataAccess
import Foundation
import Ledger
import Tabular
import TestSupport
import Testing

@testable import Scheduling

@Suite("A schedule")
struct ScheduleTests {
  /// A ledger and clocks that the test sets; waiting makes them go on.
  final class Fixture {
    let folder: TemporaryFolder
    let ledger: Ledger
    var now: Timestamp
    var uptime = 0.0
    var stopAt: Timestamp?
    var runs: [ScheduleRun] = []
    var body: (ScheduleRun, () -> Bool) throws -> String? = { _, _ in nil }

    init(_ start: String) throws {
      folder = try TemporaryFolder()
      ledger = try Ledger(path: folder.path("ledger.sqlite"))
      now = try instant(start)
    }

    func pass(_ seconds: Double) {
      now = now.advanced(bySeconds: seconds)
      uptime += seconds
    }

    func scheduler(_ schedule: Schedule) throws -> Scheduler {
      try Scheduler(
        schedule, ledger: ledger, lockPath: folder.path("lock"),
        surroundings: Scheduler.Surroundings(
          now: { self.now }, uptimeSeconds: { self.uptime }, wait: { self.pass(max($0, 0.001)) },
          shouldStop: { self.stopAt.map { self.now >= $0 } ?? false }),
        body: { run, shouldStop in
          self.runs.append(run)
          return try self.body(run, shouldStop)
        })
    }

    func entered() throws -> [ScheduleRun] { try ledger.scheduleRuns(of: "nightly", limit: 100) }
  }

  private func nightly(_ cron: String = "0 2 * * *", jitter: Double = 0, limit: Double = 3600) throws -> Schedule {
    Schedule(name: "nightly", cron: try CronExpression(cron), maxExecutionSeconds: limit, maxJitterSeconds: jitter)
  }

  @Test("runs at its instants, each entered in the ledger")
  func running() throws {
    let fixture = try Fixture("2024-01-01T12:00:00Z")
    fixture.stopAt = try instant("2024-01-04T12:00:00Z")
    fixture.body = { _, _ in
      fixture.pass(90)
      return "cycle 7"
    }
    try fixture.scheduler(try nightly()).run()
    #expect(fixture.runs.map(\.dueAt.description) == ["2024-01-02T02:00:00Z", "2024-01-03T02:00:00Z", "2024-01-04T02:00:00Z"])
    #expect(fixture.runs.allSatisfy { $0.missedCount == 0 && $0.startedAt == $0.dueAt })
    let entered = try fixture.entered()
    #expect(entered.map(\.outcome) == [.done, .done, .done, .armed])
    #expect(entered[0].detail == "cycle 7" && entered[0].finishedAt == entered[0].dueAt.advanced(bySeconds: 90))
    #expect(entered[0].id == fixture.runs[2].id)
  }

  @Test("makes up for all missed instants by one run, and lists them")
  func missed() throws {
    let fixture = try Fixture("2024-01-01T12:00:00Z")
    let schedule = try nightly()
    #expect(try fixture.scheduler(schedule).step() == .arm)
    #expect(try fixture.scheduler(schedule).step() == .wait(until: try instant("2024-01-02T02:00:00Z")))
    fixture.pass(4 * 86_400)
    try fixture.scheduler(schedule).step()
    #expect(fixture.runs.map(\.dueAt.description) == ["2024-01-05T02:00:00Z"])
    #expect(fixture.runs[0].missed.map(\.description) == ["2024-01-02T02:00:00Z", "2024-01-03T02:00:00Z", "2024-01-04T02:00:00Z"])
    #expect(fixture.runs[0].missedCount == 3)
    #expect(try fixture.entered()[0].missed == fixture.runs[0].missed)
    #expect(try fixture.scheduler(schedule).step() == .wait(until: try instant("2024-01-06T02:00:00Z")))
  }

  @Test("bounds the list of missed instants when the clock has jumped by decades")
  func manyMissed() throws {
    let schedule = try nightly("@hourly", jitter: 600)
    let armed = ScheduleRun(
      schedule: "nightly", definition: schedule.definition, dueAt: try instant("1970-01-01T00:00:00Z"),
      startedAt: try instant("1970-01-01T00:00:00Z"), outcome: .armed)
    let now = try instant("2024-01-01T00:10:00Z")
    guard case .run(let run) = schedule.decision(last: armed, at: now) else {
      Issue.record("nothing runs")
      return
    }
    #expect(run.missed.count == Schedule.mostListed && run.missedCount == Schedule.mostCounted - 1 && run.dueAt == now)
    #expect(schedule.decision(last: run, at: now) == .wait(until: schedule.start(of: try instant("2024-01-01T01:00:00Z"))))
  }

  @Test("missed nothing of another definition, and nothing before it was watched")
  func definitions() throws {
    let fixture = try Fixture("2024-01-01T12:00:00Z")
    try fixture.scheduler(try nightly()).step()
    fixture.pass(10 * 86_400)
    #expect(try fixture.scheduler(try nightly("*/5 * * * *")).step() == .arm)
    #expect(fixture.runs.isEmpty)
  }

  @Test("repeats nothing when the clock is set back a little, and starts anew when it is set back far")
  func clockBack() throws {
    let fixture = try Fixture("2024-01-10T01:59:00Z")
    let schedule = try nightly()
    try fixture.scheduler(schedule).step()
    fixture.pass(60)
    try fixture.scheduler(schedule).step()
    #expect(fixture.runs.count == 1)
    fixture.now = try instant("2024-01-10T01:00:00Z")
    #expect(try fixture.scheduler(schedule).step() == .wait(until: try instant("2024-01-11T02:00:00Z")))
    fixture.now = try instant("2024-01-05T01:00:00Z")
    #expect(try fixture.scheduler(schedule).step() == .arm)
    #expect(try fixture.scheduler(schedule).step() == .wait(until: try instant("2024-01-05T02:00:00Z")))
    fixture.pass(3600)
    try fixture.scheduler(schedule).step()
    #expect(fixture.runs.map(\.dueAt.description) == ["2024-01-10T02:00:00Z", "2024-01-05T02:00:00Z"])
  }

  @Test("starts a run somewhat later, always the same for an instant", arguments: 0..<20 as Range<UInt64>)
  func jitter(seed: UInt64) throws {
    var schedule = try nightly(jitter: 600)
    schedule.seed = seed
    let due = try instant("2024-01-02T02:00:00Z")
    let start = schedule.start(of: due)
    #expect(start >= due && start < due.advanced(bySeconds: 600))
    #expect(schedule.start(of: due) == start)
    #expect(schedule.start(of: due.advanced(bySeconds: 86_400)) != start.advanced(bySeconds: 86_400))
    let armed = ScheduleRun(
      schedule: "nightly", definition: schedule.definition, dueAt: due.advanced(bySeconds: -60), startedAt: due, outcome: .armed)
    #expect(schedule.decision(last: armed, at: due) == .wait(until: start))
    guard case .run(let run) = schedule.decision(last: armed, at: start) else {
      Issue.record("nothing runs at \(start)")
      return
    }
    #expect(run.dueAt == due && run.startedAt == start)
  }

  @Test("tells a run that takes too long to stop, and says so")
  func overrun() throws {
    let fixture = try Fixture("2024-01-02T01:59:00Z")
    let scheduler = try fixture.scheduler(try nightly(limit: 100))
    try scheduler.step()
    fixture.pass(60)
    fixture.body = { _, shouldStop in
      var rounds = 0
      while !shouldStop() {
        fixture.pass(30)
        rounds += 1
      }
      return "\(rounds) rounds"
    }
    try scheduler.step()
    let run = try fixture.entered()[0]
    #expect(run.outcome == .overran && run.detail == "it took longer than its 100.0 s; 4 rounds")
  }

  @Test("enters a failure, and goes on")
  func failures() throws {
    let fixture = try Fixture("2024-01-02T01:00:00Z")
    fixture.stopAt = try instant("2024-01-04T01:00:00Z")
    fixture.body = { _, _ in throw CronError(expression: "x", field: nil, fault: "was only a test") }
    try fixture.scheduler(try nightly()).run()
    #expect(try fixture.entered().map(\.outcome) == [.failed, .failed, .armed])
    #expect(try fixture.entered()[0].detail == "cron 'x': was only a test")
  }

  @Test("marks the run of a scheduler that was killed as interrupted, and does not repeat it")
  func killed() throws {
    let fixture = try Fixture("2024-01-02T01:59:00Z")
    let schedule = try nightly()
    try fixture.scheduler(schedule).step()
    fixture.pass(60)
    try fixture.ledger.begin(
      ScheduleRun(schedule: "nightly", definition: schedule.definition, dueAt: fixture.now, startedAt: fixture.now))
    fixture.pass(60)
    #expect(try fixture.scheduler(schedule).step() == .wait(until: try instant("2024-01-03T02:00:00Z")))
    #expect(try fixture.entered().map(\.outcome) == [.interrupted, .armed])
  }

  @Test("is run by one process at a time, whose number a second one tells")
  func oneInstance() throws {
    let fixture = try Fixture("2024-01-01T12:00:00Z")
    let first = try fixture.scheduler(try nightly())
    let error = #expect(throws: InstanceHeld.self) { try fixture.scheduler(try nightly()) }
    #expect(
      error?.description
        == "\(fixture.folder.path("lock")): process \(getpid()) is running the schedule already; end it first, or leave it to it")
    try first.step()
  }

  @Test("frees its lock at its end")
  func release() throws {
    let fixture = try Fixture("2024-01-01T12:00:00Z")
    for _ in 0..<3 { _ = try fixture.scheduler(try nightly()) }
  }
}
