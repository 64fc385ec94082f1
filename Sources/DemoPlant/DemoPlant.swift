public import Tabular

/// A made-up plant for seals and machined parts, of any size, whose data depends on a seed alone.
///
///     let plant = try DemoPlant(items: 2000, results: 40_000, years: 2, seed: 42, endsAt: now)
///     try database.write(plant.items(), plant.routings())
///     try plant.forEachResultBlock { block in try database.write(block) }
/// Items are variants of some designs, so an item's nearest neighbours by features are made as it is, in about the same time. Run
/// minutes are a product: job, design, size, material, machine, batch, practice, and noise; two results in a hundred are grossly wrong.
/// Orders pass through machines that do one thing at a time, as many as the work needs, so they queue as they do in a plant.
/// Nothing is kept but the designs and how often items are ordered: items and orders are made when they are asked for, and results leave
/// in order of time, so a plant of millions of results needs no more memory than one block and the orders under way.
public struct DemoPlant: Sendable {
  /// Number of items.
  public let itemCount: Int
  /// About how many results there are: within three in a hundred of what was asked for; exactly as many up to some 10,000.
  public let resultCount: Int
  /// Where all numbers come from.
  public let seed: UInt64
  /// The plant's first and last instant.
  public let startsAt, endsAt: Timestamp
  /// What changed in the plant, by time.
  public let events: [PlantEvent]
  /// Share of results that are spoilt: negative minutes, an item that the master lacks, or entered twice.
  public let dirtyShare: Double

  let draw: PlantDraw
  let calendar: PlantCalendar
  let families: [PlantFamily]
  let lastDay: Double
  let choice: ItemChoice
  private(set) var machines = PlantMachines()
  /// Number of orders that give the results.
  private(set) var orderCount = 1
  /// Whether the results are counted, not only aimed at.
  private(set) var isExact = false

  /// Makes a plant that ends, with its last results, at `endsAt`.
  ///
  /// - Parameters:
  ///   - items: Number of items, at least 1. Some are never ordered.
  ///   - results: About how many work results, at least 1.
  ///   - years: Over how many years, above 0 and at most 30.
  ///   - events: What changed beside the insourcing that every plant sees; `nil` for ``PlantEvent/lastMonth(years:endsAt:)``.
  ///   - dirtyShare: Share of results to be spoilt, 0…1.
  public init(
    items: Int = 5000, results: Int = 100_000, years: Double = 2, seed: UInt64, endsAt: Timestamp, events: [PlantEvent]? = nil,
    dirtyShare: Double = 0
  ) throws(DemoPlantError) {
    func check(_ isRight: Bool, _ name: String, _ expected: String, _ got: some CustomStringConvertible) throws(DemoPlantError) {
      if !isRight { throw DemoPlantError(description: "'\(name)' of a demo plant must be \(expected), got \(got)") }
    }
    try check((1...9_999_999).contains(items), "items", "an integer 1…9999999", items)
    try check((1...1_000_000_000).contains(results), "results", "an integer 1…1000000000", results)
    try check(years > 0 && years <= 30, "years", "a number > 0 and ≤ 30", years)
    try check(dirtyShare >= 0 && dirtyShare <= 1, "dirty_share", "a number 0…1", dirtyShare)
    let known = Set(PlantJob.all.map(\.code))
    for event in events ?? [] {
      if let job = event.jobs.first(where: { !known.contains($0) }) {
        throw DemoPlantError(description: "unknown job '\(job)' in an event of a demo plant" + suggestion(for: job, in: known.sorted()))
      }
      try check(event.factor > 0 && event.factor.isFinite, "factor", "a number > 0", event.factor)
    }
    itemCount = items
    resultCount = results
    self.seed = seed
    self.endsAt = endsAt
    self.dirtyShare = dirtyShare
    startsAt = endsAt.advanced(bySeconds: -years * 365.25 * 86_400)
    guard startsAt >= .distantPast, endsAt.microseconds < 253_370_764_800_000_000 else {
      throw DemoPlantError(description: "a demo plant must lie within the years 0000…9998, got \(startsAt) to \(endsAt)")
    }
    calendar = PlantCalendar(from: startsAt, to: endsAt)
    lastDay = calendar.days(until: endsAt)
    let draw = PlantDraw(seed: SeededGenerator.mixed(seed &+ 0x6c61_7468_6500))
    self.draw = draw
    // A design has some 36 variants; a small plant too has a dozen designs.
    let families = (0..<max(min(items, 12), items / 36)).map { [lastDay] in PlantFamily($0, of: draw, lastDay: lastDay) }
    self.families = families
    let others = events ?? PlantEvent.lastMonth(years: years, endsAt: endsAt)
    // What concerns nothing that the plant makes does not happen in it.
    self.events = ([Self.insourcing(from: startsAt, to: endsAt)] + others).filter { event in families.contains { $0.isConcerned(by: event) }
    }
    .sorted { $0.at < $1.at }
    choice = ItemChoice(
      (0..<items).lazy.map { [lastDay] number in
        PlantItem(number, in: families[Self.familyNumber(of: number, draw, families.count)], of: draw, lastDay: lastDay)
      })
    (orderCount, machines) = PlantMachines.needed(by: self)
    // A small plant can be run a few times until its results are as many as asked for.
    isExact = orderCount <= 1500
    if isExact { orderCount = max(1, orderCount * 4 / 5) }
    while isExact {
      var flow = PlantFlow(self)
      var found = 0
      while found < results, flow.next() != nil { found += 1 }
      if found == results { break }
      orderCount += max(1, (results - found) / 10)
    }
  }

  /// Makes the plant that `truth` is true of.
  public init(_ truth: PlantTruth) throws(DemoPlantError) {
    try self.init(
      items: truth.items, results: truth.results, years: truth.years, seed: truth.seed, endsAt: truth.endsAt,
      events: truth.events.filter { $0.kind != .insourcing }, dirtyShare: truth.dirtyShare)
  }

  /// What is true of the plant.
  public var truth: PlantTruth {
    PlantTruth(
      seed: seed, items: itemCount, results: resultCount, years: endsAt.seconds(since: startsAt) / (365.25 * 86_400),
      dirtyShare: dirtyShare, startsAt: startsAt, endsAt: endsAt, families: families.count,
      noise: Dictionary(uniqueKeysWithValues: PlantJob.all.map { ($0.code, PlantMinutes.noise(of: $0)) }),
      outlierShare: PlantMinutes.outlierShare, events: events)
  }

  func item(_ number: Int) -> PlantItem {
    PlantItem(number, in: families[Self.familyNumber(of: number, draw, families.count)], of: draw, lastDay: lastDay)
  }

  /// Designs differ in how many variants they have, up to some three times the mean; item 0 is of the first design, which is old.
  private static func familyNumber(of item: Int, _ draw: PlantDraw, _ count: Int) -> Int {
    item == 0 ? 0 : min(count - 1, Int(Double(count) * power(draw.uniform(.item, item, 1), 1.3)))
  }

  /// A third of the way through, heat treatment and coating come into the plant.
  private static func insourcing(from start: Timestamp, to end: Timestamp) -> PlantEvent {
    PlantEvent(
      .insourcing, at: start.advanced(bySeconds: 0.35 * end.seconds(since: start)), jobs: ["J140", "J160"],
      summary: "heat treatment and coating are done in the plant, on furnaces and a line of its own")
  }
}
