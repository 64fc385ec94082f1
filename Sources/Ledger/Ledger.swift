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
    Migration(
      "3 verdicts",
      sql: """
        CREATE TABLE verdicts (
          verdict_id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER, as_of TIMESTAMP NOT NULL, champion TEXT NOT NULL, winner TEXT,
          policy TEXT NOT NULL, sha256 TEXT NOT NULL, version TEXT, value TEXT NOT NULL, decided_at TIMESTAMP NOT NULL);
        """),
    // Jobs get workers: leases, attempts, progress, and all that a result depends on. Wishes of before keep their numbers.
    Migration(
      "4 leases of jobs, schedules",
      sql: """
        CREATE TABLE new_jobs (
          job_id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, payload TEXT NOT NULL, cause TEXT NOT NULL,
          cycle_id INTEGER REFERENCES cycles,
          status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'deferred', 'skipped', 'cancelled')),
          reason TEXT, priority INTEGER NOT NULL, requests INTEGER NOT NULL DEFAULT 1, attempts INTEGER NOT NULL DEFAULT 0,
          time_limit REAL, cancel_requested BOOLEAN NOT NULL DEFAULT 0, percent REAL, step TEXT, result TEXT,
          worker TEXT, token INTEGER, lease_until TIMESTAMP, lease_seconds REAL,
          created_at TIMESTAMP NOT NULL, not_before TIMESTAMP NOT NULL, started_at TIMESTAMP, finished_at TIMESTAMP);
        INSERT INTO new_jobs (job_id, kind, payload, cause, cycle_id, status, priority, requests, created_at, not_before)
          SELECT job_id, 'train', json_object(
              'asOf', strftime('%Y-%m-%dT%H:%M:%S', jobs.as_of / 1000000, 'unixepoch') || printf('.%06dZ', jobs.as_of % 1000000),
              'seed', seed, 'champion', jobs.champion, 'candidates', json(candidates), 'configuration', configuration,
              'strategies', json('{}'), 'reasons', json(reasons)),
            'train:' || jobs.champion || ':' || coalesce((SELECT group_concat(value, ',') FROM json_each(candidates)), ''),
            cycle_id, jobs.status, priority, requests, created_at, created_at
          FROM jobs JOIN cycles USING (cycle_id);
        DROP TABLE jobs;
        ALTER TABLE new_jobs RENAME TO jobs;
        CREATE INDEX jobs_status ON jobs (status, priority DESC, job_id);
        CREATE INDEX jobs_cause ON jobs (cause, status);
        CREATE TABLE job_attempts (
          token INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, worker TEXT NOT NULL, started_at TIMESTAMP NOT NULL,
          finished_at TIMESTAMP, outcome TEXT NOT NULL, error TEXT);
        CREATE INDEX job_attempts_job ON job_attempts (job_id);
        CREATE TABLE quarantined_jobs (
          quarantine_id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, reason TEXT NOT NULL, quarantined_at TIMESTAMP NOT NULL,
          row TEXT NOT NULL);
        CREATE TABLE schedule_runs (
          run_id INTEGER PRIMARY KEY AUTOINCREMENT, schedule TEXT NOT NULL, definition TEXT NOT NULL, due_at TIMESTAMP NOT NULL,
          missed TEXT NOT NULL, missed_count INTEGER NOT NULL, started_at TIMESTAMP NOT NULL, finished_at TIMESTAMP,
          outcome TEXT NOT NULL CHECK (outcome IN ('armed', 'running', 'done', 'failed', 'overran', 'interrupted')), detail TEXT);
        CREATE INDEX schedule_runs_schedule ON schedule_runs (schedule, run_id);
        """),
    // What serves must be told from decisions that were carried out. Of those of before: one that the next one replaced was; whether the
    // last one was is told by the switch.
    Migration(
      "decisions about versions",
      sql: """
        ALTER TABLE audit ADD COLUMN outcome TEXT;
        ALTER TABLE audit ADD COLUMN decision TEXT;
        ALTER TABLE audit ADD COLUMN failure TEXT;
        CREATE INDEX audit_outcome ON audit (outcome) WHERE outcome IS NOT NULL;
        UPDATE audit SET
          decision = json_object(
            'kind', CASE WHEN detail LIKE '%, by verdict' THEN 'verdict' ELSE 'activate' END,
            'replaced', replace(replace(detail, 'instead of ', ''), ', by verdict', ''),
            'previous', replace(replace(detail, 'instead of ', ''), ', by verdict', ''),
            'verdict', (SELECT max(verdict_id) FROM verdicts WHERE verdicts.version = audit.subject),
            'policy', (SELECT policy FROM verdicts WHERE verdicts.version = audit.subject ORDER BY verdict_id DESC LIMIT 1)),
          outcome = CASE (
              SELECT coalesce(replace(replace(later.detail, 'instead of ', ''), ', by verdict', ''), '') FROM audit AS later
              WHERE later.audit_id > audit.audit_id AND later.action = 'activate' ORDER BY later.audit_id LIMIT 1)
            WHEN subject THEN 'done' ELSE 'failed' END
          WHERE action = 'activate';
        UPDATE audit SET outcome = 'intended' WHERE audit_id = (SELECT max(audit_id) FROM audit WHERE action = 'activate');
        CREATE TABLE pinned_versions (version TEXT PRIMARY KEY, reason TEXT, pinned_at TIMESTAMP NOT NULL) WITHOUT ROWID;
        """),
    Ledger.driftGroups,
    Ledger.notifications,
    Ledger.shadows,
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

  /// The value that ``json(_:)`` wrote.
  static func decoded<Value: Decodable>(_: Value.Type, from text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(Value.self, from: Data(text.utf8))
  }
}
