import Foundation
import QualityCycle
import Scripting
import Tabular
import Testing

private typealias Contender = ComparisonContext.Contender

private func decide(
  _ policy: String, _ champion: ComparisonContext.Contender, _ candidates: [ComparisonContext.Contender],
  _ parameters: [String: PlainValue] = [:]
) throws -> (winner: String?, reasons: [PlainValue], codes: [String]) {
  let context = try Contexts.comparison(champion, candidates)
  let decision = try StrategyFixture().library.comparisonPolicy(policy, parameters: parameters).compare(context)
  return (decision.winner, decision.reasons, decision.reasons.compactMap { $0["code"]?.text })
}

@Suite("The bundled comparison policy bootstrap")
struct BootstrapPolicyTests {
  /// A contender whose errors are those given, again and again.
  private func contender(_ name: String, _ errors: [Double], match: Double? = 0.9, complexity: Int = 1) -> ComparisonContext.Contender {
    let all = (0..<400).map { errors[$0 % errors.count] }
    var metrics = ["trim_mae": all.reduce(0, +) / 400]
    metrics["process_match"] = match
    return Contender(name: name, complexity: complexity, metrics: metrics, blocks: [], errors: all)
  }

  @Test("accepts what is better by more than chance, and nothing else")
  func decisions() throws {
    let champion = contender("old", [10, 12, 8, 10])
    #expect(try decide("bootstrap", champion, [contender("new", [9, 11, 7, 9])]).winner == "new")
    #expect(try decide("bootstrap", champion, [contender("new", [9.9, 11.9, 7.9, 9.9])]).codes == ["TOO_SMALL"])
    #expect(try decide("bootstrap", champion, [contender("new", [9, 11, 7, 9], match: 0.8)]).codes == ["WORSE_ROUTINGS"])
    // 6 % better on the whole, but by a single row of 401 that was far off.
    let lucky = contender("new", [10, 12, 8, 10])
    var outlier = lucky
    var unlucky = champion
    unlucky.errors[0] = 300
    unlucky.metrics["trim_mae"] = 10.7
    outlier.metrics["trim_mae"] = 10
    #expect(try decide("bootstrap", unlucky, [outlier]).codes == ["MAY_BE_CHANCE"])
    let few = Contender(name: "old", complexity: 0, metrics: ["trim_mae": 1], blocks: [], errors: [1, 1])
    #expect(try decide("bootstrap", few, [few]).codes == ["NO_EVIDENCE"])
  }

  @Test("takes the better of two, of equals the simpler, and tells the interval")
  func choice() throws {
    let champion = contender("old", [10, 12, 8, 10])
    let (good, better) = (contender("good", [8, 9, 7, 8]), contender("better", [7, 8, 6, 7]))
    let result = try decide("bootstrap", champion, [good, better])
    #expect(result.winner == "better" && result.codes == ["ACCEPTED", "ACCEPTED"])
    let lower = try #require(result.reasons[1]["lower"]?.number)
    let upper = try #require(result.reasons[1]["upper"]?.number)
    #expect(lower < 3 && upper > 3 && lower > 2.5 && upper < 3.5)
    var twin = better
    twin.name = "twin"
    twin.complexity = 0
    #expect(try decide("bootstrap", champion, [better, twin]).winner == "twin")
    #expect(try decide("bootstrap", champion, [twin, better]).winner == "twin")
  }
}

@Suite("The bundled comparison policy pareto")
struct ParetoPolicyTests {
  private func contender(_ name: String, _ error: Double, latency: Double, match: Double = 0.9) -> ComparisonContext.Contender {
    Contender(
      name: name, complexity: 1, metrics: ["trim_mae": error, "process_match": match], blocks: [],
      errors: Array(repeating: error, count: 300),
      latencyMilliseconds: latency)
  }

  @Test("takes the most accurate that no faster one equals")
  func front() throws {
    let champion = contender("old", 10, latency: 1)
    let (fast, slow, slower) = (contender("fast", 8, latency: 2), contender("slow", 6, latency: 50), contender("slower", 5.97, latency: 90))
    let result = try decide("pareto", champion, [fast, slow, slower])
    #expect(result.winner == "slow" && result.codes == ["ON_THE_FRONT", "ON_THE_FRONT", "BEATEN"])
    #expect(result.reasons[2]["beaten_by"] == "slow")
    #expect(try decide("pareto", champion, [fast, slow], ["max_latency_ms": 10]).winner == "fast")
    #expect(try decide("pareto", champion, [fast, slow], ["max_latency_ms": 1]).codes == ["TOO_SLOW", "TOO_SLOW"])
  }

  @Test("lets nobody be beaten by one that cannot win itself")
  func beatenByNobody() throws {
    let champion = contender("old", 10, latency: 1)
    let (able, small) = (contender("able", 9.45, latency: 5), contender("small", 9.52, latency: 2))
    let result = try decide("pareto", champion, [able, small])
    #expect(result.winner == "able" && result.codes == ["ON_THE_FRONT", "TOO_SMALL"])
    #expect(try decide("pareto", champion, [contender("new", 5, latency: 1, match: 0.5)]).codes == ["WORSE_ROUTINGS"])
    #expect(try decide("pareto", champion, [contender("new", .nan, latency: 1)]).codes == ["NO_EVIDENCE"])
  }
}
