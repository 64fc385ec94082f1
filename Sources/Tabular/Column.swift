/// What a column holds.
public enum ColumnType: String, CaseIterable, Codable, Sendable {
  case double, integer, bool, text, timestamp
}

/// One value of a column.
public enum Cell: Hashable, Sendable {
  case missing
  case double(Double)
  case integer(Int64)
  case bool(Bool)
  case text(String)
  case timestamp(Timestamp)
}

/// Text values as codes into the dictionary of their distinct texts. The code of a missing row means nothing.
public struct TextValues: Hashable, Sendable {
  /// The distinct texts.
  public var dictionary: TextDictionary
  /// A code a row.
  public var codes: [Int32]

  /// Makes text values from codes into `dictionary`.
  public init(dictionary: TextDictionary, codes: [Int32]) {
    self.dictionary = dictionary
    self.codes = codes
  }

  /// The text of `row`.
  public subscript(row: Int) -> String { dictionary[codes[row]] }
}

/// Values of one type, one a row, any of which may be missing.
///
/// A value: copying is O(1) until one copy is changed. NaN is a value, not a missing one.
public struct Column: Sendable {
  /// The values by type. What stands at a missing row means nothing.
  public enum Values: Sendable {
    case double([Double])
    case integer([Int64])
    case bool([Bool])
    case text(TextValues)
    /// Microseconds since 1970-01-01T00:00:00Z.
    case timestamp([Int64])
  }

  /// The values by type.
  public let values: Values
  /// A set bit for each row that has a value; `nil` when all have one.
  public let validity: Bitmap?

  /// Makes a column; `validity`, when given, has a bit a value.
  public init(_ values: Values, validity: Bitmap? = nil) {
    self.values = values
    self.validity = validity.flatMap { $0.isAllSet ? nil : $0 }
    precondition(validity == nil || validity?.count == count, "validity of another length than the values")
  }

  /// Makes a column of numbers without missing ones.
  public init(_ values: [Double]) { self.init(.double(values)) }

  /// Makes a column of whole numbers without missing ones.
  public init(_ values: [Int64]) { self.init(.integer(values)) }

  /// Makes a column of truth values without missing ones.
  public init(_ values: [Bool]) { self.init(.bool(values)) }

  /// Makes a column of instants without missing ones.
  public init(_ values: [Timestamp]) { self.init(.timestamp(values.map { $0.microseconds })) }

  /// Makes a column of texts; `nil` is missing.
  public init(_ texts: [String?]) {
    var builder = ColumnBuilder(.text, capacity: texts.count)
    for text in texts { if let text { builder.append(text) } else { builder.appendMissing() } }
    self = builder.column()
  }

  /// Makes a column of `type` from cells; a cell of another type throws, but an integer is taken for a double.
  public init(_ cells: [Cell], as type: ColumnType) throws(FrameError) {
    var builder = ColumnBuilder(type, capacity: cells.count)
    for cell in cells { try builder.append(cell) }
    self = builder.column()
  }

  /// What the column holds.
  public var type: ColumnType {
    switch values {
    case .double: .double
    case .integer: .integer
    case .bool: .bool
    case .text: .text
    case .timestamp: .timestamp
    }
  }

  /// Number of rows.
  public var count: Int {
    switch values {
    case .double(let values): values.count
    case .integer(let values), .timestamp(let values): values.count
    case .bool(let values): values.count
    case .text(let values): values.codes.count
    }
  }

  /// Number of missing rows.
  public var missingCount: Int { validity.map { $0.count - $0.setCount } ?? 0 }

  /// Whether `row` has no value.
  public func isMissing(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }

  /// The value of `row`.
  public subscript(row: Int) -> Cell {
    if isMissing(row) { return .missing }
    switch values {
    case .double(let values): return .double(values[row])
    case .integer(let values): return .integer(values[row])
    case .bool(let values): return .bool(values[row])
    case .text(let values): return .text(values[row])
    case .timestamp(let values): return .timestamp(Timestamp(microseconds: values[row]))
    }
  }

  /// The text of `row`, or `nil` when it is missing or the column holds no texts.
  public func text(_ row: Int) -> String? {
    guard case .text(let values) = values, !isMissing(row) else { return nil }
    return values[row]
  }

  /// The number of `row` (true is 1, an instant its seconds), or `nil` when it is missing or a text.
  public func number(_ row: Int) -> Double? {
    if isMissing(row) { return nil }
    switch values {
    case .double(let values): return values[row]
    case .integer(let values): return Double(values[row])
    case .bool(let values): return values[row] ? 1 : 0
    case .text: return nil
    case .timestamp(let values): return Double(values[row]) / 1e6
    }
  }

  /// The instant of `row`, or `nil` when it is missing or the column holds none.
  public func timestamp(_ row: Int) -> Timestamp? {
    guard case .timestamp(let values) = values, !isMissing(row) else { return nil }
    return Timestamp(microseconds: values[row])
  }

  /// All rows as numbers, a missing one as NaN (true is 1, an instant its seconds), or `nil` for a column of texts. O(1) for a
  /// column of doubles without missing rows.
  public var numbers: [Double]? {
    var numbers: [Double]
    switch values {
    case .double(let values): numbers = values
    case .integer(let values): numbers = values.map(Double.init)
    case .bool(let values): numbers = values.map { $0 ? 1 : 0 }
    case .timestamp(let values): numbers = values.map { Double($0) / 1e6 }
    case .text: return nil
    }
    if let validity { for row in numbers.indices where !validity[row] { numbers[row] = .nan } }
    return numbers
  }

  /// All rows as texts, or `nil` when the column holds none.
  public var texts: [String?]? {
    guard case .text(let values) = values else { return nil }
    let known = values.dictionary.texts
    return values.codes.indices.map { isMissing($0) ? nil : known[Int(values.codes[$0])] }
  }

  /// The values at `rows`, in that order. O(rows).
  public func gathering(_ rows: [Int]) -> Column {
    let validity = validity?.gathering(rows)
    switch values {
    case .double(let values): return Column(.double(rows.map { values[$0] }), validity: validity)
    case .integer(let values): return Column(.integer(rows.map { values[$0] }), validity: validity)
    case .bool(let values): return Column(.bool(rows.map { values[$0] }), validity: validity)
    case .timestamp(let values): return Column(.timestamp(rows.map { values[$0] }), validity: validity)
    case .text(let values):
      return Column(.text(TextValues(dictionary: values.dictionary, codes: rows.map { values.codes[$0] })), validity: validity)
    }
  }
}

extension Column: Equatable {
  /// Whether both have the same type and, row by row, the same value or none; dictionaries may differ in order. NaN equals NaN here.
  public static func == (left: Column, right: Column) -> Bool {
    guard left.type == right.type, left.count == right.count else { return false }
    return (0..<left.count).allSatisfy { row in
      switch (left[row], right[row]) {
      case (.double(let left), .double(let right)): left == right || left.isNaN && right.isNaN
      case (let left, let right): left == right
      }
    }
  }
}

/// Collects the values of a column one by one.
public struct ColumnBuilder: Sendable {
  /// What the column holds.
  public let type: ColumnType
  private var doubles: [Double] = []
  private var integers: [Int64] = []
  private var bools: [Bool] = []
  private var codes: [Int32] = []
  private var dictionary = TextDictionary()
  private var validity: Bitmap?
  /// Number of values so far, missing ones included.
  public private(set) var count = 0

  /// Makes a builder with room for `capacity` values.
  public init(_ type: ColumnType, capacity: Int = 0) {
    self.type = type
    switch type {
    case .double: doubles.reserveCapacity(capacity)
    case .integer, .timestamp: integers.reserveCapacity(capacity)
    case .bool: bools.reserveCapacity(capacity)
    case .text: codes.reserveCapacity(capacity)
    }
  }

  /// Adds a number; the column must hold doubles.
  public mutating func append(_ value: Double) {
    doubles.append(value)
    advance()
  }

  /// Adds a whole number, or an instant's microseconds; the column must hold one of these.
  public mutating func append(_ value: Int64) {
    integers.append(value)
    advance()
  }

  /// Adds a truth value; the column must hold these.
  public mutating func append(_ value: Bool) {
    bools.append(value)
    advance()
  }

  /// Adds an instant; the column must hold these.
  public mutating func append(_ value: Timestamp) { append(value.microseconds) }

  /// Adds a text; the column must hold texts.
  public mutating func append(_ value: String) {
    codes.append(dictionary.intern(value))
    advance()
  }

  /// Adds a text by its UTF-8 bytes; the column must hold texts.
  public mutating func append(utf8 value: UnsafeBufferPointer<UInt8>) {
    codes.append(dictionary.intern(value))
    advance()
  }

  /// Adds a row without a value.
  public mutating func appendMissing() {
    switch type {
    case .double: doubles.append(.nan)
    case .integer, .timestamp: integers.append(0)
    case .bool: bools.append(false)
    case .text: codes.append(0)
    }
    if validity == nil { validity = Bitmap(repeating: true, count: count) }
    validity?.append(false)
    count += 1
  }

  /// Adds a cell; one of another type throws, but an integer is taken for a double.
  public mutating func append(_ cell: Cell) throws(FrameError) {
    switch (cell, type) {
    case (.missing, _): appendMissing()
    case (.double(let value), .double): append(value)
    case (.integer(let value), .double): append(Double(value))
    case (.integer(let value), .integer): append(value)
    case (.bool(let value), .bool): append(value)
    case (.text(let value), .text): append(value)
    case (.timestamp(let value), .timestamp): append(value)
    default: throw FrameError.cellType(expected: type, got: cell)
    }
  }

  /// The column of all values so far.
  public func column() -> Column {
    let values: Column.Values =
      switch type {
      case .double: .double(doubles)
      case .integer: .integer(integers)
      case .bool: .bool(bools)
      case .timestamp: .timestamp(integers)
      case .text: .text(TextValues(dictionary: dictionary, codes: codes))
      }
    return Column(values, validity: validity)
  }

  private mutating func advance() {
    validity?.append(true)
    count += 1
  }
}
