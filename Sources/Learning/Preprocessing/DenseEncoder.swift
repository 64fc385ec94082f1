public import Tabular

/// Turns features into a matrix without gaps, the way it learnt from the rows of a fit: what models that multiply and measure need.
///
///     let encoder = try DenseEncoder(fitting: data.features, weights: data.weights)
///     let matrix = try encoder.encode(features)   // a row a row, encoder.columnCount columns
/// A feature of numbers becomes a column: missing values are the median, then all are brought to mean 0 and standard deviation 1.
/// It gets a second column, 1 where the value was missing, if values were missing in the fit. Infinities are the largest finite value
/// of the fit on their side.
///
/// A feature of levels becomes a column of 0 and 1 for each of the ``Options/levelLimit`` most frequent levels, one for all rarer ones
/// if there are any, and one for missing values if there were any in the fit. A level that did not occur in the fit is missing.
///
/// Columns that would be the same in all rows of the fit are left out, so there may be none at all. Every number is finite. What is
/// learnt does not depend on the order of rows or levels beyond rounding, and a row of weight 3 counts like three rows; rows of weight 0
/// do not count.
public struct DenseEncoder: Hashable, Sendable {
  /// How features are encoded.
  public struct Options: Hashable, Sendable {
    /// Whether numbers are brought to mean 0 and standard deviation 1.
    public var standardise: Bool
    /// The most levels of a feature that get a column of their own, ≥ 1.
    public var levelLimit: Int
    /// What a feature's columns are multiplied by, by name, ≥ 0; 0 leaves it out, and features that are not named have 1.
    public var featureWeights: [String: Double]

    /// Makes options.
    public init(standardise: Bool = true, levelLimit: Int = 32, featureWeights: [String: Double] = [:]) {
      self.standardise = standardise
      self.levelLimit = levelLimit
      self.featureWeights = featureWeights
    }
  }

  /// The features that it was fitted on.
  public let schema: FeatureSchema
  private let encodings: [Encoding]
  /// Number of columns of what ``encode(_:in:)`` returns.
  public let columnCount: Int

  /// Learns from the rows of `table`, of which there is at least one.
  ///
  /// - Parameters:
  ///   - weights: How much each row counts, ≥ 0 and finite, not all 0; `nil`: all the same.
  ///   - context: Its threads work on features side by side; asked between them whether to go on. What is learnt does not depend on it.
  /// - Complexity: O(values).
  public init(
    fitting table: FeatureTable, weights: [Double]? = nil, options: Options = Options(), in context: FitContext = FitContext()
  ) throws(LearningError) {
    guard options.levelLimit >= 1 else { throw .parameter("the limit of levels must be an integer ≥ 1, got \(options.levelLimit)") }
    for (name, weight) in options.featureWeights.sorted(by: { $0.key < $1.key }) {
      guard table.columns.contains(where: { $0.name == name }) else {
        throw .parameter("a weight is set for '\(name)', which is no feature" + suggestion(for: name, in: table.columns.map(\.name)))
      }
      guard weight >= 0, weight <= Self.weightLimit else {
        throw .parameter("the weight of feature '\(name)' must be a number 0…1000000, got \(weight)")
      }
    }
    guard table.rowCount > 0 else { throw .data("features cannot be encoded from no rows") }
    if let weights {
      guard weights.count == table.rowCount else { throw .data("\(weights.count) weights for \(counted(table.rowCount, "row"))") }
      guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }), weights.contains(where: { $0 > 0 }) else {
        throw .data("weights must be finite numbers ≥ 0, not all of them 0")
      }
    }
    // Relative to the greatest, so that no sum of weights overflows; by a power of two, so that equal sums stay equal.
    let greatest = weights?.max() ?? 1
    let unit = Double(sign: .plus, exponent: -max(greatest, .leastNormalMagnitude).exponent, significand: 1)
    let rows = weights.map { weights in weights.indices.filter { weights[$0] > 0 } } ?? Array(0..<table.rowCount)
    let shares = rows.map { row in weights.map { $0[row] * unit } ?? 1 }
    schema = table.schema
    encodings = try inParallel(table.columns.count, threads: context.threads) { place throws(LearningError) -> Encoding in
      try context.checkCancellation()
      let column = table.columns[place]
      let weight = options.featureWeights[column.name] ?? 1
      switch column.values {
      case .numeric(let numbers):
        return .numeric(NumericEncoding(rows.map { numbers[$0] }, shares, standardise: options.standardise, weight: weight))
      case .categorical(let codes, let levels):
        return .categorical(CategoricalEncoding(rows.map { codes[$0] }, shares, levels, limit: options.levelLimit, weight: weight))
      }
    }
    columnCount = encodings.reduce(0) { $0 + $1.width }
  }

  /// The rows of `features` as numbers, each row by itself: shape (rows, ``columnCount``).
  ///
  /// Features are matched by name; throws when one lacks or is of another kind.
  public func encode(_ features: FeatureTable, in context: FitContext = FitContext()) throws(LearningError) -> Matrix {
    let table = try schema.aligned(features)
    let values = filled(table.rowCount) { block, rows in
      if context.isCancelled { return false }
      var first = 0
      for (column, encoding) in zip(table.columns, encodings) {
        switch (column.values, encoding) {
        case (.numeric(let numbers), .numeric(let encoding)): encoding.encode(numbers, rows, first, columnCount, &block)
        case (.categorical(let codes, _), .categorical(let encoding)): encoding.encode(codes, rows, first, columnCount, &block)
        default: preconditionFailure("an aligned table has the kinds of its schema")
        }
        first += encoding.width
      }
      return true
    }
    guard let values else { throw .cancelled }
    return Matrix(rowCount: table.rowCount, columnCount: columnCount, values: values)
  }

  /// What each column holds: `diameter`, `diameter missing`, `material=steel`, `material other`, `material missing`.
  public var columnNames: [String] {
    zip(schema.features, encodings).flatMap { feature, encoding -> [String] in
      switch encoding {
      case .numeric(let encoding):
        return (encoding.hasValue ? [feature.name] : []) + (encoding.hasIndicator ? [feature.name + " missing"] : [])
      case .categorical(let encoding):
        return encoding.names(of: feature.name, levels: feature.levels ?? [])
      }
    }
  }

  /// How much of its feature one unit of each column is: the standard deviation for numbers that were standardised, else 1, by the
  /// feature's weight.
  var columnScales: [Double] {
    encodings.flatMap { encoding -> [Double] in
      switch encoding {
      case .numeric(let encoding):
        return (encoding.hasValue ? [encoding.scale / encoding.weight] : []) + (encoding.hasIndicator ? [1 / encoding.weight] : [])
      case .categorical(let encoding): return Array(repeating: 1 / encoding.weight, count: encoding.width)
      }
    }
  }

  /// Adds what ``init(from:)`` reads: a section `encoder` and one `encoder.schema`.
  public func write(to file: inout ModelWriter) {
    file.add("encoder.schema", json: schema)
    file.add("encoder", json: encodings)
  }

  /// Reads an encoder; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    schema = try file.json("encoder.schema")
    encodings = try file.json("encoder")
    guard Set(schema.features.map(\.name)).count == schema.features.count else { throw file.fault("a feature is there twice") }
    guard encodings.count == schema.features.count else {
      throw file.fault("\(encodings.count) encodings for \(counted(schema.features.count, "feature"))")
    }
    for (feature, encoding) in zip(schema.features, encodings) {
      guard encoding.fits(feature) else { throw file.fault("the encoding of feature '\(feature.name)' does not fit together") }
    }
    columnCount = encodings.reduce(0) { $0 + $1.width }
  }

  /// The greatest weight of a feature: with it, and values limited as they are, squares of encoded numbers stay finite.
  fileprivate static let weightLimit = 1e6
}

/// How one feature becomes columns.
private enum Encoding: Hashable, Codable, Sendable {
  case numeric(NumericEncoding)
  case categorical(CategoricalEncoding)

  var width: Int {
    switch self {
    case .numeric(let encoding): encoding.width
    case .categorical(let encoding): encoding.width
    }
  }

  /// Whether it can encode any value of `feature`, and to finite numbers.
  func fits(_ feature: FeatureSchema.Feature) -> Bool {
    switch (self, feature.levels) {
    case (.numeric(let encoding), nil): encoding.isSound
    case (.categorical(let encoding), let levels?): Set(levels).count == levels.count && encoding.isSound(levelCount: levels.count)
    default: false
    }
  }
}

/// How a feature of numbers becomes up to two columns.
private struct NumericEncoding: Hashable, Codable, Sendable {
  /// The median, for missing values; the least and greatest finite value, for infinities.
  private(set) var median = 0.0, least = 0.0, greatest = 0.0
  /// What is subtracted, and then divided by.
  private(set) var center = 0.0, scale = 1.0
  private(set) var weight: Double
  private(set) var hasValue = false, hasIndicator = false
  private(set) var limit: Double

  var width: Int { (hasValue ? 1 : 0) + (hasIndicator ? 1 : 0) }

  init(_ numbers: [Double], _ shares: [Double], standardise: Bool, weight: Double) {
    self.weight = weight
    // Beyond a million standard deviations nothing is told apart; numbers as they are keep finite squares, summed over many columns.
    limit = standardise ? 1e6 : 1e12
    var present = 0
    var least = Double.infinity, greatest = -Double.infinity
    for number in numbers where !number.isNaN {
      present += 1
      if number.isFinite { (least, greatest) = (min(least, number), max(greatest, number)) }
    }
    hasIndicator = weight > 0 && present > 0 && present < numbers.count
    guard least <= greatest else { return }
    self.least = least
    self.greatest = greatest
    var values: [(Double, Double)] = []
    values.reserveCapacity(present)
    for (number, share) in zip(numbers, shares) where !number.isNaN { values.append((min(greatest, max(least, number)), share)) }
    median = weightedMedian(values)
    let (mean, deviation) = moments(values)
    // What is as small as rounding errors of the values is one of them.
    let size = max(abs(least), abs(greatest))
    hasValue = weight > 0 && deviation > size * 1e-13 && deviation >= 2 * .leastNormalMagnitude
    if standardise, hasValue { (center, scale) = (mean, deviation) }
  }

  var isSound: Bool {
    [median, least, greatest, center, scale].allSatisfy(\.isFinite) && least <= greatest && scale >= 2 * .leastNormalMagnitude
      && weight >= 0 && weight <= DenseEncoder.weightLimit && limit >= 0 && limit <= 1e12
  }

  func encode(_ numbers: [Double], _ rows: Range<Int>, _ first: Int, _ columnCount: Int, _ block: inout MutableSpan<Float>) {
    guard width > 0 else { return }
    // Halves, because the difference of two huge numbers overflows.
    let (center, scale) = (center / 2, scale / 2)
    for row in rows {
      let number = numbers[row]
      let place = (row - rows.lowerBound) * columnCount + first
      if hasValue {
        let value = number.isFinite ? number : number.isNaN ? median : min(greatest, max(least, number))
        let encoded = min(limit, max(-limit, (value / 2 - center) / scale))
        block[place] = Float(encoded * weight)
      }
      if hasIndicator, number.isNaN { block[place + (hasValue ? 1 : 0)] = Float(weight) }
    }
  }
}

/// How a feature of levels becomes a column of 0 and 1 for each of some groups of levels.
struct CategoricalEncoding: Hashable, Codable, Sendable {
  /// For each level the column that is 1, counted from the feature's first; −1: as a missing value.
  private(set) var columns: [Int32]
  /// The columns of all rarer levels and of missing values; −1: there is none.
  private(set) var other: Int32 = -1
  private(set) var missing: Int32 = -1
  private(set) var width = 0
  private(set) var weight: Double

  init(_ codes: [Int32], _ shares: [Double], _ levels: [String], limit: Int, weight: Double) {
    self.weight = weight
    columns = Array(repeating: -1, count: levels.count)
    var counts = [Double](repeating: 0, count: levels.count)
    var isSeen = [Bool](repeating: false, count: levels.count)
    var isMissing = false
    for (code, share) in zip(codes, shares) {
      if code < 0 {
        isMissing = true
      } else {
        counts[Int(code)] += share
        isSeen[Int(code)] = true
      }
    }
    // By name where equally frequent: in which order levels were numbered means nothing.
    let ranked = levels.indices.filter { isSeen[$0] }.sorted { (counts[$1], levels[$0]) < (counts[$0], levels[$1]) }
    guard weight > 0, ranked.count + (isMissing ? 1 : 0) > 1 else { return }
    for (rank, level) in ranked.enumerated() { columns[level] = Int32(min(rank, limit)) }
    width = min(ranked.count, limit)
    if ranked.count > limit {
      other = Int32(width)
      width += 1
    }
    if isMissing {
      missing = Int32(width)
      width += 1
    }
  }

  /// What each column holds.
  func names(of feature: String, levels: [String]) -> [String] {
    var names = Array(repeating: feature + " other", count: width)
    for (level, name) in zip(columns, levels) where level >= 0 && level != other { names[Int(level)] = "\(feature)=\(name)" }
    if missing >= 0 { names[Int(missing)] = feature + " missing" }
    return names
  }

  func isSound(levelCount: Int) -> Bool {
    columns.count == levelCount && width >= 0 && width <= levelCount + 2 && other >= -1 && other < width && missing >= -1
      && missing < width && columns.allSatisfy { $0 >= -1 && $0 < width } && weight >= 0 && weight <= DenseEncoder.weightLimit
  }

  func encode(_ codes: [Int32], _ rows: Range<Int>, _ first: Int, _ columnCount: Int, _ block: inout MutableSpan<Float>) {
    guard width > 0 else { return }
    for row in rows {
      var column = codes[row] < 0 ? -1 : columns[Int(codes[row])]
      if column < 0 { column = missing }
      if column >= 0 { block[(row - rows.lowerBound) * columnCount + first + Int(column)] = Float(weight) }
    }
  }
}

/// The value that half of the weight lies below; between two values, their middle.
///
/// By parting what is left at one of its values again and again, and going on with the part in which half of the weight is reached: C. A.
/// R. Hoare, "Algorithm 65: find", Communications of the ACM 4, 1961. O(values) but for unlikely luck; all that is random is the place
/// of the value to part at, which the result does not depend on.
func weightedMedian(_ values: [(Double, Double)]) -> Double {
  let half = values.reduce(0) { $0 + $1.1 } / 2
  var (left, shares) = (values.map(\.0), values.map(\.1))
  var (greater, greaterShares) = (left, shares)
  var count = values.count
  var below = 0.0
  var greatestBelow = -Double.infinity, leastAbove = Double.infinity
  var generator = SeededGenerator(seed: 0)
  while count > 0 {
    let pivot = left[generator.integer(below: count)]
    var lessCount = 0, greaterCount = 0
    var lessShare = 0.0, equalShare = 0.0
    // Each is written to both places and counted where it belongs: guessing the way of a branch costs more.
    for index in 0..<count {
      let (value, share) = (left[index], shares[index])
      greater[greaterCount] = value
      greaterShares[greaterCount] = share
      greaterCount += value > pivot ? 1 : 0
      left[lessCount] = value
      shares[lessCount] = share
      lessCount += value < pivot ? 1 : 0
      lessShare += value < pivot ? share : 0
      equalShare += value == pivot ? share : 0
    }
    if below + lessShare > half {
      leastAbove = pivot
      count = lessCount
      continue
    }
    if below + lessShare == half {
      let before = left[..<lessCount].max() ?? greatestBelow
      return before.isFinite ? before / 2 + pivot / 2 : pivot
    }
    below += lessShare + equalShare
    if below > half { return pivot }
    if below == half {
      let next = greater[..<greaterCount].min() ?? leastAbove
      return next.isFinite ? pivot / 2 + next / 2 : pivot
    }
    greatestBelow = pivot
    swap(&left, &greater)
    swap(&shares, &greaterShares)
    count = greaterCount
  }
  // Sums in another order round differently: half of the weight was reached between the two.
  return greatestBelow.isFinite ? greatestBelow : leastAbove.isFinite ? leastAbove : 0
}

/// Weighted mean and standard deviation of finite values, in two passes; computed near 1, so that no square overflows or vanishes.
func moments(_ values: [(Double, Double)]) -> (mean: Double, deviation: Double) {
  let size = values.reduce(0) { max($0, abs($1.0)) }
  guard size >= .leastNormalMagnitude else { return (0, 0) }
  let unit = Double(sign: .plus, exponent: -size.exponent, significand: 1)
  let total = values.reduce(0) { $0 + $1.1 }
  let mean = values.reduce(0) { $0 + $1.0 * unit * $1.1 } / total
  let variance = values.reduce(0) { $0 + ($1.0 * unit - mean) * ($1.0 * unit - mean) * $1.1 } / total
  return (mean / unit, variance.squareRoot() / unit)
}
