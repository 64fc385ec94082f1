import Foundation
import Ledger
import Tabular
import TestSupport
import Testing

@testable import Scheduling

@Suite("A supervisor in a process of its own")
struct KilledSupervisorTests {
  private func start(_ fixture: WorkerFixture, _ script: String) throws -> RunningCommand {
    try Command(
      URL(filePath: try WorkerFixture.probe()), ["supervise", fixture.queue.ledger.path, fixture.folder.path, script],
      in: fixture.folder.path,
      environment: [:]
    ).start()
  }

  @Test(
    "that is killed leaves a job that notices and ends, and that is taken up again once its lease is over", arguments: ["obey", "ignore"])
  func killed(mode: String) throws {
    let fixture = try WorkerFixture(JobLimits(maxRetries: 2, leaseSeconds: 1))
    let id = try fixture.enqueue()
    let script = "exec '\(try WorkerFixture.probe())' job \(mode) '\(fixture.folder.path("note"))'"
    let first = try start(fixture, script)
    let process = try fixture.notedProcess()
    #expect(WorkerFixture.isRunning(process))
    first.send(SIGKILL)
    #expect(first.outcome().exitCode == 128 + SIGKILL)
    try fixture.wait { !WorkerFixture.isRunning(process) }
    #expect(try fixture.queue.job(id)?.status == .running, "nobody has entered anything")

    let second = try start(fixture, #"echo '{"type":"result","outcome":"succeeded","value":2}'"#)
    try fixture.wait { try fixture.queue.job(id)?.status == .succeeded }
    second.send(SIGTERM)
    #expect(second.outcome().exitCode == 0)
    #expect(try fixture.queue.attempts(of: id).map(\.outcome) == ["lost", "succeeded"])
    #expect(try fixture.queue.job(id)?.result == 2)
  }

  @Test("that gets SIGTERM ends its job, hands it back, and ends")
  func terminated() throws {
    let fixture = try WorkerFixture()
    let id = try fixture.enqueue()
    let supervisor = try start(fixture, "echo $$ > '\(fixture.folder.path("note"))'; sleep 1000 & wait")
    let process = try fixture.notedProcess()
    supervisor.send(SIGTERM)
    #expect(supervisor.outcome().exitCode == 0)
    #expect(!WorkerFixture.isRunning(process))
    let job = try #require(try fixture.queue.job(id))
    #expect(job.status == .pending && job.attempts == 0)
  }

  @Test("whose job's program was started by nobody, it says what it expected")
  func noSupervisor() throws {
    let folder = try TemporaryFolder()
    for (input, fault) in [("", "standard input ended after 0 bytes"), ("hello\n", "its first line was 'hello'")] {
      var command = Command(
        URL(filePath: try WorkerFixture.probe()), ["job", "succeed", folder.path("note")], in: folder.path, environment: [:])
      command.input = input
      let outcome = try command.run()
      #expect(outcome.exitCode != 0)
      #expect(outcome.remarks.contains(fault), "\(outcome)")
    }
  }
}
