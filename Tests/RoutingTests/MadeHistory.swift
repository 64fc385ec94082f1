import Foundation
import Routing
import Tabular

/// A history of orders of three operations each, made for these tests.
struct MadeHistory {
  struct Result {
    var id, order, item, job, resource: String
    var sequence: Int64
    var completedAt: Int64
    var setup, run, quantity: Double
  }

  var results: [Result] = []
  let itemCount = 12

  init(orders: Int = 80, seed: UInt64 = 3) {
    var random = SeededGenerator(seed: seed)
    var start: Int64 = 1_700_000_000
    for order in 0..<orders {
      start += Int64(20_000 + random.integer(below: 90_000))
      let item = random.integer(below: itemCount)
      var clock = start
      for (position, job) in ["CUT", "MILL", "PACK"].enumerated() {
        let unit = [2.0, 6, 1][position] * (1 + Double(item / 4)) * (0.8 + 0.4 * random.uniform())
        let quantity = Double(5 + random.integer(below: 40))
        let run = unit * quantity
        clock += Int64(3600 + 60 * (run + 10))
        results.append(
          Result(
            id: "R\(order)-\(position)", order: "W\(order)", item: "I\(item)", job: job, resource: "\(job)-\(random.integer(below: 2))",
            sequence: Int64(position + 1) * 10, completedAt: clock, setup: 10, run: run, quantity: quantity))
      }
    }
  }

  /// Items of three designs, four variants each.
  var items: Frame {
    get throws {
      try Frame([
        ("item_code", Column((0..<itemCount).map { "I\($0)" })), ("design", Column((0..<itemCount).map { "D\($0 / 4)" })),
        ("note", Column((0..<itemCount).map { $0 % 2 == 0 ? "-" : "x" })), ("size", Column((0..<itemCount).map { Double($0 / 4) * 10 })),
      ])
    }
  }

  var frame: Frame {
    get throws {
      try Frame([
        ("result_id", Column(results.map(\.id))), ("order_no", Column(results.map(\.order))), ("item_code", Column(results.map(\.item))),
        ("op_seq", Column(results.map(\.sequence))), ("job_code", Column(results.map(\.job))),
        ("resource_code", Column(results.map(\.resource))), ("in_house", Column(results.map { _ in true })),
        ("completed_at", Column(results.map { Timestamp(microseconds: $0.completedAt * 1_000_000) })),
        ("setup_minutes", Column(results.map(\.setup))), ("run_minutes", Column(results.map(\.run))),
        ("wait_minutes", Column(results.map { _ in 0.0 })), ("good_quantity", Column(results.map(\.quantity))),
        ("bad_quantity", Column(results.map { _ in 0.0 })),
      ])
    }
  }

  func rows() throws -> MinutesRows { try MinutesRows(items: items, results: frame, basis: .unit) }
}
