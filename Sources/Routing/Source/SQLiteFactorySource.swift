public import DataAccess
public import Tabular

/// A factory's relations in the embedded database, or in any SQLite file with the same tables.
public struct SQLiteFactorySource: FactorySource {
  /// The database that holds the three tables.
  public let database: SQLiteDatabase

  /// Makes a source of the tables in `database`.
  public init(_ database: SQLiteDatabase) { self.database = database }

  /// Names of the relations that the database has no table or view of.
  public func missingRelations() throws -> [String] {
    let known = Set(try database.reading { try $0.tableNames() })
    return FactorySchema.relationNames.filter { !known.contains($0) }
  }

  /// The database's file.
  public var name: String { database.path }

  /// Reads the declared columns of the items table.
  public func featureColumns() throws -> [FeatureColumn] {
    try itemColumns().filter { !["item_code", "created_at", "updated_at"].contains($0.name) }
  }

  /// Codes of all items, or of those with results in `window`, whether they have a row of their own or not.
  public func itemCodes(withResultsIn window: Window?) throws -> [String] {
    let frame =
      if let window {
        try database.read(
          "SELECT DISTINCT item_code FROM work_results WHERE completed_at > ? AND completed_at <= ? ORDER BY item_code",
          [.timestamp(window.since), .timestamp(window.until)], as: [("item_code", .text)])
      } else {
        try database.read("SELECT item_code FROM items ORDER BY item_code", as: [("item_code", .text)])
      }
    return (0..<frame.rowCount).compactMap { frame.columns[0].text($0) }
  }

  /// See ``FactorySource/items(_:columns:)``.
  public func items(_ codes: [String]?, columns: [String]?) throws -> Frame {
    let known = try itemColumns()
    let chosen = try (columns ?? known.map(\.name).filter { $0 != "item_code" }).map { name in
      guard let column = known.first(where: { $0.name == name }) else {
        throw FrameError.unknownColumn(name, known: known.map(\.name))
      }
      return column
    }
    return try read("items", [("item_code", .text)] + chosen.map { ($0.name, $0.type) }, of: codes, order: "item_code")
  }

  /// See ``FactorySource/routings(of:validAt:)``.
  public func routings(of codes: [String]?, validAt instant: Timestamp?) throws -> Frame {
    try read(
      "routing_operations",
      [
        ("item_code", .text), ("routing_no", .text), ("op_seq", .integer), ("job_code", .text), ("job_name", .text),
        ("resource_code", .text),
        ("in_house", .bool), ("setup_minutes", .double), ("run_minutes", .double), ("wait_minutes", .double), ("move_minutes", .double),
        ("quantity_basis", .double), ("valid_from", .timestamp), ("valid_to", .timestamp),
      ], of: codes,
      where: instant == nil ? nil : "(valid_from IS NULL OR valid_from <= ?1) AND (valid_to IS NULL OR valid_to > ?1)",
      instant.map { [.timestamp($0)] } ?? [], order: "item_code, routing_no, op_seq, valid_from")
  }

  /// See ``FactorySource/results(of:since:until:)``.
  public func results(of codes: [String]?, since: Timestamp?, until: Timestamp) throws -> Frame {
    try read(
      "work_results", Self.resultColumns, of: codes, where: "completed_at > ?1 AND completed_at <= ?2",
      [.timestamp(since ?? .distantPast), .timestamp(until)], order: "item_code, completed_at, result_id")
  }

  /// See ``FactorySource/resultsOfOrders(of:in:)``.
  public func resultsOfOrders(of codes: [String], in window: Window) throws -> Frame {
    try read(
      "work_results", Self.resultColumns, of: codes,
      where: """
        completed_at <= ?2 AND (completed_at > ?1 OR (item_code, order_no) IN (
          SELECT item_code, order_no FROM work_results WHERE item_code IN ({keys}) AND completed_at > ?1 AND completed_at <= ?2))
        """,
      [.timestamp(window.since), .timestamp(window.until)], order: "item_code, completed_at, result_id")
  }

  /// See ``FactorySource/lastResults(of:until:)``.
  public func lastResults(of codes: [String], until: Timestamp) throws -> Frame {
    try database.read(
      """
      SELECT item_code, max(completed_at) FROM work_results WHERE item_code IN ({keys}) AND completed_at <= ?1
      GROUP BY item_code ORDER BY item_code
      """, keys: codes.sortedByBytes(), [.timestamp(until)], as: [("item_code", .text), ("completed_at", .timestamp)])
  }

  /// See ``FactorySource/shareWithQuantity(until:)``.
  public func shareWithQuantity(until: Timestamp) throws -> Double {
    let frame = try database.read(
      """
      SELECT avg(coalesce(good_quantity, 0) + coalesce(bad_quantity, 0) > 0) FROM work_results
      WHERE completed_at <= ? AND run_minutes IS NOT NULL
      """, [.timestamp(until)], as: [("share", .double)])
    return frame.columns[0].number(0) ?? 0
  }

  /// See ``FactorySource/counts(until:)``.
  public func counts(until: Timestamp?) throws -> RelationCounts {
    let frame = try database.read(
      """
      SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM routing_operations),
        (SELECT count(*) FROM work_results WHERE ?1 IS NULL OR completed_at <= ?1)
      """, [until.map(Cell.timestamp) ?? .missing], as: [("items", .integer), ("routings", .integer), ("results", .integer)])
    let count = { (index: Int) in frame.columns[index].number(0).map { Int($0) } ?? 0 }
    return RelationCounts(items: count(0), routings: count(1), results: count(2))
  }

  private static let resultColumns: [(name: String, type: ColumnType)] = [
    ("result_id", .text), ("order_no", .text), ("item_code", .text), ("op_seq", .integer), ("job_code", .text), ("resource_code", .text),
    ("in_house", .bool), ("completed_at", .timestamp), ("setup_minutes", .double), ("run_minutes", .double), ("wait_minutes", .double),
    ("good_quantity", .double), ("bad_quantity", .double),
  ]

  private func itemColumns() throws -> [FeatureColumn] {
    let frame = try database.read("SELECT name, type FROM pragma_table_info('items')", as: [("name", .text), ("type", .text)])
    return (0..<frame.rowCount).compactMap { row in
      guard let name = frame.columns[0].text(row), let declared = frame.columns[1].text(row) else { return nil }
      let type: ColumnType =
        switch declared.uppercased() {
        case "TIMESTAMP": .timestamp
        case "BOOLEAN": .bool
        case "INTEGER": .integer
        case "REAL": .double
        default: .text
        }
      return FeatureColumn(name: name, type: type)
    }
  }

  private func read(
    _ table: String, _ columns: [(name: String, type: ColumnType)], of codes: [String]?, where condition: String? = nil,
    _ parameters: [Cell] = [], order: String
  ) throws -> Frame {
    let list = columns.map { quoted($0.name) }.joined(separator: ", ")
    let conditions = [codes == nil ? nil : "item_code IN ({keys})", condition].compactMap { $0 }
    let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
    let sql = "SELECT \(list) FROM \(table)\(filter) ORDER BY \(order)"
    guard let codes else { return try database.read(sql, parameters, as: columns) }
    return try database.read(sql, keys: codes.sortedByBytes(), parameters, as: columns)
  }
}

extension [String] {
  /// The texts in order of their UTF-8 bytes, as SQLite orders them.
  func sortedByBytes() -> [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
