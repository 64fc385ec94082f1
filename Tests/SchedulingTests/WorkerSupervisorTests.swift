import Foundation
import Ledger
import Tabular
import TestSupport
import Testing

@testable import Scheduling

private let succeeds = #"echo '{"type":"result","outcome":"succeeded","value":{"rows":3}}'"#

@Suite("A supervisor of workers")
struct WorkerSupervisorTests {
  @Test("does a job by a program, and enters what it came to, how far it came and what it said")
  func wholeJob() throws {
    let fixture = try WorkerFixture()
    let id = try fixture.enqueue("v7")
    #expect(try fixture.supervisor(try fixture.probe("succeed")).runNext() == .ended(job: id, status: .succeeded))
    let job = try #require(try fixture.queue.job(id))
    #expect(job.result == ["champion": "v7"], "the payload went there, the result came back")
    #expect(try fixture.queue.attempts(of: id).map(\.worker) == ["test"])
    let lines = try fixture.log().split(separator: "\n").map { try JSONDecoder().decode([String: PlainValue].self, from: Data($0.utf8)) }
    #expect(lines.allSatisfy { $0["time"]?.text != nil && $0["attempt"] == 1 })
    #expect(lines.contains { $0["message"] == "champion v7" && $0["rows"] == 3 && $0["level"] == "info" })
    #expect(lines.contains { $0["message"] == "what is printed is no message" && $0["stream"] == "stderr" })
    #expect(try fixture.supervisor(try fixture.probe("succeed")).runNext() == .idle)
  }

  @Test("keeps apart what changed nothing")
  func skipped() throws {
    let fixture = try WorkerFixture()
    let id = try fixture.enqueue()
    #expect(try fixture.supervisor(try fixture.probe("skip")).runNext() == .ended(job: id, status: .skipped))
    #expect(try fixture.queue.job(id)?.reason == "nothing better")
  }

  @Test(
    "takes a program that ends badly, says nothing or says rubbish for a failed attempt, and tells which",
    arguments: [
      ("exit 0", "its process ended with exit code 0, but gave no result"),
      ("exit 3", "its process ended with exit code 3"),
      ("\(succeeds); exit 1", "its process ended with exit code 1 after it had given a result"),
      ("kill -9 $$", "its process was ended by signal 9 (SIGKILL: killed, perhaps for want of memory)"),
      ("kill -SEGV $$", "its process was ended by signal 11 (SIGSEGV)"),
      (
        "echo hello; echo '{\"type\":\"dance\"}'; echo trouble >&2",
        "its process ended with exit code 0, but gave no result; 2 lines of its output were no messages, the first: 'hello'; its last words: trouble"
      ),
      (#"echo '{"type":"result","outcome":"failed","reason":"no rows"}'; exit 1"#, "no rows"),
      ("exec <&- >&- 2>&-; sleep 0.1; exit 4", "its process ended with exit code 4"),
      (
        #"printf '{"type":"result","outc'"#,
        "its process ended with exit code 0, but gave no result; 1 lines of its output were no messages, the first: '{\"type\":\"result\",\"outc'"
      ),
    ])
  func failures(script: String, reason: String) throws {
    let job = try WorkerFixture().attempt(script)
    #expect(job.status == .failed && job.reason == reason, "\(job.reason ?? "")")
  }

  @Test("enters how far a failed job had come")
  func lastProgress() throws {
    let job = try WorkerFixture().attempt(#"echo '{"type":"progress","percent":40,"step":"fit mlp"}'; exit 1"#)
    #expect(job.status == .failed && job.progress == JobProgress(percent: 40, step: "fit mlp"))
  }

  @Test("takes a last line without an end")
  func unfinishedLine() throws {
    #expect(try WorkerFixture().attempt("printf %s '{\"type\":\"result\",\"outcome\":\"succeeded\",\"value\":5}'").result == 5)
  }

  @Test("takes a program that cannot be started for a failed attempt")
  func noProgram() throws {
    let fixture = try WorkerFixture()
    let id = try fixture.enqueue()
    let program = WorkerProgram(executable: "/no/such/program", arguments: [], environment: [:])
    #expect(try fixture.supervisor(program).runNext() == .ended(job: id, status: .failed))
    #expect(try fixture.queue.job(id)?.reason == "/no/such/program: no such file, while starting it; check the path")
  }

  @Test("tries a failed job again, in its time")
  func retries() throws {
    let fixture = try WorkerFixture(JobLimits(maxRetries: 2, retryBackoffSeconds: 0))
    let id = try fixture.enqueue()
    // It dies twice, then succeeds.
    let supervisor = fixture.supervisor(
      fixture.shell("echo x >> tries; if [ $(wc -l < tries) -lt 3 ]; then kill -9 $$; fi; \(succeeds)"))
    #expect(
      try (0..<4).map { _ in try supervisor.runNext() } == [
        .ended(job: id, status: .pending), .ended(job: id, status: .pending), .ended(job: id, status: .succeeded), .idle,
      ])
    #expect(try fixture.queue.attempts(of: id).map(\.outcome) == ["failed", "failed", "succeeded"])
  }

  @Test("gives the program a session of its own, a cleared environment, and no open files but three")
  func surroundings() throws {
    let fixture = try WorkerFixture()
    setenv("LATHE_TEST_SECRET", "s3cret", 1)
    defer { unsetenv("LATHE_TEST_SECRET") }
    let open = try FileHandle(forReadingFrom: URL(filePath: "/dev/null"))
    _ = fcntl(open.fileDescriptor, F_SETFD, 0)
    let job = try fixture.attempt(
      """
      env > environment; pwd > folder; ls /proc/self/fd > files
      cut -d ' ' -f 1,5,6 /proc/$$/stat > numbers; ulimit -c > core; echo the s3cret is out >&2; \(succeeds)
      """)
    withExtendedLifetime(open) {}
    #expect(job.status == .succeeded)
    let text = { (name: String) in
      String(decoding: FileManager.default.contents(atPath: fixture.folder.path(name)) ?? Data(), as: UTF8.self)
    }
    #expect(!text("environment").contains("LATHE_TEST") && text("environment").contains("NOTE="))
    #expect(
      URL(filePath: text("folder").trimmingCharacters(in: .newlines)).resolvingSymlinksInPath()
        == URL(filePath: fixture.folder.path).resolvingSymlinksInPath())
    #expect(text("files") == "0\n1\n2\n3\n", "the last one is the folder that is listed")
    let numbers = text("numbers").trimmingCharacters(in: .newlines).split(separator: " ")
    #expect(numbers.count == 3 && Set(numbers).count == 1, "process, group and session: \(numbers)")
    #expect(text("core") == "0\n")
    #expect(fixture.log().contains("the *** is out") && !fixture.log().contains("s3cret"))
    #expect(
      WorkerProgram.clearedEnvironment(["PATH": "/bin", "PASSWORD": "x", "TZ": "UTC", "DSN": "y"], keeping: ["DSN"]) == [
        "PATH": "/bin", "TZ": "UTC", "DSN": "y",
      ])
  }

  @Test("keeps secrets out of what goes into the ledger")
  func secrets() throws {
    let job = try WorkerFixture().attempt("echo s3cret; echo my s3cret >&2; exit 1")
    #expect(
      job.reason
        == "its process ended with exit code 1; 1 lines of its output were no messages, the first: '***'; its last words: my ***")
    let failed = try WorkerFixture().attempt(#"echo '{"type":"result","outcome":"failed","reason":"the s3cret"}'"#)
    #expect(failed.reason == "the ***")
  }

  @Test("bounds the memory of the program")
  func memory() throws {
    let fixture = try WorkerFixture()
    let id = try fixture.enqueue()
    var program = fixture.shell("sleep 0.2; head -c 300000000 /dev/zero | tail -c 300000000 > /dev/null || exit 9; \(succeeds)")
    program.memoryBytes = 100 << 20
    _ = try fixture.supervisor(program).runNext()
    #expect(try fixture.queue.job(id)?.status == .failed)
  }

  @Test("ends a job that takes too long, also one that does not listen")
  func timeLimit() throws {
    let settings = WorkerSettings(graceSeconds: 0.1)
    for script in ["sleep 1000", "trap '' TERM; while true; do sleep 0.05; done"] {
      let job = try WorkerFixture().attempt(script, settings, timeLimit: 0.2)
      #expect(job.status == .failed && job.reason == "it took longer than its time limit of 0.2 s and was ended")
    }
  }

  @Test("ends all that a job has started with it")
  func grandchildren() throws {
    for (script, status) in [
      ("sleep 1000 & echo $! > $NOTE; \(succeeds)", JobStatus.succeeded),
      ("(trap '' TERM HUP; sleep 1000) & echo $! > $NOTE; kill -9 $$", .failed),
      ("(trap '' TERM; while true; do sleep 0.05; done) & echo $! > $NOTE; wait", .failed),
    ] {
      let fixture = try WorkerFixture()
      let job = try fixture.attempt(script, WorkerSettings(graceSeconds: 0.1), timeLimit: 0.3)
      #expect(job.status == status, "\(script): \(job)")
      let process = try fixture.notedProcess()
      try fixture.wait { !WorkerFixture.isRunning(process) }
    }
  }

  @Test("is not filled by a program that writes without end, to either stream, with lines or without")
  func flood() throws {
    for script in [
      "yes", "yes >&2", "tr '\\0' x < /dev/zero", "tr '\\0' x < /dev/zero >&2", "trap '' TERM; yes '{\"type\":\"log\",\"message\":\"x\"}'",
    ] {
      let fixture = try WorkerFixture()
      let job = try fixture.attempt(script, WorkerSettings(maxOutputBytes: 2_000_000, maxLineBytes: 10_000, maxLogBytes: 50_000))
      #expect(job.status == .failed && job.reason == "it wrote more than 2000000 bytes of output and was ended", "\(script)")
      // One line more than the bound at most, and the one that tells of it.
      #expect(fixture.log().utf8.count < 65_000, "\(script): \(fixture.log().utf8.count)")
    }
  }

  @Test("keeps a log within its bound over all attempts, and says what it left out")
  func fullLog() throws {
    let fixture = try WorkerFixture(JobLimits(maxRetries: 5, retryBackoffSeconds: 0))
    try fixture.enqueue()
    let script =
      "i=0; while [ $i -lt 200 ]; do echo '{\"type\":\"log\",\"message\":\"a line of some length, again\"}'; i=$((i+1)); done; exit 1"
    let supervisor = fixture.supervisor(fixture.shell(script), WorkerSettings(maxLogBytes: 10_000))
    for _ in 0..<3 { _ = try supervisor.runNext() }
    #expect(fixture.log().utf8.count < 11_500)
    #expect(fixture.log().contains("the log is full (10000 bytes): "))
  }

  @Test("tells a running job that it was called off")
  func cancelling() throws {
    for (program, mode) in [("probe", "obey"), ("probe", "ignore"), ("shell", "echo $$ > $NOTE; sleep 1000")] {
      let fixture = try WorkerFixture()
      let id = try fixture.enqueue()
      let supervisor = fixture.supervisor(
        try program == "probe" ? fixture.probe(mode) : fixture.shell(mode), WorkerSettings(graceSeconds: 0.2))
      let work = start(supervisor)
      let process = try fixture.notedProcess()
      #expect(try fixture.queue.cancel(id, reason: "by me", at: WorkerFixture.now) == .running)
      #expect(try work.outcome() == .ended(job: id, status: .cancelled))
      #expect(!WorkerFixture.isRunning(process))
      #expect(fixture.log().contains("asked to end: cancelled: by me"))
    }
  }

  @Test("hands its job back without counting the attempt when it has to stop")
  func stopping() throws {
    let fixture = try WorkerFixture()
    let id = try fixture.enqueue()
    let work = start(fixture.supervisor(try fixture.probe("obey")))
    let process = try fixture.notedProcess()
    fixture.stop()
    #expect(try work.outcome() == .ended(job: id, status: .pending))
    #expect(!WorkerFixture.isRunning(process))
    #expect(try fixture.queue.job(id)?.attempts == 0)
    #expect(try fixture.queue.attempts(of: id).map(\.outcome) == ["released"])
  }

  @Test("drops its work when another worker has the job by then")
  func stale() throws {
    let fixture = try WorkerFixture(JobLimits(maxRetries: 2))
    let id = try fixture.enqueue()
    let work = start(fixture.supervisor(try fixture.probe("obey")))
    let process = try fixture.notedProcess()
    // As if this worker's machine had slept until its lease was over.
    let other = try #require(try fixture.queue.claim(worker: "other", at: WorkerFixture.now.advanced(bySeconds: 3600)))
    #expect(other.job.id == id)
    guard case .lost(job: id, let reason) = try work.outcome() else {
      Issue.record("the job was not lost")
      return
    }
    #expect(reason.hasPrefix("stale lease: job 1 is no longer held with token 1, worker 'other' holds it with token 2"))
    #expect(!WorkerFixture.isRunning(process))
    #expect(try fixture.queue.finish(other, .succeeded("other"), at: WorkerFixture.now) == .succeeded)
  }

  /// Runs one job on a thread of its own: a supervisor blocks while its job runs.
  private func start(_ supervisor: sending WorkerSupervisor) -> Work { Work(supervisor) }

  // @unchecked: the supervisor is used by the thread alone, and the result is read after the semaphore says that it is there.
  private final class Work: @unchecked Sendable {
    private let ended = DispatchSemaphore(value: 0)
    private let supervisor: WorkerSupervisor
    private var result: Result<WorkerSupervisor.Supervised, any Error>?

    init(_ supervisor: WorkerSupervisor) {
      self.supervisor = supervisor
      Thread.detachNewThread {
        self.result = Result { try self.supervisor.runNext() }
        self.ended.signal()
      }
    }

    func outcome() throws -> WorkerSupervisor.Supervised {
      ended.wait()
      return try #require(try result?.get())
    }
  }
}
