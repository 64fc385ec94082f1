import Tabular

/// Confidence intervals by drawing again: whole clusters (items), not rows, since the results of one item are alike.
///
/// B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993: percentile intervals. The same seed and the same clusters in the
/// same order give the same interval.
public struct Bootstrap: Hashable, Sendable {
  /// How many times all clusters are drawn, 1…100,000: beyond that an interval's ends move by less than anybody shows.
  public let resamples: Int
  /// How often such an interval holds the true value, above 0 and below 1.
  public let confidence: Double
  /// Where the draws start.
  public let seed: UInt64

  /// Makes a bootstrap of `resamples` draws.
  public init(resamples: Int = 1000, confidence: Double = 0.95, seed: UInt64) throws(MetricError) {
    guard (1...100_000).contains(resamples) else {
      throw .argument(name: "resamples", metric: "bootstrap", expected: "an integer 1…100000", got: "\(resamples)")
    }
    guard confidence > 0, confidence < 1 else {
      throw .argument(name: "confidence", metric: "bootstrap", expected: "a number between 0 and 1", got: "\(confidence)")
    }
    self.resamples = resamples
    self.confidence = confidence
    self.seed = seed
  }

  /// The interval of a statistic that is a function of sums over clusters, such as a mean (sum ÷ count) or a pooled share.
  ///
  /// `sums` holds, cluster after cluster, the `width` sums of that cluster; `statistic` gets their totals over a draw.
  /// None below two clusters or where the statistic has no value. O(resamples × clusters × width).
  public func interval(sums: [Double], width: Int, statistic: ([Double]) -> Double?) -> Interval? {
    interval(of: resample(sums: sums, width: width, statistic: statistic))
  }

  /// The interval of any statistic of rows; `clusters` names the cluster of each row, and `statistic` gets the rows of a draw, a row
  /// as often as its cluster was drawn. None below two clusters. O(resamples × rows) and what the statistic costs.
  public func interval(clusters: [Int], statistic: ([Int]) -> Double?) -> Interval? {
    let clusters = Clusters(clusters)
    guard clusters.count >= 2 else { return nil }
    var generator = SeededGenerator(seed: seed, stream: "bootstrap")
    var values: [Double] = []
    var rows: [Int] = []
    for _ in 0..<resamples {
      rows.removeAll(keepingCapacity: true)
      for _ in 0..<clusters.count { rows += clusters.rows(of: generator.integer(below: clusters.count)) }
      if let value = statistic(rows), value.isFinite { values.append(value) }
    }
    return interval(of: values)
  }

  /// The interval of `mae`, `rmse`, `bias` or `wape` of pairs; `clusters` names the cluster of each pair. None for other metrics.
  public func interval(of metric: Metric, _ actual: [Double], _ predicted: [Double], clusters: [Int]) throws(MetricError) -> Interval? {
    try Self.check(metric, actual, predicted, clusters)
    let pairs: (([Double]) -> Double)? =
      switch metric {
      case .mae: { $0[1] / $0[0] }
      case .bias: { $0[2] / $0[0] }
      case .rmse: { ($0[3] / $0[0]).squareRoot() }
      case .wape: { $0[1] / $0[4] }
      default: nil
      }
    guard let pairs else { return nil }
    let clusters = Clusters(clusters)
    var sums = [Double](repeating: 0, count: clusters.count * 5)
    for row in actual.indices {
      let error = predicted[row] - actual[row]
      guard error.isFinite else { continue }
      let start = clusters.codes[row] * 5
      sums[start] += 1
      sums[start + 1] += abs(error)
      sums[start + 2] += error
      sums[start + 3] += error * error
      sums[start + 4] += actual[row]
    }
    return interval(sums: sums, width: 5) { $0[0] > 0 ? pairs($0) : nil }
  }

  /// The interval of `trim_mae`; `clusters` names the cluster of each pair. Errors are sorted once: O(n log n + resamples × n).
  public func trimMaeInterval(
    _ actual: [Double], _ predicted: [Double], ratio: Double = 0.1, clusters: [Int]
  ) throws(MetricError) -> Interval? {
    try Self.check(.trimMae, actual, predicted, clusters)
    let clusters = Clusters(clusters)
    guard clusters.count >= 2 else { return nil }
    let errors = actual.indices.lazy.map { (error: abs(predicted[$0] - actual[$0]), cluster: clusters.codes[$0]) }
      .filter(\.error.isFinite).sorted { $0.error < $1.error }
    var generator = SeededGenerator(seed: seed, stream: "bootstrap")
    var values: [Double] = []
    var weights = [Int](repeating: 0, count: clusters.count)
    for _ in 0..<resamples {
      for cluster in weights.indices { weights[cluster] = 0 }
      for _ in 0..<clusters.count { weights[generator.integer(below: clusters.count)] += 1 }
      let count = errors.reduce(0) { $0 + weights[$1.cluster] }
      if count == 0 { continue }
      let trimmed = Int(Double(count) * ratio)
      let kept = count > 2 * trimmed ? trimmed..<count - trimmed : 0..<count
      var (sum, rank) = (0.0, 0)
      for (error, cluster) in errors {
        let next = rank + weights[cluster]
        sum += error * Double(max(0, min(next, kept.upperBound) - max(rank, kept.lowerBound)))
        rank = next
      }
      values.append(sum / Double(kept.count))
    }
    return interval(of: values)
  }

  /// The statistic of each draw that has one.
  func resample(sums: [Double], width: Int, statistic: ([Double]) -> Double?) -> [Double] {
    precondition(width > 0 && sums.count % width == 0, "\(sums.count) sums of width \(width)")
    let count = sums.count / width
    guard count >= 2 else { return [] }
    var generator = SeededGenerator(seed: seed, stream: "bootstrap")
    var values: [Double] = []
    values.reserveCapacity(resamples)
    var totals = [Double](repeating: 0, count: width)
    for _ in 0..<resamples {
      for index in 0..<width { totals[index] = 0 }
      for _ in 0..<count {
        let start = generator.integer(below: count) * width
        for index in 0..<width { totals[index] += sums[start + index] }
      }
      if let value = statistic(totals), value.isFinite { values.append(value) }
    }
    return values
  }

  /// The percentile interval of drawn values.
  func interval(of values: [Double]) -> Interval? {
    let sorted = values.sorted()
    let tail = (1 - confidence) / 2
    guard let lower = Distribution.quantile(ofSorted: sorted, tail), let upper = Distribution.quantile(ofSorted: sorted, 1 - tail) else {
      return nil
    }
    return Interval(lower: lower, upper: upper, confidence: confidence)
  }

  private static func check(_ metric: Metric, _ actual: [Double], _ predicted: [Double], _ clusters: [Int]) throws(MetricError) {
    for other in [predicted.count, clusters.count] where other != actual.count {
      throw .length(metric: metric.name, expected: actual.count, got: other)
    }
  }
}

/// Rows by cluster; clusters are numbered in order of first appearance.
struct Clusters {
  /// The cluster of each row, in `0..<count`.
  let codes: [Int]
  /// Number of clusters.
  let count: Int
  private let starts: [Int]
  private let order: [Int]

  init(_ names: [Int]) {
    var known: [Int: Int] = [:]
    codes = names.map { name in
      let code = known[name] ?? known.count
      known[name] = code
      return code
    }
    count = known.count
    var starts = [Int](repeating: 0, count: known.count + 1)
    for code in codes { starts[code + 1] += 1 }
    for cluster in 0..<known.count { starts[cluster + 1] += starts[cluster] }
    var next = starts
    var order = [Int](repeating: 0, count: names.count)
    for (row, code) in codes.enumerated() {
      order[next[code]] = row
      next[code] += 1
    }
    self.starts = starts
    self.order = order
  }

  func rows(of cluster: Int) -> ArraySlice<Int> { order[starts[cluster]..<starts[cluster + 1]] }
}
