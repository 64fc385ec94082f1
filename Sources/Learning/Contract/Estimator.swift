import Synchronization
public import Tabular

/// A way to learn: parameters, checked when they were set. Fitting makes another type, so that nothing half-fitted can be asked.
///
///     let forest = try ForestRegressor(treeCount: 200)
///     let model = try forest.fit(dataset, in: FitContext(seed: 42))
///     let minutes = try model.predict(features)[0]
/// Same parameters, same data, same seed: the same model bytes, whatever the number of threads.
public protocol Estimator: Parameterised, Hashable {
  associatedtype Fitted: Model

  /// What it does, in a sentence, for whoever chooses one.
  static var summary: String { get }

  /// Learns from `data`, which has at least one row.
  ///
  /// Progress and cancellation go through `context`; a cancelled fit throws ``LearningError/cancelled`` within 100 ms.
  func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> Fitted
}

extension Estimator {
  /// Its name, where nothing else is said.
  public static var summary: String { "The estimator `\(name)`." }

  /// Fits, for callers that do not know which estimator it is.
  public func fitted(_ data: Dataset, in context: FitContext) throws(LearningError) -> any Model {
    try checkUsable(data)
    return try fit(data, in: context)
  }

  /// Refuses data that no estimator can learn from.
  func checkUsable(_ data: Dataset) throws(LearningError) {
    guard data.rowCount > 0 else { throw .data("\(Self.name) cannot be fitted on no rows") }
  }
}

/// What was learnt: can predict, and can be written out.
public protocol Model: Sendable {
  /// What kind of model it is, in files.
  static var kind: String { get }
  /// Adds all that ``init(from:)`` needs.
  func write(to file: inout ModelWriter)
  /// Reads a model; throws when something lacks or does not fit together, so that predicting never fails for its sake.
  init(from file: ModelReader) throws(LearningError)

  /// The features that it was fitted on.
  var schema: FeatureSchema { get }
  /// Names of its outputs.
  var targetNames: [String] { get }

  /// What there is to see inside: coefficients, gains, curves, by name.
  var inside: [String: PlainValue] { get }

  /// How many rows can be predicted on one thread, on any CPU, before the question whether to stop is due.
  var rowsBetweenChecks: Int { get }

  /// The predictions for each row of `features`: one array an output, a finite number a row.
  ///
  /// Features are matched by name; a level that the model never saw is missing. The same row gets the same bits whatever else is in
  /// the table and however many threads work.
  func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]]
}

extension Model {
  /// Nothing that a person would read.
  public var inside: [String: PlainValue] { [:] }

  /// 512, which take most models some milliseconds.
  public var rowsBetweenChecks: Int { 512 }

  /// The predictions for each row of `features`, on two threads.
  public func predict(_ features: FeatureTable) throws(LearningError) -> [[Double]] { try predict(features, threads: 2) }

  /// The predictions for each row of `features`, some rows at a time: between them the work can be cancelled.
  public func predict(_ features: FeatureTable, in context: FitContext) throws(LearningError) -> [[Double]] {
    let rowsAtATime = rowsBetweenChecks
    try context.checkCancellation()
    if features.rowCount <= rowsAtATime { return try predict(features, threads: context.threads) }
    let table = try schema.aligned(features)
    var outputs = targetNames.map { _ in [Double]() }
    for start in stride(from: 0, to: table.rowCount, by: rowsAtATime) {
      try context.checkCancellation()
      let part = table.selecting(rows: Array(start..<min(start + rowsAtATime, table.rowCount)))
      for (output, values) in try predict(part, threads: context.threads).enumerated() { outputs[output] += values }
    }
    return outputs
  }
}

/// What a fit gets besides data: where its randomness comes from, how many threads it may use, whom to tell, whether to go on.
public struct FitContext: Sendable {
  /// Seed of everything random.
  public var seed: UInt64
  /// At most so many threads work at a time, at least 1.
  public var threads: Int
  private let report: (@Sendable (Double) -> Void)?
  private let stop: Stop?

  /// Makes a context.
  ///
  /// - Parameters:
  ///   - progress: Told the share that is done, 0…1, from any thread, not more often than it makes a difference to a person.
  ///   - shouldStop: Asked from any thread at least every 100 ms of work, until it once says so.
  public init(
    seed: UInt64 = 42, threads: Int = 2, progress: (@Sendable (Double) -> Void)? = nil, shouldStop: (@Sendable () -> Bool)? = nil
  ) {
    self.seed = seed
    self.threads = max(1, threads)
    report = progress
    stop = shouldStop.map(Stop.init)
  }

  private init(seed: UInt64, threads: Int, report: (@Sendable (Double) -> Void)?, stop: Stop?) {
    (self.seed, self.threads, self.report, self.stop) = (seed, max(1, threads), report, stop)
  }

  /// Whether the work is to end; kernels that run in parts ask between them.
  public var isCancelled: Bool { stop?.isWanted ?? false }

  /// Throws when the work is to end.
  public func checkCancellation() throws(LearningError) { if isCancelled { throw .cancelled } }

  /// Tells that a share of the work, 0…1, is done.
  public func progress(_ share: Double) { report?(min(1, max(0, share))) }

  /// The context of one part of the work: a stream of randomness of its own, some threads, and progress from `done` to `until`.
  public func part(_ name: String, threads: Int? = nil, from done: Double = 0, to until: Double = 1) -> FitContext {
    var generator = SeededGenerator(seed: seed, stream: name)
    var progress: (@Sendable (Double) -> Void)?
    if let report { progress = { report(done + $0 * (until - done)) } }
    return FitContext(seed: generator.next(), threads: threads ?? self.threads, report: progress, stop: stop)
  }

  /// The same without progress: for work whose share is told elsewhere.
  var withoutProgress: FitContext { FitContext(seed: seed, threads: threads, report: nil, stop: stop) }

  /// The same for a stretch of the work, from `done` to `until` of it.
  func stretch(from done: Double, to until: Double) -> FitContext {
    guard let report else { return self }
    return FitContext(seed: seed, threads: threads, report: { report(done + $0 * (until - done)) }, stop: stop)
  }

  /// The context of one of several parts that are worked on side by side, with a stream of randomness of its own. What is told of the whole
  /// is the mean of what the parts tell.
  func part(_ name: String, threads: Int, number: Int, of shares: ProgressShares) -> FitContext {
    var part = part(name, threads: threads).withoutProgress
    if let report {
      part = FitContext(seed: part.seed, threads: threads, report: { shares.tell($0, of: number, report) }, stop: stop)
    }
    return part
  }

  /// A wish to stop, which is kept: a part of the work that was left out because of it is never taken for done by others that ask later.
  private final class Stop: Sendable {
    private let ask: @Sendable () -> Bool
    private let isTold = Atomic<Bool>(false)

    init(_ ask: @escaping @Sendable () -> Bool) { self.ask = ask }

    var isWanted: Bool {
      if isTold.load(ordering: .relaxed) { return true }
      guard ask() else { return false }
      isTold.store(true, ordering: .relaxed)
      return true
    }
  }
}

/// What is done of each of several parts that are worked on side by side.
final class ProgressShares: Sendable {
  private let shares: Mutex<[Double]>
  private let end: Double

  /// Makes the shares of `count` parts, of which nothing is done yet; all of them are `end` of the whole.
  init(_ count: Int, end: Double = 1) {
    shares = Mutex(Array(repeating: 0, count: count))
    self.end = end
  }

  /// Takes in that `share` of `part` is done, and reports the mean. In turn, so that what is reported never falls.
  func tell(_ share: Double, of part: Int, _ report: (Double) -> Void) {
    shares.withLock { shares in
      shares[part] = max(shares[part], share)
      report(end * shares.reduce(0, +) / Double(shares.count))
    }
  }
}
