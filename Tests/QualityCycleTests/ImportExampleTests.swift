import Configuration
import DataAccess
import DemoPlant
import Foundation
import QualityCycle
import Routing
import Tabular
import TestSupport
import Testing

/// The folders of the checkout, and of data beside it that is not part of it.
enum Checkout {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func example(_ name: String) -> String { root.appending(path: "config/examples/\(name)").path }

  /// A file of shared data: in the folder that LATHE_SHARED names, else in `shared` beside the checkout or beside its parent.
  static func shared(_ path: String) -> String? {
    let given = ProcessInfo.processInfo.environment["LATHE_SHARED"].map { [URL(filePath: $0)] }
    let folders = given ?? [root.appending(path: "../shared"), root.appending(path: "../../shared")]
    return folders.map { $0.appending(path: path).standardizedFileURL.path }.first { FileManager.default.fileExists(atPath: $0) }
  }

  static let productionLog = shared("data/production_4tu.csv")
}

@Suite("Example mappings")
struct ImportExampleTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func mapping(_ name: String) throws -> ImportMapping {
    try ImportMapping(try ConfigurationFile(path: Checkout.example(name)).read().effective)
  }

  func database() throws -> SQLiteDatabase { try SQLiteDatabase(path: folder.path("factory.sqlite"), access: .readWrite) }

  // The log is not part of the repository; LATHE_SHARED names the folder that has data/production_4tu.csv.
  @Test("accounts for every row of the production log", .enabled(if: Checkout.productionLog != nil, "data/production_4tu.csv is not here"))
  func productionLog() throws {
    let path = try #require(Checkout.productionLog)
    let database = try database()
    let importer = try Importer(try mapping("production-log.yaml"))
    let report = try importer.run(into: database, locating: { _ in path })
    // All figures here were computed by a program of its own: Python's csv, re and zoneinfo on the same file.
    let file = report.files[0]
    #expect(file.rows == 4_543 && file.used == 4_400)
    #expect(
      file.refusals.map { "\($0.reason) \($0.count) \($0.line)" } == [
        "filtered: breakdown 53 58", "contradicting minutes 35 108", "filtered: rework 32 753", "duplicate 22 9",
        "unparsable duration 1 929",
      ])
    #expect(file.refusals.last?.value == "1899/12/31 01:49:00")
    #expect(report.relations.map { "\($0.name) \($0.records)" } == ["items 43", "work_results 1302"])

    let sums = try database.read(
      """
      SELECT count(DISTINCT order_no), count(DISTINCT job_code), sum(setup_minutes), sum(run_minutes), sum(good_quantity),
        sum(bad_quantity), sum(setup_minutes IS NULL), sum(run_minutes IS NULL), sum(good_quantity IS NULL),
        sum(good_quantity + bad_quantity = 0), sum(completed_at >= timestamp('2012-03-01')), sum(in_house) FROM work_results
      """)
    #expect(sums.columns.map { $0.number(0) } == [225, 26, 141_740, 626_153, 71_993, 464, 992, 258, 245, 91, 525, 1302])
    let times = try database.read("SELECT iso(min(completed_at)), iso(max(completed_at)) FROM work_results")
    #expect(times.columns.map { $0.text(0) } == ["2012-01-02T18:15:00Z", "2012-03-31T11:45:00Z"])

    let one = try database.read(
      """
      SELECT item_code, setup_minutes, run_minutes, good_quantity, bad_quantity, iso(completed_at), resource_code FROM work_results
      WHERE order_no = 'Case 18' AND job_code = 'Turning & Milling'
      """)
    #expect(one.rowCount == 1)
    #expect(
      one.columns.map { $0[0] } == [
        .text("Cable Head"), .double(869), .double(12_513), .double(1_038), .double(0), .text("2012-02-28T23:55:00Z"),
        .text("Machine 4 - Turning & Milling"),
      ])
    let item = try database.read(
      "SELECT iso(created_at), first_order_quantity, first_activity FROM items WHERE item_code = 'Cable Head'")
    #expect(item.columns.map { $0[0] } == [.text("2012-01-02T06:00:00Z"), .double(250), .text("Round Grinding")])
    let items = try database.read("SELECT sum(first_order_quantity), sum(first_activity = 'Turning & Milling') FROM items")
    #expect(items.columns.map { $0.number(0) } == [4_941, 18])

    let again = try importer.run(into: database, locating: { _ in path })
    #expect(again.isUnchanged && again.files == report.files)
    #expect(again.relations.map(\.written) == [WriteCounts(unchanged: 43), WriteCounts(unchanged: 1302)])
  }

  @Test("brings a generated factory through CSV files into the same relations")
  func generatedFactory() throws {
    let plant = try DemoPlant(items: 60, results: 900, seed: 7, endsAt: #require(Timestamp("2025-01-01")))
    let frames: [(String, Frame)] = [
      ("items", plant.items()), ("routing_operations", plant.routings()), ("work_results", try plant.results()),
    ]
    for (name, frame) in frames { try CSVWriter().write(frame, to: folder.path("\(name).csv")) }
    let database = try database()
    let importer = try Importer(try mapping("csv.yaml"))
    let locate: (String) -> String = { folder.path(URL(filePath: $0).lastPathComponent) }
    let report = try importer.run(into: database, locating: locate)
    #expect(report.files.allSatisfy { $0.refusals.isEmpty })
    for (name, frame) in frames {
      let types = zip(frame.names, frame.columns).map { column in
        (name: column.0, type: column.1.type == .integer && name == "items" ? ColumnType.double : column.1.type)
      }
      let key = name == "items" ? "item_code" : name == "work_results" ? "result_id" : "item_code, routing_no, op_seq, valid_from"
      let columns = frame.names.map { "\"\($0)\"" }.joined(separator: ", ")
      let read = try database.read("SELECT \(columns) FROM \(name) ORDER BY \(key)", as: types)
      #expect(read.rowCount == frame.rowCount && read.rowCount > 50)
      #expect(try counts(read) == counts(frame), "\(name)")
    }
    #expect(try importer.run(into: database, locating: locate).isUnchanged)
  }

  /// For each column how often each of its values is there: what stays the same when rows change places.
  private func counts(_ frame: Frame) throws -> [[String: Int]] {
    frame.columns.map { column in
      (0..<column.count).reduce(into: [:]) { counts, row in
        // A whole number of a feature is stored as a real.
        let value: String =
          switch column[row] {
          case .integer(let number): "\(Double(number))"
          case .double(let number): "\(number)"
          // The plant writes placeholders into features, as real exports do.
          case .text(let text): CSVOptions.usualMissing.contains(text) ? "\(Cell.missing)" : text
          case let other: "\(other)"
          }
        counts[value, default: 0] += 1
      }
    }
  }

  @Test("takes the same texts for missing as CSV files do everywhere")
  func usualMissing() throws {
    #expect(Set(Settings.Import().missing) == CSVOptions.usualMissing)
    let empty = ImportMapping()
    #expect(Settings.Import().maxRefusedShare == empty.maxRefusedShare && Settings.Import().timeZone == empty.timeZone)
    let field = ImportMapping.Field(.column("x"))
    #expect(Set(Settings.ImportField().trueValues) == field.trueValues)
    #expect(Settings.ImportField().falseValues.map(Set.init) == field.falseValues)
  }

  @Test("lists all faults of the section with their lines")
  func faults() throws {
    let yaml = """
      import:
        time_zone: Europe/Berln
        sources:
          - files: [a.csv]
            time_format: DD.MM.YYYY
            work_results:
              group_by: [order]
              fields:
                order_no: Case ID
                item_code: Part
                job_code: {column: Activity, steps: [{match: "("}]}
                completed_at: Complete
                run_minutes:
                  column: Span
                  duration: HH.MM
                runminutes: Span
      """
    let effective = try Settings.load(yaml, named: "lathe.yaml")
    let error = try #require(throws: ConfigurationError.self) { try ImportMapping(effective) }
    let lines = error.faults.map { "\($0)" }
    let expected = [
      "lathe.yaml:2:14: 'import.time_zone' names the unknown zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
      "lathe.yaml:5:20: 'import.sources[0].time_format' time format 'DD.MM.YYYY' has 'D'",
      "lathe.yaml:7:20: 'import.sources[0].work_results.group_by[0]' 'order' is not among the fields; known here: completed_at, item_code",
      "lathe.yaml:11:48: 'import.sources[0].work_results.fields.job_code.steps[0]' is no regular expression: '('",
      "lathe.yaml:15:23: 'import.sources[0].work_results.fields.run_minutes.duration' must be minutes, hours, seconds, days, HHH:MM or H:MM:SS, got 'HH.MM'",
      "lathe.yaml:16:23: 'import.sources[0].work_results.fields.runminutes' work_results has no field 'runminutes'; did you mean 'run_minutes'?",
    ]
    for start in expected { #expect(lines.contains { $0.hasPrefix(start) }, "\(start)\n\(lines.joined(separator: "\n"))") }
    #expect(lines.count == expected.count)
  }
}
