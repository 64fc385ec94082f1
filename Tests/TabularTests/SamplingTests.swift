import Foundation
import Tabular
import Testing

@Suite("Sampling")
struct SamplingTests {
  @Test("draws rows once each, ascending, the same for the same seed", arguments: 0..<20 as Range<UInt64>)
  func isValid(seed: UInt64) throws {
    for (population, size) in [(0, 5), (1, 0), (10, 3), (10, 10), (10, 99), (5000, 400)] {
      let strata = Column((0..<population).map { "s\($0 % 7)" })
      let weights = (0..<population).map { Double($0 % 5 + 1) }
      var reservoir = try Reservoir<Int>(capacity: size, seed: seed)
      for row in 0..<population { reservoir.add(row) }
      let samples = [
        try Sampling.uniform(population: population, size: size, seed: seed), try Sampling.stratified(by: strata, size: size, seed: seed),
        try Sampling.weighted(weights, size: size, seed: seed), reservoir.elements,
      ]
      for sample in samples {
        #expect(sample.count == min(size, population))
        #expect(sample.allSatisfy((0..<population).contains))
        #expect(zip(sample, sample.dropFirst()).allSatisfy { $0 < $1 })
      }
      #expect(try Sampling.uniform(population: population, size: size, seed: seed) == samples[0])
      #expect(try Sampling.stratified(by: strata, size: size, seed: seed) == samples[1])
      #expect(try Sampling.weighted(weights, size: size, seed: seed) == samples[2])
    }
    #expect(try Sampling.uniform(population: 5000, size: 400, seed: seed) != Sampling.uniform(population: 5000, size: 400, seed: seed + 1))
  }

  @Test("uniform samples and reservoirs take every row equally often")
  func isFair() throws {
    // 4 of 12 rows, 6,000 times: each row 2,000 times, standard deviation √(6000 · ⅓ · ⅔) = 37; five of them are 183.
    var counts = [[Int]](repeating: Array(repeating: 0, count: 12), count: 2)
    for seed in 0..<6000 as Range<UInt64> {
      for row in try Sampling.uniform(population: 12, size: 4, seed: seed) { counts[0][row] += 1 }
      var reservoir = try Reservoir<Int>(capacity: 4, seed: seed)
      for row in 0..<12 { reservoir.add(row) }
      for row in reservoir.elements { counts[1][row] += 1 }
    }
    for count in counts.joined() { #expect((1817...2183).contains(count)) }
  }

  @Test("weighted samples take rows in proportion to their weights, and none of weight zero")
  func weights() throws {
    // One row: chances 1, 2, 3, 4 of 10. Two rows: chance that row 3 is among them, from Σ wᵢ/10 · 4/(10 − wᵢ) + 4/10 = 0.7159.
    var (first, pairs) = ([Int](repeating: 0, count: 5), 0)
    for seed in 0..<10_000 as Range<UInt64> {
      for row in try Sampling.weighted([1, 2, 3, 4, 0], size: 1, seed: seed) { first[row] += 1 }
      if try Sampling.weighted([1, 2, 3, 4, 0], size: 2, seed: seed).contains(3) { pairs += 1 }
    }
    // Five standard deviations of a count of 10,000 draws are at most 250.
    for (row, expected) in [1000, 2000, 3000, 4000].enumerated() { #expect(abs(first[row] - expected) < 250) }
    #expect(first[4] == 0)
    #expect(abs(pairs - 7159) < 250)
    #expect(try Sampling.weighted([0, 1, 0], size: 3, seed: 1) == [1])
  }

  @Test("weighted samples have their size whatever the weights", arguments: [1, 10, 499, 500, 501, 999, 1000, 2000])
  func weightedSizes(size: Int) throws {
    var random = SeededGenerator(seed: 3)
    let spread = (0..<1000).map { _ in exp(40 * random.uniform()) }
    // One row in a thousand weighs almost all, next to nothing, or as much as a number can.
    for weights in [
      spread, spread.map { $0 < exp(20) ? 0 : $0 }, Array(repeating: 1, count: 1000), Array(repeating: 5e-324, count: 1000),
      Array(repeating: .greatestFiniteMagnitude, count: 1000), (0..<1000).map { $0 == 500 ? 1e300 : 1 },
      (0..<1000).map { $0 == 500 ? 1e-300 : 1 }, (0..<100_000).map { $0 % 100 == 0 ? 1e6 : 1 }, Array(repeating: -0.0, count: 1000),
    ] {
      let sample = try Sampling.weighted(weights, size: size, seed: 5)
      #expect(sample.count == min(size, weights.count { $0 > 0 }))
      #expect(Set(sample).count == sample.count && sample == sample.sorted() && sample.allSatisfy { weights[$0] > 0 })
    }
    #expect(try Sampling.weighted((0..<1000).map { $0 == 500 ? 1e300 : 1 }, size: 1, seed: 5) == [500])
  }

  @Test("a weighted sample is that of the smallest keys")
  func smallestKeys() throws {
    var random = SeededGenerator(seed: 4)
    let weights = (0..<20_000).map { _ in exp(3 * random.uniform()) }
    var draws = SeededGenerator(seed: 9, stream: "sample.weighted")
    let keys = weights.map { -log1p(-draws.uniform()) / $0 }
    for size in [1, 100, 5_000, 19_000] {
      let smallest = keys.indices.sorted { keys[$0] < keys[$1] }.prefix(size).sorted()
      #expect(try Sampling.weighted(weights, size: size, seed: 9) == smallest)
    }
  }

  @Test("strata get their share by largest remainder, and one place each while there are enough")
  func strata() throws {
    func counts(_ sizes: [Int], _ size: Int) throws -> [Int] {
      let names = sizes.enumerated().flatMap { Array(repeating: "s\($0)", count: $1) }
      var counts = [Int](repeating: 0, count: sizes.count)
      for row in try Sampling.stratified(by: Column(names), size: size, seed: 4) { counts[try #require(Int(names[row].dropFirst()))] += 1 }
      return counts
    }
    #expect(try counts([50, 30, 20], 10) == [5, 3, 2])
    // Quotas 3.33 each: the odd place goes to the first.
    #expect(try counts([10, 10, 10], 10) == [4, 3, 3])
    // Quotas 9.7, 0.2, 0.1: the small strata get one each from the large one.
    #expect(try counts([97, 2, 1], 10) == [8, 1, 1])
    // Quotas 5.0, 4.9, 0.1: of 5, 5 and 0 the second is further over its share and gives.
    #expect(try counts([50, 49, 1], 10) == [5, 4, 1])
    // More strata than places: the largest, and of equals the first.
    #expect(try counts([3, 5, 4, 4, 1], 3) == [0, 1, 1, 1, 0])
    #expect(try counts([3, 5], 100) == [3, 5])
  }

  @Test("strata are told by value: missing is one, the dictionary's order is none", arguments: 0..<10 as Range<UInt64>)
  func strataByValue(seed: UInt64) throws {
    let texts: [String?] = (0..<200).map { [nil, "x", "y", "오링"][($0 * 7 + $0 / 9) % 4] }
    let column = Column(texts)
    let again = Column(["오링", "unused", "y"] + texts).gathering(Array(3..<203))
    let sample = try Sampling.stratified(by: column, size: 40, seed: seed)
    #expect(try Sampling.stratified(by: again, size: 40, seed: seed) == sample)
    #expect(sample.contains { texts[$0] == nil })
  }

  @Test("refuses negative sizes and weights that are none")
  func refuses() throws {
    #expect(throws: FrameError.self) { try Sampling.uniform(population: 3, size: -1, seed: 0) }
    for weight in [-1, Double.nan, .infinity] {
      #expect(throws: FrameError.self) { try Sampling.weighted([1, weight], size: 1, seed: 0) }
    }
    #expect(throws: FrameError.self) { try Reservoir<Int>(capacity: -1, seed: 0) }
  }
}
