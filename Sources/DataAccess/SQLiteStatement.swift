import GRDBSQLite
import Tabular

/// A prepared statement on a connection that somebody else owns; finalised once.
///
/// Pointers are safe here: the statement never leaves the closure that holds its connection, and texts bound or read are copied.
struct SQLiteStatement: ~Copyable {
  let raw: OpaquePointer
  let connection: OpaquePointer
  private let place: SQLitePlace

  /// Prepares `sql`, which must be one statement.
  init(_ sql: String, on connection: OpaquePointer, at place: SQLitePlace) throws(DataAccessError) {
    var statement: OpaquePointer?
    var fault: DataAccessError?
    var text = sql
    text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v2(connection, characters.baseAddress, Int32(characters.count), &statement, &tail)
        guard code == SQLITE_OK else {
          fault = place.error(code, connection, sql: sql)
          return
        }
        // Preparing what follows gives no statement when that is only white space and comments.
        guard let start = characters.baseAddress, let tail, statement != nil else {
          fault = place.refusal("there is no statement in it", sql: sql)
          return
        }
        var second: OpaquePointer?
        let rest = Int32(characters.count - (tail - start))
        let secondCode = rest > 0 ? sqlite3_prepare_v2(connection, tail, rest, &second, nil) : SQLITE_OK
        sqlite3_finalize(second)
        if second != nil || secondCode != SQLITE_OK { fault = place.refusal("there is more than one statement in it", sql: sql) }
      }
    }
    if let fault {
      sqlite3_finalize(statement)
      throw fault
    }
    guard let statement else { throw place.refusal("there is no statement in it", sql: sql) }
    raw = statement
    self.connection = connection
    self.place = place
  }

  deinit { sqlite3_finalize(raw) }

  /// Number of result columns; 0 for a statement that gives no rows.
  var columnCount: Int { Int(sqlite3_column_count(raw)) }

  /// The name of a result column.
  func columnName(_ index: Int) -> String { sqlite3_column_name(raw, Int32(index)).map { String(cString: $0) } ?? "" }

  /// What a result column is declared to hold, or `nil` when it is an expression or declared otherwise.
  func declaredType(_ index: Int) -> ColumnType? {
    guard let declared = sqlite3_column_decltype(raw, Int32(index)) else { return nil }
    let name = String(cString: declared).uppercased()
    if name.contains("TIMESTAMP") || name.contains("DATETIME") { return .timestamp }
    if name.contains("BOOL") { return .bool }
    if name.contains("INT") { return .integer }
    if name.contains("CHAR") || name.contains("TEXT") || name.contains("CLOB") { return .text }
    if ["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"].contains(where: name.contains) { return .double }
    return nil
  }

  /// Binds all parameters, in order; their number must be right.
  func bind(_ parameters: some Collection<Cell>) throws(DataAccessError) {
    let expected = Int(sqlite3_bind_parameter_count(raw))
    guard parameters.count == expected else {
      throw place.refusal("the statement has \(expected) parameters, got \(parameters.count) values", sql: sql)
    }
    var position: Int32 = 0
    for cell in parameters {
      position += 1
      try bind(cell, at: position)
    }
  }

  /// Binds the parameter at `position`, from 1. SQLite has no NaN: it becomes NULL.
  func bind(_ cell: Cell, at position: Int32) throws(DataAccessError) {
    let code =
      switch cell {
      case .missing: sqlite3_bind_null(raw, position)
      case .double(let value): sqlite3_bind_double(raw, position, value)
      case .integer(let value): sqlite3_bind_int64(raw, position, value)
      case .bool(let value): sqlite3_bind_int64(raw, position, value ? 1 : 0)
      case .timestamp(let value): sqlite3_bind_int64(raw, position, value.microseconds)
      case .text(let value): bind(value, at: position)
      }
    guard code == SQLITE_OK else { throw place.error(code, connection, sql: sql) }
  }

  private func bind(_ text: String, at position: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bind(utf8: $0, at: position) }
  }

  /// Binds a text by its bytes, which SQLite copies.
  func bind(utf8 bytes: UnsafeBufferPointer<UInt8>, at position: Int32) -> Int32 {
    // An empty buffer may have no address, which SQLite would take for NULL.
    guard let base = bytes.baseAddress else { return sqlite3_bind_text(raw, position, "", 0, transient) }
    return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
      sqlite3_bind_text(raw, position, $0, Int32(bytes.count), transient)
    }
  }

  /// Runs a statement that gives no rows of interest, and makes it ready for the next binding.
  func run() throws(DataAccessError) {
    var code = sqlite3_step(raw)
    while code == SQLITE_ROW { code = sqlite3_step(raw) }
    guard code == SQLITE_DONE else {
      let error = place.error(code, connection, sql: sql)
      sqlite3_reset(raw)
      throw error
    }
    sqlite3_reset(raw)
  }

  /// The statement's text.
  var sql: String { sqlite3_sql(raw).map { String(cString: $0) } ?? "" }
}

/// Tells SQLite to copy what is bound: its C header writes this as a cast of −1, which Swift does not import.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// Which file a statement works on and to what end: what its errors say.
struct SQLitePlace: Sendable {
  var path: String
  var activity: String
  var busyTimeoutSeconds: Double

  /// The error for a result code of SQLite.
  func error(_ code: Int32, _ connection: OpaquePointer?, sql: String?) -> DataAccessError {
    let message = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? String(cString: sqlite3_errstr(code))
    return error(code, message: message, sql: sql)
  }

  /// The error for a result code of SQLite and its words.
  func error(_ code: Int32, message: String, sql: String?) -> DataAccessError {
    let statement = sql.map { " `\(shownSQL($0))`" } ?? ""
    func fault(_ kind: DataAccessError.Kind, _ detail: String) -> DataAccessError {
      DataAccessError(kind, path: path, activity: activity + statement, detail: detail)
    }
    switch code & 0xff {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return DataAccessError(.locked, path: path, activity: activity, detail: "waited \(writtenSeconds(busyTimeoutSeconds))")
    case SQLITE_NOTADB: return DataAccessError(.notADatabase, path: path, activity: activity)
    case SQLITE_CORRUPT: return DataAccessError(.damaged, path: path, activity: activity, detail: message)
    case SQLITE_READONLY: return fault(.readOnly, "")
    case SQLITE_FULL: return DataAccessError(.diskFull, path: path, activity: activity)
    case SQLITE_PERM: return DataAccessError(.permission, path: path, activity: activity)
    case SQLITE_IOERR: return DataAccessError(.inputOutput, path: path, activity: activity, detail: message)
    case SQLITE_CANTOPEN: return DataAccessError(.inputOutput, path: path, activity: activity, detail: message)
    case SQLITE_INTERRUPT: return DataAccessError(.interrupted, path: path, activity: activity)
    case SQLITE_CONSTRAINT: return fault(.constraint, message)
    case SQLITE_AUTH: return refusal("only reading is allowed here (one SELECT or WITH statement; no ATTACH, no PRAGMA)", sql: sql)
    default: return fault(.query, message)
    }
  }

  /// The error for a statement that is not run.
  func refusal(_ reason: String, sql: String?) -> DataAccessError {
    DataAccessError(.refused, path: path, activity: activity + (sql.map { " `\(shownSQL($0))`" } ?? ""), detail: reason)
  }
}

private func writtenSeconds(_ seconds: Double) -> String {
  seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
}
