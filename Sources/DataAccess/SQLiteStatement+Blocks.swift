import GRDBSQLite
import Tabular

extension SQLiteStatement {
  /// The names of the result columns, a repeated one with `_2`, `_3`, … added, so that a join can be read into one frame.
  func uniqueColumnNames() -> [String] {
    var names: [String] = []
    var taken: Set<String> = []
    for index in 0..<columnCount {
      let name = columnName(index)
      var unique = name
      var occurrence = 1
      while !taken.insert(unique).inserted {
        occurrence += 1
        unique = "\(name)_\(occurrence)"
      }
      names.append(unique)
    }
    return names
  }

  /// Names and empty columns for the rows of this statement: as asked, or found out when `types` is `nil`.
  func sink(as types: [(name: String, type: ColumnType)]?, at place: SQLitePlace) throws(DataAccessError) -> (FrameSink, [String]) {
    let count = columnCount
    guard count > 0 else { throw place.refusal("the statement gives no rows", sql: sql) }
    guard let types else {
      return (FrameSink((0..<count).map { (declaredType($0), true) }), uniqueColumnNames())
    }
    guard types.count == count else {
      throw place.refusal("the statement gives \(count) columns, expected \(types.count)", sql: sql)
    }
    return (FrameSink(types.map { ($0.type, false) }), types.map(\.name))
  }

  /// Steps through at most `limit` rows and adds them to `sink`. Returns whether there may be more.
  ///
  /// This is the loop that all reading goes through: a type and a value call a cell, a store, and no object a row.
  func fetch(_ limit: Int, into sink: FrameSink, names: [String], at place: SQLitePlace) throws(DataAccessError) -> Bool {
    let columns = sink.columns
    let count = sink.columnCount
    var fetched = 0
    while fetched < limit {
      let code = sqlite3_step(raw)
      if code == SQLITE_DONE {
        try checkTexts(sink, names, at: place)
        return false
      }
      guard code == SQLITE_ROW else { throw place.error(code, connection, sql: sql) }
      let row = sink.startRow()
      for index in 0..<count where !take(Int32(truncatingIfNeeded: index), into: &columns[index], row) {
        try takeOther(index, into: &columns[index], row, names: names, at: place)
      }
      sink.finishRow()
      fetched &+= 1
    }
    try checkTexts(sink, names, at: place)
    return true
  }

  private func checkTexts(_ sink: FrameSink, _ names: [String], at place: SQLitePlace) throws(DataAccessError) {
    guard let (row, index) = sink.invalidText() else { return }
    throw valueError(index, row, names, at: place, got: "bytes that are no valid UTF-8")
  }

  /// Takes a value of the storage class that its column expects; false when it is another one.
  ///
  /// By `sqlite3_value_…` of the value rather than `sqlite3_column_…` of its place, each of which finds the value and takes a lock anew.
  /// SQLite allows that where nobody else uses the connection meanwhile: it lends a reader to one closure at a time.
  @inline(__always) private func take(_ index: Int32, into column: inout ColumnSink, _ row: Int) -> Bool {
    let value = sqlite3_column_value(raw, index)
    let storage = sqlite3_value_type(value)
    if storage == SQLITE_NULL {
      column.putMissing(at: row)
      return true
    }
    switch column.type {
    case .double:
      if storage == SQLITE_FLOAT {
        column.put(sqlite3_value_double(value), at: row)
        return true
      }
      if storage == SQLITE_INTEGER {
        column.put(Double(sqlite3_value_int64(value)), at: row)
        return true
      }
      return false
    case .integer, .timestamp:
      guard storage == SQLITE_INTEGER else { return false }
      column.put(sqlite3_value_int64(value), at: row)
      return true
    case .text:
      guard storage == SQLITE_TEXT else { return false }
      let text = sqlite3_value_text(value)
      column.put(utf8: UnsafeBufferPointer(start: text, count: Int(sqlite3_value_bytes(value))), at: row)
      return true
    case .bool:
      guard storage == SQLITE_INTEGER else { return false }
      let number = sqlite3_value_int64(value)
      column.put(number == 1, at: row)
      return number == 0 || number == 1
    case nil: return false
    }
  }

  /// The bytes of a value as text: valid until the next step or conversion of the value.
  @inline(__always) private func bytes(_ index: Int32) -> UnsafeBufferPointer<UInt8> {
    let text = sqlite3_column_text(raw, index)
    return UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(raw, index)))
  }

  /// Takes a value of another storage class: an instant as ISO text, a whole number stored as a float; else a column of unknown
  /// type changes its type, and one of given type is an error.
  private func takeOther(
    _ index: Int, into column: inout ColumnSink, _ row: Int, names: [String], at place: SQLitePlace
  ) throws(DataAccessError) {
    let position = Int32(index)
    let storage = sqlite3_column_type(raw, position)
    switch (column.type, storage) {
    case (.timestamp, SQLITE_TEXT):
      if let value = Timestamp(iso8601: bytes(position)) {
        column.put(value.microseconds, at: row)
        return
      }
    case (.integer, SQLITE_FLOAT):
      if let value = Int64(exactly: sqlite3_column_double(raw, position)) {
        column.put(value, at: row)
        return
      }
    default: break
    }
    guard column.isFlexible, let better = Self.widened(column.type, by: storage) else {
      throw valueError(index, row, names, at: place, expected: column.type, got: shownValue(position, storage))
    }
    if better != column.type { column.convert(to: better, count: row) }
    if better == .text {
      column.put(utf8: bytes(position), at: row)
    } else if !take(position, into: &column, row) {
      throw valueError(index, row, names, at: place, expected: better, got: shownValue(position, storage))
    }
  }

  /// The type that holds both what a column has and a value of `storage`; `nil` for bytes, which no column holds.
  private static func widened(_ type: ColumnType?, by storage: Int32) -> ColumnType? {
    switch (type, storage) {
    case (_, SQLITE_BLOB): nil
    case (nil, SQLITE_INTEGER), (.bool, SQLITE_INTEGER): .integer
    case (nil, SQLITE_FLOAT), (.bool, SQLITE_FLOAT), (.integer, SQLITE_FLOAT), (.timestamp, SQLITE_FLOAT): .double
    default: .text
    }
  }

  private func shownValue(_ position: Int32, _ storage: Int32) -> String {
    switch storage {
    case SQLITE_INTEGER: "integer \(sqlite3_column_int64(raw, position))"
    case SQLITE_FLOAT: "real \(sqlite3_column_double(raw, position))"
    case SQLITE_BLOB: "a blob of \(sqlite3_column_bytes(raw, position)) bytes"
    default: "text '\(String(decoding: bytes(position).prefix(60), as: UTF8.self))'"
    }
  }

  private func valueError(
    _ index: Int, _ row: Int, _ names: [String], at place: SQLitePlace, expected: ColumnType? = nil, got: String
  ) -> DataAccessError {
    let wanted =
      switch expected {
      case .timestamp: "a timestamp (integer microseconds since 1970 or ISO 8601 text)"
      case .bool: "a bool (0 or 1)"
      case .integer: "an integer"
      case .double: "a number"
      case .text, nil: "a text"
      }
    return DataAccessError(
      .value, path: place.path, activity: place.activity + " `\(shownSQL(sql))`",
      detail: "column '\(names[index])', row \(row + 1): expected \(wanted), got \(got)")
  }
}
