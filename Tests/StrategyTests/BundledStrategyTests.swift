import Foundation
import Ledger
import QualityCycle
import Scripting
import Tabular
import TestSupport
import Testing

@Suite("The bundled sampling strategies")
struct BundledSamplingTests {
  private let fixture: StrategyFixture

  init() throws { fixture = try StrategyFixture() }

  private func sample(_ name: String, _ context: SamplingContext, _ parameters: [String: PlainValue] = [:]) throws -> SamplingDecision {
    try fixture.library.samplingStrategy(name, parameters: parameters).sample(context)
  }

  @Test("random: each item is as likely as any other, and the size is kept")
  func random() throws {
    let codes = (0..<8).map { "item\($0)" }
    var counts: [String: Int] = [:]
    for seed in 0..<300 {
      let items = try sample("random", Contexts.sampling(Contexts.population(codes), size: 2, seed: UInt64(seed))).items
      #expect(Set(items).count == 2)
      for item in items { counts[item, default: 0] += 1 }
    }
    // 300 draws with a chance of 1/4 each: mean 75, standard deviation 7.5; the seeds are fixed, four deviations are far.
    #expect(counts.count == 8 && counts.values.allSatisfy { abs($0 - 75) <= 30 }, "\(counts)")
  }

  @Test("random: the same seed gives the same sample, another another, and a size beyond the population takes all")
  func seeds() throws {
    let population = Contexts.population((0..<50).map { "item\($0)" })
    let first = try sample("random", Contexts.sampling(population, size: 10, seed: .max))
    #expect(try sample("random", Contexts.sampling(population, size: 10, seed: .max)) == first)
    #expect(try sample("random", Contexts.sampling(population, size: 10, seed: 1)) != first)
    #expect(try sample("random", Contexts.sampling(population, size: 500)).items == population.codes)
  }

  private func strata(_ counts: [(String?, Int)]) -> (population: Population, stratum: [String: String]) {
    var codes: [String] = []
    var types: [String?] = []
    for (type, count) in counts {
      for number in 0..<count {
        codes.append("\(type ?? "none")-\(number)")
        types.append(type)
      }
    }
    let stratum = Dictionary(uniqueKeysWithValues: zip(codes, types.map { $0 ?? "none" }))
    return (Contexts.population(codes, ["part_type": Column(types), "colour": Column(types.reversed())]), stratum)
  }

  @Test(
    "stratified: largest remainder, and every stratum at least one while they fit",
    arguments: [
      // Quotas of 10 of 100: 7.0, 2.0, 1.0.
      ([("a", 70), ("b", 20), ("c", 10)], 10, ["a": 7, "b": 2, "c": 1]),
      // Quotas of 10 of 30: 3.67, 3.33, 3: the place left over goes to the largest remainder.
      ([("a", 11), ("b", 10), ("c", 9)], 10, ["a": 4, "b": 3, "c": 3]),
      // Quotas of 10 of 1000: 9.97, 0.02, 0.01: the rare ones get one each, the common one what is left.
      ([("a", 997), ("b", 2), ("c", 1)], 10, ["a": 8, "b": 1, "c": 1]),
      // A missing value is a stratum.
      ([("a", 6), (nil, 3)], 3, ["a": 2, "none": 1]),
      // As many strata as places.
      ([("a", 90), ("b", 5), ("c", 5)], 3, ["a": 1, "b": 1, "c": 1]),
    ] as [([(String?, Int)], Int, [String: Int])])
  func stratified(counts: [(String?, Int)], size: Int, expected: [String: Int]) throws {
    let (population, stratum) = strata(counts)
    for seed in 0..<5 {
      let items = try sample("stratified", Contexts.sampling(population, size: size, seed: UInt64(seed))).items
      #expect(Dictionary(grouping: items) { stratum[$0] ?? "?" }.mapValues(\.count) == expected)
      #expect(Set(items).count == size)
    }
  }

  @Test("stratified: keeps its size when there are more strata than places, by another column, and names one that is not there")
  func stratifiedBy() throws {
    let (population, _) = strata([("a", 3), ("b", 3), ("c", 3), ("d", 3)])
    #expect(try sample("stratified", Contexts.sampling(population, size: 2)).items.count == 2)
    #expect(try sample("stratified", Contexts.sampling(population, size: 4), ["by": "colour"]).items.count == 4)
    #expect {
      try sample("stratified", Contexts.sampling(population, size: 2), ["by": "part_typ"])
    } throws: {
      let message = ($0 as? StrategyFailure)?.message ?? ""
      return message.hasPrefix("strategies/sampling/stratified.lua:") && message.contains("did you mean 'part_type'?")
    }
  }

  /// Items `new…` changed two days ago, `old…` sixty days ago, `never…` at a time that is not known.
  private func ages(new: Int, old: Int, never: Int) throws -> Population {
    let groups: [(String, Int, Double?)] = [("never", never, nil), ("new", new, 88), ("old", old, 30)]
    let rows = groups.flatMap { group in (0..<group.1).map { ("\(group.0)\($0)", group.2) } }
    let times = try Column(rows.map { $0.1.map { .timestamp(FactoryBuilder.instant($0)) } ?? .missing }, as: .timestamp)
    return Contexts.population(rows.map(\.0), ["updated_at": times])
  }

  @Test(
    "recent_bias: half from what changed lately, half from the rest; either fills up the other",
    arguments: [
      (20, 20, 0, 10, 5), (20, 10, 10, 10, 5), (2, 20, 0, 10, 2), (20, 3, 0, 10, 7), (0, 20, 0, 10, 0), (20, 0, 0, 10, 10),
      (3, 2, 1, 6, 3), (20, 20, 0, 5, 3), (0, 0, 12, 4, 0),
    ])
  func recent(new: Int, old: Int, never: Int, size: Int, expected: Int) throws {
    let decision = try sample("recent_bias", Contexts.sampling(ages(new: new, old: old, never: never), size: size))
    #expect(decision.items.count == size && Set(decision.items).count == size)
    let recent = decision.items.filter { $0.hasPrefix("new") }
    #expect(recent.count == expected)
    #expect(decision.reasons == Dictionary(uniqueKeysWithValues: recent.map { ($0, "changed in the last 30 days") }))
  }

  @Test("recent_bias: takes the days and the share that it is told")
  func recentParameters() throws {
    let context = try Contexts.sampling(ages(new: 20, old: 20, never: 0), size: 10)
    #expect(try sample("recent_bias", context, ["share": 1]).items.allSatisfy { $0.hasPrefix("new") })
    #expect(try sample("recent_bias", context, ["share": 0]).reasons.isEmpty)
    #expect(try sample("recent_bias", context, ["days": 1]).reasons.isEmpty)
    #expect(try sample("recent_bias", context, ["days": 90, "share": 1]).reasons.count == 10)
  }
}

@Suite("The bundled trigger rule threshold")
struct ThresholdTests {
  private func decide(
    _ alerts: [Alert], last: Double? = nil, parameters: [String: PlainValue] = [:]
  ) throws -> TriggerDecision {
    let context = try Contexts.trigger(
      alerts: alerts, lastTraining: last.map { (StrategyFixture.now.advanced(bySeconds: -$0 * 3600), "succeeded") })
    return try StrategyFixture().library.triggerRule("threshold", parameters: parameters).decide(context)
  }

  private let high = Alert(.highMAE, .warning, value: 6, threshold: 5, message: "mae is 6")
  private let match = Alert(.lowProcessMatch, .critical, value: 0.1, threshold: 0.8, message: "bad")

  @Test("asks for training when a named alert is there, with the alert for a reason")
  func codes() throws {
    let decision = try decide([Alert(.noActualData, .critical, item: "x", message: "none"), high])
    #expect(decision.retrain && decision.priority == .normal && decision.candidates == nil)
    #expect(
      decision.reasons == [
        ["code": "HIGH_MAE", "severity": "warning", "message": "mae is 6", "value": .number(6), "threshold": .number(5)]
      ])
  }

  @Test("does not ask without alerts, or for others than those named")
  func quiet() throws {
    #expect(try decide([]) == TriggerDecision(retrain: false))
    #expect(try decide([Alert(.highCV, .critical, message: "m")]) == TriggerDecision(retrain: false))
    #expect(try decide([high], parameters: ["codes": []]) == TriggerDecision(retrain: false))
    #expect(try decide([Alert(.highCV, .warning, message: "m")], parameters: ["codes": ["HIGH_CV"]]).retrain)
  }

  @Test("is urgent when an alert is critical, or there is more than one")
  func priority() throws {
    #expect(try decide([match]).priority == .high)
    #expect(try decide([high, high]).priority == .high)
  }

  @Test("waits for the cooldown to end, and says until when", arguments: [(0.0, true), (23.999, true), (24, false), (1000, false)])
  func cooldown(hours: Double, waits: Bool) throws {
    let decision = try decide([match], last: hours)
    #expect(decision.retrain == !waits)
    if waits {
      let reason = try #require(decision.reasons.first)
      #expect(decision.reasons.count == 1 && reason["code"] == "COOLDOWN")
      // 24 hours after the last training; seconds since 1970 are exact to the microsecond.
      let until = StrategyFixture.now.seconds + (24 - hours) * 3600
      #expect(abs((reason["until_"]?.number ?? 0) - until) < 1e-3)
    }
  }

  @Test("can do without a cooldown")
  func noCooldown() throws { #expect(try decide([match], last: 0, parameters: ["cooldown_hours": 0]).retrain) }
}

@Suite("The bundled rule threshold's parameters")
struct ThresholdParameterTests {
  @Test("allow every alert code there is, and refuse others with the nearest one")
  func codes() throws {
    let library = try StrategyFixture().library
    let codes = try library.load(.trigger, "threshold").parameters.first { $0.name == "codes" }
    #expect(codes?.choices == Alert.Code.allCases.map(\.rawValue))
    let error = #expect(throws: StrategyFaults.self) {
      try library.triggerRule("threshold", parameters: ["codes": .list(["HIGH_MEA"])])
    }
    #expect(error?.faults.first?.message.hasSuffix("got 'HIGH_MEA'; did you mean 'HIGH_MAE'?") == true)
  }
}

@Suite("The bundled comparison policy min_improvement")
struct MinImprovementTests {
  private typealias Contender = ComparisonContext.Contender

  private func contender(
    _ name: String, _ trimMAE: Double?, match: Double? = 0.9, blocks: [Double?] = [], complexity: Int = 1, rows: Int = 200
  ) -> ComparisonContext.Contender {
    var metrics: [String: Double] = [:]
    metrics["trim_mae"] = trimMAE
    metrics["process_match"] = match
    return Contender(
      name: name, complexity: complexity, metrics: metrics, blocks: blocks.map { $0.map { ["trim_mae": $0] } ?? [:] },
      errors: Array(repeating: 1, count: rows))
  }

  private func compare(
    _ champion: ComparisonContext.Contender, _ candidates: [ComparisonContext.Contender], _ parameters: [String: PlainValue] = [:]
  ) throws -> (winner: String?, codes: [String]) {
    let context = try Contexts.comparison(champion, candidates)
    let decision = try StrategyFixture().library.comparisonPolicy("min_improvement", parameters: parameters).compare(context)
    return (decision.winner, decision.reasons.compactMap { $0["code"]?.text })
  }

  @Test(
    "accepts from 5 percent on",
    arguments: [
      (10.0, 9.5, true), (10, 9.51, false), (10, 10, false), (10, 12, false), (3, 2.85, true), (0.7, 0.665, true), (3, 2.8501, false),
    ])
  func boundary(before: Double, after: Double, accepted: Bool) throws {
    let result = try compare(contender("old", before), [contender("new", after)])
    #expect(result.winner == (accepted ? "new" : nil) && result.codes == [accepted ? "ACCEPTED" : "TOO_SMALL"])
  }

  @Test("tells the improvement in percent and the variation between blocks")
  func figures() throws {
    let context = try Contexts.comparison(contender("old", 10), [contender("new", 8, blocks: [6, 8, nil, 10])])
    let reason = try #require(
      try StrategyFixture().library.comparisonPolicy("min_improvement", parameters: [:]).compare(context).reasons.first)
    // Mean 8, standard deviation 2 (over n − 1); division may round in the last place.
    #expect(reason["candidate"] == "new" && abs((reason["improvement_pct"]?.number ?? 0) - 20) < 1e-9)
    #expect(abs((reason["block_cv"]?.number ?? 0) - 0.25) < 1e-12)
  }

  @Test("does not blame a challenger for a month that was hard for the champion too")
  func hardMonth() throws {
    let champion = contender("old", 4, blocks: [2, 2, 2, 10])
    #expect(try compare(champion, [contender("new", 2, blocks: [1, 1, 1, 6])]).codes == ["ACCEPTED"])
    #expect(try compare(champion, [contender("new", 2, blocks: [0.1, 0.1, 0.1, 6])]).codes == ["UNSTEADY"])
    #expect(try compare(contender("old", 4), [contender("new", 2, blocks: [1, 1, 1, 6])]).codes == ["UNSTEADY"])
  }

  @Test(
    "refuses worse routings, also where they were not measured",
    arguments: [(0.89, "WORSE_ROUTINGS"), (nil, "WORSE_ROUTINGS"), (0.9, "ACCEPTED")])
  func routings(match: Double?, code: String) throws {
    #expect(try compare(contender("old", 10), [contender("new", 5, match: match)]).codes == [code])
  }

  @Test(
    "refuses what varies by more than 0.6 between blocks",
    arguments: [
      ([1.0, 1, 1], "ACCEPTED"), ([0, 0, 6], "UNSTEADY"), ([6], "ACCEPTED"), ([nil, 3, nil], "ACCEPTED"), ([0, 0], "ACCEPTED"),
    ]
      as [([Double?], String)])
  func steadiness(blocks: [Double?], code: String) throws {
    #expect(try compare(contender("old", 10), [contender("new", 2, blocks: blocks)]).codes == [code])
  }

  @Test("takes the best, and of equals the simpler one, whatever their order")
  func ties() throws {
    let candidates = [
      contender("stacking", 8, complexity: 2), contender("baseline", 8, complexity: 0), contender("mlp", 8, complexity: 1),
    ]
    #expect(try compare(contender("old", 10), candidates).winner == "baseline")
    #expect(try compare(contender("old", 10), candidates.reversed()).winner == "baseline")
    #expect(try compare(contender("old", 10), candidates + [contender("best", 7, complexity: 9)]).winner == "best")
  }

  @Test("keeps the champion where there are too few rows, too little evidence, or nobody at all")
  func noEvidence() throws {
    #expect(try compare(contender("old", 10, rows: 199), [contender("new", 1)]) == (nil, ["NO_EVIDENCE"]))
    #expect(try compare(contender("old", 10, rows: 199), [contender("new", 1)], ["min_rows": 100]).winner == "new")
    #expect(try compare(contender("old", nil), [contender("new", 1)]) == (nil, ["NO_EVIDENCE"]))
    #expect(try compare(contender("old", 10), [contender("new", nil)]) == (nil, ["NO_EVIDENCE"]))
    #expect(try compare(contender("old", 0), [contender("new", 0)]) == (nil, ["NO_EVIDENCE"]))
    #expect(try compare(contender("old", 10), []) == (nil, []))
  }

  @Test("never accepts what is no number")
  func notANumber() throws {
    #expect(try compare(contender("old", 10), [contender("new", .nan)]) == (nil, ["NO_EVIDENCE"]))
    #expect(try compare(contender("old", .nan), [contender("new", 1)]).winner == nil)
    #expect(try compare(contender("old", 10), [contender("new", 1, match: .nan)]) == (nil, ["WORSE_ROUTINGS"]))
    #expect(try compare(contender("old", 10), [contender("new", 1, blocks: [1, .nan])]) == (nil, ["UNSTEADY"]))
  }
}
