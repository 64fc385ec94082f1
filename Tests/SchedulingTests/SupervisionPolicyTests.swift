import Ledger
import Processes
import Tabular
import Testing

@testable import Scheduling

@Suite("What a supervisor does")
struct SupervisionPolicyTests {
  private typealias Sight = SupervisionPolicy.Sight

  private func policy(limit: Double? = 100) -> SupervisionPolicy {
    SupervisionPolicy(
      WorkerSettings(graceSeconds: 20, heartbeatSeconds: 5, maxOutputBytes: 1000), timeLimitSeconds: limit, leaseSeconds: 60,
      startedAt: 1000)
  }

  @Test("gives a sign of life in time, more often under a short lease")
  func heartbeats() {
    var policy = policy()
    #expect(policy.action(Sight(), at: 1004) == .nothing)
    #expect(policy.action(Sight(), at: 1005) == .heartbeat)
    #expect(policy.action(Sight(), at: 1005) == .nothing)
    #expect(policy.action(Sight(), at: 1011) == .heartbeat)
    let short = SupervisionPolicy(WorkerSettings(), timeLimitSeconds: nil, leaseSeconds: 6, startedAt: 0)
    #expect(short.heartbeatSeconds == 2 && short.timeLimitSeconds == 6 * 3600)
  }

  @Test("asks a job that was called off to end, then kills it, and keeps its lease meanwhile")
  func cancelling() {
    var policy = policy()
    let sight = Sight(cancellation: "by me")
    #expect(policy.action(sight, at: 1001) == .terminate)
    #expect(policy.action(sight, at: 1001) == .nothing)
    #expect(policy.action(sight, at: 1006) == .heartbeat)
    #expect(policy.action(sight, at: 1020.9) == .heartbeat)
    #expect(policy.action(sight, at: 1021) == .kill)
    #expect(policy.action(sight, at: 1022) == .nothing)
    #expect(policy.ending == .cancelled("by me"))
  }

  @Test("ends a job that takes too long or floods, and the first reason stays")
  func limits() {
    var late = policy()
    #expect(late.action(Sight(), at: 1100) == .heartbeat)
    #expect(late.action(Sight(), at: 1100.5) == .terminate)
    #expect(late.action(Sight(cancellation: "later"), at: 1120.5) == .kill)
    #expect(late.ending == .overTime(seconds: 100))
    var flood = policy()
    #expect(flood.action(Sight(outputBytes: 1000), at: 1001) == .nothing)
    #expect(flood.action(Sight(outputBytes: 1001), at: 1001) == .terminate)
    #expect(flood.action(Sight(outputBytes: 1001), at: 1001) == .kill)
  }

  @Test("has little patience when it has to stop itself")
  func stopping() {
    var policy = policy()
    #expect(policy.action(Sight(shouldStop: true), at: 1001) == .terminate)
    #expect(policy.action(Sight(shouldStop: true), at: 1005.9) == .heartbeat)
    #expect(policy.action(Sight(shouldStop: true), at: 1006) == .kill)
    #expect(policy.ending == .stopped)
    var cancelled = self.policy()
    #expect(cancelled.action(Sight(cancellation: "by me"), at: 1001) == .terminate)
    #expect(cancelled.action(Sight(cancellation: "by me", shouldStop: true), at: 1002) == .nothing)
    #expect(cancelled.action(Sight(cancellation: "by me", shouldStop: true), at: 1007) == .kill)
    #expect(cancelled.ending == .cancelled("by me"))
  }

  @Test("gives no sign of life for a job that is another's")
  func stale() {
    var policy = policy()
    #expect(policy.action(Sight(staleness: "token 2"), at: 1001) == .terminate)
    #expect(policy.action(Sight(staleness: "token 2"), at: 1015) == .nothing)
    #expect(policy.action(Sight(staleness: "token 2"), at: 1021) == .kill)
  }

  @Test("tells what an attempt came to by its result, its end and why it was ended")
  func outcomes() {
    var traces = AttemptTraces()
    let error = { (outcome: JobOutcome?) -> String? in if case .failed(let error, _)? = outcome { error } else { nil } }
    #expect(error(traces.outcome(.exited(0), nil)) == "its process ended with exit code 0, but gave no result")
    #expect(error(traces.outcome(.exited(3), nil)) == "its process ended with exit code 3")
    #expect(
      error(traces.outcome(.signaled(9), nil)) == "its process was ended by signal 9 (SIGKILL: killed, perhaps for want of memory)")
    #expect(error(traces.outcome(.signaled(63), nil)) == "its process was ended by signal 63")
    (traces.strangeLines, traces.firstStrangeLine, traces.lastErrorLine) = (2, "hello", "no memory")
    #expect(
      error(traces.outcome(.exited(0), nil))
        == "its process ended with exit code 0, but gave no result; 2 lines of its output were no messages, the first: 'hello'; its last words: no memory"
    )
    #expect(traces.outcome(.signaled(15), .cancelled("by me")) == .cancelled(reason: "by me"))
    #expect(traces.outcome(.signaled(9), .stopped) == .released(reason: "its worker had to stop"))
    #expect(error(traces.outcome(.signaled(15), .overTime(seconds: 1.5))) == "it took longer than its time limit of 1.5 s and was ended")
    #expect(error(traces.outcome(.signaled(9), .flooded(bytes: 9))) == "it wrote more than 9 bytes of output and was ended")
    traces = AttemptTraces(result: .succeeded("x"))
    #expect(traces.outcome(.exited(0), nil) == .succeeded("x"))
    #expect(traces.outcome(.exited(0), .cancelled("too late")) == .succeeded("x"), "done is done")
    #expect(error(traces.outcome(.exited(1), nil)) == "its process ended with exit code 1 after it had given a result")
    #expect(traces.outcome(.exited(0), .stale("token 2")) == nil)
    traces.result = .failed(error: "no rows", canRetry: false)
    #expect(traces.outcome(.exited(1), nil) == .failed(error: "no rows", canRetry: false))
  }

  @Test("reads lines of any length in bounded memory")
  func lines() {
    var splitter = LineSplitter(maxBytes: 4)
    var lines: [String] = []
    let take = { (line: ArraySlice<UInt8>, isCut: Bool) in lines.append(String(decoding: line, as: UTF8.self) + (isCut ? "…" : "")) }
    for part in ["ab", "c\n", "abcd\nabcde\n\n", "abcdefg", "hij\nx", "y"] { splitter.feed(Array(part.utf8)[...], take) }
    splitter.finish(take)
    #expect(lines == ["abc", "abcd", "abcd…", "abcd…", "xy"])
  }

  @Test("understands what a job's program says, and nothing else")
  func messages() {
    let messages: [JobMessage] = [
      .progress(JobProgress(percent: 40, step: "fit")), .log(level: "warning", message: "a\nb", fields: ["rows": 3]),
      .log(level: "info", message: "", fields: [:]), .result(.succeeded(["a": [1, 2.5, .null, "x"]])),
      .result(.skipped(reason: "r", .null)), .result(.failed(error: "e", canRetry: false)), .result(.failed(error: "e")),
    ]
    for message in messages {
      #expect(!message.line.contains("\n"))
      #expect(JobMessage(line: message.line.utf8) == message)
    }
    #expect(JobMessage(line: #"{"type":"result","outcome":"failed"}"#.utf8) == .result(.failed(error: "it gave no reason")))
    #expect(JobMessage(line: #"{"type":"progress","percent":1e9}"#.utf8) == .progress(JobProgress(percent: 100, step: "")))
    for line in [
      "", "{}", "hello", "[1]", "null", #"{"type":"dance"}"#, #"{"type":"result","outcome":"cancelled"}"#, #"{"type":"progress"}"#,
    ] {
      #expect(JobMessage(line: line.utf8) == nil, "\(line)")
    }
  }
}
