/// A small factory whose every figure can be told by heart.
package enum RingFactory {
  /// Ten ring items of the same kind made by turning and grinding, one plate that is made otherwise, and one item never made.
  package static func make(extra: [ResultRow] = [], routings: [RoutingRow] = []) throws -> MemoryFactorySource {
    var items: [(code: String, part: String?, size: Double?)] = (0..<10).map { ("ring\($0)", "ring", 20) }
    items += [("plate", "plate", 90), ("new", "ring", 20), ("blank", nil, nil)]
    var results: [ResultRow] = []
    for ring in 0..<10 {
      for order in 0..<4 {
        let day = Double(order * 20 + ring)
        let number = "\(ring)-\(order)"
        results.append(ResultRow("ring\(ring)", number, "turn", day: day, run: 20, setup: 15, quantity: 10, resource: "lathe 1"))
        results.append(ResultRow("ring\(ring)", number, "grind", day: day + 0.5, run: 50, quantity: 10, resource: "grinder"))
      }
    }
    results.append(ResultRow("plate", "p", "mill", day: 3, run: 30, quantity: 3))
    return try FactoryBuilder.factory(items: items, results: results + extra, routings: routings)
  }
}
