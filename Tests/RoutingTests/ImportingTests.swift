import DataAccess
import Routing
import Tabular
import TestSupport
import Testing

@Suite("Importing files")
struct ImportingTests {
  @Test("brings rows into a relation, and changes nothing when repeated")
  func idempotent() throws {
    let bench = try ImportBench()
    let log = ImportBench.log("A,O1,Turn,2012-03-01T06:30Z,12.5,10", "B,O2,Mill,2012-03-02,7,0", "B,O3,Mill,2012-03-03,,")
    let first = try bench.importLog(log)
    #expect(first.relations.map(\.written) == [WriteCounts(inserted: 3)] && !first.isUnchanged)
    #expect(first.files.map { [$0.rows, $0.used, $0.refusals.count] } == [[3, 3, 0]])
    let written = try bench.results()
    let second = try bench.importLog(log)
    #expect(second.relations.map(\.written) == [WriteCounts(unchanged: 3)] && second.isUnchanged)
    #expect(try bench.results() == written)
    #expect(written["run_minutes"]?[2] == .missing && written["good_quantity"]?[1] == .double(0))
  }

  @Test(
    "refuses rows by reason, with line, column and value of the first",
    arguments: [
      (",O1,Turn,2012-03-01,1,1", "missing key", "item_code", ""),
      ("A,O1, - ,2012-03-01,1,1", "missing key", "job_code", " - "),
      ("A,O1,Turn,--,1,1", "missing key", "completed_at", "--"),
      ("A\0B,O1,Turn,2012-03-01,1,1", "byte of value 0 in a key", "item_code", "A\0B"),
      ("A,O1,Turn,1.3.2012,1,1", "unparsable time", "completed_at", "1.3.2012"),
      ("A,O1,Turn,2012-03-01,twelve,1", "unparsable duration", "run_minutes", "twelve"),
      ("A,O1,Turn,2012-03-01,inf,1", "unparsable duration", "run_minutes", "inf"),
      ("A,O1,Turn,2012-03-01,-1,1", "negative minutes", "run_minutes", "-1"),
      ("A,O1,Turn,2012-03-01,1,\"1,5\"", "unparsable number", "good_quantity", "1,5"),
      ("A,O1,Turn,2012-03-01,1,-2", "negative quantity", "good_quantity", "-2"),
      ("A,O1,Turn,2012-03-01,1", "wrong number of fields", nil, "5 fields"),
      ("A,O9,Turn,2012-03-01,1,1", "duplicate", nil, nil),
    ] as [(String, String, String?, String?)])
  func reasons(row: String, reason: String, column: String?, value: String?) throws {
    let bench = try ImportBench()
    let report = try bench.importLog(ImportBench.log("A,O9,Turn,2012-03-01,1,1", row, row))
    let refusal = try #require(report.files[0].refusals.first)
    // A repeated faulty row is a duplicate of itself, whatever else is wrong with it; ragged rows are not compared.
    let expected = reason == "duplicate" || reason == "wrong number of fields" ? 2 : 1
    #expect(refusal.reason == reason || report.files[0].refusals.count == 2)
    let found = try #require(report.files[0].refusals.first { $0.reason == reason })
    #expect(found.count == expected && found.line == 3 && found.column == column && found.value == value)
    #expect(report.files[0].rows == 3 && report.files[0].used == 1)
    #expect(report.files[0].refusals.reduce(0) { $0 + $1.count } == 2)
    #expect(try bench.results().rowCount == 1)
  }

  @Test("refuses unknown flags, unmapped values, contradicting keys and repeated keys by name")
  func moreReasons() throws {
    let bench = try ImportBench()
    let text = """
      id,item,job,at,outside,kind
      1,A,turn,2012-03-01,n,x
      2,A,turn,2012-03-01,maybe,x
      3,A,weld,2012-03-01,y,x
      1,A,mill,2012-03-02,y,x
      """
    let report = try bench.importLog(text) { mapping in
      let fields = ["result_id": "id", "item_code": "item", "job_code": "job", "completed_at": "at", "in_house": "outside"]
      mapping.relation.fields = fields.mapValues { ImportMapping.Field(.column($0)) }
      mapping.relation.fields["in_house"]?.trueValues = ["n"]
      mapping.relation.fields["in_house"]?.falseValues = ["y"]
      mapping.relation.fields["job_code"]?.valueMap = ["turn": "Turning", "mill": "Milling"]
      mapping.relation.fields["job_code"]?.unmapped = .refused
    }
    #expect(Set(report.files[0].refusals.map(\.reason)) == ["unknown flag", "unknown value", "duplicate key"])
    #expect(report.files[0].refusals.map(\.line).sorted() == [3, 4, 5])
    #expect(try bench.texts("SELECT job_code FROM work_results WHERE in_house = 1") == ["Turning"])
  }

  @Test("leaves rows out by filters that the report names, and does not count them as faults")
  func filters() throws {
    let bench = try ImportBench()
    let log = ImportBench.log(
      "A,O1,Turn,2012-03-01,1,1", "A,O2,Stop,2012-03-01,1,1", "A,O3,Test ,2012-03-01,1,1", "B,O4,Turn,2012-03-01,1,1")
    let report = try bench.importLog(log) { mapping in
      mapping.maxRefusedShare = 0
      var (stops, others) = (ImportMapping.Filter(), ImportMapping.Filter())
      stops.name = "standstill"
      stops.keeps = ImportMapping.Condition(column: "job_code", excluded: ["Stop", "Test"])
      others.name = "other items"
      others.keeps = ImportMapping.Condition(column: "item_code", allowed: ["A"])
      mapping.sources[0].filters = [stops, others]
    }
    #expect(
      report.files[0].refusals.map { "\($0.reason) \($0.count) \($0.line)" } == ["filtered: standstill 2 3", "filtered: other items 1 5"])
    #expect(report.files[0].used == 1)
  }

  @Test("writes nothing at all when something fails at the last row", arguments: [1, 2, 1 << 15])
  func allOrNothing(blockRows: Int) throws {
    let bench = try ImportBench()
    _ = try bench.importLog(ImportBench.log("A,O1,Turn,2012-03-01,1,1"))
    let before = try bench.results()
    let rows = ImportBench.log("A,O1,Turn,2012-03-01,5,1", "B,O2,Turn,2012-03-01,1,1", "C,O3,Turn,2012-03-01,1,1")
    // A byte that is no UTF-8, in the last record.
    let path = bench.folder.path("bad.csv")
    try AtomicFile.write(Array(rows.utf8) + [0x44, 0xfc, 0x0a], to: path)
    let error = try #require(throws: ImportError.self) {
      try bench.importLog(rows, blockRows: blockRows) { $0.sources[0].files = ["bad.csv"] }
    }
    #expect(error.description.hasPrefix("\(path):5: byte fc in column 2 is no UTF-8; it looks like Windows-1252"))
    #expect(try bench.results() == before)
    // Too many refused rows are only known at the end.
    let faulty = ImportBench.log("A,O1,Turn,2012-03-01,5,1", "B,O2,Turn,2012-03-01,1,1", "C,O3,Turn,soon,1,1")
    let share = try #require(throws: ImportError.self) { try bench.importLog(faulty, blockRows: blockRows) { $0.maxRefusedShare = 0.33 } }
    #expect(share.description.hasPrefix("33.3 % of the rows were refused for a fault, more than the 33.0 % that max_refused_share allows"))
    #expect(share.description.contains("unparsable time"))
    #expect(try bench.results() == before)
    #expect(try bench.importLog(faulty, blockRows: blockRows) { $0.maxRefusedShare = 0.34 }.files[0].used == 2)
  }

  @Test("shows the first value and the expected format when no row can be used")
  func otherFormat() throws {
    let bench = try ImportBench()
    let error = try #require(throws: ImportError.self) {
      try bench.importLog(ImportBench.log("A,O1,Turn,2012-01-30 06:24,1,1", "A,O1,Turn,2012-01-31 06:24,1,1")) {
        $0.sources[0].timeFormat = "dd.MM.yyyy HH:mm"
        $0.timeZone = "Asia/Seoul"
      }
    }
    #expect(
      error.description == "\(bench.folder.path("log.csv")): none of the 2 rows can be used; line 2 has unparsable time in column "
        + "'completed_at': '2012-01-30 06:24', expected a time as 31.03.2012 13:45 (dd.MM.yyyy HH:mm, Asia/Seoul); nothing was imported")
    #expect(try bench.database.reading { try $0.read("SELECT * FROM work_results").rowCount } == 0)
  }

  @Test("names missing columns with the nearest ones, and a wrong delimiter")
  func columns() throws {
    let bench = try ImportBench()
    let log = ImportBench.log("A,O1,Turn,2012-03-01,1,1")
    let missing = try #require(throws: ImportError.self) {
      try bench.importLog(log) { $0.relation.fields["job_code"]?.input = .column("job_cdoe") }
    }
    #expect(missing.description.contains("the header lacks column 'job_cdoe'; did you mean 'job_code'? (it has item_code, "))
    let delimiter = try #require(throws: ImportError.self) { try bench.importLog(log) { $0.sources[0].delimiter = UInt8(ascii: ";") } }
    #expect(
      delimiter.description.contains("the header is one column, separated by ';'; it seems to be separated by ',': set 'delimiter'"))
    let file = try #require(throws: ImportError.self) { try bench.importLog(log) { $0.sources[0].files = ["log.csv", "nolog.csv"] } }
    #expect(file.description == "\(bench.folder.path("nolog.csv")): no such file, while reading it; check the path; nothing was imported")
    #expect(try bench.database.reading { try $0.tableNames() }.isEmpty)
  }

  @Test("says which file another process keeps it from writing")
  func locked() throws {
    let bench = try ImportBench()
    _ = try bench.importLog(ImportBench.log("A,O1,Turn,2012-03-01,1,1"))
    let other = try SQLiteDatabase(path: bench.database.path, access: .readWrite, busyTimeoutSeconds: 0)
    var mapping = ImportMapping()
    mapping.sources = [ImportMapping.Source()]
    mapping.sources[0].files = ["log.csv"]
    mapping.sources[0].relations = [ImportMapping.Relation(.items)]
    mapping.relation.fields["item_code"] = ImportMapping.Field(.column("item_code"))
    mapping.relation.groupBy = ["item_code"]
    try bench.database.write { _ in
      let error = try #require(throws: ImportError.self) {
        try Importer(mapping).run(into: other, locating: { bench.folder.path($0) })
      }
      #expect(error.description.hasPrefix("\(other.path): in use by another process"))
    }
  }

  @Test("stops between blocks when asked, and writes nothing")
  func interrupted() throws {
    let bench = try ImportBench()
    _ = try bench.importLog(ImportBench.log("A,O1,Turn,2012-03-01,1,1"))
    var mapping = ImportMapping()
    mapping.sources = [ImportMapping.Source()]
    mapping.sources[0].files = ["more.csv"]
    mapping.sources[0].relations = [ImportMapping.Relation(.items)]
    mapping.relation.fields["item_code"] = ImportMapping.Field(.column("item"))
    try bench.file("more.csv", "item\nA\nB\nC\n")
    var asked = 0
    let error = try #require(throws: ImportError.self) {
      try Importer(mapping, blockRows: 1).run(
        into: bench.database, locating: { bench.folder.path($0) },
        shouldStop: {
          asked += 1
          return asked == 3
        })
    }
    #expect(error.description.contains("interrupted"))
    #expect(try bench.database.read("SELECT * FROM items").rowCount == 0)
  }

  @Test("takes away what the files no longer have when they are the whole truth, and keeps it otherwise")
  func modes() throws {
    let bench = try ImportBench()
    let both = ImportBench.log("A,O1,Turn,2012-03-01,1,1", "B,O2,Turn,2012-03-01,1,1")
    let one = ImportBench.log("B,O2,Turn,2012-03-01,2,1")
    _ = try bench.importLog(both) { $0.relation.groupBy = ["order_no"] }
    let merged = try bench.importLog(one) { $0.relation.groupBy = ["order_no"] }
    #expect(merged.relations[0].written == WriteCounts(updated: 1) && merged.relations[0].removed == 0)
    #expect(try bench.results().rowCount == 2)
    for removed in [1, 0] {
      let replaced = try bench.importLog(one) {
        $0.relation.groupBy = ["order_no"]
        $0.mode = .replace
      }
      #expect(replaced.relations[0].removed == removed && replaced.relations[0].written == WriteCounts(unchanged: 1))
    }
    #expect(try bench.texts("SELECT order_no FROM work_results") == ["O2"])
  }

  @Test("fills plans: routing 1 and always valid where the file does not say so")
  func plans() throws {
    let bench = try ImportBench()
    try bench.file("plan.csv", "item;seq;job;run;unit basis\nA;10;Turn;0,5;1\nA;20.0;Mill;1,25;10\n")
    var mapping = ImportMapping()
    mapping.sources = [ImportMapping.Source()]
    mapping.sources[0].files = ["plan.csv"]
    var relation = ImportMapping.Relation(.routingOperations)
    let fields = ["item_code": "item", "op_seq": "seq", "job_code": "job", "run_minutes": "run", "quantity_basis": "unit basis"]
    relation.fields = fields.mapValues { ImportMapping.Field(.column($0)) }
    relation.fields["run_minutes"]?.duration = .decimal(.hours)
    relation.fields["run_minutes"]?.decimalComma = true
    mapping.sources[0].relations = [relation]
    #expect(try bench.run(mapping).relations[0].written == WriteCounts(inserted: 2))
    #expect(try bench.run(mapping).isUnchanged)
    #expect(try bench.numbers("SELECT run_minutes FROM routing_operations ORDER BY op_seq") == [30, 75])
    #expect(
      try bench.texts("SELECT routing_no || ' ' || op_seq || ' ' || iso(valid_from) FROM routing_operations ORDER BY op_seq") == [
        "1 10 0001-01-01T00:00:00Z", "1 20 0001-01-01T00:00:00Z",
      ])
  }
}
