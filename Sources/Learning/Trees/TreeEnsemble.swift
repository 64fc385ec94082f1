/// One tree as it was grown: nodes in the order of their making, the root first, a node's two children side by side behind it.
struct GrownTree: Hashable, Sendable {
  /// The feature that a node splits by; −1 for a leaf.
  var features: [Int32] = []
  /// Bins 1…threshold go left, where the feature is of numbers.
  var thresholds: [UInt8] = []
  /// 1 where missing values go right.
  var missingRight: [UInt8] = []
  /// The left child; −1 for a leaf.
  var children: [Int32] = []
  /// Which set of bins goes right, where the feature is of levels; else −1.
  var sets: [Int32] = []
  /// The sets, 8 words each: 256 bits.
  var setWords: [UInt32] = []
  /// What the split gained; 0 for a leaf.
  var gains: [Double] = []
  /// Places of a leaf's rows in the grower's order.
  var ranges: [Range<Int>] = []

  /// Adds a leaf with the rows at `range`.
  mutating func addLeaf(_ range: Range<Int>) {
    features.append(-1)
    thresholds.append(0)
    missingRight.append(0)
    children.append(-1)
    sets.append(-1)
    gains.append(0)
    ranges.append(range)
  }

  /// The leaves, in order.
  var leaves: [Int] { children.indices.filter { children[$0] < 0 } }
}

/// Trees that look at binned rows, in flat arrays; their values are summed over the trees.
struct TreeEnsemble: Hashable, Sendable {
  /// Numbers that a leaf holds.
  let outputCount: Int
  /// Each tree's first node, and behind the last one's the number of nodes.
  private(set) var starts: [Int32] = [0]
  private(set) var features: [Int32] = []
  private(set) var thresholds: [UInt8] = []
  private(set) var missingRight: [UInt8] = []
  /// A node's left child, counted from the first node of all; −1 for a leaf.
  private(set) var children: [Int32] = []
  private(set) var sets: [Int32] = []
  private(set) var setWords: [UInt32] = []
  /// The leaves' values, `outputCount` each, in the order of the nodes.
  private(set) var values: [Double] = []
  /// What the splits by each feature gained.
  private(set) var gains: [Double]

  /// Makes an ensemble of no trees.
  init(featureCount: Int, outputCount: Int) {
    self.outputCount = outputCount
    gains = Array(repeating: 0, count: featureCount)
  }

  /// Number of trees.
  var treeCount: Int { starts.count - 1 }

  /// Adds a tree whose leaves have `values`, `outputCount` each, in the order of the nodes.
  mutating func append(_ tree: GrownTree, values: [Double]) {
    let base = Int32(features.count)
    let setBase = Int32(setWords.count / 8)
    features += tree.features
    thresholds += tree.thresholds
    missingRight += tree.missingRight
    children += tree.children.map { $0 < 0 ? -1 : $0 + base }
    sets += tree.sets.map { $0 < 0 ? -1 : $0 + setBase }
    setWords += tree.setWords
    self.values += values
    for (feature, gain) in zip(tree.features, tree.gains) where feature >= 0 { gains[Int(feature)] += gain }
    starts.append(Int32(features.count))
  }

  /// Which features are looked at.
  var usedFeatures: [Bool] {
    var used = [Bool](repeating: false, count: gains.count)
    for feature in features where feature >= 0 { used[Int(feature)] = true }
    return used
  }

  /// Adds the trees to a model's file, in sections whose names begin with `prefix`.
  func write(to file: inout ModelWriter, prefix: String = "") {
    file.add(prefix + "tree_starts", starts)
    file.add(prefix + "node_features", features)
    file.add(prefix + "node_thresholds", thresholds)
    file.add(prefix + "node_missing_right", missingRight)
    file.add(prefix + "node_children", children)
    file.add(prefix + "node_sets", sets)
    file.add(prefix + "set_words", setWords)
    file.add(prefix + "leaf_values", values)
    file.add(prefix + "feature_gains", gains)
  }

  /// Reads trees on the features of `binner`, and checks that every path through them ends.
  init(from file: ModelReader, prefix: String = "", outputCount: Int, binner: FeatureBinner) throws(LearningError) {
    self.outputCount = outputCount
    starts = try file.numbers(prefix + "tree_starts")
    features = try file.numbers(prefix + "node_features")
    thresholds = try file.numbers(prefix + "node_thresholds")
    missingRight = try file.numbers(prefix + "node_missing_right")
    children = try file.numbers(prefix + "node_children")
    sets = try file.numbers(prefix + "node_sets")
    setWords = try file.numbers(prefix + "set_words")
    values = try file.numbers(prefix + "leaf_values")
    gains = try file.numbers(prefix + "feature_gains")
    let count = features.count
    guard thresholds.count == count, missingRight.count == count, children.count == count, sets.count == count, setWords.count % 8 == 0,
      starts.first == 0, starts.last.map(Int.init) == count, zip(starts, starts.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw file.fault("the arrays of its trees do not fit each other") }
    guard gains.count == binner.features.count, gains.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw file.fault("the gains do not fit the features")
    }
    var leaves = 0
    for (start, end) in zip(starts, starts.dropFirst()) {
      // Each node but the root is the child of one node before it: so every path ends, and ends in a leaf.
      var parents = [UInt8](repeating: 0, count: Int(end - start))
      parents[0] = 1
      for node in Int(start)..<Int(end) {
        guard parents[node - Int(start)] == 1 else { throw file.fault("node \(node) of its trees does not have one parent before it") }
        guard children[node] >= 0 else {
          guard children[node] == -1, features[node] == -1, sets[node] == -1 else { throw file.fault("leaf \(node) of its trees splits") }
          leaves += 1
          continue
        }
        let child = children[node]
        guard child > node, child < end - 1 else { throw file.fault("node \(node) of its trees has child \(child)") }
        for child in [child, child + 1] {
          guard parents[Int(child - start)] == 0 else { throw file.fault("node \(child) of its trees has two parents") }
          parents[Int(child - start)] = 1
        }
        guard binner.features.indices.contains(Int(features[node])) else {
          throw file.fault("node \(node) of its trees looks at feature \(features[node]) of \(binner.features.count)")
        }
        switch binner.features[Int(features[node])] {
        case .numeric:
          guard sets[node] == -1, missingRight[node] <= 1, thresholds[node] >= missingRight[node], thresholds[node] < 255 else {
            throw file.fault("node \(node) of its trees has no threshold that is one")
          }
        case .categorical:
          guard sets[node] >= 0, Int(sets[node]) < setWords.count / 8 else {
            throw file.fault("node \(node) of its trees has no set of levels")
          }
        }
      }
    }
    guard values.count == leaves * outputCount, values.allSatisfy(\.isFinite) else {
      throw file.fault("\(values.count) values for \(leaves) leaves of \(outputCount)")
    }
  }
}
