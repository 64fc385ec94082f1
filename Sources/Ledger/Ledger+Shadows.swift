import DataAccess
public import Tabular

/// A version that predicts beside the champion until it may take its place.
public struct Shadow: Hashable, Codable, Sendable {
  /// How it stands with a shadow.
  public enum State: String, Codable, Sendable, CaseIterable {
    /// It predicts beside the champion.
    case watching
    /// It serves, or served.
    case promoted
    /// The champion was better, or is another by now.
    case dropped
    /// A newer winner took its place.
    case replaced
  }

  /// Its number.
  public var id: Int64
  /// The version, and the one that it was compared with.
  public var version, champion: String
  /// The kind of challenger that it is.
  public var candidate: String
  /// The verdict that made it a shadow.
  public var verdict: Int64
  /// Cycles that it is to be watched for, and how many there were.
  public var cycles: Int, seen: Int
  /// How it stands, and why.
  public var state: State, reason: String?
  /// When it began, and when it was decided about.
  public var startedAt: Timestamp, endedAt: Timestamp?

  /// How it stands, in a few words.
  public var words: String {
    state == .watching
      ? "shadow of \(champion): \(seen) of \(counted(cycles, "cycle"))"
      : "was a shadow of \(champion): \(state.rawValue)\(reason.map { ", \($0)" } ?? "")"
  }
}

extension Ledger {
  static let shadows = Migration(
    "shadows",
    sql: """
      CREATE TABLE shadows (
        shadow_id INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL, champion TEXT NOT NULL, candidate TEXT NOT NULL,
        verdict_id INTEGER NOT NULL, cycles INTEGER NOT NULL, last_cycle INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('watching', 'promoted', 'dropped', 'replaced')), reason TEXT, started_at TIMESTAMP NOT NULL,
        ended_at TIMESTAMP);
      """)

  /// Makes a version a shadow of `champion`; one that was watched before is replaced. One transaction.
  public func beginShadow(_ version: String, of champion: String, candidate: String, verdict: Int64, cycles: Int, at now: Timestamp) throws
  {
    _ = try database.write { transaction in
      try transaction.execute(
        "UPDATE shadows SET state = 'replaced', reason = ?, ended_at = ? WHERE state = 'watching'",
        [.text("\(version) won a later comparison"), .timestamp(now)])
      try transaction.execute(
        """
        INSERT INTO shadows (version, champion, candidate, verdict_id, cycles, last_cycle, state, started_at)
        VALUES (?, ?, ?, ?, ?, coalesce((SELECT max(cycle_id) FROM cycles), 0), 'watching', ?)
        """,
        [.text(version), .text(champion), .text(candidate), .integer(verdict), .integer(Int64(cycles)), .timestamp(now)])
    }
  }

  /// Ends the watching of a shadow.
  public func endShadow(_ id: Int64, as state: Shadow.State, reason: String, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "UPDATE shadows SET state = ?, reason = ?, ended_at = ? WHERE shadow_id = ? AND state = 'watching'",
        [.text(state.rawValue), .text(reason), .timestamp(now), .integer(id)])
    }
  }

  /// Shadows, newest first; how many cycles each has seen counts those that its champion finished since.
  public func shadows(limit: Int = 100) throws -> [Shadow] {
    let frame = try database.read(
      """
      SELECT shadow_id, version, champion, candidate, verdict_id, cycles, state, reason, started_at, ended_at,
        (SELECT count(*) FROM cycles c WHERE c.status = 'done' AND c.cycle_id > s.last_cycle AND c.champion = s.champion
          AND (s.ended_at IS NULL OR c.finished_at <= s.ended_at)) AS seen
      FROM shadows s ORDER BY shadow_id DESC LIMIT ?
      """, [.integer(Int64(limit))],
      as: [
        ("shadow_id", .integer), ("version", .text), ("champion", .text), ("candidate", .text), ("verdict_id", .integer),
        ("cycles", .integer), ("state", .text), ("reason", .text), ("started_at", .timestamp), ("ended_at", .timestamp), ("seen", .integer),
      ])
    return frame.integers.enumerated().compactMap { row, id in
      let columns = frame.columns
      guard let state = columns[6].text(row).flatMap(Shadow.State.init), let startedAt = columns[8].timestamp(row) else { return nil }
      let number = { (column: Int) in columns[column].number(row).map { Int($0) } ?? 0 }
      return Shadow(
        id: id, version: columns[1].text(row) ?? "", champion: columns[2].text(row) ?? "", candidate: columns[3].text(row) ?? "",
        verdict: Int64(number(4)), cycles: number(5), seen: number(10), state: state, reason: columns[7].text(row), startedAt: startedAt,
        endedAt: columns[9].timestamp(row))
    }
  }
}
