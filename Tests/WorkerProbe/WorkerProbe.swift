import DataAccess
import Foundation
import Ledger
import Scheduling
import Synchronization
import Tabular

/// Plays a worker, a supervisor or a job's program for tests that need processes of their own, to race or to be killed.
@main
struct WorkerProbe {
  static func main() throws {
    let words = CommandLine.arguments
    switch words[1] {
    case "race": try race(ledger: words[2], worker: words[3], leaseSeconds: Double(words[4]) ?? 60)
    case "supervise": try supervise(ledger: words[2], logs: words[3], script: words[4])
    case "job": try job(mode: words[2], note: words[3])
    default: fatalError("unknown part '\(words[1])'")
    }
  }

  static var now: Timestamp { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)) }

  /// Works off a queue, and prints number and token of each job whose end was accepted. Begins when there is a file `go` beside the ledger.
  private static func race(ledger: String, worker: String, leaseSeconds: Double) throws {
    let queue = JobQueue(try Ledger(path: ledger), limits: JobLimits(maxSize: 20, maxRetries: 1000, leaseSeconds: leaseSeconds))
    let folder = URL(filePath: ledger).deletingLastPathComponent()
    try Data().write(to: folder.appending(path: "ready-\(worker)"))
    while !FileManager.default.fileExists(atPath: folder.appending(path: "go").path) { usleep(1000) }
    while let claim = try patiently({ try queue.claim(worker: worker, at: now) }) {
      try patiently { try queue.finish(claim, .succeeded(.text(worker)), at: now) }
      print(claim.job.id, claim.token)
      fflush(nil)
      // SQLite gives its lock to whoever asks first: without a pause that is always the same one.
      usleep(300)
    }
  }

  /// Tries again while the ledger is another's.
  @discardableResult
  private static func patiently<Result>(_ body: () throws -> Result) throws -> Result {
    while true {
      do { return try body() } catch let error as DataAccessError where error.kind == .locked { usleep(1000) }
    }
  }

  private static let stops = Atomic<Int>(0)

  /// Supervises jobs that the shell does, until SIGTERM.
  private static func supervise(ledger: String, logs: String, script: String) throws {
    signal(SIGTERM) { _ in WorkerProbe.stops.add(1, ordering: .relaxed) }
    let queue = JobQueue(try Ledger(path: ledger), limits: JobLimits(leaseSeconds: 1))
    let supervisor = WorkerSupervisor(
      queue, worker: "probe", logFolder: logs, settings: WorkerSettings(heartbeatSeconds: 0.1),
      surroundings: WorkerSurroundings(
        now: { now }, uptimeSeconds: { ProcessInfo.processInfo.systemUptime }, wait: { usleep(UInt32($0 * 1e6)) },
        shouldStop: { stops.load(ordering: .relaxed) > 0 }),
      program: { _ in
        WorkerProgram(executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
      })
    try supervisor.run(pollSeconds: 0.05)
  }

  /// Does a job by the channel. What it does it also notes in a file, so that a test can see it after the supervisor is gone.
  private static func job(mode: String, note: String) throws {
    let channel = try JobChannel(graceSeconds: 0.2)
    try Data("\(getpid())\n".utf8).write(to: URL(filePath: note))
    print("what is printed is no message")
    channel.progress(50, "half of job \(channel.job.id)")
    channel.log("info", "champion \(channel.job.payload.champion)", ["rows": 3])
    switch mode {
    case "succeed": channel.finish(.succeeded(["champion": .text(channel.job.payload.champion)]))
    case "skip": channel.finish(.skipped(reason: "nothing better", .null))
    case "obey": while !channel.isCancelled { usleep(1000) }
    case "ignore": while true { usleep(1000) }
    default: fatalError("unknown mode '\(mode)'")
    }
  }
}
