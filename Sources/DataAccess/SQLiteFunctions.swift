import GRDBSQLite
import Tabular

/// Adds the functions that queries may use on instants, which are stored as whole microseconds: `timestamp('2012-03-01')` reads
/// ISO 8601 (no zone means UTC), `iso(completed_at)` writes it.
///
/// Safe with raw pointers: SQLite hands each call its own context and values, which stay valid until the call returns.
func registerFunctions(on connection: OpaquePointer) -> Int32 {
  let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC
  let code = sqlite3_create_function_v2(
    connection, "timestamp", 1, flags, nil,
    { context, _, values in
      guard let value = values?[0] else { return }
      if sqlite3_value_type(value) == SQLITE_NULL { return sqlite3_result_null(context) }
      let text = UnsafeBufferPointer(start: sqlite3_value_text(value), count: Int(sqlite3_value_bytes(value)))
      guard let instant = Timestamp(iso8601: text) else {
        let shown = String(decoding: text.prefix(60), as: UTF8.self)
        return sqlite3_result_error(context, "timestamp(): expected an ISO 8601 time such as '2012-03-01T06:30Z', got '\(shown)'", -1)
      }
      sqlite3_result_int64(context, instant.microseconds)
    }, nil, nil, nil)
  guard code == SQLITE_OK else { return code }
  return sqlite3_create_function_v2(
    connection, "iso", 1, flags, nil,
    { context, _, values in
      guard let value = values?[0] else { return }
      if sqlite3_value_type(value) == SQLITE_NULL { return sqlite3_result_null(context) }
      let microseconds = sqlite3_value_int64(value)
      guard sqlite3_value_type(value) == SQLITE_INTEGER, Timestamp(seconds: Double(microseconds) / 1e6) != nil else {
        return sqlite3_result_error(context, "iso(): expected whole microseconds since 1970 of a year 0…9999", -1)
      }
      sqlite3_result_text(
        context, Timestamp(microseconds: microseconds).description, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
    }, nil, nil, nil)
}
