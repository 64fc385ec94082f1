import DataAccess
import Routing
import Tabular
import Testing

@Suite("Groups of rows that become one record")
struct ImportingGroupTests {
  static let log = """
    order,item,job,machine,start,end,kind,span,pieces
    O1,A,turn,M1,2012-03-01T06:00Z,2012-03-01T07:00Z,S,60,1
    O1,A,turn,M2,2012-03-01T07:00Z,2012-03-01T09:00Z,D,120,10
    O1,A,mill,M3,2012-03-02T07:00Z,2012-03-02T08:00Z,D,,5
    O1,A,turn,M2,2012-03-01T05:00Z,2012-03-01T05:30Z,D,30,3
    O2,B,turn,M1,2012-03-03T05:00Z,2012-03-03T05:30Z,S,30,0
    O1,B,turn,M1,2012-03-03T05:00Z,2012-03-03T05:30Z,S,30,0
    """

  func importGroups(_ bench: ImportBench, blockRows: Int = 1 << 15, _ text: String = log, zone: String = "UTC") throws -> ImportReport {
    try bench.importLog(text, blockRows: blockRows) { mapping in
      mapping.relation.groupBy = ["order_no", "job_code"]
      func field(_ column: String, _ aggregate: ImportMapping.Aggregate, kind: String? = nil) -> ImportMapping.Field {
        var field = ImportMapping.Field(.column(column))
        field.aggregate = aggregate
        if let kind { field.conditions = [ImportMapping.Condition(column: "kind", allowed: [kind])] }
        return field
      }
      var first = field("machine", .first)
      first.orderedBy = "start"
      mapping.relation.fields = [
        "order_no": field("order", .same), "item_code": field("item", .same), "job_code": field("job", .same),
        "resource_code": first, "completed_at": field("end", .max), "setup_minutes": field("span", .sum, kind: "S"),
        "run_minutes": field("span", .sum, kind: "D"), "wait_minutes": field("span", .count), "good_quantity": field("pieces", .sum),
        "bad_quantity": field("pieces", .min),
      ]
    }
  }

  @Test("sums by condition, takes first by time, and leaves missing what no row had", arguments: [1, 2, 3, 1 << 15])
  func aggregates(blockRows: Int) throws {
    let bench = try ImportBench()
    let report = try importGroups(bench, blockRows: blockRows)
    #expect(report.files[0].rows == 6 && report.files[0].used == 5)
    // An order of two items is a contradiction, not two orders.
    let refusal = try #require(report.files[0].refusals.first)
    #expect(refusal.reason == "differs within its group" && refusal.line == 7 && refusal.column == "item_code")
    #expect(refusal.value == "B" && refusal.expected == "A as in the group's other rows")
    let columns = "setup_minutes, run_minutes, wait_minutes, good_quantity, bad_quantity"
    let frame = try bench.results("order_no || ' ' || job_code || ' ' || resource_code || ' ' || iso(completed_at), \(columns)")
    #expect(
      (0..<frame.rowCount).map { frame.columns[0].text($0) } == [
        "O1 mill M3 2012-03-02T08:00:00Z", "O1 turn M2 2012-03-01T09:00:00Z", "O2 turn M1 2012-03-03T05:30:00Z",
      ])
    let rows = (0..<3).map { row in frame.columns.dropFirst().map { $0.number(row) } }
    #expect(rows == [[nil, nil, 0, 5, 5], [60, 150, 3, 14, 1], [30, nil, 1, 0, 0]])
  }

  @Test("gives groups the same keys whatever else changes, so that a second import updates them")
  func stableKeys() throws {
    let bench = try ImportBench()
    _ = try importGroups(bench)
    let keys = try bench.texts("SELECT result_id FROM work_results ORDER BY order_no, job_code")
    #expect(try importGroups(bench).isUnchanged)
    let changed = Self.log.split(separator: "\n").reversed().dropLast().map(String.init)
    let text = (["order,item,job,machine,start,end,kind,span,pieces"] + changed.map { $0.hasPrefix("O2") ? $0.dropLast(1) + "7" : $0 })
      .joined(separator: "\n")
    // Read backwards the order's other item comes first, and the rest contradicts it: so it is left out here.
    let report = try importGroups(bench, text.split(separator: "\n").filter { !$0.hasPrefix("O1,B") }.joined(separator: "\n"))
    #expect(report.relations[0].written == WriteCounts(updated: 1, unchanged: 2))
    #expect(try bench.texts("SELECT result_id FROM work_results ORDER BY order_no, job_code") == keys)
    // Keys in databases are made this way: they may never change.
    #expect(keys[0] == Digest128(of: ["order_no", "job_code", "=O1", "=mill"]).description)
  }

  @Test("groups across files of one source as if they were one")
  func acrossFiles() throws {
    let bench = try ImportBench()
    try bench.file("jan.csv", "order,item,at,span\nO1,A,2012-01-30,5\nO1,A,2012-01-31,6\n")
    try bench.file("feb.csv", "order,item,at,span\nO1,A,2012-01-31,6\nO1,A,2012-02-01,7\nO2,A,2012-02-01,1\n")
    let report = try bench.importLog("unused\n") { mapping in
      mapping.sources[0].files = ["jan.csv", "feb.csv"]
      mapping.relation.groupBy = ["order_no"]
      mapping.relation.fields = ["order_no": "order", "item_code": "item", "completed_at": "at", "run_minutes": "span"]
        .mapValues { ImportMapping.Field(.column($0)) }
      mapping.relation.fields["job_code"] = ImportMapping.Field(.constant("all"))
      mapping.relation.fields["completed_at"]?.aggregate = .max
      mapping.relation.fields["run_minutes"]?.aggregate = .sum
    }
    // The exports overlap by a row.
    #expect(report.files.map { [$0.rows, $0.used] } == [[2, 2], [3, 2]])
    #expect(try bench.numbers("SELECT run_minutes FROM work_results ORDER BY order_no") == [18, 1])
  }

  @Test("keeps sums and accounts for every row, whatever the rows and blocks are", arguments: 0..<20 as Range<UInt64>)
  func sumsArePreserved(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let bench = try ImportBench()
    var rows: [String] = []
    // Binary fractions: their sums are exact in any order.
    var (total, good): (Double, Int) = (0, 0)
    for number in 0..<200 {
      let span = Double(random.integer(below: 4_000)) / 8
      let isFaulty = random.integer(below: 10) == 0
      rows.append(
        "O\(random.integer(below: 12)),J\(random.integer(below: 4)),2012-03-01T00:00:00.\(1000 + number)Z,\(isFaulty ? "x" : "\(span)")")
      if !isFaulty {
        total += span
        good += 1
      }
    }
    let report = try bench.importLog("order,job,at,span\n" + rows.joined(separator: "\n") + "\n", blockRows: 1 + random.integer(below: 60))
    { mapping in
      mapping.relation.groupBy = ["order_no", "job_code"]
      mapping.relation.fields = ["order_no": "order", "item_code": "order", "job_code": "job", "completed_at": "at", "run_minutes": "span"]
        .mapValues { ImportMapping.Field(.column($0)) }
      mapping.relation.fields["completed_at"]?.aggregate = .max
      mapping.relation.fields["run_minutes"]?.aggregate = .sum
      mapping.relation.fields["wait_minutes"] = ImportMapping.Field(.column("span"))
      mapping.relation.fields["wait_minutes"]?.aggregate = .count
    }
    let file = report.files[0]
    #expect(file.rows == 200 && file.used == good && file.used + file.refusals.reduce(0) { $0 + $1.count } == file.rows)
    #expect(try bench.numbers("SELECT sum(run_minutes) AS n FROM work_results") == [total])
    #expect(try bench.numbers("SELECT sum(wait_minutes) AS n FROM work_results") == [Double(good)])
    #expect(report.relations[0].records == (try bench.results().rowCount))
  }

  @Test("takes the commonest value, of equals the one seen first")
  func mostFrequent() throws {
    let bench = try ImportBench()
    _ = try bench.importLog("order,machine,at\nO1,M2,2012-03-01\nO1,M1,2012-03-02\nO1,M1,2012-03-03\nO1,M2,2012-03-04\nO1,M3,2012-03-05\n")
    { mapping in
      mapping.relation.groupBy = ["order_no"]
      mapping.relation.fields = [
        "order_no": "order", "item_code": "order", "job_code": "order", "completed_at": "at", "resource_code": "machine",
      ]
      .mapValues { ImportMapping.Field(.column($0)) }
      mapping.relation.fields["completed_at"]?.aggregate = .last
      mapping.relation.fields["resource_code"]?.aggregate = .mostFrequent
    }
    #expect(try bench.texts("SELECT resource_code || ' ' || iso(completed_at) FROM work_results") == ["M2 2012-03-05T00:00:00Z"])
  }
}
