import Foundation
import Metrics
import QualityCycle
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import Scripting

/// The program that was built with the tests, as strategies run in it; `words` tell its processes from those of other tests.
func strategyProgram(_ words: [String] = [], uptime: @escaping @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }) throws
  -> StrategyProgram
{
  StrategyProgram(
    executable: try BuiltProgram().executable.path, arguments: [StrategyHostProgram.word] + words, uptimeSeconds: uptime)
}

/// Numbers of the running processes with that word on their command line.
func processes(with word: String) -> [Int32] {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return names.compactMap(Int32.init).filter { id in
    let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") ?? Data()
    return id != getpid() && String(decoding: line, as: UTF8.self).split(separator: "\0").contains { $0 == word }
  }
}

@Suite("A strategy in a process of its own")
struct HostTests {
  @Test("decides as it does in this one, byte for byte: sampling", arguments: ["random", "stratified", "recent_bias"])
  func sampling(name: String) throws {
    let (apart, here) = (try StrategyFixture(program: strategyProgram()), try StrategyFixture())
    let codes = (0..<300).map { "item\($0)é" }
    let population = Contexts.population(
      codes,
      [
        "part_type": Column(codes.indices.map { $0 % 7 == 0 ? nil : "type\($0 % 5)" }),
        "updated_at": Column(.timestamp(codes.indices.map { Int64($0) * 7_200_000_000 })),
        "last_result": Column(.timestamp(codes.indices.map { Int64($0) * 86_400_000_000 })),
        "last_checked": Column(
          .timestamp(codes.indices.map { Int64($0) * 3_600_000_000 }), validity: Bitmap(codes.indices.map { $0 % 3 != 0 })),
        "last_error": Column(codes.indices.map { Double($0 % 11) / 3 }),
      ])
    for seed in [0, 1, 7, UInt64.max] {
      for size in [1, 40, 300] {
        let context = try Contexts.sampling(population, size: size, seed: seed)
        let decision = try apart.library.samplingStrategy(name, parameters: [:]).sample(context)
        #expect(try here.library.samplingStrategy(name, parameters: [:]).sample(context) == decision)
        #expect(decision.items.count == size)
      }
    }
  }

  @Test("decides as it does in this one, byte for byte: trigger")
  func trigger() throws {
    let (apart, here) = (try StrategyFixture(program: strategyProgram()), try StrategyFixture())
    var answers: Set<Bool> = []
    for seed in 0..<8 as Range<UInt64> {
      let alerts = seed % 2 == 0 ? [Alert(.highMAE, .warning, value: 5.1 + Double(seed), threshold: 5, message: "high \(seed)")] : []
      let last = seed % 3 == 0 ? (asOf: FactoryBuilder.instant(89.9), outcome: "succeeded") : nil
      let context = try Contexts.trigger(alerts: alerts, metrics: [(.mae, 1 / 3), (.rmse, nil)], lastTraining: last, seed: seed)
      let decision = try apart.library.triggerRule("threshold", parameters: [:]).decide(context)
      #expect(try here.library.triggerRule("threshold", parameters: [:]).decide(context) == decision)
      answers.insert(decision.retrain)
    }
    #expect(answers == [true, false])
  }

  @Test("decides as it does in this one, byte for byte: comparison", arguments: ["bootstrap", "min_improvement", "pareto"])
  func comparison(name: String) throws {
    let (apart, here) = (try StrategyFixture(program: strategyProgram()), try StrategyFixture())
    for seed in 0..<4 as Range<UInt64> {
      func contender(_ name: String, _ scale: Double, _ complexity: Int) -> ComparisonContext.Contender {
        let errors = (0..<400).map { abs(sin(Double($0 * 7 + Int(seed)))) * scale }
        let mean = errors.reduce(0, +) / 400
        return ComparisonContext.Contender(
          name: name, complexity: complexity, metrics: ["trim_mae": mean, "mae": mean, "process_match": 0.9],
          blocks: [["trim_mae": mean], ["trim_mae": mean]], errors: errors, coldStart: ["mae": mean], fitSeconds: 1,
          latencyMilliseconds: 2)
      }
      let context = try Contexts.comparison(
        contender("old", 10, 0), [contender("mlp", 7 + Double(seed), 1), contender("stacking", 9, 2)], seed: seed)
      let decision = try apart.library.comparisonPolicy(name, parameters: [:]).compare(context)
      #expect(try here.library.comparisonPolicy(name, parameters: [:]).compare(context) == decision)
      #expect(!decision.reasons.isEmpty)
    }
  }

  @Test("sees, draws, reads and logs the same as in this one")
  func same() throws {
    let (apart, here) = (try StrategyFixture(program: strategyProgram()), try StrategyFixture())
    let body = """
      log.warning('careful', { n = 1 }) ctx.log.debug('detail') print('one', 2)
      local r = data.results{ items = { 'ring1' }, since = 0 }
      local told = { as_of = ctx.as_of, seed = ctx.seed, mae = ctx.report.mae, alerts = ctx.alerts, now = time.now(),
        draws = { math.random(1 << 40), math.random() }, sampled = sample.random(1000, 3, ctx.seed):list(),
        sources = data.sources(), results = #r, minutes = r:rows()(), items = tostring(data.items{}),
        routings = tostring(data.routings{ valid_at = ctx.as_of }), history = tostring(ctx.history), since = ctx.since == nil }
      local ok, message = pcall(data.items, { columns = { 'colur' } })
      return { retrain = true, priority = 'high', reasons = { told, ok, tostring(message) }, candidates = { 'mlp' } }
      """
    let context = try Contexts.trigger(
      alerts: [Alert(.highCV, .info, value: 0.1, threshold: 0.5, message: "a\u{0}ß")], metrics: [(.mae, 2.5)], seed: .max)
    let decision = try apart.decide(body, context)
    #expect(try here.decide(body, context) == decision)
    #expect(decision.candidates == ["mlp"] && decision.reasons.count == 3)
    #expect(apart.lines.texts == here.lines.texts && apart.lines.texts.count == 3)
  }

  @Test("reads only the columns of the population that it uses")
  func lazy() throws {
    let read = Mutex<[String]>([])
    let column = Column([1.0, 2, 3])
    let population = Contexts.population(["a", "b", "c"], ["size": column, "weight": column]) { name in
      read.withLock { $0.append(name) }
    }
    let decision = try StrategyFixture(program: strategyProgram()).sample(
      "return { items = ctx.population:filter(ctx.population:column('size'):gt(1)):column('item_code') }", Contexts.sampling(population))
    #expect(decision.items == ["b", "c"])
    #expect(read.withLock { $0 } == ["size"])
  }

  @Test(
    "never sees a result that came later",
    arguments: ["#data.results{}", "#data.results{ until_ = ctx.as_of + 1e7 }", "data.sources().results"])
  func cut(expression: String) throws {
    let source = try RingFactory.make(extra: [ResultRow("new", "later", "turn", day: 95, run: 1)])
    let fixture = try StrategyFixture(program: strategyProgram())
    #expect(try fixture.told("{ n = \(expression) }", Contexts.trigger(on: source))?["n"]?.number == 81)
  }

  @Test("is told only what was known, even when its process asks for more by itself")
  func cutRequests() throws {
    let source = try RingFactory.make(extra: [ResultRow("new", "later", "turn", day: 95, run: 1)])
    let answers = DataAnswers(source: try Contexts.trigger(on: source).source, fields: ["history": .frame(try Contexts.history())])
    let far = PlainValue.integer(Int64.max)
    var results = BlockReader(try answers.reply(to: ["call": "results", "codes": .null, "since": .null, "until": far]))
    #expect(try results.frame().rowCount == 81)
    var counts = BlockReader(try answers.reply(to: ["call": "counts", "until": .null]))
    #expect(try (counts.integer(), counts.integer(), counts.integer()).2 == 81)
    let refused: [PlainValue] = [
      ["call": "query", "sql": "SELECT 1"], ["call": "results", "codes": 5, "since": .null, "until": far], [:],
      ["call": "results", "codes": .null, "since": .null, "until": "now"], ["call": "column", "field": "history", "column": "mae"], .null,
    ]
    for request in refused { #expect(throws: HostFault.self) { try answers.reply(to: request) } }
  }

  @Test("leaves no process behind after 200 decisions")
  func processesEnd() throws {
    let word = UUID().uuidString
    let fixture = try StrategyFixture(program: strategyProgram([word]))
    for round in 0..<200 {
      let body = round % 10 == 0 ? "error('no')" : "return { retrain = \(round % 2 == 0) }"
      let decision = try? fixture.decide(body)
      #expect(decision?.retrain == (round % 10 == 0 ? nil : round % 2 == 0))
    }
    #expect(processes(with: word).isEmpty)
    // A process that has ended and was not taken has no command line, but a parent.
    let mine = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let dead = mine.compactMap(Int32.init).filter { id in
      let stat = String(decoding: FileManager.default.contents(atPath: "/proc/\(id)/stat") ?? Data(), as: UTF8.self)
      return stat.contains("(lathe) Z \(getpid()) ")
    }
    // Other tests' processes may end just now, but not stay.
    let left = dead.filter { id in
      usleep(100_000)
      return String(decoding: FileManager.default.contents(atPath: "/proc/\(id)/stat") ?? Data(), as: UTF8.self).contains("(lathe) Z")
    }
    #expect(left.isEmpty)
  }
}
