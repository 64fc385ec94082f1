import DataAccess
public import Tabular

/// What one column of a relation holds, as `lathe data describe` shows it.
public struct ColumnDescription: Hashable, Codable, Sendable {
  /// The relation and the column.
  public var relation, column: String
  /// What it holds.
  public var type: ColumnType
  /// Rows of the relation, rows without a value, and different values.
  public var rows, missing, distinct: Int
  /// Of the values those that stand for none, such as `-` or `nan`: comparing items takes them for missing.
  public var placeholders: Int
  /// The least, the middle and the greatest value, as texts; `nil` where there are no values, or no order between them.
  public var least, median, greatest: String?
  /// The commonest texts, the commonest first; empty for other types.
  public var commonest: [Level]
  /// How many values lie in each of some steps of equal width from the least to the greatest, outliers in the first and last; of
  /// texts the counts of the commonest. Empty without values.
  public var histogram: [Int]

  /// A text and how often it occurs.
  public struct Level: Hashable, Codable, Sendable {
    /// The text.
    public var text: String
    /// Rows that have it.
    public var count: Int
  }
}

extension SQLiteFactorySource {
  /// Describes every column of a relation, or of all three. One column is held at a time. O(columns × rows log rows).
  ///
  /// - Throws: `FrameError.unknownColumn` when there is no relation of that name.
  public func describe(_ relation: String? = nil) throws -> [ColumnDescription] {
    let relations = [FactorySchema.items, FactorySchema.routingOperations, FactorySchema.workResults]
    if let relation, !relations.contains(where: { $0.name == relation }) {
      throw FrameError.unknownColumn(relation, known: relations.map(\.name))
    }
    return try relations.filter { relation == nil || $0.name == relation }.flatMap { schema in
      var columns = schema.columns.map { (name: $0.name, type: $0.type) }
      if schema.name == FactorySchema.items.name { columns += try featureColumns().map { ($0.name, $0.type) } }
      return try columns.map { name, type in
        let frame = try database.read("SELECT \(quoted(name)) FROM \(schema.name)", as: [(name, type)])
        return ColumnDescription(schema.name, name, frame.columns[0])
      }
    }
  }
}

extension ColumnDescription {
  private static let steps = 16
  private static let levels = 5

  init(_ relation: String, _ name: String, _ column: Column) {
    self.relation = relation
    self.column = name
    type = column.type
    rows = column.count
    missing = column.missingCount
    (placeholders, commonest, histogram) = (0, [], [])
    switch column.values {
    case .text(let values):
      var counts = [Int](repeating: 0, count: values.dictionary.count)
      for row in values.codes.indices where !column.isMissing(row) { counts[Int(values.codes[row])] += 1 }
      let used = counts.indices.filter { counts[$0] > 0 }
      distinct = used.count
      let texts = { (code: Int) in values.dictionary[Int32(code)] }
      placeholders = used.filter { FeatureEncoder.isPlaceholder(texts($0)) }.reduce(0) { $0 + counts[$1] }
      // Ties by the bytes of the text: the same columns give the same lines.
      let order = used.sorted { (-counts[$0], texts($0)) < (-counts[$1], texts($1)) }
      commonest = order.prefix(Self.levels).map { Level(text: texts($0), count: counts[$0]) }
      histogram = order.prefix(Self.steps).map { counts[$0] }
    case .bool(let values):
      let known = values.indices.filter { !column.isMissing($0) }
      let yes = known.count { values[$0] }
      distinct = (yes > 0 ? 1 : 0) + (yes < known.count ? 1 : 0)
      commonest = [Level(text: "true", count: yes), Level(text: "false", count: known.count - yes)].filter { $0.count > 0 }
      histogram = known.isEmpty ? [] : [known.count - yes, yes]
    case .double, .integer, .timestamp:
      let all = column.numbers ?? []
      let sorted = all.indices.filter { !column.isMissing($0) && all[$0].isFinite }.map { all[$0] }.sorted()
      distinct = zip(sorted, sorted.dropFirst()).reduce(sorted.isEmpty ? 0 : 1) { $0 + ($1.0 == $1.1 ? 0 : 1) }
      guard let first = sorted.first, let last = sorted.last else { return }
      let text = { (value: Double) in Self.text(value, column.type) }
      (least, median, greatest) = (text(first), text(sorted[sorted.count / 2]), text(last))
      histogram = Self.histogram(sorted)
    }
  }

  private static func text(_ value: Double, _ type: ColumnType) -> String {
    switch type {
    case .timestamp: Timestamp(seconds: value).map { String($0.description.prefix(10)) } ?? "–"
    case .integer: Int64(exactly: value).map { String($0) } ?? String(value)
    default: String((value * 1000).rounded() / 1000)
    }
  }

  /// Counts over the middle 98 % of the values in steps of equal width; what lies outside is in the first or last step.
  private static func histogram(_ sorted: [Double]) -> [Int] {
    let (low, high) = (sorted[sorted.count / 100], sorted[sorted.count - 1 - sorted.count / 100])
    guard low < high else { return [sorted.count] }
    var counts = [Int](repeating: 0, count: steps)
    // In halves: the range of two numbers may be more than a number holds.
    for value in sorted {
      let place = (value / 2 - low / 2) / (high / 2 - low / 2)
      counts[Int(max(0, min(Double(steps - 1), place * Double(steps))))] += 1
    }
    return counts
  }
}
