import DataAccess
import Tabular

/// Writes records to relations in one transaction, and counts what that did.
struct RelationWriter {
  private let transaction: SQLiteTransaction
  private let mode: ImportMapping.Mode
  private var reports: [ImportReport.Relation] = []
  private var keys: [String: [String]] = [:]

  init(_ transaction: SQLiteTransaction, mode: ImportMapping.Mode) {
    self.transaction = transaction
    self.mode = mode
  }

  /// Writes the rows of `frame`, whose columns are those of the relation, in any order.
  mutating func write(_ records: Frame, to relation: CompiledRelation) throws {
    let schema = relation.target.schema
    var frame = records
    if relation.target == .routingOperations { frame = try Self.withDefaults(frame) }
    if relation.target == .items {
      let features = relation.fields.filter { schema.type(of: $0.name) == nil }
      try FactorySchema.addFeatureColumns(features.map { ($0.name, $0.type) }, in: transaction)
    }
    let index: Int
    if let known = reports.firstIndex(where: { $0.name == schema.name }) {
      index = known
    } else {
      index = reports.count
      reports.append(ImportReport.Relation(name: schema.name))
      if mode == .replace { try prepareReplacing(schema) }
    }
    reports[index].records += frame.rowCount
    reports[index].written += try transaction.upsert(frame, into: schema.name, key: schema.key)
    if mode == .replace {
      try transaction.upsertKeys(try frame.selecting(schema.key), into: Self.keyTable(schema))
    }
  }

  /// Takes away what no file had, when the files are the whole truth, and returns what was done.
  mutating func finish() throws -> [ImportReport.Relation] {
    guard mode == .replace else { return reports }
    for (index, report) in reports.enumerated() {
      guard let schema = ImportMapping.Target(rawValue: report.name)?.schema else { continue }
      let key = schema.key.map(quoted).joined(separator: ", ")
      reports[index].removed = try transaction.execute(
        "DELETE FROM \(quoted(schema.name)) WHERE (\(key)) NOT IN (SELECT \(key) FROM \(quoted(Self.keyTable(schema))))")
      try transaction.execute("DROP TABLE temp.\(quoted(Self.keyTable(schema)))")
    }
    return reports
  }

  private func prepareReplacing(_ schema: FactorySchema.Relation) throws(DataAccessError) {
    let key = schema.key.map(quoted).joined(separator: ", ")
    try transaction.execute("CREATE TEMP TABLE \(quoted(Self.keyTable(schema))) (\(key), PRIMARY KEY (\(key))) WITHOUT ROWID")
  }

  private static func keyTable(_ schema: FactorySchema.Relation) -> String { "imported_\(schema.name)" }

  /// What a plan that does not say so means: its routing is number 1, and was always valid.
  private static func withDefaults(_ frame: Frame) throws(FrameError) -> Frame {
    var result = frame
    if frame["routing_no"] == nil { try result.set("routing_no", Column(Array(repeating: "1" as String?, count: frame.rowCount))) }
    let always = FactorySchema.always.microseconds
    var from = [Int64](repeating: always, count: frame.rowCount)
    if let given = frame["valid_from"], case .timestamp(let values) = given.values {
      for row in from.indices where !given.isMissing(row) { from[row] = values[row] }
    }
    try result.set("valid_from", Column(.timestamp(from)))
    return result
  }
}

extension SQLiteTransaction {
  fileprivate func upsertKeys(_ keys: Frame, into table: String) throws {
    _ = try upsert(keys, into: table, key: keys.names)
  }
}
