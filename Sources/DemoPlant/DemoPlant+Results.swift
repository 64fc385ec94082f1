public import Tabular

extension DemoPlant {
  /// Calls `body` with the work_results relation, `size` rows at a time, in order of completion; results of one second go by order and
  /// operation. Same seed, same bytes, whatever the size of blocks.
  ///
  /// Orders are released one after the other and wait in queues between their operations; only those under way are kept.
  /// O(results · log orders under way).
  public func forEachResultBlock(size: Int = 50_000, _ body: (Frame) throws -> Void) rethrows {
    precondition(size > 0, "blocks of \(size) rows")
    var orders = OrderStream(self)
    var waiting = ResultHeap()
    var rows = ResultRows(self)
    while let order = orders.next() {
      // An operation ends after its order's release, so all that ended by this release is final.
      while let first = waiting.first, first.endedAt <= order.releasedAt {
        rows.append(waiting.removeFirst())
        if rows.count >= size { try body(rows.take()) }
      }
      for result in order.results where result.endedAt < orders.end { waiting.insert(result) }
    }
    while waiting.first != nil {
      rows.append(waiting.removeFirst())
      if rows.count >= size { try body(rows.take()) }
    }
    if rows.count > 0 { try body(rows.take()) }
  }

  /// Calls `body` with every result in order of release; spoilt ones as they were before they were spoilt.
  func forEachResult(_ body: (PlantResult) -> Void) {
    var orders = OrderStream(self)
    while let order = orders.next() { for result in order.results where result.endedAt < orders.end { body(result) } }
  }

  /// The whole work_results relation; for plants that fit into memory.
  public func results() throws(FrameError) -> Frame {
    var blocks: [Frame] = []
    forEachResultBlock { blocks.append($0) }
    return blocks.isEmpty ? ResultRows(self).frame() : try Frame.concatenating(blocks)
  }

  var effects: [PlantMinutes.Effect] {
    events.map { event in
      PlantMinutes.Effect(
        kind: event.kind, day: calendar.days(until: event.at),
        jobs: Set(PlantJob.all.indices.filter { event.jobs.contains(PlantJob.all[$0].code) }), materials: Set(event.materials),
        factor: event.factor)
    }
  }
}

/// One result before it is written out.
struct PlantResult: Sendable {
  var order: Int
  var operation: Int
  var item: Int
  var job: Int
  /// The machine, or −1 for the new one.
  var machine: Int
  var inHouse: Bool
  /// Working minutes from the plant's first day.
  var endedAt: Double
  var setup, run, wait: Double
  /// The median of the run minutes a piece, given all that could be known before: everything but noise and gross errors.
  var median: Double
  var good, bad: Int

  /// Whether it comes before `other` in the relation.
  func precedes(_ other: PlantResult) -> Bool { (endedAt, order, operation) < (other.endedAt, other.order, other.operation) }
}

/// Orders in the order of their release, each with its results.
private struct OrderStream {
  struct Order {
    var releasedAt: Double
    var results: [PlantResult]
  }

  let plant: DemoPlant
  let minutes: PlantMinutes
  /// The last working minute.
  let end: Double
  private let choice: ItemChoice
  private var count = 0
  private var number = 0

  init(_ plant: DemoPlant) {
    self.plant = plant
    minutes = PlantMinutes(plant.draw, plant.effects)
    end = plant.calendar.minutes(until: plant.endsAt)
    choice = ItemChoice(plant)
    count = orderCount()
  }

  mutating func next() -> Order? {
    guard number < count else { return nil }
    defer { number += 1 }
    return order(number, of: count)
  }

  /// How many orders give the results asked for: from the mean results by the end of some made on trial.
  private func orderCount() -> Int {
    let trials = 3000
    let finished = (0..<trials).reduce(0) { sum, trial in sum + order(trial, of: trials).results.count { $0.endedAt < end } }
    return max(1, Int((Double(plant.resultCount) * Double(trials) / Double(max(1, finished))).rounded()))
  }

  /// Order `number` of `count`: what it is depends on its number, when it is released on its part of all.
  private func order(_ number: Int, of count: Int) -> Order {
    var random = plant.draw.generator(.order, number)
    // Business grows by a tenth over the plant's time: the cumulative share of orders is (x + x²/10) ÷ 1.1.
    let share = (Double(number) + random.uniform()) / Double(count)
    let released = end * ((1 + 0.44 * share).squareRoot() - 1) * 5
    let day = plant.calendar.days(until: plant.calendar.instant(released))
    let item = plant.item(choice.item(on: day, &random))
    let family = plant.families[item.family]
    let isAlternative = random.uniform() < family.alternativeShare
    let planned = isAlternative ? family.alternativeJobs ?? family.jobs : family.jobs
    let jobs = minutes.changed(plant.itemJobs(item, planned), family, day: day)
    let quantity = min(200, max(1, Int((family.quantity * random.factor(0.6)).rounded())))
    let orderNoise = PlantMinutes.orderFactor(&random)

    var results: [PlantResult] = []
    results.reserveCapacity(jobs.count)
    var (clock, pieces) = (released, quantity)
    for (position, job) in jobs.enumerated() {
      let result = step(
        job, at: position, of: number, item, family, pieces: pieces, clock: clock, noise: orderNoise, &random)
      clock = result.endedAt
      pieces = result.good
      results.append(result)
    }
    return Order(releasedAt: released, results: results)
  }

  private func step(
    _ job: Int, at position: Int, of order: Int, _ item: PlantItem, _ family: PlantFamily, pieces: Int, clock: Double, noise: Double,
    _ random: inout SeededGenerator
  ) -> PlantResult {
    let work = PlantJob.all[job]
    let day = plant.calendar.days(until: plant.calendar.instant(clock))
    let isOutsourced = minutes.isOutsourced(job, family, day: day)
    let usual = minutes.usualMachine(family, job)
    let other = random.integer(below: work.resources.count)
    let machine = minutes.hasNewMachine(job, family.material, day: day) ? -1 : random.uniform() < 0.8 ? usual : other
    // A contractor's truck takes days; in the plant an order waits for its turn.
    let wait = isOutsourced ? PlantCalendar.minutesPerDay * (2 + 3 * random.uniform()) : 20 + random.waiting(mean: 420)
    let setup = isOutsourced ? 0 : minutes.setupMinutes(family, job) * random.factor(0.15)
    let chance = noise * PlantMinutes.noiseFactor(work, &random)
    var median = minutes.unitMinutes(item, family, job)
    median *= PlantMinutes.batchFactor(pieces) * PlantMinutes.practiceFactor(age: day - max(item.created, family.introduced))
    median *= minutes.eventFactor(job, family.material, day: day)
    if !isOutsourced { median *= minutes.machineFactor(job, machine) }
    let run = max(0.01, (median * chance * Double(pieces) * 100).rounded() / 100)
    let isScrapping = random.uniform() < 0.06
    let bad = isScrapping ? min(pieces - 1, 1 + random.integer(below: max(1, pieces / 12))) : 0
    let rounded = min(60, max(isOutsourced ? 0 : 10, (setup * 10).rounded() / 10))
    return PlantResult(
      order: order, operation: position, item: item.number, job: job, machine: machine, inHouse: !isOutsourced,
      endedAt: clock + wait + rounded + run, setup: rounded, run: run, wait: (wait * 10).rounded() / 10, median: median, good: pieces - bad,
      bad: bad)
  }
}

/// Draws items by popularity among those that exist on a day.
///
/// A. Walker, "An efficient method for generating discrete random variables with general distributions", 1977, tables after M. Vose.
private struct ItemChoice {
  private var accepted: [Float]
  private var alias: [Int32]
  private var created: [Float]

  init(_ plant: DemoPlant) {
    let items = (0..<plant.itemCount).map { number in
      let item = plant.item(number)
      return (popularity: item.popularity, created: Float(item.created))
    }
    created = items.map(\.created)
    let mean = items.reduce(0) { $0 + $1.popularity } / Double(items.count)
    var weights = items.map { $0.popularity / mean }
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

/// Results that have not ended yet, the earliest first: a binary heap.
private struct ResultHeap {
  private var results: [PlantResult] = []

  var first: PlantResult? { results.first }

  mutating func insert(_ result: PlantResult) {
    results.append(result)
    var position = results.count - 1
    while position > 0, results[position].precedes(results[(position - 1) / 2]) {
      results.swapAt(position, (position - 1) / 2)
      position = (position - 1) / 2
    }
  }

  mutating func removeFirst() -> PlantResult {
    results.swapAt(0, results.count - 1)
    let first = results.removeLast()
    var position = 0
    while 2 * position + 1 < results.count {
      var child = 2 * position + 1
      if child + 1 < results.count, results[child + 1].precedes(results[child]) { child += 1 }
      guard results[child].precedes(results[position]) else { break }
      results.swapAt(child, position)
      position = child
    }
    return first
  }
}

/// Collects rows of the work_results relation.
private struct ResultRows {
  private let plant: DemoPlant
  private(set) var count = 0
  private var written = 0
  private var id = ColumnBuilder(.text), order = ColumnBuilder(.text), item = ColumnBuilder(.text), sequence = ColumnBuilder(.integer)
  private var job = ColumnBuilder(.text), resource = ColumnBuilder(.text), inHouse = ColumnBuilder(.bool)
  private var completed = ColumnBuilder(.timestamp), setup = ColumnBuilder(.double), run = ColumnBuilder(.double)
  private var wait = ColumnBuilder(.double), good = ColumnBuilder(.double), bad = ColumnBuilder(.double)

  init(_ plant: DemoPlant) { self.plant = plant }

  mutating func append(_ result: PlantResult) {
    let number = written
    written += 1
    let dirt = plant.dirtyShare > 0 ? plant.draw.uniform(.dirt, number) / plant.dirtyShare * 3 : 3
    write(result, number, run: dirt < 1 ? -result.run : result.run, itemEnding: 1..<2 ~= dirt ? "-OLD" : "")
    if 2..<3 ~= dirt { write(result, number, idEnding: "-2", run: result.run) }
  }

  private mutating func write(
    _ result: PlantResult, _ number: Int, idEnding: String = "", run minutes: Double, itemEnding: String = ""
  ) {
    let work = PlantJob.all[result.job]
    let made = plant.item(result.item)
    count += 1
    id.append("R" + Self.padded(number, 9) + idEnding)
    order.append("W" + Self.padded(result.order, 8))
    item.append(made.code(plant.families[made.family]) + itemEnding)
    sequence.append(Int64(result.operation + 1) * 10)
    job.append(work.code)
    resource.append(result.machine < 0 ? "\(work.resources.prefix)-NEW" : work.resourceCode(result.machine, inHouse: result.inHouse))
    inHouse.append(result.inHouse)
    completed.append(plant.calendar.instant(result.endedAt))
    setup.append(result.setup)
    run.append(minutes)
    wait.append(result.wait)
    good.append(Double(result.good))
    bad.append(Double(result.bad))
  }

  func frame() -> Frame {
    DemoPlant.frame([
      ("result_id", id.column()), ("order_no", order.column()), ("item_code", item.column()), ("op_seq", sequence.column()),
      ("job_code", job.column()), ("resource_code", resource.column()), ("in_house", inHouse.column()),
      ("completed_at", completed.column()), ("setup_minutes", setup.column()), ("run_minutes", run.column()),
      ("wait_minutes", wait.column()), ("good_quantity", good.column()), ("bad_quantity", bad.column()),
    ])
  }

  /// The rows so far; what follows goes into another block.
  mutating func take() -> Frame {
    let frame = frame()
    var next = ResultRows(plant)
    next.written = written
    self = next
    return frame
  }

  private static func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
