import Tabular

#if canImport(Glibc)
  import Glibc
#endif

/// What a ``Transformer`` learnt: how the features of a table become others.
public struct FittedTransformer: Hashable, Sendable {
  /// How one feature is changed.
  enum Change: Hashable, Codable, Sendable {
    /// Numbers become (number − center) ÷ scale.
    case scaled(center: Double, scale: Double)
    /// Numbers are multiplied.
    case weighted(Double)
    /// A missing number becomes another; a second feature, if it has a name, is 1 where it was missing.
    case filled(Double, indicator: String?)
    /// A missing level becomes another, new or not; a second feature as of numbers.
    case filledLevel(String, indicator: String?)
    /// Numbers become the natural logarithm of number + offset; missing where there is none.
    case logarithm(offset: Double)
    /// Levels become numbers: for each new feature that of a missing level, then of each.
    case numbers(names: [String], values: [[Double]])
    /// Levels become 0 and 1: the new feature that is 1 for a missing level, then for each; −1: none.
    case indicators(names: [String], places: [Int32])
  }

  /// The most numbers that are made at a time, two gigabytes of them.
  private static let mostNumbers = 1 << 28

  /// Which transformer learnt it.
  public let name: String
  /// The features that are changed, with the levels that are known.
  public let inputs: FeatureSchema
  let changes: [Change]

  init(_ name: String, inputs: FeatureSchema, changes: [Change]) {
    self.name = name
    self.inputs = inputs
    self.changes = changes
  }

  /// The rows of `table` with changed features, new ones in the places of those that they are made of; other features stay as they are.
  ///
  /// Features are matched by name; throws when one that is to be changed lacks or is of another kind, or when two get one name. A level
  /// that was not in the fit counts as missing.
  /// - Complexity: O(rows × features).
  public func transform(_ table: FeatureTable) throws(LearningError) -> FeatureTable {
    let aligned = try inputs.aligned(table, for: name)
    guard columnCount <= Self.mostNumbers / max(1, table.rowCount) else {
      throw .data(
        "\(name) would make \(columnCount) features of \(counted(table.rowCount, "row")), more than \(Self.mostNumbers) numbers: "
          + "name fewer 'columns' or tell fewer levels apart")
    }
    let places = Dictionary(uniqueKeysWithValues: inputs.features.enumerated().map { ($1.name, $0) })
    return try FeatureTable(
      table.columns.flatMap { column in
        places[column.name].map { changes[$0].columns(of: aligned.columns[$0]) } ?? [column]
      }, rowCount: table.rowCount)
  }

  /// Number of features that come of those that are changed.
  public var columnCount: Int {
    changes.reduce(0) { count, change in
      switch change {
      case .scaled, .weighted, .logarithm: count + 1
      case .filled(_, let indicator), .filledLevel(_, let indicator): count + (indicator == nil ? 1 : 2)
      case .numbers(let names, _), .indicators(let names, _): count + names.count
      }
    }
  }

  /// Adds what ``init(from:)`` reads.
  public func write(to file: inout ModelWriter) {
    file.add("name", json: [name])
    file.add("inputs", json: inputs)
    file.add("changes", json: changes)
  }

  /// Reads a transformer; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    guard let name = try file.json("name", [String].self).first else { throw file.fault("its transformer has no name") }
    self.name = name
    inputs = try file.json("inputs")
    changes = try file.json("changes")
    guard changes.count == inputs.features.count, Set(inputs.features.map(\.name)).count == inputs.features.count else {
      throw file.fault("its changes do not fit its features")
    }
    for (feature, change) in zip(inputs.features, changes) {
      guard change.fits(feature) else { throw file.fault("what is made of feature '\(feature.name)' does not fit it") }
    }
  }
}

extension FittedTransformer.Change {
  /// What becomes of `column`, which is of the kind that the change is for.
  fileprivate func columns(of column: FeatureTable.Column) -> [FeatureTable.Column] {
    switch (self, column.values) {
    case (.scaled(let center, let scale), .numeric(let numbers)):
      // Halves, because the difference of two huge numbers overflows.
      return [.init(column.name, .numeric(numbers.map { ($0 / 2 - center / 2) / (scale / 2) }))]
    case (.weighted(let weight), .numeric(let numbers)):
      return [.init(column.name, .numeric(numbers.map { limited($0 * weight) }))]
    case (.filled(let number, let indicator), .numeric(let numbers)):
      return [.init(column.name, .numeric(numbers.map { $0.isNaN ? number : $0 }))]
        + (indicator.map { [.init($0, .numeric(numbers.map { $0.isNaN ? 1 : 0 }))] } ?? [])
    case (.filledLevel(let level, let indicator), .categorical(let codes, let levels)):
      let known = levels.firstIndex(of: level)
      let place = Int32(known ?? levels.count)
      return [
        .init(column.name, .categorical(codes.map { $0 < 0 ? place : $0 }, levels: known == nil ? levels + [level] : levels))
      ] + (indicator.map { [.init($0, .numeric(codes.map { $0 < 0 ? 1 : 0 }))] } ?? [])
    case (.logarithm(let offset), .numeric(let numbers)):
      return [.init(column.name, .numeric(numbers.map { $0 + offset > 0 ? log($0 + offset) : .nan }))]
    case (.numbers(let names, let values), .categorical(let codes, _)):
      return zip(names, values).map { name, values in .init(name, .numeric(codes.map { values[Int($0) + 1] })) }
    case (.indicators(let names, let places), .categorical(let codes, _)):
      let chosen = codes.map { places[Int($0) + 1] }
      return names.enumerated().map { place, name in .init(name, .numeric(chosen.map { $0 == Int32(place) ? 1 : 0 })) }
    default: preconditionFailure("an aligned feature has the kind of its schema")
    }
  }

  /// Whether it can change any value of `feature`.
  fileprivate func fits(_ feature: FeatureSchema.Feature) -> Bool {
    switch (self, feature.levels) {
    case (.scaled(let center, let scale), nil): center.isFinite && scale.isFinite && scale >= 2 * .leastNormalMagnitude
    case (.weighted(let weight), nil): weight.isFinite && weight >= 0
    case (.filled(let number, _), nil): number.isFinite
    case (.filledLevel, let levels?): Set(levels).count == levels.count
    case (.logarithm(let offset), nil): offset.isFinite
    case (.numbers(let names, let values), let levels?):
      Set(levels).count == levels.count && names.count == values.count && values.allSatisfy { $0.count == levels.count + 1 }
    case (.indicators(let names, let places), let levels?):
      Set(levels).count == levels.count && places.count == levels.count + 1 && places.allSatisfy { $0 >= -1 && $0 < names.count }
    default: false
    }
  }
}
