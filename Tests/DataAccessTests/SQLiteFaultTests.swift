import GRDBSQLite
import Tabular
import Testing

@testable import DataAccess

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Faults of a database file")
struct SQLiteFaultTests {
  let folder = TemporaryFolder()

  func database(rows: Int = 2_000) throws -> SQLiteDatabase {
    let database = try SQLiteDatabase(path: folder.file("f.sqlite"), access: .readWrite)
    try database.write { transaction in
      try transaction.execute("CREATE TABLE t(a TEXT)")
      try transaction.insert(try Frame([("a", Column((0..<rows).map { "row \($0)" }))]), into: "t")
    }
    return database
  }

  @Test("a missing file is an error when reading, and is not made")
  func missing() throws {
    let path = folder.file("none.sqlite")
    let error = try #require(throws: DataAccessError.self) { try SQLiteDatabase(path: path) }
    #expect(error.kind == .noSuchFile)
    #expect(error.description == "\(path): no such file, while opening it; check the path")
    #expect(folder.names.isEmpty)
  }

  @Test("a missing folder is named when writing")
  func missingFolder() throws {
    let error = try #require(throws: DataAccessError.self) {
      try SQLiteDatabase(path: folder.file("no/where.sqlite"), access: .readWrite)
    }
    #expect(error.kind == .noSuchFile && error.path == folder.file("no"))
  }

  @Test("a file of something else, and a folder, are no database", arguments: [SQLiteDatabase.Access.readOnly, .readWrite])
  func notADatabase(access: SQLiteDatabase.Access) throws {
    let path = folder.file("log.csv")
    try AtomicFile.write(String(repeating: "Case 1,Turning,Machine 4\n", count: 100), to: path)
    #expect(try #require(throws: DataAccessError.self) { try SQLiteDatabase(path: path, access: access) }.kind == .notADatabase)
    #expect(try #require(throws: DataAccessError.self) { try SQLiteDatabase(path: folder.path, access: access) }.kind == .notADatabase)
  }

  @Test("a file cut short anywhere is found at the latest when its rows are read", arguments: [100, 512, 4096, 5000, 8192, 12_289])
  func truncated(keep: Int) throws {
    let path = try database().path
    let content = try AtomicFile.read(path)
    try #require(content.count > 20_000)
    try AtomicFile.write(content.prefix(keep), to: path)
    let error = try #require(throws: DataAccessError.self) {
      _ = try SQLiteDatabase(path: path).read("SELECT a FROM t")
    }
    #expect(error.kind == .damaged || error.kind == .notADatabase, "\(error)")
    #expect(error.description.hasPrefix(path))
  }

  @Test("overwritten pages are damage, named by the check")
  func overwritten() throws {
    let path = try database().path
    var content = try AtomicFile.read(path)
    for offset in 8_192..<12_288 { content[offset] = UInt8(truncatingIfNeeded: offset &* 7) }
    try AtomicFile.write(content, to: path)
    let database = try SQLiteDatabase(path: path)
    #expect(try #require(throws: DataAccessError.self) { try database.read("SELECT a FROM t") }.kind == .damaged)
    #expect(!((try? database.faults()) ?? ["damaged"]).isEmpty)
  }

  @Test("a sound file has no faults")
  func sound() throws { #expect(try database().faults().isEmpty) }

  @Test("a writer that another one keeps out says so, with the time that it waited")
  func locked() throws {
    let holder = try database()
    let other = try SQLiteDatabase(path: holder.path, access: .readWrite, busyTimeoutSeconds: 0.01)
    try holder.write { transaction in
      try transaction.execute("DELETE FROM t")
      let error = try #require(throws: DataAccessError.self) { try other.write { try $0.execute("DELETE FROM t") } }
      #expect(error.kind == .locked)
      #expect(
        error.description
          == "\(holder.path): in use by another process, while writing (waited 0.01 s); let that finish, then try again")
    }
    #expect(try other.read("SELECT * FROM t").rowCount == 0)
  }

  @Test("a database opened for reading refuses to be written")
  func readOnly() throws {
    let path = try database().path
    let database = try SQLiteDatabase(path: path)
    let error = try #require(throws: DataAccessError.self) { try database.write { try $0.execute("DELETE FROM t") } }
    #expect(error.kind == .readOnly)
    #expect(try database.read("SELECT * FROM t").rowCount == 2_000)
  }

  @Test("a full disk leaves the rows as they were")
  func full() throws {
    let database = try database()
    let error = try #require(throws: DataAccessError.self) {
      try database.write { transaction in
        // The library's own limit of pages gives the same code as a full disk.
        let pages = try transaction.read("PRAGMA page_count", as: [("n", .integer)]).columns[0][0]
        guard case .integer(let count) = pages else { return }
        _ = try transaction.read("PRAGMA max_page_count = \(count)")
        try transaction.insert(
          try Frame([("a", Column((0..<5_000).map { String(repeating: "x", count: 100) + "\($0)" }))]), into: "t")
      }
    }
    #expect(error.kind == .diskFull)
    #expect(try database.read("SELECT * FROM t").rowCount == 2_000)
  }

  @Test("a mistake in a statement is shown with the statement")
  func mistake() throws {
    let database = try database()
    let error = try #require(throws: DataAccessError.self) { try database.read("SELECT  b\n FROM t") }
    #expect(error.kind == .query)
    #expect(error.description == "\(database.path): no such column: b, while reading `SELECT b FROM t`")
  }

  @Test(
    "keeps a rollback journal on libraries with the WAL-reset bug",
    arguments: [
      (3_040_001 as Int32, false), (3_044_005, false), (3_044_006, true), (3_045_000, false), (3_050_006, false), (3_050_007, true),
      (3_051_000, false), (3_051_002, false), (3_051_003, true), (3_052_000, true),
    ])
  func journal(version: Int32, safe: Bool) { #expect(SQLiteDatabase.walIsSafe(libraryVersion: version) == safe) }

  @Test("turns a write-ahead log left by another program into the journal of this library")
  func leavesWAL() throws {
    let path = folder.file("wal.sqlite")
    var handle: OpaquePointer?
    sqlite3_open(path, &handle)
    sqlite3_exec(handle, "PRAGMA journal_mode = wal; CREATE TABLE t(a); INSERT INTO t VALUES (1)", nil, nil, nil)
    sqlite3_close(handle)
    let database = try SQLiteDatabase(path: path, access: .readWrite)
    let expected = SQLiteDatabase.walIsSafe(libraryVersion: sqlite3_libversion_number()) ? "wal" : "truncate"
    #expect(try database.journalMode == expected)
    #expect(try database.read("SELECT a FROM t").rowCount == 1)
    #expect(try database.read("PRAGMA synchronous", as: [("n", .integer)]).columns[0][0] == .integer(2))
    #expect(try database.read("PRAGMA foreign_keys", as: [("n", .integer)]).columns[0][0] == .integer(1))
  }
}
