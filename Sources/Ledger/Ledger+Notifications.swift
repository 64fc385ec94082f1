import DataAccess
import FoundationEssentials
public import Tabular

/// What one target wants to be told of, and how often.
public struct NotificationRule: Hashable, Sendable {
  /// The target's name.
  public var target: String
  /// Whether it is told of alerts and failed cycles, and of verdicts.
  public var wantsAlerts: Bool, wantsVerdicts: Bool
  /// The least severity of an alert: 0 info, 1 warning, 2 critical.
  public var leastSeverity: Int
  /// At most so many messages an hour.
  public var maxPerHour: Int
  /// After so long an alert that lasts is told again.
  public var repeatSeconds: Double

  /// Makes a rule.
  public init(
    target: String, wantsAlerts: Bool = true, wantsVerdicts: Bool = true, leastSeverity: Int = 1, maxPerHour: Int = 10,
    repeatSeconds: Double = 86_400
  ) {
    self.target = target
    self.wantsAlerts = wantsAlerts
    self.wantsVerdicts = wantsVerdicts
    self.leastSeverity = leastSeverity
    self.maxPerHour = maxPerHour
    self.repeatSeconds = repeatSeconds
  }

  /// The rank of a severity.
  public static func rank(of severity: String) -> Int { ["info": 0, "warning": 1, "critical": 2][severity] ?? 1 }
}

/// A message to a target.
public struct NotificationMessage: Hashable, Codable, Sendable {
  /// How it stands with a message.
  public enum Status: String, Codable, Sendable, CaseIterable {
    /// To be delivered, or tried again.
    case waiting
    case sent
    /// Given up.
    case failed
    /// Never sent: the target's messages of an hour were used up. The next one says how many.
    case leftOut = "left_out"
  }

  /// Its number, which is the same at each try.
  public var id: Int64
  /// Whom it is for, and what it is about: `cycle 12`, `verdict 3`.
  public var target, subject: String
  /// The greatest severity in it.
  public var severity: String
  /// The message in words, a line an alert.
  public var message: String
  /// The same as facts.
  public var facts: PlainValue
  /// How it stands.
  public var status: Status
  /// How often it was tried.
  public var attempts: Int
  /// What went wrong last, or why it was left out.
  public var detail: String?
  /// When it was made, may be tried next, and was done with.
  public var createdAt, notBefore: Timestamp, finishedAt: Timestamp?

  /// Makes a message.
  public init(
    id: Int64, target: String, subject: String, severity: String, message: String, facts: PlainValue, status: Status, attempts: Int,
    detail: String? = nil, createdAt: Timestamp, notBefore: Timestamp, finishedAt: Timestamp? = nil
  ) {
    self.id = id
    self.target = target
    self.subject = subject
    self.severity = severity
    self.message = message
    self.facts = facts
    self.status = status
    self.attempts = attempts
    self.detail = detail
    self.createdAt = createdAt
    self.notBefore = notBefore
    self.finishedAt = finishedAt
  }
}

extension Ledger {
  /// Makes messages of what has happened since each target's last ones, and returns how many. In one transaction with the note of how far each
  /// target has been told: nothing is lost or told twice by a crash. A target that is new is told of what happens from now on.
  ///
  /// An alert that lasts from cycle to cycle is told once, and again when it gets more severe or `repeatSeconds` have passed; not at all
  /// while it has been judged by a person and lasts since.
  @discardableResult
  public func compose(_ rules: [NotificationRule], at now: Timestamp) throws -> Int {
    try database.write { transaction in
      var made = 0
      for rule in rules {
        let known = try transaction.read(
          "SELECT last_cycle, last_verdict FROM notification_targets WHERE target = ?", [.text(rule.target)],
          as: [("last_cycle", .integer), ("last_verdict", .integer)])
        guard case .integer(var cycle)? = known.rowCount == 1 ? known.columns[0][0] : nil,
          case .integer(var verdict) = known.columns[1][0]
        else {
          try transaction.execute(
            """
            INSERT INTO notification_targets (target, last_cycle, last_verdict)
              SELECT ?, coalesce((SELECT max(cycle_id) FROM cycles), 0), coalesce((SELECT max(verdict_id) FROM verdicts), 0)
            """, [.text(rule.target)])
          continue
        }
        for message in try cycleMessages(rule, after: &cycle, transaction, at: now)
          + verdictMessages(rule, after: &verdict, transaction, at: now)
        {
          try put(message, rule, transaction, at: now)
          made += 1
        }
        try transaction.execute(
          "UPDATE notification_targets SET last_cycle = ?, last_verdict = ? WHERE target = ?",
          [.integer(cycle), .integer(verdict), .text(rule.target)])
      }
      return made
    }
  }

  private struct Draft {
    var subject, severity, text: String
    var facts: [String: PlainValue]
  }

  private func cycleMessages(
    _ rule: NotificationRule, after last: inout Int64, _ transaction: SQLiteTransaction, at now: Timestamp
  ) throws -> [Draft] {
    let cycles = try transaction.read(
      "SELECT cycle_id, as_of, champion, status, failure FROM cycles WHERE cycle_id > ? ORDER BY cycle_id LIMIT 1000", [.integer(last)],
      as: [("cycle_id", .integer), ("as_of", .timestamp), ("champion", .text), ("status", .text), ("failure", .text)])
    var messages: [Draft] = []
    for (row, cycle) in cycles.integers.enumerated() {
      let status = cycles.columns[3].text(row) ?? ""
      // One that runs is told of when it has ended; those behind it then, too.
      if status == "running" { break }
      last = cycle
      guard rule.wantsAlerts else { continue }
      let facts: [String: PlainValue] = [
        "kind": "alerts", "cycle": .integer(cycle), "as_of": .text("\(cycles.columns[1].timestamp(row) ?? .distantPast)"),
        "champion": .text(cycles.columns[2].text(row) ?? ""), "status": .text(status),
      ]
      if status != "done" {
        let failure = cycles.columns[4].text(row) ?? "no reason given"
        messages.append(
          Draft(
            subject: "cycle \(cycle)", severity: "critical", text: "cycle \(cycle) \(status): \(failure)",
            facts: facts.merging(["kind": "failure", "failure": .text(failure)]) { $1 }))
        continue
      }
      let alerts = Self.entries(
        try transaction.read(
          """
          SELECT a.cycle_id, a.position, c.as_of, a.code, a.severity, a.value, a.threshold, a.item_code, a.operation, a.message,
            NULL AS judgement, NULL AS note, NULL AS judged_by, NULL AS judged_at
          FROM alerts a JOIN cycles c USING (cycle_id) WHERE a.cycle_id = ? ORDER BY a.position
          """, [.integer(cycle)], as: Self.alertTypes))
      let told = try alerts.filter { try isNews($0, in: cycle, rule, transaction, at: now) }
      try transaction.execute(
        "DELETE FROM notified_causes WHERE target = ? AND last_cycle < ?", [.text(rule.target), .integer(cycle)])
      if told.isEmpty { continue }
      let worst = told.map(\.alert.severity).max { NotificationRule.rank(of: $0) < NotificationRule.rank(of: $1) } ?? "warning"
      let shown = told.prefix(20)
      var text = "cycle \(cycle): \(counted(told.count, "alert"))"
      for entry in shown { text += "\n\(entry.id) \(entry.alert.severity) \(entry.alert.code): \(entry.alert.message)" }
      if told.count > shown.count { text += "\nand \(told.count - shown.count) more: lathe alerts list" }
      messages.append(
        Draft(
          subject: "cycle \(cycle)", severity: worst, text: text,
          facts: facts.merging(["count": .integer(Int64(told.count)), "alerts": .list(shown.map(\.facts))]) { $1 }))
    }
    return messages
  }

  /// Whether an alert is to be told; enters that it lasts.
  private func isNews(
    _ entry: AlertEntry, in cycle: Int64, _ rule: NotificationRule, _ transaction: SQLiteTransaction, at now: Timestamp
  ) throws -> Bool {
    let alert = entry.alert
    let severity = NotificationRule.rank(of: alert.severity)
    guard severity >= rule.leastSeverity else { return false }
    let cause = [alert.code, alert.item ?? "", alert.operation ?? ""].joined(separator: "\u{1f}")
    let known = try transaction.read(
      "SELECT severity, notified_at FROM notified_causes WHERE target = ? AND cause = ?", [.text(rule.target), .text(cause)],
      as: [("severity", .integer), ("notified_at", .timestamp)])
    let isMuted = try isJudged(alert, before: cycle, transaction)
    if known.rowCount == 1, let before = known.integers.first, let at = known.columns[1].timestamp(0) {
      let isDue = severity > before || now.seconds - at.seconds >= rule.repeatSeconds
      try transaction.execute(
        "UPDATE notified_causes SET last_cycle = ?, severity = ?, notified_at = ? WHERE target = ? AND cause = ?",
        [.integer(cycle), .integer(Int64(severity)), .timestamp(isDue && !isMuted ? now : at), .text(rule.target), .text(cause)])
      return isDue && !isMuted
    }
    try transaction.execute(
      "INSERT INTO notified_causes (target, cause, severity, notified_at, last_cycle) VALUES (?, ?, ?, ?, ?)",
      [.text(rule.target), .text(cause), .integer(Int64(severity)), .timestamp(now), .integer(cycle)])
    return !isMuted
  }

  /// Whether a person has judged an alert of the same cause, and it was raised in every cycle since.
  private func isJudged(_ alert: RecordedAlert, before cycle: Int64, _ transaction: SQLiteTransaction) throws -> Bool {
    let same = "code = ?1 AND item_code IS ?2 AND operation IS ?3"
    return try transaction.read(
      """
      SELECT 1 FROM alert_judgements j JOIN alerts a ON a.cycle_id = j.cycle_id AND a.position = j.position
      WHERE a.\(same.replacing(" AND ", with: " AND a.")) AND j.cycle_id <= ?4 AND NOT EXISTS (
        SELECT 1 FROM cycles c WHERE c.status = 'done' AND c.cycle_id > j.cycle_id AND c.cycle_id <= ?4
          AND NOT EXISTS (SELECT 1 FROM alerts later WHERE later.cycle_id = c.cycle_id AND later.\(same.replacing(" AND ", with: " AND later."))))
      LIMIT 1
      """,
      [.text(alert.code), alert.item.map(Cell.text) ?? .missing, alert.operation.map(Cell.text) ?? .missing, .integer(cycle)],
      as: [("one", .integer)]
    ).rowCount > 0
  }

  /// Verdicts that have been carried out, or had an hour for it.
  private func verdictMessages(
    _ rule: NotificationRule, after last: inout Int64, _ transaction: SQLiteTransaction, at now: Timestamp
  ) throws -> [Draft] {
    let frame = try transaction.read(
      "SELECT verdict_id, champion, winner, policy, version, decided_at FROM verdicts WHERE verdict_id > ? ORDER BY verdict_id LIMIT 1000",
      [.integer(last)],
      as: [
        ("verdict_id", .integer), ("champion", .text), ("winner", .text), ("policy", .text), ("version", .text), ("decided_at", .timestamp),
      ])
    var messages: [Draft] = []
    for (row, verdict) in frame.integers.enumerated() {
      let text = { (column: Int) in frame.columns[column].text(row) }
      let (champion, winner, version) = (text(1) ?? "", text(2), text(4))
      if winner != nil, version == nil, now.seconds - (frame.columns[5].timestamp(row)?.seconds ?? 0) < 3600 { break }
      last = verdict
      guard rule.wantsVerdicts else { continue }
      let words =
        version.map { "\($0) (\(winner ?? "")) serves in place of \(champion)" }
        ?? winner.map { "\($0) was to replace \(champion), but was not put in force" } ?? "\(champion) stays"
      messages.append(
        Draft(
          subject: "verdict \(verdict)", severity: winner != nil && version == nil ? "warning" : "info",
          text: "verdict \(verdict) by '\(text(3) ?? "")': \(words)",
          facts: [
            "kind": "verdict", "verdict": .integer(verdict), "champion": .text(champion), "winner": winner.map { .text($0) } ?? .null,
            "policy": .text(text(3) ?? ""), "version": version.map { .text($0) } ?? .null,
          ]))
    }
    return messages
  }

  private func put(_ message: Draft, _ rule: NotificationRule, _ transaction: SQLiteTransaction, at now: Timestamp) throws {
    let recent = try transaction.read(
      "SELECT count(*) AS n FROM notifications WHERE target = ? AND status != 'left_out' AND created_at > ?",
      [.text(rule.target), .timestamp(now.advanced(bySeconds: -3600))], as: [("n", .integer)]
    ).integers.first
    let isLeftOut = recent ?? 0 >= Int64(rule.maxPerHour)
    let leftOut =
      try transaction.read(
        """
        SELECT count(*) AS n FROM notifications WHERE target = ?1 AND status = 'left_out'
          AND notification_id > coalesce((SELECT max(notification_id) FROM notifications WHERE target = ?1 AND status != 'left_out'), 0)
        """, [.text(rule.target)], as: [("n", .integer)]
      ).integers.first ?? 0
    var (text, facts) = (message.text, message.facts)
    if !isLeftOut, leftOut > 0 {
      text += "\n\(counted(Int(leftOut), "message")) before this one left out: more than \(rule.maxPerHour) an hour"
      facts["left_out"] = .integer(leftOut)
    }
    try transaction.execute(
      """
      INSERT INTO notifications (target, subject, severity, message, facts, status, not_before, detail, created_at, finished_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text(rule.target), .text(message.subject), .text(message.severity), .text(text), .text(try Self.json(PlainValue.map(facts))),
        .text(isLeftOut ? "left_out" : "waiting"), .timestamp(now),
        isLeftOut ? .text("more than \(rule.maxPerHour) an hour") : .missing, .timestamp(now), isLeftOut ? .timestamp(now) : .missing,
      ])
  }

  /// Messages, newest first; with `dueAt` those that are to be tried by then, oldest first.
  public func notifications(_ status: NotificationMessage.Status? = nil, limit: Int, dueAt: Timestamp? = nil) throws
    -> [NotificationMessage]
  {
    let frame = try database.read(
      """
      SELECT notification_id, target, subject, severity, message, facts, status, attempts, detail, created_at, not_before, finished_at
      FROM notifications WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR status = 'waiting' AND not_before <= ?2)
      ORDER BY notification_id \(dueAt == nil ? "DESC" : "") LIMIT ?3
      """, [status.map { .text($0.rawValue) } ?? .missing, dueAt.map(Cell.timestamp) ?? .missing, .integer(Int64(limit))],
      as: [
        ("notification_id", .integer), ("target", .text), ("subject", .text), ("severity", .text), ("message", .text), ("facts", .text),
        ("status", .text), ("attempts", .integer), ("detail", .text), ("created_at", .timestamp), ("not_before", .timestamp),
        ("finished_at", .timestamp),
      ])
    return try frame.integers.enumerated().compactMap { row, id in
      let columns = frame.columns
      guard let status = columns[6].text(row).flatMap(NotificationMessage.Status.init), let createdAt = columns[9].timestamp(row),
        let notBefore = columns[10].timestamp(row)
      else { return nil }
      return NotificationMessage(
        id: id, target: columns[1].text(row) ?? "", subject: columns[2].text(row) ?? "", severity: columns[3].text(row) ?? "",
        message: columns[4].text(row) ?? "", facts: try Self.decoded(PlainValue.self, from: columns[5].text(row) ?? "null"), status: status,
        attempts: columns[7].number(row).map { Int($0) } ?? 0, detail: columns[8].text(row), createdAt: createdAt, notBefore: notBefore,
        finishedAt: columns[11].timestamp(row))
    }
  }

  /// Enters what came of a try: sent, or what went wrong, to be tried again at `retryAt`; without that it is given up.
  public func noteDelivery(of id: Int64, failure: String?, retryAt: Timestamp?, at now: Timestamp) throws {
    _ = try database.write { transaction in
      let status = failure == nil ? "sent" : retryAt == nil ? "failed" : "waiting"
      try transaction.execute(
        """
        UPDATE notifications SET status = ?, attempts = attempts + 1, detail = ?, not_before = coalesce(?, not_before), finished_at = ?
        WHERE notification_id = ? AND status = 'waiting'
        """,
        [
          .text(status), failure.map(Cell.text) ?? .missing, retryAt.map(Cell.timestamp) ?? .missing,
          status == "waiting" ? .missing : .timestamp(now), .integer(id),
        ])
    }
  }

  /// Removes messages that were done with before `instant`.
  public func pruneNotifications(finishedBefore instant: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute("DELETE FROM notifications WHERE finished_at < ?", [.timestamp(instant)])
    }
  }
}

extension AlertEntry {
  /// The alert as facts.
  var facts: PlainValue {
    [
      "id": .text(id), "code": .text(alert.code), "severity": .text(alert.severity), "value": alert.value.map { .number($0) } ?? .null,
      "threshold": alert.threshold.map { .number($0) } ?? .null, "item": alert.item.map { .text($0) } ?? .null,
      "operation": alert.operation.map { .text($0) } ?? .null, "message": .text(alert.message),
    ]
  }
}
