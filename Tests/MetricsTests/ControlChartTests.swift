import Foundation
import Metrics
import Tabular
import Testing

/// Normal numbers of a seed.
private func normals(_ count: Int, seed: UInt64) -> [Double] {
  var random = SeededGenerator(seed: seed)
  return (0..<count).map { _ in (-2 * log(1 - random.uniform())).squareRoot() * cos(2 * .pi * random.uniform()) }
}

@Suite("Charts of one series")
struct ControlChartTests {
  /// Errors that differ, from 0.1 to 0.3.
  private func series(_ seed: UInt64) -> (values: [Double], errors: [Double]) {
    let errors = congruence(60, seed: seed).map { 0.1 + 0.2 * $0 }
    return (zip(normals(60, seed: seed), errors).map { $0 * $1 + 0.05 }, errors)
  }

  @Test("a CUSUM is the largest sum of any stretch that ends here", arguments: 0..<20 as Range<UInt64>)
  func cusum(seed: UInt64) throws {
    let (values, errors) = series(seed)
    let sums = try ControlChart.cusum(values, errors: errors, shift: 0.2, clip: 2)
    for end in values.indices {
      for (side, found) in [(1.0, sums.up[end]), (-1, sums.down[end])] {
        var (largest, sum) = (0.0, 0.0)
        for place in (0...end).reversed() {
          let value = side * max(-2 * errors[place], min(2 * errors[place], values[place]))
          sum += 0.2 / (errors[place] * errors[place]) * (value - 0.1)
          largest = max(largest, sum)
        }
        // Both sides add the same few numbers in another order.
        #expect(agrees(found, largest, relative: 1e-9))
      }
    }
    if let since = sums.upSince { #expect(since == 0 || sums.up[since - 1] == 0) }
    if let since = sums.downSince { #expect(since == 0 || sums.down[since - 1] == 0) }
    #expect((sums.upSince == nil) == (sums.up.last == 0) && (sums.downSince == nil) == (sums.down.last == 0))
  }

  @Test("a CUSUM beyond ln A comes once in A values or less often where nothing has changed")
  func falseAlarms() throws {
    let count = 200_000
    let sums = try ControlChart.cusum(normals(count, seed: 5), errors: Array(repeating: 1, count: count), shift: 1)
    // Every climb beyond the limit is one alarm; the chart begins anew when it has come back to 0.
    var (alarms, isOpen) = (0, true)
    for value in sums.up {
      if isOpen, value > log(100) { (alarms, isOpen) = (alarms + 1, false) }
      if value == 0 { isOpen = true }
    }
    #expect(alarms > 0 && alarms <= count / 100)
  }

  @Test("an EWMA weighs by certainty and age", arguments: 0..<20 as Range<UInt64>)
  func ewma(seed: UInt64) throws {
    let (values, errors) = series(seed)
    let level = try ControlChart.ewma(values, errors: errors, lambda: 0.3)
    for end in values.indices {
      let weights = (0...end).map { pow(0.7, Double(end - $0)) / (errors[$0] * errors[$0]) }
      let total = weights.reduce(0, +)
      let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / total
      let variance = zip(weights, errors).reduce(0) { $0 + $1.0 * $1.0 * $1.1 * $1.1 } / (total * total)
      #expect(agrees(level.values[end], mean, relative: 1e-9) && agrees(level.errors[end], variance.squareRoot(), relative: 1e-9))
    }
  }

  @Test("values that are no numbers, and errors that are none, add nothing")
  func unusable() throws {
    let (values, errors) = ([0.5, .nan, 0.5, 0.5, .infinity], [1.0, 1, 0, 1, 1])
    let sums = try ControlChart.cusum(values, errors: errors, shift: 0.4)
    #expect(agrees(sums.up.last, 0.24) && sums.up[1] == sums.up[0] && sums.up[2] == sums.up[0])
    let level = try ControlChart.ewma([.nan, 2], errors: [1, 1], lambda: 0.5)
    #expect(level.values[0].isNaN && level.values[1] == 2)
    let nothing = try ControlChart.cusum([], errors: [], shift: 1)
    #expect(nothing.up.isEmpty && nothing.down.isEmpty && nothing.upSince == nil && nothing.downSince == nil)
  }

  @Test("wrong arguments are told by name")
  func arguments() {
    let told = { (body: () throws -> Void) in
      do { try body() } catch { return "\(error)" }
      return ""
    }
    #expect(told { _ = try ControlChart.cusum([1], errors: [], shift: 1) } == "'cusum' compares lists of one length, got 1 and 0 values")
    #expect(told { _ = try ControlChart.cusum([], errors: [], shift: 0) } == "'shift' of 'cusum' must be a number > 0, got 0.0")
    #expect(told { _ = try ControlChart.ewma([], errors: [], lambda: 2) } == "'lambda' of 'ewma' must be a number > 0 and ≤ 1, got 2.0")
    #expect(told { _ = try ControlChart.ewma([], errors: [], lambda: 1, clip: .nan) } == "'clip' of 'ewma' must be a number > 0, got nan")
    #expect(told { _ = try ControlChart.normalQuantile(tail: 2) } == "'tail' of 'normal_quantile' must be a number in 0…1, got 2.0")
  }

  @Test(
    "normal quantiles are those of the tables",
    arguments: [
      (0.5, 0.0), (0.025, 1.959963984540054), (0.001, 3.090232306167813), (0.9, -1.2815515655446004), (0.0, Double.infinity),
    ] as [(Double, Double)])
  func quantiles(tail: Double, expected: Double) throws {
    let found = try ControlChart.normalQuantile(tail: tail)
    #expect(found == expected || agrees(found, expected, relative: 1e-10))
  }
}

@Suite("A robust mean")
struct RobustMeanTests {
  @Test("of three is the median, of fewer the mean, and of nothing none")
  func small() {
    #expect(RobustMean([0, 10, 1])?.mean == 1 && RobustMean([0, 1])?.mean == 0.5 && RobustMean([.nan, 3])?.count == 1)
    #expect(RobustMean([.nan]) == nil && RobustMean([1, 2, 3, 4])?.spread == nil)
  }

  @Test("is not moved by gross errors, and its spread tells its standard error", arguments: [8, 20, 60])
  func spread(count: Int) throws {
    var means: [Double] = []
    var spreads: [Double] = []
    for seed in 0..<400 as Range<UInt64> {
      var values = normals(count, seed: seed)
      if seed % 4 == 0 { values[0] = 50 }
      let mean = try #require(RobustMean(values))
      means.append(mean.mean)
      spreads.append(try #require(mean.spread) / Double(count).squareRoot())
    }
    let deviation = try #require(Distribution.standardDeviation(means))
    let told = try #require(Distribution.mean(spreads))
    // 400 draws tell a standard deviation to some 4 %; the spread of few values is off by a little more.
    #expect(abs(told / deviation - 1) < 0.2, "\(told) for \(deviation)")
    #expect(abs(try #require(Distribution.mean(means))) < 0.15)
  }
}
