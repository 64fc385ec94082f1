import DataAccess
public import Tabular

/// What of a verdict is looked for.
public struct RecordedVerdict: Hashable, Codable, Sendable {
  /// The job that asked; `nil`: a person did.
  public var job: Int64?
  /// The instant that was known about.
  public var asOf: Timestamp
  /// The version that was challenged.
  public var champion: String
  /// The kind of challenger that takes over; `nil`: none.
  public var winner: String?
  /// The policy that decided, and the SHA-256 of its file.
  public var policy, sha256: String

  /// Makes a record.
  public init(job: Int64?, asOf: Timestamp, champion: String, winner: String?, policy: String, sha256: String) {
    self.job = job
    self.asOf = asOf
    self.champion = champion
    self.winner = winner
    self.policy = policy
    self.sha256 = sha256
  }
}

/// A verdict in the ledger's list.
public struct VerdictEntry: Hashable, Codable, Sendable {
  /// Its number.
  public var id: Int64
  /// What was decided.
  public var record: RecordedVerdict
  /// The version that was deployed by it; `nil`: none.
  public var version: String?
  /// When it was decided.
  public var decidedAt: Timestamp
}

extension Ledger {
  /// Keeps a verdict whole, and returns its number.
  public func record(verdict: some Encodable, of record: RecordedVerdict, at now: Timestamp) throws -> Int64 {
    let text = try Self.json(verdict)
    return try database.write { transaction in
      try transaction.execute(
        """
        INSERT INTO verdicts (job_id, as_of, champion, winner, policy, sha256, value, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          record.job.map(Cell.integer) ?? .missing, .timestamp(record.asOf), .text(record.champion),
          record.winner.map(Cell.text) ?? .missing,
          .text(record.policy), .text(record.sha256), .text(text), .timestamp(now),
        ])
      return try Self.lastInsertedRow(transaction)
    }
  }

  /// Notes which version a verdict put in force.
  public func noteDeployment(of verdict: Int64, version: String) throws {
    _ = try database.write { transaction in
      try transaction.execute("UPDATE verdicts SET version = ? WHERE verdict_id = ?", [.text(version), .integer(verdict)])
    }
  }

  /// The text of a verdict as it was kept; `nil` when there is none of that number.
  public func verdict(_ id: Int64) throws -> String? {
    let frame = try database.read("SELECT value FROM verdicts WHERE verdict_id = ?", [.integer(id)], as: [("value", .text)])
    return frame.rowCount == 1 ? frame.columns[0].text(0) : nil
  }

  /// The value that a text of the ledger was written from.
  public static func value<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value { try decoded(type, from: text) }

  /// A value as it would be read again: whole numbers have lost their point by then.
  public static func asKept<Value: Codable>(_ value: Value) throws -> Value { try decoded(Value.self, from: json(value)) }

  /// The latest verdicts, newest first.
  public func verdicts(limit: Int = 30) throws -> [VerdictEntry] {
    let frame = try database.read(
      """
      SELECT verdict_id, job_id, as_of, champion, winner, policy, sha256, version, decided_at FROM verdicts
      ORDER BY verdict_id DESC LIMIT ?
      """, [.integer(Int64(limit))],
      as: [
        ("verdict_id", .integer), ("job_id", .integer), ("as_of", .timestamp), ("champion", .text), ("winner", .text), ("policy", .text),
        ("sha256", .text), ("version", .text), ("decided_at", .timestamp),
      ])
    return (0..<frame.rowCount).compactMap { row in
      let columns = frame.columns
      guard case .integer(let id) = columns[0][row], let asOf = columns[2].timestamp(row), let champion = columns[3].text(row),
        let decidedAt = columns[8].timestamp(row)
      else { return nil }
      var job: Int64?
      if case .integer(let number) = columns[1][row] { job = number }
      return VerdictEntry(
        id: id,
        record: RecordedVerdict(
          job: job, asOf: asOf, champion: champion, winner: columns[4].text(row), policy: columns[5].text(row) ?? "",
          sha256: columns[6].text(row) ?? ""), version: columns[7].text(row), decidedAt: decidedAt)
    }
  }
}
