#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// How far values now lie from those of before. NaN and infinities are left out and counted.
public enum Drift {
  /// Population stability index: Σ (now − before) · ln(now ÷ before) over the shares of values in bins that hold equal parts of
  /// `reference`; 0 is no drift, above 0.2 is often read as drift.
  ///
  /// A bin holds its upper edge; edges that coincide are one. A share below 0.0001 counts as that much, so an empty bin stays finite.
  /// O(n log n).
  /// - Parameter bins: Bins of `reference`, 2…10,000.
  public static func psi(reference: [Double], current: [Double], bins: Int = 10) throws(MetricError) -> Measurement {
    guard (2...10_000).contains(bins) else {
      throw .argument(name: "bins", metric: Metric.psi.name, expected: "an integer 2…10000", got: "\(bins)")
    }
    let before = reference.filter { $0.isFinite }.sorted()
    let now = current.filter { $0.isFinite }
    var edges: [Double] = []
    for bin in 1..<bins {
      guard let edge = Distribution.quantile(ofSorted: before, Double(bin) / Double(bins)) else { break }
      if edge != edges.last { edges.append(edge) }
    }
    var counts = [[Int]](repeating: Array(repeating: 0, count: edges.count + 1), count: 2)
    for value in before { counts[0][edges.partitioningIndex { $0 >= value }] += 1 }
    for value in now { counts[1][edges.partitioningIndex { $0 >= value }] += 1 }
    return psi(counts[0], counts[1], excluded: reference.count + current.count - before.count - now.count)
  }

  /// Population stability index of a feature with levels: `reference` and `current` hold the number of values of each level.
  public static func psi(referenceCounts: [Int], currentCounts: [Int]) throws(MetricError) -> Measurement {
    guard referenceCounts.count == currentCounts.count else {
      throw .length(metric: Metric.psi.name, expected: referenceCounts.count, got: currentCounts.count)
    }
    return psi(referenceCounts, currentCounts, excluded: 0)
  }

  /// The two-sample Kolmogorov-Smirnov statistic: the largest gap between the two cumulative distributions, with the probability of
  /// a gap as large where nothing has changed.
  ///
  /// The probability is Kolmogorov's limit with Stephens's correction for small samples (M. Stephens, "Use of the Kolmogorov-Smirnov,
  /// Cramér-von Mises and related statistics without extensive tables", 1970): good from some ten values on. O(n log n).
  public static func ks(reference: [Double], current: [Double]) -> (statistic: Measurement, pValue: Double?) {
    let before = reference.filter { $0.isFinite }.sorted()
    let now = current.filter { $0.isFinite }.sorted()
    let excluded = reference.count + current.count - before.count - now.count
    guard !before.isEmpty, !now.isEmpty else {
      return (Measurement(.ks, value: nil, count: before.count + now.count, excluded: excluded), nil)
    }
    var (i, j, gap) = (0, 0, 0.0)
    while i < before.count, j < now.count {
      let value = min(before[i], now[j])
      while i < before.count, before[i] == value { i += 1 }
      while j < now.count, now[j] == value { j += 1 }
      gap = max(gap, abs(Double(i) / Double(before.count) - Double(j) / Double(now.count)))
    }
    let size = (Double(before.count) * Double(now.count) / Double(before.count + now.count)).squareRoot()
    return (
      Measurement(.ks, value: gap, count: before.count + now.count, excluded: excluded),
      kolmogorovTail((size + 0.12 + 0.11 / size) * gap)
    )
  }

  private static func psi(_ before: [Int], _ now: [Int], excluded: Int) -> Measurement {
    let totals = (before.reduce(0, +), now.reduce(0, +))
    guard totals.0 > 0, totals.1 > 0 else { return Measurement(.psi, value: nil, count: totals.0 + totals.1, excluded: excluded) }
    var sum = 0.0
    for (left, right) in zip(before, now) {
      let (was, is_) = (max(Double(left) / Double(totals.0), 1e-4), max(Double(right) / Double(totals.1), 1e-4))
      sum += (is_ - was) * log(is_ / was)
    }
    return Measurement(.psi, value: sum, count: totals.0 + totals.1, excluded: excluded)
  }

  /// Probability that Kolmogorov's distribution exceeds `x`: 2 Σ (−1)^(j−1) exp(−2j²x²).
  private static func kolmogorovTail(_ x: Double) -> Double {
    if x < 0.2 { return 1 }
    var (sum, sign) = (0.0, 1.0)
    for term in 1...100 {
      let part = exp(-2 * Double(term * term) * x * x)
      sum += sign * part
      if part < 1e-16 { break }
      sign = -sign
    }
    return min(1, max(0, 2 * sum))
  }
}

extension [Double] {
  /// The first position from which on `isAfter` holds; the array is partitioned by it.
  fileprivate func partitioningIndex(_ isAfter: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
