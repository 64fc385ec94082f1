import Metrics
import Testing

@Suite("Scores of predictions")
struct ScoreTests {
  let actual = congruence(200, seed: 1).map { $0 * 20 + 1 }
  let predicted = zip(congruence(200, seed: 1), congruence(200, seed: 2)).map { $0 * 20 + 1 + ($1 - 0.45) * 6 }

  // Expected values: NumPy 2.4 on the same numbers, from each metric's formula.
  @Test("agree with NumPy")
  func agreesWithNumPy() throws {
    #expect(agrees(try Score.mae(actual, predicted).value, 1.5763496844390381))
    #expect(agrees(try Score.rmse(actual, predicted).value, 1.822334948376034))
    #expect(agrees(try Score.bias(actual, predicted).value, 0.3440265257424234))
    #expect(agrees(try Score.wape(actual, predicted).value, 0.14569899409329776))
    #expect(agrees(try Score.mape(actual, predicted).value, 0.24641169780187286))
    #expect(agrees(try Score.r2(actual, predicted).value, 0.8877782593141568))
    #expect(try Score.mae(actual, predicted).count == 200)
  }

  @Test(
    "trim the sorted errors' ends, and nothing where nothing would remain",
    arguments: [
      (0, 1.5763496844390381), (0.05, 1.5736545448148327), (0.1, 1.568986962081216), (0.25, 1.5838311325480223), (0.5, 1.5763496844390381),
      (0.9, 1.5763496844390381),
    ])
  func trims(ratio: Double, expected: Double) throws {
    #expect(agrees(try Score.trimMae(actual, predicted, ratio: ratio).value, expected))
  }

  @Test("trim as sorting does, whatever the size, ties and magnitudes", arguments: 0..<60 as Range<UInt64>)
  func trimsAsSortingDoes(seed: UInt64) throws {
    let count = [1, 2, 9, 10, 63, 64, 65, 66, 200, 1000, 5000, 40_000][Int(seed % 12)]
    let numbers = congruence(count, seed: seed &+ 99)
    let errors: [Double] =
      switch seed / 12 {
      case 0: numbers
      case 1: numbers.map { ($0 * 4).rounded() }  // many ties, many zeros
      case 2: numbers.map { $0 < 0.3 ? 1e-300 : $0 < 0.6 ? $0 * 1e12 : 1 + $0 * 1e-15 }  // far and very near to each other
      case 3: numbers.map { _ in 7.25 }
      default: numbers.map { 1 / max($0, 1e-9) }
      }
    for ratio in [0, 0.01, 0.1, 0.3, 0.49] {
      let sorted = errors.sorted()
      let dropped = Int(Double(count) * ratio)
      let kept = sorted[dropped..<count - dropped]
      let got = try Score.trimMae(errors, Array(repeating: 0, count: count), ratio: ratio)
      // 40,000 additions of the plain reference sum; the kernel's own is compensated.
      #expect(agrees(got.value, kept.reduce(0, +) / Double(kept.count), relative: 1e-11), "ratio \(ratio), \(count) errors")
      #expect(got.count == count)
    }
  }

  @Test("leave NaN and infinities out, count them, and change nothing else", arguments: [0, 1, 7, 8, 9, 1023, 1024, 1025, 3000])
  func excludes(count: Int) throws {
    let actual = congruence(count, seed: 3)
    let predicted = congruence(count, seed: 4)
    var (dirtyActual, dirtyPredicted) = (actual, predicted)
    let bad: [(Double, Double)] = [(.nan, 1), (1, .nan), (.infinity, 1), (1, -.infinity), (.infinity, .infinity), (1e308, -1e308)]
    for (position, pair) in bad.enumerated() {
      let index = position * dirtyActual.count / bad.count
      dirtyActual.insert(pair.0, at: index)
      dirtyPredicted.insert(pair.1, at: index)
    }
    for score in [Score.mae, Score.rmse, Score.bias, Score.wape, Score.mape, Score.r2, { try Score.trimMae($0, $1) }] {
      let clean = try score(actual, predicted)
      let dirty = try score(dirtyActual, dirtyPredicted)
      #expect(dirty.count == count)
      #expect(dirty.excluded == bad.count)
      #expect(clean.excluded == 0)
      if let value = clean.value { #expect(agrees(dirty.value, value)) } else { #expect(dirty.value == nil) }
    }
  }

  @Test("have no value where there is nothing to measure")
  func nothing() throws {
    for score in [Score.mae, Score.rmse, Score.bias, Score.wape, Score.mape, Score.r2, { try Score.trimMae($0, $1) }] {
      #expect(try score([], []).value == nil)
      #expect(try score([.nan], [1]).value == nil)
    }
    #expect(try Score.wape([0, 0], [1, 2]).value == nil)
    #expect(try Score.r2([3, 3], [1, 2]).value == nil)
    let mape = try Score.mape([0, 2], [1, 3])
    #expect(mape.value == 0.5 && mape.count == 1 && mape.excluded == 1)
    #expect(Score.processMatch(AlignmentCounts()).value == nil)
    #expect(Score.topKMatch(ranks: [], k: 3).value == nil)
    #expect(Score.cv(of: []).value == nil)
  }

  @Test("keep small errors beside a huge one")
  func keepsSmallParts() throws {
    // Blocks of 1,024 are added with what rounding lost; added plainly, 1e16 + 1 + 1 … − 1e16 would lose every one.
    let quiet = Array(repeating: 0.0, count: 1023)
    let predicted = [1e16] + quiet + Array(repeating: [1] + quiet, count: 5).flatMap { $0 } + [-1e16]
    let bias = try Score.bias(Array(repeating: 0, count: predicted.count), predicted)
    #expect(bias.value == 5 / Double(predicted.count))
  }

  @Test("refuse lists of different lengths and impossible ratios")
  func refuses() throws {
    let length = #expect(throws: MetricError.self) { try Score.mae([1], [1, 2]) }
    #expect(length?.description == "'mae' compares lists of one length, got 1 and 2 values")
    let ratio = #expect(throws: MetricError.self) { try Score.trimMae([1], [1], ratio: .nan) }
    #expect(ratio?.description == "'ratio' of 'trim_mae' must be a number ≥ 0 and < 1, got nan")
  }

  @Test("take cv over groups with two results and a mean above zero")
  func variation() throws {
    // Groups: {2, 4}: sd √2, mean 3; {5}: one result; {−1, −3}: mean under zero; {1, 1, NaN}: sd 0, mean 1; {}: none.
    let values = [2, 5, -1, 4, 1, -3, 1, Double.nan]
    let groups = [0, 1, 2, 0, 3, 2, 3, 3]
    let cv = try Score.cv(values, groups: groups, groupCount: 5)
    #expect(agrees(cv.value, (2.0.squareRoot() / 3 + 0) / 2))
    #expect(cv.count == 2 && cv.excluded == 1)
    let counts = Score.sampleCount(of: try GroupStatistics.of(values, groups: groups, groupCount: 5))
    #expect(counts.value == 7.0 / 4 && counts.count == 4)
  }
}
