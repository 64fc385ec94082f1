import Learning
import Tabular

/// Items' features as models see them, row by row of a frame; what stands for "no value" in factory data is missing.
struct ItemColumns {
  let columns: [FeatureTable.Column]

  /// Takes `features` from `frame`; one that has no column there is left out.
  init(_ features: [Feature], in frame: Frame) {
    columns = features.compactMap { feature in
      guard let column = frame[feature.name] else { return nil }
      let name = "item." + feature.name
      if feature.kind == .numeric {
        let numbers = FeatureEncoder.numbers(column)
        return FeatureTable.Column(name, .numeric(numbers.map { $0.isFinite ? $0 : .nan }))
      }
      var levels: [String] = []
      var codes: [String: Int32] = [:]
      let codeOfRow = (0..<column.count).map { row -> Int32 in
        guard let text = Self.level(of: column[row]) else { return -1 }
        if let code = codes[text] { return code }
        codes[text] = Int32(levels.count)
        levels.append(text)
        return Int32(levels.count - 1)
      }
      return FeatureTable.Column(name, .categorical(codeOfRow, levels: levels))
    }
  }

  private static func level(of cell: Cell) -> String? {
    switch cell {
    case .missing: nil
    case .text(let text): FeatureEncoder.isPlaceholder(text) ? nil : text
    case .bool(let flag): String(flag)
    case .integer(let number): String(number)
    case .double(let number): String(number)
    case .timestamp(let instant): String(describing: instant)
    }
  }
}

/// Numbers of the levels of items' features that a change may concern: of each feature of two to sixty levels.
struct FeatureGroups: Codable, Sendable {
  private struct Feature: Codable {
    var name: String
    var numbers: [String: Int32]
  }

  private var features: [Feature] = []

  /// Numbers the levels of `columns`.
  init(_ columns: ItemColumns) {
    var next = WorkGroup.firstFeature
    for column in columns.columns {
      guard case .categorical(_, let levels) = column.values, (2...60).contains(levels.count) else { continue }
      features.append(
        Feature(name: column.name, numbers: Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, next + Int32($0)) })))
      next += Int32(levels.count)
    }
  }

  /// The numbers of the groups that each row belongs to; none of a row that is `nil`. A level that was not numbered has no group.
  func numbers(of columns: ItemColumns, rows: [Int?]) -> [[Int32]] {
    var groups = Array(repeating: [Int32](), count: rows.count)
    for feature in features {
      for column in columns.columns where column.name == feature.name {
        guard case .categorical(let codes, let levels) = column.values else { continue }
        let numbers = levels.map { feature.numbers[$0] }
        for (place, row) in rows.enumerated() {
          if let row, codes[row] >= 0, let number = numbers[Int(codes[row])] { groups[place].append(number) }
        }
      }
    }
    return groups
  }
}

/// Lays out what is known about operations as the table that models learn from.
struct MinutesTable {
  /// Levels of `job` and `resource`, by number.
  let jobs, resources: [String]
  /// The items' features.
  let columns: ItemColumns

  /// The table of some operations.
  ///
  /// - Parameter itemRows: For each operation the row of its item in `columns`; `nil` when it has none.
  func features(_ known: [(query: MinutesQuery, features: MinutesFeatures)], itemRows: [Int?]) throws(LearningError) -> FeatureTable {
    func codes(_ number: (MinutesQuery) -> Int32, _ levels: [String]) -> FeatureTable.Values {
      .categorical(known.map { number($0.query) < levels.count ? number($0.query) : -1 }, levels: levels)
    }
    var features = [
      FeatureTable.Column("job", codes(\.job, jobs)), FeatureTable.Column("resource", codes(\.resource, resources)),
    ]
    for (position, name) in MinutesFeatures.names.enumerated() {
      features.append(FeatureTable.Column(name, .numeric(known.map { $0.features.values[position] })))
    }
    for column in columns.columns {
      switch column.values {
      case .numeric(let numbers):
        features.append(FeatureTable.Column(column.name, .numeric(itemRows.map { $0.map { numbers[$0] } ?? .nan })))
      case .categorical(let codes, let levels):
        features.append(FeatureTable.Column(column.name, .categorical(itemRows.map { $0.map { codes[$0] } ?? -1 }, levels: levels)))
      }
    }
    return try FeatureTable(features, rowCount: known.count)
  }
}
