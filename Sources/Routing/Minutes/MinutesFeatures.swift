import Glibc

/// One operation that minutes are wanted for, by the numbers of a history.
struct MinutesQuery {
  /// Its number; −1 when the history has no results of it. So has an unknown job −1.
  var item: Int
  var job, occurrence, resource: Int32
  /// Place in its order.
  var position: Int
  var quantity: Double
  /// When its order starts, in seconds since 1970.
  var time: Double
}

/// What is known about one operation before it is done, from a ``WorkMemory``.
struct MinutesFeatures {
  /// The logarithm of the minutes to expect, before what has changed lately and with it; NaN while nothing is known.
  private(set) var level = Double.nan, reference = Double.nan
  /// What the aggregation of similar items' results estimates, in minutes.
  private(set) var baseline = Double.nan
  /// The set-up minutes to expect.
  private(set) var setup = Double.nan
  /// The figures of ``names``, NaN where unknown.
  private(set) var values: [Double] = []

  /// Names of the figures. Those that end with `_ratio` are logarithms of minutes over the reference, so that what a model learns about them
  /// holds for short operations and long ones.
  static let names = [
    "occurrence", "position", "log_quantity", "reference_log", "baseline_ratio",  //
    "own_count", "own_ratio", "own_recent_ratio", "own_age_days", "own_quantity_ratio", "own_surprise",  //
    "alike_support", "alike_ratio", "nearest_ratio", "alike_recent_ratio", "alike_similarity", "alike_spread", "alike_surprise",  //
    "job_ratio", "job_surprise", "resource_offset", "drift", "item_results", "item_days", "setup_reference",
  ]

  /// An own result counts as one, what the nearest say as so many; more own results than the second number add nothing.
  private static let priorWeight = 2.0, mostOwn = 30
  /// A change of this size, as a logarithm, counts half.
  private static let doubtfulDrift = 0.1
  /// At this distance, 1 − cosine, another item counts a third (1/e) of the nearest.
  private static let nearness = 0.03

  /// Looks `query` up.
  ///
  /// - Parameters:
  ///   - alike: Items like it, most similar first, without itself.
  ///   - groups: Numbers of the groups that changes may concern.
  init(
    _ query: MinutesQuery, alike: some Sequence<AlikeItem>, groups: [Int32], in memory: inout some WorkKnowledge, options: PredictionOptions
  ) {
    let own = memory.place(item: query.item, job: query.job, occurrence: query.occurrence)
    let others = Self.cells(of: alike, query, memory, options)
    let cell = own.map { memory.figures($0) }
    let ownCount = cell?.count ?? 0
    let ownLog = ownCount > 0 ? cell?.logarithm ?? .nan : .nan
    let found = Self.means(of: others, memory, at: query.time)
    let jobLog = memory.jobLogarithm(query.job)
    let prior = !found.near.mean.isNaN ? found.near.mean : !found.broad.mean.isNaN ? found.broad.mean : jobLog

    var expected = Mean()
    expected.add(ownLog, Double(min(ownCount, Self.mostOwn)))
    expected.add(prior, Self.priorWeight)
    level = expected.mean
    let drift = memory.drift(query.job, groups: groups)
    // A small change may be chance and counts in part, a large one whole.
    reference = level + drift * drift * drift / (drift * drift + Self.doubtfulDrift * Self.doubtfulDrift)
    baseline = Self.baseline(own: own, others: others, in: &memory, options)
    let ownSetup = cell?.setup ?? .nan
    setup = ownSetup.isNaN ? memory.jobSetup(query.job) : ownSetup

    let logQuantity = log(query.quantity)
    values = [
      Double(query.occurrence), Double(query.position), logQuantity, reference, log(baseline) - reference,  //
      Double(ownCount), (own.map { memory.middle($0) } ?? .nan) - reference, ownLog - reference,
      (query.time - (cell?.latest ?? .nan)) / 86_400,
      logQuantity - (cell?.logQuantity ?? .nan), cell?.surprise ?? .nan,  //
      found.broad.weight, found.broad.mean - reference, found.near.mean - reference, found.recent.mean - reference,
      others.first?.similarity ?? .nan, found.broad.deviation, found.surprise.mean,  //
      jobLog - reference, memory.jobSurprise(query.job), memory.resourceOffset(query.job, query.resource), drift,
      Double(memory.resultCount(query.item)), memory.age(query.item, at: query.time) / 86_400, setup,
    ].map { $0.isFinite ? $0 : .nan }
  }

  /// Keeps what is expected alone.
  mutating func forgetValues() { values = [] }

  /// The operation of alike items that have results of it, most similar first, among as many items with results as are asked for. Below the
  /// floor of similarity only the nearest item counts, when none reaches it.
  private static func cells(
    of alike: some Sequence<AlikeItem>, _ query: MinutesQuery, _ memory: some WorkKnowledge, _ options: PredictionOptions
  ) -> [(place: Int, similarity: Double)] {
    var cells: [(place: Int, similarity: Double)] = []
    var asked = 0
    for other in alike where memory.resultCount(Int(other.item)) > 0 {
      let similarity = Double(other.similarity)
      if similarity < options.similarityFloor, asked > 0 { break }
      asked += 1
      if let place = memory.place(item: Int(other.item), job: query.job, occurrence: query.occurrence), memory.figures(place).count > 0 {
        cells.append((place, similarity))
      }
      if asked == options.neighbors { break }
    }
    return cells
  }

  /// What alike items took: all of them, the nearest above all, the recent above all, and how they surprised lately.
  private static func means(
    of others: [(place: Int, similarity: Double)], _ memory: some WorkKnowledge, at time: Double
  ) -> (broad: Mean, near: Mean, recent: Mean, surprise: Mean) {
    var (broad, near, recent, surprise) = (Mean(), Mean(), Mean(), Mean())
    for other in others {
      let cell = memory.figures(other.place)
      let support = Double(cell.count) / Double(cell.count + 1)
      let freshness = other.similarity * cell.freshness(at: time)
      broad.add(cell.logarithm, other.similarity * support)
      near.add(cell.logarithm, exp((other.similarity - 1) / nearness) * support)
      recent.add(cell.logarithm, freshness)
      surprise.add(cell.surprise, freshness)
    }
    return (broad, near, recent, surprise)
  }

  /// The aggregation that the baseline serves: own results first, alike items' by similarity × samples while own ones are few.
  private static func baseline(
    own: Int?, others: [(place: Int, similarity: Double)], in memory: inout some WorkKnowledge, _ options: PredictionOptions
  ) -> Double {
    var (mine, theirs) = (Mean(), Mean())
    if let own {
      let summary = memory.summary(own)
      mine.add(summary.mean, summary.count)
    }
    for other in others {
      let summary = memory.summary(other.place)
      theirs.add(summary.mean, other.similarity * summary.count)
    }
    let gap = mine.weight == 0 ? theirs.weight : min(theirs.weight, max(0, Double(options.ownSamplesMin) - mine.weight))
    var all = mine
    all.add(theirs.mean, gap)
    return all.mean
  }
}

/// An item like another.
struct AlikeItem {
  var item: Int32
  var similarity: Float
}

/// A weighted mean and deviation of the values that are numbers.
private struct Mean {
  private(set) var weight = 0.0
  private var sum = 0.0, squares = 0.0

  mutating func add(_ value: Double, _ weight: Double) {
    guard value.isFinite, weight > 0 else { return }
    self.weight += weight
    sum += weight * value
    squares += weight * value * value
  }

  var mean: Double { weight > 0 ? sum / weight : .nan }
  var deviation: Double { weight > 0 ? max(0, squares / weight - mean * mean).squareRoot() : .nan }
}
