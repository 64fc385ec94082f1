package import Routing
import Synchronization
package import Tabular

/// A factory in memory: frames with the columns of the relations, filtered by plain loops. Slow, simple, and counts its readings.
package final class MemoryFactorySource: FactorySource {
  /// The three relations.
  package let itemFrame, routingFrame, resultFrame: Frame
  private let readings = Mutex(0)

  /// Makes a factory of these rows.
  package init(items: Frame, routings: Frame, results: Frame) {
    itemFrame = items
    routingFrame = routings
    resultFrame = results
  }

  package let name = "the factory in memory"
  /// How often the source was read.
  package var readingCount: Int { readings.withLock { $0 } }

  package func featureColumns() throws -> [FeatureColumn] {
    zip(itemFrame.names, itemFrame.columns).filter { !["item_code", "created_at", "updated_at"].contains($0.0) }
      .map { FeatureColumn(name: $0, type: $1.type) }
  }

  package func itemCodes(withResultsIn window: Window?) throws -> [String] {
    guard let window else { return try codes(itemFrame) }
    return try codes(rows(resultFrame, nil) { window.contains($0) })
  }

  package func items(_ codes: [String]?, columns: [String]?) throws -> Frame {
    let frame = try sorted(rows(itemFrame, codes), by: ["item_code"])
    return try columns.map { try frame.selecting(["item_code"] + $0) } ?? frame
  }

  package func routings(of codes: [String]?, validAt instant: Timestamp?) throws -> Frame {
    let frame = try rows(routingFrame, codes)
    let (from, to) = (try frame.column("valid_from"), try frame.column("valid_to"))
    let kept = (0..<frame.rowCount).filter { row in
      guard let instant else { return true }
      return from.timestamp(row).map { $0 <= instant } ?? true && to.timestamp(row).map { $0 > instant } ?? true
    }
    return try sorted(frame.gathering(kept), by: ["item_code", "routing_no"])
  }

  package func results(of codes: [String]?, since: Timestamp?, until: Timestamp) throws -> Frame {
    try sorted(rows(resultFrame, codes) { $0 <= until && $0 > since ?? .distantPast }, by: ["item_code", "result_id"])
  }

  package func resultsOfOrders(of codes: [String], in window: Window) throws -> Frame {
    let inside = try rows(resultFrame, codes) { window.contains($0) }
    let keys = { (frame: Frame, row: Int) in [frame["item_code"]?.text(row), frame["order_no"]?.text(row)] }
    let orders = Set((0..<inside.rowCount).map { keys(inside, $0) })
    let all = try rows(resultFrame, codes) { $0 <= window.until }
    return try sorted(all.gathering((0..<all.rowCount).filter { orders.contains(keys(all, $0)) }), by: ["item_code", "result_id"])
  }

  package func lastResults(of codes: [String], until: Timestamp) throws -> Frame {
    let frame = try results(of: codes, since: nil, until: until)
    var latest: [String: Timestamp] = [:]
    for row in 0..<frame.rowCount {
      if let item = frame["item_code"]?.text(row), let at = frame["completed_at"]?.timestamp(row) {
        latest[item] = max(latest[item] ?? at, at)
      }
    }
    let order = latest.sorted { $0.key < $1.key }
    return try Frame([("item_code", Column(order.map(\.key))), ("completed_at", Column(order.map(\.value)))])
  }

  package func shareWithQuantity(until: Timestamp) throws -> Double {
    let frame = try results(of: nil, since: nil, until: until)
    let counted = (0..<frame.rowCount).count { row in
      (frame["good_quantity"]?.number(row) ?? 0) + (frame["bad_quantity"]?.number(row) ?? 0) > 0
    }
    return frame.rowCount == 0 ? 0 : Double(counted) / Double(frame.rowCount)
  }

  package func counts(until: Timestamp?) throws -> RelationCounts {
    let results = try until.map { until in try rows(resultFrame, nil) { $0 <= until }.rowCount } ?? resultFrame.rowCount
    return RelationCounts(items: itemFrame.rowCount, routings: routingFrame.rowCount, results: results)
  }

  private func rows(_ frame: Frame, _ codes: [String]?, _ isIn: (Timestamp) -> Bool = { _ in true }) throws -> Frame {
    readings.withLock { $0 += 1 }
    let wanted = codes.map(Set.init)
    let items = try frame.column("item_code")
    let times = frame["completed_at"]
    return frame.gathering(
      (0..<frame.rowCount).filter { row in
        wanted.map { $0.contains(items.text(row) ?? "") } ?? true && (times?.timestamp(row)).map(isIn) ?? true
      })
  }

  private func codes(_ frame: Frame) throws -> [String] { Set(try frame.column("item_code").texts?.compactMap { $0 } ?? []).sorted() }

  private func sorted(_ frame: Frame, by names: [String]) throws -> Frame {
    let keys = try names.map { try frame.column($0) }
    let order = (0..<frame.rowCount).sorted { left, right in
      for key in keys {
        let (first, second) = (key.text(left) ?? "", key.text(right) ?? "")
        if first != second { return first < second }
      }
      return left < right
    }
    return frame.gathering(order)
  }
}

/// One work result as a test writes it.
package struct ResultRow: Sendable {
  var item, order, job: String
  var day: Double
  var run: Double?
  var setup: Double?
  var quantity: Double?
  var resource: String?
  var inHouse: Bool?

  /// Makes a result completed `day` days after ``FactoryBuilder/start``.
  package init(
    _ item: String, _ order: String, _ job: String, day: Double, run: Double?, setup: Double? = nil, quantity: Double? = nil,
    resource: String? = nil, inHouse: Bool? = true
  ) {
    self.item = item
    self.order = order
    self.job = job
    self.day = day
    self.run = run
    self.setup = setup
    self.quantity = quantity
    self.resource = resource
    self.inHouse = inHouse
  }
}

/// One operation of a standard routing as a test writes it.
package struct RoutingRow: Sendable {
  var item, job: String
  var sequence: Int64
  var run: Double?
  var inHouse: Bool?
  var quantityBasis: Double?

  /// Makes an operation of routing `1`.
  package init(_ item: String, _ sequence: Int64, _ job: String, run: Double?, inHouse: Bool? = true, quantityBasis: Double? = 1) {
    self.item = item
    self.job = job
    self.sequence = sequence
    self.run = run
    self.inHouse = inHouse
    self.quantityBasis = quantityBasis
  }
}

/// Puts small factories together.
package enum FactoryBuilder {
  /// Day 0.
  package static let start = Timestamp(microseconds: 1_700_000_000_000_000)

  /// The instant `day` days after ``start``.
  package static func instant(_ day: Double) -> Timestamp { start.advanced(bySeconds: day * 86_400) }

  /// A factory of `items` (code, part type, size), `results` and `routings`.
  package static func factory(
    items: [(code: String, part: String?, size: Double?)], results: [ResultRow], routings: [RoutingRow] = []
  ) throws -> MemoryFactorySource {
    try MemoryFactorySource(
      items: Frame([
        ("item_code", Column(items.map(\.code))), ("part_type", Column(items.map(\.part))),
        ("size", Column(items.map { $0.size.map(Cell.double) ?? .missing }, as: .double)),
        ("created_at", Column(items.map { _ in start })), ("updated_at", Column(items.map { _ in start })),
      ]), routings: self.routings(routings), results: self.results(results))
  }

  /// The work_results relation of `rows`, numbered in order.
  package static func results(_ rows: [ResultRow]) throws -> Frame {
    let number = { (value: Double?) in value.map(Cell.double) ?? .missing }
    return try Frame([
      ("result_id", Column(rows.indices.map(resultNumber))), ("order_no", Column(rows.map(\.order))),
      ("item_code", Column(rows.map(\.item))), ("op_seq", Column(rows.map { _ in .missing }, as: .integer)),
      ("job_code", Column(rows.map(\.job))), ("resource_code", Column(rows.map(\.resource))),
      ("in_house", Column(rows.map { $0.inHouse.map(Cell.bool) ?? .missing }, as: .bool)),
      ("completed_at", Column(rows.map { instant($0.day) })), ("setup_minutes", Column(rows.map { number($0.setup) }, as: .double)),
      ("run_minutes", Column(rows.map { number($0.run) }, as: .double)), ("wait_minutes", Column(rows.map { _ in .missing }, as: .double)),
      ("good_quantity", Column(rows.map { number($0.quantity) }, as: .double)),
      ("bad_quantity", Column(rows.map { _ in .missing }, as: .double)),
    ])
  }

  private static func routings(_ rows: [RoutingRow]) throws -> Frame {
    let missing = { (type: ColumnType) in try Column(rows.map { _ in .missing }, as: type) }
    return try Frame([
      ("item_code", Column(rows.map(\.item))), ("routing_no", Column(rows.map { _ in "1" })), ("op_seq", Column(rows.map(\.sequence))),
      ("job_code", Column(rows.map(\.job))), ("job_name", try missing(.text)), ("resource_code", try missing(.text)),
      ("in_house", Column(rows.map { $0.inHouse.map(Cell.bool) ?? .missing }, as: .bool)), ("setup_minutes", try missing(.double)),
      ("run_minutes", Column(rows.map { $0.run.map(Cell.double) ?? .missing }, as: .double)), ("wait_minutes", try missing(.double)),
      ("move_minutes", try missing(.double)),
      ("quantity_basis", Column(rows.map { $0.quantityBasis.map(Cell.double) ?? .missing }, as: .double)),
      ("valid_from", try missing(.timestamp)), ("valid_to", try missing(.timestamp)),
    ])
  }
}

/// A result's number with leading zeros, so that bytes and numbers sort alike.
private func resultNumber(_ index: Int) -> String { "R" + String(repeating: "0", count: max(0, 6 - String(index).count)) + String(index) }
