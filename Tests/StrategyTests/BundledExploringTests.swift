import QualityCycle
import Scripting
import Tabular
import TestSupport
import Testing

@Suite("The bundled sampling strategies that learn from earlier cycles")
struct BundledExploringTests {
  private struct Item {
    var code: String
    var part = "a" as String?
    var error: Double?
    var checked: Double?
  }

  private func population(_ items: [Item]) throws -> Population {
    Contexts.population(
      items.map(\.code),
      [
        "part_type": Column(items.map(\.part)),
        "last_error": try Column(items.map { $0.error.map(Cell.double) ?? .missing }, as: .double),
        "last_checked": try Column(
          items.map { $0.checked.map { .timestamp(FactoryBuilder.instant($0)) } ?? .missing }, as: .timestamp),
      ])
  }

  private func sample(
    _ name: String, _ items: [Item], size: Int, seed: UInt64 = 42, _ parameters: [String: PlainValue] = [:]
  ) throws -> SamplingDecision {
    try StrategyFixture().library.samplingStrategy(name, parameters: parameters)
      .sample(Contexts.sampling(population(items), size: size, seed: seed))
  }

  @Test("uncertainty: the worst and the longest unseen come first, and the reasons say so")
  func worst() throws {
    // Day 90 is now. Scores: bad 8 · 1.33, old 4 · 3.33, mild 4 · 1.33, good 1 · 1.33; what was never seen is as bad as the worst tenth
    // and as old as the oldest: near 7 · 3.33.
    let items = [
      Item(code: "bad", error: 8, checked: 80), Item(code: "good", error: 1, checked: 80), Item(code: "mild", error: 4, checked: 80),
      Item(code: "never"), Item(code: "old", error: 4, checked: 20),
    ]
    let decision = try sample("uncertainty", items, size: 3, ["explore": 0])
    #expect(decision.items == ["never", "old", "bad"])
    #expect(
      decision.reasons == [
        "never": "never checked", "old": "off by 4.00 minutes, checked 70 days ago", "bad": "off by 8.00 minutes, checked 10 days ago",
      ])
  }

  @Test("uncertainty: with no history every item is as likely as any other, and the seed decides")
  func noHistory() throws {
    let items = (0..<40).map { Item(code: "item\($0)") }
    var counts: [String: Int] = [:]
    for seed in 0..<100 {
      for item in try sample("uncertainty", items, size: 10, seed: UInt64(seed)).items { counts[item, default: 0] += 1 }
    }
    // 100 draws with a chance of 1/4: mean 25, standard deviation 4.3; the seeds are fixed, four deviations are far.
    #expect(counts.count == 40 && counts.values.allSatisfy { abs($0 - 25) <= 18 }, "\(counts)")
    #expect(try sample("uncertainty", items, size: 10) == sample("uncertainty", items, size: 10))
  }

  @Test("uncertainty: a share is drawn at random from all others, none twice", arguments: [(0.2, 8), (0, 10), (1, 0), (0.5, 5)])
  func explores(share: Double, certain: Int) throws {
    let items = (0..<60).map { Item(code: "item\($0)", error: Double($0), checked: 80) }
    let decision = try sample("uncertainty", items, size: 10, ["explore": .number(share)])
    #expect(Set(decision.items).count == 10)
    #expect(decision.items.prefix(certain) == (0..<60).reversed().prefix(certain).map { "item\($0)" }[...])
    #expect(decision.reasons.values.count { $0 == "drawn at random" } == 10 - certain)
    #expect(try sample("uncertainty", items, size: 60).items.count == 60)
  }

  /// Strata of so many items; the errors of every second one are so far from 10.
  private func strata(_ counts: [(String?, Int, Double?)]) -> [Item] {
    counts.flatMap { part, count, off in
      (0..<count).map { number in
        Item(code: "\(part ?? "none")-\(number)", part: part, error: off.map { 10 + (number % 2 == 0 ? $0 : -$0) }, checked: 80)
      }
    }
  }

  private func places(_ items: [Item], size: Int, seed: UInt64 = 42) throws -> [String: Int] {
    let drawn = try sample("neyman", items, size: size, seed: seed).items
    #expect(Set(drawn).count == drawn.count)
    let parts = Dictionary(uniqueKeysWithValues: items.map { ($0.code, $0.part ?? "none") })
    return Dictionary(grouping: drawn) { parts[$0] ?? "?" }.mapValues(\.count)
  }

  @Test(
    "neyman: places by size and by how much the errors differ; by size alone without history",
    arguments: [
      // Nothing known, or no errors at all: as a stratified sample.
      ([("a", 70, nil), ("b", 20, nil), ("c", 10, nil)], 10, ["a": 7, "b": 2, "c": 1]),
      ([("a", 70, 0), ("b", 20, 0), ("c", 10, 0)], 10, ["a": 7, "b": 2, "c": 1]),
      // Equal sizes, errors three times as far apart: with many items the pooled variance hardly counts.
      ([("a", 400, 1), ("b", 400, 3)], 40, ["a": 10, "b": 30]),
      // None more than it has: b would get 36 of 40.
      ([("a", 400, 1), ("b", 20, 200)], 40, ["a": 20, "b": 20]),
      // At least one, also of what is small and sure, and a missing value is a stratum.
      ([("a", 500, 5), ("b", 2, 0), (nil, 2, 0)], 10, ["a": 8, "b": 1, "none": 1]),
      // As many strata as places, and the whole population.
      ([("a", 90, 1), ("b", 5, 9), ("c", 5, 1)], 3, ["a": 1, "b": 1, "c": 1]),
      ([("a", 9, 1), ("b", 5, 9)], 14, ["a": 9, "b": 5]),
    ] as [([(String?, Int, Double?)], Int, [String: Int])])
  func neyman(counts: [(String?, Int, Double?)], size: Int, expected: [String: Int]) throws {
    for seed in 0..<3 as Range<UInt64> { #expect(try places(strata(counts), size: size, seed: seed) == expected) }
  }

  @Test("neyman: with more strata than places those that weigh most get one each, and the seed decides who is drawn")
  func manyStrata() throws {
    let items = strata([("a", 30, 1), ("b", 20, 1), ("c", 10, 1), ("d", 5, 1)])
    #expect(try places(items, size: 2) == ["a": 1, "b": 1])
    #expect(try sample("neyman", items, size: 10) == sample("neyman", items, size: 10))
    #expect(try sample("neyman", items, size: 10) != sample("neyman", items, size: 10, seed: 7))
  }

  @Test("neyman: keeps its size whatever the strata", arguments: 0..<30 as Range<UInt64>)
  func size(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let counts: [(String?, Int, Double?)] = (0..<1 + random.integer(below: 12)).map {
      ("p\($0)", 1 + random.integer(below: 40), random.uniform() < 0.3 ? nil : 20 * random.uniform())
    }
    let items = strata(counts)
    let size = 1 + random.integer(below: items.count)
    let found = try places(items, size: size, seed: seed)
    #expect(found.values.reduce(0, +) == size)
    if counts.count <= size { #expect(found.count == counts.count) }
  }
}
