import GRDBSQLite
import Synchronization
import Tabular

/// A connection for queries that somebody typed: opened for reading only, with an authorizer that lets nothing else through.
///
/// It is apart from the main connection because GRDB keeps that one's authorizer for itself.
final class QueryConnection: @unchecked Sendable {
  // Unchecked: `handle` never changes, its use is serialised by `lock`, and `sqlite3_interrupt` may be called from any thread.
  private let handle: OpaquePointer
  private let place: SQLitePlace
  private let lock = Mutex(())
  private let stop: StopCheck

  init(path: String, place: SQLitePlace, stop: StopCheck) throws(DataAccessError) {
    self.place = place
    self.stop = stop
    var connection: OpaquePointer?
    let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(path, &connection, flags, nil)
    guard code == SQLITE_OK, let connection else {
      let error = place.error(code, connection, sql: nil)
      sqlite3_close_v2(connection)
      throw error
    }
    handle = connection
    sqlite3_busy_timeout(connection, Int32(place.busyTimeoutSeconds * 1000))
    let registered = registerFunctions(on: connection)
    guard registered == SQLITE_OK else { throw place.error(registered, connection, sql: nil) }
    stop.install(on: connection)
    sqlite3_set_authorizer(
      connection, { _, action, first, second, _, _ in QueryConnection.permits(action, first, second) ? SQLITE_OK : SQLITE_DENY }, nil)
  }

  deinit { sqlite3_close_v2(handle) }

  func interrupt() { sqlite3_interrupt(handle) }

  func read(
    _ sql: String, _ parameters: [Cell], rowLimit: Int, byteLimit: Int, counter: StatementCounter
  ) throws(DataAccessError) -> Frame {
    try place.mapping {
      try lock.withLock { _ in
        let statement = try SQLiteStatement(sql, on: handle, at: place)
        guard sqlite3_stmt_readonly(statement.raw) != 0 else { throw place.error(SQLITE_AUTH, handle, sql: sql) }
        try statement.bind(parameters)
        counter.increment()
        let (sink, names) = try statement.sink(as: nil, at: place)
        while try statement.fetch(16_384, into: sink, names: names, at: place) {
          guard sink.rowCount <= rowLimit else { throw tooLarge("more than \(rowLimit) rows") }
          guard sink.byteCount <= byteLimit else { throw tooLarge("more than \(byteLimit >> 20) MB") }
        }
        guard sink.rowCount <= rowLimit else { throw tooLarge("more than \(rowLimit) rows") }
        return sink.frame(names)
      }
    }
  }

  private func tooLarge(_ what: String) -> DataAccessError {
    DataAccessError(
      .tooLarge, path: place.path, activity: place.activity,
      detail: "the query gives \(what); narrow it with WHERE, GROUP BY or LIMIT")
  }

  /// Reading tables, calling functions, and looking up what tables there are.
  private static func permits(_ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?) -> Bool {
    switch action {
    case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: true
    case SQLITE_FUNCTION: second.map { String(cString: $0).lowercased() != "load_extension" } ?? true
    case SQLITE_PRAGMA:
      first.map { ["table_info", "table_xinfo", "table_list", "index_list", "index_info"].contains(String(cString: $0).lowercased()) }
        ?? false
    default: false
    }
  }
}
