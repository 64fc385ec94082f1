import DataAccess
import Foundation
import Logging
import LuaBridge
import Processes
import QualityCycle
import Routing
import Tabular

/// One decision in a process of its own, watched by the host: a crash, a hang or a flood costs this decision only.
///
/// The process has no environment, no files but its pipes, limits of the system beside those of Lua, and a session of its own, which is killed
/// as a whole a second after the time limit, or when it says what it may not. Data it asks for; see ``DataAnswers``.
final class StrategyProcess {
  private let program: StrategyProgram
  private let task: StrategyTask
  private let host: StrategyHost
  private let answers: DataAnswers
  private let log: ScriptLog
  private var printed = 0
  /// The end of what it wrote to standard error.
  private var lastWords: [UInt8] = []

  /// Lines that one decision may print.
  static let lineLimit = 10_000
  /// How long one look waits for news, seconds: what a wish to stop waits at most.
  private static let lookSeconds = 0.05
  /// What the limit of Lua's time lacks for a process that starts and tells where it was stopped, seconds.
  private static let graceSeconds = 1.0
  /// Address space of the program itself, with the stacks of its threads, bytes.
  private static let ownBytes: UInt64 = 2 << 30

  init(_ program: StrategyProgram, _ task: StrategyTask, _ host: StrategyHost, _ source: CutFactorySource) {
    self.program = program
    self.task = task
    self.host = host
    answers = DataAnswers(source: source, fields: task.fields)
    log = ScriptLog(host.logger)
  }

  /// Starts the process and waits for its answer.
  ///
  /// - Throws: ``StrategyFailure`` with what the strategy did, or what became of the process; `CancellationError` when the work is to stop.
  func answer<Answer: StrategyAnswer>(as type: Answer.Type) throws -> Answer {
    let start = program.uptimeSeconds()
    let child: ChildProcess
    do throws(DataAccessError) {
      child = try ChildProcess(
        executable: program.executable, arguments: program.arguments, environment: [:], folder: "/", limits: limits)
    } catch { throw failure("cannot be started: \(error)") }
    var writer = BlockWriter()
    writer.task(task)
    var input = HostPacket(kind: .task, content: writer.bytes).bytes[...]
    var splitter = HostPacketSplitter()
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var open = [child.output, child.errors]
    let timeLimit = task.limits.time.map { $0 / .seconds(1) } ?? .infinity
    var deadline = start + timeLimit + Self.graceSeconds
    while open.contains(child.output) {
      if host.shouldStop() { throw CancellationError() }
      let uptime = program.uptimeSeconds()
      if uptime > deadline {
        child.signal(9)
        break
      }
      child.wait(seconds: Self.lookSeconds, streams: open, hasInput: !input.isEmpty)
      child.write(&input)
      if open.contains(child.errors) {
        if let words = child.read(child.errors, into: &buffer) { keep(words) } else { open.removeAll { $0 == child.errors } }
      }
      guard let bytes = child.read(child.output, into: &buffer) else { break }
      splitter.append(bytes)
      do {
        while let packet = try splitter.next() {
          switch packet.kind {
          case .answer:
            var reader = BlockReader(packet.content)
            return try Answer(plain: try reader.plain())
          case .failure: throw try told(packet)
          case .log, .print: try write(packet)
          case .request:
            // Past the limit nothing is answered any more, so that asking without end does not help.
            guard input.isEmpty, program.uptimeSeconds() <= start + timeLimit else { continue }
            input = try reply(to: packet).bytes[...]
            // A long reading is not the strategy's fault: it has its second to tell where it was stopped.
            let now = program.uptimeSeconds()
            if now > start + timeLimit { deadline = max(deadline, now + Self.graceSeconds) }
          case .task, .reply, .refusal: throw HostFault("a \(packet.kind)")
          }
        }
      } catch let fault as HostFault {
        throw failure("sent what no script host sends (\(fault)), and was killed")
      }
    }
    let seconds = program.uptimeSeconds() - start
    let isOverdue = program.uptimeSeconds() > deadline
    let end = child.reap()
    while open.contains(child.errors), let words = child.read(child.errors, into: &buffer), !words.isEmpty { keep(words) }
    throw failure(Self.words(end, seconds, timeLimit: isOverdue ? timeLimit : nil) + spokenWords)
  }

  /// The system's limits: beyond those of Lua, which tell where the script was.
  private var limits: ChildLimits {
    let processors = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
    let seconds = task.limits.time.map { UInt64(max(1, min($0 / .seconds(1), 1e9)).rounded(.up)) }
    return ChildLimits(
      // Columns come as bytes, and are made of them.
      memoryBytes: 2 * UInt64(max(0, task.limits.memoryBytes)) + Self.ownBytes, openFiles: 16,
      cpuSeconds: seconds.map { ($0 + 2) * processors }, writesNothing: true)
  }

  private func reply(to packet: HostPacket) throws -> HostPacket {
    var reader = BlockReader(packet.content)
    let request = try reader.plain()
    do {
      let content = try answers.reply(to: request)
      if content.count <= Int(Int32.max) { return HostPacket(kind: .reply, content: content) }
      return refusal("that is too much data for one reading: \(content.count >> 20) MiB")
    } catch let fault as HostFault { throw fault } catch {
      // A query that was stopped is an error like others, so the wish counts, not the reason.
      if host.shouldStop() { throw CancellationError() }
      return refusal("\(error)")
    }
  }

  private func refusal(_ words: String) -> HostPacket {
    var writer = BlockWriter()
    writer.text(words)
    return HostPacket(kind: .refusal, content: writer.bytes)
  }

  private func write(_ packet: HostPacket) throws(HostFault) {
    if packet.kind == .print {
      printed += 1
      if printed <= Self.lineLimit { host.print(String(decoding: packet.content, as: UTF8.self)) }
      if printed == Self.lineLimit + 1 {
        host.logger.warning("the script has printed \(Self.lineLimit) lines; further ones are dropped", metadata: ["event": "print"])
      }
      return
    }
    var reader = BlockReader(packet.content)
    let line = try reader.plain()
    guard let level = line["level"]?.text.flatMap(ScriptLog.Level.init(rawValue:)), let message = line["message"]?.text else {
      throw HostFault("a line of the log that is none")
    }
    log.write(level, message, line["fields"])
  }

  /// The failure that the process tells of, in words that can neither forge lines nor drive a terminal.
  private func told(_ packet: HostPacket) throws(HostFault) -> StrategyFailure {
    var reader = BlockReader(packet.content)
    let (message, traceback) = (try reader.text(), try reader.text())
    return StrategyFailure(message: Self.harmless(message), traceback: Self.harmless(traceback))
  }

  private static func harmless(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escapedForTerminal }.joined(separator: "\n")
  }

  private func keep(_ words: ArraySlice<UInt8>) { lastWords = (lastWords + words).suffix(2_000) }

  private var spokenWords: String {
    let lines = String(decoding: lastWords, as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.last.map { "; its last words: \(String($0).escapedForTerminal)" } ?? ""
  }

  private func failure(_ words: String) -> StrategyFailure { StrategyFailure(message: "\(task.path): the script host \(words)") }

  /// How a process ended, in words; `timeLimit`: the limit, when it was ended for that.
  static func words(_ end: ChildEnd, _ seconds: Double, timeLimit: Double?) -> String {
    let after = "after \(shown(seconds))"
    switch end {
    case .signaled(9):
      let reason = timeLimit.map { "time limit of \(shown($0))" } ?? "by the system or by hand, perhaps for want of memory or time"
      return "was killed by signal 9 \(after): \(reason)"
    case .signaled(let signal): return "crashed (signal \(signal)) \(after)"
    case .exited(let code): return "ended \(after) with exit code \(code) and without a decision"
    }
  }

  private static func shown(_ seconds: Double) -> String {
    seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(seconds < 1e15 ? String(Int(seconds.rounded())) : "\(seconds)") s"
  }
}
