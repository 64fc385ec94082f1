public import Tabular

/// How the level of some work moved since the champion learnt, period by period, against what it was at first.
public struct DriftChart: Hashable, Sendable {
  /// What the chart is of: everything, a job wherever it is done, or a job on one resource.
  public enum Level: String, Sendable, CaseIterable {
    case all, job, group
  }

  /// What it is of.
  public var level: Level
  /// The job and the resource; `nil` where the chart is of all of them, and where a resource was not reported.
  public var job: String?, resource: String?
  /// Results behind it, and their share of all results, 0…1.
  public var results = 0, share = 0.0
  /// When each period ended, in seconds since 1970: its last cycle.
  public var ends: [Double] = []
  /// How far each period's level lies from the reference, as the logarithm of a ratio of minutes, and its standard error.
  public var deviations: [Double] = [], errors: [Double] = []

  /// What charts are made by.
  public struct Options: Hashable, Sendable {
    /// Days whose cycles are taken together, above 0: with fewer results a period, chance hides more of each.
    public var periodDays = 7.0
    /// Periods after the champion learnt that tell what is usual, ≥ 1.
    public var referencePeriods = 6
    /// Least share of all results that a job or a group must have for a chart of its own, 0…1.
    public var minShare = 0.03
    /// Standard deviation from period to period of the level of a job, and of a job on one resource, where nothing changes: other orders,
    /// other items, learning.
    public var wander = 0.02, groupWander = 0.05

    /// The defaults, by simulation over plants in which nothing changes.
    public init() {}
  }

  /// Standard deviation, where nothing has changed, of what is usual: everything around 0, a job around everything, a group around its
  /// job. Machines differ more than jobs do. What is usual is a mean of what was seen in the first periods and of this, so little
  /// evidence does not move it far, and a resource that comes new is held against its job.
  static let (usualAll, usualJob, usualGroup) = (0.05, 0.03, 0.06)
  /// Standard deviation of one result's log ratio before anything was seen, and as how many results it counts.
  static let (priorSpread, priorCount) = (0.2, 20.0)
  /// Groups of fewer results in a period count as so many errors at most: a robust mean needs some ten values.
  static let (fewResults, fewClip) = (10, 3.0)
}

extension DriftChart {
  /// The charts of `groups`, a frame with the columns `as_of`, `resource_code`, `job_code`, `results`, `mean_log_ratio`, `spread` and
  /// `first_completed_at`, a row a group and cycle: that of everything first, then of jobs and groups by the bytes of their codes.
  ///
  /// A job's chart is the mean of its groups' deviations, so machines that are busy at other times do not show as drift, and a new
  /// machine does. A period's error holds chance (from the spreads of earlier periods), what is not known of the reference, and
  /// ``Options/wander``. A period depends on earlier ones alone.
  ///
  /// - Throws: ``FrameError`` when a column is absent or of another type, or an option is out of its bounds.
  /// - Complexity: O(rows · log rows).
  public static func charts(of groups: Frame, _ options: Options = Options()) throws(FrameError) -> [DriftChart] {
    guard options.periodDays > 0, options.referencePeriods >= 1, options.wander >= 0, options.groupWander >= 0,
      (0...1).contains(options.minShare)
    else {
      throw .argument(
        "period_days must be > 0, reference_periods ≥ 1, wander and group_wander ≥ 0 and min_share in 0…1, got \(options.periodDays), "
          + "\(options.referencePeriods), \(options.wander), \(options.groupWander), \(options.minShare)")
    }
    var charting = Charting(options)
    for period in try Period.periods(of: groups, days: options.periodDays) { charting.add(period) }
    let total = Double(charting.total)
    return charting.charts.values.map { chart in
      var chart = chart
      chart.share = Double(chart.results) / total
      return chart
    }.filter { $0.level == .all || $0.share >= options.minShare }.sorted { left, right in
      let order = { (chart: DriftChart) in
        [chart.level == .all ? "0" : "1", chart.job ?? "", chart.level.rawValue == "job" ? "0" : "1", chart.resource ?? ""]
      }
      return order(left).lexicographicallyPrecedes(order(right)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }
}

/// A job on a resource.
private struct GroupKey: Hashable {
  var job: String
  var resource: String?
}

/// What one group did in one period.
private struct GroupFigures {
  var results = 0.0, mean = 0.0
  var squares = 0.0, freedom = 0.0

  mutating func add(results count: Double, mean value: Double, spread: Double?) {
    mean = (mean * results + value * count) / (results + count)
    results += count
    if let spread, count > 1 {
      squares += (count - 1) * spread * spread
      freedom += count - 1
    }
  }
}

/// All groups of one period, in order of their first rows.
private struct Period {
  var end: Double
  var keys: [GroupKey] = []
  var figures: [GroupKey: GroupFigures] = [:]

  static func periods(of groups: Frame, days: Double) throws(FrameError) -> [Period] {
    let (jobs, resources) = (try groups.column("job_code"), try groups.column("resource_code"))
    let (asOf, first) = (try groups.column("as_of"), try groups.column("first_completed_at"))
    let counts = try groups.column("results")
    let (means, spreads) = (try groups.column("mean_log_ratio"), try groups.column("spread"))
    var origin = Double.infinity
    for row in 0..<groups.rowCount { origin = min(origin, first.timestamp(row)?.seconds ?? .infinity) }
    var periods: [Int: Period] = [:]
    for row in 0..<groups.rowCount {
      guard let end = asOf.timestamp(row)?.seconds, let job = jobs.text(row), let count = counts.number(row), count >= 1,
        let mean = means.number(row), mean.isFinite
      else { continue }
      // Times that are no times would be periods beyond all integers.
      let number = Int(min(1e9, max(0, ((end - origin) / 86_400 / days).rounded(.down))))
      let key = GroupKey(job: job, resource: resources.text(row))
      var period = periods[number] ?? Period(end: end)
      period.end = max(period.end, end)
      if period.figures[key] == nil { period.keys.append(key) }
      period.figures[key, default: GroupFigures()].add(results: count, mean: mean, spread: spreads.number(row))
      periods[number] = period
    }
    return periods.sorted { $0.key < $1.key }.map(\.value)
  }
}

/// A mean of what was believed before and what was seen, each by its certainty.
private struct Reference {
  private var weight = 0.0, sum = 0.0

  mutating func add(_ value: Double, variance: Double) {
    weight += 1 / variance
    sum += value / variance
  }

  func value(around prior: Double, spread: Double) -> (mean: Double, variance: Double) {
    let certainty = 1 / (spread * spread)
    return ((sum + prior * certainty) / (weight + certainty), 1 / (weight + certainty))
  }
}

/// Charts as they grow, period by period.
private struct Charting {
  struct ChartKey: Hashable {
    var level: DriftChart.Level
    var group: GroupKey?
  }

  let options: DriftChart.Options
  private(set) var charts: [ChartKey: DriftChart] = [:]
  private(set) var total = 0
  private var periods = 0
  private var everything = Reference(), jobs: [String: Reference] = [:], groups: [GroupKey: Reference] = [:]
  private var squares: [String: Double] = [:], freedom: [String: Double] = [:]
  private var allSquares = 0.0, allFreedom = 0.0

  init(_ options: DriftChart.Options) { self.options = options }

  /// The variance of one result's log ratio, as earlier periods have it.
  private func variance(of job: String) -> Double {
    let (prior, count) = (DriftChart.priorSpread * DriftChart.priorSpread, DriftChart.priorCount)
    let pooled = (allSquares + count * prior) / (allFreedom + count)
    return ((squares[job] ?? 0) + count * pooled) / ((freedom[job] ?? 0) + count)
  }

  /// Some groups' deviations as one, by their results.
  private struct Pool {
    var results = 0.0, sum = 0.0, variance = 0.0

    mutating func add(_ count: Double, _ deviation: Double, _ variance: Double) {
      results += count
      sum += count * deviation
      self.variance += count * count * variance
    }
  }

  mutating func add(_ period: Period) {
    let usual = everything.value(around: 0, spread: DriftChart.usualAll).mean
    var pools: [ChartKey: Pool] = [:]
    var seen: [String: (results: Double, sum: Double)] = [:]
    let wander = options.wander * options.wander
    for key in period.keys {
      guard let figures = period.figures[key] else { continue }
      let ofJob = jobs[key.job, default: Reference()].value(around: usual, spread: DriftChart.usualJob).mean
      let reference = groups[key, default: Reference()].value(around: ofJob, spread: DriftChart.usualGroup)
      let chance = variance(of: key.job) / figures.results
      var deviation = figures.mean - reference.mean
      let error = chance + reference.variance
      if figures.results < Double(DriftChart.fewResults) {
        let most = DriftChart.fewClip * error.squareRoot()
        deviation = min(max(deviation, -most), most)
      }
      for chart in [ChartKey(level: .group, group: key), .init(level: .job, group: GroupKey(job: key.job)), .init(level: .all)] {
        pools[chart, default: Pool()].add(figures.results, deviation, error)
      }
      seen[key.job, default: (0, 0)].results += figures.results
      seen[key.job, default: (0, 0)].sum += figures.results * figures.mean
    }
    for (key, pool) in pools {
      var chart = charts[key] ?? DriftChart(level: key.level, job: key.group?.job, resource: key.group?.resource)
      chart.results += Int(pool.results)
      chart.ends.append(period.end)
      chart.deviations.append(pool.sum / pool.results)
      let between = key.level == .group ? options.groupWander * options.groupWander : wander
      chart.errors.append((pool.variance / (pool.results * pool.results) + between).squareRoot())
      charts[key] = chart
      if key.level == .all { total += Int(pool.results) }
    }
    learn(period, seen, wander)
  }

  /// Takes a period for what is usual, while it is one of the first, and its spreads for what chance does.
  private mutating func learn(_ period: Period, _ seen: [String: (results: Double, sum: Double)], _ wander: Double) {
    if periods < options.referencePeriods {
      var (results, sum) = (0.0, 0.0)
      for (job, figures) in seen.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
        jobs[job, default: Reference()].add(figures.sum / figures.results, variance: variance(of: job) / figures.results + wander)
        results += figures.results
        sum += figures.sum
      }
      if results > 0 {
        let chance = DriftChart.priorSpread * DriftChart.priorSpread / results
        everything.add(sum / results, variance: max(chance + wander, .leastNormalMagnitude))
      }
      for key in period.keys {
        guard let figures = period.figures[key] else { continue }
        groups[key, default: Reference()].add(figures.mean, variance: variance(of: key.job) / figures.results + wander)
      }
    }
    for key in period.keys {
      guard let figures = period.figures[key] else { continue }
      squares[key.job, default: 0] += figures.squares
      freedom[key.job, default: 0] += figures.freedom
      allSquares += figures.squares
      allFreedom += figures.freedom
    }
    periods += 1
  }
}
