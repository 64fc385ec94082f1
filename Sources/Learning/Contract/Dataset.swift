import Tabular

/// Rows to learn from: features, one or more targets, and what is known about each row besides.
public struct Dataset: Hashable, Sendable {
  /// The features.
  public let features: FeatureTable
  /// One array an output, each a finite number a row.
  public let targets: [[Double]]
  /// The outputs' names.
  public let targetNames: [String]
  /// How much each row counts, ≥ 0 and finite, not all 0; `nil`: all the same.
  public let weights: [Double]?
  /// What belongs together (an item's rows), one number a row; `nil`: every row stands for itself.
  public let groups: [Int]?
  /// When each row was known, in seconds since 1970; `nil`: not known.
  public let times: [Double]?

  /// Makes a dataset; throws when the parts do not fit each other, or a target or weight is not usable.
  public init(
    features: FeatureTable, targets: [[Double]], targetNames: [String]? = nil, weights: [Double]? = nil, groups: [Int]? = nil,
    times: [Double]? = nil
  ) throws(LearningError) {
    let count = features.rowCount
    guard !targets.isEmpty else { throw .data("a dataset needs at least one target") }
    let names = targetNames ?? (targets.count == 1 ? ["y"] : targets.indices.map { "y\($0 + 1)" })
    guard names.count == targets.count else { throw .data("\(names.count) names for \(targets.count) targets") }
    for (name, target) in zip(names, targets) {
      guard target.count == count else { throw .data("target '\(name)' has \(target.count) rows, the features have \(count)") }
      if let row = target.firstIndex(where: { !$0.isFinite }) {
        throw .data("target '\(name)' is \(target[row].shown) at row \(row + 1); expected finite numbers: leave such rows out")
      }
    }
    if let weights {
      guard weights.count == count else { throw .data("\(weights.count) weights for \(count) rows") }
      if let row = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
        throw .data("the weight of row \(row + 1) is \(weights[row].shown); expected a finite number ≥ 0")
      }
      guard count == 0 || weights.contains(where: { $0 > 0 }) else { throw .data("all weights are 0") }
    }
    if let groups, groups.count != count { throw .data("\(groups.count) groups for \(count) rows") }
    if let times {
      guard times.count == count else { throw .data("\(times.count) times for \(count) rows") }
      if let row = times.firstIndex(where: { !$0.isFinite }) { throw .data("the time of row \(row + 1) is \(times[row].shown)") }
    }
    self.features = features
    self.targets = targets
    self.targetNames = names
    self.weights = weights
    self.groups = groups
    self.times = times
  }

  /// Number of rows.
  public var rowCount: Int { features.rowCount }

  /// The rows at `rows`, in that order. Throws when none of them has a weight above 0.
  public func selecting(rows: [Int]) throws(LearningError) -> Dataset {
    try Dataset(
      features: features.selecting(rows: rows), targets: targets.map { target in rows.map { target[$0] } }, targetNames: targetNames,
      weights: weights.map { weights in rows.map { weights[$0] } }, groups: groups.map { groups in rows.map { groups[$0] } },
      times: times.map { times in rows.map { times[$0] } })
  }

  /// The rows of a weight above 0: all others must not have a say in anything.
  func withoutWeightlessRows() throws(LearningError) -> Dataset {
    guard let weights, weights.contains(0) else { return self }
    return try selecting(rows: weights.indices.filter { weights[$0] > 0 })
  }

  /// The same rows with other targets, one array an output.
  public func replacing(targets: [[Double]]) throws(LearningError) -> Dataset {
    try Dataset(features: features, targets: targets, targetNames: targetNames, weights: weights, groups: groups, times: times)
  }
}
