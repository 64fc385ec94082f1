import Foundation
import Metrics
import Testing

@Suite("Distributions, drift and tests")
struct StatisticsTests {
  let first = congruence(200, seed: 1).map { $0 * 20 + 1 }
  let second = congruence(150, seed: 3).map { $0 * 22 + 1 }

  // Expected values in this suite: NumPy 2.4 and SciPy 1.17 on the same numbers.
  @Test("quantiles and outlier bounds agree with NumPy")
  func quantiles() throws {
    let expected = [
      1.0714677815186526, 3.5043232439715912, 6.2797755605872565, 10.765108718794526, 14.893951803208902, 18.50174780704583,
      20.85717365927976,
    ]
    let got = try Distribution.quantiles(first + [.nan, .infinity], [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])
    #expect(zip(got, expected).allSatisfy { agrees($0, $1) })
    let bounds = try #require(Distribution.outlierBounds(first))
    #expect(agrees(bounds.lowerBound, -6.641488803345212) && agrees(bounds.upperBound, 27.815216167141372))
    #expect(agrees(Distribution.standardDeviation(first), 5.453535735400667))
    #expect(try Distribution.quantiles([], [0.5]) == [nil])
    #expect(throws: MetricError.self) { try Distribution.quantiles([1], [1.5]) }
    #expect(Distribution.standardDeviation([4]) == nil && Distribution.outlierBounds([.nan]) == nil)
  }

  @Test("the trimmed mean drops ⌊n·r⌋ at each end")
  func trimmedMean() {
    #expect(Distribution.trimmedMean([100, 1, 2, 3, -50], ratio: 0.2) == 2)
    #expect(Distribution.trimmedMean([100, 2, .nan], ratio: 0.2) == 51)
    #expect(Distribution.trimmedMean([1, 3], ratio: 0.5) == 2)
    #expect(Distribution.trimmedMean([]) == nil)
  }

  @Test("psi and ks agree with their formulas and SciPy")
  func drift() throws {
    let psi = try Drift.psi(reference: first, current: second + [.nan])
    #expect(agrees(psi.value, 0.19081680598562054))
    #expect(psi.count == 350 && psi.excluded == 1)
    let (statistic, probability) = Drift.ks(reference: first, current: second)
    #expect(agrees(statistic.value, 0.17))
    // SciPy: 0.01264 exactly, 0.01214 by its own approximation.
    #expect(abs(try #require(probability) - 0.0126) < 0.001)
  }

  @Test("no drift is zero, constants and empty lists are borne")
  func driftEdges() throws {
    #expect(try Drift.psi(reference: first, current: first).value == 0)
    #expect(Drift.ks(reference: first, current: first).statistic.value == 0)
    #expect(Drift.ks(reference: first, current: first).pValue == 1)
    #expect(try Drift.psi(reference: [3, 3, 3], current: [3, 3]).value == 0)
    // All of it moved into a bin that was empty: (1 − 0.0001)·ln 10⁴ twice.
    #expect(agrees(try Drift.psi(reference: [3, 3], current: [4, 4]).value, 2 * 0.9999 * log(1e4)))
    #expect(agrees(try Drift.psi(referenceCounts: [1, 3], currentCounts: [3, 1]).value, log(3)))
    #expect(try Drift.psi(reference: [], current: [1]).value == nil)
    #expect(Drift.ks(reference: [1], current: []).pValue == nil)
    #expect(Drift.ks(reference: [1, 1, 2], current: [1, 2, 2]).statistic.value == 1.0 / 3)
  }

  @Test("the paired test agrees with SciPy")
  func pairedTest() throws {
    let left = congruence(30, seed: 4).map { $0 * 3 }
    let right = congruence(30, seed: 5).map { $0 * 3 + 0.4 }
    let test = try PairedTest.student(left + [.nan], right + [1])
    #expect(agrees(test.meanDifference, -0.1224629456637434))
    #expect(agrees(test.pValue, 0.6353652910260118, relative: 1e-10))
    #expect(agrees(test.interval?.lower, -0.6450971138674096, relative: 1e-10))
    #expect(agrees(test.interval?.upper, 0.4001712225399229, relative: 1e-10))
    #expect(test.count == 30 && test.excluded == 1)
    let narrow = try PairedTest.student(left, right, confidence: 0.9)
    #expect(agrees(narrow.interval?.lower, -0.5566546969913359, relative: 1e-10))
  }

  @Test("the paired test bears constant and too few differences")
  func pairedEdges() throws {
    #expect(try PairedTest.student([1, 2, 3], [1, 2, 3]).pValue == 1)
    #expect(try PairedTest.student([2, 3, 4], [1, 2, 3]).pValue == 0)
    #expect(try PairedTest.student([2], [1]).pValue == nil)
    #expect(try PairedTest.student([2], [1]).meanDifference == 1)
    #expect(try PairedTest.student([], []).meanDifference == nil)
    let bootstrap = try Bootstrap(seed: 1)
    #expect(try PairedTest.bootstrap([1, 2], [2, 2], clusters: [5, 5], using: bootstrap).pValue == nil)
  }

  @Test("measurements write null for what is missing and read it back")
  func coding() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let empty = Measurement(.trimMae, value: .nan, count: 0, excluded: 2)
    let text = String(decoding: try encoder.encode(empty), as: UTF8.self)
    #expect(
      text == #"{"count":0,"direction":"lower","excluded":2,"interval":null,"name":"trim_mae","unit":"minutes","value":null}"#)
    #expect(try JSONDecoder().decode(Measurement.self, from: Data(text.utf8)) == empty)
    let full = Measurement(.mae, value: 2.5, count: 9).with(interval: Interval(lower: 2, upper: 3, confidence: 0.95))
    #expect(try JSONDecoder().decode(Measurement.self, from: try encoder.encode(full)) == full)
  }

  @Test("each metric is declared once and found by its name")
  func table() {
    #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    for metric in Metric.all { #expect(Metric.named(metric.name) == metric) }
    #expect(Metric.named("mea") == nil)
    #expect(Metric.bias.direction.prefers(-0.5, to: 2) && !Metric.mae.direction.prefers(3, to: 2))
  }
}
