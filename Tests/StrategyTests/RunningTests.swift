import Ledger
import Metrics
import QualityCycle
import Routing
import Scripting
import Synchronization
import Tabular
import TestSupport
import Testing

@Suite("A strategy that decides")
struct RunningTests {
  @Test("sees what was measured, the alerts, the last training, the history and the seed")
  func triggerContext() throws {
    let alert = Alert(.highCV, .info, value: 0.7, threshold: 0.5, item: "ring1", operation: "turn#1", message: "varies")
    let context = try Contexts.trigger(
      alerts: [alert, Alert(.noActualData, .warning, message: "none")], metrics: [(.mae, 2.5), (.rmse, nil)],
      lastTraining: (FactoryBuilder.instant(50), "succeeded"), seed: .max)
    let told = try StrategyFixture().told(
      """
      { as_of = ctx.as_of, seed = ctx.seed, mae = ctx.report.mae, unmeasured = ctx.report.rmse == nil, alerts = ctx.alerts,
        last = ctx.last_training, cycles = #ctx.history, mae_before = ctx.history:column('mae')[2], now = time.now(),
        same = ctx.data == data and ctx.log == log, since = ctx.since == nil }
      """, context)
    #expect(
      told == [
        "as_of": .number(StrategyFixture.now.seconds), "now": .integer(Int64(StrategyFixture.now.seconds)), "seed": -1, "mae": 2.5,
        "unmeasured": true, "cycles": 2, "mae_before": 2.5, "same": true, "since": true,
        "last": ["as_of": .number(FactoryBuilder.instant(50).seconds), "outcome": "succeeded"],
        "alerts": [
          [
            "code": "HIGH_CV", "severity": "info", "value": 0.7, "threshold": 0.5, "item": "ring1", "operation": "turn#1",
            "message": "varies",
          ],
          ["code": "NO_ACTUAL_DATA", "severity": "warning", "message": "none"],
        ],
      ])
    #expect(try StrategyFixture().told("{ ctx.last_training == nil, #ctx.alerts }") == [true, 0])
  }

  @Test("sees size, window and population when it samples")
  func samplingContext() throws {
    let decision = try StrategyFixture().sample(
      "return { items = ctx.population:head(2):column('item_code'), reasons = { a = ('%d %d %d %d'):format(ctx.size, ctx.since, #ctx.population, ctx.seed) } }"
    )
    #expect(decision.items == ["a", "b"])
    #expect(decision.reasons == ["a": "3 \(Int(FactoryBuilder.instant(50).seconds)) 5 42"])
  }

  @Test("sees champion and candidates with their errors as aligned columns when it compares")
  func comparisonContext() throws {
    func contender(_ name: String, _ errors: [Double]) -> ComparisonContext.Contender {
      ComparisonContext.Contender(
        name: name, complexity: 2, metrics: ["mae": 1.5], blocks: [["mae": 1], [:]], errors: errors, coldStart: ["mae": 9],
        fitSeconds: 3, latencyMilliseconds: 0.5)
    }
    let context = try Contexts.comparison(contender("old", [1, 2, 6]), [contender("x", [3]), contender("y", [4])], seed: 5)
    let decision = try StrategyFixture().compare(
      """
      local c = ctx.champion
      return { winner = ctx.candidates[2].name, reasons = { { c.errors:mean(), #c.errors, ctx.candidates[1].errors[1],
        ctx.candidates[2].errors[1], c.name, c.complexity, c.metrics.mae, c.blocks[1].mae, c.cold_start.mae, c.fit_seconds, c.latency_ms,
        ctx.errors == nil, ctx.seed, ctx.history:column('mae')[2], #ctx.data.items{}, not pcall(function() return ctx.data.import end) } } }
      """, context)
    #expect(decision.winner == "y")
    #expect(decision.reasons == [[3.0, 3, 3.0, 4.0, "old", 2, 1.5, 1.0, 9.0, 3.0, 0.5, true, 5, 2.5, 13, true]])
  }

  @Test("reads only the columns of the population that it uses")
  func lazy() throws {
    let read = Mutex<[String]>([])
    let column = Column([1.0, 2, 3])
    let population = Contexts.population(["a", "b", "c"], ["size": column, "weight": column, "colour": column]) { name in
      read.withLock { $0.append(name) }
    }
    let fixture = try StrategyFixture()
    let decision = try fixture.sample(
      """
      local heavy = ctx.population:filter(ctx.population:column('size'):gt(1))
      return { items = heavy:filter(heavy:column('size'):lt(3)):column('item_code') }
      """, try Contexts.sampling(population))
    #expect(decision.items == ["b"])
    #expect(read.withLock { $0 } == ["size"])
    let source = try RingFactory.make()
    _ = try fixture.decide("return { retrain = false }", Contexts.trigger(on: source))
    #expect(source.readingCount == 0)
  }

  @Test(
    "never sees a result that came later, on whatever way it looks for it",
    arguments: [
      "#data.results{}", "#data.results{ until_ = ctx.as_of + 1e7 }", "#data.results{ until_ = time.add(ctx.as_of, { weeks = 9 }) }",
      "data.sources().results", "#data.items{}:join(data.results{}, 'item_code')",
      "#ctx.data.results{ items = data.items{}:column('item_code') }",
      "#data.results{ since = 0, until_ = 4e9 }",
      "data.results{}:column('completed_at'):le(ctx.as_of):sum()",
    ])
  func cut(expression: String) throws {
    let source = try RingFactory.make(extra: [ResultRow("new", "later", "turn", day: 95, run: 1)])
    // Ten rings with four orders of two operations, and one plate; then the planted one.
    let fixture = try StrategyFixture()
    #expect(try fixture.told("{ n = \(expression) }", Contexts.trigger(on: source))?["n"]?.number == 81)
    #expect(try fixture.told("{ n = \(expression) }", Contexts.trigger(asOf: FactoryBuilder.instant(95), on: source))?["n"]?.number == 82)
  }

  @Test("changes nothing that the host or the next decision sees")
  func readOnly() throws {
    let fixture = try StrategyFixture()
    let context = try Contexts.trigger(alerts: [Alert(.highMAE, .info, message: "m")], metrics: [(.mae, 2)])
    let body = """
      seen = (seen or 0) + 1
      local before = { ctx.as_of, #ctx.alerts, ctx.report.mae, p.n, p.l[1], seen, type(print), data.results ~= nil }
      ctx.as_of, ctx.alerts[1], ctx.report.mae, p.n, p.l[1], print, ctx.data, data, log = 0, nil, 7, 99, 'x', nil, nil, nil, nil
      return { retrain = false, reasons = { before } }
      """
    let parameters = "n = { type = 'integer', default = 1, doc = 'd' }, l = { type = 'string[]', default = { 'a' }, doc = 'd' }"
    try fixture.write(StrategyFixture.strategy(body, parameters: parameters), .trigger)
    let rule = try fixture.library.triggerRule("mine", parameters: [:])
    let first = try rule.decide(context)
    #expect(first.reasons == [[.number(StrategyFixture.now.seconds), 1, 2.0, 1, "a", 1, "function", true]])
    #expect(try rule.decide(context) == first)
    #expect(rule.identity.parameters == ["n": 1, "l": ["a"]])
  }

  @Test("decides the same with the same seed, and otherwise with another")
  func seeded() throws {
    let fixture = try StrategyFixture()
    let draws = "{ math.random(1 << 40), math.random(), sample.random(1000, 3, ctx.seed):list() }"
    let first = try fixture.told(draws, Contexts.trigger(seed: 7))
    #expect(try fixture.told(draws, Contexts.trigger(seed: 7)) == first)
    #expect(try fixture.told(draws, Contexts.trigger(seed: 8)) != first)
  }

  @Test("logs and prints through the host's log")
  func logging() throws {
    let fixture = try StrategyFixture()
    _ = try fixture.decide("log.warning('careful', { n = 1 }) ctx.log.debug('detail') print('one', 2) return { retrain = false }")
    #expect(fixture.lines.texts == ["warning careful {n: 1}", "debug detail", "info one\t2"])
  }

  @Test(
    "cannot reach anything that writes, runs or loads",
    arguments: [
      "io.open('/etc/passwd')", "os.execute('true')", "os.getenv('HOME')", "debug.getregistry()", "require('other')",
      "dofile('/etc/passwd')",
      "loadfile('/etc/passwd')", "load(string.dump(print))", "data.query('SELECT 1')", "frame.read_csv('/etc/passwd')",
      "data.items{}:write_csv('/tmp/never.csv')", "ctx.history:write_csv('x.csv')", "models.activate('version_1')", "cycle.run()",
      "routing.predict('ring1')",
    ])
  func confined(expression: String) throws {
    let failure = try #require(try StrategyFixture().failure("\n\(expression) return { retrain = true }"))
    #expect(failure.message.hasPrefix("strategies/triggers/mine.lua:2: "), "\(failure)")
  }

  @Test("retrains as it says")
  func answers() throws {
    let fixture = try StrategyFixture()
    #expect(
      try fixture.decide("return { retrain = true, priority = 'low', reasons = { 'a', { n = 1 } }, candidates = { 'mlp' } }")
        == TriggerDecision(retrain: true, priority: .low, reasons: ["a", ["n": 1]], candidates: ["mlp"]))
    #expect(try fixture.decide("return { retrain = true, reasons = {} }") == TriggerDecision(retrain: true))
  }
}

@Suite("A strategy that fails")
struct FailingTests {
  private static let file = "strategies/triggers/mine.lua"

  @Test(
    "is told of at its line",
    arguments: [
      ("\n error('no')", ":2: no"), ("\n\n local x = ctx.nothing.at_all", ":3: attempt to index a nil value (field 'nothing')"),
      ("\n error()", ": an error without a message (nil) was raised"), ("\n error({})", ": table: "),
      ("\n error({ message = 'told' })", ": told"),
      ("\n data.items{ codes = 5 }", ":2: bad argument #1 'options' to 'data.items' (codes: string[] expected, got number)"),
      ("\n ctx.history:column('maee')", ":2: unknown column 'maee'; did you mean 'mae'?"),
    ])
  func errors(body: String, end: String) throws {
    let failure = try #require(try StrategyFixture().failure(body))
    #expect(failure.message.hasPrefix(Self.file + end), "\(failure.message)")
    #expect(failure.traceback.contains(Self.file), "\(failure.traceback)")
  }

  @Test(
    "is stopped at the time limit wherever it loops",
    arguments: [
      "\n while true do end", "\n while true do pcall(function() while true do end end) end",
      "\n (('a'):rep(40)):find(('a-'):rep(12) .. 'b')", "\n coroutine.wrap(function() while true do end end)()",
      "\n table.sort({ 3, 2, 1 }, function() while true do end end)",
    ])
  func loops(body: String) throws {
    try confirmFailure(StrategyFixture(seconds: 0.1), body, containing: "stopped at the time limit of 0.1 seconds")
  }

  @Test(
    "is stopped at the memory limit, whether Lua or the host holds the memory",
    arguments: [
      "\n local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end", "\n local s = 'x' while true do s = s .. s end",
      "\n local t = {} while true do t[#t + 1] = data.results{} end", "\n local function f() return 1 + f() end f()",
    ])
  func memory(body: String) throws { try confirmFailure(StrategyFixture(megabytes: 16), body, containing: "not enough memory") }

  private func confirmFailure(_ fixture: StrategyFixture, _ body: String, containing text: String) throws {
    let failure = try #require(try fixture.failure(body))
    #expect(failure.message.hasPrefix(Self.file) && failure.message.contains(text), "\(failure.message)")
  }

  @Test(
    "names the field that it got wrong in its answer",
    arguments: [
      ("", "table expected, got nil"), ("return nil", "table expected, got nil"), ("return 7", "table expected, got number"),
      ("return 'yes'", "table expected, got string"), ("return print", "table expected, got function"),
      ("return ctx.history", "table expected, got frame"), ("return {}", "the field 'retrain' is missing"),
      ("return { true }", "table expected, got a table with a number for a key"),
      ("return { retrain = 1 }", "retrain: boolean expected, got number"),
      ("return { retrain = 0/0 }", "retrain: boolean expected, got number"),
      ("return { retrain = true, prio = 'low' }", "prio: unknown field (known are retrain, priority, reasons, candidates)"),
      ("return { retrian = true }", "retrian: unknown field; did you mean 'retrain'?"),
      (
        "return { retrain = true, priority = 'hihg' }",
        "priority: 'low', 'normal' or 'high' expected, got 'hihg'; did you mean 'high'?"
      ),
      ("return { retrain = true, priority = 2 }", "priority: 'low', 'normal' or 'high' expected, got number"),
      ("return { retrain = true, reasons = 'because' }", "reasons: any[] expected, got string"),
      ("return { retrain = true, reasons = { 'a', print } }", "reasons[2]: data expected, got function"),
      (
        "return { retrain = true, reasons = { { x = ctx.history } } }", "reasons[1].x: data expected, got frame"
      ),
      ("local t = {} t[1] = t return { retrain = true, reasons = t }", "reasons[1][1]: the table contains itself"),
      ("local t = {} t.x = t return { retrain = true, reasons = { t } }", "reasons[1].x: the table contains itself"),
      ("return { retrain = true, reasons = { '\\xff' } }", "reasons[1]: text in UTF-8 expected"),
      ("return { retrain = true, candidates = { 1 } }", "candidates[1]: string expected, got number"),
      ("return { retrain = true, candidates = 'mlp' }", "candidates: string[] expected, got string"),
      (
        "local t = {} for i = 1, 1000001 do t[i] = i end return { retrain = true, reasons = { t } }",
        "reasons[1]: too big: more than 1000000 entries"
      ),
    ])
  func nonsense(body: String, message: String) throws {
    let failure = try #require(try StrategyFixture(megabytes: 256).failure(body))
    #expect(failure.message.hasPrefix("\(Self.file): the result is not as expected: \(message)"), "\(failure.message)")
  }

  @Test(
    "names the field that it got wrong in its sample",
    arguments: [
      ("return { items = 5 }", "items: string[] expected, got number"), ("return { reasons = {} }", "the field 'items' is missing"),
      ("return { items = { 'a', 2 } }", "items[2]: string expected, got number"),
      ("return { items = ctx.history:column('mae') }", "items: string[] expected, got a column of double"),
      ("return { items = data.items{}:column('part_type') }", "items[1]: a value expected, got a missing one"),
      ("return { items = { 'a' }, reasons = { 'b' } }", "reasons: table<string, string> expected, got a table with a number for a key"),
      ("return { items = { 'a' }, reasons = { a = 1 } }", "reasons.a: string expected, got number"),
      ("return { items = { a = true } }", "items: string[] expected, got a table with the key 'a'"),
    ])
  func badSample(body: String, message: String) throws {
    #expect {
      try StrategyFixture().sample(body)
    } throws: {
      let text = ($0 as? StrategyFailure)?.message ?? ""
      return text.hasPrefix("strategies/sampling/mine.lua:") && text.contains(message)
    }
  }

  @Test(
    "names a winner that is none of the candidates",
    arguments: [
      ("'mpl'", "the winner 'mpl' is none of the candidates (mlp); did you mean 'mlp'?"),
      ("'old'", "the winner 'old' is none of the candidates (mlp)"),
      ("7", "winner: string expected, got number"),
    ])
  func winner(winner: String, message: String) throws {
    func contender(_ name: String) -> ComparisonContext.Contender {
      ComparisonContext.Contender(name: name, complexity: 0, metrics: [:], blocks: [], errors: [])
    }
    let context = try Contexts.comparison(contender("old"), [contender("mlp")])
    #expect {
      try StrategyFixture().compare("return { winner = \(winner) }", context)
    } throws: {
      let text = ($0 as? StrategyFailure)?.message ?? ""
      return text.hasPrefix("strategies/comparison/mine.lua: ") && text.hasSuffix(message)
    }
  }

  @Test(
    "is cancelled, not failed, when the work is to stop",
    arguments: ["while true do end", "while true do pcall(function() while true do end end) end"])
  func cancelled(body: String) throws {
    #expect(throws: CancellationError.self) { try StrategyFixture(shouldStop: { true }).decide(body) }
    #expect(throws: CancellationError.self) { try StrategyFixture(shouldStop: { true }).sample(body) }
  }
}
