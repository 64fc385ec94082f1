import Foundation
import Learning
import Routing
import Tabular
import TestSupport
import Testing

@Suite("A trained model of minutes that serves")
struct MinutesRegressorTests {
  private let history = MadeHistory(orders: 240, seed: 5)
  private var times: [Int64] { history.results.map(\.completedAt).sorted() }
  private var cut: Timestamp { Timestamp(microseconds: times[times.count * 2 / 3] * 1_000_000) }
  private var end: Timestamp { Timestamp(microseconds: times[times.count - 1] * 1_000_000) }

  private func source() throws -> MemoryFactorySource {
    MemoryFactorySource(
      items: try history.items, routings: try RingFactory.make().routings(of: [], validAt: nil), results: try history.frame)
  }

  /// The rows judged after the cut, and a version of the cut with a model that was fitted on the same rows.
  private func made() throws -> (rows: MinutesRows, version: RoutingModel, model: any Model) {
    let source = try source()
    var version = try BaselineTrainer().train(on: source, until: cut)
    let rows = try MinutesRows(items: history.items, results: history.frame, basis: .unit, judging: [cut, end])
    let model = try Estimators.make("forest", ["tree_count": 20])
      .fitted(rows.dataset(of: rows.trainingRows(until: cut)), in: FitContext(seed: 3))
    let past = try MinutesRows(
      items: history.items, results: source.results(of: nil, since: nil, until: cut), basis: .unit, freezing: version.evidence.items)
    version.regressor = MinutesRegressor(name: "forest", model: model, state: try #require(past.state))
    return (rows, version, model)
  }

  @Test("says of an order to come what it was judged by")
  func servesWhatWasJudged() throws {
    let (rows, version, model) = try made()
    // An order that had started before the cut was judged by what was known at its start.
    let places = rows.judged.rows.indices.filter { rows.startedAt[rows.judged.rows[$0]] > cut.seconds }
    let judged = try rows.judged.minutes(of: model, places: places)
    let served = try Predictor(version).runMinutes(of: rows.requests(places.map { rows.judged.rows[$0] }), from: source())
    #expect(places.count > 150)
    for (left, right) in zip(judged, served) { #expect(abs(left - right) <= 1e-9 * left, "\(left) \(right)") }
  }

  @Test("judges no row by what came after its block began")
  func judgedWithoutLeak() throws {
    let rows = try MinutesRows(items: history.items, results: history.frame, basis: .unit, judging: [cut, end])
    var altered = history
    for place in altered.results.indices where altered.results[place].completedAt * 1_000_000 > cut.microseconds {
      // Together as before: how long work took tells when later orders started, which a planner knows.
      altered.results[place].setup += 0.7 * altered.results[place].run
      altered.results[place].run *= 0.3
    }
    let others = try MinutesRows(items: altered.items, results: altered.frame, basis: .unit, judging: [cut, end])
    let words = { (rows: MinutesRows) in
      let columns = rows.judged.features.columns.map { column -> String in
        guard case .numeric(let numbers) = column.values else { return "\(column)" }
        // Sums of minutes and hours are equal but for the last bits.
        return column.name + numbers.map { String(format: " %.6g", $0) }.joined()
      }
      return columns.joined() + (rows.judged.reference + rows.judged.baseline).map { String(format: " %.6g", $0) }.joined()
    }
    #expect(rows.judged.rows.count > 200 && words(rows) == words(others))
    #expect(rows.runMinutes != others.runMinutes && rows.features != others.features)
  }

  @Test("predicts whole routings for the order's quantity, and keeps what is told around the minutes in proportion")
  func predictions() throws {
    let (_, version, _) = try made()
    var plain = version
    plain.regressor = nil
    let few = try Predictor(version).predict(["I1", "nobody"], from: source(), quantity: 5, explaining: true)
    let many = try Predictor(version).predict(["I1", "nobody"], from: source(), quantity: 500, explaining: true)
    let evidence = try Predictor(plain).predict(["I1"], from: source(), explaining: true)[0].get()
    #expect(few[1] == .failure(.unknownItem))
    let (left, right) = (try few[0].get(), try many[0].get())
    #expect(left.estimator == "forest" && evidence.estimator == nil && left.routing.signature == evidence.routing.signature)
    #expect(left.routing.operations != right.routing.operations)
    for (operation, before) in zip(left.routing.operations, evidence.routing.operations) {
      let (minutes, told) = (try #require(operation.runMinutes), try #require(before.runMinutes))
      #expect(abs(minutes / told - 1) < 0.5 && minutes != told)
      #expect(abs(try #require(operation.safeMinutes) / minutes - (try #require(before.safeMinutes) / told)) < 1e-9)
      #expect(operation.sources == before.sources && operation.setupMinutes == before.setupMinutes)
    }
  }

  @Test("tells set-up minutes too, where it has a model of them, which comes back from its bytes")
  func setups() throws {
    var history = history
    for place in history.results.indices { history.results[place].setup = history.results[place].quantity / 5 }
    let source = MemoryFactorySource(
      items: try history.items, routings: try RingFactory.make().routings(of: [], validAt: nil), results: try history.frame)
    var version = try BaselineTrainer().train(on: source, until: cut)
    let rows = try MinutesRows(
      items: history.items, results: source.results(of: nil, since: nil, until: cut), basis: .unit, judging: [.distantPast, cut],
      freezing: version.evidence.items)
    let forest = try Estimators.make("forest", ["tree_count": 20])
    let run = try forest.fitted(rows.dataset(of: rows.trainingRows(until: cut)), in: FitContext(seed: 3))
    let setup = try forest.fitted(
      rows.dataset(of: rows.trainingRows(of: .setup, until: cut), target: .setup), in: FitContext(seed: 3))
    let state = try #require(rows.state)
    let regressor = MinutesRegressor(name: "forest", model: run, setupModel: setup, state: state)
    version.regressor = try MinutesRegressor(from: ModelReader(regressor.bytes(), name: "m"), items: version.evidence.items)
    let few = try Predictor(version).predict(["I1"], from: source, quantity: 5)[0].get().routing.operations
    let many = try Predictor(version).predict(["I1"], from: source, quantity: 45)[0].get().routing.operations
    for (left, right) in zip(few, many) {
      let (least, most) = (try #require(left.setupMinutes), try #require(right.setupMinutes))
      #expect(abs(least - 1) < 1.5 && abs(most - 9) < 3, "\(least) \(most)")
    }
    version.regressor = MinutesRegressor(name: "forest", model: run, state: state)
    let told = try Predictor(version).predict(["I1"], from: source, quantity: 45)[0].get()
    #expect(told.estimator == "forest" && told.setupEstimator == nil)
    let plain = told.routing.operations
    #expect(zip(plain, many).allSatisfy { $0.runMinutes == $1.runMinutes && $0.setupMinutes != $1.setupMinutes })
  }

  @Test("comes back from its bytes as it was, and only for the evidence that it was made with")
  func bytes() throws {
    let (rows, version, _) = try made()
    let regressor = try #require(version.regressor)
    let bytes = regressor.bytes()
    var loaded = version
    loaded.regressor = try MinutesRegressor(from: ModelReader(bytes, name: "m"), items: version.evidence.items)
    let requests = rows.requests(rows.judged.rows)
    #expect(try Predictor(loaded).runMinutes(of: requests, from: source()) == Predictor(version).runMinutes(of: requests, from: source()))
    #expect(loaded.regressor?.bytes() == bytes)
    #expect(throws: LearningError.self) { try MinutesRegressor(from: ModelReader(bytes, name: "m"), items: TextDictionary()) }
  }

  @Test("of a version without one, every order of an item gets what the evidence says, known or not")
  func withoutRegressor() throws {
    var (rows, version, _) = try made()
    version.regressor = nil
    let predictor = Predictor(version)
    var requests = rows.requests(Array(rows.judged.rows.prefix(50)))
    requests.append(OperationRequest(item: "I1", job: "PAINT"))
    requests.append(OperationRequest(item: "nobody", job: "CUT"))
    let minutes = try predictor.runMinutes(of: requests, from: source())
    for (request, value) in zip(requests, minutes).prefix(50) {
      let routing = try predictor.predict([request.item], from: source())[0].get().routing
      #expect(routing.operations.first { $0.job == request.job }?.runMinutes == value)
    }
    #expect(minutes[50].isNaN && minutes[51].isNaN)
    #expect(try predictor.runMinutes(of: [], from: source()).isEmpty)
  }

  @Test("learns from all rows, or from the latest and some of the others")
  func trainingRows() throws {
    func rows(_ limit: Int?, seed: UInt64 = 42, judging: [Timestamp] = []) throws -> MinutesRows {
      try MinutesRows(
        items: history.items, results: history.frame, basis: .unit, judging: judging, learning: LearningChoice(limit: limit, seed: seed))
    }
    let whole = try rows(nil)
    let all = whole.trainingRows(until: end)
    let some = try rows(100).trainingRows(until: end)
    #expect(try all == whole.indices(since: .distantPast, until: end) && rows(100_000).trainingRows(until: end) == all)
    #expect(some.count == 100 && Set(some).count == 100 && some == some.sorted() && Array(some.suffix(50)) == Array(all.suffix(50)))
    #expect(try some == rows(100).trainingRows(until: end) && some != rows(100, seed: 7).trainingRows(until: end))
  }

  @Test("of a long history keeps what is learnt from or judged alone, as it was in the whole")
  func fewRows() throws {
    let blocks = [cut, end]
    func rows(_ limit: Int?) throws -> MinutesRows {
      try MinutesRows(items: history.items, results: history.frame, basis: .unit, judging: blocks, learning: LearningChoice(limit: limit))
    }
    let (few, whole) = (try rows(60), try rows(nil))
    #expect(few.count < whole.count && few.judged.rows.count == whole.judged.rows.count)
    #expect(few.judged.features == whole.judged.features && few.judged.reference == whole.judged.reference)
    let place = Dictionary(uniqueKeysWithValues: zip(whole.results, whole.results.indices))
    for instant in blocks {
      let learnt = few.trainingRows(until: instant)
      #expect((50...60).contains(learnt.count))
      let same = learnt.compactMap { place[few.results[$0]] }
      #expect(same == same.sorted() && Array(same.suffix(30)) == Array(whole.trainingRows(until: instant).suffix(30)))
      // As texts, because what is missing equals nothing.
      #expect("\(few.features.selecting(rows: learnt))" == "\(whole.features.selecting(rows: same))")
    }
  }

  @Test("cuts time into blocks of as many rows")
  func blocks() throws {
    let times = (1...100).map(Double.init)
    let at = { (seconds: Int64) in Timestamp(microseconds: seconds * 1_000_000) }
    #expect(MinutesRows.blocks(of: times, since: at(50), until: at(100), count: 5) == [50, 61, 71, 81, 91, 100].map(at))
    #expect(MinutesRows.blocks(of: [7, 7, 7], since: at(0), until: at(9), count: 5) == [0, 7, 9].map(at))
    #expect(MinutesRows.blocks(of: [], since: at(0), until: at(9), count: 5) == [0, 9].map(at))
  }
}
