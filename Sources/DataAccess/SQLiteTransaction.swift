import GRDBSQLite
public import Tabular

/// What writing a frame into a table did: every row is in one of the three.
public struct WriteCounts: Hashable, Codable, Sendable {
  /// Rows that were new.
  public var inserted: Int
  /// Rows whose key was there with other values.
  public var updated: Int
  /// Rows that were there as they are.
  public var unchanged: Int

  /// Makes counts.
  public init(inserted: Int = 0, updated: Int = 0, unchanged: Int = 0) {
    self.inserted = inserted
    self.updated = updated
    self.unchanged = unchanged
  }

  /// Adds the counts of another write.
  public static func += (left: inout WriteCounts, right: WriteCounts) {
    left.inserted += right.inserted
    left.updated += right.updated
    left.unchanged += right.unchanged
  }
}

/// Reads and writes within one `BEGIN IMMEDIATE` transaction: all of it happens, or nothing.
public final class SQLiteTransaction: SQLiteReader {
  /// Runs one statement that gives no rows, and returns how many rows it changed.
  @discardableResult
  public func execute(_ sql: String, _ parameters: [Cell] = []) throws(DataAccessError) -> Int {
    let statement = try SQLiteStatement(sql, on: connection, at: place)
    try statement.bind(parameters)
    let before = sqlite3_total_changes64(connection)
    try statement.run()
    return Int(sqlite3_total_changes64(connection) - before)
  }

  /// Runs one statement that gives no rows once for each of `rows`, its parameters; it is prepared once.
  ///
  /// Not a loop over ``execute(_:_:)``: within a transaction GRDB remembers every statement that was prepared, and copies what it
  /// remembers each time, so that tens of thousands take half a minute.
  public func execute(_ sql: String, each rows: some Sequence<[Cell]>) throws(DataAccessError) {
    let statement = try SQLiteStatement(sql, on: connection, at: place)
    for row in rows {
      try statement.bind(row)
      try statement.run()
    }
  }

  /// Adds the rows of `frame` to `table`, whose columns of the same names take them. A row that breaks a rule of the table throws.
  ///
  /// A timestamp becomes integer microseconds, a bool 0 or 1, a missing value NULL; so does NaN, which SQLite does not have.
  public func insert(_ frame: Frame, into table: String) throws(DataAccessError) {
    try write(frame, with: "INSERT INTO \(quoted(table)) (\(list(frame.names))) VALUES (\(marks(frame)))")
  }

  /// Adds the rows of `frame` to `table`, or replaces the values of rows whose `key` is there already with other values.
  ///
  /// - Parameter key: Columns of a primary key or unique index.
  /// - Returns: How many rows were new, changed and as they had been: writing the same rows again changes nothing.
  public func upsert(_ frame: Frame, into table: String, key: [String]) throws(DataAccessError) -> WriteCounts {
    let others = frame.names.filter { !key.contains($0) }
    var sql = "INSERT INTO \(quoted(table)) (\(list(frame.names))) VALUES (\(marks(frame))) ON CONFLICT (\(list(key))) DO "
    if others.isEmpty {
      sql += "NOTHING"
    } else {
      sql += "UPDATE SET " + others.map { "\(quoted($0)) = excluded.\(quoted($0))" }.joined(separator: ", ")
      sql += " WHERE " + others.map { "\(quoted(table)).\(quoted($0)) IS NOT excluded.\(quoted($0))" }.joined(separator: " OR ")
    }
    let rowsBefore = try rowCount(of: table)
    let changesBefore = sqlite3_total_changes64(connection)
    try write(frame, with: sql)
    let changed = Int(sqlite3_total_changes64(connection) - changesBefore)
    let inserted = try rowCount(of: table) - rowsBefore
    return WriteCounts(inserted: inserted, updated: changed - inserted, unchanged: frame.rowCount - changed)
  }

  /// Returns how many rows `table` has.
  public func rowCount(of table: String) throws(DataAccessError) -> Int {
    let frame = try read("SELECT count(*) FROM \(quoted(table))", as: [("count", .integer)])
    guard case .integer(let counts) = frame.columns[0].values else { return 0 }
    return Int(counts[0])
  }

  private func write(_ frame: Frame, with sql: String) throws(DataAccessError) {
    let statement = try SQLiteStatement(sql, on: connection, at: place)
    for row in 0..<frame.rowCount {
      for (index, column) in frame.columns.enumerated() {
        let position = Int32(index + 1)
        if case .text(let texts) = column.values, !column.isMissing(row) {
          let code = texts.dictionary.withBytes(of: texts.codes[row]) { statement.bind(utf8: $0, at: position) }
          guard code == SQLITE_OK else { throw place.error(code, connection, sql: sql) }
        } else {
          try statement.bind(column[row], at: position)
        }
      }
      try statement.run()
    }
  }

  private func list(_ names: [String]) -> String { names.map(quoted).joined(separator: ", ") }

  private func marks(_ frame: Frame) -> String { Array(repeating: "?", count: frame.names.count).joined(separator: ", ") }
}

/// A table's or column's name as SQL writes it, whatever letters it has.
public func quoted(_ name: String) -> String {
  "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
