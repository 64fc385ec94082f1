import DataAccess
import Routing
import Tabular
import TestSupport
import Testing

@Suite("A look at a source")
struct SourceCheckTests {
  private let folder: TemporaryFolder
  private let database: SQLiteDatabase
  private var source: SQLiteFactorySource { SQLiteFactorySource(database) }
  private let now = FactoryBuilder.instant(1000)

  init() throws {
    folder = try TemporaryFolder()
    database = try SQLiteDatabase(path: folder.path("factory.sqlite"), access: .readWrite)
    try database.migrate(FactorySchema.migrations)
    try database.write { transaction in
      try transaction.execute("ALTER TABLE items ADD COLUMN part_type TEXT")
      try transaction.execute("ALTER TABLE items ADD COLUMN size REAL")
      for number in 0..<30 {
        try transaction.execute("INSERT INTO items VALUES (?, 1, 2, 'ring', ?)", [.text("i\(number)"), .double(Double(number))])
        try transaction.execute(
          "INSERT INTO routing_operations (item_code, routing_no, op_seq, job_code, run_minutes) VALUES (?, '1', 10, 'turn', 5)",
          [.text("i\(number)")])
        try insert("r\(number)", "i\(number)", run: 50, in: transaction)
      }
    }
  }

  private func insert(
    _ id: String, _ item: String, day: Double = 10, run: Double?, pieces: Double? = 10, order: String? = nil,
    in transaction: SQLiteTransaction
  ) throws {
    try transaction.execute(
      "INSERT INTO work_results (result_id, order_no, item_code, job_code, completed_at, run_minutes, good_quantity) VALUES (?, ?, ?, 'turn', ?, ?, ?)",
      [
        .text(id), .text(order ?? "o-\(id)"), .text(item), .timestamp(FactoryBuilder.instant(day)), run.map(Cell.double) ?? .missing,
        pieces.map(Cell.double) ?? .missing,
      ])
  }

  /// The remarks after `change`, each as its number of rows, its beginning and its example.
  private func remarks(_ change: (SQLiteTransaction) throws -> Void = { _ in }) throws -> [String] {
    try database.write { try change($0) }
    return try source.check(at: now).remarks.map { "\($0.rows) \($0.message.prefix { $0 != ":" })\($0.example.map { " (\($0))" } ?? "")" }
  }

  @Test("finds nothing in sound data")
  func sound() throws { #expect(try remarks().isEmpty) }

  @Test("finds what is planted, with its number and an example")
  func planted() throws {
    let found = try remarks { transaction in
      try insert("future", "i1", day: 2000, run: 50, in: transaction)
      try insert("past", "i1", day: -20_000, run: 50, in: transaction)
      try insert("twice-a", "i2", day: 20, run: 50, order: "same", in: transaction)
      try insert("twice-b", "i2", day: 20, run: 50, order: "same", in: transaction)
      try insert("case", " I3", run: 50, in: transaction)
      try insert("negative", "i4", run: -1, in: transaction)
      try insert("untimed", "i5", run: nil, in: transaction)
      try insert("uncounted", "i6", run: 50, pieces: nil, in: transaction)
      try transaction.execute("UPDATE items SET part_type = '?' WHERE item_code IN ('i7', 'i8')")
      try transaction.execute("UPDATE items SET size = NULL")
      try transaction.execute("INSERT INTO items (item_code) VALUES ('idle')")
    }
    #expect(
      found == [
        "1 results completed in the future (future)", "1 results completed before 1990 (past)",
        "1 results that repeat another in all but their id (twice-b)",
        "1 results of items that have no row, but one that differs in case or blanks alone ( I3)",
        "1 results with negative minutes or quantities (negative)",
        "1 results without run minutes (untimed)", "1 results with run minutes but no quantity (uncounted)",
        "1 items without results (idle)", "1 items without a standard routing (idle)",
        "2 items have something in 'part_type' that looks like no value, but counts as one (?)",
        "31 items, all of them, have no value in 'size' (i0)",
      ])
  }

  @Test("notices that a unit was taken for another", arguments: [60.0, 1.0 / 60, 3600])
  func units(factor: Double) throws {
    let found = try remarks { try $0.execute("UPDATE work_results SET run_minutes = run_minutes * ?", [.double(factor)]) }
    let words = factor > 1 ? "\(Int(factor)) times more" : "60 times less"
    #expect(found == ["30 comparisons of results with standard routings find some \(words) minutes than planned"])
  }

  @Test("looks at the times of items and the minutes of plans too")
  func plans() throws {
    let found = try remarks { transaction in
      try transaction.execute("UPDATE items SET updated_at = ? WHERE item_code = 'i3'", [.timestamp(now.advanced(bySeconds: 1))])
      try transaction.execute("UPDATE items SET part_type = ' None' WHERE item_code IN ('i4', 'i5')")
      try transaction.execute("UPDATE routing_operations SET run_minutes = -5 WHERE item_code = 'i6'")
      try transaction.execute("UPDATE routing_operations SET quantity_basis = 0 WHERE item_code = 'i7'")
      try transaction.execute("UPDATE work_results SET wait_minutes = -1 WHERE result_id = 'r8'")
    }
    #expect(
      found == [
        "1 items made or changed in the future (i3)", "1 results with negative minutes or quantities (r8)",
        "2 operations of standard routings with negative minutes, or for no piece at all (i6)",
        "2 items have something in 'part_type' that looks like no value, but counts as one ( None)",
      ])
  }

  @Test("notices that a unit was taken for another in one operation alone")
  func unitsOfOne() throws {
    let found = try remarks { transaction in
      try transaction.execute(
        """
        INSERT INTO routing_operations (item_code, routing_no, op_seq, job_code, run_minutes)
        SELECT item_code, '1', 20, 'mill', 5 FROM routing_operations
        """)
      try transaction.execute(
        """
        INSERT INTO work_results (result_id, order_no, item_code, job_code, completed_at, run_minutes, good_quantity)
        SELECT 'm' || result_id, order_no, item_code, 'mill', completed_at, run_minutes / 60, good_quantity FROM work_results LIMIT 25
        """)
    }
    #expect(found == ["25 comparisons of results with standard routings find some 60 times less minutes than planned (mill)"])
  }

  @Test("names the index that is missing, as the statement that makes it")
  func indexes() throws {
    _ = try remarks { try $0.execute("DROP INDEX work_results_by_item") }
    let remark = try #require(try source.check(at: now).remarks.first)
    #expect(remark.message.hasSuffix("CREATE INDEX work_results_by_item_code ON work_results (item_code, completed_at);"))
    _ = try remarks { try $0.execute("CREATE INDEX work_results_by_item_code ON work_results (item_code, completed_at);") }
    #expect(try source.check(at: now).remarks.isEmpty)
  }

  @Test("describes each column: missing and different values, range, the commonest texts, and how the values lie")
  func description() throws {
    _ = try remarks { transaction in
      try transaction.execute("UPDATE items SET part_type = '-' WHERE item_code = 'i1'")
      try transaction.execute("UPDATE items SET part_type = NULL WHERE item_code = 'i2'")
    }
    let columns = Dictionary(uniqueKeysWithValues: try source.describe("items").map { ($0.column, $0) })
    let part = try #require(columns["part_type"])
    #expect(part.rows == 30 && part.missing == 1 && part.distinct == 2 && part.placeholders == 1)
    #expect(part.commonest.map(\.text) == ["ring", "-"] && part.histogram == [28, 1])
    let size = try #require(columns["size"])
    #expect([size.least, size.median, size.greatest] == ["0.0", "15.0", "29.0"] && size.histogram.reduce(0, +) == 30)
    #expect(columns["updated_at"]?.least == "1970-01-01" && columns["updated_at"]?.distinct == 1)
    #expect(try source.describe().count == 5 + 14 + 13)
    #expect(throws: FrameError.self) { try source.describe("item") }
  }

  @Test("names keys of several rows, cells that cannot be read, and relations without rows")
  func foreignTables() throws {
    try database.write { transaction in
      for table in ["items", "work_results"] {
        try transaction.execute("CREATE TABLE copy AS SELECT * FROM \(table)")
        try transaction.execute("DROP TABLE \(table)")
        try transaction.execute("ALTER TABLE copy RENAME TO \(table)")
        try transaction.execute("INSERT INTO \(table) SELECT * FROM \(table) LIMIT 2")
      }
      try transaction.execute("UPDATE work_results SET run_minutes = 'abc', in_house = 7 WHERE rowid = 7")
      try transaction.execute("UPDATE work_results SET good_quantity = 1e12 WHERE rowid = 8")
      try transaction.execute("UPDATE work_results SET job_code = ' ' WHERE rowid = 9")
      try transaction.execute("UPDATE items SET size = 'large' WHERE rowid = 5")
      try transaction.execute("UPDATE routing_operations SET item_code = 'nobody', valid_to = -9e18 WHERE item_code = 'i3'")
    }
    let remarks = try source.check(at: now).remarks
    func rows(_ part: String) -> Int? { remarks.first { $0.message.contains(part) }?.rows }
    #expect(rows("keys of items (item_code)") == 2 && rows("keys of work_results (result_id)") == 2)
    #expect(rows("work_results have something in 'run_minutes' that is no number") == 1)
    #expect(rows("work_results have something in 'in_house' that is neither 0 nor 1") == 1)
    #expect(rows("items have something in 'size' that is no number") == 1)
    #expect(rows("a milliard pieces") == 1 && rows("nothing in 'job_code' but blanks") == 1)
    #expect(rows("standard routings of items that have no row") == 1 && rows("end before they begin") == 1)
    try database.write { transaction in for table in FactorySchema.relationNames { try transaction.execute("DELETE FROM \(table)") } }
    let empty = try source.check(at: now).remarks.map(\.message)
    for lack in ["no items:", "no standard routings:", "no work results:"] { #expect(empty.contains { $0.hasPrefix(lack) }) }
  }
}
