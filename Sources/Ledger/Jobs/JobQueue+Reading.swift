import DataAccess
import FoundationEssentials
public import Tabular

extension JobQueue {
  private static let columns: [(name: String, type: ColumnType)] = [
    ("kind", .text), ("payload", .text), ("cause", .text), ("cycle_id", .integer), ("status", .text), ("reason", .text),
    ("priority", .integer), ("requests", .integer), ("attempts", .integer), ("time_limit", .double), ("cancel_requested", .bool),
    ("percent", .double), ("step", .text), ("result", .text), ("worker", .text), ("token", .integer), ("lease_until", .timestamp),
    ("lease_seconds", .double),
    ("created_at", .timestamp), ("not_before", .timestamp), ("started_at", .timestamp), ("finished_at", .timestamp),
  ]
  private static let selection = columns.map(\.name).joined(separator: ", ")

  /// The job, or `nil` when there is none of that number. Throws ``JobQueueError/unreadable(job:reason:)`` for a row that cannot be read.
  public func job(_ id: Int64) throws -> Job? {
    try ledger.database.reading { reader in
      do { return try read(id, reader) } catch JobQueueError.unknown { return nil } catch let error as UnreadableJob {
        throw JobQueueError.unreadable(job: id, reason: error.reason)
      }
    }
  }

  /// Jobs, newest first, at most `limit` of them, of one status or of any. Rows that cannot be read are left out: ``unreadable()`` tells them.
  /// They are read one by one, so that one does not hide the others.
  public func jobs(_ status: JobStatus? = nil, limit: Int = .max) throws -> [Job] {
    try ledger.database.reading { reader in
      let ids = try reader.read(
        "SELECT job_id FROM jobs WHERE ?1 IS NULL OR status = ?1 ORDER BY job_id DESC LIMIT ?2",
        [status.map { .text($0.rawValue) } ?? .missing, .integer(Int64(limit))], as: [("job_id", .integer)])
      return try ids.integers.compactMap { id in
        do { return try read(id, reader) } catch is UnreadableJob { return nil }
      }
    }
  }

  /// Rows that cannot be read and were not set aside yet, with the reason, newest first. O(jobs).
  public func unreadable() throws -> [(job: Int64, reason: String)] {
    try ledger.database.reading { reader in
      let ids = try reader.read("SELECT job_id FROM jobs ORDER BY job_id DESC", as: [("job_id", .integer)])
      return try ids.integers.compactMap { id in
        do {
          _ = try read(id, reader)
          return nil
        } catch let error as UnreadableJob { return (id, error.reason) }
      }
    }
  }

  /// The tries at a job, first to last.
  public func attempts(of id: Int64) throws -> [JobAttempt] {
    let frame = try ledger.database.read(
      "SELECT token, worker, started_at, finished_at, outcome, error FROM job_attempts WHERE job_id = ? ORDER BY token", [.integer(id)],
      as: [
        ("token", .integer), ("worker", .text), ("started_at", .timestamp), ("finished_at", .timestamp), ("outcome", .text),
        ("error", .text),
      ])
    return frame.integers.enumerated().compactMap { row, token in
      guard let worker = frame.columns[1].text(row), let started = frame.columns[2].timestamp(row),
        let outcome = frame.columns[4].text(row)
      else { return nil }
      return JobAttempt(
        token: token, worker: worker, startedAt: started, finishedAt: frame.columns[3].timestamp(row), outcome: outcome,
        error: frame.columns[5].text(row))
    }
  }

  /// Jobs that could not be read and were set aside, with the reason, oldest first.
  public func quarantined() throws -> [(job: Int64, reason: String, at: Timestamp)] {
    let frame = try ledger.database.read(
      "SELECT job_id, reason, quarantined_at FROM quarantined_jobs ORDER BY quarantine_id",
      as: [("job_id", .integer), ("reason", .text), ("quarantined_at", .timestamp)])
    return frame.integers.enumerated().compactMap { row, job in
      guard let reason = frame.columns[1].text(row), let at = frame.columns[2].timestamp(row) else { return nil }
      return (job, reason, at)
    }
  }

  /// The job of that number. Throws ``UnreadableJob`` when its row makes no sense.
  func read(_ id: Int64, _ reader: SQLiteReader) throws -> Job {
    let frame: Frame
    do throws(DataAccessError) {
      frame = try reader.read("SELECT \(Self.selection) FROM jobs WHERE job_id = ?", [.integer(id)], as: Self.columns)
    } catch {
      // A value of another type than the column's; everything else is no fault of the row.
      if error.kind == .value { throw UnreadableJob(reason: error.detail) }
      throw error
    }
    guard frame.rowCount == 1 else { throw JobQueueError.unknown(job: id) }
    return try Job(id, JobRow(frame))
  }
}

/// One row of the table of jobs, by column name.
private struct JobRow {
  let frame: Frame

  init(_ frame: Frame) { self.frame = frame }

  func text(_ name: String) -> String? { frame[name]?.text(0) }
  func integer(_ name: String) -> Int64? { if case .integer(let value)? = frame[name]?[0] { value } else { nil } }
  func double(_ name: String) -> Double? { frame[name]?.number(0) }
  func instant(_ name: String) -> Timestamp? { frame[name]?.timestamp(0) }

  func needed<Value>(_ name: String, _ value: Value?) throws -> Value {
    guard let value else { throw UnreadableJob(reason: "column '\(name)': expected a value, got none") }
    return value
  }

  func known<Value: RawRepresentable & CaseIterable>(_ name: String, _ raw: Value.RawValue?) throws -> Value {
    let raw = try needed(name, raw)
    guard let value = Value(rawValue: raw) else {
      let known = Value.allCases.map { "\($0.rawValue)" }.joined(separator: ", ")
      throw UnreadableJob(reason: "column '\(name)': expected one of \(known), got '\(raw)'")
    }
    return value
  }

  func json<Value: Decodable>(_ name: String, as _: Value.Type = Value.self) throws -> Value? {
    guard let text = text(name) else { return nil }
    do { return try Ledger.decoded(Value.self, from: text) } catch {
      throw UnreadableJob(reason: "column '\(name)': expected the JSON of a job, got '\(text.prefix(60))' (\(Self.words(error)))")
    }
  }

  private static func words(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "there is no '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is of another type"
    case .dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }
}

extension Job {
  fileprivate init(_ id: Int64, _ row: JobRow) throws {
    self.id = id
    kind = try row.known("kind", row.text("kind"))
    payload = try row.needed("payload", try row.json("payload"))
    cause = try row.needed("cause", row.text("cause"))
    cycle = row.integer("cycle_id")
    status = try row.known("status", row.text("status"))
    reason = row.text("reason")
    priority = try row.known("priority", row.integer("priority").map(Int.init))
    requests = Int(try row.needed("requests", row.integer("requests")))
    attempts = Int(try row.needed("attempts", row.integer("attempts")))
    timeLimitSeconds = row.double("time_limit")
    isCancelRequested = if case .bool(true)? = row.frame["cancel_requested"]?[0] { true } else { false }
    progress = row.double("percent").map { JobProgress(percent: $0, step: row.text("step") ?? "") }
    result = try row.json("result")
    worker = row.text("worker")
    token = row.integer("token")
    leaseUntil = row.instant("lease_until")
    leaseSeconds = row.double("lease_seconds")
    createdAt = try row.needed("created_at", row.instant("created_at"))
    notBefore = try row.needed("not_before", row.instant("not_before"))
    startedAt = row.instant("started_at")
    finishedAt = row.instant("finished_at")
    guard status != .running || (token != nil && leaseUntil != nil && leaseSeconds != nil && worker != nil && startedAt != nil) else {
      throw UnreadableJob(reason: "a running job without worker, token, start and end of its lease")
    }
  }
}
