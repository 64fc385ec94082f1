import CKernels

/// An ensemble laid out for prediction; see `lathe_tree_nodes` for the words.
struct PreparedTrees: Sendable {
  /// Where all trees have few leaves and one output: their splits, and their leaves' values; see `lathe_small_trees`.
  private struct Small {
    var splits: [lathe_small_split] = []
    var starts: [Int32] = [0]
    var values: [Double] = []
  }

  private let small: Small?
  private let words: [UInt64]
  private let sets: [Int32]
  private let setWords: [UInt32]
  private let values: [Double]
  private let roots: [Int32]
  private let depths: [Int32]
  private let outputCount: Int
  /// Which features are looked at.
  let usedFeatures: [Bool]

  /// Lays out `ensemble`, whose indexes are in range by its making or its checks.
  init(_ ensemble: TreeEnsemble) {
    let count = ensemble.features.count
    var words = [UInt64](repeating: 0, count: count)
    var values = [Double](repeating: 0, count: count * ensemble.outputCount)
    var levels = [Int32](repeating: 0, count: count)
    var leaf = 0
    var depths: [Int32] = []
    for (start, end) in zip(ensemble.starts, ensemble.starts.dropFirst()) {
      var depth: Int32 = 0
      for node in Int(start)..<Int(end) {
        let child = Int(ensemble.children[node])
        if child < 0 {
          words[node] = UInt64(node) << 32 | 255 << 16
          for output in 0..<ensemble.outputCount {
            values[node * ensemble.outputCount + output] = ensemble.values[leaf * ensemble.outputCount + output]
          }
          leaf += 1
        } else {
          let shift = UInt64(ensemble.sets[node] >= 0 ? 0 : ensemble.missingRight[node])
          let threshold = UInt64(ensemble.thresholds[node]) - (ensemble.sets[node] >= 0 ? 0 : shift)
          words[node] = UInt64(child) << 32 | shift << 24 | threshold << 16 | UInt64(ensemble.features[node])
          levels[child] = levels[node] + 1
          levels[child + 1] = levels[node] + 1
          depth = max(depth, levels[node] + 1)
        }
      }
      depths.append(depth)
    }
    self.words = words
    self.values = values
    self.depths = depths
    roots = Array(ensemble.starts.dropLast())
    let hasSets = ensemble.sets.contains { $0 >= 0 }
    sets = hasSets ? ensemble.sets : []
    setWords = hasSets ? ensemble.setWords : []
    outputCount = ensemble.outputCount
    usedFeatures = ensemble.usedFeatures
    small = Self.small(ensemble, words: words, values: values)
  }

  /// Whether rows need not be laid out row after row for ``addSums(of:to:)``.
  var looksAtColumns: Bool { small != nil }

  private static func small(_ ensemble: TreeEnsemble, words: [UInt64], values: [Double]) -> Small? {
    guard ensemble.outputCount == 1 else { return nil }
    var small = Small()
    for (start, end) in zip(ensemble.starts, ensemble.starts.dropFirst()) {
      guard Int(end - start) < 2 * Int(LATHE_SMALL_LEAVES) else { return nil }
      // Leaves from left to right; a node's own are a run of them.
      var leaves: [Double] = []
      func visit(_ node: Int) {
        let child = Int(ensemble.children[node])
        guard child >= 0 else {
          leaves.append(values[node])
          return
        }
        let first = leaves.count
        visit(child)
        let left = (UInt32(1) << UInt32(leaves.count)) - (UInt32(1) << UInt32(first))
        small.splits.append(
          lathe_small_split(
            feature: UInt16(words[node] & 0xffff), threshold: UInt8(words[node] >> 16 & 255), shift: UInt8(words[node] >> 24 & 255),
            left_leaves: left, set: ensemble.sets[node]))
        visit(child + 1)
      }
      visit(Int(start))
      small.starts.append(Int32(small.splits.count))
      small.values += leaves + Array(repeating: 0, count: Int(LATHE_SMALL_LEAVES) - leaves.count)
    }
    return small
  }

  /// Lends the nodes to a kernel.
  ///
  /// Safe: the pointers are used within the closures that lend them, and all indexes are in range.
  private func withNodes(_ body: (inout lathe_tree_nodes) -> Void) {
    words.withUnsafeBufferPointer { words in
      sets.withUnsafeBufferPointer { sets in
        setWords.withUnsafeBufferPointer { setWords in
          values.withUnsafeBufferPointer { values in
            roots.withUnsafeBufferPointer { roots in
              depths.withUnsafeBufferPointer { depths in
                var nodes = lathe_tree_nodes(
                  words: words.baseAddress, sets: sets.isEmpty ? nil : sets.baseAddress, set_words: setWords.baseAddress,
                  values: values.baseAddress, outputs: outputCount, roots: roots.baseAddress, depths: depths.baseAddress,
                  trees: roots.count)
                body(&nodes)
              }
            }
          }
        }
      }
    }
  }

  /// Adds each row's values, summed over the trees, to `sums`, which has `outputCount` a row.
  func addSums(of rows: BinnedRows, to sums: inout [Double]) {
    guard let small else {
      withNodes { lathe_tree_predict(&$0, rows.rows, rows.stride, rows.rowCount, &sums) }
      return
    }
    small.splits.withUnsafeBufferPointer { splits in
      small.starts.withUnsafeBufferPointer { starts in
        small.values.withUnsafeBufferPointer { values in
          setWords.withUnsafeBufferPointer { setWords in
            var trees = lathe_small_trees(
              splits: splits.baseAddress, starts: starts.baseAddress, set_words: setWords.baseAddress, values: values.baseAddress,
              trees: starts.count - 1)
            lathe_small_trees_predict(&trees, rows.columns, rows.columnStride, rows.rowCount, &sums)
          }
        }
      }
    }
  }

  /// Writes the node of the leaf that each row falls into in the first tree to `leaves`.
  func findLeaves(of rows: BinnedRows, in leaves: inout [Int32]) {
    withNodes { lathe_tree_leaves(&$0, 0, rows.rows, rows.stride, rows.rowCount, &leaves) }
  }
}

/// Rows that are binned and predicted at a time: their bins stay in the second-level cache while the trees pass over them.
let rowsAtATime = 2048

/// Returns for each of some ensembles the sums of its trees' values of each row of `table`, `outputCount` a row.
func sums(of ensembles: [PreparedTrees], outputCount: Int, over table: FeatureTable, binner: FeatureBinner, threads: Int) -> [[Double]] {
  var used = [Bool](repeating: false, count: table.columns.count)
  for ensemble in ensembles { for (feature, isUsed) in ensemble.usedFeatures.enumerated() where isUsed { used[feature] = true } }
  let looked = used
  let byColumnsAlone = ensembles.allSatisfy(\.looksAtColumns)
  let blocks = (table.rowCount + rowsAtATime - 1) / rowsAtATime
  let slots = Slots<[[Double]]>(count: blocks)
  inParallel(blocks, threads: threads) { block in
    let range = block * rowsAtATime..<min(table.rowCount, (block + 1) * rowsAtATime)
    guard let rows = BinnedRows(table, binner: binner, used: looked, rows: range, byColumnsAlone: byColumnsAlone, threads: 1) else {
      return
    }
    slots[block] = ensembles.map { ensemble in
      var sums = [Double](repeating: 0, count: range.count * outputCount)
      ensemble.addSums(of: rows, to: &sums)
      return sums
    }
  }
  let parts = slots.values()
  return ensembles.indices.map { index in
    var sums: [Double] = []
    sums.reserveCapacity(table.rowCount * outputCount)
    for part in parts { sums += part[index] }
    return sums
  }
}
