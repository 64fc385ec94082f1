import Tabular

/// Draws items by popularity among those that exist on a day.
///
/// A. Walker, "An efficient method for generating discrete random variables with general distributions", 1977, tables after M. Vose.
struct ItemChoice: Sendable {
  private var accepted: [Float]
  private var alias: [Int32]
  private var created: [Float]

  /// O(items).
  init(_ items: some Collection<PlantItem>) {
    var weights: [Double] = []
    created = []
    weights.reserveCapacity(items.count)
    created.reserveCapacity(items.count)
    for item in items {
      weights.append(item.popularity)
      created.append(Float(item.created))
    }
    let mean = weights.reduce(0, +) / Double(weights.count)
    for number in weights.indices { weights[number] /= mean }
    accepted = Array(repeating: 1, count: weights.count)
    alias = (0..<Int32(weights.count)).map { $0 }
    var small = weights.indices.filter { weights[$0] < 1 }
    var large = weights.indices.filter { weights[$0] >= 1 }
    while let less = small.popLast(), let more = large.last {
      accepted[less] = Float(weights[less])
      alias[less] = Int32(more)
      weights[more] -= 1 - weights[less]
      if weights[more] < 1 {
        large.removeLast()
        small.append(more)
      }
    }
  }

  func item(on day: Double, _ random: inout SeededGenerator) -> Int {
    for _ in 0..<64 {
      let column = random.integer(below: alias.count)
      let item = Float(random.uniform()) < accepted[column] ? column : Int(alias[column])
      if Double(created[item]) <= day { return item }
    }
    return 0  // the first item is as old as the plant
  }
}
