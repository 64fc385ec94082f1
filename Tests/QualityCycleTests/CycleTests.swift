import Configuration
import Foundation
import Ledger
import Logging
import Metrics
import QualityCycle
import Routing
import Synchronization
import Tabular
import TestSupport
import Testing

/// Strategies that do as a test says.
struct FixedSampling: SamplingStrategy {
  var identity = StrategyIdentity(kind: .sampling, name: "fixed", sha256: "0", parameters: [:])
  var choose: @Sendable (SamplingContext) throws -> SamplingDecision = {
    SamplingDecision(items: Array($0.population.codes.prefix($0.size)))
  }

  func sample(_ context: SamplingContext) throws -> SamplingDecision { try choose(context) }
}

struct FixedRule: TriggerRule {
  var identity = StrategyIdentity(kind: .trigger, name: "fixed", sha256: "1", parameters: [:])
  var choose: @Sendable (TriggerContext) throws -> TriggerDecision = { _ in TriggerDecision(retrain: false) }

  func decide(_ context: TriggerContext) throws -> TriggerDecision { try choose(context) }
}

/// A predictor that fails so many times before it works.
final class Flaky: SamplePredicting {
  struct Broken: Error, CustomStringConvertible { let description = "the line is dead" }
  private let predictor: Predictor
  private let failures: Mutex<Int>

  init(_ predictor: Predictor, failures: Int) {
    self.predictor = predictor
    self.failures = Mutex(failures)
  }

  func minutesOfOrders(_ requests: [OperationRequest], from source: any FactorySource) throws -> [Double]? {
    try predictor.minutesOfOrders(requests, from: source)
  }

  func runMinutes(of requests: [OperationRequest], from source: any FactorySource) throws -> [Double] {
    try predictor.runMinutes(of: requests, from: source)
  }

  func predict(
    _ codes: [String], from source: any FactorySource, explaining: Bool
  ) throws -> [Result<Prediction, PredictionFailure>] {
    let fails = failures.withLock { left in
      left -= 1
      return left >= 0
    }
    if fails { throw Broken() }
    return try predictor.predict(codes, from: source, explaining: explaining)
  }
}

/// A small factory, a champion trained up to day 50, and a ledger.
final class CycleFixture {
  let folder: TemporaryFolder
  let ledger: Ledger
  let source: MemoryFactorySource
  let model: RoutingModel
  var sampling = FixedSampling()
  var rule = FixedRule()
  var waits: [Double] = []
  var failures = 0
  var cancelled = false

  /// Rings take 2 minutes a piece before day 50 and `later` after it.
  init(later: Double = 2, extra: [ResultRow] = [], routings: [RoutingRow] = [], until: Double = 100) throws {
    folder = try TemporaryFolder()
    ledger = try Ledger(path: folder.path("ledger.sqlite"))
    var rows: [ResultRow] = []
    for ring in 0..<10 {
      for order in 0..<8 {
        let day = Double(order * 12 + 1) + Double(ring) / 100
        guard day <= until else { continue }
        let minutes = day > 50 ? later : 2
        rows.append(
          ResultRow("ring\(ring)", "\(ring)-\(order)", "turn", day: day, run: minutes * 10, setup: 15, quantity: 10, resource: "m1"))
        rows.append(ResultRow("ring\(ring)", "\(ring)-\(order)", "wash", day: day + 0.5, run: 10, quantity: 10, resource: "m2"))
      }
    }
    source = try FactoryBuilder.factory(
      items: (0..<10).map { ("ring\($0)", $0 < 5 ? "ring" : "disc", 20) }, results: rows + extra, routings: routings)
    model = try BaselineTrainer().train(on: source, until: FactoryBuilder.instant(50))
  }

  func plan(_ change: (inout CyclePlan) -> Void = { _ in }) -> CyclePlan {
    var plan = CyclePlan(
      window: Window(since: FactoryBuilder.instant(50), until: FactoryBuilder.instant(100)), seed: 42, champion: "version_1",
      trainedUntil: model.trainedUntil, basis: model.evidence.basis, size: 500, population: .withResults, minPopulation: 1,
      thresholds: Settings.Thresholds(), groupBy: ["part_type", "resource_code", "colour"], queueSize: 3)
    change(&plan)
    return plan
  }

  func run(_ plan: CyclePlan? = nil, on other: (any FactorySource)? = nil) throws -> CycleReport {
    let cycle = QualityCycle(
      source: other ?? source, ledger: ledger, predictor: Flaky(Predictor(model), failures: failures), sampling: sampling, trigger: rule,
      surroundings: QualityCycle.Surroundings(
        now: { FactoryBuilder.instant(101) }, wait: { self.waits.append($0) },
        checkCancellation: { if self.cancelled { throw CancellationError() } },
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, latheVersion: "test", configuration: ""))
    return try cycle.run(plan ?? self.plan())
  }
}

@Suite("A cycle")
struct CycleTests {
  @Test("measures no error where nothing changed")
  func quiet() throws {
    let report = try CycleFixture().run()
    #expect(report.sample.items.count == 10 && report.evaluation.items.allSatisfy { $0.leftOut == nil })
    #expect(report.measured["mae"]?.value == 0 && report.measured["process_match"]?.value == 1)
    #expect(report.measured["sequence_match"]?.value == 1 && report.measured["coverage"]?.value == 1)
    #expect(report.measured["outsourcing_success"]?.value == nil)
    #expect(report.alerts.isEmpty && report.job == nil)
  }

  @Test("measures the change that came after training, to the minute")
  func drift() throws {
    let report = try CycleFixture(later: 12).run()
    // Half of the operations are 10 minutes off, the other half exact.
    #expect(report.measured["mae"]?.value == 5)
    #expect(report.measured["bias"]?.value == -5)
    #expect(report.measured["setup_mae"]?.value == 0)
    // 100 minutes a piece more of an order of ten.
    #expect(report.measured["order_mae"]?.value == 100)
    #expect(report.alerts.map(\.code) == [.highTrimMAE])
    #expect(report.measured.groups.filter { $0.by == "resource_code" }.map(\.level) == ["m1", "m2"])
    #expect(report.measured.groups.filter { $0.by == "part_type" }.map(\.level) == ["disc", "ring"])
    #expect(report.measured.groups.allSatisfy { $0.by != "colour" })
    #expect(report.measured.operations.first?.job == "turn" && report.measured.operations.first?.mae == 10)
  }

  @Test("says of every operation and whole order that was not compared why not")
  func leftOut() throws {
    // The latest order did without washing; it polished, which nobody predicted, and nobody timed it.
    let report = try CycleFixture(extra: [
      ResultRow("ring1", "latest", "turn", day: 99, run: 20, quantity: 10), ResultRow("ring1", "latest", "polish", day: 99.5, run: nil),
    ]).run()
    let measured = report.measured
    // Washing of the three earlier orders in the window.
    #expect(
      measured.operationsLeftOut == ["operation not predicted": 1, "operation predicted, but not aligned with the latest order": 3])
    #expect(measured.ordersLeftOut == ["an operation without run minutes": 1])
    #expect(measured["order_mae"]?.count == 30 && measured["mae"]?.count == 58)
    #expect(report.markdown().contains("- 1 whole orders: an operation without run minutes\n"))
  }

  @Test("says how many routings were not compared because nobody knows yet how they end")
  func underWay() throws {
    let fixture = try CycleFixture(
      extra: [ResultRow("ring1", "open", "turn", day: 99.5, run: 20, quantity: 10)],
      routings: [RoutingRow("ring1", 10, "turn", run: 2), RoutingRow("ring1", 20, "wash", run: 1)])
    let report = try fixture.run(fixture.plan { $0.window.since = FactoryBuilder.instant(99) })
    #expect(report.measured.routingsLeftOut == ["all orders of the item are still under way": 1])
    #expect(report.measured["mae"]?.count == 1 && report.measured["process_match"]?.value == nil)
    #expect(report.markdown().contains("- 1 routings: all orders of the item are still under way\n"))
    #expect(report.html().contains("all orders of the item are still under way"))
    #expect(try CycleFixture().run().measured.routingsLeftOut == [:])
  }

  @Test("gives the same bytes for the same plan and data")
  func deterministic() throws {
    let fixture = try CycleFixture(later: 3)
    let (first, second) = (try fixture.run(), try fixture.run())
    let bytes = { (value: any Encodable) in
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return try encoder.encode(value)
    }
    #expect(try bytes(first.sample) == bytes(second.sample))
    #expect(try bytes(first.measured) == bytes(second.measured))
  }

  @Test("is not changed by results after its as-of, or in the champion's past")
  func noLookAhead() throws {
    let without = try CycleFixture().run()
    let with = try CycleFixture(extra: [ResultRow("ring1", "late", "turn", day: 100.5, run: 9_999, quantity: 1)]).run()
    #expect(try JSONEncoder().encode(without.predicted).count == JSONEncoder().encode(with.predicted).count)
    #expect(without.measured["mae"]?.value == with.measured["mae"]?.value)
    #expect(without.predicted.outcomes.map { $0.prediction?.candidates } == with.predicted.outcomes.map { $0.prediction?.candidates })
  }

  @Test("reads set by set: the number of readings does not depend on the sample's size", arguments: [1, 10])
  func setBased(size: Int) throws {
    let fixture = try CycleFixture()
    let before = fixture.source.readingCount
    _ = try fixture.run(fixture.plan { $0.size = size })
    #expect(fixture.source.readingCount - before == 9)
  }

  @Test("leaves what it did in the ledger, room by room")
  func ledger() throws {
    let fixture = try CycleFixture(later: 12)
    let report = try fixture.run()
    let read = try #require(try CycleReport(report.cycle, in: fixture.ledger))
    #expect(try read.json() == report.json())
    #expect(read.markdown() == report.markdown())
    let summary = try #require(try fixture.ledger.cycles(limit: 1).first)
    #expect(summary.status == .done && summary.retrain == false && summary.room == "queueing")
    let history = try fixture.ledger.history(until: FactoryBuilder.instant(100), metrics: ["mae", "outsourcing_success"])
    #expect(history["mae"]?[0] == .double(5) && history["outsourcing_success"]?[0] == .missing)
    #expect(try fixture.ledger.checks(of: ["ring1", "nobody"], until: FactoryBuilder.instant(100)).rowCount == 1)
  }

  @Test("does not let a cycle know what later ones found of an item")
  func checksAsOf() throws {
    let fixture = try CycleFixture(later: 12)
    _ = try fixture.run(fixture.plan { $0.window.until = FactoryBuilder.instant(70) })
    _ = try fixture.run()
    let checked = { (day: Double) in
      try fixture.ledger.checks(of: ["ring1"], until: FactoryBuilder.instant(day))["checked_at"]?.timestamp(0)
    }
    #expect(try fixture.ledger.checks(of: ["ring1"], until: FactoryBuilder.instant(69)).rowCount == 0)
    #expect(try checked(90) == FactoryBuilder.instant(70) && checked(100) == FactoryBuilder.instant(100))
  }

  @Test("refuses a window that begins before the champion's training ended")
  func leakage() throws {
    let fixture = try CycleFixture()
    let plan = fixture.plan { $0.window.since = FactoryBuilder.instant(49.9) }
    #expect(throws: CycleError.self) { try fixture.run(plan) }
    #expect(try fixture.ledger.cycles(limit: 1).isEmpty)
  }

  @Test("takes all items, and says so, when the sample is larger than the population")
  func largerThanPopulation() throws {
    let report = try CycleFixture().run()
    #expect(report.sample.remarks == ["all 10 items taken: 500 were asked for"])
  }

  @Test("ends with an alert, not a score, when the window has no results")
  func emptyWindow() throws {
    let fixture = try CycleFixture()
    let report = try fixture.run(fixture.plan { $0.window = Window(since: FactoryBuilder.instant(98), until: FactoryBuilder.instant(99)) })
    #expect(report.sample.items.isEmpty && report.alerts.map(\.code) == [.noActualData])
    #expect(report.measured.metrics.allSatisfy { $0.value == nil })
  }

  @Test("counts items without results when all are sampled")
  func populationAll() throws {
    let fixture = try CycleFixture()
    let plan = fixture.plan {
      $0.population = .all
      $0.window = Window(since: FactoryBuilder.instant(85.05), until: FactoryBuilder.instant(85.3))
    }
    let report = try fixture.run(plan)
    #expect(report.sample.items.count == 10 && report.measured["coverage"]?.value == 0.4)
    #expect(report.measured.itemsLeftOut == ["no actual results": 6])
    #expect(report.alerts.contains { $0.code == .noActualData && $0.severity == .info && $0.value == 6 })
  }

  @Test("tries a failing source three times, waiting longer each time")
  func retries() throws {
    let fixture = try CycleFixture()
    fixture.failures = 2
    let report = try fixture.run()
    #expect(fixture.waits == [0.5, 1] && report.predicted.attempts == 3 && report.measured["coverage"]?.value == 1)
  }

  @Test("goes on to its end when every prediction fails")
  func allPredictionsFail() throws {
    let fixture = try CycleFixture()
    fixture.failures = 3
    let report = try fixture.run()
    #expect(report.alerts.count { $0.code == .predictionFailed } == 10)
    #expect(report.alerts.first { $0.code == .predictionFailed }?.message.contains("the line is dead") == true)
    #expect(report.measured["mae"]?.value == nil && report.measured["coverage"]?.value == 0)
  }

  @Test(
    "takes a uniform sample when the strategy fails or answers nonsense",
    arguments: [
      ("chose 1 items that are not in the population, such as 'rings1'; did you mean 'ring1'?", ["rings1"]),
      ("chose 'ring1' twice", ["ring1", "ring1"]), ("chose nothing of 10 items", []),
      ("chose 3 items, 2 were asked for", ["ring1", "ring2", "ring3"]),
    ])
  func samplingFails(message: String, items: [String]) throws {
    let fixture = try CycleFixture()
    fixture.sampling.choose = { _ in SamplingDecision(items: items) }
    let report = try fixture.run(fixture.plan { $0.size = 2 })
    #expect(report.sample.items.count == 2 && report.sample.failure?.message.contains(message) == true)
    #expect(report.alerts.first?.code == .strategyError && report.alerts.first?.severity == .critical)
  }

  @Test("changes nothing when the trigger rule fails")
  func triggerFails() throws {
    let fixture = try CycleFixture(later: 12)
    fixture.rule.choose = { _ in throw StrategyFailure(message: "rule.lua:3: attempt to index a nil value") }
    let report = try fixture.run()
    #expect(report.trigger.decision.retrain == false && report.job == nil)
    #expect(report.alerts.first?.code == .strategyError)
    #expect(report.markdown().contains("rule.lua:3"))
  }

  @Test("queues the training that the rule asks for, once")
  func queues() throws {
    let fixture = try CycleFixture(later: 12)
    fixture.rule.choose = { context in
      TriggerDecision(
        retrain: true, priority: context.report["mae"]?.value ?? 0 > 4 ? .high : .low, reasons: [["code": "HIGH", "n": 1]])
    }
    let first = try #require(try fixture.run().job)
    #expect(first.status == .pending && !first.joined && first.priority == .high)
    let second = try #require(try fixture.run().job)
    #expect(second.id == first.id && second.joined)
    #expect(try JobQueue(fixture.ledger).jobs().map(\.requests) == [2])
  }

  @Test("defers a training when the queue is full, and loses none")
  func fullQueue() throws {
    let fixture = try CycleFixture()
    fixture.rule.choose = { _ in TriggerDecision(retrain: true, candidates: ["baseline"]) }
    var jobs: [QueuedJob] = []
    for number in 0..<3 {
      jobs.append(
        try #require(
          try fixture.run(
            fixture.plan {
              $0.queueSize = 2; $0.champion = "version_\(number)"
            }
          ).job))
    }
    #expect(jobs.map(\.status) == [.pending, .pending, .deferred])
  }

  @Test("says in the ledger that it was interrupted")
  func interrupted() throws {
    let fixture = try CycleFixture()
    fixture.cancelled = true
    #expect(throws: CancellationError.self) { try fixture.run() }
    #expect(try fixture.ledger.cycles(limit: 1).first?.status == .interrupted)
  }

  @Test("says in the ledger in which room and why it failed")
  func failed() throws {
    let fixture = try CycleFixture()
    let broken = try MemoryFactorySource(
      items: fixture.source.itemFrame, routings: fixture.source.routingFrame,
      results: fixture.source.resultFrame.selecting(fixture.source.resultFrame.names.filter { $0 != "job_code" }))
    #expect(throws: FrameError.self) { try fixture.run(on: broken) }
    let summary = try #require(try fixture.ledger.cycles(limit: 1).first)
    #expect(summary.status == .failed && summary.failure?.contains("room 'evaluation': unknown column 'job_code'") == true)
  }
}

@Suite("A cycle over the whole population")
struct WholePopulationTests {
  @Test("measures what a sample of all items measures, and keeps only what it lists")
  func agrees() throws {
    let fixture = try CycleFixture(later: 12)
    fixture.sampling.choose = { SamplingDecision(items: $0.population.codes) }
    let sampled = try fixture.run()
    fixture.sampling.choose = { _ in throw StrategyFailure(message: "nobody is asked") }
    let whole = try fixture.run(fixture.plan { $0.takesAll = true })
    #expect(whole.measured.metrics == sampled.measured.metrics && whole.measured.alerts == sampled.measured.alerts)
    #expect(whole.measured.operations == sampled.measured.operations && whole.measured.operationCount == 20)
    #expect(whole.sample.strategy.name == "all" && whole.sample.failure == nil && whole.predicted.predictedCount == 10)
    #expect(whole.html().contains("The prediction rests on 5 results"))
    #expect(try whole.rows().rowCount == 20 && whole.json().contains("\"result_count\" : 60"))
    #expect(try CycleReport(finished: nil, in: fixture.ledger).json() == whole.json())
    #expect(try fixture.ledger.checks(of: ["ring1", "ring9"], until: FactoryBuilder.instant(100)).rowCount == 2)
  }

  @Test("tells of items that nobody could predict, and of a window without results")
  func failures() throws {
    let fixture = try CycleFixture(extra: [ResultRow("stranger", "s", "turn", day: 60, run: 5, quantity: 1)])
    let report = try fixture.run(fixture.plan { $0.takesAll = true })
    #expect(report.alerts.contains { $0.code == .predictionFailed && $0.item == "stranger" })
    #expect(report.predicted.predictedCount == 10 && report.measured["coverage"]?.count == 11)
    let empty = try fixture.run(
      fixture.plan {
        $0.takesAll = true
        $0.window = Window(since: FactoryBuilder.instant(98), until: FactoryBuilder.instant(99))
      })
    #expect(empty.alerts.map(\.code) == [.noActualData] && empty.measured["mae"]?.value == nil)
  }
}
