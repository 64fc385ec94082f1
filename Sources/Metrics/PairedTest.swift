import Tabular

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Whether two lists of errors of the same rows differ by more than chance: the mean of first − second, how sure it is, and how likely
/// one so far from zero is where there is no difference.
public struct PairedTest: Hashable, Codable, Sendable {
  /// Number of pairs used, and of those left out because their difference is no finite number.
  public var count, excluded: Int
  /// Number of clusters drawn from; as many as pairs when each stands alone.
  public var clusters: Int
  /// Mean of first − second; `nil` without pairs.
  public var meanDifference: Double?
  /// Range of the true mean difference.
  public var interval: Interval?
  /// Two-sided probability of so large a difference by chance, 0…1; `nil` where it cannot be told.
  public var pValue: Double?

  /// Student's test of paired differences, each pair on its own. None below two pairs; differences that are all equal give
  /// probability 1 when zero and 0 otherwise. O(n).
  public static func student(_ first: [Double], _ second: [Double], confidence: Double = 0.95) throws(MetricError) -> PairedTest {
    guard first.count == second.count else { throw .length(metric: "paired_test", expected: first.count, got: second.count) }
    guard confidence > 0, confidence < 1 else {
      throw .argument(name: "confidence", metric: "paired_test", expected: "a number between 0 and 1", got: "\(confidence)")
    }
    let differences = zip(first, second).map { $0 - $1 }.filter { $0.isFinite }
    var test = PairedTest(
      count: differences.count, excluded: first.count - differences.count, clusters: differences.count,
      meanDifference: Distribution.mean(differences))
    guard let mean = test.meanDifference, let deviation = Distribution.standardDeviation(differences) else { return test }
    let freedom = Double(differences.count - 1)
    let standardError = deviation / Double(differences.count).squareRoot()
    test.pValue = standardError > 0 ? studentTails(mean / standardError, freedom) : mean == 0 ? 1 : 0
    let reach = studentQuantile(tails: 1 - confidence, freedom) * standardError
    test.interval = Interval(lower: mean - reach, upper: mean + reach, confidence: confidence)
    return test
  }

  /// The paired difference by drawing clusters again: right also where the rows of an item are alike. The probability is twice the
  /// smaller share of draws on either side of zero, the observed one counted in. None below two clusters. O(resamples × clusters).
  public static func bootstrap(
    _ first: [Double], _ second: [Double], clusters: [Int], using bootstrap: Bootstrap
  ) throws(MetricError) -> PairedTest {
    for other in [second.count, clusters.count] where other != first.count {
      throw .length(metric: "paired_test", expected: first.count, got: other)
    }
    let used = first.indices.filter { (first[$0] - second[$0]).isFinite }
    let groups = Clusters(used.map { clusters[$0] })
    var sums = [Double](repeating: 0, count: groups.count * 2)
    for (position, row) in used.enumerated() {
      sums[groups.codes[position] * 2] += first[row] - second[row]
      sums[groups.codes[position] * 2 + 1] += 1
    }
    var test = PairedTest(
      count: used.count, excluded: first.count - used.count, clusters: groups.count,
      meanDifference: Distribution.mean(used.map { first[$0] - second[$0] }))
    let means = bootstrap.resample(sums: sums, width: 2) { $0[0] / $0[1] }
    if means.isEmpty { return test }
    test.interval = bootstrap.interval(of: means)
    let (below, above) = (means.count { $0 <= 0 }, means.count { $0 >= 0 })
    test.pValue = min(1, 2 * Double(min(below, above) + 1) / Double(means.count + 1))
    return test
  }

  /// Probability that Student's distribution lies further from zero than `t`.
  static func studentTails(_ t: Double, _ freedom: Double) -> Double {
    regularizedBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
  }

  /// The t beyond which, on both sides together, `tails` of Student's distribution lies. By halving: 200 steps exhaust a `Double`.
  static func studentQuantile(tails: Double, _ freedom: Double) -> Double {
    var (low, high) = (0.0, 1.0)
    while studentTails(high, freedom) > tails, high < 1e300 { high *= 2 }
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle == low || middle == high { break }
      if studentTails(middle, freedom) > tails { low = middle } else { high = middle }
    }
    return high
  }

  /// Regularized incomplete beta function by its continued fraction (W. Lentz's method; NIST DLMF 8.17.22).
  private static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - regularizedBeta(1 - x, b, a) }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    func kept(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0
    var d = 1 / kept(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...10_000 {
      let m = Double(step)
      for factor in [m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))] {
        d = 1 / kept(1 + factor * d)
        c = kept(1 + factor / c)
        result *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return front * result
  }
}
