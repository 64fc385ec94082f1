import DemoPlant
import Foundation
import Tabular
import Testing

/// A plant of the demo's size, made once for all tests that only look at it.
struct SamplePlant: Sendable {
  let plant: DemoPlant
  let items, routings, results: Frame

  init(seed: UInt64, events: [PlantEvent]? = nil, items: Int = 2000, results: Int = 40_000) throws {
    plant = try DemoPlant(items: items, results: results, seed: seed, endsAt: Self.end, events: events)
    self.items = plant.items()
    routings = plant.routings()
    self.results = try plant.results()
  }

  /// A Friday, 22 o'clock in the plant's zone.
  static let end = Timestamp(microseconds: 1_719_579_600_000_000)  // 2024-06-28T13:00:00Z
  static let standard = Result { try SamplePlant(seed: 42) }
  static let quiet = Result { try SamplePlant(seed: 7, events: []) }
}

@Suite("The demo plant's data")
struct DemoPlantTests {
  let sample: SamplePlant

  init() throws { sample = try SamplePlant.standard.get() }

  @Test("is the same for the same seed, whatever the blocks, and another for another")
  func isDeterministic() throws {
    let plant = try DemoPlant(items: 300, results: 4000, seed: 5, endsAt: SamplePlant.end, dirtyShare: 0.02)
    var blocks: [Frame] = []
    plant.forEachResultBlock(size: 333) { blocks.append($0) }
    #expect(blocks.dropLast().allSatisfy { (333...334).contains($0.rowCount) })  // a result reported twice is not torn apart
    #expect(try Frame.concatenating(blocks) == plant.results())
    let again = try DemoPlant(items: 300, results: 4000, seed: 5, endsAt: SamplePlant.end, dirtyShare: 0.02)
    #expect(try again.results() == plant.results())
    #expect(again.items() == plant.items() && again.routings() == plant.routings())
    #expect(try Frame.concatenating([plant.items(0..<120), plant.items(120..<300)]) == plant.items())
    #expect(try Frame.concatenating([plant.routings(0..<120), plant.routings(120..<300)]) == plant.routings())
    let other = try DemoPlant(items: 300, results: 4000, seed: 6, endsAt: SamplePlant.end)
    #expect(other.items() != plant.items())
  }

  @Test("has the columns of the three relations")
  func columns() {
    let features = DemoPlant.categoricalFeatures + DemoPlant.numericFeatures
    #expect(DemoPlant.categoricalFeatures.count == 28 && DemoPlant.numericFeatures.count == 8 && Set(features).count == 36)
    #expect(sample.items.names == ["item_code"] + features + ["created_at", "updated_at"])
    #expect(
      sample.routings.names == [
        "item_code", "routing_no", "op_seq", "job_code", "job_name", "resource_code", "in_house", "setup_minutes", "run_minutes",
        "wait_minutes", "move_minutes", "quantity_basis", "valid_from", "valid_to",
      ])
    #expect(
      sample.results.names == [
        "result_id", "order_no", "item_code", "op_seq", "job_code", "resource_code", "in_house", "completed_at", "setup_minutes",
        "run_minutes", "wait_minutes", "good_quantity", "bad_quantity",
      ])
  }

  @Test("is as sparse and as dirty as an item master is")
  func proportions() throws {
    let placeholders: Set<String?> = [nil, "", "-", "--", "nan", "NULL"]
    var sparse: [String] = []
    var seen: Set<String?> = []
    var (hasHangul, hasLatin) = (false, false)
    for name in DemoPlant.categoricalFeatures {
      let texts = try #require(try sample.items.column(name).texts)
      seen.formUnion(texts.filter(placeholders.contains))
      if texts.count(where: placeholders.contains) * 4 > texts.count * 3 { sparse.append(name) }
      let scalars = texts.compactMap { $0 }.flatMap(\.unicodeScalars)
      hasHangul = hasHangul || scalars.contains { (0xAC00...0xD7A3).contains($0.value) }
      hasLatin = hasLatin || scalars.contains { ("a"..."z").contains($0) }
    }
    #expect(sparse.count >= 5 && sparse.contains("remark") && sparse.contains("drawing_note"), "\(sparse)")
    #expect(seen == placeholders)
    #expect(hasHangul && hasLatin)
    #expect(try sample.items.column("seal_size_3").missingCount * 4 > sample.items.rowCount * 3)
    #expect(try sample.items.column("item_code").distinctCount == 2000)
    let recent = try Column.comparison(
      .column(try sample.items.column("updated_at")), .greater, .scalar(.timestamp(SamplePlant.end.advanced(bySeconds: -30 * 86_400))))
    #expect((80...400).contains(try recent.mask().setCount))
    #expect(try sample.items.column("updated_at").max() < .timestamp(SamplePlant.end))
    for row in 0..<sample.items.rowCount {
      let created = try #require(try sample.items.column("created_at").timestamp(row))
      #expect(created <= (try #require(try sample.items.column("updated_at").timestamp(row))))
    }
  }

  @Test("has one or two routings an item, of three to nine operations, that follow from the features")
  func routings() throws {
    let groups = try sample.routings.grouped(by: ["item_code", "routing_no"])
    for rows in groups.rows() { #expect((3...9).contains(rows.count)) }
    let perItem = try groups.keys.grouped(by: ["item_code"]).aggregating([Aggregation(.count)])
    #expect(perItem.rowCount == 2000)
    #expect(try perItem.column("count").min() == .integer(1) && perItem.column("count").max() == .integer(2))
    let joined = try sample.routings.joined(sample.items, on: ["item_code"])
    for row in 0..<joined.rowCount {
      let isElastomer = try joined.column("material_group").text(row) == "elastomer"
      let job = try joined.column("job_code").text(row)
      if job == "J030" { #expect(isElastomer) }
      if job == "J120" { #expect(!isElastomer) }
      if job == "J140" { #expect(try joined.column("material_group").text(row) == "metal") }
    }
  }

  @Test("reports results in order of time, in working hours, none after the end, of items that exist")
  func results() throws {
    let results = sample.results
    #expect(abs(results.rowCount - 40_000) < 1200)
    let codes = Set(try #require(try sample.items.column("item_code").texts))
    #expect(try #require(try results.column("item_code").texts).allSatisfy(codes.contains))
    #expect(try results.column("result_id").distinctCount == results.rowCount)
    let times = (0..<results.rowCount).compactMap { results["completed_at"]?.timestamp($0) }
    #expect(times.count == results.rowCount)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
    let last = try #require(times.last)
    #expect(last <= SamplePlant.end && last > SamplePlant.end.advanced(bySeconds: -86_400))
    #expect(try #require(times.first) < sample.plant.startsAt.advanced(bySeconds: 14 * 86_400))
    for time in times {
      let local = CivilTime(time.advanced(bySeconds: 9 * 3600))
      #expect((6..<22).contains(local.hour))
      let day = Int((time.seconds + 9 * 3600) / 86_400)
      #expect((day + 3) % 7 < 5)  // 1970-01-01 was a Thursday
    }
  }

  @Test("lets an order's operations follow each other, each on the pieces that the one before left good")
  func orders() throws {
    let results = sample.results
    let sequence = try results.column("op_seq")
    let (good, bad) = (try results.column("good_quantity"), try results.column("bad_quantity"))
    var finished = 0
    for rows in try results.grouped(by: ["order_no"]).rows() {
      #expect(rows.map { sequence.number($0) } == rows.indices.map { Double($0 + 1) * 10 })
      for (before, after) in zip(rows, rows.dropFirst()) {
        #expect(results["completed_at"]?.timestamp(before) ?? SamplePlant.end < results["completed_at"]?.timestamp(after) ?? .distant)
        #expect(good.number(before) == (good.number(after) ?? 0) + (bad.number(after) ?? 0))
      }
      if rows.last.flatMap({ results["job_code"]?.text($0) }) == "J950" { finished += 1 }
    }
    // All but the orders of the last days are packed.
    #expect(Double(finished) > 0.97 * Double(try results.column("order_no").distinctCount))
  }

  @Test("has machines that do one thing at a time, enough of them, and orders that wait for them")
  func machines() throws {
    let results = sample.results
    let (run, setup, wait) = (
      try results.column("run_minutes"), try results.column("setup_minutes"), try results.column("wait_minutes")
    )
    let day = { (time: Timestamp) in Int((time.seconds + 9 * 3600) / 86_400) }
    let inHouse = try results.filtering(try results.column("in_house").mask())
    let codes = try #require(try inHouse.column("resource_code").texts).compactMap { $0 }
    #expect(Set(codes).count > 30 && Set(codes).allSatisfy { $0.split(separator: "-").count == 2 })
    var (pairs, overlaps) = (0, 0)
    for rows in try results.grouped(by: ["resource_code"]).rows()
    where results["resource_code"]?.text(rows[0])?.hasPrefix("OUT") == false {
      var booked = 0.0
      for (before, after) in zip(rows, rows.dropFirst()) {
        booked += try #require(run.number(after)) + #require(setup.number(after))
        let (from, to) = (
          try #require(results["completed_at"]?.timestamp(before)), try #require(results["completed_at"]?.timestamp(after))
        )
        guard day(from) == day(to) else { continue }
        pairs += 1
        let busy = try #require(run.number(after)) + #require(setup.number(after))
        if to.seconds(since: from) / 60 < busy - 0.1 { overlaps += 1 }
      }
      // Two years have some 500 working days of 960 minutes; gross errors, which no machine worked, add up to a tenth.
      #expect(booked < 1.1 * 505 * 960)
    }
    // Only minutes that were reported far too long, 1.5 in a hundred, seem to overlap with what came before.
    #expect(pairs > 5000 && Double(overlaps) < 0.025 * Double(pairs), "\(overlaps) of \(pairs)")
    let waits = (0..<results.rowCount).compactMap { wait.number($0) }.sorted()
    #expect(waits[waits.count / 10] < 60 && waits[waits.count * 9 / 10] > 200 && waits[waits.count / 2] < 240)
  }

  @Test("is at work at its end, and has exactly the results asked for, when it is small", arguments: [1, 2, 7, 100, 1999])
  func small(count: Int) throws {
    let results = try DemoPlant(items: 20, results: count, seed: 4, endsAt: SamplePlant.end).results()
    #expect(results.rowCount == count)
    let last = try #require(results["completed_at"]?.timestamp(count - 1))
    #expect(last > SamplePlant.end.advanced(bySeconds: -16 * 86_400) && last < SamplePlant.end)
  }

  @Test("has all its events within its time, however short", arguments: [0.02, 0.3, 1, 2])
  func shortEvents(years: Double) throws {
    let plant = try DemoPlant(
      items: 2000, results: 5, years: years, seed: 4, endsAt: SamplePlant.end,
      events: PlantEvent.drift(years: years, endsAt: SamplePlant.end))
    #expect(plant.events.count == 5)
    for event in plant.events { #expect(plant.startsAt < event.at && event.at < plant.endsAt) }
  }

  @Test("has several designs and no event that concerns none of them, however few items it has", arguments: [1, 10, 50, 70, 200])
  func fewItems(items: Int) throws {
    for seed in [1, 2, 3] as [UInt64] {
      let plant = try DemoPlant(items: items, results: 300, seed: seed, endsAt: SamplePlant.end)
      let made = plant.items()
      let least = items >= 50 ? 3 : items >= 10 ? 2 : 1
      #expect(try made.column("part_type").distinctCount >= least && made.column("material").distinctCount >= least)
      let materials = Set(try #require(try made.column("material").texts))
      for event in plant.events { #expect(event.materials.isEmpty || event.materials.contains { materials.contains($0) }, "\(event)") }
    }
  }

  @Test("stays within believable magnitudes")
  func magnitudes() throws {
    let quantity = try Column.arithmetic(
      .column(try sample.results.column("good_quantity")), .add, .column(try sample.results.column("bad_quantity")))
    let unit = try Column.arithmetic(.column(try sample.results.column("run_minutes")), .divide, .column(quantity))
    #expect((5...10).contains(try #require(try unit.quantile(0.5))))
    #expect(try #require(try unit.quantile(0)) > 0)
    #expect(quantity.min() >= .double(1) && quantity.max() <= .double(200))
    let inHouse = try sample.results.filtering(try sample.results.column("in_house").mask())
    #expect(try inHouse.column("setup_minutes").min() == .double(10) && inHouse.column("setup_minutes").max() == .double(60))
  }

  @Test("takes outsourced heat treatment and coating in-house, while the standard routings still say outsourced")
  func insourcing() throws {
    let event = try #require(sample.plant.events.first { $0.kind == .insourcing })
    let wanted = try Column.comparison(.column(try sample.routings.column("in_house")), .equal, .scalar(.bool(false)))
    let planned = try sample.routings.filtering(try wanted.mask()).grouped(by: ["item_code", "job_code"]).keys
    let results = try sample.results.joined(planned, on: ["item_code", "job_code"])
    var counts: [Bool: [Bool: Int]] = [:]
    for row in 0..<results.rowCount where event.jobs.contains(results["job_code"]?.text(row) ?? "") {
      // An operation counts by when it began; a contractor takes up to a working week.
      guard let time = results["completed_at"]?.timestamp(row), abs(time.seconds(since: event.at)) > 10 * 86_400 else { continue }
      counts[time > event.at, default: [:]][results["in_house"]?.number(row) == 1, default: 0] += 1
    }
    #expect(counts[false]?[true] == nil && counts[false]?[false] ?? 0 > 50)
    #expect(counts[true]?[false] == nil && counts[true]?[true] ?? 0 > 100)
  }

  @Test("brings new designs onto the market, and makes nothing before it exists")
  func newItems() throws {
    let joined = try sample.results.joined(try sample.items.selecting(["item_code", "created_at"]), on: ["item_code"])
    var late: Set<String> = []
    for row in 0..<joined.rowCount {
      guard let made = joined["completed_at"]?.timestamp(row), let created = joined["created_at"]?.timestamp(row) else { continue }
      #expect(created < made)
      if created > sample.plant.startsAt, let code = joined["item_code"]?.text(row) { late.insert(code) }
    }
    #expect(late.count > 100)
  }

  @Test("is spoilt when asked for, by about as much as asked for")
  func dirt() throws {
    let plant = try DemoPlant(items: 200, results: 20_000, seed: 3, endsAt: SamplePlant.end, dirtyShare: 0.03)
    let results = try plant.results()
    let negative = try Column.comparison(.column(try results.column("run_minutes")), .less, .scalar(.integer(0))).mask().setCount
    let unknown = try #require(try results.column("item_code").texts).count { $0?.hasSuffix("-OLD") ?? false }
    let twice = try #require(try results.column("result_id").texts).count { $0?.hasSuffix("-2") ?? false }
    // No row is one that a database would refuse.
    #expect(try results.column("result_id").distinctCount == results.rowCount)
    // 1 % each of 20,000: 200, standard deviation 14.
    for count in [negative, unknown, twice] { #expect((140...260).contains(count)) }
    #expect(
      try Column.comparison(.column(try sample.results.column("run_minutes")), .lessOrEqual, .scalar(.integer(0))).mask().setCount == 0)
  }

  @Test("can be made again from its truth, and tells what no predictor could beat")
  func floor() throws {
    let events = PlantEvent.drift(endsAt: SamplePlant.end)
    let plant = try DemoPlant(
      items: 300, results: 6000, years: 1.5, seed: 8, endsAt: SamplePlant.end, events: events, dirtyShare: 0.01)
    let again = try DemoPlant(plant.truth)
    #expect(try again.truth == plant.truth && again.results() == plant.results())

    let floor = again.floor(since: .distantPast, until: SamplePlant.end)
    #expect(floor.jobs.reduce(0) { $0 + $1.results } == floor.results && abs(floor.results - 6000) < 400)
    #expect(again.floor(since: SamplePlant.end, until: SamplePlant.end.advanced(bySeconds: 60)).results == 0)
    // Of logarithmic noise around a median m the mean absolute error is about 0.8 m σ, and gross outliers come on top of that; trimmed
    // they hardly count. Packing: 5 minutes, σ 0.13.
    let packing = try #require(floor.jobs.first { $0.job == "J950" })
    #expect((0.3...0.8).contains(packing.trimMae) && packing.mae > packing.trimMae && packing.mae < 2)
  }

  @Test("can be tiny", arguments: [(1, 1), (1, 500), (500, 1)])
  func tiny(items: Int, results: Int) throws {
    let plant = try DemoPlant(items: items, results: results, years: 0.2, seed: 9, endsAt: SamplePlant.end)
    #expect(plant.items().rowCount == items)
    #expect(try plant.results().rowCount == results)
    #expect(plant.routings().rowCount >= 3 * items)
  }

  @Test("refuses what cannot be made, saying what was expected")
  func refuses() throws {
    func message(_ make: () throws -> DemoPlant) -> String? { #expect(throws: DemoPlantError.self) { try make() }?.description }
    let end = SamplePlant.end
    #expect(
      message { try DemoPlant(items: 0, seed: 1, endsAt: end) } == "'items' of a demo plant must be an integer 1…9999999, got 0")
    #expect(
      message { try DemoPlant(years: .nan, seed: 1, endsAt: end) } == "'years' of a demo plant must be a number > 0 and ≤ 30, got nan")
    let event = PlantEvent(.wear, at: end, jobs: ["J15"], factor: 2, summary: "")
    #expect(
      message { try DemoPlant(seed: 1, endsAt: end, events: [event]) }
        == "unknown job 'J15' in an event of a demo plant; did you mean 'J150'?"
    )
  }
}

extension Timestamp {
  fileprivate static let distant = Timestamp(microseconds: .max)
}

/// Order of cells of one type of number or instant.
private func < (left: Cell, right: Cell) -> Bool {
  switch (left, right) {
  case (.timestamp(let left), .timestamp(let right)): left < right
  case (.double(let left), .double(let right)): left < right
  default: false
  }
}

private func >= (left: Cell, right: Cell) -> Bool { !(left < right) }

private func <= (left: Cell, right: Cell) -> Bool { !(right < left) }
