import Metrics
import Testing

@Suite("Bootstrap by cluster")
struct BootstrapTests {
  @Test("gives the same interval for the same seed and another for another")
  func isSeeded() throws {
    let (actual, predicted) = (congruence(300, seed: 1), congruence(300, seed: 2))
    let clusters = (0..<300).map { $0 / 5 }
    let interval = try Bootstrap(seed: 7).interval(of: .mae, actual, predicted, clusters: clusters)
    #expect(try Bootstrap(seed: 7).interval(of: .mae, actual, predicted, clusters: clusters) == interval)
    #expect(try Bootstrap(seed: 8).interval(of: .mae, actual, predicted, clusters: clusters) != interval)
    // Names of clusters mean nothing but who is together.
    #expect(try Bootstrap(seed: 7).interval(of: .mae, actual, predicted, clusters: clusters.map { 1000 - $0 * 3 }) == interval)
  }

  @Test("finds the same by sums, by rows and by weights: the draws are the same", arguments: 0..<5 as Range<UInt64>)
  func pathsAgree(seed: UInt64) throws {
    let actual = congruence(120, seed: seed) + [.nan]
    let predicted = congruence(120, seed: seed + 50) + [1]
    let clusters = congruence(121, seed: seed + 90).map { Int($0 * 17) }
    let bootstrap = try Bootstrap(resamples: 200, seed: seed)
    func byRows(_ score: ([Double], [Double]) throws -> Measurement) -> Interval? {
      bootstrap.interval(clusters: clusters) { rows in try? score(rows.map { actual[$0] }, rows.map { predicted[$0] }).value }
    }
    for (metric, score) in [(Metric.mae, Score.mae), (.rmse, Score.rmse), (.bias, Score.bias), (.wape, Score.wape)] {
      let fast = try #require(try bootstrap.interval(of: metric, actual, predicted, clusters: clusters))
      let slow = try #require(byRows(score))
      #expect(agrees(fast.lower, slow.lower) && agrees(fast.upper, slow.upper))
    }
    let fast = try #require(try bootstrap.trimMaeInterval(actual, predicted, clusters: clusters))
    let slow = try #require(byRows { try Score.trimMae($0, $1) })
    #expect(agrees(fast.lower, slow.lower) && agrees(fast.upper, slow.upper))
  }

  @Test("holds the true mean about as often as it says")
  func covers() throws {
    // Means of 40 clusters of 3 equal uniform numbers: the truth is 0.5. Of 300 intervals at 90 %, between 83 % and 95 % hold it
    // (the percentile bootstrap of 40 clusters covers a little less than it says; four standard errors of a share of 300 are 7 %).
    var held = 0
    for seed in 0..<300 as Range<UInt64> {
      let values = congruence(40, seed: seed &* 7919).flatMap { [$0, $0, $0] }
      let interval = try #require(
        try Bootstrap(resamples: 300, confidence: 0.9, seed: seed)
          .interval(of: .bias, Array(repeating: 0, count: 120), values, clusters: (0..<120).map { $0 / 3 }))
      if interval.lower <= 0.5, interval.upper >= 0.5 { held += 1 }
    }
    #expect((249...285).contains(held))
  }

  @Test("draws clusters, so results that repeat within an item do not make it surer")
  func widths() throws {
    let values = congruence(50, seed: 11)
    let repeated = values.flatMap { Array(repeating: $0, count: 10) }
    let zeros = Array(repeating: 0.0, count: 500)
    let clusters = (0..<500).map { $0 / 10 }
    func width(_ clusters: [Int]) throws -> Double {
      let interval = try #require(try Bootstrap(seed: 3).interval(of: .bias, zeros, repeated, clusters: clusters))
      return interval.upper - interval.lower
    }
    // Taken as 500 independent rows the interval would be √10 ≈ 3.2 times too narrow.
    let ratio = try width(clusters) / width(Array(0..<500))
    #expect((2.6...3.8).contains(ratio))
  }

  @Test("tells a difference from none", arguments: 0..<20 as Range<UInt64>)
  func pairedDifference(seed: UInt64) throws {
    let noise = congruence(200, seed: seed &* 31 &+ 1).map { $0 - 0.5 }
    let clusters = (0..<200).map { $0 / 4 }
    let zeros = Array(repeating: 0.0, count: 200)
    let bootstrap = try Bootstrap(seed: seed)
    let shifted = try PairedTest.bootstrap(noise.map { $0 + 0.2 }, zeros, clusters: clusters, using: bootstrap)
    #expect(try #require(shifted.pValue) < 0.01)
    #expect(try #require(shifted.interval).lower > 0)
    let swapped = try PairedTest.bootstrap(zeros, noise.map { $0 + 0.2 }, clusters: clusters, using: bootstrap)
    #expect(try #require(swapped.interval).upper < 0)
    let centred = zip(noise, noise.dropFirst() + [noise[0]]).map { $0 - $1 }  // sums to nothing over the whole circle
    #expect(try #require(try PairedTest.bootstrap(centred, zeros, clusters: clusters, using: bootstrap).pValue) > 0.2)
  }

  @Test("has no interval for one cluster or no value, and refuses nonsense")
  func edges() throws {
    let bootstrap = try Bootstrap(seed: 1)
    #expect(try bootstrap.interval(of: .mae, [1, 2], [2, 2], clusters: [4, 4]) == nil)
    #expect(try bootstrap.interval(of: .mae, [.nan, .nan], [2, 2], clusters: [1, 2]) == nil)
    #expect(try bootstrap.interval(of: .mae, [], [], clusters: []) == nil)
    #expect(try bootstrap.trimMaeInterval([1], [1], clusters: [1]) == nil)
    #expect(bootstrap.interval(clusters: [1, 2]) { _ in nil } == nil)
    #expect(throws: MetricError.self) { try Bootstrap(resamples: 0, seed: 1) }
    #expect(throws: MetricError.self) { try Bootstrap(confidence: 1, seed: 1) }
    #expect(throws: MetricError.self) { try bootstrap.interval(of: .mae, [1], [1], clusters: []) }
  }
}
