import DataAccess
import Tabular

/// The records that grow from groups of rows: one value a field and group, whatever the number of rows.
struct GroupState {
  private let fields: [CompiledField]
  private let keys: [Int]
  private var accumulators: [FieldAccumulator]
  private var keyTexts: [TextDictionary]
  /// For the second key on: a group of the keys before and a text's code, to a group.
  private var steps: [[UInt64: Int32]]
  private var columns: [Column] = []
  private var orders: [[Int64]?] = []
  private var codes: [[Int32]] = []

  /// Number of groups so far.
  var count: Int { steps.last?.count ?? 0 }

  /// Makes an empty state for `fields`, grouped by those called `groupBy`.
  init(_ fields: [CompiledField], groupBy: [String]) {
    self.fields = fields
    keys = groupBy.compactMap { name in fields.firstIndex { $0.name == name } }
    accumulators = fields.map { FieldAccumulator($0.mapping.aggregate, $0.type) }
    keyTexts = keys.map { _ in TextDictionary() }
    steps = keys.map { _ in [:] }
  }

  /// Makes ready for the rows of a block.
  ///
  /// - Parameters:
  ///   - columns: The fields' values.
  ///   - orders: For each field what `first` and `last` go by; `nil`: the file.
  mutating func begin(_ columns: [Column], orders: [[Int64]?]) {
    self.columns = columns
    self.orders = orders
    codes = keys.indices.map { interned(columns[keys[$0]], $0) }
  }

  /// Why a row cannot join its group: a value that all rows of the group must share differs.
  func objection(to row: Int) -> Objection? {
    guard let group = group(of: row), let field = fields.indices.first(where: { accumulators[$0].conflicts(columns[$0], row, group) })
    else { return nil }
    return Objection(
      reason: ImportReport.Reason.differs, column: fields[field].name, value: shown(columns[field][row]),
      expected: "\(shown(accumulators[field].cell(group))) as in the group's other rows")
  }

  /// Adds a row to its group.
  mutating func add(_ row: Int) {
    let group = groupMade(for: row)
    for field in fields.indices { accumulators[field].add(columns[field], row, group, orders[field]?[row]) }
  }

  /// The records of a range of groups, in the order in which groups were first seen.
  func frame(_ range: Range<Int>) throws(FrameError) -> Frame {
    var columns: [(name: String, column: Column)] = []
    for (field, accumulator) in zip(fields, accumulators) {
      columns.append((field.name, try Column(range.map { accumulator.cell($0) }, as: field.type)))
    }
    return try Frame(columns, rowCount: range.count)
  }

  private func step(_ group: Int, _ level: Int, _ row: Int) -> UInt64 {
    UInt64(group) << 32 | UInt64(UInt32(bitPattern: codes[level][row]))
  }

  private func group(of row: Int) -> Int? {
    var group = 0
    for level in keys.indices {
      guard let next = steps[level][step(group, level, row)] else { return nil }
      group = Int(next)
    }
    return group
  }

  private mutating func groupMade(for row: Int) -> Int {
    var group = 0
    for level in keys.indices {
      let step = step(group, level, row)
      if let known = steps[level][step] {
        group = Int(known)
      } else {
        group = steps[level].count
        steps[level][step] = Int32(group)
        if level == keys.count - 1 {
          for field in accumulators.indices { accumulators[field].addGroup() }
        }
      }
    }
    return group
  }

  /// Codes of a key's values that hold across blocks.
  private mutating func interned(_ column: Column, _ level: Int) -> [Int32] {
    guard case .text(let values) = column.values, column.validity == nil else {
      return (0..<column.count).map { keyTexts[level].intern(column.isMissing($0) ? "" : "=" + shown(column[$0])) }
    }
    let codes = values.dictionary.texts.map { keyTexts[level].intern("=" + $0) }
    return values.codes.map { codes[Int($0)] }
  }
}

/// Why a row that could be read is not taken.
struct Objection {
  var reason: String
  var column: String
  var value: String
  var expected: String
}

/// One field of all groups.
private struct FieldAccumulator {
  private let aggregate: ImportMapping.Aggregate
  private let type: ColumnType
  private var numbers: [Double] = []
  private var counts: [Int32] = []
  private var cells: [Cell] = []
  private var orders: [Int64] = []
  private var frequencies: [[(cell: Cell, count: Int)]] = []

  init(_ aggregate: ImportMapping.Aggregate, _ type: ColumnType) {
    self.aggregate = aggregate
    self.type = type
  }

  mutating func addGroup() {
    switch aggregate {
    case .sum, .count:
      numbers.append(0)
      counts.append(0)
    case .mostFrequent: frequencies.append([])
    case .same, .min, .max: cells.append(.missing)
    case .first, .last:
      cells.append(.missing)
      orders.append(0)
    }
  }

  /// Whether all rows must have one value and this row has another.
  func conflicts(_ column: Column, _ row: Int, _ group: Int) -> Bool {
    guard aggregate == .same, !column.isMissing(row), cells[group] != .missing else { return false }
    return cells[group] != column[row]
  }

  mutating func add(_ column: Column, _ row: Int, _ group: Int, _ order: Int64?) {
    if column.isMissing(row) { return }
    switch aggregate {
    case .sum:
      numbers[group] += column.number(row) ?? 0
      counts[group] += 1
    case .count: counts[group] += 1
    case .same: if cells[group] == .missing { cells[group] = column[row] }
    case .min: if cells[group] == .missing || precedes(column[row], cells[group]) { cells[group] = column[row] }
    case .max: if cells[group] == .missing || precedes(cells[group], column[row]) { cells[group] = column[row] }
    case .first:
      if cells[group] == .missing || order ?? 0 < orders[group] {
        cells[group] = column[row]
        orders[group] = order ?? 0
      }
    case .last:
      if cells[group] == .missing || order ?? 0 >= orders[group] {
        cells[group] = column[row]
        orders[group] = order ?? 0
      }
    case .mostFrequent:
      let cell = column[row]
      if let index = frequencies[group].firstIndex(where: { $0.cell == cell }) {
        frequencies[group][index].count += 1
      } else {
        frequencies[group].append((cell, 1))
      }
    }
  }

  func cell(_ group: Int) -> Cell {
    switch aggregate {
    case .sum: counts[group] == 0 ? .missing : .double(numbers[group])
    case .count: type == .integer ? .integer(Int64(counts[group])) : .double(Double(counts[group]))
    case .same, .min, .max, .first, .last: cells[group]
    // `max(by:)` would take the last of equals: the first was seen first.
    case .mostFrequent: frequencies[group].reduce((cell: Cell.missing, count: 0)) { $1.count > $0.count ? $1 : $0 }.cell
    }
  }

  private func precedes(_ left: Cell, _ right: Cell) -> Bool {
    switch (left, right) {
    case (.double(let left), .double(let right)): left < right
    case (.integer(let left), .integer(let right)): left < right
    case (.timestamp(let left), .timestamp(let right)): left < right
    case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
    default: false
    }
  }
}

/// A value as a key or message has it.
func shown(_ cell: Cell) -> String {
  switch cell {
  case .missing: ""
  case .double(let value): value.description
  case .integer(let value): value.description
  case .bool(let value): value ? "true" : "false"
  case .text(let value): value
  case .timestamp(let value): value.description
  }
}
