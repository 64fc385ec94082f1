import Foundation
import Glibc
public import Ledger
import Synchronization
public import Tabular

/// A job's program's side of its supervisor: takes the job, tells how far it is and what it came to, and notices when it is to end.
///
///     let channel = try JobChannel()
///     channel.progress(40, "fit mlp")
///     if channel.isCancelled { return }        // at the next safe point, without a result
///     channel.finish(.succeeded(["winner": "mlp"]))
/// It is to end when SIGTERM comes, or when standard input ends because its supervisor is gone: then nobody waits for its work, and nobody
/// would kill it, so that it kills itself, with all that it has started, when it has not ended within a grace.
///
/// One in a process. Messages of several threads do not mix. The only pointers are those of buffers that live during a system call.
public final class JobChannel: Sendable {
  /// The job.
  public let job: Job
  private let output: Int32
  private let lock = Mutex<Void>(())
  private static let requests = Atomic<Int>(0)

  /// Takes the job from standard input, and standard output for messages alone: what else the process prints goes to standard error.
  ///
  /// - Parameters:
  ///   - handlesTermination: Whether SIGTERM is taken over; not where the process has a handler of its own, which then calls
  ///     ``requestCancellation()``.
  ///   - graceSeconds: Between the end of standard input and the end of the process by force.
  /// - Throws: ``JobChannelError`` when no job comes: the program was not started by a supervisor.
  public init(handlesTermination: Bool = true, graceSeconds: Double = 5) throws(JobChannelError) {
    var line: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let count = read(0, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { throw JobChannelError(fault: "standard input ended after \(line.count) bytes") }
      if byte == 10 { break }
      line.append(byte)
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let job = try? decoder.decode(Job.self, from: Data(line)) else {
      throw JobChannelError(fault: "its first line was '\(String(decoding: line.prefix(60), as: UTF8.self))'")
    }
    self.job = job
    output = fcntl(1, F_DUPFD_CLOEXEC, 3)
    guard output >= 0, dup2(2, 1) >= 0 else { throw JobChannelError(fault: "standard output cannot be taken (error \(errno))") }
    if handlesTermination {
      var action = sigaction()
      // Touches an atomic only, which a signal handler may.
      action.__sigaction_handler.sa_handler = { _ in JobChannel.requestCancellation() }
      action.sa_flags = SA_RESTART
      sigaction(SIGTERM, &action, nil)
    }
    Thread.detachNewThread {
      var byte: UInt8 = 0
      while true {
        let count = read(0, &byte, 1)
        if count == 0 || (count < 0 && errno != EINTR) { break }
      }
      JobChannel.requestCancellation()
      usleep(UInt32(min(max(0, graceSeconds), 3600) * 1e6))
      // Its own group only when it leads one: a supervisor made it do so.
      if getpgrp() == getpid() { kill(0, SIGKILL) }
      _exit(1)
    }
  }

  /// Whether the program is to end at the next safe point, without a result.
  public var isCancelled: Bool { Self.requests.load(ordering: .relaxed) > 0 }

  /// Asks the program to end, as SIGTERM does. Touches an atomic only.
  public static func requestCancellation() { requests.add(1, ordering: .relaxed) }

  /// Tells how far the job is: percent, 0…100, and what it is doing.
  public func progress(_ percent: Double, _ step: String) { send(.progress(JobProgress(percent: percent, step: step))) }

  /// Writes a line into the job's log.
  public func log(_ level: String, _ message: String, _ fields: [String: PlainValue] = [:]) {
    send(.log(level: level, message: message, fields: fields))
  }

  /// Tells what the job came to: succeeded, skipped or failed. The last thing to do before ending with exit code 0.
  public func finish(_ outcome: JobOutcome) { send(.result(outcome)) }

  /// Writes a message as one line. When nobody reads any more the program is to end.
  public func send(_ message: JobMessage) {
    let bytes = Array((message.line + "\n").utf8)
    lock.withLock { _ in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
        if count < 0 {
          if errno == EINTR { continue }
          return Self.requestCancellation()
        }
        rest = rest.dropFirst(count)
      }
    }
  }
}

/// A program for jobs was started otherwise than by a supervisor.
public struct JobChannelError: Error, Hashable, CustomStringConvertible {
  /// What came instead of a job.
  public let fault: String

  /// What was expected, what came, what to do.
  public var description: String { "expected a job as one line of JSON on standard input, but \(fault); 'lathe worker' starts this itself" }
}
