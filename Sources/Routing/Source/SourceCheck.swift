import DataAccess
public import Tabular

/// What a source has, and what about it a person should look at.
public struct SourceCheck: Hashable, Codable, Sendable {
  /// Rows of each relation.
  public var counts: RelationCounts
  /// The first and last completion; `nil` without results.
  public var firstResult: Timestamp?
  /// The last completion.
  public var lastResult: Timestamp?
  /// What is suspicious, the gravest first; empty for a source without faults.
  public var remarks: [Remark]

  /// One suspicious thing.
  public struct Remark: Hashable, Codable, Sendable {
    /// Rows that it concerns.
    public var rows: Int
    /// What it is, and what follows.
    public var message: String
    /// One of them.
    public var example: String?
  }
}

extension SQLiteFactorySource {
  /// Looks for what the data lacks and what is suspicious in it, at `now`. A handful of statements; O(rows).
  public func check(at now: Timestamp) throws -> SourceCheck {
    let range = try database.read(
      "SELECT min(completed_at), max(completed_at) FROM work_results", as: [("first", .timestamp), ("last", .timestamp)])
    var remarks: [SourceCheck.Remark] = []
    func look(_ message: String, example: String, from: String, _ parameters: [Cell] = []) throws {
      let found = try database.read(
        "SELECT count(*), min(\(example)) FROM \(from)", parameters, as: [("rows", .integer), ("example", .text)])
      guard case .integer(let rows) = found.columns[0][0], rows > 0 else { return }
      remarks.append(SourceCheck.Remark(rows: Int(rows), message: message, example: found.columns[1].text(0)))
    }
    try look(
      "results completed in the future: check zone and format of their times", example: "result_id",
      from: "work_results WHERE completed_at > ?",
      [.timestamp(now)])
    try look(
      "results with negative minutes or quantities", example: "result_id",
      from: "work_results WHERE run_minutes < 0 OR setup_minutes < 0 OR good_quantity < 0 OR bad_quantity < 0")
    try look(
      "results of items that have no row: they are compared with no other item", example: "item_code",
      from: "work_results WHERE item_code NOT IN (SELECT item_code FROM items)")
    try look(
      "results without run minutes: they tell what was done, not how long", example: "result_id",
      from: "work_results WHERE run_minutes IS NULL")
    try look(
      "results with run minutes but no quantity: they are left out when minutes are counted per piece", example: "result_id",
      from: "work_results WHERE run_minutes IS NOT NULL AND coalesce(good_quantity, 0) + coalesce(bad_quantity, 0) <= 0")
    try look(
      "results without an order: each counts as an order of its own", example: "result_id", from: "work_results WHERE order_no IS NULL")
    try look(
      "items without results: they are predicted from items like them", example: "item_code",
      from: "items WHERE item_code NOT IN (SELECT item_code FROM work_results)")
    try look(
      "items without a standard routing: outsourcing that was replaced cannot be told", example: "item_code",
      from: "items WHERE item_code NOT IN (SELECT item_code FROM routing_operations)")
    return SourceCheck(
      counts: try counts(until: nil), firstResult: range.columns[0].timestamp(0), lastResult: range.columns[1].timestamp(0),
      remarks: remarks)
  }
}
