import Foundation
import Tabular
import Testing

@testable import Learning

@Suite("A forest")
struct ForestTests {
  private let context = FitContext(seed: 7, threads: 2)

  private func data(_ columns: [FeatureTable.Column], _ targets: [[Double]], weights: [Double]? = nil) throws -> Dataset {
    try Dataset(features: try FeatureTable(columns), targets: targets, weights: weights)
  }

  @Test("grows the tree that trying every partition of every node grows", arguments: 0..<12 as Range<UInt64>)
  func slowTree(seed: UInt64) throws {
    let (table, target) = try mixedRows(80, seed: seed, missing: seed % 3 == 0 ? 0 : 0.15)
    let fresh = try mixedRows(200, seed: seed + 1000).table
    var slow = SlowTree(table)
    slow.minSamples = 1 + Int(seed % 4)
    slow.maxDepth = seed % 2 == 0 ? 4 : .max
    slow.maxLeaves = seed % 5 == 4 ? 7 : .max
    slow.smoothing = seed % 3 == 1 ? 0 : 5
    slow.blendsWithMean = true
    let mean = target.reduce(0, +) / Double(target.count)
    let tree = slow.grow(target.map { $0 - mean })
    let forest = try ForestRegressor(
      treeCount: 1, maxDepth: slow.maxDepth == .max ? nil : slow.maxDepth, maxLeaves: slow.maxLeaves == .max ? nil : slow.maxLeaves,
      minSamplesLeaf: slow.minSamples, bootstrap: false, categorySmoothing: slow.smoothing)
    let model = try forest.fit(try Dataset(features: table, targets: [target]), in: context)
    let predicted = try model.predict(table)[0]
    for row in target.indices {
      let leaf = SlowTree.leaf(tree) { slow.bins[$0][row] }
      // A leaf's mean is one of whole numbers, summed exactly by both.
      #expect(predicted[row] == leaf.reduce(0) { $0 + target[$1] } / Double(leaf.count), "row \(row)")
    }
    // Rows that were not learnt from, too: their values lie between those that were.
    let elsewhere = try model.predict(fresh)[0]
    let bins = slow.bins(of: fresh)
    for row in 0..<fresh.rowCount {
      guard case .categorical(let codes, _) = fresh.columns[2].values, case .categorical(let known, _) = table.columns[2].values else {
        break
      }
      let twin = codes[row] < 0 ? nil : known.firstIndex(of: codes[row])
      let leaf = SlowTree.leaf(tree) { $0 == 2 ? twin.map { slow.bins[2][$0] } ?? 0 : bins[$0][row] }
      #expect(elsewhere[row] == leaf.reduce(0) { $0 + target[$1] } / Double(leaf.count), "fresh row \(row)")
    }
  }

  @Test("has the same bytes on one thread and on two, and others with another seed")
  func threads() throws {
    let (table, target) = try mixedRows(700, seed: 1)
    let data = try Dataset(
      features: table, targets: [target, target.map { -$0 * $0 }], weights: target.map { 1 + $0.remainder(dividingBy: 3) })
    let forest = try ForestRegressor(treeCount: 9, minSamplesLeaf: 2, featureShare: 0.6)
    let one = bytes(of: try forest.fit(data, in: FitContext(seed: 3, threads: 1)))
    #expect(one == bytes(of: try forest.fit(data, in: FitContext(seed: 3, threads: 2))))
    #expect(one == bytes(of: try forest.fit(data, in: FitContext(seed: 3, threads: 5))))
    #expect(one != bytes(of: try forest.fit(data, in: FitContext(seed: 4, threads: 1))))
  }

  @Test("comes back from its bytes with the same predictions, bit for bit")
  func rereading() throws {
    let (table, target) = try mixedRows(300, seed: 2)
    let model = try ForestRegressor(treeCount: 5).fit(
      try Dataset(features: table, targets: [target, target.map { $0.squareRoot() }]), in: context)
    let again = try reread(model)
    #expect(try again.predict(table) == model.predict(table))
    #expect(bytes(of: again) == bytes(of: model))
    #expect(again.schema == table.schema && again.targetNames == ["y1", "y2"] && again.treeCount == 5)
  }

  @Test("predicts a row with the same bits alone, among others, and on any number of threads")
  func batches() throws {
    let (table, target) = try mixedRows(5000, seed: 3)
    let model = try ForestRegressor(treeCount: 7).fit(try Dataset(features: table, targets: [target]), in: context)
    let all = try model.predict(table, threads: 1)[0]
    #expect(try model.predict(table, threads: 2)[0] == all)
    for row in [0, 17, 2047, 2048, 4999] { #expect(try model.predict(table.selecting(rows: [row]))[0] == [all[row]]) }
    #expect(try model.predict(table.selecting(rows: Array((100..<2300).reversed())))[0] == all[100..<2300].reversed())
  }

  @Test("takes a row of weight 3 as three such rows, and one of weight 0 as none")
  func weights() throws {
    let (table, target) = try mixedRows(120, seed: 4)
    var generator = SeededGenerator(seed: 5)
    let counts = target.map { _ in generator.integer(below: 4) }
    let forest = try ForestRegressor(treeCount: 1, maxDepth: 6, minSamplesLeaf: 1, bootstrap: false)
    let weighted = try forest.fit(try Dataset(features: table, targets: [target], weights: counts.map(Double.init)), in: context)
    let rows = counts.enumerated().flatMap { row, count in Array(repeating: row, count: count) }
    let repeated = try forest.fit(try Dataset(features: table, targets: [target]).selecting(rows: rows), in: context)
    for (one, other) in zip(try weighted.predict(table)[0], try repeated.predict(table)[0]) {
      // The same leaves; their means are summed in another order.
      #expect(abs(one - other) < 1e-9 * abs(other))
    }
    // Rows of weight 0 change not a byte, whatever they hold.
    var wild = target
    for row in wild.indices where counts[row] == 0 { wild[row] = 1e200 }
    let kept = counts.indices.filter { counts[$0] > 0 }
    let bootstrapped = try ForestRegressor(treeCount: 3, categorySmoothing: 0)
    let with = try bootstrapped.fit(try Dataset(features: table, targets: [wild], weights: counts.map(Double.init)), in: context)
    let without = try bootstrapped.fit(
      try Dataset(features: table, targets: [target], weights: counts.map(Double.init)).selecting(rows: kept), in: context)
    #expect(bytes(of: with) == bytes(of: without))
    // Equal weights are as none.
    let equal = try bootstrapped.fit(try Dataset(features: table, targets: [target], weights: target.map { _ in 1e-300 }), in: context)
    #expect(try bytes(of: equal) == bytes(of: bootstrapped.fit(try Dataset(features: table, targets: [target]), in: context)))
  }

  @Test("learns on which side missing values are, and takes a level that it never saw for missing")
  func missing() throws {
    let values = (0..<60).map { $0 % 3 == 0 ? Double.nan : Double($0) }
    let codes = (0..<60).map { Int32($0 % 3) - 1 }
    let high = (0..<60).map { $0 % 3 == 0 || $0 > 40 ? 10.0 : 0.0 }
    let forest = try ForestRegressor(treeCount: 1, minSamplesLeaf: 1, bootstrap: false)
    let numbers = try forest.fit(try data([.init("a", .numeric(values))], [high]), in: context)
    #expect(try numbers.predict(try FeatureTable([.init("a", .numeric([.nan, 3, 50, .infinity, -.infinity]))]))[0] == [10, 0, 10, 10, 0])
    let low = high.map { 10 - $0 }
    let other = try forest.fit(try data([.init("a", .numeric(values))], [low]), in: context)
    #expect(try other.predict(try FeatureTable([.init("a", .numeric([.nan, 3, 50]))]))[0] == [0, 10, 0])
    let levels = try forest.fit(
      try data([.init("a", .categorical(codes, levels: ["x", "y"]))], [codes.map { $0 < 0 ? 5 : 1 }]), in: context)
    let asked = try FeatureTable([.init("a", .categorical([0, 1, 2, -1], levels: ["new", "y", "x"]))])
    #expect(try levels.predict(asked)[0] == [5, 1, 1, 5])
  }

  @Test("sends what a split never saw to the side of more weight, be it the side of fewer rows")
  func heavierSide() throws {
    let forest = try ForestRegressor(treeCount: 1, minSamplesLeaf: 1, bootstrap: false, categorySmoothing: 0)
    func predicted(_ column: FeatureTable.Values, _ asked: FeatureTable.Values, _ weights: [Double]?) throws -> [Double] {
      let model = try forest.fit(try data([.init("a", column)], [[0, 0, 0, 10]], weights: weights), in: context)
      return try model.predict(try FeatureTable([.init("a", asked)]))[0]
    }
    let levels = FeatureTable.Values.categorical([0, 0, 0, 1], levels: ["x", "y", "z"])
    #expect(try predicted(levels, .categorical([2, -1], levels: ["x", "y", "z"]), nil) == [0, 0])
    #expect(try predicted(levels, .categorical([2, -1], levels: ["x", "y", "z"]), [1, 1, 1, 9]) == [10, 10])
    #expect(try predicted(.numeric([1, 1, 1, 2]), .numeric([.nan]), nil) == [0])
    #expect(try predicted(.numeric([1, 1, 1, 2]), .numeric([.nan]), [1, 1, 1, 9]) == [10])
  }

  @Test("orders infinities as numbers at the ends, and makes what it can of one row, one level, constants, duplicates and no features")
  func edges() throws {
    let forest = try ForestRegressor(treeCount: 3, minSamplesLeaf: 1, bootstrap: false)
    let ends = try data([.init("a", .numeric([-.infinity, -1, 1, .infinity]))], [[1, 2, 3, 4]])
    #expect(try forest.fit(ends, in: context).predict(ends.features)[0] == [1, 2, 3, 4])
    let one = try data([.init("a", .numeric([3])), .init("b", .categorical([0], levels: ["x"]))], [[42]])
    #expect(try forest.fit(one, in: context).predict(one.features)[0] == [42])
    let constant = try data([.init("a", .numeric([5, 5, 5])), .init("b", .categorical([0, 0, 0], levels: ["x"]))], [[1, 2, 6]])
    let flat = try forest.fit(constant, in: context)
    #expect(try flat.predict(constant.features)[0] == [3, 3, 3])
    #expect(flat.featureGains == [0, 0])
    let missing = try data([.init("a", .numeric([.nan, .nan])), .init("b", .categorical([-1, -1], levels: []))], [[1, 3]])
    #expect(try forest.fit(missing, in: context).predict(missing.features)[0] == [2, 2])
    let duplicates = try data([.init("a", .numeric([1, 1, 2, 2]))], [[1, 3, 5, 9]])
    #expect(try forest.fit(duplicates, in: context).predict(duplicates.features)[0] == [2, 2, 7, 7])
    let nothing = try Dataset(features: try FeatureTable([], rowCount: 2), targets: [[1, 3]])
    #expect(try forest.fit(nothing, in: context).predict(nothing.features)[0] == [2, 2])
    #expect(try forest.fit(nothing, in: context).predict(try FeatureTable([], rowCount: 0))[0] == [])
    let empty = try Dataset(features: try FeatureTable([], rowCount: 0), targets: [[]])
    #expect(thrown { try forest.fit(empty, in: context) } == "forest cannot be fitted on no rows")
  }

  @Test(
    "stays finite and exact with targets and features near the ends of what a double holds",
    arguments: [1e300, 1.7e308, 1e-300, .leastNonzeroMagnitude])
  func extremes(unit: Double) throws {
    let forest = try ForestRegressor(treeCount: 1, minSamplesLeaf: 1, bootstrap: false)
    let ends = try data([.init("a", .numeric([-unit, unit, 0, unit])), .init("b", .numeric([0, 0, 1, 1]))], [[unit, -unit, 0, unit]])
    let model = try forest.fit(ends, in: context)
    #expect(try model.predict(ends.features)[0] == [unit, -unit, 0, unit])
    #expect(try reread(model).predict(ends.features)[0] == [unit, -unit, 0, unit])
    let weighted = try data([.init("a", .numeric([1, 2]))], [[1, 2]], weights: [unit, unit / 2 > 0 ? unit / 2 : unit])
    #expect(try forest.fit(weighted, in: context).predict(weighted.features)[0] == [1, 2])
  }

  @Test("puts 5,000 levels in the order of their means; the rarest share what they predict")
  func manyLevels() throws {
    var generator = SeededGenerator(seed: 9)
    // Level l is drawn about 1 / l as often as the first, and has the target l mod 2.
    let codes = (0..<20_000).map { _ in Int32(min(4999, Int(exp(generator.uniform() * log(5000.0))) - 1)) }
    let table = try FeatureTable([.init("level", .categorical(codes, levels: (0..<5000).map { "l\($0)" }))])
    let target = codes.map { Double($0 % 2) }
    let model = try ForestRegressor(treeCount: 1, minSamplesLeaf: 1, bootstrap: false).fit(
      try Dataset(features: table, targets: [target]), in: context)
    let predicted = try model.predict(table)[0]
    for row in target.indices where codes[row] < 100 { #expect(predicted[row] == target[row]) }
    let rest = Set(zip(codes, predicted).filter { $0.0 >= 2000 }.map(\.1))
    #expect(rest.count == 1 && rest.allSatisfy { $0 > 0.3 && $0 < 0.7 })
    #expect(try reread(model).predict(table)[0] == predicted)
  }

  @Test("bins a feature of many values so that each bin holds about the same weight")
  func quantiles() throws {
    // 2,000 distinct values, most near 0: a tree of 2 leaves at a step in the crowd must still find it.
    let values = (0..<2000).map { pow(Double($0) / 2000, 6) }
    let step = try data([.init("a", .numeric(values))], [values.indices.map { $0 < 1000 ? 0 : 1 }])
    let model = try ForestRegressor(treeCount: 1, maxDepth: 1, bootstrap: false).fit(step, in: context)
    let predicted = try model.predict(step.features)[0]
    // 255 bins of 2,000 rows: the step is found to within a bin.
    #expect(predicted.indices.filter { abs(predicted[$0] - step.targets[0][$0]) > 0.5 }.count <= 8)
  }

  @Test("with median leaves is not moved by a gross outlier, and counts weights")
  func medians() throws {
    let table = try FeatureTable([.init("a", .numeric([0, 0, 0, 0, 1, 1, 1, 1]))])
    let target: [Double] = [1, 2, 3, 1000, 5, 5, 7, 9]
    func predict(_ leaf: ForestRegressor.Leaf, _ weights: [Double]? = nil) throws -> [Double] {
      let forest = try ForestRegressor(treeCount: 1, maxDepth: 1, minSamplesLeaf: 4, bootstrap: false, leaf: leaf)
      return try forest.fit(try Dataset(features: table, targets: [target], weights: weights), in: context).predict(table)[0]
    }
    #expect(try predict(.median) == [2.5, 2.5, 2.5, 2.5, 6, 6, 6, 6])
    #expect(try predict(.mean) == [251.5, 251.5, 251.5, 251.5, 6.5, 6.5, 6.5, 6.5])
    #expect(try predict(.median, [1, 1, 4, 1, 1, 1, 1, 5]) == [3, 3, 3, 3, 9, 9, 9, 9])
  }

  @Test("shares its trees among outputs, whatever their units")
  func outputs() throws {
    let (table, target) = try mixedRows(200, seed: 6)
    let forest = try ForestRegressor(treeCount: 3, maxDepth: 4)
    let single = try forest.fit(try Dataset(features: table, targets: [target]), in: context).predict(table)[0]
    // Outputs that are one in other units, and one that says nothing, split as the one alone does.
    let several = try forest.fit(
      try Dataset(features: table, targets: [target, target.map { $0 * 1024 }, target.map { _ in 8 }]), in: context
    ).predict(table)
    #expect(several[0] == single)
    #expect(several[1] == single.map { $0 * 1024 })
    #expect(several[2] == single.map { _ in 8 })
    // Two outputs that depend on features of their own are both learnt.
    let both = try data(
      [.init("a", .numeric([0, 0, 1, 1])), .init("b", .numeric([0, 1, 0, 1]))], [[0, 0, 1, 1], [0, 1e6, 0, 1e6]])
    let model = try ForestRegressor(treeCount: 1, minSamplesLeaf: 1, bootstrap: false).fit(both, in: context)
    #expect(try model.predict(both.features) == both.targets)
    #expect(model.featureGains == [0.5, 0.5])
  }

  @Test("says which features its splits gained by")
  func gains() throws {
    var generator = SeededGenerator(seed: 8)
    let columns = (0..<3).map { index in FeatureTable.Column("x\(index)", .numeric((0..<400).map { _ in generator.uniform() })) }
    guard case .numeric(let first) = columns[0].values, case .numeric(let third) = columns[2].values else { return }
    let gains = try ForestRegressor(treeCount: 5).fit(
      try data(columns, [zip(first, third).map { 4 * $0 + 2 * $1 }]), in: context
    ).featureGains
    #expect(abs(gains.reduce(0, +) - 1) < 1e-12)
    #expect(gains[0] > 0.6 && gains[2] > 0.1 && gains[1] < 0.05)
  }

  @Test("draws rows and features as asked")
  func shares() throws {
    let (table, target) = try mixedRows(300, seed: 10)
    let rows = try Dataset(features: table, targets: [target])
    func spread(_ forest: ForestRegressor) throws -> Double {
      // How far single trees are apart: with nothing drawn, not at all.
      let one = try forest.fit(rows, in: FitContext(seed: 1)).predict(table)[0]
      let two = try forest.fit(rows, in: FitContext(seed: 2)).predict(table)[0]
      return zip(one, two).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    #expect(try spread(try ForestRegressor(treeCount: 1, bootstrap: false)) == 0)
    #expect(try spread(try ForestRegressor(treeCount: 1, bootstrap: true)) > 0)
    #expect(try spread(try ForestRegressor(treeCount: 1, bootstrap: false, sampleShare: 0.5)) > 0)
    #expect(try spread(try ForestRegressor(treeCount: 1, bootstrap: false, featureShare: 0.34)) > 0)
    let drawn = try ForestRegressor(treeCount: 1, maxDepth: 1, bootstrap: false, sampleShare: 0.001)
    // A single row is drawn: its target is all that is predicted.
    #expect(target.contains(try drawn.fit(rows, in: context).predict(table)[0][0]))
  }

  @Test("grows the same tree when there is memory for a few histograms alone")
  func fewHistograms() throws {
    let (table, target) = try mixedRows(1500, seed: 13)
    let binner = try FeatureBinner(table, weights: nil, in: context)
    let rows = try #require(BinnedRows(table, binner: binner, threads: 1))
    let coding = GradientCoding(drawCount: rows.rowCount, outputCount: 1, isWeighted: false)
    let plan = ForestPlan(
      targets: [ScaledNumbers(target)], weights: nil, rows: rows, binner: binner, coding: coding, drawCount: rows.rowCount, weightUnit: 1)
    func tree(_ bytes: Int, maxLeaves: Int?) throws -> GrownTree {
      let limits = TreeLimits(maxLeaves: maxLeaves, minSamplesLeaf: 2, featureShare: 0.7, histogramBytes: bytes)
      let grower = TreeGrower(rows, binner: binner, coding: coding, limits: limits, context: context)
      let count = plan.fill(grower, copies: Array(repeating: 1, count: rows.rowCount))
      var generator = SeededGenerator(seed: 1)
      return try grower.grow(
        count: count, drawCount: count, units: plan.units, features: plan.features, minimumGain: plan.minimumGain, generator: &generator)
    }
    for leaves in [nil, 150] {
      let free = try tree(1 << 28, maxLeaves: leaves)
      #expect(try tree(0, maxLeaves: leaves) == free)
      #expect(free.leaves.count > 100)
    }
  }

  @Test("is exact beyond a million rows, where the rows' count has a number of its own")
  func manyRows() throws {
    let count = (1 << 20) + 8
    let table = try FeatureTable([.init("a", .numeric((0..<count).map { Double($0 % 4) }))])
    let means: [Double] = [1, 50, 2, 9]
    let target = (0..<count).map { means[$0 % 4] + Double($0 / 4 % 2) }
    let model = try ForestRegressor(treeCount: 1, bootstrap: false).fit(try Dataset(features: table, targets: [target]), in: context)
    #expect(try model.predict(table.selecting(rows: [0, 1, 2, 3]))[0] == [1.5, 50.5, 2.5, 9.5])
  }

  @Test("stops when it is told to, whenever that is, and tells how far it is")
  func cancellation() throws {
    let (table, target) = try mixedRows(400, seed: 11)
    let rows = try Dataset(features: table, targets: [target])
    let forest = try ForestRegressor(treeCount: 20)
    let asked = Counter()
    let seen = Counter()
    _ = try forest.fit(
      rows, in: FitContext(threads: 1, progress: { seen.note($0) }, shouldStop: { asked.increased() < 0 }))
    #expect(seen.greatest == 1)
    let times = asked.increased() - 1
    #expect(times > 20)
    for stop in [1, 2, 5, times / 2, times] {
      let count = Counter()
      #expect(
        thrown { try forest.fit(rows, in: FitContext(threads: 1, shouldStop: { count.increased() >= stop })) } == "cancelled", "\(stop)")
    }
  }

  @Test("refuses parameters out of their bounds")
  func parameters() throws {
    #expect(thrown { try ForestRegressor(["tree_cout": 5]) } == "unknown parameter 'tree_cout' of forest; did you mean 'tree_count'?")
    #expect(thrown { try ForestRegressor(treeCount: 0) } == "'tree_count' of forest must be an integer 1…100000, got 0")
    #expect(thrown { try ForestRegressor(maxDepth: 0) } == "'max_depth' of forest must be an integer 1…10000 or null, got 0")
    #expect(thrown { try ForestRegressor(maxLeaves: 1) } == "'max_leaves' of forest must be an integer 2…1000000 or null, got 1")
    #expect(
      thrown { try ForestRegressor(minSamplesLeaf: 0) }.hasPrefix("'min_samples_leaf' of forest must be an integer 1…1000000000, got 0"))
    #expect(thrown { try ForestRegressor(sampleShare: 0) }.hasPrefix("'sample_share' of forest must be a number > 0 and ≤ 1, got 0"))
    #expect(thrown { try ForestRegressor(featureShare: 1.5) } == "'feature_share' of forest must be a number > 0 and ≤ 1, got 1.5")
    #expect(thrown { try ForestRegressor(["leaf": "mode"]) }.hasPrefix("'leaf' of forest must be 'mean' or 'median', got "))
    #expect(try ForestRegressor(["leaf": "median", "max_depth": 3]) == ForestRegressor(maxDepth: 3, leaf: .median))
  }

  @Test("refuses a file in which any number was changed so that it could not be walked, and crashes on none")
  func alteredFiles() throws {
    let (table, target) = try mixedRows(150, seed: 12)
    // Two outputs: such trees are walked, those that boosting is tested with are not.
    let model = try ForestRegressor(treeCount: 3, maxDepth: 4).fit(
      try Dataset(features: table, targets: [target, target.map { -$0 }]), in: context)
    let integers = ["target_exponents", "bound_counts", "tree_starts", "node_features", "node_children", "node_sets"]
    let bytes = ["level_bins", "node_thresholds", "node_missing_right"]
    let numbers = ["bounds", "leaf_values", "feature_gains"]
    func outcome(_ change: AlteredPlace) throws -> String {
      let file = try altered(
        model, integers: integers, bytes: bytes, numbers: numbers, json: ["schema", "target_names"], change: change)
      return thrown {
        let predicted = try ForestModel(from: file).predict(table)[0]
        #expect(predicted.count == table.rowCount && predicted.allSatisfy(\.isFinite), "\(change)")
        return predicted
      }
    }
    #expect(try outcome(AlteredPlace(section: "", place: 0, bits: 0, isCut: false, sets: "set_words")) == "nothing was refused")
    #expect(try outcome(AlteredPlace(section: "", place: 0, bits: 0, isCut: false, sets: "")) == "m.bin has no section 'set_words'")
    var refused = 0
    for section in integers + bytes + numbers {
      #expect(
        try outcome(AlteredPlace(section: section, place: 0, bits: 0, isCut: true, sets: "set_words")) != "nothing was refused",
        "\(section)")
      for place in 0..<40 {
        for bits in [-1, 0, 1, 3, 30, 255, 70_000, Int(Int32.max), Int(Int32.min), Int.min, Int(Double.nan.bitPattern)] {
          let said = try outcome(AlteredPlace(section: section, place: place, bits: bits, isCut: false, sets: "set_words"))
          if said != "nothing was refused" {
            refused += 1
            #expect(said.hasPrefix("m.bin"), "\(said)")
          }
        }
      }
    }
    #expect(refused > 1000)
    // A child before its parent would be walked for ever; the second node of a tree is never a child's child.
    #expect(
      try outcome(AlteredPlace(section: "node_children", place: 0, bits: 0, isCut: false, sets: "set_words"))
        == "m.bin: node 0 of its trees has child 0")
  }
}
