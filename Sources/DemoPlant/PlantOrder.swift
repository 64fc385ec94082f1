import Tabular

/// An order on its way through the plant.
struct PlantOrder: Sendable {
  let number: Int
  let item: PlantItem
  private let family: PlantFamily
  private let jobs: [Int]
  private let noise: Double
  private var pieces: Int
  private var random: SeededGenerator
  /// How many operations are behind it.
  private(set) var position = 0
  /// When it has come this far, in working minutes from the plant's first day.
  private(set) var clock: Double

  /// Order `number` of `count`: what it is depends on its number, when it is released on its part of all. Later ones are released later.
  init(_ number: Int, of count: Int, _ plant: DemoPlant, _ minutes: PlantMinutes, _ end: Double) {
    var random = plant.draw.generator(.order, number)
    // Business grows by a tenth over the plant's time: the cumulative share of orders is (x + x²/10) ÷ 1.1.
    let share = (Double(number) + random.uniform()) / Double(count)
    let released = end * ((1 + 0.44 * share).squareRoot() - 1) * 5
    // Plants of few orders too are at work at their end: the last comes in within its last ten days.
    clock = number == count - 1 ? max(released, end - 10 * PlantCalendar.minutesPerDay) : released
    let day = plant.calendar.days(until: plant.calendar.instant(clock))
    item = plant.item(plant.choice.item(on: day, &random))
    family = plant.families[item.family]
    let isAlternative = random.uniform() < family.alternativeShare
    let planned = isAlternative ? family.alternativeJobs ?? family.jobs : family.jobs
    jobs = minutes.changed(plant.itemJobs(item, planned), family, day: day)
    pieces = min(200, max(1, Int((family.quantity * random.factor(0.6)).rounded())))
    noise = PlantMinutes.orderFactor(&random)
    self.number = number
    self.random = random
  }

  /// Whether there is an operation left.
  var isUnderWay: Bool { position < jobs.count }

  /// The next operation, begun with what is known when the order comes to it.
  mutating func step(_ plant: DemoPlant, _ minutes: PlantMinutes) -> PlantStep {
    let job = jobs[position]
    let work = PlantJob.all[job]
    let day = plant.calendar.days(until: plant.calendar.instant(clock))
    let isOutsourced = minutes.isOutsourced(job, family, day: day)
    let hasNewMachine = minutes.hasNewMachine(job, family.material, day: day)
    let prefersUsual = random.uniform() < 0.9
    // A contractor's truck takes days.
    let travel = isOutsourced ? PlantCalendar.minutesPerDay * (2 + 3 * random.uniform()) : 10 + 30 * random.uniform()
    let setup = minutes.setupMinutes(family, job) * random.factor(0.15)
    let (worked, reported) = PlantMinutes.noiseFactors(work, &random)
    var median = minutes.unitMinutes(item, family, job)
    median *= PlantMinutes.batchFactor(pieces) * PlantMinutes.practiceFactor(age: day - max(item.created, family.introduced))
    median *= minutes.eventFactor(job, family.material, day: day)
    let isScrapping = random.uniform() < 0.06
    let bad = isScrapping ? min(pieces - 1, 1 + random.integer(below: max(1, pieces / 12))) : 0
    return PlantStep(
      job: job, isOutsourced: isOutsourced, hasNewMachine: hasNewMachine,
      usualMachine: minutes.usualMachine(family, job, of: plant.machines.count(job, new: hasNewMachine)), prefersUsual: prefersUsual,
      travel: travel, setup: isOutsourced ? 0 : min(60, max(10, (setup * 10).rounded() / 10)), median: median, worked: noise * worked,
      misreported: reported, pieces: pieces, bad: bad)
  }

  /// Goes on to the next operation, at `clock`, with the pieces that `step` left good.
  mutating func finish(_ step: PlantStep, at clock: Double) {
    self.clock = clock
    pieces = step.pieces - step.bad
    position += 1
  }
}

extension PlantOrder: Comparable {
  /// Whether it comes to its next operation before another.
  static func < (left: PlantOrder, right: PlantOrder) -> Bool { (left.clock, left.number) < (right.clock, right.number) }

  static func == (left: PlantOrder, right: PlantOrder) -> Bool { left.number == right.number && left.position == right.position }
}

/// One operation of an order, but for the machine that it gets.
struct PlantStep: Sendable {
  var job: Int
  var isOutsourced, hasNewMachine: Bool
  var usualMachine: Int
  /// Whether the order would rather wait for its usual machine than take the first that is free.
  var prefersUsual: Bool
  /// Minutes until it can begin, if a machine is free, and those to set the machine up.
  var travel, setup: Double
  /// The median of the run minutes a piece on a middling machine.
  var median: Double
  /// What chance makes of the minutes, and a gross error of the report of them; 1 where there is none.
  var worked, misreported: Double
  var pieces, bad: Int

  /// Minutes for which it keeps a machine busy.
  func occupied(machineFactor: Double) -> Double { setup + median * machineFactor * worked * Double(pieces) }

  /// Run minutes as reported.
  func reported(machineFactor: Double) -> Double {
    max(0.01, (median * machineFactor * worked * misreported * Double(pieces) * 100).rounded() / 100)
  }
}
