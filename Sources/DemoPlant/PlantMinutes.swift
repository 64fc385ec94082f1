import Tabular

/// How long operations take.
struct PlantMinutes: Sendable {
  private let draw: PlantDraw
  private let events: [Effect]

  /// Share of results that are grossly wrong.
  static let outlierShare = 0.02
  /// Standard deviations of logarithms: of an order as a whole, and of an item against its design.
  private static let orderNoise = 0.05
  private static let itemSpread = 0.05

  /// An event by the numbers of its jobs.
  struct Effect: Sendable {
    let kind: PlantEvent.Kind
    let day: Double
    let jobs: Set<Int>
    let materials: Set<String>
    let factor: Double

    func concerns(_ job: Int, _ material: String) -> Bool { jobs.contains(job) && (materials.isEmpty || materials.contains(material)) }
  }

  init(_ draw: PlantDraw, _ effects: [Effect]) {
    self.draw = draw
    events = effects
  }

  /// Standard deviation of the logarithm of a job's minutes that nothing known explains.
  static func noise(of job: PlantJob) -> Double { (job.noise * job.noise + orderNoise * orderNoise).squareRoot() }

  /// Run minutes a piece of an item in a job, on a middling machine, for a batch of 20, by practised hands, before any event.
  func unitMinutes(_ item: PlantItem, _ family: PlantFamily, _ number: Int) -> Double {
    let job = PlantJob.all[number]
    let type = PlantCatalog.partTypes[family.partType]
    var minutes = job.minutes * PlantCatalog.factor(family.material, number)
    minutes *= power(item.diameter / type.diameter, job.growth) * power(item.thickness / type.thickness, 0.15)
    // Interactions: a coated surface is inspected more slowly, a fine tolerance is turned more slowly, the more so the larger it is.
    if family.isCoated, number == PlantJob.inspect { minutes *= 1.2 }
    if family.tolerance <= 7, number == PlantJob.turn { minutes *= 1.15 * power(item.diameter / type.diameter, 0.15) }
    if family.isStrictlyInspected, number == PlantJob.inspect { minutes *= 1.3 }
    minutes *= draw.factor(0.3, .familyMinutes, family.number, number)
    return minutes * draw.factor(Self.itemSpread, .itemMinutes, item.number, number)
  }

  /// Set-up minutes of an order, before its own noise.
  func setupMinutes(_ family: PlantFamily, _ number: Int) -> Double {
    min(60, max(10, PlantJob.all[number].setup * draw.factor(0.2, .familyMinutes, family.number, 100 + number)))
  }

  /// How much longer one machine takes than a middling one.
  func machineFactor(_ number: Int, _ machine: Int) -> Double { draw.factor(0.07, .resource, number, machine) }

  /// The machine, of `count`, that an item usually runs on.
  func usualMachine(_ family: PlantFamily, _ number: Int, of count: Int) -> Int {
    Int(draw.hash(.family, family.number, 1000 + number) % UInt64(count))
  }

  /// Larger batches go faster a piece: 5 % for each doubling around 20 pieces.
  static func batchFactor(_ quantity: Int) -> Double { power(Double(quantity) / 20, -0.074) }

  /// New designs take up to a quarter longer, and practice halves that in three months.
  static func practiceFactor(age days: Double) -> Double { 1 + 0.25 * power(0.5, max(0, days) / 90) }

  /// What events by `day` do to a job's minutes.
  func eventFactor(_ number: Int, _ material: String, day: Double) -> Double {
    var factor = 1.0
    for event in events where event.day <= day && event.concerns(number, material) {
      switch event.kind {
      case .newMachine, .materialChange: factor *= event.factor
      case .wear: factor *= power(event.factor, (day - event.day) / 365)
      case .routingChange, .insourcing: break
      }
    }
    return factor
  }

  /// Whether a new machine does the job by `day`.
  func hasNewMachine(_ number: Int, _ material: String, day: Double) -> Bool {
    events.contains { $0.kind == .newMachine && $0.day <= day && $0.concerns(number, material) }
  }

  /// Whether a contractor still does an outsourced job on `day`.
  func isOutsourced(_ number: Int, _ family: PlantFamily, day: Double) -> Bool {
    family.outsourced == number && !events.contains { $0.kind == .insourcing && $0.day <= day && $0.concerns(number, family.material) }
  }

  /// `jobs` with what routing changes by `day` have added before inspection.
  func changed(_ jobs: [Int], _ family: PlantFamily, day: Double) -> [Int] {
    var jobs = jobs
    for event in events where event.kind == .routingChange && event.day <= day {
      for job in event.jobs.sorted() where event.concerns(job, family.material) && !jobs.contains(job) {
        jobs.insert(job, at: jobs.firstIndex(of: PlantJob.inspect) ?? jobs.count)
      }
    }
    return jobs
  }

  /// An order's own factor on all its operations.
  static func orderFactor(_ random: inout SeededGenerator) -> Double { random.factor(orderNoise) }

  /// What chance does to the minutes of one operation of an order, and how far their report is off: 1 but for gross errors.
  static func noiseFactors(_ job: PlantJob, _ random: inout SeededGenerator) -> (worked: Double, reported: Double) {
    let factor = random.factor(job.noise)
    if random.uniform() >= outlierShare { return (factor, 1) }
    let error = 3 + 5 * random.uniform()
    return (factor, random.uniform() < 0.75 ? error : 1 / error)
  }
}
