import Glibc

/// What is known of all operations at one instant: of a history that goes on, or frozen in a version.
protocol WorkKnowledge {
  /// Where an item's operation is kept, or `nil` when it has no results.
  func place(item: Int, job: Int32, occurrence: Int32) -> Int?
  /// Results that an item has.
  func resultCount(_ item: Int) -> Int
  /// Seconds since an item's first result; NaN before it.
  func age(_ item: Int, at time: Double) -> Double
  /// What the operation at a place took.
  func figures(_ place: Int) -> WorkFigures
  /// The middle of the logarithms of the operation's latest results, at most 25.
  func middle(_ place: Int) -> Double
  /// Trimmed mean of the operation's minutes without outliers, and how many results that is.
  mutating func summary(_ place: Int) -> (mean: Double, count: Double)
  /// Mean logarithm of a job's minutes; of all jobs' while it has none; NaN before the first result.
  func jobLogarithm(_ job: Int32) -> Double
  /// How much longer than expected the job took lately.
  func jobSurprise(_ job: Int32) -> Double
  /// Mean set-up minutes of the job.
  func jobSetup(_ job: Int32) -> Double
  /// How much longer than expected the job takes on a resource, drawn towards 0 while that is known from few results.
  func resourceOffset(_ job: Int32, _ resource: Int32) -> Double
  /// What has changed lately for work of which `numbers` are the groups: how much longer it takes than the level says, as a logarithm.
  func drift(_ job: Int32, groups numbers: [Int32]) -> Double
}

/// What one item's operation took.
struct WorkFigures {
  /// Results with minutes, and when the latest was completed.
  var count: Int
  var latest: Double
  /// Means of the logarithms of minutes and of quantities, and of set-up minutes; what is older counts less.
  var logarithm, logQuantity, setup: Double
  /// Mean of how much longer than expected it took lately, and how many results of `latest` that is worth.
  var surprise, surpriseWeight: Double

  /// How many results of now the recent ones are worth at `time`.
  func freshness(at time: Double) -> Double { surpriseWeight * exp2(-max(0, time - latest) / WorkMemory.recentHalfLife) }
}

/// Numbers of the groups that a change may concern: all work of a job, work without a resource, then the resources' own numbers, and from
/// ``firstFeature`` on levels of items' features.
enum WorkGroup {
  static let everything: Int32 = -2, noResource: Int32 = -1
  static let firstFeature: Int32 = 1 << 24

  /// The groups that work on a resource belongs to, whatever the item; `resource` is −1 where it has none.
  static func numbers(resource: Int32) -> [Int32] { [everything, resource < 0 ? noResource : resource] }
}
