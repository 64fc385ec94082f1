import DataAccess
import Routing
import Tabular
import TestSupport
import Testing

@Suite("The embedded source")
struct SQLiteFactorySourceTests {
  private let folder: TemporaryFolder
  private let memory: MemoryFactorySource
  private let database: SQLiteDatabase
  private var source: SQLiteFactorySource { SQLiteFactorySource(database) }

  init() throws {
    folder = try TemporaryFolder()
    memory = try RingFactory.make(
      extra: [ResultRow("ring3", "x", "turn", day: 99, run: nil, quantity: 10, inHouse: nil)],
      routings: [RoutingRow("ring3", 10, "turn", run: 2, inHouse: false), RoutingRow("blank", 10, "saw", run: 6)])
    database = try SQLiteDatabase(path: folder.path("factory.sqlite"), access: .readWrite)
    try database.migrate(FactorySchema.migrations)
    try database.write { [memory] transaction in
      try transaction.execute("ALTER TABLE items ADD COLUMN part_type TEXT")
      try transaction.execute("ALTER TABLE items ADD COLUMN size REAL")
      try transaction.insert(memory.itemFrame, into: "items")
      try transaction.insert(
        memory.routingFrame.selecting(memory.routingFrame.names.filter { $0 != "valid_from" }), into: "routing_operations")
      try transaction.insert(memory.resultFrame, into: "work_results")
    }
  }

  @Test("reads what was written, in order of the keys' bytes")
  func reads() throws {
    #expect(try source.featureColumns() == [FeatureColumn(name: "part_type", type: .text), FeatureColumn(name: "size", type: .double)])
    #expect(try source.itemCodes(withResultsIn: nil) == ["blank", "new", "plate"] + (0..<10).map { "ring\($0)" })
    let window = Window(since: FactoryBuilder.instant(60), until: FactoryBuilder.instant(61.5))
    #expect(try source.itemCodes(withResultsIn: window) == memory.itemCodes(withResultsIn: window))
    #expect(
      try source.items(["plate", "nobody", "blank"], columns: ["size"]) == memory.items(["plate", "nobody", "blank"], columns: ["size"]))
    #expect(throws: FrameError.self) { try source.items(nil, columns: ["sizes"]) }
    let until = FactoryBuilder.instant(70)
    #expect(try source.lastResults(of: ["ring1", "blank"], until: until) == memory.lastResults(of: ["ring1", "blank"], until: until))
    #expect(try source.counts(until: until) == memory.counts(until: until))
    #expect(try source.routings(of: nil, validAt: until).rowCount == 2)
  }

  @Test("gives the same predictions and evaluation as plain loops over the same rows")
  func agrees() throws {
    let codes = try source.itemCodes(withResultsIn: nil)
    let until = FactoryBuilder.instant(50)
    let window = Window(since: until, until: FactoryBuilder.instant(100))
    let model = try BaselineTrainer().train(on: source, until: until)
    let predictions = try Predictor(model).predict(codes, from: source, explaining: true)
    #expect(try predictions == Predictor(model).predict(codes, from: memory, explaining: true))
    let evaluator = Evaluator(window: window, basis: model.evidence.basis)
    let (ours, theirs) = (
      try evaluator.evaluate(codes, predictions, against: source), try evaluator.evaluate(codes, predictions, against: memory)
    )
    #expect(ours.items == theirs.items && ours.operations == theirs.operations && ours.orders == theirs.orders)
    #expect(ours.leftOut == theirs.leftOut && ours.operations.rowCount > 0)
  }

  @Test("reads an order's whole routing when only its end lies in the window")
  func wholeOrders() throws {
    // Orders turn at n and grind half a day later: a window that begins between cuts them.
    let window = Window(since: FactoryBuilder.instant(60.25), until: FactoryBuilder.instant(60.75))
    let frame = try source.resultsOfOrders(of: ["ring0"], in: window)
    #expect(frame["job_code"]?.texts == ["turn", "grind"])
    #expect(try frame == memory.resultsOfOrders(of: ["ring0"], in: window))
  }

  @Test("runs as many statements for many items as for one")
  func setBased() throws {
    let model = try BaselineTrainer().train(on: source, until: FactoryBuilder.instant(50))
    let evaluator = Evaluator(window: Window(since: model.trainedUntil, until: FactoryBuilder.instant(100)), basis: .unit)
    let statements = { (codes: [String]) in
      let before = database.statementCount
      let predictions = try Predictor(model).predict(codes, from: source)
      _ = try evaluator.evaluate(codes, predictions, against: source)
      return database.statementCount - before
    }
    // Two for the items' columns and features, two for standard routings at the cut and at the end, one for the orders.
    #expect(try statements(["ring1"]) == 5)
    #expect(try statements(source.itemCodes(withResultsIn: nil)) == 5)
  }

  @Test("knows nothing later than its cut")
  func cut() throws {
    let cut = CutFactorySource(source, asOf: FactoryBuilder.instant(30))
    #expect(try cut.counts(until: nil).results == memory.counts(until: FactoryBuilder.instant(30)).results)
    #expect(try cut.results(of: nil, since: nil, until: FactoryBuilder.instant(99)) == memory.results(of: nil, since: nil, until: cut.asOf))
    let window = Window(since: FactoryBuilder.instant(20), until: FactoryBuilder.instant(99))
    #expect(try cut.itemCodes(withResultsIn: window).count == 10)
    #expect(try cut.itemCodes(withResultsIn: Window(since: FactoryBuilder.instant(31), until: FactoryBuilder.instant(99))).isEmpty)
    let early = CutFactorySource(source, asOf: FactoryBuilder.instant(-1))
    #expect(try early.items(["plate"], columns: nil)["updated_at"]?.isMissing(0) == true)
    #expect(try cut.items(["plate"], columns: nil)["updated_at"]?.isMissing(0) == false)
  }
}
