import Ledger
import Processes

/// Decides what to do with a running child: a pure function of what was seen and of a clock that nobody sets.
struct SupervisionPolicy {
  /// Why an attempt is ended.
  enum Ending: Hashable {
    /// Somebody called the job off.
    case cancelled(String)
    /// It took longer than it may.
    case overTime(seconds: Double)
    /// The supervisor has to stop.
    case stopped
    /// It wrote more than it may.
    case flooded(bytes: Int)
    /// Another worker has the job.
    case stale(String)
  }

  /// What is to be done now.
  enum Action: Hashable {
    case nothing
    /// Tell the ledger that the job is alive.
    case heartbeat
    /// Ask the child to end.
    case terminate
    /// Kill it.
    case kill
  }

  /// What was seen since the start.
  struct Sight {
    var cancellation: String?
    var staleness: String?
    var outputBytes = 0
    var shouldStop = false
  }

  let settings: WorkerSettings
  let timeLimitSeconds: Double
  let heartbeatSeconds: Double
  private let startedAt: Double
  private var beatAt: Double
  /// Why the child is being ended, and when it will be killed.
  private(set) var ending: Ending?
  private var killAt = Double.infinity
  private var isKilled = false

  init(_ settings: WorkerSettings, timeLimitSeconds: Double?, leaseSeconds: Double, startedAt: Double) {
    self.settings = settings
    self.timeLimitSeconds = timeLimitSeconds ?? settings.timeLimitSeconds
    heartbeatSeconds = min(settings.heartbeatSeconds, leaseSeconds / 3)
    self.startedAt = startedAt
    beatAt = startedAt
  }

  /// The next thing to do at `uptime`; asked again at once until it is nothing.
  mutating func action(_ sight: Sight, at uptime: Double) -> Action {
    if isKilled { return beat(at: uptime) }
    if ending == nil {
      ending = reason(sight, at: uptime)
      if let ending {
        // A child that floods, or whose work is another's by now, has nothing to tidy up that anybody waits for.
        let grace = if case .flooded = ending { 0.0 } else { settings.graceSeconds }
        killAt = uptime + grace
        limitGrace(sight, at: uptime)
        return .terminate
      }
    }
    limitGrace(sight, at: uptime)
    if uptime >= killAt {
      isKilled = true
      return .kill
    }
    return beat(at: uptime)
  }

  private func reason(_ sight: Sight, at uptime: Double) -> Ending? {
    if let staleness = sight.staleness { return .stale(staleness) }
    if let cancellation = sight.cancellation { return .cancelled(cancellation) }
    if sight.outputBytes > settings.maxOutputBytes { return .flooded(bytes: settings.maxOutputBytes) }
    if uptime - startedAt > timeLimitSeconds { return .overTime(seconds: timeLimitSeconds) }
    return sight.shouldStop ? .stopped : nil
  }

  private mutating func limitGrace(_ sight: Sight, at uptime: Double) {
    if sight.shouldStop { killAt = min(killAt, uptime + WorkerSettings.stopGraceSeconds) }
  }

  private mutating func beat(at uptime: Double) -> Action {
    if case .stale = ending { return .nothing }
    guard uptime - beatAt >= heartbeatSeconds else { return .nothing }
    beatAt = uptime
    return .heartbeat
  }
}

/// What an attempt left when its process had ended.
struct AttemptTraces {
  var result: JobOutcome?
  /// Lines that were no messages, and the first of them.
  var strangeLines = 0
  var firstStrangeLine: String?
  /// The last line of standard error.
  var lastErrorLine: String?

  /// What the attempt came to; `nil` when that is another worker's to say.
  ///
  /// A result counts when the process then ended with exit code 0: one that crashes after it may have left its work half done.
  func outcome(_ end: ChildEnd, _ ending: SupervisionPolicy.Ending?) -> JobOutcome? {
    if case .stale = ending { return nil }
    if end == .exited(0), let result { return result }
    switch ending {
    case .cancelled(let reason): return .cancelled(reason: reason)
    case .stopped: return .released(reason: "its worker had to stop")
    case .overTime(let seconds): return .failed(error: "it took longer than its time limit of \(words(seconds)) and was ended")
    case .flooded(let bytes): return .failed(error: "it wrote more than \(bytes) bytes of output and was ended")
    case .stale, nil: break
    }
    switch (end, result) {
    case (_, .failed(let error, let canRetry)?): return .failed(error: error, canRetry: canRetry)
    case (.signaled(let signal), _):
      return .failed(error: "its process was ended by signal \(signal)\(Self.names[signal].map { " (\($0))" } ?? "")\(lastWords)")
    case (.exited(0), _): return .failed(error: "its process ended with exit code 0, but gave no result\(strangeWords)\(lastWords)")
    case (.exited(let code), _):
      let after = result == nil ? "" : " after it had given a result"
      return .failed(error: "its process ended with exit code \(code)\(after)\(strangeWords)\(lastWords)")
    }
  }

  private var lastWords: String { lastErrorLine.map { "; its last words: \($0)" } ?? "" }

  private var strangeWords: String {
    guard strangeLines > 0 else { return "" }
    return "; \(strangeLines) lines of its output were no messages" + (firstStrangeLine.map { ", the first: '\($0)'" } ?? "")
  }

  private func words(_ seconds: Double) -> String {
    seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds)) s" : "\(seconds) s"
  }

  private static let names: [Int32: String] = [
    2: "SIGINT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL: killed, perhaps for want of memory", 11: "SIGSEGV",
    13: "SIGPIPE", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ",
  ]
}
