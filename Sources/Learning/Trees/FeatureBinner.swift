import Tabular

/// Sorts each feature's values into at most 255 bins, and one of missing values: what trees see of the features.
///
/// Numbers: a bin a distinct value where there are few enough, else bins of about equal weight. Levels: a bin each, the most frequent
/// first; beyond 254 of them the rest share one. Bin 0 is that of missing values, and of levels that were not seen.
struct FeatureBinner: Hashable, Sendable {
  /// The bins of one feature.
  enum Bins: Hashable, Sendable {
    /// The greatest value of each bin but the last, ascending; bin 1 + number of bounds below a value is that value's.
    case numeric(bounds: [Double])
    /// Each level's bin.
    case categorical(bins: [UInt8])
  }

  /// Bins of numbers or of levels, the one of missing values left out.
  static let limit = 255
  /// Rows that bounds are found from.
  static let sampleCount = 50_000

  let features: [Bins]

  init(_ features: [Bins]) { self.features = features }

  /// Finds the bins of `table` from the rows with a weight above 0; from a sample drawn by seed where they are many.
  init(_ table: FeatureTable, weights: [Double]?, in context: FitContext) throws(LearningError) {
    let rows = Self.sample(rowCount: table.rowCount, weights: weights, seed: context.seed)
    let sampledWeights = weights.map { weights in
      rows.map { rows in rows.map { weights[$0] } } ?? weights
    }
    let slots = Slots<Bins>(count: table.columns.count)
    inParallel(table.columns.count, threads: context.threads) { index in
      if context.isCancelled { return }
      slots[index] =
        switch table.columns[index].values {
        case .numeric(let numbers):
          .numeric(bounds: Self.bounds(of: rows.map { $0.map { numbers[$0] } } ?? numbers, weights: sampledWeights))
        case .categorical(let codes, let levels): .categorical(bins: Self.bins(of: codes, levelCount: levels.count, weights: weights))
        }
    }
    try context.checkCancellation()
    self.features = slots.values()
  }

  /// The rows to find bounds from: `nil` when it is all.
  private static func sample(rowCount: Int, weights: [Double]?, seed: UInt64) -> [Int]? {
    let usable = weights.map { weights in weights.indices.filter { weights[$0] > 0 } }
    let count = usable?.count ?? rowCount
    guard count > sampleCount else { return count == rowCount ? nil : usable }
    var generator = SeededGenerator(seed: seed, stream: "bins")
    return generator.sample(sampleCount, of: count).map { usable?[$0] ?? $0 }
  }

  /// Bounds between distinct values, so that bins weigh about the same.
  static func bounds(of numbers: [Double], weights: [Double]?) -> [Double] {
    let (values, masses) = distinct(numbers, weights: weights)
    guard values.count > limit else { return zip(values, values.dropFirst()).map(between) }
    // A value that alone weighs as much as a bin should gets one; the rest of the weight is spread over the rest of the bins.
    var rest = masses.reduce(0, +)
    var bins = limit
    var isLarge = [Bool](repeating: false, count: values.count)
    while true {
      let share = rest / Double(bins)
      let large = values.indices.filter { !isLarge[$0] && masses[$0] >= share }
      if large.isEmpty || bins - large.count < 1 { break }
      for index in large {
        isLarge[index] = true
        rest -= masses[index]
        bins -= 1
      }
    }
    let share = rest / Double(max(1, bins))
    var bounds: [Double] = []
    var mass = 0.0
    for index in values.indices.dropLast() where bounds.count < limit - 1 {
      mass += masses[index]
      if isLarge[index] || isLarge[index + 1] && mass > share / 2 || mass >= share * (1 - 0x1p-30) {
        bounds.append(between(values[index], values[index + 1]))
        mass = 0
      }
    }
    return bounds
  }

  /// A number that is not below `low` and below `high`, in the middle where there is one.
  static func between(_ low: Double, _ high: Double) -> Double {
    if low == -.infinity { return high == .infinity ? 0 : low }
    if high == .infinity { return .greatestFiniteMagnitude }
    let middle = low / 2 + high / 2
    return middle >= low && middle < high ? middle : low
  }

  private static func bins(of codes: [Int32], levelCount: Int, weights: [Double]?) -> [UInt8] {
    var masses = [Double](repeating: 0, count: levelCount)
    for (row, code) in codes.enumerated() where code >= 0 { masses[Int(code)] += weights?[row] ?? 1 }
    var bins = [UInt8](repeating: 0, count: levelCount)
    let seen = masses.indices.filter { masses[$0] > 0 }.sorted { (-masses[$0], $0) < (-masses[$1], $1) }
    for (place, level) in seen.enumerated() { bins[level] = UInt8(min(place + 1, limit)) }
    return bins
  }

  /// Number of bins of a feature, that of missing values included.
  func binCount(_ feature: Int) -> Int {
    switch features[feature] {
    case .numeric(let bounds): bounds.count + 2
    case .categorical(let bins): Int(bins.max() ?? 0) + 1
    }
  }
}

extension FeatureBinner {
  /// Adds the bins to a model's file.
  func write(to file: inout ModelWriter) {
    var bounds: [Double] = []
    var counts: [Int32] = []
    var levelBins: [UInt8] = []
    for feature in features {
      switch feature {
      case .numeric(let numbers):
        bounds += numbers
        counts.append(Int32(numbers.count))
      case .categorical(let bins): levelBins += bins
      }
    }
    file.add("bounds", bounds)
    file.add("bound_counts", counts)
    file.add("level_bins", levelBins)
  }

  /// Reads the bins of the features of `schema`.
  init(from file: ModelReader, schema: FeatureSchema) throws(LearningError) {
    let bounds = try file.numbers("bounds", Double.self)
    let counts = try file.numbers("bound_counts", Int32.self)
    let levelBins = try file.numbers("level_bins", UInt8.self)
    guard counts.count == schema.features.filter({ $0.levels == nil }).count, counts.allSatisfy({ (0..<Int32(Self.limit)).contains($0) }),
      counts.reduce(0, { $0 + Int($1) }) == bounds.count, levelBins.count == schema.features.reduce(0, { $0 + ($1.levels?.count ?? 0) })
    else { throw file.fault("the bins do not fit the features") }
    var features: [Bins] = []
    var numbers = counts.makeIterator()
    var place = 0
    var level = 0
    for feature in schema.features {
      if let levels = feature.levels {
        features.append(.categorical(bins: Array(levelBins[level..<level + levels.count])))
        level += levels.count
      } else {
        let count = Int(numbers.next() ?? 0)
        let own = Array(bounds[place..<place + count])
        guard zip(own, own.dropFirst()).allSatisfy({ $0 < $1 }), own.allSatisfy({ !$0.isNaN }) else {
          throw file.fault("the bounds of feature '\(feature.name)' are not in order")
        }
        features.append(.numeric(bounds: own))
        place += count
      }
    }
    self.features = features
  }
}

extension SeededGenerator {
  /// `count` of the numbers `0..<total`, ascending, each as likely as any other. D. Knuth, "The Art of Computer Programming" 2, 3.4.2 S.
  mutating func sample(_ count: Int, of total: Int) -> [Int] {
    var chosen: [Int] = []
    chosen.reserveCapacity(count)
    for index in 0..<total where Double(total - index) * uniform() < Double(count - chosen.count) { chosen.append(index) }
    return chosen
  }
}
