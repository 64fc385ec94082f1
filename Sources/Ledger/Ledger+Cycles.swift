import DataAccess
public import Tabular

/// What a cycle starts with.
public struct CycleStart: Hashable, Sendable {
  /// The instant the cycle may know about, and the start of its window.
  public var asOf, since: Timestamp
  /// Seed of everything random in it.
  public var seed: UInt64
  /// The version that predicts.
  public var champion: String
  /// The settings in force, as text.
  public var configuration: String
  /// Lathe's version.
  public var latheVersion: String

  /// Makes the start of a cycle.
  public init(asOf: Timestamp, since: Timestamp, seed: UInt64, champion: String, configuration: String, latheVersion: String) {
    self.asOf = asOf
    self.since = since
    self.seed = seed
    self.champion = champion
    self.configuration = configuration
    self.latheVersion = latheVersion
  }
}

/// How a cycle ended.
public enum CycleStatus: String, Codable, Sendable {
  case running, done, failed, interrupted
}

/// One line of the list of cycles.
public struct CycleSummary: Hashable, Codable, Sendable {
  /// The cycle's number.
  public var id: Int64
  /// What it might know about, and the start of its window.
  public var asOf, since: Timestamp
  /// The version that predicted.
  public var champion: String
  /// How it ended.
  public var status: CycleStatus
  /// The room it last left.
  public var room: String
  /// Why it failed, when it did.
  public var failure: String?
  /// Whether it asked for retraining; `nil` when it never came to decide.
  public var retrain: Bool?
  /// When it started.
  public var startedAt: Timestamp
  /// When it finished; `nil` while it runs.
  public var finishedAt: Timestamp?
}

/// A measured figure as the ledger keeps it.
public struct RecordedMeasurement: Hashable, Codable, Sendable {
  /// The metric.
  public var name: String
  /// Its value; `nil` where there was nothing to measure.
  public var value: Double?
  /// How many observations it comes from.
  public var observations: Int

  /// Makes a record.
  public init(name: String, value: Double?, observations: Int) {
    self.name = name
    self.value = value
    self.observations = observations
  }
}

/// An alert as the ledger keeps it.
public struct RecordedAlert: Hashable, Codable, Sendable {
  /// Code and severity.
  public var code, severity: String
  /// What was measured and the threshold it passed.
  public var value, threshold: Double?
  /// What it concerns; `nil` for the whole cycle.
  public var item, operation: String?
  /// The alert in words.
  public var message: String

  /// Makes a record.
  public init(
    code: String, severity: String, value: Double?, threshold: Double?, item: String?, operation: String?, message: String
  ) {
    self.code = code
    self.severity = severity
    self.value = value
    self.threshold = threshold
    self.item = item
    self.operation = operation
    self.message = message
  }
}

/// A strategy's decision as the ledger keeps it.
public struct RecordedDecision: Hashable, Codable, Sendable {
  /// The decision's kind, the strategy that made it and the SHA-256 of its file.
  public var kind, strategy, sha256: String
  /// The parameters in force and what was decided.
  public var parameters, decision: PlainValue
  /// Why the strategy failed and the safe default decided; `nil` when it did not.
  public var failure: String?

  /// Makes a record.
  public init(kind: String, strategy: String, sha256: String, parameters: PlainValue, decision: PlainValue, failure: String?) {
    self.kind = kind
    self.strategy = strategy
    self.sha256 = sha256
    self.parameters = parameters
    self.decision = decision
    self.failure = failure
  }
}

extension Ledger {
  /// Enters a new cycle as running, and returns its number.
  public func begin(_ cycle: CycleStart, at now: Timestamp) throws -> Int64 {
    try database.write { transaction in
      try transaction.execute(
        """
        INSERT INTO cycles (as_of, since, seed, champion, status, room, started_at, configuration, lathe_version)
        VALUES (?, ?, ?, ?, 'running', 'plan', ?, ?, ?)
        """,
        [
          .timestamp(cycle.asOf), .timestamp(cycle.since), .integer(Int64(bitPattern: cycle.seed)), .text(cycle.champion), .timestamp(now),
          .text(cycle.configuration), .text(cycle.latheVersion),
        ])
      return try Self.lastInsertedRow(transaction)
    }
  }

  /// Keeps what a room handed over, with the decision that was made in it, if one was.
  public func keep(
    _ value: some Encodable, of room: String, in cycle: Int64, decision: RecordedDecision? = nil, at now: Timestamp
  ) throws {
    let text = try Self.json(value)
    _ = try database.write { transaction in
      try transaction.execute(
        "INSERT OR REPLACE INTO rooms (cycle_id, room, value, written_at) VALUES (?, ?, ?, ?)",
        [.integer(cycle), .text(room), .text(text), .timestamp(now)])
      try transaction.execute("UPDATE cycles SET room = ? WHERE cycle_id = ?", [.text(room), .integer(cycle)])
      guard let decision else { return }
      try transaction.execute(
        "INSERT OR REPLACE INTO decisions (cycle_id, kind, strategy, sha256, parameters, decision, failure) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
          .integer(cycle), .text(decision.kind), .text(decision.strategy), .text(decision.sha256),
          .text(try Self.json(decision.parameters)), .text(try Self.json(decision.decision)), decision.failure.map(Cell.text) ?? .missing,
        ])
    }
  }

  /// What a room handed over, or `nil` when the cycle did not come so far.
  public func value<Value: Decodable>(_: Value.Type, of room: String, in cycle: Int64) throws -> Value? {
    let frame = try database.read(
      "SELECT value FROM rooms WHERE cycle_id = ? AND room = ?", [.integer(cycle), .text(room)], as: [("value", .text)])
    guard frame.rowCount == 1, let text = frame.columns[0].text(0) else { return nil }
    return try Self.decoded(Value.self, from: text)
  }

  /// Enters what a cycle measured: figures, alerts, and when each item was checked with what error.
  public func record(
    _ measurements: [RecordedMeasurement], _ alerts: [RecordedAlert], checks: [(item: String, error: Double?)], asOf: Timestamp,
    in cycle: Int64
  ) throws {
    try database.write { transaction in
      try transaction.execute("DELETE FROM measurements WHERE cycle_id = ?", [.integer(cycle)])
      try transaction.execute("DELETE FROM alerts WHERE cycle_id = ?", [.integer(cycle)])
      try transaction.execute(
        "INSERT INTO measurements (cycle_id, name, value, observations) VALUES (?, ?, ?, ?)",
        each: measurements.map { measurement in
          [
            .integer(cycle), .text(measurement.name), measurement.value.map(Cell.double) ?? .missing,
            .integer(Int64(measurement.observations)),
          ]
        })
      try transaction.execute(
        """
        INSERT INTO alerts (cycle_id, position, code, severity, value, threshold, item_code, operation, message)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        each: alerts.enumerated().map { position, alert in
          [
            .integer(cycle), .integer(Int64(position)), .text(alert.code), .text(alert.severity), alert.value.map(Cell.double) ?? .missing,
            alert.threshold.map(Cell.double) ?? .missing, alert.item.map(Cell.text) ?? .missing,
            alert.operation.map(Cell.text) ?? .missing, .text(alert.message),
          ]
        })
      try transaction.execute(
        "INSERT OR REPLACE INTO item_checks (item_code, cycle_id, checked_at, error) VALUES (?, ?, ?, ?)",
        each: checks.map { [.text($0.item), .integer(cycle), .timestamp(asOf), $0.error.map(Cell.double) ?? .missing] })
    }
  }

  /// Ends a cycle.
  public func finish(_ cycle: Int64, as status: CycleStatus, retrain: Bool? = nil, failure: String? = nil, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "UPDATE cycles SET status = ?, retrain = ?, failure = ?, finished_at = ? WHERE cycle_id = ?",
        [
          .text(status.rawValue), retrain.map(Cell.bool) ?? .missing, failure.map(Cell.text) ?? .missing, .timestamp(now), .integer(cycle),
        ])
    }
  }

  /// Marks cycles that are still entered as running as interrupted. To be called when no process runs one: theirs were killed.
  public func closeAbandonedCycles(at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "UPDATE cycles SET status = 'interrupted', failure = 'its process ended after room ' || room, finished_at = ? WHERE status = 'running'",
        [.timestamp(now)])
    }
  }

  /// The latest `limit` cycles, newest first.
  public func cycles(limit: Int) throws -> [CycleSummary] {
    let frame = try database.read(
      """
      SELECT cycle_id, as_of, since, champion, status, room, failure, retrain, started_at, finished_at
      FROM cycles ORDER BY cycle_id DESC LIMIT ?
      """,
      [.integer(Int64(limit))],
      as: [
        ("cycle_id", .integer), ("as_of", .timestamp), ("since", .timestamp), ("champion", .text), ("status", .text), ("room", .text),
        ("failure", .text), ("retrain", .bool), ("started_at", .timestamp), ("finished_at", .timestamp),
      ])
    return (0..<frame.rowCount).compactMap { row in
      let column = { (index: Int) in frame.columns[index] }
      guard case .integer(let id) = column(0)[row], let asOf = column(1).timestamp(row), let since = column(2).timestamp(row),
        let champion = column(3).text(row), let status = column(4).text(row).flatMap(CycleStatus.init), let room = column(5).text(row),
        let startedAt = column(8).timestamp(row)
      else { return nil }
      let retrain: Bool? = if case .bool(let flag) = column(7)[row] { flag } else { nil }
      return CycleSummary(
        id: id, asOf: asOf, since: since, champion: champion, status: status, room: room, failure: column(6).text(row), retrain: retrain,
        startedAt: startedAt, finishedAt: column(9).timestamp(row))
    }
  }

  /// Finished cycles whose as-of is not after `instant`, oldest first: `cycle_id`, `as_of`, `retrained`, and each of `metrics`.
  public func history(until instant: Timestamp, metrics: [String]) throws -> Frame {
    let figures = metrics.indices.map {
      ", (SELECT value FROM measurements m WHERE m.cycle_id = c.cycle_id AND m.name = ?\($0 + 2)) AS m\($0)"
    }
    let frame = try database.read(
      """
      SELECT cycle_id, as_of, coalesce(retrain, 0) AS retrained\(figures.joined()) FROM cycles c
      WHERE status = 'done' AND as_of <= ?1 ORDER BY as_of, cycle_id
      """,
      [.timestamp(instant)] + metrics.map(Cell.text),
      as: [("cycle_id", .integer), ("as_of", .timestamp), ("retrained", .bool)] + metrics.map { ($0, .double) })
    return frame
  }

  /// When each of these items was last checked, as of `instant`, and with what error: `item_code`, `checked_at`, `error`. What cycles
  /// over a later time found is not known then.
  public func checks(of items: [String], until instant: Timestamp) throws -> Frame {
    try database.read(
      """
      SELECT item_code, checked_at, error FROM item_checks c WHERE item_code IN ({keys}) AND checked_at <= ?1 AND NOT EXISTS (
        SELECT 1 FROM item_checks later WHERE later.item_code = c.item_code AND later.checked_at <= ?1
          AND (later.checked_at, later.cycle_id) > (c.checked_at, c.cycle_id))
      ORDER BY item_code
      """, keys: items, [.timestamp(instant)],
      as: [("item_code", .text), ("checked_at", .timestamp), ("error", .double)])
  }
}
