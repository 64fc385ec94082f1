import DataAccess
public import Tabular

/// What a person says of an alert.
public enum AlertJudgement: String, Codable, Sendable, CaseIterable {
  /// Seen; it is not told again while it lasts.
  case acknowledged
  /// Seen, and it was right to be raised.
  case confirmed
  /// It should not have been raised.
  case `false`
}

/// The number of an alert: that of its cycle, and its place among the cycle's alerts from 1. As text `12.3`.
public struct AlertNumber: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The cycle, and the place in it.
  public var cycle: Int64, position: Int64

  /// Makes a number.
  public init(cycle: Int64, position: Int64) {
    self.cycle = cycle
    self.position = position
  }

  /// Reads `12.3`; `nil` when it is no number of an alert.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let cycle = Int64(parts[0]), let position = Int64(parts[1]), cycle > 0, position > 0 else { return nil }
    self.init(cycle: cycle, position: position)
  }

  /// `12.3`.
  public var description: String { "\(cycle).\(position)" }
}

/// An alert with what was said of it.
public struct AlertEntry: Hashable, Codable, Sendable {
  /// Its number, as text.
  public var id: String
  /// The instant that its cycle knew about.
  public var asOf: Timestamp
  /// The alert.
  public var alert: RecordedAlert
  /// What a person said of it, who, when, and why; `nil`: nobody did.
  public var judgement: AlertJudgement?
  /// Who judged it, and the note.
  public var judgedBy, note: String?
  /// When it was judged.
  public var judgedAt: Timestamp?
}

/// How often a rule was right, of the times that it was judged.
public struct RulePrecision: Hashable, Codable, Sendable {
  /// An alert's code, or the name of a trigger rule.
  public var rule: String
  /// How often it was right, and wrong.
  public var right, wrong: Int
  /// How often nobody judged it yet.
  public var open: Int

  /// Right ÷ judged, 0…1; `nil` when nothing was judged: that is no perfect score.
  public var precision: Double? { right + wrong == 0 ? nil : Double(right) / Double(right + wrong) }
}

extension Ledger {
  static let notifications = Migration(
    "judgements of alerts, notifications",
    sql: """
      CREATE TABLE alert_judgements (
        cycle_id INTEGER NOT NULL REFERENCES cycles, position INTEGER NOT NULL,
        judgement TEXT NOT NULL CHECK (judgement IN ('acknowledged', 'confirmed', 'false')), note TEXT, judged_by TEXT NOT NULL,
        judged_at TIMESTAMP NOT NULL, PRIMARY KEY (cycle_id, position)) WITHOUT ROWID;
      CREATE TABLE notification_targets (
        target TEXT PRIMARY KEY, last_cycle INTEGER NOT NULL, last_verdict INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE notified_causes (
        target TEXT NOT NULL, cause TEXT NOT NULL, severity INTEGER NOT NULL, notified_at TIMESTAMP NOT NULL, last_cycle INTEGER NOT NULL,
        PRIMARY KEY (target, cause)) WITHOUT ROWID;
      CREATE TABLE notifications (
        notification_id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL,
        message TEXT NOT NULL, facts TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('waiting', 'sent', 'failed', 'left_out')),
        attempts INTEGER NOT NULL DEFAULT 0, not_before TIMESTAMP NOT NULL, detail TEXT, created_at TIMESTAMP NOT NULL,
        finished_at TIMESTAMP);
      CREATE INDEX notifications_status ON notifications (status, target);
      """)

  private static let alertColumns = """
    SELECT a.cycle_id, a.position, c.as_of, a.code, a.severity, a.value, a.threshold, a.item_code, a.operation, a.message,
      j.judgement, j.note, j.judged_by, j.judged_at
    FROM alerts a JOIN cycles c USING (cycle_id) LEFT JOIN alert_judgements j ON j.cycle_id = a.cycle_id AND j.position = a.position
    """

  /// The latest alerts, newest cycle first, in their cycle's order.
  ///
  /// - Parameter onlyOpen: Those of the latest finished cycle that nobody judged.
  public func alertEntries(limit: Int, onlyOpen: Bool = false) throws -> [AlertEntry] {
    let condition = """
       WHERE j.judgement IS NULL AND a.cycle_id = (SELECT max(cycle_id) FROM cycles WHERE status = 'done')
      """
    return Self.entries(
      try database.read(
        Self.alertColumns + (onlyOpen ? condition : "") + " ORDER BY a.cycle_id DESC, a.position LIMIT ?", [.integer(Int64(limit))],
        as: Self.alertTypes))
  }

  /// Enters what a person says of an alert, in place of what was said of it before; `nil` takes that back.
  ///
  /// - Returns: The alert; `nil` when there is none of that number.
  public func judge(_ number: AlertNumber, _ judgement: AlertJudgement?, by person: String, note: String?, at now: Timestamp) throws
    -> AlertEntry?
  {
    try database.write { transaction in
      let place: [Cell] = [.integer(number.cycle), .integer(number.position - 1)]
      let find = Self.alertColumns + " WHERE a.cycle_id = ? AND a.position = ?"
      guard try transaction.read(find, place, as: Self.alertTypes).rowCount == 1 else { return nil }
      try transaction.execute("DELETE FROM alert_judgements WHERE cycle_id = ? AND position = ?", place)
      if let judgement {
        try transaction.execute(
          "INSERT INTO alert_judgements (cycle_id, position, judgement, note, judged_by, judged_at) VALUES (?, ?, ?, ?, ?, ?)",
          place + [.text(judgement.rawValue), note.map(Cell.text) ?? .missing, .text(person), .timestamp(now)])
      }
      try transaction.execute(
        "INSERT INTO audit (at, action, subject, detail) VALUES (?, 'judge alert', ?, ?)",
        [.timestamp(now), .text("\(number)"), .text("\(judgement?.rawValue ?? "open"), by \(person)")])
      return Self.entries(try transaction.read(find, place, as: Self.alertTypes)).first
    }
  }

  /// What ``entries(_:)`` reads.
  static let alertTypes: [(String, ColumnType)] = [
    ("cycle_id", .integer), ("position", .integer), ("as_of", .timestamp), ("code", .text), ("severity", .text), ("value", .double),
    ("threshold", .double), ("item_code", .text), ("operation", .text), ("message", .text), ("judgement", .text), ("note", .text),
    ("judged_by", .text), ("judged_at", .timestamp),
  ]

  static func entries(_ frame: Frame) -> [AlertEntry] {
    (0..<frame.rowCount).compactMap { row in
      let columns = frame.columns
      guard case .integer(let cycle) = columns[0][row], case .integer(let position) = columns[1][row], let asOf = columns[2].timestamp(row)
      else { return nil }
      return AlertEntry(
        id: "\(AlertNumber(cycle: cycle, position: position + 1))", asOf: asOf,
        alert: RecordedAlert(
          code: columns[3].text(row) ?? "", severity: columns[4].text(row) ?? "", value: columns[5].number(row),
          threshold: columns[6].number(row), item: columns[7].text(row), operation: columns[8].text(row),
          message: columns[9].text(row) ?? ""),
        judgement: columns[10].text(row).flatMap(AlertJudgement.init), judgedBy: columns[12].text(row), note: columns[11].text(row),
        judgedAt: columns[13].timestamp(row))
    }
  }

  /// How often each alert's code was right, as people judged it, by code.
  public func alertPrecision() throws -> [RulePrecision] {
    try precision(
      """
      SELECT a.code, sum(coalesce(j.judgement = 'confirmed', 0)), sum(coalesce(j.judgement = 'false', 0)),
        sum(coalesce(j.judgement = 'acknowledged', 1))
      FROM alerts a LEFT JOIN alert_judgements j ON j.cycle_id = a.cycle_id AND j.position = a.position GROUP BY a.code ORDER BY a.code
      """)
  }

  /// How often each trigger rule asked for a retraining that brought a better model: the verdict of its job put one in force. A verdict that kept
  /// the champion counts against the rule; a job without a verdict is open.
  public func triggerPrecision() throws -> [RulePrecision] {
    try precision(
      """
      SELECT d.strategy, sum(coalesce(v.version IS NOT NULL, 0)), sum(coalesce(v.version IS NULL, 0)), sum(v.verdict_id IS NULL)
      FROM jobs JOIN decisions d ON d.cycle_id = jobs.cycle_id AND d.kind = 'trigger'
        LEFT JOIN (SELECT job_id, max(verdict_id) AS verdict_id, max(version) AS version FROM verdicts WHERE job_id IS NOT NULL GROUP BY job_id) v
          ON v.job_id = jobs.job_id
      WHERE jobs.kind = 'train' GROUP BY d.strategy ORDER BY d.strategy
      """)
  }

  private func precision(_ sql: String) throws -> [RulePrecision] {
    let frame = try database.read(sql, [], as: [("rule", .text), ("right", .integer), ("wrong", .integer), ("open", .integer)])
    return (0..<frame.rowCount).map { row in
      let count = { (column: Int) in frame.columns[column].number(row).map { Int($0) } ?? 0 }
      return RulePrecision(rule: frame.columns[0].text(row) ?? "", right: count(1), wrong: count(2), open: count(3))
    }
  }
}
