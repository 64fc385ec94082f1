import DataAccess
import Tabular
import Testing

@Suite("Writing to SQLite")
struct SQLiteWritingTests {
  let folder = TemporaryFolder()

  func database() throws -> SQLiteDatabase {
    let database = try SQLiteDatabase(path: folder.file("w.sqlite"), access: .readWrite)
    try database.migrate([
      Migration(
        "first", sql: "CREATE TABLE t(code TEXT NOT NULL, part INTEGER, x REAL, at TIMESTAMP, ok BOOLEAN, PRIMARY KEY (code, part))")
    ])
    return database
  }

  func frame(_ rows: [(String, Int64, Double?)]) throws -> Frame {
    try Frame([
      ("code", Column(rows.map(\.0))), ("part", Column(rows.map(\.1))),
      ("x", Column(rows.map { $0.2.map(Cell.double) ?? .missing }, as: .double)),
    ])
  }

  @Test("inserts, updates what differs, and leaves the rest: writing again changes nothing")
  func upserts() throws {
    let database = try database()
    let first = try frame([("a", 1, 1), ("a", 2, nil), ("b", 1, 3)])
    #expect(try database.write { try $0.upsert(first, into: "t", key: ["code", "part"]) } == WriteCounts(inserted: 3))
    #expect(try database.write { try $0.upsert(first, into: "t", key: ["code", "part"]) } == WriteCounts(unchanged: 3))
    let second = try frame([("a", 1, 1), ("a", 2, 5), ("b", 1, nil), ("c", 1, nil)])
    let counts = try database.write { try $0.upsert(second, into: "t", key: ["code", "part"]) }
    #expect(counts == WriteCounts(inserted: 1, updated: 2, unchanged: 1))
    #expect(try database.read("SELECT code, part, x FROM t ORDER BY code, part") == second)
  }

  @Test("leaves the file as it was when the last row breaks a rule")
  func allOrNothing() throws {
    let database = try database()
    try database.write { try $0.insert(try frame([("a", 1, 1)]), into: "t") }
    let error = try #require(throws: DataAccessError.self) {
      try database.write { try $0.insert(try frame([("b", 1, 1), ("c", 1, 1), ("a", 1, 2)]), into: "t") }
    }
    #expect(error.kind == .constraint && error.detail.contains("UNIQUE"))
    #expect(try database.read("SELECT code FROM t").rowCount == 1)
  }

  @Test("undoes what was written when the closure throws something of its own")
  func ownError() throws {
    struct Refused: Error {}
    let database = try database()
    #expect(throws: Refused.self) {
      try database.write { transaction in
        try transaction.insert(try frame([("a", 1, 1)]), into: "t")
        #expect(try transaction.rowCount(of: "t") == 1)
        throw Refused()
      }
    }
    #expect(try database.read("SELECT * FROM t").rowCount == 0)
  }

  @Test("writes every type and reads it back; NaN becomes missing")
  func types() throws {
    let database = try database()
    let time = try #require(Timestamp("1969-12-31T23:59:59.999999Z"))
    let row = try Frame([
      ("code", Column(["", "Ü\u{0}'\""])), ("part", Column([Int64.min, .max])), ("x", Column([-0.0, Double.nan])),
      ("at", Column([time, time])), ("ok", Column([true, false])),
    ])
    try database.write { try $0.insert(row, into: "t") }
    let read = try database.read("SELECT * FROM t ORDER BY code")
    #expect(read["code"] == row["code"] && read["part"] == row["part"] && read["at"] == row["at"] && read["ok"] == row["ok"])
    #expect(read["x"]?[0] == .double(-0.0) && read["x"]?[1] == .missing)
  }

  @Test("runs each step of the schema once, also when several open the database at once")
  func migratesOnce() async throws {
    let path = folder.file("m.sqlite")
    let steps = [
      Migration("one", sql: "CREATE TABLE a(x); INSERT INTO a VALUES (1)"), Migration("two", sql: "INSERT INTO a VALUES (2)"),
    ]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { try SQLiteDatabase(path: path, access: .readWrite).migrate(steps) }
      }
      try await group.waitForAll()
    }
    let database = try SQLiteDatabase(path: path)
    #expect(try database.read("SELECT sum(x) AS n FROM a", as: [("n", .integer)]).columns[0][0] == .integer(3))
  }

  @Test("refuses a database that a newer program made")
  func newer() throws {
    let database = try database()
    let error = try #require(throws: DataAccessError.self) { try database.migrate([]) }
    #expect(error.kind == .refused && error.detail.contains("newer version"))
  }

  @Test("tells which statement of a step fails, and keeps nothing of the step")
  func brokenStep() throws {
    let database = try database()
    let steps = [
      Migration("first", sql: "CREATE TABLE t(code TEXT)"), Migration("second", sql: "CREATE TABLE u(a); INSERT INTO v VALUES (1)"),
    ]
    let error = try #require(throws: DataAccessError.self) { try database.migrate(steps) }
    #expect(error.detail.contains("no such table: v"))
    #expect(try database.reading { try $0.tableNames() } == ["grdb_migrations", "t"])
  }

  @Test("gives every writer its turn when several write at once")
  func concurrentWriters() async throws {
    let path = try database().path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask {
          let database = try SQLiteDatabase(path: path, access: .readWrite, busyTimeoutSeconds: 60)
          for number in 0..<25 {
            try database.write {
              try $0.execute("INSERT INTO t(code, part) VALUES (?, ?)", [.text("w\(writer)"), .integer(Int64(number))])
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try SQLiteDatabase(path: path).read("SELECT * FROM t").rowCount == 100)
  }
}
