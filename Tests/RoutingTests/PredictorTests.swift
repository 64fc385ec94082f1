import Routing
import Tabular
import TestSupport
import Testing

@Suite("Predictions")
struct PredictorTests {
  static func model(_ source: MemoryFactorySource, until day: Double = 100, _ change: (inout BaselineTrainer) -> Void = { _ in }) throws
    -> RoutingModel
  {
    var trainer = BaselineTrainer()
    trainer.dimension = 128
    change(&trainer)
    return try trainer.train(on: source, until: FactoryBuilder.instant(day))
  }

  @Test("give an item's own routing with its own minutes")
  func ownEvidence() throws {
    let source = try RingFactory.make()
    let prediction = try Predictor(Self.model(source)).predict(["ring3"], from: source, explaining: true)[0].get()
    #expect(prediction.routing.signature == ["turn", "grind"])
    #expect(prediction.basis == .unit && prediction.marks.isEmpty)
    let turn = prediction.routing.operations[0]
    #expect(turn.runMinutes == 2 && turn.setupMinutes == 15 && turn.samples == 4 && turn.standardDeviation == 0)
    #expect(turn.resource == "lathe 1" && turn.inHouse == true)
    #expect(turn.orderMinutes(quantity: 7, basis: .unit) == 29)
    let sources = try #require(turn.sources)
    #expect(sources.map(\.item) == ["ring3"] && sources[0].results.count == 4)
    // ½·4/6 + ½·1
    #expect(abs(turn.confidence - 5.0 / 6) < 1e-12)
  }

  @Test("give an item never made the routing of those that are alike")
  func similarEvidence() throws {
    let source = try RingFactory.make()
    let prediction = try Predictor(Self.model(source)).predict(["new"], from: source, explaining: true)[0].get()
    #expect(prediction.marks.isEmpty && prediction.neighbors.count == 10)
    #expect(prediction.routing.signature == ["turn", "grind"])
    let grind = prediction.routing.operations[1]
    #expect(abs((grind.runMinutes ?? 0) - 5) < 1e-9 && grind.samples == 40)
    #expect(abs(try #require(grind.sources).reduce(0) { $0 + $1.share } - 1) < 1e-12)
  }

  @Test("say so when nothing alike was made, and give the standard routing")
  func standardOnly() throws {
    let source = try RingFactory.make(routings: [
      RoutingRow("blank", 10, "saw", run: 6, quantityBasis: 3), RoutingRow("blank", 20, "pack", run: nil),
    ])
    let results = try Predictor(Self.model(source)).predict(["blank", "nobody"], from: source)
    let prediction = try results[0].get()
    #expect(prediction.marks == [.standardOnly] && prediction.routing.signature == ["saw", "pack"])
    #expect(prediction.routing.operations[0].runMinutes == 2 && prediction.routing.operations[0].confidence == 0)
    #expect(prediction.routing.operations[1].runMinutes == nil)
    #expect(results[1] == .failure(.unknownItem))
  }

  @Test("fail by name without evidence and standard routing")
  func noEvidence() throws {
    let source = try RingFactory.make()
    #expect(try Predictor(Self.model(source)).predict(["blank"], from: source)[0] == .failure(.noEvidence))
  }

  @Test("are marked when the nearest items are below the floor")
  func lowSimilarity() throws {
    let source = try FactoryBuilder.factory(
      items: [("a", "ring", 1), ("b", "ring", nil)], results: [ResultRow("a", "1", "turn", day: 1, run: 4, quantity: 2)])
    let prediction = try Predictor(Self.model(source)).predict(["b"], from: source)[0].get()
    #expect(prediction.marks == [.lowSimilarity] && prediction.routing.operations[0].runMinutes == 2)
  }

  @Test("ask the nearest too when all orders of those that are alike are under way")
  func alikeUnderWay() throws {
    // "a" is like "b", but its order has only begun; "c" is less alike, and done.
    let source = try FactoryBuilder.factory(
      items: [("a", "ring", 1), ("b", "ring", 1), ("c", "ring", nil)],
      results: [
        ResultRow("c", "1", "turn", day: 1, run: 4, quantity: 2), ResultRow("c", "1", "grind", day: 2, run: 4, quantity: 2),
        ResultRow("a", "2", "turn", day: 99.9, run: 20, quantity: 10),
      ], routings: [RoutingRow("a", 10, "turn", run: 2), RoutingRow("a", 20, "grind", run: 2)])
    let prediction = try Predictor(Self.model(source)).predict(["b"], from: source)[0].get()
    #expect(prediction.marks == [.lowSimilarity] && prediction.routing.signature == ["turn", "grind"])
  }

  @Test("know nothing of what was completed after training: a planted future result changes nothing")
  func noLookAhead() throws {
    let before = try RingFactory.make()
    let planted = try RingFactory.make(extra: [
      ResultRow("ring3", "x", "turn", day: 100.001, run: 9_000, quantity: 1), ResultRow("new", "y", "drill", day: 101, run: 1, quantity: 1),
    ])
    for code in ["ring3", "new", "plate"] {
      let expected = try Predictor(Self.model(before)).predict([code], from: before, explaining: true)
      let got = try Predictor(Self.model(planted)).predict([code], from: planted, explaining: true)
      #expect(expected == got)
    }
  }

  @Test("leave outliers out and count them")
  func outliers() throws {
    let source = try RingFactory.make(extra: [
      ResultRow("ring3", "x", "turn", day: 99, run: 9_000, quantity: 10),
      ResultRow("ring3", "x", "grind", day: 99.1, run: 50, quantity: 10),
    ])
    let turn = try Predictor(Self.model(source)).predict(["ring3"], from: source)[0].get().routing.operations[0]
    #expect(turn.runMinutes == 2 && turn.outliers == 1 && turn.samples == 4)
  }

  @Test("count minutes an order where quantities are not known")
  func orderBasis() throws {
    let source = try FactoryBuilder.factory(
      items: [("a", "ring", 1)], results: (0..<4).map { ResultRow("a", "\($0)", "turn", day: Double($0), run: 40) })
    let prediction = try Predictor(Self.model(source)).predict(["a"], from: source)[0].get()
    #expect(prediction.basis == .order && prediction.routing.operations[0].runMinutes == 40)
  }

  @Test("tell where outsourcing has become in-house")
  func outsourcingReplaced() throws {
    let source = try RingFactory.make(routings: [
      RoutingRow("ring3", 10, "turn", run: 2, inHouse: false), RoutingRow("ring3", 20, "grind", run: 5, inHouse: true),
    ])
    let operations = try Predictor(Self.model(source)).predict(["ring3"], from: source)[0].get().routing.operations
    #expect(operations.map(\.outsourcingReplaced) == [true, false])
  }

  @Test("are the same whatever the batch", arguments: [1, 3, 13])
  func batches(size: Int) throws {
    let source = try RingFactory.make()
    let predictor = Predictor(try Self.model(source))
    let codes = try source.itemCodes(withResultsIn: nil)
    let whole = try predictor.predict(codes, from: source)
    var parts: [Result<Prediction, PredictionFailure>] = []
    for start in stride(from: 0, to: codes.count, by: size) {
      parts += try predictor.predict(Array(codes[start..<min(start + size, codes.count)]), from: source)
    }
    #expect(parts == whole)
  }

  @Test("are read set by set, not item by item")
  func setBased() throws {
    let source = try RingFactory.make()
    let predictor = Predictor(try Self.model(source))
    let codes = try source.itemCodes(withResultsIn: nil)
    let before = source.readingCount
    _ = try predictor.predict(codes, from: source)
    #expect(source.readingCount - before == 2)
  }

  @Test("rest on a whole order only once it is done: one under way is no routing")
  func orderUnderWay() throws {
    let source = try RingFactory.make(extra: [ResultRow("ring3", "x", "turn", day: 99.9, run: 20, quantity: 10)])
    let prediction = try Predictor(Self.model(source)).predict(["ring3"], from: source)[0].get()
    #expect(prediction.candidates.map(\.signature) == [["turn", "grind"]])
    #expect(prediction.routing.operations[0].samples == 5)
  }

  @Test("cannot be trained without items or results")
  func nothingToLearn() throws {
    let none = try FactoryBuilder.factory(items: [], results: [])
    #expect(throws: TrainingError.noItems(source: none.name)) { try Self.model(none) }
    let source = try RingFactory.make()
    #expect(throws: TrainingError.noResults(source: source.name, until: FactoryBuilder.instant(-1))) { try Self.model(source, until: -1) }
  }
}
