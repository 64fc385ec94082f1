public import Tabular

extension DemoPlant {
  /// Calls `body` with the work_results relation, `size` rows at a time, in order of completion; results of one second go by order and
  /// operation. Same seed, same bytes, whatever the size of blocks. O(results · log orders under way).
  public func forEachResultBlock(size: Int = 50_000, _ body: (Frame) throws -> Void) rethrows {
    precondition(size > 0, "blocks of \(size) rows")
    var rows = ResultRows(self)
    try forEachResult { result in
      rows.append(result)
      if rows.count >= size { try body(rows.take()) }
    }
    if rows.count > 0 { try body(rows.take()) }
  }

  /// Calls `body` with every result in order of completion; spoilt ones as they were before they were spoilt.
  func forEachResult(_ body: (PlantResult) throws -> Void) rethrows {
    var flow = PlantFlow(self)
    var count = 0
    while !isExact || count < resultCount, let result = flow.next() {
      try body(result)
      count += 1
    }
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
    resource.append(work.resourceCode(result.machine, inHouse: result.inHouse))
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
