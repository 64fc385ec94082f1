import DataAccess
import Tabular
import Testing

@Suite("Reading from SQLite")
struct SQLiteReadingTests {
  let folder = TemporaryFolder()

  func database() throws -> SQLiteDatabase {
    let database = try SQLiteDatabase(path: folder.file("a.sqlite"), access: .readWrite)
    try database.write { transaction in
      try transaction.execute(
        "CREATE TABLE r(id INTEGER PRIMARY KEY, minutes REAL, ok BOOLEAN, at TIMESTAMP, name TEXT, anything)")
      try transaction.execute("INSERT INTO r VALUES (1, 1.5, 1, 1330561800000000, '선삭', 7)")
      try transaction.execute("INSERT INTO r VALUES (2, 3, 0, '2012-03-01T00:30Z', '', 8)")
      try transaction.execute("INSERT INTO r VALUES (3, NULL, NULL, NULL, NULL, NULL)")
    }
    return database
  }

  @Test("takes names and types from the statement, missing values as missing")
  func infers() throws {
    let frame = try database().read("SELECT * FROM r ORDER BY id")
    let first = try #require(Timestamp("2012-03-01T00:30:00Z"))
    #expect(frame.names == ["id", "minutes", "ok", "at", "name", "anything"])
    #expect(frame.columns.map(\.type) == [.integer, .double, .bool, .timestamp, .text, .integer])
    #expect(frame["at"] == (try Column([.timestamp(first), .timestamp(first), .missing], as: .timestamp)))
    #expect(frame["minutes"] == (try Column([.double(1.5), .double(3), .missing], as: .double)))
    #expect(frame["name"] == Column(["선삭", "", nil]))
    #expect(frame["ok"] == (try Column([.bool(true), .bool(false), .missing], as: .bool)))
  }

  @Test("reads blocks of any size with the same rows", arguments: [1, 2, 3, 4, 100])
  func blocks(limit: Int) throws {
    let database = try database()
    var (sizes, ids): ([Int], [Int64]) = ([], [])
    try database.forEachBlock("SELECT id FROM r ORDER BY id", as: [("id", .integer)], rowLimit: limit) { frame in
      sizes.append(frame.rowCount)
      guard case .integer(let values) = frame.columns[0].values else { return }
      ids += values
    }
    #expect(ids == [1, 2, 3])
    #expect(sizes.allSatisfy { $0 <= limit && $0 > 0 })
  }

  @Test("gives a block without rows for a result without rows")
  func emptyBlock() throws {
    let database = try database()
    var shapes: [[String]] = []
    try database.forEachBlock("SELECT id, name FROM r WHERE id < 0", rowLimit: 10) { shapes.append($0.names) }
    #expect(shapes == [["id", "name"]])
  }

  @Test(
    "finds a type that holds all values of an undeclared column",
    arguments: [
      ("VALUES (1), (2.5), (NULL)", ColumnType.double, [Cell.double(1), .double(2.5), .missing]),
      ("VALUES (1), ('x')", .text, [.text("1"), .text("x")]),
      ("VALUES (0.1), ('x'), (7)", .text, [.text("0.1"), .text("x"), .text("7")]),
      ("VALUES (NULL), ('x'), (2)", .text, [.missing, .text("x"), .text("2")]),
      ("VALUES (NULL), (NULL)", .text, [.missing, .missing]),
    ])
  func mixed(sql: String, type: ColumnType, cells: [Cell]) throws {
    let frame = try database().read(sql)
    #expect(frame.columns[0].type == type)
    #expect((0..<frame.rowCount).map { frame.columns[0][$0] } == cells)
  }

  @Test("keeps values that a declared type does not hold, by widening the column")
  func widensDeclared() throws {
    let database = try database()
    try database.write { transaction in
      try transaction.execute("CREATE TABLE w(a BOOLEAN, b TIMESTAMP, c INTEGER)")
      try transaction.execute("INSERT INTO w VALUES (1, 0, 1), (2, 'unknown', 0.5)")
    }
    let frame = try database.read("SELECT * FROM w ORDER BY rowid")
    #expect((0..<2).map { frame.columns[0][$0] } == [.integer(1), .integer(2)])
    #expect((0..<2).map { frame.columns[1][$0] } == [.text("1970-01-01T00:00:00Z"), .text("unknown")])
    #expect((0..<2).map { frame.columns[2][$0] } == [.double(1), .double(0.5)])
  }

  @Test("tells joined columns of one name apart")
  func uniqueNames() throws {
    #expect(try database().read("SELECT a.id, b.id, a.name, b.id FROM r a JOIN r b USING (id)").names == ["id", "id_2", "name", "id_3"])
  }

  @Test(
    "names column, row, what was expected and what came when a value has another type",
    arguments: [
      ("VALUES ('a'), (5)", ColumnType.text, "column 'x', row 2: expected a text, got integer 5"),
      ("VALUES (1), (NULL), ('1.5h')", .double, "column 'x', row 3: expected a number, got text '1.5h'"),
      ("VALUES (1), (1.5)", .integer, "column 'x', row 2: expected an integer, got real 1.5"),
      ("VALUES (0), (2)", .bool, "column 'x', row 2: expected a bool (0 or 1), got integer 2"),
      (
        "VALUES ('2012-02-30')", .timestamp,
        "column 'x', row 1: expected a timestamp (integer microseconds since 1970 or ISO 8601 text), got text '2012-02-30'"
      ),
      ("VALUES (x'0102')", .text, "column 'x', row 1: expected a text, got a blob of 2 bytes"),
      ("VALUES (CAST(x'c328' AS TEXT))", .text, "column 'x', row 1: expected a text, got bytes that are no valid UTF-8"),
    ])
  func wrongType(sql: String, type: ColumnType, message: String) throws {
    let database = try database()
    let error = try #require(throws: DataAccessError.self) { try database.read(sql, as: [("x", type)]) }
    #expect(error.kind == .value)
    #expect(error.detail == message)
    #expect(error.description.contains(folder.file("a.sqlite")))
  }

  @Test("reads many keys with one statement for each 2,000", arguments: [(0, 1), (1, 1), (2_000, 1), (2_001, 2), (6_500, 4)])
  func keys(count: Int, statements: Int) throws {
    let database = try database()
    try database.write { transaction in
      try transaction.execute("CREATE TABLE k(code TEXT PRIMARY KEY, n INTEGER)")
      let codes = (0..<7_000).map { "K\($0)" }
      try transaction.insert(
        Frame([("code", Column(codes)), ("n", Column((0..<7_000).map { Int64($0) }))]), into: "k")
    }
    let before = database.statementCount
    let wanted = (0..<count).map { "K\($0)" } + ["K0", "none"].prefix(count)
    let frame = try database.read(
      "SELECT code, n FROM k WHERE code IN ({keys}) AND n >= ?1", keys: wanted, [.integer(0)])
    #expect(frame.rowCount == count)
    #expect(frame.names == ["code", "n"])
    // 'none' is one more distinct key from two on.
    #expect(database.statementCount - before == (count == 2_000 ? statements + 1 : statements))
    guard case .integer(let numbers)? = frame["n"]?.values else { return #expect(count == 0) }
    #expect(numbers.sorted() == (0..<count).map { Int64($0) })
  }

  @Test("counts every SELECT that it runs, and nothing else")
  func counts() throws {
    let database = try database()
    let before = database.statementCount
    _ = try database.read("SELECT 1")
    _ = try database.read("SELECT id FROM r")
    try database.write { try $0.execute("DELETE FROM r WHERE id = 3") }
    #expect(database.statementCount - before == 2)
  }

  @Test("shows one reader one state of the database while another process writes")
  func snapshot() throws {
    let database = try database()
    let other = try SQLiteDatabase(path: database.path, access: .readWrite, busyTimeoutSeconds: 0)
    let counts = try database.reading { reader in
      let before = try reader.read("SELECT count(*) FROM r", as: [("n", .integer)])
      // Under a rollback journal the writer cannot commit while somebody reads; with a write-ahead log it can, unseen.
      _ = try? other.write { try $0.execute("DELETE FROM r") }
      return [before, try reader.read("SELECT count(*) FROM r", as: [("n", .integer)])]
    }
    #expect(counts.map { $0.columns[0][0] } == [.integer(3), .integer(3)])
  }

  @Test("offers timestamp() and iso() in queries")
  func functions() throws {
    let database = try database()
    let sql = "SELECT iso(at), at = timestamp('2012-03-01T00:30Z'), iso(NULL), timestamp(NULL) FROM r WHERE id = 1"
    for frame in [try database.read(sql), try database.readOnlyQuery(sql)] {
      #expect(frame.columns.map { $0[0] } == [.text("2012-03-01T00:30:00Z"), .integer(1), .missing, .missing])
    }
    let error = try #require(throws: DataAccessError.self) { try database.readOnlyQuery("SELECT timestamp('1. März')") }
    #expect(error.detail.contains("timestamp(): expected an ISO 8601 time such as '2012-03-01T06:30Z', got '1. März'"))
  }
}
