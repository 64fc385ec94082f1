import Foundation
import Learning
import Tabular
import Testing

@Suite("Boosting")
struct BoostingTests {
  private let context = FitContext(seed: 7, threads: 2)

  private func middle(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Boosts the obvious way, with slow trees and doubles; the predictions for the rows that it learnt from.
  private func slow(_ table: FeatureTable, _ target: [Double], _ settings: BoostingRegressor) -> [Double] {
    var tree = SlowTree(table)
    tree.minSamples = settings.minSamplesLeaf
    tree.maxDepth = settings.maxDepth ?? .max
    tree.maxLeaves = settings.maxLeaves
    tree.l2 = settings.l2
    tree.smoothing = settings.categorySmoothing
    let base = settings.loss == .squared ? target.reduce(0, +) / Double(target.count) : middle(target)
    var predicted = target.map { _ in base }
    for _ in 0..<settings.treeCount {
      let residuals = zip(target, predicted).map { $0 - $1 }
      let sizes = residuals.map(abs).sorted()
      // The size below which that share of the rows lies; between two rows, their middle.
      let aim = settings.huberShare * Double(sizes.count)
      let bound = aim == aim.rounded() ? (sizes[Int(aim) - 1] + sizes[Int(aim)]) / 2 : sizes[Int(aim)]
      let gradients: [Double] =
        switch settings.loss {
        case .squared: residuals
        case .absolute: residuals.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
        case .huber: residuals.map { min(max($0, -bound), bound) }
        }
      let grown = tree.grow(gradients)
      for row in target.indices {
        let own = SlowTree.leaf(grown) { tree.bins[$0][row] }.map { residuals[$0] }
        let value: Double
        switch settings.loss {
        case .squared: value = own.reduce(0, +) / (Double(own.count) + settings.l2)
        case .absolute: value = middle(own)
        case .huber:
          let center = middle(own)
          value = center + own.reduce(0) { $0 + min(max($1 - center, -bound), bound) } / Double(own.count)
        }
        predicted[row] += settings.learningRate * value
      }
    }
    return predicted
  }

  @Test(
    "sums the trees that trying every partition of every node grows", arguments: 0..<6 as Range<UInt64>, BoostingRegressor.Loss.allCases)
  func slowBoosting(seed: UInt64, loss: BoostingRegressor.Loss) throws {
    let (table, target) = try mixedRows(90, seed: seed)
    // The absolute loss has gradients of ±1 alone: partitions that gain exactly the same are common, and which is taken is not laid
    // down beyond the first feature. Odd fractions of targets and few trees keep to what is.
    let settings = try BoostingRegressor(
      treeCount: loss == .absolute ? 1 : 4, maxLeaves: loss == .absolute ? 2 : 6, maxDepth: seed % 2 == 0 ? 3 : nil, learningRate: 0.3,
      minSamplesLeaf: 3 + Int(seed % 3), l2: seed % 3 == 0 ? 0 : 1.5, loss: loss, huberShare: 0.8, categorySmoothing: seed % 2 == 0 ? 10 : 2
    )
    let expected = slow(table, target, settings)
    let model = try settings.fit(try Dataset(features: table, targets: [target]), in: context)
    for (one, other) in zip(try model.predict(table)[0], expected) {
      // Same splits, sums in another order.
      #expect(abs(one - other) < 1e-9 * (1 + abs(other)))
    }
  }

  @Test("has the same bytes on one thread and on two, whatever is drawn", arguments: BoostingRegressor.Loss.allCases)
  func threads(loss: BoostingRegressor.Loss) throws {
    var generator = SeededGenerator(seed: 1)
    let columns = (0..<20).map { index in
      FeatureTable.Column("x\(index)", .numeric((0..<4000).map { _ in generator.uniform() < 0.05 ? .nan : generator.uniform() }))
    }
    guard case .numeric(let first) = columns[0].values, case .numeric(let second) = columns[1].values else { return }
    let target = zip(first, second).map { ($0.isNaN ? 0.5 : $0) * ($1.isNaN ? 2 : $1) + generator.uniform() / 4 }
    let table = try FeatureTable(columns)
    let data = try Dataset(features: table, targets: [target], weights: loss == .huber ? target.map { 1 + $0 } : nil)
    for settings in [
      try BoostingRegressor(treeCount: 6, loss: loss),
      try BoostingRegressor(
        treeCount: 6, loss: loss, featureShare: 0.5, sampleShare: 0.7, validationShare: 0.2),
    ] {
      let one = bytes(of: try settings.fit(data, in: FitContext(seed: 3, threads: 1)))
      #expect(one == bytes(of: try settings.fit(data, in: FitContext(seed: 3, threads: 2))))
      #expect(one == bytes(of: try settings.fit(data, in: FitContext(seed: 3, threads: 3))))
    }
  }

  @Test("comes back from its bytes with the same predictions, bit for bit, each output with trees of its own")
  func rereading() throws {
    let (table, target) = try mixedRows(300, seed: 2)
    let other = target.map { 5000 - $0 }
    let settings = try BoostingRegressor(treeCount: 8, loss: .huber, logTarget: true)
    let model = try settings.fit(
      try Dataset(features: table, targets: [target.map { $0 + 1 }, other], targetNames: ["run", "setup"]), in: context)
    let again = try reread(model)
    let predicted = try model.predict(table)
    #expect(try again.predict(table) == predicted)
    #expect(bytes(of: again) == bytes(of: model))
    #expect(again.targetNames == ["run", "setup"] && again.treeCounts == [8, 8])
    let scale = zip(predicted[1], other).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(other.count)
    #expect(scale < 300)
  }

  @Test("predicts a row with the same bits alone, among others, and on any number of threads")
  func batches() throws {
    let (table, target) = try mixedRows(4100, seed: 3)
    let model = try BoostingRegressor(treeCount: 7).fit(try Dataset(features: table, targets: [target]), in: context)
    let all = try model.predict(table, threads: 1)[0]
    #expect(try model.predict(table, threads: 2)[0] == all)
    for row in [0, 17, 2047, 2048, 4099] { #expect(try model.predict(table.selecting(rows: [row]))[0] == [all[row]]) }
  }

  @Test("takes a row of weight 3 as three such rows, and one of weight 0 as none", arguments: BoostingRegressor.Loss.allCases)
  func weights(loss: BoostingRegressor.Loss) throws {
    let (table, target) = try mixedRows(150, seed: 4)
    var generator = SeededGenerator(seed: 5)
    let counts = target.map { _ in generator.integer(below: 4) }
    // A leaf needs one row: how many there are is the only thing in which the two differ.
    let settings = try BoostingRegressor(treeCount: 5, maxLeaves: 8, minSamplesLeaf: 1, l2: 2, loss: loss)
    let rows = counts.enumerated().flatMap { row, count in Array(repeating: row, count: count) }
    let data = try Dataset(features: table, targets: [target])
    let repeated = try settings.fit(data.selecting(rows: rows), in: context).predict(table)[0]
    let weighted = try settings.fit(
      try Dataset(features: table, targets: [target], weights: counts.map(Double.init)), in: context
    ).predict(table)[0]
    for (one, other) in zip(weighted, repeated) { #expect(abs(one - other) < 1e-9 * abs(other)) }
    var wild = target
    for row in wild.indices where counts[row] == 0 { wild[row] = -1e200 }
    let kept = counts.indices.filter { counts[$0] > 0 }
    let with = try settings.fit(try Dataset(features: table, targets: [wild], weights: counts.map(Double.init)), in: context)
    let without = try settings.fit(
      try Dataset(features: table, targets: [target], weights: counts.map(Double.init)).selecting(rows: kept), in: context)
    #expect(bytes(of: with) == bytes(of: without))
  }

  @Test("stops when the rows held out gain no more, keeps the best number of trees, and never learns from those rows")
  func earlyStopping() throws {
    var generator = SeededGenerator(seed: 6)
    let noise = (0..<400).map { _ in generator.uniform() }
    let x = (0..<400).map { _ in generator.uniform() }
    let table = try FeatureTable([.init("x", .numeric(x)), .init("noise", .numeric(noise))])
    let target = x.map { ($0 > 0.5 ? 1 : 0) + generator.uniform() }
    let data = try Dataset(features: table, targets: [target])
    let stopped = try BoostingRegressor(treeCount: 400, minSamplesLeaf: 2, validationShare: 0.25, patience: 8)
    let model = try stopped.fit(data, in: context)
    let trees = model.treeCounts[0]
    #expect(trees > 3 && trees < 200)
    // With so many trees to begin with, and never stopped, the same comes out: the best number is a matter of the trees alone.
    let patient = try BoostingRegressor(treeCount: trees, minSamplesLeaf: 2, validationShare: 0.25, patience: 100_000)
    #expect(try bytes(of: patient.fit(data, in: context)) == bytes(of: model))
    // Targets that are noise to every feature: no tree is better than none.
    let senseless = try Dataset(
      features: try FeatureTable([.init("x", .numeric((0..<400).map { Double($0 % 2) }))]),
      targets: [(0..<400).map { Double($0 / 2 % 2) }])
    #expect(try stopped.fit(senseless, in: context).treeCounts[0] <= 1)
    // Two groups: one is held out whole, so that nothing of its level is known.
    let groups = try Dataset(
      features: try FeatureTable([.init("x", .numeric((0..<100).map { Double($0 % 2) }))]),
      targets: [(0..<100).map { $0 % 2 == 0 ? 0 : 1000 }], groups: (0..<100).map { $0 % 2 })
    let apart = try stopped.fit(groups, in: context).predict(groups.features)[0]
    #expect(Set(apart).count == 1 && (apart[0] == 0 || apart[0] == 1000))
    let one = try Dataset(features: try FeatureTable([.init("x", .numeric([1]))]), targets: [[1]])
    #expect(thrown { try stopped.fit(one, in: context) } == "'validation_share' of boosting wants 2 rows at least, got 1")
  }

  @Test("with a logarithmic target predicts what suits the loss: means for squares, medians for sizes")
  func logarithms() throws {
    var generator = SeededGenerator(seed: 7)
    // Log-normal about e, with σ = 1: the median is e, the mean e^1.5.
    let target = (0..<20_000).map { _ in
      exp(1 + (-2 * log(1 - generator.uniform())).squareRoot() * cos(2 * .pi * generator.uniform()))
    }
    let table = try FeatureTable([.init("x", .numeric(target.map { _ in 1 }))])
    let data = try Dataset(features: table, targets: [target])
    func predicted(_ loss: BoostingRegressor.Loss) throws -> Double {
      try BoostingRegressor(treeCount: 3, loss: loss, logTarget: true).fit(data, in: context).predict(table)[0][0]
    }
    // 20,000 rows: the mean's standard error is 1.5 %, the median's 0.9 %.
    #expect(abs(try predicted(.squared) / exp(1.5) - 1) < 0.06)
    #expect(abs(try predicted(.squared) / (target.reduce(0, +) / 20_000) - 1) < 1e-9)
    #expect(abs(try predicted(.absolute) / M_E - 1) < 0.04)
    #expect(abs(try predicted(.huber) / M_E - 1) < 0.04)
    let bad = try Dataset(features: try FeatureTable([.init("x", .numeric([1, 2]))]), targets: [[3, 0]], targetNames: ["run"])
    #expect(
      thrown { try BoostingRegressor(logTarget: true).fit(bad, in: context) }
        == "target 'run' is 0.0 at row 2; 'log_target' of boosting needs targets > 0")
  }

  @Test("with the absolute and the Huber loss is not moved by gross outliers")
  func outliers() throws {
    let x = (0..<400).map { Double($0 % 4) }
    let truth = x.map { 10 * $0 }
    var target = truth
    for row in stride(from: 0, to: 400, by: 23) { target[row] += 100_000 }
    let table = try FeatureTable([.init("x", .numeric(x))])
    let data = try Dataset(features: table, targets: [target])
    func worst(_ loss: BoostingRegressor.Loss) throws -> Double {
      let settings = try BoostingRegressor(treeCount: 80, learningRate: 0.3, loss: loss)
      return zip(try settings.fit(data, in: context).predict(table)[0], truth).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    #expect(try worst(.absolute) < 1e-6)
    #expect(try worst(.huber) < 20)
    #expect(try worst(.squared) > 1000)
  }

  @Test("splits levels by their mean gradients: a level's number means nothing")
  func levels() throws {
    let codes = (0..<3000).map { Int32($0 * 7 % 40) }
    let high: Set<Int32> = [1, 4, 5, 11, 17, 23, 30, 39]
    let target = codes.map { high.contains($0) ? 5.0 : 1.0 }
    let table = try FeatureTable([.init("c", .categorical(codes, levels: (0..<40).map { "l\($0)" }))])
    let settings = try BoostingRegressor(treeCount: 1, maxLeaves: 2, learningRate: 1)
    let predicted = try settings.fit(try Dataset(features: table, targets: [target]), in: context).predict(table)[0]
    for (one, other) in zip(predicted, target) { #expect(abs(one - other) < 1e-12) }
  }

  @Test("makes what it can of one row, constants, infinities and figures near the ends of what a double holds")
  func edges() throws {
    let settings = try BoostingRegressor(treeCount: 60, learningRate: 1, minSamplesLeaf: 1)
    func predict(_ column: [Double], _ target: [Double], _ settings: BoostingRegressor) throws -> [Double] {
      let table = try FeatureTable([.init("a", .numeric(column))])
      let model = try settings.fit(try Dataset(features: table, targets: [target]), in: context)
      let predicted = try model.predict(table)[0]
      #expect(try reread(model).predict(table)[0] == predicted)
      return predicted
    }
    #expect(try predict([3], [42], settings) == [42])
    #expect(try predict([1, 1, 1], [1, 2, 6], settings) == [3, 3, 3])
    #expect(try predict([-.infinity, 0, .infinity, .nan], [1, 2, 3, 4], settings) == [1, 2, 3, 4])
    for unit in [1e300, 1.7e308, 1e-300, 2 * Double.leastNonzeroMagnitude] {
      let predicted = try predict([-unit, 0, unit], [unit, -unit, unit], settings)
      for (one, other) in zip(predicted, [unit, -unit, unit]) { #expect(abs(one / 2 - other / 2) <= abs(other) * 1e-3, "\(unit)") }
      for loss in BoostingRegressor.Loss.allCases {
        let rough = try BoostingRegressor(treeCount: 20, minSamplesLeaf: 1, loss: loss, logTarget: true)
        let positive = try predict([-unit, 0, unit, 7], [unit, 1, 1e300, 1e-300], rough)
        #expect(positive.allSatisfy { $0.isFinite && $0 >= 0 }, "\(unit) \(loss)")
      }
    }
  }

  @Test("stops when it is told to, whenever that is, and tells how far it is")
  func cancellation() throws {
    let (table, target) = try mixedRows(400, seed: 11)
    let rows = try Dataset(features: table, targets: [target, target])
    let settings = try BoostingRegressor(treeCount: 20)
    let asked = Counter()
    let seen = Counter()
    _ = try settings.fit(rows, in: FitContext(threads: 1, progress: { seen.note($0) }, shouldStop: { asked.increased() < 0 }))
    #expect(seen.greatest == 1)
    let times = asked.increased() - 1
    #expect(times > 40)
    for stop in [1, 2, 5, times / 2, times] {
      let count = Counter()
      #expect(
        thrown { try settings.fit(rows, in: FitContext(threads: 1, shouldStop: { count.increased() >= stop })) } == "cancelled", "\(stop)")
    }
  }

  @Test("asks whether to go on while one tree of many rows grows")
  func cancellationWithin() throws {
    // 400,000 updates of histograms between two questions are some milliseconds at most.
    let column = (0..<60_000).map { Double($0 * 7919 % 60_000) }
    let table = try FeatureTable((0..<12).map { .init("x\($0)", .numeric(column)) })
    let asked = Counter()
    let data = try Dataset(features: table, targets: [column.map { $0 * 31.0.remainder(dividingBy: 97) }])
    _ = try BoostingRegressor(treeCount: 1, maxLeaves: 64).fit(data, in: FitContext(threads: 1, shouldStop: { asked.increased() < 0 }))
    let some = asked.increased()
    _ = try BoostingRegressor(treeCount: 1, maxLeaves: 2).fit(data, in: FitContext(threads: 1, shouldStop: { asked.increased() < 0 }))
    #expect(some - (asked.increased() - some) > 5)
  }

  @Test("refuses parameters out of their bounds")
  func parameters() throws {
    #expect(thrown { try BoostingRegressor(["learnin_rate": 1]) }.hasSuffix("did you mean 'learning_rate'?"))
    #expect(thrown { try BoostingRegressor(treeCount: 0) } == "'tree_count' of boosting must be an integer 1…100000, got 0")
    #expect(thrown { try BoostingRegressor(maxLeaves: 1) } == "'max_leaves' of boosting must be an integer 2…100000, got 1")
    #expect(thrown { try BoostingRegressor(learningRate: 0) }.hasPrefix("'learning_rate' of boosting must be a number > 0 and ≤ 1, got 0"))
    #expect(thrown { try BoostingRegressor(l2: -1) }.hasPrefix("'l2' of boosting must be a number ≥ 0, got -1"))
    #expect(thrown { try BoostingRegressor(l2: .infinity) }.hasPrefix("'l2' of boosting must be a number ≥ 0, got inf"))
    #expect(thrown { try BoostingRegressor(validationShare: 1) }.hasPrefix("'validation_share' of boosting must be a number 0…0.9, got 1"))
    #expect(thrown { try BoostingRegressor(patience: 0) }.hasPrefix("'patience' of boosting must be an integer 1…100000"))
    #expect(thrown { try BoostingRegressor(["loss": "cubed"]) }.hasPrefix("'loss' of boosting must be 'squared' or 'absolute' or 'huber'"))
    #expect(try BoostingRegressor(["loss": "huber", "log_target": true]) == BoostingRegressor(loss: .huber, logTarget: true))
  }

  @Test("refuses a file in which any number was changed so that it could not be walked, and crashes on none")
  func alteredFiles() throws {
    let (table, target) = try mixedRows(150, seed: 12)
    let model = try BoostingRegressor(treeCount: 3, minSamplesLeaf: 5).fit(try Dataset(features: table, targets: [target]), in: context)
    let integers = ["exponents", "bound_counts"] + ["tree_starts", "node_features", "node_children", "node_sets"].map { "output 0." + $0 }
    let bytes = ["level_bins", "output 0.node_thresholds", "output 0.node_missing_right"]
    let numbers = ["bounds", "bases", "factors", "output 0.leaf_values", "output 0.feature_gains"]
    func outcome(_ section: String, _ place: Int, _ bits: Int, isCut: Bool = false) throws -> String {
      let file = try altered(
        model, integers: integers, bytes: bytes, numbers: numbers, json: ["schema", "target_names", "is_logarithmic"],
        change: AlteredPlace(section: section, place: place, bits: bits, isCut: isCut, sets: "output 0.set_words"))
      return thrown {
        let predicted = try BoostingModel(from: file).predict(table)[0]
        #expect(predicted.count == table.rowCount && predicted.allSatisfy(\.isFinite), "\(section) \(place) \(bits)")
        return predicted
      }
    }
    #expect(try outcome("", 0, 0) == "nothing was refused")
    var refused = 0
    for section in integers + bytes + numbers {
      #expect(try outcome(section, 0, 0, isCut: true) != "nothing was refused", "\(section)")
      for place in 0..<30 {
        for bits in [-1, 0, 1, 30, 255, 70_000, Int(Int32.max), Int(Int32.min), Int.min, Int(Double.nan.bitPattern), Int(1e308.bitPattern)]
        {
          if try outcome(section, place, bits) != "nothing was refused" { refused += 1 }
        }
      }
    }
    #expect(refused > 800)
  }
}
