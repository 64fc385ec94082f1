import DataAccess
import FoundationEssentials
public import Tabular

/// An act on versions that was noted before it was done, and of which it is not noted yet whether it was.
struct IntendedAct {
  var id: Int64
  var version: String
  /// What is to serve by it; `nil`: the version is to be taken away.
  var decision: ServingDecision?
}

/// A version that is kept whatever its age.
public struct PinnedVersion: Hashable, Codable, Sendable {
  /// The version.
  public var version: String
  /// Why it is kept.
  public var reason: String?
  /// Since when it is.
  public var pinnedAt: Timestamp
}

extension Ledger {
  /// Notes an act on a version before it is done, and returns its number.
  ///
  /// - Parameter decision: What is to serve by it; `nil`: the version is to be taken away.
  func intend(_ action: String, _ version: String, _ decision: ServingDecision? = nil, detail: String? = nil, at now: Timestamp) throws
    -> Int64
  {
    let text = try decision.map { try Self.json($0) }
    return try database.write { transaction in
      try transaction.execute(
        "INSERT INTO audit (at, action, subject, detail, outcome, decision) VALUES (?, ?, ?, ?, 'intended', ?)",
        [
          .timestamp(now), .text(action), .text(version), (detail ?? decision?.words).map(Cell.text) ?? .missing,
          text.map(Cell.text) ?? .missing,
        ])
      return try Self.lastInsertedRow(transaction)
    }
  }

  /// Notes what became of an act; one of which that is noted already stays as it is.
  func settle(_ id: Int64, _ outcome: ServingEntry.Outcome, failure: String? = nil) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "UPDATE audit SET outcome = ?, failure = ? WHERE audit_id = ? AND outcome = 'intended'",
        [.text(outcome.rawValue), failure.map(Cell.text) ?? .missing, .integer(id)])
    }
  }

  /// Acts of which nobody has noted yet what became of them, oldest first.
  func unsettled() throws -> [IntendedAct] {
    let frame = try database.read(
      "SELECT audit_id, subject, decision FROM audit WHERE outcome = 'intended' ORDER BY audit_id",
      as: [("audit_id", .integer), ("subject", .text), ("decision", .text)])
    return try (0..<frame.rowCount).compactMap { row in
      guard case .integer(let id) = frame.columns[0][row], let version = frame.columns[1].text(row) else { return nil }
      let decision = try frame.columns[2].text(row).map { try Self.decoded(ServingDecision.self, from: $0) }
      return IntendedAct(id: id, version: version, decision: decision)
    }
  }

  /// The decisions about what serves, newest first, as far as they are settled: those that were carried out with the time that each served.
  public func servingEntries() throws -> [ServingEntry] {
    let frame = try database.read(
      """
      SELECT audit_id, at, subject, outcome, decision, failure FROM audit WHERE outcome IS NOT NULL AND decision IS NOT NULL
      ORDER BY audit_id DESC
      """,
      as: [
        ("audit_id", .integer), ("at", .timestamp), ("subject", .text), ("outcome", .text), ("decision", .text), ("failure", .text),
      ])
    var next: Timestamp?
    return try (0..<frame.rowCount).compactMap { row in
      let columns = frame.columns
      guard case .integer(let id) = columns[0][row], let at = columns[1].timestamp(row), let version = columns[2].text(row),
        let outcome = columns[3].text(row).flatMap(ServingEntry.Outcome.init), let text = columns[4].text(row)
      else { return nil }
      let isDone = outcome == .done
      defer { if isDone { next = at } }
      return ServingEntry(
        id: id, version: version, decidedAt: at, until: isDone ? next : nil, decision: try Self.decoded(ServingDecision.self, from: text),
        outcome: outcome, failure: columns[5].text(row))
    }
  }

  /// Keeps a version whatever its age, and notes it; a second time replaces the reason.
  func pin(_ version: String, reason: String?, at now: Timestamp) throws {
    _ = try database.write { transaction in
      try transaction.execute(
        "INSERT OR REPLACE INTO pinned_versions (version, reason, pinned_at) VALUES (?, ?, ?)",
        [.text(version), reason.map(Cell.text) ?? .missing, .timestamp(now)])
      try transaction.execute(
        "INSERT INTO audit (at, action, subject, detail) VALUES (?, 'pin', ?, ?)",
        [.timestamp(now), .text(version), reason.map(Cell.text) ?? .missing])
    }
  }

  /// Keeps a version no longer than others, and notes it; returns whether it was pinned.
  func unpin(_ version: String, at now: Timestamp) throws -> Bool {
    try database.write { transaction in
      let known = try transaction.read("SELECT version FROM pinned_versions WHERE version = ?", [.text(version)], as: [("version", .text)])
      guard known.rowCount > 0 else { return false }
      try transaction.execute("DELETE FROM pinned_versions WHERE version = ?", [.text(version)])
      try transaction.execute(
        "INSERT INTO audit (at, action, subject) VALUES (?, 'unpin', ?)", [.timestamp(now), .text(version)])
      return true
    }
  }

  /// The versions that are kept whatever their age, by name.
  public func pinnedVersions() throws -> [PinnedVersion] {
    let frame = try database.read(
      "SELECT version, reason, pinned_at FROM pinned_versions ORDER BY version",
      as: [("version", .text), ("reason", .text), ("pinned_at", .timestamp)])
    return (0..<frame.rowCount).compactMap { row in
      guard let version = frame.columns[0].text(row), let at = frame.columns[2].timestamp(row) else { return nil }
      return PinnedVersion(version: version, reason: frame.columns[1].text(row), pinnedAt: at)
    }
  }
}
