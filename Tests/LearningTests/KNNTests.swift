import Foundation
import Learning
import Tabular
import Testing

@Suite("Nearest rows and stacks of estimators")
struct KNNTests {
  @Test("are those that a search of all distances finds", arguments: ["uniform", "distance"])
  func obvious(weights: PlainValue) throws {
    var random = SeededGenerator(seed: 4)
    let count = 300
    var columns: [[Double]] = []
    for column in 0..<4 { columns.append((0..<count).map { _ in (random.uniform() * 5).rounded() * (column == 0 ? 2 : 1) }) }
    let target = (0..<count).map { _ in random.uniform() }
    let data = try Dataset(features: try FeatureTable(columns.enumerated().map { .init("x\($0)", .numeric($1)) }), targets: [target])
    let model = try KNNRegressor(["neighbor_count": 6, "weights": weights, "standardise": false]).fit(data, in: FitContext())
    var queries: [[Double]] = [columns.map { $0[7] }]
    for _ in 0..<40 { queries.append((0..<4).map { _ in random.uniform() * 5 }) }
    let table = try FeatureTable((0..<4).map { column in .init("x\(column)", .numeric(queries.map { $0[column] })) })
    let found = try model.predict(table)[0]
    func distance(_ query: [Double], _ row: Int) -> Double {
      var sum = 0.0
      for column in 0..<4 {
        let apart = Double(Float(query[column])) - columns[column][row]
        sum += apart * apart
      }
      return sum.squareRoot()
    }
    for (query, value) in zip(queries, found) {
      let all = (0..<count).map { (distance: distance(query, $0), row: $0) }
      let near = all.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }.prefix(6)
      let atPoint = near.contains { $0.distance == 0 }
      var (sum, total) = (0.0, 0.0)
      for neighbor in near {
        var share = 1.0
        if weights == "distance" { share = atPoint ? (neighbor.distance == 0 ? 1 : 0) : 1 / neighbor.distance }
        sum += share * target[neighbor.row]
        total += share
      }
      #expect(abs(sum / total - value) < 1e-9)
    }
    #expect(try model.predict(table, threads: 1) == model.predict(table, threads: 2))
  }

  @Test("are found through a graph too, nearly all of them, and the graph comes back from its bytes")
  func graph() throws {
    let data = try madeRows(3000)
    let (exact, graph) = (try KNNRegressor().fit(data, in: FitContext()), try KNNRegressor(search: .hnsw).fit(data, in: FitContext()))
    let test = try madeRows(300, seed: 9).features
    let (right, found) = (try exact.predict(test)[0], try graph.predict(test)[0])
    #expect(zip(right, found).count { abs($0 - $1) < 1e-9 } > 285)
    let bytes = Estimators.bytes(of: graph)
    let again = try Estimators.model(from: try ModelReader(bytes, name: "m"))
    #expect(try again.predict(test) == graph.predict(test) && Estimators.bytes(of: again) == bytes)
    #expect(throws: LearningError.cancelled) { try KNNRegressor(search: .hnsw).fit(data, in: FitContext(shouldStop: { true })) }
  }

  @Test("count by their weight, a row of weight 0 not at all")
  func weights() throws {
    let table = try FeatureTable([.init("x", .numeric([0, 0, 1, 1]))])
    let data = try Dataset(features: table, targets: [[1, 3, 5, 100]], weights: [1, 3, 1, 0])
    let model = try KNNRegressor(neighborCount: 2).fit(data, in: FitContext())
    #expect(try model.predict(try FeatureTable([.init("x", .numeric([0]))]))[0] == [2.5])
    #expect(try KNNRegressor(neighborCount: 1).fit(data, in: FitContext()).predict(try FeatureTable([.init("x", .numeric([1]))]))[0] == [5])
  }

  @Test("bear one row, no feature that tells anything, missing and huge values, and unknown levels")
  func edges() throws {
    let one = try Dataset(features: try FeatureTable([.init("x", .numeric([.nan]))]), targets: [[7], [8]])
    #expect(try KNNRegressor().fit(one, in: FitContext()).predict(one.features) == [[7], [8]])
    let odd = try Dataset(
      features: try FeatureTable([
        .init("x", .numeric([1e300, -1e300, .infinity, .nan, 1e-300])), .init("l", .categorical([0, 1, -1, 0, 1], levels: ["a", "b"])),
        .init("c", .numeric([3, 3, 3, 3, 3])),
      ]), targets: [[1, 2, 3, 4, 5]])
    let model = try KNNRegressor(neighborCount: 1).fit(odd, in: FitContext())
    let found = try model.predict(
      try FeatureTable([
        .init("x", .numeric([1e300, .nan])), .init("l", .categorical([0, 1], levels: ["a", "z"])), .init("c", .numeric([3, .nan])),
      ]))
    let huge = try Dataset(features: odd.features, targets: [Array(repeating: 1.7e308, count: 5)], weights: [1e308, 1e308, 1, 1, 1])
    #expect(try KNNRegressor().fit(huge, in: FitContext()).predict(odd.features)[0].allSatisfy { $0 > 1.6e308 && $0.isFinite })
    #expect(found[0][0] == 1 && found[0].allSatisfy { (1...5).contains($0) })
  }

  @Test("come back from their bytes, and an altered model is an error, not a crash")
  func bytes() throws {
    let data = try madeRows(60)
    for estimator in [
      try Estimators.make("knn"), try StackingRegressor(bases: [EstimatorChoice("knn")], final: EstimatorChoice("knn"), folds: 2),
    ] {
      let model = try estimator.fitted(data, in: FitContext(seed: 1))
      let bytes = Estimators.bytes(of: model)
      let again = try Estimators.model(from: try ModelReader(bytes, name: "m"))
      #expect(try again.predict(data.features) == model.predict(data.features))
      #expect(Estimators.bytes(of: again) == bytes)
      for place in stride(from: 0, to: bytes.count, by: 97) where bytes[place] != 0 {
        var altered = bytes
        altered[place] ^= 0x41
        #expect(throws: LearningError.self) { try Estimators.model(from: try ModelReader(altered, name: "m")) }
      }
    }
  }

  @Test("predict the same some rows at a time, and can be stopped in between")
  func predictingInParts() throws {
    let data = try madeRows(1300)
    let model = try KNNRegressor().fit(data, in: FitContext())
    for rows in [0, 1, 512, 513, 1300] {
      let table = data.features.selecting(rows: Array(0..<rows))
      #expect(try model.predict(table, in: FitContext(threads: 1)) == model.predict(table))
    }
    #expect(throws: LearningError.cancelled) { try model.predict(data.features, in: FitContext(shouldStop: { true })) }
  }

  @Test("A stack learns from predictions for rows that its bases had not seen")
  func stack() throws {
    let data = try madeRows(240)
    // A nearest neighbour knows its own rows by heart: a final estimator that saw such predictions would trust it blindly.
    let stack = try StackingRegressor(
      bases: [EstimatorChoice("knn", ["neighbor_count": 1]), EstimatorChoice("knn", ["neighbor_count": 5])],
      final: EstimatorChoice("knn", ["neighbor_count": 5]), folds: 3)
    let model = try stack.fit(data, in: FitContext(seed: 3))
    #expect(model.bases.count == 2)
    let test = try madeRows(100, seed: 77)
    let error = ErrorSummary(actual: test.targets[0], predicted: try model.predict(test.features)[0]).mae
    #expect(error < 2)
    let again = try stack.fit(data, in: FitContext(seed: 3, threads: 1))
    #expect(Estimators.bytes(of: again) == Estimators.bytes(of: model))
    let passing = try StackingRegressor(["bases": [["name": "knn", "neighbor_count": 2]], "final": "knn", "passthrough": true, "folds": 2])
    #expect(try passing.fit(data, in: FitContext()).predict(test.features)[0].count == 100)
    #expect(throws: LearningError.cancelled) { try stack.fit(data, in: FitContext(shouldStop: { true })) }
    #expect(throws: LearningError.parameter("unknown estimator 'knm'; did you mean 'knn'?")) {
      try StackingRegressor(bases: [EstimatorChoice("knm")], final: EstimatorChoice("knn"))
    }
    #expect(throws: LearningError.self) { try StackingRegressor(["final": ["name": "knn", "neighbor_count": 0]]) }
    var writer = ModelWriter()
    writer.add("model") { file in
      file.add("schema", json: data.features.schema)
      file.add("targets", json: [String]())
      file.add("shape", [Int64(1), 0])
      file.add("base 0", model: model.bases[0] as! KNNModel)
      file.add("final", model: model.final as! KNNModel)
    }
    writer.add("model.kind", json: ["stacking"])
    #expect(throws: LearningError.self) { try Estimators.model(from: try ModelReader(writer.bytes(), name: "m")) }
  }
}
