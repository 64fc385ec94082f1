public import DataAccess
public import Tabular

/// The embedded source database: the three relations as SQLite tables, and the columns that each has.
///
/// Instants are whole microseconds since 1970 UTC, flags 0 or 1, minutes and quantities REAL, codes and features TEXT (features
/// also REAL). `items` begins with its key and two instants; feature columns are added when an import brings them.
public enum FactorySchema {
  /// The steps that make the tables.
  public static let migrations = [
    Migration(
      "factory-1",
      sql: """
        CREATE TABLE items (
          item_code TEXT PRIMARY KEY NOT NULL,
          created_at TIMESTAMP,
          updated_at TIMESTAMP
        );
        CREATE TABLE routing_operations (
          item_code TEXT NOT NULL,
          routing_no TEXT NOT NULL,
          op_seq INTEGER NOT NULL,
          job_code TEXT NOT NULL,
          job_name TEXT,
          resource_code TEXT,
          in_house BOOLEAN,
          setup_minutes REAL,
          run_minutes REAL,
          wait_minutes REAL,
          move_minutes REAL,
          quantity_basis REAL,
          valid_from TIMESTAMP NOT NULL DEFAULT \(always.microseconds),
          valid_to TIMESTAMP,
          PRIMARY KEY (item_code, routing_no, op_seq, valid_from)
        ) WITHOUT ROWID;
        CREATE TABLE work_results (
          result_id TEXT PRIMARY KEY NOT NULL,
          order_no TEXT,
          item_code TEXT NOT NULL,
          op_seq INTEGER,
          job_code TEXT NOT NULL,
          resource_code TEXT,
          in_house BOOLEAN,
          completed_at TIMESTAMP NOT NULL,
          setup_minutes REAL,
          run_minutes REAL,
          wait_minutes REAL,
          good_quantity REAL,
          bad_quantity REAL
        );
        CREATE INDEX work_results_by_item ON work_results (item_code, completed_at);
        CREATE INDEX work_results_by_time ON work_results (completed_at, item_code);
        CREATE INDEX work_results_by_order ON work_results (order_no);
        """)
  ]

  /// The `valid_from` of an operation that was always valid: 0001-01-01.
  public static let always = Timestamp(microseconds: -62_135_596_800_000_000)

  /// A relation's columns with what they hold, the columns of its key, and those that every row must have.
  public struct Relation: Hashable, Sendable {
    /// The table's name.
    public let name: String
    /// Columns in order; `items` has its feature columns after these.
    public let columns: [Column]
    /// The columns of the primary key.
    public let key: [String]
    /// The columns that every row must have a value in.
    public let required: Set<String>

    /// One column.
    public struct Column: Hashable, Sendable {
      /// Its name.
      public let name: String
      /// What it holds.
      public let type: ColumnType
    }

    /// What the column called `name` holds, or `nil` when there is none.
    public func type(of name: String) -> ColumnType? { columns.first { $0.name == name }?.type }
  }

  /// The items relation without its feature columns.
  public static let items = Relation(
    name: "items", columns: columns(("item_code", .text), ("created_at", .timestamp), ("updated_at", .timestamp)), key: ["item_code"],
    required: ["item_code"])

  /// The routing_operations relation.
  public static let routingOperations = Relation(
    name: "routing_operations",
    columns: columns(
      ("item_code", .text), ("routing_no", .text), ("op_seq", .integer), ("job_code", .text), ("job_name", .text), ("resource_code", .text),
      ("in_house", .bool), ("setup_minutes", .double), ("run_minutes", .double), ("wait_minutes", .double), ("move_minutes", .double),
      ("quantity_basis", .double), ("valid_from", .timestamp), ("valid_to", .timestamp)),
    key: ["item_code", "routing_no", "op_seq", "valid_from"], required: ["item_code", "routing_no", "op_seq", "job_code", "valid_from"])

  /// The work_results relation.
  public static let workResults = Relation(
    name: "work_results",
    columns: columns(
      ("result_id", .text), ("order_no", .text), ("item_code", .text), ("op_seq", .integer), ("job_code", .text), ("resource_code", .text),
      ("in_house", .bool), ("completed_at", .timestamp), ("setup_minutes", .double), ("run_minutes", .double), ("wait_minutes", .double),
      ("good_quantity", .double), ("bad_quantity", .double)),
    key: ["result_id"], required: ["result_id", "item_code", "job_code", "completed_at"])

  /// The names of the three relations.
  public static let relationNames = [items.name, routingOperations.name, workResults.name]

  /// Adds the feature columns that `items` does not have yet, as TEXT or REAL.
  ///
  /// - Parameter features: Names and types; a `double` or `integer` is stored as REAL, anything else as TEXT.
  public static func addFeatureColumns(
    _ features: [(name: String, type: ColumnType)], in transaction: SQLiteTransaction
  ) throws(DataAccessError) {
    let known = Set(try transaction.columnNames(of: items.name))
    for feature in features where !known.contains(feature.name) {
      let type = feature.type == .double || feature.type == .integer ? "REAL" : "TEXT"
      try transaction.execute("ALTER TABLE items ADD COLUMN \(quoted(feature.name)) \(type)")
    }
  }

  private static func columns(_ columns: (String, ColumnType)...) -> [Relation.Column] {
    columns.map { Relation.Column(name: $0.0, type: $0.1) }
  }
}
