import GRDBSQLite

/// Another process in the eyes of the program: holds a database for itself, so that nobody else can even read it.
///
/// While it does, the file must not be opened in this process in any other way: closing that would give the lock up.
final class ExclusiveLock {
  private var connection: OpaquePointer?

  /// Takes the lock.
  init(_ path: String) throws {
    guard sqlite3_open(path, &connection) == SQLITE_OK, sqlite3_exec(connection, "BEGIN EXCLUSIVE", nil, nil, nil) == SQLITE_OK else {
      throw NoLock(description: "\(path) cannot be locked")
    }
  }

  /// Gives it up, having changed nothing.
  func release() {
    sqlite3_close(connection)
    connection = nil
  }

  deinit { release() }

  private struct NoLock: Error, CustomStringConvertible {
    var description: String
  }
}
