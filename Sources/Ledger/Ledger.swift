import DataAccess
import FoundationEssentials
public import Tabular

/// Everything of a workspace that must survive: cycles, what their rooms handed over, measurements, alerts, decisions and jobs.
///
/// One SQLite file. Each change of state is one transaction, so a killed process leaves either the old state or the new one; two
/// processes may use a ledger at once. Rows say when they were written in the time that is passed in.
public final class Ledger: Sendable {
  let database: SQLiteDatabase

  /// Opens the ledger at `path`; makes it, or brings it to this version's form, when needed.
  public init(path: String) throws {
    database = try SQLiteDatabase(path: path, access: .readWrite)
    try database.migrate(Self.migrations)
  }

  /// The SQLite file.
  public var path: String { database.path }

  /// What SQLite's quick check finds wrong with the file; nothing for a sound one.
  public func faults() throws -> [String] { try database.faults() }

  static let migrations = [
    Migration(
      "1 cycles, jobs, trainings",
      sql: """
        CREATE TABLE cycles (
          cycle_id INTEGER PRIMARY KEY AUTOINCREMENT, as_of TIMESTAMP NOT NULL, since TIMESTAMP NOT NULL, seed INTEGER NOT NULL,
          champion TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
          room TEXT NOT NULL, failure TEXT, retrain BOOLEAN, started_at TIMESTAMP NOT NULL, finished_at TIMESTAMP,
          configuration TEXT NOT NULL, lathe_version TEXT NOT NULL);
        CREATE INDEX cycles_as_of ON cycles (as_of);
        CREATE TABLE rooms (
          cycle_id INTEGER NOT NULL REFERENCES cycles, room TEXT NOT NULL, value TEXT NOT NULL, written_at TIMESTAMP NOT NULL,
          PRIMARY KEY (cycle_id, room)) WITHOUT ROWID;
        CREATE TABLE measurements (
          cycle_id INTEGER NOT NULL REFERENCES cycles, name TEXT NOT NULL, value REAL, observations INTEGER NOT NULL,
          PRIMARY KEY (cycle_id, name)) WITHOUT ROWID;
        CREATE TABLE alerts (
          cycle_id INTEGER NOT NULL REFERENCES cycles, position INTEGER NOT NULL, code TEXT NOT NULL, severity TEXT NOT NULL,
          value REAL, threshold REAL, item_code TEXT, operation TEXT, message TEXT NOT NULL,
          PRIMARY KEY (cycle_id, position)) WITHOUT ROWID;
        CREATE TABLE decisions (
          cycle_id INTEGER NOT NULL REFERENCES cycles, kind TEXT NOT NULL, strategy TEXT NOT NULL, sha256 TEXT NOT NULL,
          parameters TEXT NOT NULL, decision TEXT NOT NULL, failure TEXT,
          PRIMARY KEY (cycle_id, kind)) WITHOUT ROWID;
        CREATE TABLE checks (
          item_code TEXT PRIMARY KEY, cycle_id INTEGER NOT NULL REFERENCES cycles, checked_at TIMESTAMP NOT NULL, error REAL) WITHOUT ROWID;
        CREATE TABLE jobs (
          job_id INTEGER PRIMARY KEY AUTOINCREMENT, cycle_id INTEGER NOT NULL REFERENCES cycles,
          status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'deferred', 'skipped', 'cancelled')),
          priority INTEGER NOT NULL, as_of TIMESTAMP NOT NULL, champion TEXT NOT NULL, candidates TEXT, reasons TEXT NOT NULL,
          requests INTEGER NOT NULL DEFAULT 1, created_at TIMESTAMP NOT NULL);
        CREATE INDEX jobs_status ON jobs (status, priority DESC, job_id);
        CREATE TABLE trainings (
          version TEXT PRIMARY KEY, as_of TIMESTAMP NOT NULL, outcome TEXT NOT NULL, trained_at TIMESTAMP NOT NULL) WITHOUT ROWID;
        CREATE TABLE audit (
          audit_id INTEGER PRIMARY KEY AUTOINCREMENT, at TIMESTAMP NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT);
        """),
    // A cycle over an earlier time must not see what later ones found: one row an item forgot what was known before.
    Migration(
      "2 checks by cycle",
      sql: """
        CREATE TABLE item_checks (
          item_code TEXT NOT NULL, checked_at TIMESTAMP NOT NULL, cycle_id INTEGER NOT NULL REFERENCES cycles, error REAL,
          PRIMARY KEY (item_code, checked_at, cycle_id)) WITHOUT ROWID;
        INSERT INTO item_checks (item_code, checked_at, cycle_id, error) SELECT item_code, checked_at, cycle_id, error FROM checks;
        DROP TABLE checks;
        """),
    Ledger.driftGroups,
  ]

  /// Notes an act that changes what serves or what is known: who reads the ledger later must be able to follow it.
  public func note(_ action: String, subject: String, detail: String? = nil, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "INSERT INTO audit (at, action, subject, detail) VALUES (?, ?, ?, ?)",
        [.timestamp(now), .text(action), .text(subject), detail.map(Cell.text) ?? .missing])
    }
  }

  /// Notes a training and what became of it.
  public func noteTraining(_ version: String, asOf: Timestamp, outcome: String, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "INSERT OR REPLACE INTO trainings (version, as_of, outcome, trained_at) VALUES (?, ?, ?, ?)",
        [.text(version), .timestamp(asOf), .text(outcome), .timestamp(now)])
    }
  }

  /// The latest training as of `instant`, or `nil`.
  public func lastTraining(asOf instant: Timestamp) throws -> (asOf: Timestamp, outcome: String)? {
    let frame = try database.read(
      "SELECT as_of, outcome FROM trainings WHERE as_of <= ? ORDER BY as_of DESC, trained_at DESC, version DESC LIMIT 1",
      [.timestamp(instant)], as: [("as_of", .timestamp), ("outcome", .text)])
    guard frame.rowCount == 1, let asOf = frame.columns[0].timestamp(0), let outcome = frame.columns[1].text(0) else { return nil }
    return (asOf, outcome)
  }

  /// The row that the transaction inserted last.
  static func lastInsertedRow(_ transaction: SQLiteTransaction) throws -> Int64 {
    let frame = try transaction.read("SELECT last_insert_rowid()", as: [("row", .integer)])
    guard case .integer(let row) = frame.columns[0][0] else { return 0 }
    return row
  }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    // Minutes near the largest number overflow in a square: the cycle goes on, and the figure says so.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
