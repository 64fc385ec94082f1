import DataAccess
public import Ledger
import Processes
import Tabular

/// Takes up jobs, runs a program for each, watches it, and enters what it came to.
///
/// The program runs as a child in a process group of its own with a cleared environment. It gets the job as one line of JSON on its standard
/// input, which stays open while the supervisor lives, and tells what it does by ``JobMessage``s; ``JobChannel`` is its side. Only the
/// supervisor writes to the queue: a child that is killed, exits with an error, writes rubbish or says nothing costs its job one attempt, with a
/// reason that says which it was.
///
/// A child that is to end gets SIGTERM, and after a grace SIGKILL, both with all that it has started. Killing the supervisor closes the
/// child's input, by which it notices; the job is taken up again when its lease ends. (Not `PR_SET_PDEATHSIG`: that signal comes when the
/// *thread* ends that made the child, and a thread of a pool may end at any time.)
public final class WorkerSupervisor {
  /// What came of looking for a job.
  public enum Supervised: Hashable, Sendable {
    /// There was none.
    case idle
    /// An attempt has ended, and the job stands so.
    case ended(job: Int64, status: JobStatus)
    /// The job is another worker's by now; what was done for it is dropped.
    case lost(job: Int64, reason: String)
  }

  /// Where jobs come from.
  public let queue: JobQueue
  /// What the supervisor calls itself in the ledger.
  public let worker: String
  /// Where the log of job `N` is `N.log`.
  public let logFolder: String
  private let settings: WorkerSettings
  private let surroundings: WorkerSurroundings
  private let program: @Sendable (Job) -> WorkerProgram

  /// Makes a supervisor; `program` says what does a job.
  public init(
    _ queue: JobQueue, worker: String, logFolder: String, settings: WorkerSettings = WorkerSettings(), surroundings: WorkerSurroundings,
    program: @escaping @Sendable (Job) -> WorkerProgram
  ) {
    self.queue = queue
    self.worker = worker
    self.logFolder = logFolder
    self.settings = settings
    self.surroundings = surroundings
    self.program = program
    // Without a folder there are no logs, and the jobs are done all the same.
    try? AtomicFile.makeFolder(logFolder)
  }

  /// Path of a job's log.
  public func logPath(of job: Int64) -> String { "\(logFolder)/\(job).log" }

  /// Works off jobs until it is told to stop, looking for new ones every `pollSeconds`. A ledger that is locked for a while is waited for.
  ///
  /// - Parameter afterEach: Called after each job, and after each look at a queue in which there was none.
  public func run(pollSeconds: Double, afterEach: (Supervised) -> Void = { _ in }) throws {
    while !surroundings.shouldStop() {
      let supervised: Supervised
      do { supervised = try runNext() } catch let error as DataAccessError where error.kind == .locked { supervised = .idle }
      afterEach(supervised)
      if supervised == .idle { surroundings.wait(pollSeconds) }
    }
  }

  /// Takes up the next job and works it off; returns when its attempt has ended, within ten seconds when told to stop.
  public func runNext() throws -> Supervised {
    guard let claim = try queue.claim(worker: worker, at: surroundings.now()) else { return .idle }
    let log = JobLog(
      path: logPath(of: claim.job.id), attempt: claim.job.attempts, maxBytes: settings.maxLogBytes, redact: surroundings.redact)
    defer { log.finish(at: surroundings.now()) }
    let outcome: JobOutcome
    var progress: JobProgress?
    do throws(DataAccessError) {
      let child = try ChildProcess(program(claim.job))
      log.append("info", "attempt \(claim.job.attempts) by worker '\(worker)', process \(child.id)", at: surroundings.now())
      let attempt = Attempt(claim, child, log, settings, surroundings, queue)
      guard let ended = attempt.run() else {
        let reason = attempt.staleness ?? ""
        log.append("warning", reason, at: surroundings.now())
        return .lost(job: claim.job.id, reason: reason)
      }
      (outcome, progress) = (ended, attempt.progress)
    } catch {
      outcome = .failed(error: "\(error)")
    }
    return try finish(claim, outcome, progress, log)
  }

  private func finish(_ claim: JobClaim, _ outcome: JobOutcome, _ progress: JobProgress?, _ log: JobLog) throws -> Supervised {
    var triesLeft = 3
    while true {
      do {
        let status = try queue.finish(claim, outcome, progress: progress, at: surroundings.now())
        let words = [Self.words(outcome), status == .pending ? "tried again later" : nil].compactMap { $0 }.joined(separator: "; ")
        log.append(status == .failed ? "error" : "info", "\(status.rawValue)\(words.isEmpty ? "" : ": \(words)")", at: surroundings.now())
        return .ended(job: claim.job.id, status: status)
      } catch let error as JobQueueError {
        log.append("warning", "\(error)", at: surroundings.now())
        return .lost(job: claim.job.id, reason: "\(error)")
      } catch let error as DataAccessError where error.kind == .locked && triesLeft > 0 && !surroundings.shouldStop() {
        triesLeft -= 1
      }
    }
  }

  private static func words(_ outcome: JobOutcome) -> String? {
    switch outcome {
    case .succeeded: nil
    case .failed(let error, _): error
    case .skipped(let reason, _), .cancelled(let reason), .released(let reason): reason
    }
  }
}
