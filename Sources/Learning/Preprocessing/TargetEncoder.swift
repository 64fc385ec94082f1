import Tabular

/// Replaces levels by what the targets were where they occurred: mean targets, drawn towards the mean of all rows where a level is rare.
///
///     let (encoding, features) = try TargetEncoder(smoothing: 20).fitOutOfFold(data, in: context)
///     // `features` to fit a model on; for rows to predict: try encoding.transform(rows)
/// A level of weight n becomes λ × its mean + (1 − λ) × the mean of all rows, λ = n ÷ (n + smoothing): D. Micci-Barreca, "A preprocessing
/// scheme for high-cardinality categorical attributes in classification and prediction problems", ACM SIGKDD Explorations 3, 2001, its
/// empirical Bayes estimate with one ratio of variances for all levels. A missing value is encoded like a level if it occurred in the
/// fit; a level that did not occur with a weight above 0 is the mean of all rows.
///
/// A number that was learnt from a row knows the row's target, and a model that is fitted on it learns to trust it too much: so rows of a
/// fit are encoded by ``fitOutOfFold(_:in:)``, each from other rows alone.
public struct TargetEncoder: Parameterised, Hashable {
  /// What it is called.
  public static let name = "target_encoder"
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .optionalTexts("columns", \.columns, "features of levels to change; null: all of them"),
    .number("smoothing", \.smoothing, .atLeast(0), "weight of the mean of all rows, in rows, beside a level's own rows"),
    .integer("folds", \.folds, 2...1000, "parts of the rows of a fit, each of which is encoded from the others"),
    .integer("least_levels", \.leastLevels, 0...Int.max, "features of fewer levels stay as they are"),
  ]

  /// The features to change; `nil`: all that have levels.
  public private(set) var columns: [String]?
  /// Weight of the mean of all rows beside a level's own rows, ≥ 0.
  public private(set) var smoothing = 20.0
  /// Number of parts of the rows of a fit, ≥ 2.
  public private(set) var folds = 5
  /// Features of fewer levels stay as they are.
  public private(set) var leastLevels = 0

  /// Makes one with the defaults.
  public init() {}

  /// Makes one; throws when a parameter is out of its bounds.
  public init(smoothing: Double = 20, folds: Int = 5, leastLevels: Int = 0) throws(LearningError) {
    (self.smoothing, self.folds, self.leastLevels) = (smoothing, folds, leastLevels)
    try check()
  }

  /// Learns from all rows of `data`, of which there is at least one, how rows to predict are encoded.
  public func fit(_ data: Dataset) throws(LearningError) -> TargetEncoding {
    let sums = try sums(of: data, folds: Array(repeating: 0, count: data.rowCount), count: 1)
    return try encoding(data, sums, without: nil)
  }

  /// Learns from `data`, and encodes its rows out of fold: in parts by `context.seed`, each part as if only the other parts were known,
  /// the mean of all rows included.
  ///
  /// A row's numbers do not depend on its own target, nor on those of its group. Throws when all rows of a weight above 0 are one group,
  /// or there is but one, as nothing is known without it.
  public func fitOutOfFold(_ data: Dataset, in context: FitContext) throws(LearningError) -> (
    encoding: TargetEncoding, features: FeatureTable
  ) {
    let (places, count) = try folds(of: data, seed: context.seed)
    try context.checkCancellation()
    let sums = try sums(of: data, folds: places, count: count)
    let whole = try encoding(data, sums, without: nil)
    var numbers: [[Double]] = []
    var rows = [[Int]](repeating: [], count: count)
    for (row, place) in places.enumerated() { rows[place].append(row) }
    for fold in 0..<count {
      try context.checkCancellation()
      let part = try encoding(data, sums, without: fold)
      let encoded = part.numbers(data.features.columns, rows: rows[fold])
      if numbers.isEmpty { numbers = encoded.map { _ in Array(repeating: 0, count: data.rowCount) } }
      for column in encoded.indices { for (row, number) in zip(rows[fold], encoded[column]) { numbers[column][row] = number } }
    }
    return (whole, try whole.replacing(data.features.columns, by: numbers, rowCount: data.rowCount))
  }

  /// The fold of each row: groups are dealt out in shuffled order, those that weigh something first, so that each fold has others.
  private func folds(of data: Dataset, seed: UInt64) throws(LearningError) -> (places: [Int], count: Int) {
    var members: [[Int]] = []
    if let groups = data.groups {
      var positions: [Int: Int] = [:]
      for (row, group) in groups.enumerated() {
        if let position = positions[group] {
          members[position].append(row)
        } else {
          positions[group] = members.count
          members.append([row])
        }
      }
    } else {
      members = (0..<data.rowCount).map { [$0] }
    }
    var generator = SeededGenerator(seed: seed, stream: "target_encoding")
    for last in members.indices.dropFirst().reversed() { members.swapAt(last, generator.integer(below: last + 1)) }
    let weighs = members.map { rows in rows.contains { (data.weights?[$0] ?? 1) > 0 } }
    let order = members.indices.filter { weighs[$0] } + members.indices.filter { !weighs[$0] }
    let count = min(folds, weighs.count { $0 })
    guard count >= 2 else {
      throw .data(
        data.groups == nil
          ? "\(Self.name) out of fold needs at least 2 rows of a weight above 0, got \(count)"
          : "\(Self.name) out of fold needs rows of at least 2 groups of a weight above 0, got \(count)")
    }
    var places = [Int](repeating: 0, count: data.rowCount)
    for (turn, position) in order.enumerated() { for row in members[position] { places[row] = turn % count } }
    return (places, count)
  }

  private func isEncoded(_ column: FeatureTable.Column) -> Bool {
    guard case .categorical(_, let levels) = column.values else { return false }
    return levels.count >= leastLevels && columns?.contains(column.name) ?? true
  }

  /// Weights and weighted targets by fold.
  private struct Sums {
    /// Of all rows, and for each encoded feature of each level, the missing one first: folds × slots.
    var weights: [[Double]]
    /// The same for each output: folds × slots × outputs.
    var targets: [[ExactSum]]
    var slots: [Int]
    var foldCount: Int
    /// What `smoothing` must be multiplied by to be in the unit of `weights`.
    var unit: Double
  }

  private func sums(of data: Dataset, folds: [Int], count: Int) throws(LearningError) -> Sums {
    guard data.rowCount > 0 else { throw .data("\(Self.name) cannot be fitted on no rows") }
    let unit = powerOfTwo(near: data.weights?.max() ?? 1)
    let outputs = data.targets.count
    var sums = Sums(weights: [], targets: [], slots: [], foldCount: count, unit: unit)
    func add(_ slots: Int, _ slot: (Int) -> Int) {
      var weights = [Double](repeating: 0, count: count * slots)
      var targets = [ExactSum](repeating: ExactSum(), count: count * slots * outputs)
      for row in 0..<data.rowCount {
        let weight = (data.weights?[row] ?? 1) * unit
        guard weight > 0 else { continue }
        let place = folds[row] * slots + slot(row)
        weights[place] += weight
        for output in 0..<outputs { targets[place * outputs + output].add(data.targets[output][row] * TargetEncoding.unit * weight) }
      }
      sums.slots.append(slots)
      sums.weights.append(weights)
      sums.targets.append(targets)
    }
    add(1) { _ in 0 }
    for column in data.features.columns where isEncoded(column) {
      guard case .categorical(let codes, let levels) = column.values else { continue }
      add(levels.count + 1) { Int(codes[$0]) + 1 }
    }
    return sums
  }

  /// The encoding by all folds but `left`.
  private func encoding(_ data: Dataset, _ sums: Sums, without left: Int?) throws(LearningError) -> TargetEncoding {
    let outputs = data.targets.count
    let folds = (0..<sums.foldCount).filter { $0 != left }
    /// Weight and mean of one slot.
    func mean(_ feature: Int, _ slot: Int, _ output: Int) -> (weight: Double, mean: Double) {
      var weight = 0.0
      var sum = ExactSum()
      for fold in folds {
        let place = fold * sums.slots[feature] + slot
        weight += sums.weights[feature][place]
        sum.add(sums.targets[feature][place * outputs + output])
      }
      return (weight, weight > 0 ? limited(sum.value / weight / TargetEncoding.unit) : 0)
    }
    let priors = (0..<outputs).map { mean(0, 0, $0).mean }
    var feature = 0
    let values = data.features.columns.map { column -> [[Double]]? in
      guard isEncoded(column) else { return nil }
      feature += 1
      return (0..<outputs).map { output in
        (0..<sums.slots[feature]).map { slot in
          let (weight, mean) = mean(feature, slot, output)
          guard weight > 0 else { return priors[output] }
          let share = weight / (weight + smoothing * sums.unit)
          return limited(share * mean + (1 - share) * priors[output])
        }
      }
    }
    return try TargetEncoding(schema: data.features.schema, targetNames: data.targetNames, priors: priors, values: values)
  }
}

/// How levels become numbers: what ``TargetEncoder`` learnt.
public struct TargetEncoding: Hashable, Sendable {
  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// The outputs' names.
  public let targetNames: [String]
  /// For each output the mean of all rows: what levels become of which nothing is known.
  public let priors: [Double]
  /// For each feature that is encoded, for each output, the number of a missing value, then of each level.
  let values: [[[Double]]?]

  /// Targets are summed up by so much smaller that no sum overflows.
  fileprivate static let unit = 0x1p-64

  fileprivate init(schema: FeatureSchema, targetNames: [String], priors: [Double], values: [[[Double]]?]) throws(LearningError) {
    self.schema = schema
    self.targetNames = targetNames
    self.priors = priors
    self.values = values
    var names: Set<String> = []
    for name in columnNames {
      guard names.insert(name).inserted else { throw .data("encoded by target, two features would have the name '\(name)'") }
    }
  }

  /// The names of the features that come out: a feature that is encoded keeps its name with one output, and becomes `feature: output` for
  /// each of several.
  public var columnNames: [String] {
    zip(schema.features, values).flatMap { feature, values in
      values == nil || targetNames.count == 1 ? [feature.name] : targetNames.map { "\(feature.name): \($0)" }
    }
  }

  /// The rows of `features` with numbers for levels, for rows that were not in the fit.
  ///
  /// Features are matched by name; throws when one lacks or is of another kind.
  public func transform(_ features: FeatureTable) throws(LearningError) -> FeatureTable {
    let table = try schema.aligned(features)
    return try replacing(table.columns, by: numbers(table.columns, rows: Array(0..<table.rowCount)), rowCount: table.rowCount)
  }

  /// The numbers of each encoded feature and output, for the rows at `rows` of columns that are as in the schema.
  fileprivate func numbers(_ columns: [FeatureTable.Column], rows: [Int]) -> [[Double]] {
    zip(columns, values).flatMap { column, values -> [[Double]] in
      guard let values, case .categorical(let codes, _) = column.values else { return [] }
      return values.map { values in rows.map { values[Int(codes[$0]) + 1] } }
    }
  }

  /// The columns with `numbers` in place of the encoded ones.
  fileprivate func replacing(
    _ columns: [FeatureTable.Column], by numbers: [[Double]], rowCount: Int
  ) throws(LearningError) -> FeatureTable {
    var encoded = numbers[...]
    var names = columnNames[...]
    let replaced = zip(columns, values).flatMap { column, values -> [FeatureTable.Column] in
      guard values != nil else { return [FeatureTable.Column(names.removeFirst(), column.values)] }
      return targetNames.map { _ in FeatureTable.Column(names.removeFirst(), .numeric(encoded.removeFirst())) }
    }
    return try FeatureTable(replaced, rowCount: rowCount)
  }

  /// Adds what ``init(from:)`` reads: sections `target_encoding.schema`, `.targets`, `.encoded` (the positions of the encoded features),
  /// and `.numbers` (the priors, then for each encoded feature and output those of a missing value and of the levels).
  public func write(to file: inout ModelWriter) {
    file.add("target_encoding.schema", json: schema)
    file.add("target_encoding.targets", json: targetNames)
    file.add("target_encoding.encoded", values.indices.filter { values[$0] != nil }.map { Int32($0) })
    file.add("target_encoding.numbers", priors + values.flatMap { ($0 ?? []).flatMap { $0 } })
  }

  /// Reads an encoding; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    let schema: FeatureSchema = try file.json("target_encoding.schema")
    let targetNames: [String] = try file.json("target_encoding.targets")
    let encoded = try file.numbers("target_encoding.encoded", Int32.self)
    let numbers = try file.numbers("target_encoding.numbers", Double.self)
    guard !targetNames.isEmpty else { throw file.fault("it has no output") }
    guard schema.features.allSatisfy({ Set($0.levels ?? []).count == ($0.levels ?? []).count }) else {
      throw file.fault("a level is there twice")
    }
    guard zip(encoded, encoded.dropFirst()).allSatisfy({ $0 < $1 }),
      encoded.allSatisfy({ $0 >= 0 && $0 < schema.features.count && schema.features[Int($0)].levels != nil })
    else { throw file.fault("what is encoded are not features of levels") }
    let slots = encoded.map { (schema.features[Int($0)].levels?.count ?? 0) + 1 }
    let wanted = targetNames.count * (1 + slots.reduce(0, +))
    guard numbers.count == wanted else { throw file.fault("\(counted(numbers.count, "encoded number")), expected \(wanted)") }
    guard numbers.allSatisfy(\.isFinite) else { throw file.fault("an encoded number is none") }
    var rest = numbers[...]
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    let priors = take(targetNames.count)
    var values = [[[Double]]?](repeating: nil, count: schema.features.count)
    for (feature, slots) in zip(encoded, slots) { values[Int(feature)] = targetNames.map { _ in take(slots) } }
    do throws(LearningError) {
      try self.init(schema: schema, targetNames: targetNames, priors: priors, values: values)
    } catch { throw file.fault(error.description) }
  }
}

/// A sum that carries what rounding lost, so that the order of rows hardly matters. A. Neumaier, "Rundungsfehleranalyse einiger Verfahren
/// zur Summation endlicher Summen", ZAMM 54, 1974.
private struct ExactSum {
  private var sum = 0.0, lost = 0.0

  var value: Double { sum + lost }

  mutating func add(_ number: Double) {
    let next = sum + number
    lost += abs(sum) >= abs(number) ? (sum - next) + number : (number - next) + sum
    sum = next
  }

  mutating func add(_ other: ExactSum) {
    add(other.sum)
    lost += other.lost
  }
}
