import Foundation
import Learning
import Synchronization
import Tabular
import Testing

/// Every estimator, as small as it still learns something.
enum SmallEstimators {
  static let names = Estimators.all.map { $0.name }

  static func make(_ name: String) throws -> any Estimator {
    let values: [String: [String: PlainValue]] = [
      "elastic_net": ["alpha": 0.02], "forest": ["tree_count": 8], "boosting": ["tree_count": 20, "min_samples_leaf": 5],
      "mlp": ["hidden_layers": [16], "max_epochs": 60, "batch_size": 32, "learning_rate": 0.01],
      "stacking": ["bases": ["ridge", ["name": "forest", "tree_count": 4], ["name": "knn", "neighbor_count": 3]], "folds": 2],
      "pipeline": ["steps": ["impute", "target_encoder", "standardise"], "estimator": ["name": "knn", "neighbor_count": 3]],
    ]
    return try Estimators.make(name, values[name] ?? [:])
  }
}

@Suite("Every estimator")
struct EstimatorContractTests {
  private func error(_ model: any Model, on data: Dataset) throws -> Double {
    ErrorSummary(actual: data.targets[0], predicted: try model.predict(data.features)[0]).mae
  }

  @Test("has declared parameters, each of which refuses what it cannot be and says what it may be", arguments: SmallEstimators.names)
  func parameters(name: String) throws {
    let type = try #require(Estimators.all.first { $0.name == name })
    func check<Some: Estimator>(_ type: Some.Type) throws {
      let isToldOf = Some.summary != "The estimator `\(name)`." && Some.summary.hasSuffix(".")
      #expect(isToldOf)
      for parameter in Some.parameters {
        #expect(!parameter.doc.isEmpty && parameter.name.allSatisfy { $0.isLowercase || $0 == "_" || $0.isNumber })
        let wrong = message { try Some([parameter.name: ["x": [.null]]]) }
        #expect(wrong.hasPrefix("'\(parameter.name)' of \(name) must be \(parameter.expected), got "))
        // What it tells of itself it also takes.
        let own = try #require(Some().values[parameter.name])
        #expect(try Some([parameter.name: own]) == Some())
      }
      #expect(message { try Some(["no_such_thing": 1]) }.hasPrefix("unknown parameter 'no_such_thing' of \(name)"))
    }
    try check(type)
  }

  @Test("learns, and is the same to the byte for the same seed on one and two threads", arguments: SmallEstimators.names)
  func learns(name: String) throws {
    let data = try madeRows(400)
    let estimator = try SmallEstimators.make(name)
    let one = try estimator.fitted(data, in: FitContext(seed: 7, threads: 1))
    let two = try estimator.fitted(data, in: FitContext(seed: 7, threads: 2))
    #expect(Estimators.bytes(of: one) == Estimators.bytes(of: two))
    let test = try madeRows(200, seed: 8)
    let mean = data.targets[0].reduce(0, +) / 400
    let naive = ErrorSummary(actual: test.targets[0], predicted: test.targets[0].map { _ in mean }).mae
    #expect(try error(one, on: test) < naive / 2)
  }

  @Test("predicts each row by itself, whatever else is asked, and by name, not by place", arguments: SmallEstimators.names)
  func rows(name: String) throws {
    let model = try SmallEstimators.make(name).fitted(madeRows(120), in: FitContext(seed: 1))
    let test = try madeRows(70, seed: 9).features
    let all = try model.predict(test, threads: 1)[0]
    #expect(try model.predict(test, threads: 2)[0] == all)
    let order = Array((0..<70).reversed())
    #expect(try model.predict(test.selecting(rows: order))[0] == order.map { all[$0] })
    for row in [0, 33, 69] { #expect(try model.predict(test.selecting(rows: [row]))[0] == [all[row]]) }
    let turned = try FeatureTable(test.columns.reversed() + [.init("unasked", .numeric(all))])
    #expect(try model.predict(turned)[0] == all)
    #expect(try model.predict(test.selecting(rows: []))[0] == [])
    #expect(message { try model.predict(try FeatureTable([test.columns[0]])) }.hasPrefix("the model wants feature '"))
  }

  @Test("comes back from its bytes, and never crashes for altered ones", arguments: SmallEstimators.names)
  func bytes(name: String) throws {
    let data = try madeRows(80)
    let model = try SmallEstimators.make(name).fitted(data, in: FitContext(seed: 1))
    let bytes = Estimators.bytes(of: model)
    let again = try Estimators.model(from: try ModelReader(bytes, name: "m"))
    #expect(try again.predict(data.features) == model.predict(data.features) && Estimators.bytes(of: again) == bytes)
    #expect(again.schema == data.features.schema && again.targetNames == ["y"])
    for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
      #expect(message { try Estimators.model(from: try ModelReader(Array(bytes[..<length]), name: "m.bin")) }.contains("m.bin"))
    }
  }

  @Test("has several outputs, each about what it would learn alone", arguments: SmallEstimators.names)
  func outputs(name: String) throws {
    let data = try madeRows(300)
    let both = try Dataset(
      features: data.features, targets: [data.targets[0], data.targets[0].map { 100 - 2 * $0 }], targetNames: ["run", "setup"],
      groups: data.groups)
    let model = try SmallEstimators.make(name).fitted(both, in: FitContext(seed: 1))
    #expect(model.targetNames == ["run", "setup"])
    let found = try model.predict(data.features)
    let mean = both.targets.map { $0.reduce(0, +) / 300 }
    for output in 0..<2 {
      let naive = ErrorSummary(actual: both.targets[output], predicted: both.targets[output].map { _ in mean[output] }).mae
      #expect(ErrorSummary(actual: both.targets[output], predicted: found[output]).mae < naive / 2)
    }
  }

  @Test("is not influenced by a row of weight 0", arguments: SmallEstimators.names)
  func weights(name: String) throws {
    let data = try madeRows(60)
    let weights = (0..<60).map { $0 % 7 == 3 ? 0.0 : 1 + Double($0 % 3) }
    func model(_ spoilt: Bool) throws -> [[Double]] {
      var target = data.targets[0]
      if spoilt { for row in 0..<60 where weights[row] == 0 { target[row] = 1e6 } }
      let set = try Dataset(features: data.features, targets: [target], weights: weights)
      return try SmallEstimators.make(name).fitted(set, in: FitContext(seed: 1)).predict(data.features)
    }
    #expect(try model(true) == model(false))
  }

  @Test("gives a finite prediction or a clear error for what a factory's data may hold", arguments: SmallEstimators.names)
  func oddities(name: String) throws {
    let estimator = try SmallEstimators.make(name)
    var random = SeededGenerator(seed: 3)
    let count = 60
    let target = (0..<count).map { _ in 1 + random.uniform() }
    let odd: [[FeatureTable.Column]] = [
      [.init("constant", .numeric(Array(repeating: 3, count: count)))],
      [.init("missing", .numeric(Array(repeating: .nan, count: count)))],
      [.init("endless", .numeric((0..<count).map { [.infinity, -.infinity, 1, .nan][$0 % 4] }))],
      [.init("huge", .numeric((0..<count).map { $0 % 2 == 0 ? 1e300 : -1e300 }))],
      [.init("tiny", .numeric((0..<count).map { Double($0) * 1e-300 }))],
      [.init("level", .categorical(Array(repeating: 0, count: count), levels: ["only"]))],
      [.init("levels", .categorical((0..<Int32(count)).map { $0 }, levels: (0..<5000).map { "L\($0)" }))],
      [.init("none", .categorical(Array(repeating: -1, count: count), levels: []))],
      [],
    ]
    /// The predictions for the rows of a fit, or why there are none.
    func outcome(_ columns: [FeatureTable.Column], _ target: [Double]) throws -> (predictions: [Double]?, refusal: String) {
      let data = try Dataset(features: try FeatureTable(columns, rowCount: target.count), targets: [target])
      do {
        return (try estimator.fitted(data, in: FitContext(seed: 1)).predict(data.features)[0], "")
      } catch { return (nil, "\(error)") }
    }
    for columns in odd {
      let (predictions, refusal) = try outcome(columns, target)
      let isSane = predictions?.allSatisfy { $0.isFinite && $0 > -10 && $0 < 10 } ?? (refusal.contains(name) || refusal.contains("feature"))
      #expect(isSane, "\(columns.first?.name ?? "no feature"): \(refusal)")
    }
    for target in [[1e300, -1e300, 5], [1e-300, 2e-300, 0]] as [[Double]] {
      let (predictions, refusal) = try outcome([.init("x", .numeric([1, 2, 3]))], target)
      let isSane = predictions?.allSatisfy { $0.isFinite } ?? (refusal.count > 10)
      #expect(isSane, "\(target): \(refusal) \(predictions ?? [])")
    }
    // One row, and one row many times.
    for count in [1, 30] {
      let (predictions, refusal) = try outcome(
        [.init("x", .numeric(Array(repeating: 2, count: count)))], Array(repeating: 7, count: count))
      guard let predictions else {
        #expect(["stacking", "pipeline"].contains(name) && count == 1, "\(refusal)")
        continue
      }
      let isSane = predictions.allSatisfy { name == "mlp" ? $0.isFinite : abs($0 - 7) < 1e-6 }
      #expect(isSane, "\(predictions)")
    }
    let nothing = try Dataset(features: try FeatureTable([], rowCount: 0), targets: [[]])
    let refusal = message { try estimator.fitted(nothing, in: FitContext()) }
    #expect(refusal.hasPrefix(name))
  }

  @Test("tells how far it is, never less than before, and at last that it is done", arguments: SmallEstimators.names)
  func progress(name: String) throws {
    let shares = Mutex<[Double]>([])
    _ = try SmallEstimators.make(name).fitted(
      madeRows(200), in: FitContext(seed: 1, threads: 1, progress: { share in shares.withLock { $0.append(share) } }))
    let told = shares.withLock { $0 }
    #expect(told.last == 1 && zip(told, told.dropFirst()).allSatisfy { $0 <= $1 })
  }
}
