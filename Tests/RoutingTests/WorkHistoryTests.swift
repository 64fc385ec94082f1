import Routing
import Tabular
import TestSupport
import Testing

@Suite("Work history")
struct WorkHistoryTests {
  @Test("collapses consecutive repeats: minutes added, quantity not counted twice")
  func collapses() throws {
    let history = try WorkHistory(
      FactoryBuilder.results([
        ResultRow("A", "1", "turn", day: 1, run: 10, setup: 5, quantity: 4),
        ResultRow("A", "1", "turn", day: 2, run: 20, quantity: 6), ResultRow("A", "1", "grind", day: 3, run: 7, quantity: 10),
        ResultRow("A", "1", "turn", day: 4, run: 1, setup: 2),
      ]))
    #expect(history.orders.count == 1)
    let operations = history.operations
    #expect(operations.map { history.jobs[$0.job] } == ["turn", "grind", "turn"])
    #expect(operations.map(\.occurrence) == [0, 0, 1])
    #expect(operations[0].runMinutes == 30 && operations[0].setupMinutes == 5 && operations[0].quantity == 6)
    #expect(operations[0].runMinutes(per: .unit) == 5)
    #expect(operations[2].quantity.isNaN && operations[2].runMinutes(per: .unit).isNaN && operations[2].runMinutes(per: .order) == 1)
  }

  @Test("orders operations by completion whatever the order of rows", arguments: 0..<20 as Range<UInt64>)
  func anyOrder(seed: UInt64) throws {
    var rows: [ResultRow] = []
    for item in ["b", "a"] {
      for order in 1...3 {
        for (step, job) in ["turn", "grind", "wash"].enumerated() {
          rows.append(ResultRow(item, "\(order)", job, day: Double(order * 10 + step), run: Double(step), quantity: 1))
        }
      }
    }
    var generator = SeededGenerator(seed: seed)
    let frame = try FactoryBuilder.results(rows)
    let shuffled = try WorkHistory(frame.gathering(Array(0..<rows.count).shuffled(using: &generator)))
    #expect(shuffled.items == ["a", "b"])
    #expect(shuffled.ordersOfItem == [0..<3, 3..<6])
    for order in shuffled.orders { #expect(shuffled.jobs(of: order).map { shuffled.jobs[$0] } == ["turn", "grind", "wash"]) }
    #expect(
      shuffled.orders.map(\.completedAt)
        == shuffled.orders.map(\.completedAt).sorted().enumerated().map { index, _ in
          FactoryBuilder.instant(Double((index % 3 + 1) * 10 + 2)).microseconds
        })
  }

  @Test("takes results without an order as orders of their own")
  func withoutOrder() throws {
    var frame = try FactoryBuilder.results([
      ResultRow("A", "", "turn", day: 1, run: 1), ResultRow("A", "", "turn", day: 2, run: 2), ResultRow("A", "", "wash", day: 3, run: 3),
    ])
    try frame.set("order_no", Column([nil, nil, nil]))
    #expect(try WorkHistory(frame).orders.count == 3)
  }

  @Test("is empty without results")
  func empty() throws {
    let history = try WorkHistory(FactoryBuilder.results([]))
    #expect(history.items.isEmpty && history.orders.isEmpty && history.operations.isEmpty)
  }
}
