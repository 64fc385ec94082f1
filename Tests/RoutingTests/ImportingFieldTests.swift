import DataAccess
import Routing
import Tabular
import Testing

@Suite("Fields of an import")
struct ImportingFieldTests {
  /// Imports items with one feature read from `texts` by `change`, and returns the feature, item by item.
  func feature(_ texts: [String], _ change: (inout ImportMapping.Field) -> Void) throws -> [Cell] {
    let bench = try ImportBench()
    let rows = texts.enumerated().map { "I\($0 + 1),\"\($1)\",x,\"\($1)\"" }
    try bench.file("items.csv", "item,value,other,again\n" + rows.joined(separator: "\n") + "\n")
    var mapping = ImportMapping()
    mapping.maxRefusedShare = 1
    mapping.sources = [ImportMapping.Source()]
    mapping.sources[0].files = ["items.csv"]
    var relation = ImportMapping.Relation(.items)
    var field = ImportMapping.Field(.column("value"))
    change(&field)
    relation.fields = ["item_code": ImportMapping.Field(.column("item")), "feature": field]
    mapping.sources[0].relations = [relation]
    _ = try bench.run(mapping)
    let frame = try bench.database.read("SELECT feature FROM items ORDER BY item_code")
    return (0..<frame.rowCount).map { frame.columns[0][$0] }
  }

  @Test("cuts, matches, replaces and maps texts, in that order")
  func steps() throws {
    let texts = ["Turning  &  Milling - Machine 4", "Setup - Lathe", "-", "plain"]
    #expect(
      try feature(texts) { $0.steps = [.before(" - "), .collapseBlanks] } == [
        .text("Turning & Milling"), .text("Setup"), .missing, .text("plain"),
      ])
    #expect(try feature(texts) { $0.steps = [.after(" - ")] } == [.text("Machine 4"), .text("Lathe"), .missing, .text("plain")])
    #expect(try feature(texts) { $0.steps = [.match(#"Machine (\d+)"#)] } == [.text("4"), .missing, .missing, .missing])
    #expect(try feature(texts) { $0.steps = [.match("[A-Z]\\w+")] } == [.text("Turning"), .text("Setup"), .missing, .missing])
    #expect(
      try feature(texts) {
        $0.steps = [.replace(pattern: #"\s*-\s*(Machine \d+|Lathe)$"#, with: ""), .collapseBlanks]
        $0.valueMap = ["Setup": "Set-up"]
      } == [.text("Turning & Milling"), .text("Set-up"), .missing, .text("plain")])
    #expect(
      try feature(texts) {
        $0.valueMap = ["plain": "P"]
        $0.unmapped = .replaced(by: "other")
      } == [.text("other"), .text("other"), .missing, .text("P")])
  }

  @Test("keeps case and script, drops blanks around, and knows placeholders")
  func plain() throws {
    let texts = [" 선삭 ", "a", "A", " NULL ", "", "null x"]
    #expect(try feature(texts) { _ in } == [.text("선삭"), .text("a"), .text("A"), .missing, .missing, .text("null x")])
    #expect(try feature(["?", "x"]) { $0.missing = ["?"] } == [.missing, .text("x")])
  }

  @Test("joins columns, and is missing when one of them is")
  func joins() throws {
    #expect(try feature(["a", "-"]) { $0.input = .joined(["value", "other", "again"], separator: "/") } == [.text("a/x/a"), .missing])
    #expect(try feature(["a", "-"]) { $0.input = .constant("same") } == [.text("same"), .text("same")])
  }

  @Test("reads numbers with points or commas")
  func numbers() throws {
    #expect(try feature(["1.5", " 2 ", "-3e2"]) { $0.featureType = .double } == [.double(1.5), .double(2), .double(-300)])
    #expect(
      try feature(["1,5", "2"]) {
        $0.featureType = .double
        $0.decimalComma = true
      } == [.double(1.5), .double(2)])
  }

  /// Imports one result whose run minutes are read by `change`: the minutes, or the reason why not.
  func minutes(_ start: String, _ end: String, _ span: String, zone: String = "UTC", _ change: (inout ImportMapping.Field) -> Void) throws
    -> String
  {
    let bench = try ImportBench()
    // A second row that is always right, so that a refused first one is no error.
    let text = "item,job,start,end,span\nA,turn,\(start),\(end),\(span)\nB,turn,2012/01/01 00:00,2012/01/01 01:30,001:30\n"
    let report = try bench.importLog(text) { mapping in
      mapping.timeZone = zone
      mapping.sources[0].timeFormat = "yyyy/MM/dd HH:mm"
      mapping.relation.fields = ["item_code": "item", "job_code": "job", "completed_at": "end"].mapValues {
        ImportMapping.Field(.column($0))
      }
      var field = ImportMapping.Field(.column("span"))
      field.duration = .clock(seconds: false)
      change(&field)
      mapping.relation.fields["run_minutes"] = field
    }
    if let refusal = report.files[0].refusals.first { return "\(refusal.reason) in \(refusal.column ?? "")" }
    return try bench.numbers("SELECT run_minutes FROM work_results WHERE item_code = 'A'")[0].map { "\($0)" } ?? "missing"
  }

  @Test(
    "takes minutes from a span, from two times, or from a span that two times must agree with",
    arguments: [
      ("2012/01/30 06:24", "2012/01/30 12:43", "006:19", "379.0", "379.0", "379.0"),
      ("2012/01/30 06:24", "2012/01/30 12:44", "006:19", "379.0", "380.0", "379.0"),
      ("2012/01/30 06:24", "2012/01/30 12:45", "006:19", "379.0", "381.0", "contradicting minutes in span"),
      ("2012/01/30 06:24", "2012/01/30 06:20", "000:04", "4.0", "negative minutes in start … end", "contradicting minutes in span"),
      ("2012/01/30 06:24", "2012/01/30 12:43", "000:00", "missing", "379.0", "missing"),
      ("", "2012/01/30 12:43", "006:19", "379.0", "missing", "379.0"),
      ("soon", "2012/01/30 12:43", "006:19", "379.0", "unparsable time in start", "unparsable time in start"),
      // The night in which the clocks of central Europe go forward: an hour less than the clock says.
      ("2012/03/24 23:00", "2012/03/25 06:49", "006:49", "409.0", "409.0", "409.0"),
      ("2012/03/25 01:30", "2012/03/25 02:30", "001:00", "unparsable time in end", "unparsable time in end", "unparsable time in end"),
    ])
  func spans(start: String, end: String, span: String, reported: String, between: String, checked: String) throws {
    let zone = "Europe/Berlin"
    #expect(try minutes(start, end, span, zone: zone) { $0.missing = ["000:00"] } == reported)
    #expect(try minutes(start, end, span, zone: zone) { $0.input = .minutesBetween(start: "start", end: "end") } == between)
    #expect(
      try minutes(start, end, span, zone: zone) {
        $0.missing = ["000:00"]
        $0.check = ImportMapping.SpanCheck(start: "start", end: "end")
      } == checked)
  }

  @Test(
    "finds what is wrong with a mapping before it looks at a file",
    arguments: [
      ("sources[0].work_results.fields.jobcode", "work_results has no field 'jobcode'; did you mean 'job_code'?"),
      ("sources[0].work_results.fields", "must have 'job_code'"),
      ("sources[0].work_results.fields.order_no.steps[0]", "is no regular expression: '('"),
      ("sources[0].work_results.fields.completed_at.time_format", "time format 'HH' needs a year, a month and a day"),
      ("sources[0].work_results.fields.item_code.where", "must be absent: every row needs 'item_code'"),
      ("sources[0].work_results.fields.item_code.aggregate", "'sum' needs numbers, and this field holds texts"),
      ("sources[0].work_results.fields.order_no.check", "is for minutes, which this field does not hold"),
      ("sources[0].work_results.fields.order_no.by", "goes with 'first' or 'last' only"),
      ("sources[0].work_results.group_by[1]", "'item_cod' is not among the fields; did you mean 'item_code'?"),
      ("sources[0].files", "must name at least one file"),
      ("sources[0].filters[0]", "must say which texts of 'x' to keep or drop"),
      ("time_zone", "names the unknown zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"),
      ("sources[0].items.fields.Size", "differs from 'size' in letter case only"),
    ])
  func mappingFaults(key: String, message: String) throws {
    var mapping = ImportMapping()
    mapping.timeZone = "Europe/Berln"
    var source = ImportMapping.Source()
    var filter = ImportMapping.Filter()
    filter.name = "f"
    filter.keeps.column = "x"
    source.filters = [filter]
    var results = ImportMapping.Relation(.workResults)
    results.groupBy = ["order_no", "item_cod"]
    results.fields = ["jobcode", "order_no", "completed_at", "item_code"].reduce(into: [:]) { $0[$1] = ImportMapping.Field(.column("c")) }
    results.fields["order_no"]?.steps = [.match("(")]
    results.fields["order_no"]?.check = ImportMapping.SpanCheck()
    results.fields["order_no"]?.orderedBy = "c"
    results.fields["completed_at"]?.timeFormat = "HH"
    results.fields["item_code"]?.conditions = [ImportMapping.Condition(column: "c", allowed: ["x"])]
    results.fields["item_code"]?.aggregate = .sum
    var items = ImportMapping.Relation(.items)
    items.fields = ["item_code", "size", "Size"].reduce(into: [:]) { $0[$1] = ImportMapping.Field(.column("c")) }
    source.relations = [results, items]
    mapping.sources = [source]
    let faults = mapping.faults()
    let fault = try #require(faults.first { $0.key == key && $0.message.hasPrefix(message) }, "\(faults)")
    #expect(throws: ImportError.self) { try Importer(mapping) }
    _ = fault
  }
}
