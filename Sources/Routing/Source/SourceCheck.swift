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
  /// Looks for what the data lacks and what is suspicious in it, at `now`. Some statements over each relation; O(rows).
  public func check(at now: Timestamp) throws -> SourceCheck {
    let range = try database.read(
      "SELECT min(completed_at), max(completed_at) FROM work_results", as: [("first", .timestamp), ("last", .timestamp)])
    let remarks = try unreadable() + times(now) + keys() + minutes() + gaps() + features() + indexes()
    return SourceCheck(
      counts: try counts(until: nil), firstResult: range.columns[0].timestamp(0), lastResult: range.columns[1].timestamp(0),
      remarks: remarks)
  }

  /// The remark on the rows of `from`, one of them as `example`; none where there are no such rows.
  private func look(_ message: String, example: String, from: String, _ parameters: [Cell] = []) throws -> [SourceCheck.Remark] {
    let found = try database.read(
      "SELECT count(*), min(\(example)) FROM \(from)", parameters, as: [("rows", .integer), ("example", .text)])
    guard case .integer(let rows) = found.columns[0][0], rows > 0 else { return [] }
    return [SourceCheck.Remark(rows: Int(rows), message: message, example: found.columns[1].text(0))]
  }

  /// Cells that a reading would fail at, and relations without rows.
  private func unreadable() throws -> [SourceCheck.Remark] {
    var remarks: [SourceCheck.Remark] = []
    for relation in [FactorySchema.items, FactorySchema.routingOperations, FactorySchema.workResults] {
      var columns = relation.columns.map { (name: $0.name, type: $0.type) }
      if relation == FactorySchema.items { columns += try featureColumns().map { (name: $0.name, type: $0.type) } }
      for column in columns {
        let name = quoted(column.name)
        let wrong: String
        switch column.type {
        case .double, .integer: wrong = "typeof(\(name)) IN ('text', 'blob')"
        case .bool: wrong = "\(name) IS NOT NULL AND \(name) NOT IN (0, 1)"
        case .text, .timestamp: continue
        }
        let kind = column.type == .bool ? "neither 0 nor 1" : "no number"
        remarks += try look(
          "rows of \(relation.name) have something in '\(column.name)' that is \(kind): reading them fails", example: relation.key[0],
          from: "\(relation.name) WHERE \(wrong)")
      }
      let rows = try database.read("SELECT EXISTS (SELECT 1 FROM \(relation.name))", as: [("rows", .integer)]).columns[0].number(0)
      guard rows == 0 else { continue }
      let lack =
        switch relation {
        case FactorySchema.items: "no items: nothing can be predicted before some are imported"
        case FactorySchema.workResults: "no work results: nothing can be learnt or judged before some are imported"
        default: "no standard routings: outsourcing that was replaced cannot be told, and an item without evidence has no routing"
        }
      remarks.append(SourceCheck.Remark(rows: 0, message: lack, example: nil))
    }
    return remarks
  }

  private func times(_ now: Timestamp) throws -> [SourceCheck.Remark] {
    try look(
      "results completed in the future: check zone and format of their times", example: "result_id",
      from: "work_results WHERE completed_at > ?", [.timestamp(now)])
      + look(
        "results completed before 1990: check the format of their times", example: "result_id", from: "work_results WHERE completed_at < ?",
        [.timestamp(Timestamp(microseconds: 631_152_000_000_000))])
      + look(
        "items made or changed in the future: check zone and format of their times", example: "item_code",
        from: "items WHERE created_at > ?1 OR updated_at > ?1", [.timestamp(now)])
      + look(
        "operations of standard routings that end before they begin to be valid: they never are", example: "item_code",
        from: "routing_operations WHERE valid_to < valid_from")
  }

  private func keys() throws -> [SourceCheck.Remark] {
    try [FactorySchema.items, FactorySchema.routingOperations, FactorySchema.workResults].flatMap { relation in
      let key = relation.key.map(quoted).joined(separator: ", ")
      return try look(
        "keys of \(relation.name) (\(relation.key.joined(separator: ", "))) that several rows have: each row counts", example: "key",
        from: "(SELECT min(\(quoted(relation.key[0]))) AS key FROM \(relation.name) GROUP BY \(key) HAVING count(*) > 1)")
    }
      + [(FactorySchema.items, "item_code"), (FactorySchema.routingOperations, "job_code"), (FactorySchema.workResults, "job_code")].flatMap
    {
      try look(
        "rows of \($0.name) with nothing in '\($1)' but blanks: they are taken for one of that name", example: $0.key[0],
        from: "\($0.name) WHERE trim(\($1)) = ''")
    }
      + look(
        "operations of standard routings of items that have no row", example: "item_code",
        from: "routing_operations WHERE item_code NOT IN (SELECT item_code FROM items)")
      + look(
        "results that repeat another in all but their id: minutes and pieces count twice", example: "result_id",
        from: """
          (SELECT max(result_id) AS result_id FROM work_results
           GROUP BY order_no, item_code, op_seq, job_code, resource_code, completed_at, setup_minutes, run_minutes, good_quantity, bad_quantity
           HAVING count(*) > 1)
          """)
      + look(
        "results of items that have no row, but one that differs in case or blanks alone: codes are compared exactly", example: "item_code",
        from: """
          work_results WHERE item_code NOT IN (SELECT item_code FROM items)
            AND lower(trim(item_code)) IN (SELECT lower(trim(item_code)) FROM items)
          """)
      + look(
        "results of items that have no row: they are compared with no other item", example: "item_code",
        from: """
          work_results WHERE item_code NOT IN (SELECT item_code FROM items)
            AND lower(trim(item_code)) NOT IN (SELECT lower(trim(item_code)) FROM items)
          """)
  }

  private func minutes() throws -> [SourceCheck.Remark] {
    try look(
      "results with negative minutes or quantities", example: "result_id",
      from: "work_results WHERE run_minutes < 0 OR setup_minutes < 0 OR wait_minutes < 0 OR good_quantity < 0 OR bad_quantity < 0")
      + look(
        "operations of standard routings with negative minutes, or for no piece at all", example: "item_code",
        from: "routing_operations WHERE run_minutes < 0 OR setup_minutes < 0 OR quantity_basis <= 0")
      + look(
        "results of more than a million minutes, two years, or a milliard pieces: was something else entered there?", example: "result_id",
        from: """
          work_results WHERE run_minutes + 0 > 1e6 OR setup_minutes + 0 > 1e6 OR wait_minutes + 0 > 1e8 OR good_quantity + 0 > 1e9
            OR bad_quantity + 0 > 1e9
          """)
      + magnitudes()
      + look(
        "results without run minutes: they tell what was done, not how long", example: "result_id",
        from: "work_results WHERE run_minutes IS NULL")
      + look(
        "results with run minutes but no quantity: they are left out when minutes are counted per piece", example: "result_id",
        from: "work_results WHERE run_minutes IS NOT NULL AND coalesce(good_quantity, 0) + coalesce(bad_quantity, 0) <= 0")
  }

  private func gaps() throws -> [SourceCheck.Remark] {
    try look(
      "results without an order: each counts as an order of its own", example: "result_id", from: "work_results WHERE order_no IS NULL")
      + look(
        "items without results: they are predicted from items like them", example: "item_code",
        from: "items WHERE item_code NOT IN (SELECT item_code FROM work_results)")
      + look(
        "items without a standard routing: outsourcing that was replaced cannot be told", example: "item_code",
        from: "items WHERE item_code NOT IN (SELECT item_code FROM routing_operations)")
  }

  /// Whether results and plans are some 60 or 3,600 times apart, in all or in one operation: a unit was read as another.
  private func magnitudes() throws -> [SourceCheck.Remark] {
    // Rows spread evenly over the table: a hundred thousand tell as much as all.
    let count = try database.read("SELECT count(*) FROM work_results", as: [("rows", .integer)]).columns[0].number(0) ?? 0
    let frame = try database.read(
      """
      SELECT r.job_code,
        r.run_minutes / (coalesce(r.good_quantity, 0) + coalesce(r.bad_quantity, 0)) / (o.run_minutes / coalesce(o.quantity_basis, 1))
      FROM work_results r JOIN routing_operations o ON o.item_code = r.item_code AND o.job_code = r.job_code
      WHERE r.run_minutes > 0 AND coalesce(r.good_quantity, 0) + coalesce(r.bad_quantity, 0) > 0 AND o.run_minutes > 0
        AND r.rowid % ?1 = 0
      """, [.integer(max(1, Int64(count) / 100_000))], as: [("job", .text), ("ratio", .double)])
    func remark(_ rows: Int, _ median: Double, job: String?) -> SourceCheck.Remark? {
      let units = [(60.0, "minutes for hours, or seconds for minutes"), (3600, "seconds for hours")]
      for (factor, mistake) in units {
        for (ratio, words) in [(median / factor, "more"), (1 / median / factor, "less")] where rows >= 20 && (0.5...2).contains(ratio) {
          return SourceCheck.Remark(
            rows: rows,
            message: "comparisons of results with standard routings find some \(Int(factor)) times \(words) minutes than planned: was a "
              + "unit taken for another (\(mistake))?", example: job)
        }
      }
      return nil
    }
    guard let median = try frame.column("ratio").quantile(0.5) else { return [] }
    if let whole = remark(frame.rowCount, median, job: nil) { return [whole] }
    let jobs = try frame.grouped(by: ["job"]).aggregating([
      Aggregation(.count, as: "rows"), Aggregation(.quantile(0.5), of: "ratio", as: "median"),
    ])
    return try (0..<jobs.rowCount).compactMap { row in
      guard let rows = try jobs.column("rows").number(row), let median = try jobs.column("median").number(row) else { return nil }
      return remark(Int(rows), median, job: try jobs.column("job").text(row))
    }
  }

  /// Texts that look as if they stood for no value, and are none of those that count as missing.
  private static let suspicious = [
    "---", "?", "??", ".", "..", "na", "n.a", "n.a.", "#n/a", "none", "nil", "(none)", "(null)", "tbd", "xxx", "unknown", "없음", "(없음)",
    "미정",
  ]

  /// Feature columns with texts that look like placeholders, and those without any value.
  private func features() throws -> [SourceCheck.Remark] {
    let listed = Self.suspicious.map { "'\($0)'" }.joined(separator: ", ")
    return try featureColumns().flatMap { column -> [SourceCheck.Remark] in
      let name = quoted(column.name)
      let empty = try look(
        "items, all of them, have no value in '\(column.name)': it tells nothing", example: "item_code",
        from: "items WHERE NOT EXISTS (SELECT 1 FROM items WHERE \(name) IS NOT NULL)")
      guard column.type == .text, empty.isEmpty else { return empty }
      return try look(
        "items have something in '\(column.name)' that looks like no value, but counts as one: list it under import.missing", example: name,
        from: "items WHERE lower(trim(\(name))) IN (\(listed))")
    }
  }

  /// Indexes that readings go through; without them a cycle reads the whole relation.
  private func indexes() throws -> [SourceCheck.Remark] {
    let wanted = [
      ("items", ["item_code"]), ("routing_operations", ["item_code"]), ("work_results", ["item_code", "completed_at"]),
      ("work_results", ["completed_at"]), ("work_results", ["order_no"]),
    ]
    return try wanted.compactMap { table, columns in
      let frame = try database.read(
        """
        SELECT group_concat(name, ' ') FROM (
          SELECT l.name AS list, i.seqno, i.name FROM pragma_index_list(?1) l, pragma_index_info(l.name) i ORDER BY l.name, i.seqno)
        GROUP BY list
        """, [.text(table)], as: [("columns", .text)])
      let known = (0..<frame.rowCount).compactMap { frame.columns[0].text($0) }
      let start = columns.joined(separator: " ")
      if known.contains(where: { $0 == start || $0.hasPrefix(start + " ") }) { return nil }
      let rows = try database.read("SELECT count(*) FROM \(table)", as: [("rows", .integer)]).columns[0].number(0) ?? 0
      return SourceCheck.Remark(
        rows: Int(rows),
        message: "rows of \(table) are read without an index; make one: CREATE INDEX \(table)_by_\(columns[0]) ON \(table) "
          + "(\(columns.joined(separator: ", ")));", example: nil)
    }
  }
}
