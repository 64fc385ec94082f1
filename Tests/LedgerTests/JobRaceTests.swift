import DataAccess
import Foundation
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("Workers that race for jobs")
struct JobRaceTests {
  /// A queue with that many pending jobs, in memory where that can be: what is tried here is who gets a job, not the disk.
  private func queue(_ count: Int) throws -> JobFixture {
    let fixture = try JobFixture(JobLimits(maxSize: 20), inMemory: true)
    try fixture.enqueue("v1")
    _ = try fixture.ledger.database.write { transaction in
      try transaction.execute(
        """
        WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
        INSERT INTO jobs (kind, payload, cause, status, priority, created_at, not_before)
          SELECT kind, payload, cause || n, 'pending', n % 3, created_at, not_before FROM jobs, numbers
        """, [.integer(Int64(count))])
    }
    return fixture
  }

  private func start(_ fixture: JobFixture, _ worker: String, leaseSeconds: Double = 60) throws -> RunningCommand {
    let folder = try BuiltProgram().executable.deletingLastPathComponent()
    return try Command(
      folder.appending(path: "WorkerProbe"), ["race", fixture.ledger.path, worker, "\(leaseSeconds)"], in: fixture.folder.path,
      environment: [:]
    ).start()
  }

  private func letGo(_ fixture: JobFixture) throws { try Data().write(to: URL(filePath: fixture.folder.path("go"))) }

  /// Numbers and tokens of the jobs that a worker was told it had finished.
  private func finished(_ outcome: CommandOutcome) -> [(job: Int64, token: Int64)] {
    // A line that a killed worker did not write to its end tells nothing.
    outcome.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap { line in
      let numbers = line.split(separator: " ").compactMap { Int64($0) }
      return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }
  }

  @Test("get each of a thousand jobs once, with a token of its own")
  func race() throws {
    let fixture = try queue(1000)
    let names = ["a", "b"]
    let workers = try names.map { try start(fixture, $0) }
    for (name, worker) in zip(names, workers) {
      #expect(worker.wait { _ in FileManager.default.fileExists(atPath: fixture.folder.path("ready-\(name)")) })
    }
    try letGo(fixture)
    let outcomes = workers.map { $0.outcome() }
    for outcome in outcomes { #expect(outcome.exitCode == 0, "\(outcome)") }
    let finished = outcomes.map(finished)
    #expect(finished.allSatisfy { !$0.isEmpty }, "both had some: \(finished.map(\.count))")
    let all = finished.joined()
    #expect(all.count == 1000 && Set(all.map { $0.job }) == Set(1...1000), "each job once")
    #expect(Set(all.map { $0.token }).count == 1000, "each with a token of its own")
    for (name, finished) in zip(names, finished) {
      for (id, _) in finished {
        let job = try #require(try fixture.queue.job(id))
        #expect(job.status == .succeeded && job.result == .text(name) && job.attempts == 1)
      }
    }
  }

  @Test("and are killed at any moment lose no job and no result")
  func killing() throws {
    let fixture = try queue(300)
    try letGo(fixture)
    var random = SeededGenerator(seed: 7)
    var told: [Int64: Int64] = [:]
    for round in 0..<40 {
      let workers = try ["a", "b"].map { try start(fixture, "\($0)\(round)", leaseSeconds: 0.05) }
      usleep(UInt32(20_000 + random.integer(below: 60_000)))
      for worker in workers { worker.send(SIGKILL) }
      for (job, token) in workers.map({ finished($0.outcome()) }).joined() {
        #expect(told.updateValue(token, forKey: job) == nil, "job \(job) was finished twice")
      }
    }
    // Jobs of killed workers are given out again when their leases end.
    while try fixture.queue.jobs().contains(where: { $0.status.isOpen }) {
      let outcome = try start(fixture, "last", leaseSeconds: 60).outcome()
      #expect(outcome.exitCode == 0, "\(outcome)")
      for (job, token) in finished(outcome) { #expect(told.updateValue(token, forKey: job) == nil, "job \(job) was finished twice") }
    }
    let jobs = try fixture.queue.jobs()
    #expect(jobs.count == 300 && jobs.allSatisfy { $0.status == .succeeded })
    for job in jobs {
      let attempts = try fixture.queue.attempts(of: job.id)
      let succeeded = attempts.filter { $0.outcome == "succeeded" }
      #expect(succeeded.count == 1 && attempts.allSatisfy { ["succeeded", "lost"].contains($0.outcome) })
      // A worker that was killed between its commit and its line has finished the job all the same.
      if let token = told[job.id] { #expect(succeeded.map(\.token) == [token]) }
    }
    #expect(try fixture.ledger.faults() == [])
  }
}
