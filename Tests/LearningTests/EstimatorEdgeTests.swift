import Learning
import Synchronization
import Tabular
import Testing

/// What is at the edge of what may be: every estimator has a defined result there, or says clearly why not.
@Suite("Every estimator, at the edges")
struct EstimatorEdgeTests {
  private func numeric(_ name: String, _ numbers: [Double]) -> FeatureTable.Column { .init(name, .numeric(numbers)) }

  private func predictions(_ name: String, _ data: Dataset, of features: FeatureTable? = nil, seed: UInt64 = 1) throws -> [Double] {
    try SmallEstimators.make(name).fitted(data, in: FitContext(seed: seed)).predict(features ?? data.features)[0]
  }

  @Test("predicts what rows that are all alike have on average, or lies between them", arguments: SmallEstimators.names)
  func duplicates(name: String) throws {
    let features = try FeatureTable([
      numeric("x", Array(repeating: 4, count: 40)), .init("c", .categorical(Array(repeating: 0, count: 40), levels: ["l"])),
    ])
    let data = try Dataset(features: features, targets: [(0..<40).map { $0 % 2 == 0 ? 1 : 3 }])
    let found = try predictions(name, data)
    // A few neighbours are not all; trees draw some rows twice; networks come near.
    #expect(Set(found).count == 1 && found.allSatisfy { (1.0...3).contains($0) }, "\(found[0])")
    if name.hasPrefix("ridge") || name == "elastic_net" || name == "boosting" { #expect(abs(found[0] - 2) < 1e-9, "\(found[0])") }
  }

  @Test("gives the only target that counts when all other weights are 0; refuses weights that are all 0", arguments: SmallEstimators.names)
  func zeroWeights(name: String) throws {
    let rows = try madeRows(40)
    for counting in [0, 17, 39] {
      let data = try Dataset(features: rows.features, targets: rows.targets, weights: (0..<40).map { $0 == counting ? 2 : 0 })
      let outcome = Result { try predictions(name, data) }
      switch outcome {
      case .success(let found):
        // A network trains on what it has: one row, which it need not have learnt by heart at others' features.
        let target = rows.targets[0][counting]
        let isIt = found.allSatisfy { name == "mlp" ? $0.isFinite : abs($0 - target) < 1e-9 * abs(target) }
        #expect(isIt, "row \(counting): \(found.prefix(3)), expected \(target)")
      case .failure(let refusal):
        // What is made out of fold needs rows for two folds.
        let isTold = name == "stacking" ? "\(refusal)".hasPrefix("stacking ") : "\(refusal)".contains("needs at least 2 rows")
        #expect(["stacking", "pipeline"].contains(name) && isTold, "\(refusal)")
      }
    }
    #expect(
      message { try Dataset(features: rows.features, targets: rows.targets, weights: Array(repeating: 0, count: 40)) }
        == "all weights are 0")
  }

  @Test("predicts among the targets whatever the size of the weights", arguments: SmallEstimators.names, [1e300, 1e-300])
  func weightSizes(name: String, size: Double) throws {
    let rows = try madeRows(60)
    // A penalty or smoothing that is one of rows of weight 1 may outweigh all rows, or nothing: then the mean comes out, or least squares.
    let data = try Dataset(features: rows.features, targets: rows.targets, weights: (0..<60).map { size * (1 + Double($0 % 3)) })
    let found = try predictions(name, data)
    let (least, greatest) = (rows.targets[0].min() ?? 0, rows.targets[0].max() ?? 0)
    #expect(found.allSatisfy { $0 > least - 5 && $0 < greatest + 5 }, "\(found.prefix(4))")
    // Both together, beside rows of no weight at all.
    let mixed = try Dataset(features: rows.features, targets: rows.targets, weights: (0..<60).map { [0, size, 1][$0 % 3] })
    #expect(try predictions(name, mixed).allSatisfy { $0 > least - 5 && $0 < greatest + 5 })
  }

  @Test("predicts finite numbers for targets of any size", arguments: SmallEstimators.names)
  func targetSizes(name: String) throws {
    let rows = try madeRows(60)
    let shapes: [(what: String, targets: [Double])] = [
      ("huge", rows.targets[0].map { $0 * 1e300 / 64 }), ("tiny", rows.targets[0].map { $0 * 1e-300 }),
      ("subnormal", rows.targets[0].map { $0 * 1e-310 }), ("of both signs", (0..<60).map { $0 % 2 == 0 ? 1.7e308 : -1.7e308 }),
      ("huge and tiny", (0..<60).map { $0 % 2 == 0 ? 1e300 : 1e-300 }), ("constant", Array(repeating: 1e300, count: 60)),
      ("one alone huge", (0..<60).map { $0 == 7 ? 1e300 : 1 }), ("zero", Array(repeating: 0, count: 60)),
    ]
    for (what, targets) in shapes {
      let found = try predictions(name, try Dataset(features: rows.features, targets: [targets]))
      let greatest = targets.reduce(0) { max($0, abs($1)) }
      // No estimator here predicts far beyond what it saw; a linear one may, somewhat.
      let isSane = found.allSatisfy { $0.isFinite && abs($0) / 4 <= greatest }
      #expect(isSane, "\(what): \(found.prefix(4))")
      if what == "constant" || what == "zero" {
        #expect(found.allSatisfy { abs($0 - targets[0]) <= 1e-5 * abs(targets[0]) }, "\(what): \(found.prefix(4))")
      }
    }
    #expect(
      message { try Dataset(features: rows.features, targets: [Array(repeating: .nan, count: 60)]) }
        == "target 'y' is nan at row 1; expected finite numbers: leave such rows out")
    #expect(
      message { try Dataset(features: rows.features, targets: [Array(repeating: -.infinity, count: 60)]) }.contains("is -inf at row 1"))
  }

  @Test("predicts a finite number of features it never saw the like of", arguments: SmallEstimators.names)
  func strangeFeatures(name: String) throws {
    let model = try SmallEstimators.make(name).fitted(madeRows(80), in: FitContext(seed: 1))
    let strange = [Double.nan, .infinity, -.infinity, 1e300, -1e300, 1e-300, 0, -0.0, .greatestFiniteMagnitude]
    let asked = try FeatureTable([
      numeric("first", strange), numeric("second", strange.reversed()),
      .init("level", .categorical([0, 1, 2, -1, 0, 1, 2, -1, 0], levels: ["never seen", "a", ""])),
    ])
    let found = try model.predict(asked)[0]
    #expect(found.allSatisfy { $0.isFinite }, "\(found)")
    // All missing, all columns constant, and levels of which the fit had none.
    let nothing = try FeatureTable([
      numeric("first", [.nan]), numeric("second", [.nan]), .init("level", .categorical([-1], levels: [])),
    ])
    #expect(try model.predict(nothing)[0].allSatisfy { $0.isFinite })
  }

  @Test("learns from 5,000 levels, each of a row or two", arguments: SmallEstimators.names)
  func manyLevels(name: String) throws {
    let count = 6000
    let levels = (0..<5000).map { "l\($0)" }
    let codes = (0..<count).map { Int32($0 % 5000) }
    let x = (0..<count).map { Double($0 % 10) }
    let data = try Dataset(
      features: try FeatureTable([.init("c", .categorical(codes, levels: levels)), numeric("x", x)]), targets: [x.map { 2 * $0 }])
    var estimator = try SmallEstimators.make(name)
    if name == "mlp" { estimator = try MLPRegressor(hiddenLayers: [8], learningRate: 0.01, maxEpochs: 10) }
    let asked = data.features.selecting(rows: [0, 5, 5999])
    let model = try estimator.fitted(data, in: FitContext(seed: 1))
    for (found, row) in zip(try model.predict(asked)[0], [0, 5, 5999]) {
      #expect(abs(found - 2 * x[row]) < 3, "row \(row): \(found), expected \(2 * x[row])")
    }
  }

  @Test("refuses a budget of nothing and says what may be", arguments: SmallEstimators.names)
  func budgets(name: String) throws {
    let budgets = [
      "tree_count", "neighbor_count", "max_epochs", "max_iterations", "folds", "batch_size", "patience", "level_limit", "max_leaves",
    ]
    let type = try #require(Estimators.all.first { $0.name == name })
    func check<Some: Estimator>(_ type: Some.Type) throws {
      for parameter in Some.parameters where budgets.contains(parameter.name) {
        #expect(message { try Some([parameter.name: 0]) } == "'\(parameter.name)' of \(name) must be \(parameter.expected), got 0")
      }
    }
    try check(type)
    // No thread is one thread.
    let data = try madeRows(40)
    #expect(
      try predictions(name, data) == SmallEstimators.make(name).fitted(data, in: FitContext(seed: 1, threads: 0)).predict(data.features)[0])
  }

  @Test("can be stopped at every moment, on one thread and on two, and leaves nothing behind", arguments: SmallEstimators.names)
  func everyMoment(name: String) throws {
    let data = try madeRows(60)
    let estimator = try SmallEstimators.make(name)
    let asked = Atomic<Int>(0)
    let counting = FitContext(
      seed: 3, threads: 1,
      shouldStop: {
        asked.add(1, ordering: .relaxed)
        return false
      })
    let whole = Estimators.bytes(of: try estimator.fitted(data, in: counting))
    let total = asked.load(ordering: .relaxed)
    for moment in stride(from: 0, to: total, by: max(1, total / 40)) {
      for threads in [1, 2] {
        let calls = Atomic<Int>(0)
        // The wish is told once alone: whoever hears it must not let others go on with half of the work.
        let context = FitContext(seed: 3, threads: threads, shouldStop: { calls.add(1, ordering: .relaxed).oldValue == moment })
        #expect(
          message { try estimator.fitted(data, in: context) } == "cancelled", "question \(moment + 1) of \(total), \(threads) threads")
      }
    }
    #expect(try Estimators.bytes(of: estimator.fitted(data, in: FitContext(seed: 3, threads: 2))) == whole)
  }
}
