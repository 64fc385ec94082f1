import Foundation
import Learning
import Tabular

/// One regression tree, grown the obvious way: every partition of every node is tried by going through its rows. It knows nothing of
/// histograms, integers or bins beyond "a distinct value is a bin", so that a fault in those shows.
struct SlowTree {
  indirect enum Node {
    case leaf([Int])
    case split(feature: Int, goesRight: [Bool], Node, Node)
  }

  var minSamples = 1
  var maxDepth = Int.max
  var maxLeaves = Int.max
  var l2 = 0.0
  var smoothing = 0.0
  /// Whether levels are blended with rows of their node's mean; else with rows of gradient 0.
  var blendsWithMean = false

  /// Bin of each row, feature by feature; 0 is missing.
  let bins: [[Int]]
  let isCategorical: [Bool]
  private let bounds: [[Double]]

  init(_ table: FeatureTable) {
    var bins: [[Int]] = []
    var bounds: [[Double]] = []
    for column in table.columns {
      switch column.values {
      case .numeric(let numbers):
        let values = Set(numbers.filter { !$0.isNaN }).sorted()
        let own = zip(values, values.dropFirst()).map { $0 + ($1 - $0) / 2 }
        bounds.append(own)
        bins.append(numbers.map { Self.bin($0, own) })
      case .categorical(let codes, let levels):
        var counts = [Int](repeating: 0, count: levels.count)
        for code in codes where code >= 0 { counts[Int(code)] += 1 }
        let order = levels.indices.filter { counts[$0] > 0 }.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
        bounds.append([])
        bins.append(codes.map { code in code < 0 ? 0 : (order.firstIndex(of: Int(code)) ?? 0) + 1 })
      }
    }
    self.bins = bins
    self.bounds = bounds
    isCategorical = table.schema.features.map { $0.levels != nil }
  }

  private static func bin(_ value: Double, _ bounds: [Double]) -> Int { value.isNaN ? 0 : 1 + bounds.filter { $0 < value }.count }

  /// Bins of another table's rows of numbers.
  func bins(of table: FeatureTable) -> [[Int]] {
    zip(table.columns, bounds).map { column, bounds in
      guard case .numeric(let numbers) = column.values else { return [] }
      return numbers.map { Self.bin($0, bounds) }
    }
  }

  private struct Best {
    var gain: Double
    var feature: Int
    var goesRight: [Bool]
  }

  /// Σ G²/(W + l2) of both sides less that of the whole.
  private func gain(
    _ rows: [Int], _ goesRight: (Int) -> Bool, _ gradients: [Double], _ weights: [Double], _ extra: Double, less mean: Double
  ) -> Double? {
    var sums = [0.0, 0.0]
    var masses = [0.0, 0.0]
    var counts = [0, 0]
    for row in rows {
      let side = goesRight(row) ? 1 : 0
      sums[side] += weights[row] * (gradients[row] - mean)
      masses[side] += weights[row]
      counts[side] += 1
    }
    guard counts[0] >= minSamples, counts[1] >= minSamples else { return nil }
    let score = sums[0] * sums[0] / (masses[0] + extra) + sums[1] * sums[1] / (masses[1] + extra)
    return score - (sums[0] + sums[1]) * (sums[0] + sums[1]) / (masses[0] + masses[1] + l2)
  }

  private func best(_ rows: [Int], _ gradients: [Double], _ weights: [Double]) -> Best? {
    var best: Best?
    func offer(_ feature: Int, _ goesRight: [Bool], extra: Double, less mean: Double = 0) {
      guard let gain = gain(rows, { goesRight[bins[feature][$0]] }, gradients, weights, extra, less: mean), gain > 1e-9 else { return }
      // The same partition may come again, summed in another order: that is no gain.
      if gain > (best?.gain ?? 0) * (1 + 1e-12) { best = Best(gain: gain, feature: feature, goesRight: goesRight) }
    }
    let mass = rows.reduce(0) { $0 + weights[$1] }
    let mean = blendsWithMean && smoothing > 0 ? rows.reduce(0) { $0 + weights[$1] * gradients[$1] } / mass : 0
    for feature in bins.indices {
      let present = Set(rows.map { bins[feature][$0] })
      let ordered = present.filter { $0 > 0 }.sorted()
      if isCategorical[feature] {
        let sorted = present.sorted().map { bin -> (key: Double, bin: Int) in
          let own = rows.filter { bins[feature][$0] == bin }
          let mass = own.reduce(0) { $0 + weights[$1] }
          return ((own.reduce(0) { $0 + weights[$1] * gradients[$1] } + smoothing * mean) / (mass + smoothing), bin)
        }.sorted { ($0.key, $0.bin) < ($1.key, $1.bin) }
        for cut in 1..<max(1, sorted.count) {
          let left = Set(sorted[..<cut].map(\.bin))
          let right = Set(sorted[cut...].map(\.bin))
          let leftCount = rows.filter { left.contains(bins[feature][$0]) }.count
          let unseenRight = 2 * leftCount < rows.count
          offer(
            feature, (0...255).map { right.contains($0) || !left.contains($0) && unseenRight }, extra: l2 + smoothing, less: mean)
        }
        continue
      }
      if present.contains(0) { offer(feature, (0...255).map { $0 > 0 }, extra: l2) }
      for missingRight in present.contains(0) ? [false, true] : [false] {
        for (low, high) in zip(ordered, ordered.dropFirst()) {
          let threshold = (low + high - 1) / 2
          let leftCount = rows.filter { bins[feature][$0] <= low }.count
          let side = present.contains(0) ? missingRight : 2 * leftCount < rows.count
          offer(feature, (0...255).map { $0 == 0 ? side : $0 > threshold }, extra: l2)
        }
      }
    }
    return best
  }

  /// Grows a tree: in depth, or, where `maxLeaves` is set, the leaf that gains most first.
  func grow(_ gradients: [Double], weights: [Double]? = nil) -> Node {
    let weights = weights ?? Array(repeating: 1, count: gradients.count)
    var leaves: [(path: [Int], rows: [Int], best: Best?)] = []
    var splits: [[Int]: Best] = [:]
    let all = Array(gradients.indices)
    leaves.append(([], all, maxDepth > 0 ? best(all, gradients, weights) : nil))
    while leaves.count < maxLeaves {
      var chosen: Int?
      for (index, leaf) in leaves.enumerated() {
        guard let own = leaf.best else { continue }
        if let other = chosen, let otherBest = leaves[other].best, otherBest.gain >= own.gain { continue }
        chosen = index
      }
      guard let chosen, let split = leaves[chosen].best else { break }
      let leaf = leaves.remove(at: chosen)
      splits[leaf.path] = split
      for side in 0...1 {
        let rows = leaf.rows.filter { split.goesRight[bins[split.feature][$0]] == (side == 1) }
        let canSplit = leaf.path.count + 1 < maxDepth && rows.count >= 2 * minSamples
        leaves.append((leaf.path + [side], rows, canSplit ? best(rows, gradients, weights) : nil))
      }
    }
    func node(_ path: [Int]) -> Node {
      if let split = splits[path] {
        return .split(feature: split.feature, goesRight: split.goesRight, node(path + [0]), node(path + [1]))
      }
      return .leaf(leaves.first { $0.path == path }?.rows ?? [])
    }
    return node([])
  }

  /// The rows of the leaf that a row with these bins falls into.
  static func leaf(_ node: Node, bin: (Int) -> Int) -> [Int] {
    switch node {
    case .leaf(let rows): rows
    case .split(let feature, let goesRight, let left, let right): leaf(goesRight[bin(feature)] ? right : left, bin: bin)
    }
  }
}

/// Rows made by seed: numbers of few and of many values, some missing, and levels, with whole targets that depend on them.
func mixedRows(_ count: Int, seed: UInt64, missing: Double = 0.1) throws -> (table: FeatureTable, target: [Double]) {
  var generator = SeededGenerator(seed: seed)
  var few: [Double] = []
  var many: [Double] = []
  var codes: [Int32] = []
  var target: [Double] = []
  for _ in 0..<count {
    let a = Double(generator.integer(below: 6))
    let b = (generator.uniform() * 1000).rounded() / 8
    let c = generator.integer(below: 7)
    target.append((100 * a + 3 * b + (c % 3 == 0 ? 400 : 0) + 300 * generator.uniform()).rounded())
    few.append(generator.uniform() < missing ? .nan : a)
    many.append(generator.uniform() < missing ? .nan : b)
    codes.append(generator.uniform() < missing ? -1 : Int32(c))
  }
  let table = try FeatureTable([
    .init("few", .numeric(few)), .init("many", .numeric(many)), .init("level", .categorical(codes, levels: (0..<8).map { "l\($0)" })),
  ])
  return (table, target)
}

/// The bytes of a model.
func bytes(of model: some Model) -> [UInt8] {
  var writer = ModelWriter()
  writer.add("m", model: model)
  return writer.bytes()
}

/// Reads a model back from its bytes.
func reread<M: Model>(_ model: M) throws -> M { try M(from: try ModelReader(bytes(of: model), name: "m.bin").model("m").file) }

/// What `body` throws, in words.
func thrown(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "nothing was refused"
  } catch { return "\(error)" }
}

/// The bytes of a model with one number of the section `name` changed, and all checksums right.
func altered(_ model: some Model, integers: [String], bytes byteSections: [String], numbers: [String], json: [String], change: AlteredPlace)
  throws -> ModelReader
{
  let file = try ModelReader(bytes(of: model), name: "m.bin").model("m").file
  var writer = ModelWriter()
  for name in json { writer.add(name, try file.numbers(name, UInt8.self)) }
  for name in integers {
    var own = try file.numbers(name, Int32.self)
    if name == change.section, !own.isEmpty {
      if change.isCut { own.removeLast() } else { own[change.place % own.count] = Int32(truncatingIfNeeded: change.bits) }
    }
    writer.add(name, own)
  }
  for name in byteSections {
    var own = try file.numbers(name, UInt8.self)
    if name == change.section, !own.isEmpty {
      if change.isCut { own.removeLast() } else { own[change.place % own.count] = UInt8(truncatingIfNeeded: change.bits) }
    }
    writer.add(name, own)
  }
  for name in numbers {
    var own = try file.numbers(name, Double.self)
    if name == change.section, !own.isEmpty {
      if change.isCut {
        own.removeLast()
      } else {
        own[change.place % own.count] = Double(bitPattern: UInt64(bitPattern: Int64(change.bits)))
      }
    }
    writer.add(name, own)
  }
  for name in ["set_words", "output 0.set_words"] where change.sets == name {
    writer.add(name, try file.numbers(name, UInt32.self))
  }
  return try ModelReader(writer.bytes(), name: "m.bin")
}

/// One change of a model's sections.
struct AlteredPlace {
  var section: String
  var place: Int
  var bits: Int
  var isCut: Bool
  /// The section of sets, which is kept.
  var sets: String
}

/// A flag that a test's callbacks raise.
final class Counter: @unchecked Sendable {
  // Safe: every access holds the lock.
  private let lock = NSLock()
  private var count = 0
  private var last = 0.0

  /// Counts one more; returns how many it is now.
  func increased() -> Int {
    lock.withLock {
      count += 1
      return count
    }
  }

  /// Notes a share; returns whether it is not below the greatest so far.
  func note(_ share: Double) { lock.withLock { last = max(last, share) } }

  /// The greatest share noted.
  var greatest: Double { lock.withLock { last } }
}
