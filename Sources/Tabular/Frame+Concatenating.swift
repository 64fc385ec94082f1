extension Column {
  /// The rows of all columns, one after the other. All must have one type, but whole numbers are taken for doubles beside doubles; at
  /// least one column is needed. O(rows + distinct texts).
  public static func concatenating(_ columns: [Column]) throws(FrameError) -> Column {
    guard let first = columns.first else { throw .argument("nothing to concatenate") }
    if columns.count == 1 { return first }
    let types = Set(columns.map(\.type))
    if types == [.double, .integer] { return try concatenating(columns.map(\.asDoubles)) }
    if let other = columns.first(where: { $0.type != first.type }) {
      throw .columnType(column: "", expected: first.type.rawValue, got: other.type)
    }
    let count = columns.reduce(0) { $0 + $1.count }
    var validity: Bitmap?
    if columns.contains(where: { $0.validity != nil }) {
      validity = Bitmap(columns.lazy.flatMap { column in (0..<column.count).lazy.map { !column.isMissing($0) } })
    }
    switch first.values {
    case .double: return Column(.double(columns.flatMap(\.storedDoubles)), validity: validity)
    case .integer: return Column(.integer(columns.flatMap(\.storedIntegers)), validity: validity)
    case .timestamp: return Column(.timestamp(columns.flatMap(\.storedIntegers)), validity: validity)
    case .bool: return Column(.bool(columns.flatMap(\.storedBools)), validity: validity)
    case .text(var all):
      all.codes.reserveCapacity(count)
      for column in columns.dropFirst() {
        guard case .text(let values) = column.values else { continue }
        if values.dictionary == all.dictionary {
          all.codes += values.codes
        } else {
          let codes = values.dictionary.texts.map { all.dictionary.intern($0) }
          all.codes += values.codes.indices.map { column.isMissing($0) ? 0 : codes[Int(values.codes[$0])] }
        }
      }
      return Column(.text(all), validity: validity)
    }
  }

  /// The column with missing rows behind its own, `count` in all, which must not be less than it has. O(count).
  public func lengthened(to count: Int) -> Column {
    let more = count - self.count
    var validity = validity ?? Bitmap(repeating: true, count: self.count)
    validity.append(unset: more)
    switch values {
    case .double(let values): return Column(.double(values + Array(repeating: .nan, count: more)), validity: validity)
    case .integer(let values): return Column(.integer(values + Array(repeating: 0, count: more)), validity: validity)
    case .timestamp(let values): return Column(.timestamp(values + Array(repeating: 0, count: more)), validity: validity)
    case .bool(let values): return Column(.bool(values + Array(repeating: false, count: more)), validity: validity)
    case .text(var values):
      values.codes += Array(repeating: 0, count: more)
      return Column(.text(values), validity: validity)
    }
  }

  private var storedDoubles: [Double] { if case .double(let values) = values { values } else { [] } }

  private var storedIntegers: [Int64] {
    switch values {
    case .integer(let values), .timestamp(let values): values
    default: []
    }
  }

  private var storedBools: [Bool] { if case .bool(let values) = values { values } else { [] } }

  /// The column with whole numbers as doubles; any other as it is.
  var asDoubles: Column {
    guard case .integer(let values) = values else { return self }
    return Column(.double(values.map(Double.init)), validity: validity)
  }

  /// The values at `rows`, in that order; missing where there is no row. O(rows).
  func gathering(optional rows: [Int?]) -> Column {
    if rows.allSatisfy({ $0 != nil }) { return gathering(rows.compactMap { $0 }) }
    if count == 0 {
      var builder = ColumnBuilder(type, capacity: rows.count)
      for _ in rows { builder.appendMissing() }
      return builder.column()
    }
    let gathered = gathering(rows.map { $0 ?? 0 })
    let hasRow = Bitmap(rows.lazy.map { $0 != nil })
    return Column(gathered.values, validity: gathered.validity.map { $0 & hasRow } ?? hasRow)
  }

  /// Makes a column of numbers; `nil` is missing.
  public init(optional values: [Double?]) {
    self.init(.double(values.map { $0 ?? .nan }), validity: Bitmap(values.lazy.map { $0 != nil }))
  }
}

extension Frame {
  /// The rows of this frame and, below them, those of `other`, which must have the same columns, in any order.
  public func appending(_ other: Frame) throws(FrameError) -> Frame { try Frame.concatenating([self, other]) }

  /// The rows of all frames, one below the other; all must have the columns of the first, in any order. No frames give an empty one.
  /// O(rows × columns).
  public static func concatenating(_ frames: [Frame]) throws(FrameError) -> Frame {
    guard let first = frames.first else { return Frame() }
    for frame in frames.dropFirst() {
      if let extra = frame.names.first(where: { first[$0] == nil }) { throw .unknownColumn(extra, known: first.names) }
    }
    var columns: [(name: String, column: Column)] = []
    for name in first.names {
      var parts: [Column] = []
      for frame in frames { parts.append(try frame.column(name)) }
      do {
        columns.append((name, try Column.concatenating(parts)))
      } catch {
        guard case .columnType(_, let expected, let got) = error else { throw error }
        throw .columnType(column: name, expected: expected, got: got)
      }
    }
    return Frame(unchecked: columns, rowCount: frames.reduce(0) { $0 + $1.rowCount })
  }

  /// Makes a frame of columns that are known to have one length and names of their own.
  init(unchecked columns: [(name: String, column: Column)], rowCount: Int? = nil) {
    do {
      self = try Frame(columns, rowCount: rowCount)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
