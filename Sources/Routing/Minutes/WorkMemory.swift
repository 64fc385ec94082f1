import Glibc
import Tabular

/// What is known of all operations at one instant, while results come in one after the other: the statistics that minutes are learnt from.
///
/// Everything is kept in logarithms of run minutes, because what makes an operation longer multiplies. A result that is far from what
/// was expected counts as if it were less far (P. Huber, "Robust estimation of a location parameter", 1964), so that a gross error
/// moves no figure much, and a real change still gets through.
struct WorkMemory: WorkKnowledge {
  /// A mean in which what is older counts less: half after each half-life.
  struct FadingMean {
    private(set) var weight = 0.0
    private var sum = 0.0
    private var time = 0.0

    mutating func add(_ value: Double, at time: Double, halfLife: Double) {
      let fade = weight > 0 ? exp2(-max(0, time - self.time) / halfLife) : 0
      weight = weight * fade + 1
      sum = sum * fade + value
      self.time = max(self.time, time)
    }

    /// NaN without values.
    var mean: Double { weight > 0 ? sum / weight : .nan }
  }

  /// What one item's operation took so far.
  struct Cell {
    let job, occurrence: Int32
    /// Minutes of all results, for the plain summary.
    private(set) var minutes: [Double] = []
    private var known: SampleSummary?
    /// Logarithms of the minutes, of the quantities, and of minutes over what was expected.
    var logarithm = FadingMean(), logQuantity = FadingMean(), surprise = FadingMean(), setup = FadingMean()
    private(set) var latest = -Double.infinity

    init(job: Int32, occurrence: Int32) {
      self.job = job
      self.occurrence = occurrence
    }

    var count: Int { minutes.count }

    mutating func add(_ minutes: Double, at time: Double) {
      self.minutes.append(minutes)
      known = nil
      latest = max(latest, time)
    }

    mutating func summary() -> SampleSummary {
      if let known { return known }
      let summary = SampleSummary(minutes)
      known = summary
      return summary
    }

    var figures: WorkFigures {
      WorkFigures(
        count: count, latest: latest, logarithm: logarithm.mean, logQuantity: logQuantity.mean, setup: setup.mean, surprise: surprise.mean,
        surpriseWeight: surprise.weight)
    }

    /// The middle of the logarithms of the latest results, at most 25.
    var middle: Double {
      let latest = minutes.suffix(25).sorted()
      if latest.isEmpty { return .nan }
      let half = latest.count / 2
      return log(latest.count % 2 == 1 ? latest[half] : (latest[half - 1] * latest[half]).squareRoot())
    }
  }

  /// Seconds after which a result counts half: of an operation, and of what was surprising.
  private static let halfLife = 120 * 86_400.0
  static let recentHalfLife = 21 * 86_400.0
  /// How far a result may be from what was expected and still count whole, as a logarithm: some 65 %.
  private static let trust = 0.5
  /// The share of what a result says about a change that is believed at once.
  private static let driftRate = 0.15

  /// What is known of one item: its operations' places in `cells`, number of results, and when the first was completed.
  private struct Item {
    var cells: [Int32] = []
    var results = 0
    var first = Double.nan
  }

  private var cells: [Cell] = []
  private var items: [Item]
  private var jobs: [FadingMean]
  private var jobSurprises: [FadingMean]
  private var jobSetups: [FadingMean]
  private var resources: [[Int32: FadingMean]]
  /// For each job the effects of groups, by number.
  private var effects: [[Int32: Double]]
  private var everything = FadingMean()

  init(itemCount: Int, jobCount: Int) {
    items = Array(repeating: Item(), count: itemCount)
    jobs = Array(repeating: FadingMean(), count: jobCount)
    (jobSurprises, jobSetups) = (jobs, jobs)
    resources = Array(repeating: [:], count: jobCount)
    effects = Array(repeating: [:], count: jobCount)
  }

  func place(item: Int, job: Int32, occurrence: Int32) -> Int? {
    items[item].cells.first { cells[Int($0)].job == job && cells[Int($0)].occurrence == occurrence }.map(Int.init)
  }

  func resultCount(_ item: Int) -> Int { items[item].results }

  func age(_ item: Int, at time: Double) -> Double { time - items[item].first }

  func cell(_ place: Int) -> Cell { cells[place] }

  func figures(_ place: Int) -> WorkFigures { cells[place].figures }

  func middle(_ place: Int) -> Double { cells[place].middle }

  mutating func summary(_ place: Int) -> (mean: Double, count: Double) {
    let summary = cells[place].summary()
    return (summary.mean, Double(summary.count))
  }

  /// Where an item's operations are kept.
  func places(_ item: Int) -> [Int] { items[item].cells.map(Int.init) }

  /// The resources whose offsets, and the groups whose effects are known for a job.
  func numbers(of job: Int32) -> (resources: [Int32], groups: [Int32]) {
    (Array(resources[Int(job)].keys), Array(effects[Int(job)].keys))
  }

  /// Mean logarithm of all minutes; NaN before the first result.
  var everythingLogarithm: Double { everything.mean }

  func jobLogarithm(_ job: Int32) -> Double {
    let mean = jobs[Int(job)].mean
    return mean.isNaN ? everything.mean : mean
  }

  func jobSurprise(_ job: Int32) -> Double { jobSurprises[Int(job)].mean }

  func jobSetup(_ job: Int32) -> Double { jobSetups[Int(job)].mean }

  func resourceOffset(_ job: Int32, _ resource: Int32) -> Double {
    guard let mean = resources[Int(job)][resource] else { return .nan }
    return mean.mean * mean.weight / (mean.weight + 5)
  }

  /// Each group has an effect of its own on a job, and their sum is what is expected: so what has changed for a material is told from what
  /// has changed for a machine or for all. Effects are learnt result by result by normalised least mean squares (B. Widrow, M. Hoff, "Adaptive
  /// switching circuits", 1960), which follows a change within some ten results.
  func drift(_ job: Int32, groups numbers: [Int32]) -> Double {
    numbers.reduce(0) { $0 + (effects[Int(job)][$1] ?? 0) }
  }

  /// Takes in one operation that is done.
  ///
  /// - Parameters:
  ///   - level: The logarithm of the minutes that were expected of it before what had changed lately; NaN when nothing was.
  ///   - expected: The same with that.
  ///   - numbers: The groups that it belongs to.
  ///   - time: When it was completed.
  mutating func add(
    _ query: MinutesQuery, minutes: Double, setup: Double, level: Double, expected: Double, groups numbers: [Int32], at time: Double
  ) {
    let job = Int(query.job)
    let place = place(item: query.item, job: query.job, occurrence: query.occurrence) ?? newPlace(query)
    if items[query.item].results == 0 { items[query.item].first = time }
    items[query.item].results += 1
    if setup.isFinite {
      cells[place].setup.add(setup, at: time, halfLife: Self.halfLife)
      jobSetups[job].add(setup, at: time, halfLife: Self.halfLife)
    }
    guard minutes > 0, minutes.isFinite else { return }
    cells[place].add(minutes, at: time)
    let surprise = expected.isNaN ? 0 : max(-Self.trust, min(Self.trust, log(minutes) - expected))
    let believed = expected.isNaN ? log(minutes) : expected + surprise
    cells[place].logarithm.add(believed, at: time, halfLife: Self.halfLife)
    cells[place].surprise.add(surprise, at: time, halfLife: Self.recentHalfLife)
    if query.quantity.isFinite { cells[place].logQuantity.add(log(query.quantity), at: time, halfLife: Self.halfLife) }
    jobs[job].add(believed, at: time, halfLife: Self.halfLife)
    jobSurprises[job].add(surprise, at: time, halfLife: Self.recentHalfLife)
    everything.add(believed, at: time, halfLife: Self.halfLife)
    if query.resource >= 0 { resources[job][query.resource, default: FadingMean()].add(surprise, at: time, halfLife: Self.halfLife) }
    guard level.isFinite else { return }
    let step = Self.driftRate * (believed - level - drift(query.job, groups: numbers)) / Double(numbers.count)
    for number in numbers { effects[job][number, default: 0] += step }
  }

  private mutating func newPlace(_ query: MinutesQuery) -> Int {
    cells.append(Cell(job: query.job, occurrence: query.occurrence))
    items[query.item].cells.append(Int32(cells.count - 1))
    return cells.count - 1
  }
}
