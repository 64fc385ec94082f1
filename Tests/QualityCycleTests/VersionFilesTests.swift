import DataAccess
import DemoPlant
import Foundation
import Learning
import Ledger
import QualityCycle
import Routing
import Tabular
import TestSupport
import Testing

@Suite("A version with a graph of similar items and a trained model")
struct VersionFilesTests {
  private static let end = Timestamp(microseconds: 1_767_225_600_000_000)
  private let folder: TemporaryFolder
  private let source: MemoryFactorySource
  private let model: RoutingModel
  private var store: ModelStore { ModelStore(folder: folder.path("models")) }

  init() throws {
    folder = try TemporaryFolder()
    let plant = try DemoPlant(items: 60, results: 1500, seed: 7, endsAt: Self.end)
    source = MemoryFactorySource(items: try plant.items(), routings: try plant.routings(), results: try plant.results())
    let trained = try BaselineTrainer().train(on: source, until: Self.end)
    let rows = try MinutesRows(
      items: plant.items(), results: plant.results(), basis: trained.evidence.basis, freezing: trained.evidence.items)
    let data = try rows.dataset(of: rows.trainingRows(until: Self.end))
    let fitted = try Estimators.make("boosting", ["tree_count": 20]).fitted(data, in: FitContext(seed: 1))
    let items = try source.items(trained.evidence.items.texts, columns: nil)
    model = RoutingModel(
      version: "", trainedUntil: trained.trainedUntil, options: trained.options, encoder: trained.encoder, evidence: trained.evidence,
      index: try HNSWIndex(trained.encoder.encode(items)),
      regressor: MinutesRegressor(name: "boosting", model: fitted, state: try #require(rows.state)))
  }

  private func written() throws -> String {
    let description = ModelDescription(kind: "boosting", trainedUntil: model.trainedUntil, latheVersion: "test")
    return try store.create(description, at: Self.end) { try model.write(to: $0) }
  }

  @Test("predicts after loading what it predicted before")
  func roundTrip() throws {
    let version = try written()
    #expect(try store.verify(version).files.map(\.name) == ["evidence.sections", "minutes.model", "sources.sections", "vectors.graph"])
    let loaded = try RoutingModel(version: "", folder: store.path(of: version))
    let codes = try source.itemCodes(withResultsIn: nil)
    let expected = try Predictor(model).predict(codes, from: source, quantity: 40, explaining: true)
    #expect(try Predictor(loaded).predict(codes, from: source, quantity: 40, explaining: true) == expected)
    #expect(loaded.index is HNSWIndex && loaded.regressor?.name == "boosting")
    let exact = RoutingModel(
      version: "", trainedUntil: model.trainedUntil, options: model.options, encoder: model.encoder, evidence: model.evidence,
      index: try ExactIndex(model.encoder.encode(source.items(model.evidence.items.texts, columns: nil))), regressor: model.regressor)
    #expect(try Predictor(exact).predict(codes, from: source, quantity: 40, explaining: true) == expected)
  }

  @Test(
    "is refused by name when a byte of either file was altered, or the file was cut short", arguments: ["minutes.model", "vectors.graph"])
  func damage(_ name: String) throws {
    let version = try written()
    let path = store.path(of: version) + "/" + name
    let sound = try AtomicFile.read(path)
    var random = SeededGenerator(seed: 3, stream: name)
    for _ in 0..<200 {
      var bytes = sound
      bytes[random.integer(below: bytes.count)] ^= UInt8(1 << random.integer(below: 8))
      try Data(bytes).write(to: URL(filePath: path))
      let error = #expect(throws: LearningError.self) { try RoutingModel(version: version, folder: store.path(of: version)) }
      #expect(error?.description.contains(name) == true)
    }
    for size in [0, 63, 64, sound.count / 2, sound.count - 1] {
      try Data(sound[..<size]).write(to: URL(filePath: path))
      #expect(throws: LearningError.self) { try RoutingModel(version: version, folder: store.path(of: version)) }
    }
  }

  @Test("judges an order by what the model says of its own quantity")
  func evaluation() throws {
    let codes = try source.itemCodes(withResultsIn: nil)
    let window = Window(since: Self.end.advanced(bySeconds: -90 * 86_400), until: Self.end)
    let evaluator = Evaluator(window: window, basis: model.evidence.basis)
    let predictions = try Predictor(model).predict(codes, from: source)
    let usual = try evaluator.evaluate(codes, predictions, against: source)
    var asked: [OperationRequest] = []
    let own = try evaluator.evaluate(codes, predictions, against: source) { requests in
      asked = requests
      return try Predictor(model).minutesOfOrders(requests, from: source)
    }
    let minutes = try Predictor(model).runMinutes(of: asked, from: source)
    #expect(own.operations.rowCount > 20 && own.orders.rowCount > 3)
    #expect(own.operations["actual_minutes"] == usual.operations["actual_minutes"])
    #expect(own.operations["predicted_minutes"]?.numbers == Array(minutes.prefix(own.operations.rowCount)))
    #expect(own.operations["predicted_minutes"] != usual.operations["predicted_minutes"])
    #expect(own.orders["predicted_minutes"] != usual.orders["predicted_minutes"])
    #expect(asked.prefix(own.operations.rowCount).map(\.quantity) == own.operations["quantity"]?.numbers)
    // What cannot be predicted anew stays as it was predicted.
    #expect(try evaluator.evaluate(codes, predictions, against: source) { $0.map { _ in Double.nan } }.operations == usual.operations)
  }
}
