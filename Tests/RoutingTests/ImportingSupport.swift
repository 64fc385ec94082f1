import DataAccess
import Routing
import Tabular
import TestSupport

/// A folder with CSV files and a database that they are imported into.
final class ImportBench {
  let folder: TemporaryFolder
  let database: SQLiteDatabase

  init() throws {
    folder = try TemporaryFolder()
    database = try SQLiteDatabase(path: folder.path("factory.sqlite"), access: .readWrite)
  }

  func file(_ name: String, _ text: String) throws { try AtomicFile.write(text, to: folder.path(name)) }

  /// Imports `log.csv` onto work_results, with `change` made to the plain mapping of its columns.
  func importLog(
    _ text: String, blockRows: Int = 1 << 15, _ change: (inout ImportMapping) -> Void = { _ in }
  ) throws -> ImportReport {
    try file("log.csv", text)
    var mapping = ImportMapping()
    mapping.maxRefusedShare = 1
    var source = ImportMapping.Source()
    source.files = ["log.csv"]
    var relation = ImportMapping.Relation(.workResults)
    relation.fields = Dictionary(uniqueKeysWithValues: Self.plainFields.map { ($0, ImportMapping.Field(.column($0))) })
    source.relations = [relation]
    mapping.sources = [source]
    change(&mapping)
    return try run(mapping, blockRows: blockRows)
  }

  func run(_ mapping: ImportMapping, blockRows: Int = 1 << 15) throws -> ImportReport {
    try Importer(mapping, blockRows: blockRows).run(into: database, locating: { self.folder.path($0) })
  }

  static let plainFields = ["item_code", "order_no", "job_code", "completed_at", "run_minutes", "good_quantity"]

  /// A log with the columns of ``plainFields`` and these rows.
  static func log(_ rows: String...) -> String { plainFields.joined(separator: ",") + "\n" + rows.map { $0 + "\n" }.joined() }

  func results(_ columns: String = "*") throws -> Frame {
    try database.read("SELECT \(columns) FROM work_results ORDER BY order_no, job_code, result_id")
  }

  func texts(_ sql: String) throws -> [String?] {
    let frame = try database.read(sql)
    return (0..<frame.rowCount).map { frame.columns[0].text($0) }
  }

  func numbers(_ sql: String) throws -> [Double?] {
    let frame = try database.read(sql)
    return (0..<frame.rowCount).map { frame.columns[0].number($0) }
  }
}

extension ImportMapping {
  /// The only relation of the only source.
  var relation: Relation {
    get { sources[0].relations[0] }
    set { sources[0].relations[0] = newValue }
  }
}
