package import GRDB
import GRDBSQLite
import Synchronization
public import Tabular

#if canImport(Glibc)
  import Glibc
#endif

/// One SQLite file, over one connection that is used by one caller at a time.
///
/// Opened for writing it keeps foreign keys, waits for other processes, and makes each commit durable. The journal is a rollback
/// journal where the library has the WAL-reset bug (all versions before 3.51.3 but 3.44.6 and 3.50.7 and their successors: a
/// checkpoint beside a writer may lose commits), a write-ahead log elsewhere. Not for network file systems.
public final class SQLiteDatabase: Sendable {
  /// What the file is opened for.
  public enum Access: Sendable {
    /// Reading; the file must exist.
    case readOnly
    /// Reading and writing; the file is made when it is not there.
    case readWrite
  }

  /// The file.
  public let path: String
  /// What it is open for.
  public let access: Access
  /// The connection, for the ledger's own statements.
  package let queue: DatabaseQueue
  let busyTimeoutSeconds: Double
  let counter = StatementCounter()
  private let stop: StopCheck
  private let queries = Mutex<QueryConnection?>(nil)

  /// Opens the file at `path`.
  ///
  /// - Parameters:
  ///   - busyTimeoutSeconds: How long to wait for another process before giving up with ``DataAccessError/Kind/locked``.
  ///   - shouldStop: Asked every few thousand steps of a running statement; true ends it with ``DataAccessError/Kind/interrupted``.
  /// - Throws: What is wrong with the file: none there, not a database, cut short, locked, no right to read or write it.
  public init(
    path: String, access: Access = .readOnly, busyTimeoutSeconds: Double = 5, shouldStop: (@Sendable () -> Bool)? = nil
  ) throws(DataAccessError) {
    self.path = path
    self.access = access
    self.busyTimeoutSeconds = busyTimeoutSeconds
    stop = StopCheck(shouldStop)
    let place = SQLitePlace(path: path, activity: "opening it", busyTimeoutSeconds: busyTimeoutSeconds)
    try Self.checkFile(path, access)
    if access == .readOnly { Self.rollBackHotJournal(of: path, busyTimeoutSeconds) }
    var configuration = Configuration()
    configuration.readonly = access == .readOnly
    configuration.busyMode = .timeout(busyTimeoutSeconds)
    configuration.label = "lathe.sqlite"
    configuration.prepareDatabase { [stop] database in
      guard let connection = database.sqliteConnection else { return }
      let code = registerFunctions(on: connection)
      guard code == SQLITE_OK else { throw place.error(code, connection, sql: nil) }
      stop.install(on: connection)
      if access == .readWrite { try Self.makeDurable(database) }
    }
    queue = try place.mapping { try DatabaseQueue(path: path, configuration: configuration) }
    try checkSize(place)
  }

  /// How many SELECT statements have been run, blocks of keys counted each: tests hold reading to a few for many rows.
  public var statementCount: Int { counter.value }

  /// The journal mode in force: `truncate` or `wal` after opening for writing.
  public var journalMode: String {
    get throws(DataAccessError) {
      let frame = try read("PRAGMA journal_mode", as: [("mode", .text)])
      return frame.columns[0].text(0) ?? ""
    }
  }

  /// Ends the statements that are running now, from any thread: they throw ``DataAccessError/Kind/interrupted``.
  public func interrupt() {
    queue.interrupt()
    queries.withLock { $0 }?.interrupt()
  }

  /// Closes the connection; later use throws. Without it, the connection closes with the last reference.
  public func close() throws(DataAccessError) {
    queries.withLock { $0 = nil }
    try place("closing it").mapping { try queue.close() }
  }

  /// Calls `body` with a reader for which all reads see one state of the database.
  public func reading<Result>(_ body: (SQLiteReader) throws -> Result) throws -> Result {
    try place("reading").mappingOwn {
      try queue.read { try body(SQLiteReader(connection: Self.handle($0), place: place("reading"), counter: counter)) }
    }
  }

  /// Calls `body` in one `BEGIN IMMEDIATE` transaction, which is committed when it returns and undone when it throws.
  @discardableResult
  public func write<Result>(_ body: (SQLiteTransaction) throws -> Result) throws -> Result {
    try place("writing").mappingOwn {
      try queue.writeWithoutTransaction { database in
        var result: Result?
        try database.inTransaction(.immediate) {
          result = try body(SQLiteTransaction(connection: Self.handle(database), place: place("writing"), counter: counter))
          return .commit
        }
        guard let result else { throw place("writing").refusal("the transaction was not committed", sql: nil) }
        return result
      }
    }
  }

  /// Returns the rows of a SELECT; see ``SQLiteReader/read(_:_:as:)``.
  public func read(
    _ sql: String, _ parameters: [Cell] = [], as types: [(name: String, type: ColumnType)]? = nil
  ) throws(DataAccessError) -> Frame {
    try place("reading").mapping {
      try queue.writeWithoutTransaction {
        try SQLiteReader(connection: Self.handle($0), place: place("reading"), counter: counter).read(sql, parameters, as: types)
      }
    }
  }

  /// Returns the rows for many keys, all of one state of the database; see ``SQLiteReader/read(_:keys:_:as:)``.
  public func read(
    _ sql: String, keys: [String], _ parameters: [Cell] = [], as types: [(name: String, type: ColumnType)]? = nil
  ) throws(DataAccessError) -> Frame {
    try place("reading").mapping { try reading { try $0.read(sql, keys: keys, parameters, as: types) } }
  }

  /// Calls `body` with the rows of a SELECT in blocks; see ``SQLiteReader/forEachBlock(_:_:as:rowLimit:_:)``.
  public func forEachBlock(
    _ sql: String, _ parameters: [Cell] = [], as types: [(name: String, type: ColumnType)]? = nil, rowLimit: Int,
    _ body: (Frame) throws -> Void
  ) throws {
    try reading { try $0.forEachBlock(sql, parameters, as: types, rowLimit: rowLimit, body) }
  }

  /// Returns the rows of one SELECT or WITH that somebody typed: anything that could write, attach, load or change a setting is
  /// refused before it runs, on a connection of its own that can only read.
  ///
  /// - Parameters:
  ///   - rowLimit: More rows than these are an error rather than a silent cut.
  ///   - byteLimit: The same for memory, texts included.
  public func readOnlyQuery(
    _ sql: String, _ parameters: [Cell] = [], rowLimit: Int = 5_000_000, byteLimit: Int = 1 << 30
  ) throws(DataAccessError) -> Frame {
    let place = place("querying")
    let connection = try place.mapping {
      try queries.withLock { existing in
        if let existing { return existing }
        let made = try QueryConnection(path: path, place: place, stop: stop)
        existing = made
        return made
      }
    }
    return try connection.read(sql, parameters, rowLimit: rowLimit, byteLimit: byteLimit, counter: counter)
  }

  /// Returns what SQLite's quick check finds wrong with the file; nothing for a sound one. O(file).
  public func faults() throws(DataAccessError) -> [String] {
    let frame = try read("PRAGMA quick_check", as: [("fault", .text)])
    return (0..<frame.rowCount).compactMap { frame.columns[0].text($0) }.filter { $0 != "ok" }
  }

  func place(_ activity: String) -> SQLitePlace {
    SQLitePlace(path: path, activity: activity, busyTimeoutSeconds: busyTimeoutSeconds)
  }

  private static func handle(_ database: Database) -> OpaquePointer {
    guard let connection = database.sqliteConnection else { preconditionFailure("a connection in use is open") }
    return connection
  }

  private static func makeDurable(_ database: Database) throws {
    let wanted = walIsSafe(libraryVersion: sqlite3_libversion_number()) ? "wal" : "truncate"
    // TRUNCATE rather than DELETE: with synchronous=FULL SQLite syncs the emptied journal, but not the folder of a deleted one.
    if try String.fetchOne(database, sql: "PRAGMA journal_mode") != wanted {
      try database.execute(sql: "PRAGMA journal_mode = \(wanted)")
    }
    try database.execute(sql: "PRAGMA synchronous = FULL")
  }

  /// The version of the SQLite library, such as `3.40.1`.
  public static var libraryVersion: String { String(cString: sqlite3_libversion()) }

  /// Whether databases that are opened for writing get a write-ahead log: not with a library that has the WAL-reset bug.
  public static var usesWriteAheadLog: Bool { walIsSafe(libraryVersion: sqlite3_libversion_number()) }

  /// Whether a library is free of the WAL-reset bug. `libraryVersion`: as `sqlite3_libversion_number` gives it, 3040001 for 3.40.1.
  static func walIsSafe(libraryVersion: Int32) -> Bool {
    libraryVersion >= 3_051_003 || (3_050_007..<3_051_000).contains(libraryVersion)
      || (3_044_006..<3_045_000).contains(libraryVersion)
  }

  private static func checkFile(_ path: String, _ access: Access) throws(DataAccessError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      guard errno == ENOENT || errno == ENOTDIR, access == .readWrite else {
        throw DataAccessError(errno: errno, path: path, activity: "opening it")
      }
      let folder = folderName(of: path)
      guard stat(folder, &status) == 0 else { throw DataAccessError(errno: errno, path: folder, activity: "making \(path) in it") }
      return
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw DataAccessError(.notADatabase, path: path, activity: "opening it", detail: "it is a folder")
    }
    guard Glibc.access(path, R_OK) == 0 else { throw DataAccessError(errno: errno, path: path, activity: "opening it") }
  }

  /// Undoes what a killed process left half written. A connection that may only read cannot, and would refuse to read at all.
  ///
  /// Where nothing may be written here, the reader says so itself.
  private static func rollBackHotJournal(of path: String, _ busyTimeoutSeconds: Double) {
    var status = stat()
    guard stat(path + "-journal", &status) == 0, status.st_size > 0 else { return }
    var connection: OpaquePointer?
    if sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK {
      sqlite3_busy_timeout(connection, Int32(busyTimeoutSeconds * 1000))
      // The first reading looks for a journal that nobody holds any more.
      sqlite3_exec(connection, "SELECT count(*) FROM sqlite_master", nil, nil, nil)
    }
    sqlite3_close_v2(connection)
  }

  /// Finds a file that was cut within a page; one cut between pages SQLite finds itself.
  private func checkSize(_ place: SQLitePlace) throws(DataAccessError) {
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    let frame = try read("PRAGMA page_size", as: [("size", .integer)])
    guard case .integer(let sizes) = frame.columns[0].values, let size = sizes.first, Int64(status.st_size) % size != 0 else { return }
    throw DataAccessError(
      .damaged, path: path, activity: "opening it", detail: "\(status.st_size) bytes, not a multiple of its pages of \(size)")
  }
}

/// Asks whether a running statement should end.
final class StopCheck: Sendable {
  private let shouldStop: (@Sendable () -> Bool)?

  init(_ shouldStop: (@Sendable () -> Bool)?) { self.shouldStop = shouldStop }

  /// Makes SQLite ask every 4,096 steps of its virtual machine. Safe: the database that owns the connection holds this object
  /// until the connection is closed.
  func install(on connection: OpaquePointer) {
    guard shouldStop != nil else { return }
    sqlite3_progress_handler(
      connection, 4_096,
      { context in context.map { Unmanaged<StopCheck>.fromOpaque($0).takeUnretainedValue().shouldStop?() == true ? 1 : 0 } ?? 0 },
      Unmanaged.passUnretained(self).toOpaque())
  }
}

extension SQLitePlace {
  /// Runs `body` with the errors of GRDB turned into ours.
  func mapping<Result>(_ body: () throws -> Result) throws(DataAccessError) -> Result {
    do { return try body() } catch let error as DataAccessError { throw error } catch let error as DatabaseError {
      throw self.error(error.extendedResultCode.rawValue, message: error.message ?? "", sql: error.sql)
    } catch is CancellationError {
      throw DataAccessError(.interrupted, path: path, activity: activity)
    } catch {
      throw DataAccessError(.query, path: path, activity: activity, detail: "\(error)")
    }
  }

  /// Like ``mapping(_:)``, but lets through what the caller's own closure throws.
  func mappingOwn<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as DatabaseError {
      throw self.error(error.extendedResultCode.rawValue, message: error.message ?? "", sql: error.sql)
    }
  }
}
