import DataAccess
import Dispatch
import Synchronization
import Tabular
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Queries that somebody typed")
struct SQLiteQueryTests {
  let folder = TemporaryFolder()

  func database(shouldStop: (@Sendable () -> Bool)? = nil) throws -> SQLiteDatabase {
    let database = try SQLiteDatabase(path: folder.file("q.sqlite"), access: .readWrite, shouldStop: shouldStop)
    try database.write { try $0.execute("CREATE TABLE IF NOT EXISTS t(a INTEGER)") }
    try database.write { try $0.execute("INSERT INTO t VALUES (1), (2), (3)") }
    return database
  }

  @Test(
    "reads with SELECT, WITH and VALUES",
    arguments: [
      "SELECT a FROM t", "WITH x AS (SELECT a FROM t) SELECT a FROM x", "VALUES (1), (2), (3)", "SELECT a FROM t; -- the end\n",
    ])
  func reads(sql: String) throws { #expect(try database().readOnlyQuery(sql).rowCount == 3) }

  @Test("takes parameters, and refuses another number of them")
  func parameters() throws {
    let database = try database()
    #expect(try database.readOnlyQuery("SELECT a FROM t WHERE a > ? AND 'x' = ?", [.integer(1), .text("x")]).rowCount == 2)
    let error = try #require(throws: DataAccessError.self) { try database.readOnlyQuery("SELECT ?, ?", [.integer(1)]) }
    #expect(error.detail == "the statement has 2 parameters, got 1 values")
  }

  @Test(
    "refuses everything that is not reading, and changes nothing",
    arguments: [
      "DELETE FROM t", "INSERT INTO t VALUES (4)", "UPDATE t SET a = 0", "CREATE TABLE u(a)", "CREATE TEMP TABLE u(a)", "DROP TABLE t",
      "WITH x AS (SELECT 1) DELETE FROM t", "ATTACH 'other.sqlite' AS o", "PRAGMA journal_mode = off", "PRAGMA user_version = 3",
      "PRAGMA table_info(t); DELETE FROM t", "BEGIN", "COMMIT", "VACUUM", "VACUUM INTO '/tmp/copy'", "SELECT load_extension('x')",
      "SELECT 1; SELECT 2", "", "-- nothing", "SELECT a FROM t RETURNING a", "REINDEX", "ANALYZE", "SAVEPOINT s",
    ])
  func refuses(sql: String) throws {
    let database = try database()
    let error = try #require(throws: DataAccessError.self) { try database.readOnlyQuery(sql) }
    #expect([.refused, .query].contains(error.kind), "\(error)")
    #expect(try database.read("SELECT sum(a) FROM t", as: [("a", .integer)]).columns[0][0] == .integer(6))
    #expect(folder.names == ["q.sqlite"] || folder.names == ["q.sqlite", "q.sqlite-journal"])
  }

  @Test("says so when the result is larger than the limits instead of cutting it")
  func limits() throws {
    let database = try database()
    let numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, 'text ' || i FROM n"
    #expect(try database.readOnlyQuery(numbers, rowLimit: 100_000).rowCount == 100_000)
    let rows = try #require(throws: DataAccessError.self) { try database.readOnlyQuery(numbers, rowLimit: 99_999) }
    #expect(rows.kind == .tooLarge && rows.detail.contains("more than 99999 rows"))
    let bytes = try #require(throws: DataAccessError.self) { try database.readOnlyQuery(numbers, byteLimit: 1 << 20) }
    #expect(bytes.kind == .tooLarge && bytes.detail.contains("more than 1 MB"))
  }

  static let endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

  @Test("ends an endless statement when asked to stop, and works again afterwards")
  func stops() throws {
    let counter = Counter()
    let database = try database(shouldStop: { counter.next() > 50 })
    for _ in 0..<2 {
      for read in [{ try database.read(Self.endless) }, { try database.readOnlyQuery(Self.endless) }] {
        counter.reset()
        let error = try #require(throws: DataAccessError.self) { _ = try read() }
        #expect(error.kind == .interrupted)
      }
    }
    counter.reset()
    #expect(try database.readOnlyQuery("SELECT a FROM t").rowCount == 3)
  }

  @Test("ends an endless statement when another thread interrupts it", arguments: [false, true])
  func interrupts(typed: Bool) throws {
    let database = try database()
    let done = Counter()
    // A thread of its own: the statement blocks this one, and the shared pool may have no other.
    DispatchQueue(label: "interrupter").async {
      // The statement may not have started yet, and an interrupt before it is lost.
      while done.value == 0 {
        database.interrupt()
        sched_yield()
      }
    }
    let error = #expect(throws: DataAccessError.self) {
      if typed { _ = try database.readOnlyQuery(Self.endless) } else { _ = try database.read(Self.endless) }
    }
    _ = done.next()
    #expect(error?.kind == .interrupted)
  }
}

final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  var value: Int { count.load(ordering: .relaxed) }
  func reset() { count.store(0, ordering: .relaxed) }
}
