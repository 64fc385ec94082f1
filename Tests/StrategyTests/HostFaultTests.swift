import Foundation
import LuaBridge
import Processes
import QualityCycle
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import Scripting

@Suite("A strategy that fails in a process of its own")
struct HostFaultTests {
  private static let file = "strategies/triggers/mine.lua"

  /// The failure of a trigger rule with this body, and that the next one decides as if nothing had been.
  private func failure(_ body: String, seconds: Double = 60) throws -> StrategyFailure {
    let fixture = try StrategyFixture(seconds: seconds, program: strategyProgram())
    let failure = try #require(try fixture.failure(body))
    #expect(try fixture.decide("return { retrain = true }").retrain)
    return failure
  }

  /// What is said of a process that this shell command plays.
  private func failure(played command: String, seconds: Double = 60) throws -> String {
    let program = StrategyProgram(
      executable: "/bin/sh", arguments: ["-c", command], uptimeSeconds: { ProcessInfo.processInfo.systemUptime })
    return try #require(try StrategyFixture(seconds: seconds, program: program).failure("return { retrain = true }")).message
  }

  @Test(
    "is told of at its line, with its calls",
    arguments: [
      ("\n error('no')", ":2: no"), ("\n\n local x = ctx.nothing.at_all", ":3: attempt to index a nil value (field 'nothing')"),
      ("\n data.items{ codes = 5 }", ":2: bad argument #1 'options' to 'data.items' (codes: string[] expected, got number)"),
      ("\n data.items{ columns = { 'colur' } }", ":2: "), ("\n data.query('SELECT 1')", ":2: "),
      ("\n io.open('/etc/passwd')", ":2: "), ("\n os.getenv('HOME')", ":2: "),
    ])
  func errors(body: String, end: String) throws {
    let failure = try failure(body)
    #expect(failure.message.hasPrefix(Self.file + end), "\(failure.message)")
    #expect(failure.traceback.contains(Self.file), "\(failure.traceback)")
    #expect(try failure == StrategyFixture().failure(body))
  }

  @Test(
    "is stopped at the time limit, at its line",
    arguments: [
      "\n while true do end", "\n while true do pcall(function() while true do end end) end",
      "\n (('a'):rep(40)):find(('a-'):rep(12) .. 'b')",
    ])
  func loops(body: String) throws {
    let message = try failure(body, seconds: 0.3).message
    #expect(message.contains(":2: stopped at the time limit of 0.3 seconds"), "\(message)")
  }

  @Test(
    "is stopped at the memory limit, whether Lua or the host holds the memory",
    arguments: [
      "\n local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end",
      "\n local t = {} while true do t[#t + 1] = data.results{} end",
    ])
  func memory(body: String) throws {
    let message = try failure(body).message
    #expect(message.contains("not enough memory: the limit is 64 MiB"), "\(message)")
  }

  @Test(
    "gives no answer that is too deep, too long or no answer",
    arguments: [
      ("local t = {} for i = 1, 1e5 do t = { t } end return { retrain = true, reasons = t }", "nested too deeply"),
      ("local t = {} for i = 1, 1100000 do t[i] = true end return { retrain = true, reasons = { t } }", "too big"),
      ("local t = {} t.t = t return { retrain = true, reasons = { t } }", "contains itself"),
      ("return { retrain = true, reasons = { print } }", "data expected, got function"), ("return nil", "table expected, got nil"),
      ("return { retrian = true }", "did you mean 'retrain'?"),
    ])
  func answers(body: String, words: String) throws {
    let message = try failure(body).message
    #expect(message.hasPrefix(Self.file) && message.contains(words), "\(message)")
  }

  @Test("cannot fill the log, and cannot forge its lines")
  func flood() throws {
    let fixture = try StrategyFixture(program: strategyProgram())
    let decision = try fixture.decide(
      """
      for i = 1, 30000 do print('line') log.info('message') end
      print(('x'):rep(1000000))
      return { retrain = true }
      """)
    #expect(decision.retrain)
    #expect(fixture.lines.texts.count == 20_002)
    let other = try StrategyFixture(program: strategyProgram())
    _ = try other.decide("log.info('a\\ninfo b\\27[31m', { s = ('y'):rep(200000) }) print(('x'):rep(1000000)) return { retrain = true }")
    #expect(other.lines.texts.count == 2 && other.lines.texts.allSatisfy { $0.utf8.count < 70_000 })
    #expect(other.lines.texts[0].hasPrefix("info a\\ninfo b\\u{1B}[31m"))
  }

  @Test(
    "whose process is not what it should be costs one decision",
    arguments: [
      ("echo rubbish and more of it", "sent what no script host sends (a packet of the unknown kind 114), and was killed"),
      ("printf '\\007\\377\\377\\377\\377'; sleep 60", "a packet of 4294967295 bytes"),
      ("printf '\\007\\001\\000\\000\\000\\011'; sleep 60", "a value of the unknown kind 9"),
      ("printf '\\007\\011\\000\\000\\000\\006\\377\\377\\377\\377\\377\\377\\377\\177'; sleep 60", "a count of"),
      ("printf '\\004\\001\\000\\000\\000\\000'; sleep 60", "an unknown request"),
      ("printf '\\007\\001\\000\\000\\000\\000'; sleep 60", "an answer of a trigger rule that is none"),
      ("printf '\\001\\000\\000\\000\\000'; sleep 60", "a task"), ("cat", "a task"),
      ("exit 0", "with exit code 0 and without a decision"),
      ("echo why >&2; exit 3", "with exit code 3 and without a decision; its last words: why"),
      ("kill -9 $$", "was killed by signal 9"), ("kill -11 $$", "crashed (signal 11)"),
      ("yes | head -c 100000 >&2; exit 4", "with exit code 4"),
    ])
  func strangeProcesses(command: String, words: String) throws {
    let message = try failure(played: command)
    #expect(message.hasPrefix("\(Self.file): the script host ") && message.contains(words), "\(message)")
  }

  @Test("whose process cannot be started says so")
  func noProgram() throws {
    let program = StrategyProgram(executable: "/nowhere/lathe", arguments: [], uptimeSeconds: { 0 })
    let failure = try StrategyFixture(program: program).failure("return { retrain = true }")
    #expect(failure?.message.contains("the script host cannot be started: /nowhere/lathe") == true, "\(String(describing: failure))")
  }

  @Test("is killed with all that it has started a second after its limit, by a clock that nobody sets")
  func watchdog() throws {
    let looks = Mutex(0.0)
    let word = "\(Int.random(in: 1_000_000...9_000_000))"
    let program = StrategyProgram(
      executable: "/bin/sh", arguments: ["-c", "sleep \(word) & exec sleep \(word)"],
      uptimeSeconds: {
        looks.withLock {
          $0 += 10
          return $0
        }
      })
    let message = try #require(try StrategyFixture(seconds: 60, program: program).failure("return { retrain = true }")).message
    #expect(message.contains("was killed by signal 9 after ") && message.contains("time limit of 60 s"), "\(message)")
    #expect(processes(with: word).isEmpty)
  }

  @Test("ends when the work is to stop")
  func stopping() throws {
    let asked = Mutex(0)
    let word = UUID().uuidString
    let fixture = try StrategyFixture(
      shouldStop: {
        asked.withLock {
          $0 += 1
          return $0 > 5
        }
      }, program: strategyProgram([word]))
    #expect(throws: CancellationError.self) { try fixture.decide("while true do end") }
    #expect(processes(with: word).isEmpty)
  }

  @Test(
    "whose process is killed or crashes while it waits for data costs one decision",
    arguments: [(SIGKILL, "was killed by signal 9 "), (SIGSEGV, "crashed (signal 11) "), (SIGABRT, "crashed (signal 6) ")])
  func killed(signal: Int32, words: String) throws {
    let word = UUID().uuidString
    let fixture = try StrategyFixture(program: strategyProgram([word]))
    let population = Contexts.population(["a", "b"], ["size": Column([1.0, 2])]) { _ in
      for id in processes(with: word) { kill(id, signal) }
    }
    let context = try Contexts.sampling(population)
    do {
      _ = try fixture.sample("return { items = ctx.population:filter(ctx.population:column('size'):gt(1)):column('item_code') }", context)
      Issue.record("it has decided")
    } catch let failure as StrategyFailure {
      #expect(failure.message.contains("the script host \(words)"), "\(failure)")
    }
    #expect(try fixture.sample("return { items = { 'a' } }").items == ["a"])
  }

  @Test("sees no environment, no files but its pipes, and its limits")
  func surroundings() throws {
    let word = UUID().uuidString
    let fixture = try StrategyFixture(program: strategyProgram([word]))
    let seen = Mutex<[String: String]>([:])
    let population = Contexts.population(["a"], ["size": Column([1.0])]) { _ in
      let id = processes(with: word).first ?? 0
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd")) ?? []
      let targets = files.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/fd/\($0)") }
      func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "/proc/\(id)/\(name)") ?? Data("none".utf8), as: UTF8.self)
      }
      seen.withLock {
        $0 = [
          "environment": text("environ"), "limits": text("limits"),
          "files": targets.filter { !$0.hasPrefix("pipe:") }.joined(separator: " "),
          "pipes": "\(targets.count)", "status": text("status"),
        ]
      }
    }
    _ = try fixture.sample("local size = ctx.population:column('size') return { items = { 'a' } }", Contexts.sampling(population))
    let told = seen.withLock { $0 }
    #expect(told["environment"] == "" && told["files"] == "" && told["pipes"] == "4", "\(told)")
    #expect(told["status"]?.contains("NoNewPrivs:\t1") == true)
    let limits = (told["limits"] ?? "").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    func limit(_ name: String) -> String? {
      limits.first { $0.joined(separator: " ").hasPrefix(name) }.map { $0[name.split(separator: " ").count] }
    }
    #expect(limit("Max core file size") == "0" && limit("Max file size") == "0" && limit("Max open files") == "16")
    #expect(limit("Max cpu time").flatMap(Int.init) ?? 0 > 60)
    #expect(limit("Max address space").flatMap(Int.init) == (2 << 30) + 2 * (64 << 20))
  }

  @Test("ends by itself when Lathe is killed, even in an endless loop")
  func orphan() throws {
    let body = "print('on its way') while true do end"
    let task = StrategyTask(
      kind: .trigger, path: "x.lua", source: "return { decide = function(ctx, p) \(body) end }", parameters: [:],
      fields: ["report": .plain([:])], asOf: StrategyFixture.now, seed: 1, limits: LuaLimits(time: nil))
    var writer = BlockWriter()
    writer.task(task)
    let child = try ChildProcess(
      executable: BuiltProgram().executable.path, arguments: [StrategyHostProgram.word], environment: [:], folder: "/")
    var input = HostPacket(kind: .task, content: writer.bytes).bytes[...]
    var splitter = HostPacketSplitter()
    var buffer = [UInt8](repeating: 0, count: 1 << 12)
    var packet: HostPacket?
    while packet == nil, !child.hasEnded() {
      child.wait(seconds: 1, streams: [child.output], hasInput: !input.isEmpty)
      child.write(&input)
      splitter.append(child.read(child.output, into: &buffer) ?? [])
      packet = try splitter.next()
    }
    #expect(packet?.kind == .print && !child.hasEnded())
    child.closeInput()
    while !child.hasEnded() { child.wait(seconds: 0.01, streams: [], hasInput: false) }
    #expect(child.reap() == .exited(1))
  }
}

@Suite("What host and strategy's process say to each other")
struct HostPacketTests {
  @Test("comes through as it was, whatever the data")
  func roundTrip() throws {
    let value: PlainValue = [
      "null": .null, "flags": [true, false], "numbers": [.integer(.min), .number(-0.0), .number(.infinity), 0.1],
      "texts": ["", "ß\u{0}\n"],
      "nothing": [:], "list": [],
    ]
    let frame = try Frame([
      ("double", Column(.double([.nan, -0.0, 1]), validity: Bitmap([true, true, false]))), ("integer", Column([Int64.min, 0, .max])),
      ("bool", Column([true, false, true])), ("text", Column(["ä", nil, "ä"])),
      ("time", Column([Timestamp(microseconds: -1), StrategyFixture.now, StrategyFixture.now])),
    ])
    var writer = BlockWriter()
    writer.plain(value)
    writer.frame(frame)
    var reader = BlockReader(writer.bytes)
    #expect(try reader.plain() == value)
    let read = try reader.frame()
    #expect(read.names == frame.names && read.rendered() == frame.rendered())
    guard case .double(let numbers) = read.columns[0].values else { throw HostFault("no numbers") }
    #expect(numbers[0].isNaN && numbers[1].sign == .minus && read.columns[0].isMissing(2))
    // A cut anywhere is a fault, never a crash.
    for length in 0..<writer.bytes.count {
      var short = BlockReader(Array(writer.bytes[..<length]))
      #expect(throws: HostFault.self) {
        _ = try short.plain()
        _ = try short.frame()
      }
    }
  }

  @Test("is refused or read when bits of it flip, and never crashes")
  func flips() throws {
    var writer = BlockWriter()
    writer.plain(["items": .list((0..<20).map { .text("item\($0)") }), "reasons": ["item1": "because"]])
    var (refused, read) = (0, 0)
    for bit in 0..<writer.bytes.count * 8 {
      var bytes = writer.bytes
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      var reader = BlockReader(bytes)
      do throws(HostFault) {
        _ = try SamplingAnswer(plain: try reader.plain())
        read += 1
      } catch { refused += 1 }
    }
    #expect(refused > 0 && read > 0 && refused + read == writer.bytes.count * 8)
  }
}
