public import Tabular

/// What models learn from and predict from: columns of numbers and of levels, each row one case.
///
/// Missing values are data: NaN in a column of numbers, −1 in one of levels.
///
///     let table = try FeatureTable(frame, columns: ["material", "outer_diameter", "quantity"])
public struct FeatureTable: Hashable, Sendable {
  /// One feature of every row.
  public struct Column: Hashable, Sendable {
    /// The feature's name.
    public let name: String
    /// Its values, one a row.
    public var values: Values

    /// Makes a column.
    public init(_ name: String, _ values: Values) {
      self.name = name
      self.values = values
    }

    /// Number of rows.
    public var count: Int {
      switch values {
      case .numeric(let numbers): numbers.count
      case .categorical(let codes, _): codes.count
      }
    }
  }

  /// A feature's values by kind.
  public enum Values: Hashable, Sendable {
    /// A number a row; NaN where it is missing.
    case numeric([Double])
    /// A position in `levels` a row; −1 where it is missing. The levels are distinct and in no order that means anything.
    case categorical([Int32], levels: [String])
  }

  /// The features, in the order in which models see them. Their names are distinct.
  public let columns: [Column]
  /// Number of rows.
  public let rowCount: Int

  /// Makes a table; `rowCount` is needed when there is no column.
  public init(_ columns: [Column], rowCount: Int? = nil) throws(LearningError) {
    self.columns = columns
    self.rowCount = rowCount ?? columns.first?.count ?? 0
    var names: Set<String> = []
    for column in columns {
      guard names.insert(column.name).inserted else { throw .data("two features have the name '\(column.name)'") }
      guard column.count == self.rowCount else {
        throw .data("feature '\(column.name)' has \(counted(column.count, "row")), the table has \(self.rowCount)")
      }
      guard case .categorical(let codes, let levels) = column.values else { continue }
      guard Set(levels).count == levels.count else { throw .data("feature '\(column.name)' has a level twice") }
      if let code = codes.first(where: { $0 < -1 || Int($0) >= levels.count }) {
        throw .data("feature '\(column.name)' has code \(code); expected −1 or a position among its \(counted(levels.count, "level"))")
      }
    }
  }

  /// Makes a table of numbers, a feature a column of `matrix`, named `x1`, `x2`, ….
  public init(numeric matrix: Matrix) {
    rowCount = matrix.rowCount
    columns = (0..<matrix.columnCount).map { column in
      Column("x\(column + 1)", .numeric((0..<matrix.rowCount).map { Double(matrix[$0, column]) }))
    }
  }

  /// Makes a table of a frame's columns: texts become levels, truth values 0 and 1, instants seconds since 1970.
  ///
  /// - Parameter names: The columns, in order; `nil`: all.
  public init(_ frame: Frame, columns names: [String]? = nil) throws(LearningError) {
    var columns: [Column] = []
    for name in names ?? frame.names {
      guard let column = frame[name] else {
        throw .data("the frame has no column '\(name)'" + suggestion(for: name, in: frame.names))
      }
      columns.append(Column(name, Self.values(of: column)))
    }
    try self.init(columns, rowCount: frame.rowCount)
  }

  private static func values(of column: Tabular.Column) -> Values {
    guard case .text(let texts) = column.values else { return .numeric(column.numbers ?? []) }
    // Only levels that occur count, by first occurrence: a frame that was filtered keeps the texts of all its former rows.
    var levels: [String] = []
    var positions: [Int32: Int32] = [:]
    let codes = texts.codes.enumerated().map { row, code -> Int32 in
      guard column.validity?[row] ?? true else { return -1 }
      if let known = positions[code] { return known }
      positions[code] = Int32(levels.count)
      levels.append(texts.dictionary[code])
      return Int32(levels.count - 1)
    }
    return .categorical(codes, levels: levels)
  }

  /// The rows at `rows`, in that order.
  public func selecting(rows: [Int]) -> FeatureTable {
    FeatureTable(
      unchecked: columns.map { column in
        switch column.values {
        case .numeric(let numbers): Column(column.name, .numeric(rows.map { numbers[$0] }))
        case .categorical(let codes, let levels): Column(column.name, .categorical(rows.map { codes[$0] }, levels: levels))
        }
      }, rowCount: rows.count)
  }

  /// What the features are, without their values.
  public var schema: FeatureSchema {
    FeatureSchema(
      features: columns.map { column in
        switch column.values {
        case .numeric: FeatureSchema.Feature(name: column.name, levels: nil)
        case .categorical(_, let levels): FeatureSchema.Feature(name: column.name, levels: levels)
        }
      })
  }

  private init(unchecked columns: [Column], rowCount: Int) {
    self.columns = columns
    self.rowCount = rowCount
  }
}

/// Names and kinds of features: what a model was fitted on, and asks for.
public struct FeatureSchema: Hashable, Codable, Sendable {
  /// One feature.
  public struct Feature: Hashable, Codable, Sendable {
    /// Its name.
    public let name: String
    /// The levels by code; `nil` for a feature of numbers.
    public let levels: [String]?
  }

  /// The features, in order.
  public let features: [Feature]

  /// The features of `table` in this order and with these levels; a level that was not known is missing.
  ///
  /// Throws when a feature lacks or is of another kind, unless all its values miss; features that are not asked for are left out. `asker` is
  /// who wants them, for messages.
  public func aligned(_ table: FeatureTable, for asker: String = "the model") throws(LearningError) -> FeatureTable {
    if table.schema == self { return table }
    try check(names: table.columns.map(\.name), for: asker)
    let columns = Dictionary(uniqueKeysWithValues: table.columns.map { ($0.name, $0) })
    var aligned: [FeatureTable.Column] = []
    for feature in features {
      guard let column = columns[feature.name] else { preconditionFailure("all names were checked") }
      switch (column.values, feature.levels) {
      case (.numeric, nil): aligned.append(column)
      case (.categorical(let codes, let levels), let known?):
        if levels == known {
          aligned.append(column)
          continue
        }
        let places = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, Int32($0)) })
        let moved = levels.map { places[$0] ?? -1 }
        aligned.append(FeatureTable.Column(column.name, .categorical(codes.map { $0 < 0 ? -1 : moved[Int($0)] }, levels: known)))
      // A column without any value is of no kind.
      case (.numeric(let numbers), let known?) where numbers.allSatisfy(\.isNaN):
        aligned.append(FeatureTable.Column(column.name, .categorical(numbers.map { _ in -1 }, levels: known)))
      case (.categorical(let codes, _), nil) where codes.allSatisfy({ $0 < 0 }):
        aligned.append(FeatureTable.Column(column.name, .numeric(codes.map { _ in .nan })))
      case (.numeric, _?): throw .data("feature '\(feature.name)' has levels in \(asker), got numbers")
      case (.categorical, nil): throw .data("feature '\(feature.name)' has numbers in \(asker), got levels")
      }
    }
    return try FeatureTable(aligned, rowCount: table.rowCount)
  }

  /// Throws when a feature is not among `names`. What is suggested is none that is wanted itself.
  public func check(names: [String], for asker: String = "the model") throws(LearningError) {
    let known = Set(names)
    guard let lacking = features.first(where: { !known.contains($0.name) })?.name else { return }
    let wanted = Set(features.map(\.name))
    throw .data(
      "\(asker) wants feature '\(lacking)', which is not there" + suggestion(for: lacking, in: names.filter { !wanted.contains($0) }))
  }
}
