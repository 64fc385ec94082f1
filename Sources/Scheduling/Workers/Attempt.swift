import DataAccess
import FoundationEssentials
import Ledger
import Processes
import Tabular

/// One attempt at a job: its child from start to end.
final class Attempt {
  private let claim: JobClaim
  private let child: ChildProcess
  private let log: JobLog
  private let settings: WorkerSettings
  private let surroundings: WorkerSurroundings
  private let queue: JobQueue
  private var policy: SupervisionPolicy
  private var sight = SupervisionPolicy.Sight()
  private var traces = AttemptTraces()
  /// How far the child said that it is.
  private(set) var progress: JobProgress?
  private var input: ArraySlice<UInt8>
  private var messages, remarks: LineSplitter
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  /// How long one look at the child waits for news of it, seconds: what a wish to stop waits at most.
  private static let lookSeconds = 0.05
  /// Lines that are no messages and go into the log one by one.
  private static let toldStrangeLines = 100

  init(
    _ claim: JobClaim, _ child: ChildProcess, _ log: JobLog, _ settings: WorkerSettings, _ surroundings: WorkerSurroundings,
    _ queue: JobQueue
  ) {
    self.claim = claim
    self.child = child
    self.log = log
    self.settings = settings
    self.surroundings = surroundings
    self.queue = queue
    policy = SupervisionPolicy(
      settings, timeLimitSeconds: claim.job.timeLimitSeconds, leaseSeconds: queue.limits.leaseSeconds,
      startedAt: surroundings.uptimeSeconds())
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // A job came out of JSON.
    input = (Array((try? encoder.encode(claim.job)) ?? Data()) + [10])[...]
    messages = LineSplitter(maxBytes: settings.maxLineBytes)
    remarks = LineSplitter(maxBytes: settings.maxLineBytes)
  }

  /// Why the job is another's, when it is.
  var staleness: String? { sight.staleness }

  /// Watches the child to its end; `nil` when the job is another's by then.
  func run() -> JobOutcome? {
    var open = [child.output, child.errors]
    while !child.hasEnded() {
      if open.isEmpty {
        surroundings.wait(Self.lookSeconds)
      } else {
        child.wait(seconds: Self.lookSeconds, streams: open, hasInput: !input.isEmpty)
      }
      child.write(&input)
      open.removeAll { !take($0) }
      sight.shouldStop = surroundings.shouldStop()
      act()
    }
    // Nobody of the group writes any more after this; what it had written is in the pipes.
    let end = child.reap()
    for stream in open { while take(stream), sight.outputBytes <= settings.maxOutputBytes, !lastTaken.isEmpty {} }
    messages.finish { takeMessage($0, $1) }
    remarks.finish { takeRemark($0, $1) }
    if traces.strangeLines > Self.toldStrangeLines {
      log.append(
        "warning", "\(traces.strangeLines - Self.toldStrangeLines) more lines of its output were no messages", at: surroundings.now())
    }
    return traces.outcome(end, policy.ending)
  }

  private func act() {
    while true {
      switch policy.action(sight, at: surroundings.uptimeSeconds()) {
      case .nothing: return
      case .heartbeat: beat()
      case .terminate:
        log.append("warning", "asked to end: \(endingWords)", at: surroundings.now())
        child.signal(15)
      case .kill:
        log.append("warning", "killed: it did not end within its grace", at: surroundings.now())
        child.signal(9)
      }
    }
  }

  private var endingWords: String {
    switch policy.ending {
    case .cancelled(let reason): "cancelled: \(reason)"
    case .overTime(let seconds): "it took longer than its time limit of \(seconds) s"
    case .stopped: "its worker has to stop"
    case .flooded(let bytes): "it wrote more than \(bytes) bytes"
    case .stale(let words): words
    case nil: ""
    }
  }

  private func beat() {
    do {
      sight.cancellation = try queue.heartbeat(claim, progress: progress, at: surroundings.now()).cancellation ?? sight.cancellation
    } catch let error as JobQueueError {
      sight.staleness = "\(error)"
    } catch {
      // A ledger that is locked or full for a while: the lease has room for two more signs of life.
      log.append("warning", "no sign of life could be given: \(error)", at: surroundings.now())
    }
  }

  /// The bytes that ``take(_:)`` read last.
  private var lastTaken: ArraySlice<UInt8> = []

  /// Takes what one stream has now; false when it has ended.
  private func take(_ stream: Int32) -> Bool {
    guard let bytes = child.read(stream, into: &buffer) else {
      lastTaken = []
      return false
    }
    lastTaken = bytes
    sight.outputBytes += bytes.count
    // A flood is counted, not kept: the child is being ended for it.
    guard sight.outputBytes <= settings.maxOutputBytes else { return true }
    if stream == child.output {
      messages.feed(bytes) { takeMessage($0, $1) }
    } else {
      remarks.feed(bytes) { takeRemark($0, $1) }
    }
    return true
  }

  private func takeMessage(_ line: ArraySlice<UInt8>, _ isCut: Bool) {
    guard !line.isEmpty || isCut else { return }
    // What does not begin as an object is not worth reading: a flood has millions of lines.
    switch isCut || line.first != UInt8(ascii: "{") ? nil : JobMessage(line: line) {
    case .progress(let progress): self.progress = progress
    case .log(let level, let message, let fields): log.append(level, message, fields, at: surroundings.now())
    case .result(let outcome): traces.result = outcome.redacted(surroundings.redact)
    case nil:
      traces.strangeLines += 1
      guard traces.strangeLines <= Self.toldStrangeLines else { return }
      let text = shown(line) + (isCut ? " … (longer than \(settings.maxLineBytes) bytes)" : "")
      if traces.firstStrangeLine == nil { traces.firstStrangeLine = text }
      log.append("warning", "not a message: \(text)", at: surroundings.now())
    }
  }

  private func takeRemark(_ line: ArraySlice<UInt8>, _ isCut: Bool) {
    guard !line.isEmpty else { return }
    let text = String(decoding: line, as: UTF8.self)
    traces.lastErrorLine = shown(line)
    log.append("notice", text, ["stream": "stderr"], at: surroundings.now())
  }

  /// The beginning of a line, for a message: no secrets, no control characters, no lengths without end.
  private func shown(_ line: ArraySlice<UInt8>) -> String {
    surroundings.redact(String(decoding: line.prefix(200), as: UTF8.self)).escapedForTerminal
  }
}

extension JobOutcome {
  /// The same without secrets in its words: they go into the ledger.
  fileprivate func redacted(_ redact: (String) -> String) -> JobOutcome {
    switch self {
    case .succeeded(let value): .succeeded(value)
    case .skipped(let reason, let value): .skipped(reason: redact(reason), value)
    case .failed(let error, let canRetry): .failed(error: redact(error), canRetry: canRetry)
    case .cancelled(let reason): .cancelled(reason: redact(reason))
    case .released(let reason): .released(reason: redact(reason))
    }
  }
}
