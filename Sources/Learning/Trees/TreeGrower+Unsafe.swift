import CKernels
import Tabular

/// When a tree ends, and what a split costs.
struct TreeLimits: Sendable {
  var maxDepth = Int.max
  /// Grows the most gainful leaf first until there are so many; `nil`: every leaf that can be split is.
  var maxLeaves: Int?
  var minSamplesLeaf = 1
  /// Features that are looked at for each split.
  var featureShare = 1.0
  var l2 = 0.0
  var smoothing = 0.0
  /// Whether levels are blended with rows of their node's mean; else with rows of gradient 0.
  var blendsWithMean = false
  /// Memory for histograms; where there are more leaves than it holds, some are counted again.
  var histogramBytes = 256 << 20
}

/// How rows' weights and gradients become the integers that histograms sum up; see `lathe_tree_layout`.
///
/// Integers so that sums are exact: whatever thread adds which rows in what order, and whether a histogram is summed or is what another
/// one leaves of a third, the same trees come out. With 100,000 rows a gradient has 28 bits, a float's 24 and some more.
struct GradientCoding: Sendable {
  let outputCount: Int
  /// Whether the weights are in a channel of their own; where they are all 1, the rows' count says it.
  let isWeighted: Bool
  let countBits: Int
  let channelCount: Int

  /// Makes the coding for at most `drawCount` rows, one drawn twice counted twice.
  init(drawCount: Int, outputCount: Int, isWeighted: Bool) {
    self.outputCount = outputCount
    countBits = Int.bitWidth - drawCount.leadingZeroBitCount
    // Above a million rows the count would leave too few bits to the gradient beside it.
    self.isWeighted = isWeighted || drawCount > 1 << 20
    channelCount = outputCount + (self.isWeighted ? 1 : 0)
  }

  /// Bits of one row's number in a channel. The sums stay below 2⁵⁰, where doubles are exact.
  func bits(ofChannel channel: Int) -> Int { (channel == 0 ? min(50, 62 - countBits) : 50) - countBits }

  /// The greatest power of two that leaves `largest` within an output's bits.
  func scale(largest: Double, output: Int) -> Double {
    guard largest > 0 else { return 1 }
    let exponent = Int(largest.exponent) + 1
    let power = bits(ofChannel: output + (isWeighted ? 1 : 0)) - exponent
    return Double(sign: .plus, exponent: min(1000, power), significand: 1)
  }

  /// What 1 of a weight's integer stands for, the greatest weight being at most 1.
  var weightUnit: Double { Double(sign: .plus, exponent: -bits(ofChannel: 0), significand: 1) }
}

/// Grows trees on binned rows, one after the other; the buffers are used again.
///
/// Safe: the buffers are allocated in `init` for all rows and freed in `deinit`; one thread grows at a time, the threads that it uses
/// write features of their own, and all have ended when a call returns.
final class TreeGrower {
  private struct Open {
    var node: Int
    var range: Range<Int>
    var drawCount: Int
    var depth: Int
    var histogram: UnsafeMutablePointer<Int64>?
    var split: lathe_tree_split
    var gain: Double
  }

  /// What one group of features found.
  private struct Found {
    var left = lathe_tree_split()
    var right = lathe_tree_split()
    var leftScore = 0.0
    var rightScore = 0.0
    var leftDraws = 0
  }

  private let rows: BinnedRows
  private let coding: GradientCoding
  private let limits: TreeLimits
  private let context: FitContext
  private let offsets: UnsafeMutablePointer<UInt32>
  private let categorical: UnsafeMutablePointer<UInt8>
  private let squaredUnits: UnsafeMutablePointer<Double>
  /// Which features the left and the right child may be split by.
  private let usable: UnsafeMutablePointer<UInt8>
  private let scratch: UnsafeMutablePointer<UInt32>
  private let slotCount: Int
  /// The rows to grow on, in ascending order; afterwards each leaf's rows are where the tree says, in ascending order.
  let order: UnsafeMutablePointer<UInt32>
  /// Each row's numbers; filled by whoever knows the gradients.
  let values: UnsafeMutablePointer<Int64>
  private var layout: lathe_tree_layout
  private var free: [UnsafeMutablePointer<Int64>] = []
  private var made = 0
  private let histogramLimit: Int
  private var workSinceCheck = 0

  init(_ rows: BinnedRows, binner: FeatureBinner, coding: GradientCoding, limits: TreeLimits, context: FitContext) {
    self.rows = rows
    self.coding = coding
    self.limits = limits
    self.context = context
    let count = rows.featureCount
    offsets = .allocate(capacity: count + 1)
    categorical = .allocate(capacity: max(1, count))
    squaredUnits = .allocate(capacity: coding.outputCount)
    squaredUnits.initialize(repeating: 1, count: coding.outputCount)
    usable = .allocate(capacity: max(1, 2 * count))
    scratch = .allocate(capacity: max(1, rows.rowCount))
    order = .allocate(capacity: max(1, rows.rowCount))
    values = .allocate(capacity: max(1, rows.rowCount * coding.channelCount))
    var slots = 0
    for feature in 0..<count {
      offsets[feature] = UInt32(slots)
      slots += binner.binCount(feature)
      if case .categorical = binner.features[feature] { categorical[feature] = 1 } else { categorical[feature] = 0 }
    }
    offsets[count] = UInt32(slots)
    slotCount = slots
    histogramLimit = max(8, limits.histogramBytes / max(1, slots * coding.channelCount * 8))
    layout = lathe_tree_layout(
      offsets: offsets, categorical: categorical, channels: coding.channelCount, outputs: coding.outputCount,
      weighted: coding.isWeighted ? 1 : 0, count_bits: Int32(coding.countBits), weight_unit: coding.weightUnit,
      squared_units: squaredUnits, minimum_count: Int64(limits.minSamplesLeaf), l2: limits.l2, smoothing: limits.smoothing,
      blends_with_mean: limits.blendsWithMean ? 1 : 0)
  }

  deinit {
    offsets.deallocate()
    categorical.deallocate()
    squaredUnits.deallocate()
    usable.deallocate()
    scratch.deallocate()
    order.deallocate()
    values.deallocate()
    for histogram in free { histogram.deallocate() }
  }

  /// Grows a tree on the first `count` rows of ``order``.
  ///
  /// - Parameters:
  ///   - drawCount: How often these rows count, together.
  ///   - units: What 1 of each output's gradients stands for.
  ///   - features: The features that may be looked at.
  ///   - minimumGain: What a split must gain at least, so that what rounding makes is none.
  func grow(
    count: Int, drawCount: Int, units: [Double], features: [Int], minimumGain: Double, generator: inout SeededGenerator
  ) throws(LearningError) -> GrownTree {
    for (output, unit) in units.enumerated() { squaredUnits[output] = unit * unit }
    var tree = GrownTree()
    tree.addLeaf(0..<count)
    var frontier = Frontier<Open>(isByGain: limits.maxLeaves != nil)
    defer {
      frontier.forEach { if let histogram = $0.histogram { free.append(histogram) } }
    }
    let canSplit = { [limits] (draws: Int, rows: Int, depth: Int) in
      depth < limits.maxDepth && draws >= 2 * limits.minSamplesLeaf && rows >= 2
    }
    if !features.isEmpty, canSplit(drawCount, count, 0), (limits.maxLeaves ?? 2) > 1 {
      choose(features, for: 0, generator: &generator)
      let histogram = take()
      let found = evaluate(left: (0..<count, histogram, true), right: nil, minimumGain: minimumGain, work: count)
      let open = Open(
        node: 0, range: 0..<count, drawCount: drawCount, depth: 0, histogram: histogram, split: found.left,
        gain: found.left.score - found.leftScore)
      if open.split.feature >= 0 { frontier.push(open, gain: open.gain, node: 0) } else { free.append(histogram) }
    }
    var leafCount = 1
    while leafCount < limits.maxLeaves ?? .max, var open = frontier.pop() {
      let start = open.range.lowerBound
      let leftCount = withUnsafeBytes(of: &open.split.right) { set in
        lathe_tree_partition(
          rows.columns + Int(open.split.feature) * rows.columnStride, order + start, open.range.count,
          set.assumingMemoryBound(to: UInt32.self).baseAddress, scratch)
      }
      let left = start..<start + leftCount
      let right = start + leftCount..<open.range.upperBound
      // Counts that were left off half-way would lead anywhere.
      guard !left.isEmpty, !right.isEmpty else { throw .cancelled }
      record(open, in: &tree, left: left, right: right)
      leafCount += 1
      let draws = (Int(open.split.left_count), open.drawCount - Int(open.split.left_count))
      let depth = open.depth + 1
      let isLast = leafCount >= limits.maxLeaves ?? .max
      let splits = (!isLast && canSplit(draws.0, left.count, depth), !isLast && canSplit(draws.1, right.count, depth))
      workSinceCheck += open.range.count
      guard splits.0 || splits.1 else {
        if let histogram = open.histogram { free.append(histogram) }
        try checkNow()
        continue
      }
      if splits.0 { choose(features, for: 0, generator: &generator) }
      if splits.1 { choose(features, for: 1, generator: &generator) }

      // The smaller child's histogram is summed; the larger one's is what it leaves of the parent's.
      let leftIsSmall = left.count <= right.count
      let (small, large) = leftIsSmall ? (left, right) : (right, left)
      let (smallSplits, largeSplits) = leftIsSmall ? splits : (splits.1, splits.0)
      let isSubtracted = largeSplits && open.histogram != nil
      let smallHistogram = smallSplits || isSubtracted ? take() : nil
      let largeHistogram = largeSplits ? open.histogram ?? take() : nil
      if !largeSplits, let histogram = open.histogram { free.append(histogram) }
      let work = (smallHistogram == nil ? 0 : small.count) + (largeSplits && !isSubtracted ? large.count : 0)
      let found: Found
      if let smallHistogram {
        found = evaluate(
          left: (small, smallHistogram, smallSplits), right: largeHistogram.map { (large, $0, isSubtracted) }, swapped: !leftIsSmall,
          minimumGain: minimumGain, work: work)
      } else if let largeHistogram {
        found = evaluate(
          left: (large, largeHistogram, true), right: nil, swapped: leftIsSmall, minimumGain: minimumGain, work: work)
      } else {
        preconditionFailure("a child that can be split has a histogram")
      }
      try checkNow()
      let child = Int(tree.children[open.node])
      var children: [Open] = []
      func add(_ isSmall: Bool, _ histogram: UnsafeMutablePointer<Int64>?, _ isFirst: Bool) {
        guard let histogram else { return }
        let isLeft = isSmall == leftIsSmall
        let split = isFirst ? found.left : found.right
        let score = isFirst ? found.leftScore : found.rightScore
        guard isLeft ? splits.0 : splits.1, split.feature >= 0 else {
          free.append(histogram)
          return
        }
        children.append(
          Open(
            node: isLeft ? child : child + 1, range: isLeft ? left : right, drawCount: isLeft ? draws.0 : draws.1, depth: depth,
            histogram: histogram, split: split, gain: split.score - score))
      }
      // The larger child first: of what was pushed last is taken first, the smaller, so that few histograms wait at a time.
      add(false, largeHistogram, smallHistogram == nil)
      add(true, smallHistogram, true)
      for var open in children {
        if made - free.count > histogramLimit - 4, let histogram = open.histogram {
          free.append(histogram)
          open.histogram = nil
        }
        frontier.push(open, gain: open.gain, node: open.node)
      }
    }
    return tree
  }

  private func record(_ open: Open, in tree: inout GrownTree, left: Range<Int>, right: Range<Int>) {
    let node = open.node
    let feature = Int(open.split.feature)
    tree.features[node] = open.split.feature
    tree.missingRight[node] = UInt8(open.split.missing_right)
    tree.gains[node] = max(0, open.gain)
    tree.children[node] = Int32(tree.features.count)
    if categorical[feature] == 1 {
      tree.sets[node] = Int32(tree.setWords.count / 8)
      withUnsafeBytes(of: open.split.right) { tree.setWords += $0.bindMemory(to: UInt32.self) }
    } else {
      tree.thresholds[node] = UInt8(open.split.threshold)
    }
    tree.addLeaf(left)
    tree.addLeaf(right)
  }

  private func checkNow() throws(LearningError) {
    guard workSinceCheck >= 50_000 else { return }
    workSinceCheck = 0
    try context.checkCancellation()
  }

  private func take() -> UnsafeMutablePointer<Int64> {
    if let histogram = free.popLast() { return histogram }
    made += 1
    return .allocate(capacity: max(1, slotCount * coding.channelCount))
  }

  /// Draws the features that the left (0) or right (1) child may be split by.
  private func choose(_ features: [Int], for side: Int, generator: inout SeededGenerator) {
    let usable = usable + side * rows.featureCount
    usable.update(repeating: 0, count: rows.featureCount)
    let wanted = max(1, Int((limits.featureShare * Double(features.count)).rounded()))
    if wanted >= features.count {
      for feature in features { usable[feature] = 1 }
    } else {
      for place in generator.sample(wanted, of: features.count) { usable[features[place]] = 1 }
    }
  }

  /// Fills the histograms of one or two nodes and finds the best split of each.
  ///
  /// `first` is summed from its rows; `second` is subtracted from (its third is true) or summed. `swapped`: the first is the right child.
  private func evaluate(
    left first: (rows: Range<Int>, histogram: UnsafeMutablePointer<Int64>, isSearched: Bool),
    right second: (rows: Range<Int>, histogram: UnsafeMutablePointer<Int64>, isSubtracted: Bool)?, swapped: Bool = false,
    minimumGain: Double, work: Int
  ) -> Found {
    let featureCount = rows.featureCount
    workSinceCheck += work * featureCount / 8 + slotCount
    // For a small node it costs more to wake another thread.
    let groups = work * featureCount + 4 * slotCount > 40_000 ? min(context.threads, featureCount) : 1
    if groups == 1 {
      return evaluate(features: 0..<featureCount, first, second, swapped, minimumGain)
    }
    let found = Slots<Found>(count: groups)
    nonisolated(unsafe) let (this, first, second) = (self, first, second)
    inParallel(groups, threads: context.threads) { group in
      let features = group * featureCount / groups..<(group + 1) * featureCount / groups
      found[group] = this.evaluate(features: features, first, second, swapped, minimumGain)
    }
    let parts = found.values()
    var best = parts[0]
    for part in parts.dropFirst() {
      if part.left.score > best.left.score { best.left = part.left }
      if part.right.score > best.right.score { best.right = part.right }
    }
    return best
  }

  private func evaluate(
    features: Range<Int>, _ first: (rows: Range<Int>, histogram: UnsafeMutablePointer<Int64>, isSearched: Bool),
    _ second: (rows: Range<Int>, histogram: UnsafeMutablePointer<Int64>, isSubtracted: Bool)?, _ swapped: Bool, _ minimumGain: Double
  ) -> Found {
    var found = Found()
    found.left.feature = -1
    found.right.feature = -1
    sum(first.rows, features, into: first.histogram)
    if let second {
      if second.isSubtracted {
        let start = Int(offsets[features.lowerBound]) * coding.channelCount
        let end = Int(offsets[features.upperBound]) * coding.channelCount
        lathe_tree_subtract(second.histogram + start, first.histogram + start, end - start)
      } else {
        sum(second.rows, features, into: second.histogram)
      }
    }
    if first.isSearched {
      (found.left, found.leftScore) = search(first.histogram, features, side: swapped ? 1 : 0, minimumGain)
    }
    if let second { (found.right, found.rightScore) = search(second.histogram, features, side: swapped ? 0 : 1, minimumGain) }
    return found
  }

  private func sum(_ range: Range<Int>, _ features: Range<Int>, into histogram: UnsafeMutablePointer<Int64>) {
    let start = Int(offsets[features.lowerBound]) * coding.channelCount
    let end = Int(offsets[features.upperBound]) * coding.channelCount
    (histogram + start).update(repeating: 0, count: end - start)
    // In parts that take some milliseconds, so that a cancellation is heard.
    let step = max(1000, 4_000_000 / max(1, features.count))
    var place = range.lowerBound
    while place < range.upperBound {
      let count = min(step, range.upperBound - place)
      lathe_tree_histogram(
        &layout, rows.rows, rows.stride, features.lowerBound, features.upperBound, order + place, count, values, histogram)
      place += count
      if place < range.upperBound, context.isCancelled { return }
    }
  }

  private func search(
    _ histogram: UnsafeMutablePointer<Int64>, _ features: Range<Int>, side: Int, _ minimumGain: Double
  ) -> (lathe_tree_split, Double) {
    // Each feature's bins sum up to the node's totals, in every feature the same.
    let channels = coding.channelCount
    var total = [Int64](repeating: 0, count: channels)
    let first = features.lowerBound
    for slot in Int(offsets[first])..<Int(offsets[first + 1]) {
      for channel in 0..<channels { total[channel] += histogram[slot * channels + channel] }
    }
    let mask = (Int64(1) << Int64(coding.countBits)) - 1
    let weight =
      coding.isWeighted ? Double(total[0] >> Int64(coding.countBits)) * coding.weightUnit : Double(total[0] & mask)
    var score = 0.0
    for output in 0..<coding.outputCount {
      let channel = output + (coding.isWeighted ? 1 : 0)
      let gradient = Double(channel == 0 ? total[0] >> Int64(coding.countBits) : total[channel])
      score += gradient * gradient / (weight + limits.l2) * squaredUnits[output]
    }
    if !(weight > 0) { score = 0 }
    var split = lathe_tree_split()
    split.feature = -1
    split.score = score + minimumGain
    lathe_tree_search(
      &layout, histogram, features.lowerBound, features.upperBound, usable + side * rows.featureCount, &total, &split)
    return (split, score)
  }
}

/// Nodes that can be split: the last first, or the one that gains most first, among equals the one made first.
private struct Frontier<Element> {
  private struct Entry {
    var element: Element
    var gain: Double
    var node: Int

    func precedes(_ other: Self) -> Bool { gain > other.gain || gain == other.gain && node < other.node }
  }

  private let isByGain: Bool
  private var entries: [Entry] = []

  init(isByGain: Bool) { self.isByGain = isByGain }

  mutating func push(_ element: Element, gain: Double, node: Int) {
    entries.append(Entry(element: element, gain: gain, node: node))
    guard isByGain else { return }
    var place = entries.count - 1
    while place > 0, entries[place].precedes(entries[(place - 1) / 2]) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func pop() -> Element? {
    guard isByGain, entries.count > 1 else { return entries.popLast()?.element }
    entries.swapAt(0, entries.count - 1)
    let top = entries.removeLast()
    var place = 0
    while true {
      var first = place
      for child in [2 * place + 1, 2 * place + 2] where child < entries.count && entries[child].precedes(entries[first]) { first = child }
      if first == place { break }
      entries.swapAt(place, first)
      place = first
    }
    return top.element
  }

  func forEach(_ body: (Element) -> Void) { for entry in entries { body(entry.element) } }
}
