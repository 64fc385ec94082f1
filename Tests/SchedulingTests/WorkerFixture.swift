import Foundation
import Ledger
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import Scheduling

/// A queue, a folder for logs, and supervisors whose jobs the shell does.
final class WorkerFixture: Sendable {
  let folder: TemporaryFolder
  let queue: JobQueue
  private let stops = Atomic<Bool>(false)

  init(_ limits: JobLimits = JobLimits(maxRetries: 0)) throws {
    folder = try TemporaryFolder()
    queue = JobQueue(try Ledger(path: folder.path("ledger.sqlite")), limits: limits)
  }

  static var now: Timestamp { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)) }

  /// The program that plays parts in these tests.
  static func probe() throws -> String { try BuiltProgram().executable.deletingLastPathComponent().appending(path: "WorkerProbe").path }

  @discardableResult
  func enqueue(_ champion: String = "v1", timeLimit: Double? = nil) throws -> Int64 {
    let payload = JobPayload(asOf: Timestamp(microseconds: 0), seed: 1, champion: champion, configuration: "# \(champion)")
    return try queue.enqueue(JobRequest(payload: payload, timeLimitSeconds: timeLimit), at: Self.now).id
  }

  func stop() { stops.store(true, ordering: .relaxed) }

  func supervisor(_ program: WorkerProgram, _ settings: WorkerSettings = WorkerSettings()) -> WorkerSupervisor {
    var settings = settings
    settings.heartbeatSeconds = 0.02
    return WorkerSupervisor(
      queue, worker: "test", logFolder: folder.path, settings: settings,
      surroundings: WorkerSurroundings(
        now: { Self.now }, uptimeSeconds: { ProcessInfo.processInfo.systemUptime }, wait: { usleep(UInt32($0 * 1e6)) },
        shouldStop: { self.stops.load(ordering: .relaxed) }, redact: { $0.replacingOccurrences(of: "s3cret", with: "***") })
    ) { _ in program }
  }

  func shell(_ script: String) -> WorkerProgram {
    WorkerProgram(
      executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin", "NOTE": folder.path("note")],
      folder: folder.path)
  }

  func probe(_ mode: String) throws -> WorkerProgram {
    WorkerProgram(executable: try Self.probe(), arguments: ["job", mode, folder.path("note")], environment: [:])
  }

  /// Does one attempt at one new job by a script.
  func attempt(_ script: String, _ settings: WorkerSettings = WorkerSettings(), timeLimit: Double? = nil) throws -> Job {
    let id = try enqueue(timeLimit: timeLimit)
    _ = try supervisor(shell(script), settings).runNext()
    return try #require(try queue.job(id))
  }

  func log(_ id: Int64 = 1) -> String {
    String(decoding: FileManager.default.contents(atPath: folder.path("\(id).log")) ?? Data(), as: UTF8.self)
  }

  /// The number of a process that a script wrote into its note, once it is there.
  func notedProcess() throws -> pid_t {
    var found: pid_t?
    try wait {
      let text = String(decoding: FileManager.default.contents(atPath: folder.path("note")) ?? Data(), as: UTF8.self)
      found = text.hasSuffix("\n") ? pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) : nil
      return found != nil
    }
    return try #require(found)
  }

  /// Waits until `condition` holds; gives up after a minute, so that a test that has failed ends.
  func wait(until condition: () throws -> Bool) throws {
    for _ in 0..<6000 {
      if try condition() { return }
      usleep(10_000)
    }
    Issue.record("what was waited for did not come")
  }

  /// Whether a process runs: one that has ended and was not yet taken by its parent does not.
  static func isRunning(_ process: pid_t) -> Bool {
    guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return false }
    let state = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ").first
    return state != nil && state != "Z" && state != "X"
  }
}
