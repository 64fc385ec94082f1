import ArgumentParser
import DataAccess
import Foundation
import Ledger
import Tabular

/// How many jobs go through the queue a second, fully durable, beside what the disk allows: each state change waits for it.
struct QueueBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue", abstract: "Enqueueing, claiming and finishing jobs, beside as many bare journals and fsyncs in the same folder.")

  @OptionGroup var options: BenchOptions

  /// A change is one transaction, in which SQLite's rollback journal waits for the disk five times: that pattern alone is the
  /// bound. What is computed between may take as long again on a disk of the fastest kind.
  private static let targets = [Target(task: "job", peer: "bare_journal", atLeast: 0.5)]
  private static let changesPerJob = 3

  func run() throws {
    let count = options.quick ? 20 : 200
    let folder = try options.dataFolder() + "/queue-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let queue = JobQueue(try Ledger(path: folder + "/ledger.sqlite"))
    var made = 0
    var bench = Bench("queue", options)
    try bench.measure(
      "job", size: count,
      [
        (
          "lathe",
          {
            let start = DispatchTime.now()
            for _ in 0..<count {
              made += 1
              try passThrough(queue, number: made)
            }
            return rate(count, since: start, each: "jobs_per_second").merging(
              rate(Self.changesPerJob * count, since: start, each: "changes_per_second")
            ) { $1 }
          }
        ),
        (
          "bare_journal",
          {
            let start = DispatchTime.now()
            try journalBarely(Self.changesPerJob * count, in: folder)
            return rate(Self.changesPerJob * count, since: start, each: "changes_per_second")
          }
        ),
        (
          "bare_fsync",
          {
            let start = DispatchTime.now()
            let file = try BareFile(folder + "/bare")
            for _ in 0..<Self.changesPerJob * count { try file.write(pages: 1) }
            return rate(Self.changesPerJob * count, since: start, each: "fsyncs_per_second")
          }
        ),
      ])
    let ended = try queue.jobs(.succeeded).count
    guard ended == made else { throw ValidationError("\(made) jobs went through the queue, \(ended) of them succeeded") }
    try bench.finish(Self.targets)
  }

  /// Enqueues a job, takes it up, and finishes it.
  private func passThrough(_ queue: JobQueue, number: Int) throws {
    let now = PlantClock.end.advanced(bySeconds: Double(number))
    let payload = JobPayload(asOf: now, seed: UInt64(number), champion: "version_\(number)", reasons: [["code": "HIGH_MAE"]])
    _ = try queue.enqueue(JobRequest(payload: payload), at: now)
    guard let claim = try queue.claim(worker: "bench", at: now) else { throw ValidationError("job \(number) was not given out") }
    try queue.finish(claim, .succeeded(.null), at: now)
  }

  /// Does what a transaction with a rollback journal does to the disk, so many times: the pages as they were, the folder, the journal's head, the
  /// pages as they are, the emptied journal.
  private func journalBarely(_ count: Int, in folder: String) throws {
    let (journal, file) = (try BareFile(folder + "/journal"), try BareFile(folder + "/file"))
    for _ in 0..<count {
      try journal.write(pages: 5)
      try AtomicFile.syncFolder(folder)
      try journal.write(pages: 1)
      try file.write(pages: 5)
      try journal.empty()
    }
  }

  private func rate(_ count: Int, since start: DispatchTime, each name: String) -> [String: Double] {
    [name: (Double(count) / (Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)).rounded()]
  }
}

/// A file whose first pages are written again and again, each time until the disk has them.
private final class BareFile {
  private let path: String
  private let descriptor: Int32
  private var pages = [UInt8](repeating: 0, count: 5 * 4096)

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DataAccessError(errno: errno, path: path, activity: "opening it") }
  }

  deinit { close(descriptor) }

  func write(pages count: Int) throws {
    pages[0] &+= 1
    guard pwrite(descriptor, pages, count * 4096, 0) == count * 4096, fdatasync(descriptor) == 0 else {
      throw DataAccessError(errno: errno, path: path, activity: "syncing it")
    }
  }

  func empty() throws {
    guard ftruncate(descriptor, 0) == 0, fdatasync(descriptor) == 0 else {
      throw DataAccessError(errno: errno, path: path, activity: "emptying it")
    }
  }
}
