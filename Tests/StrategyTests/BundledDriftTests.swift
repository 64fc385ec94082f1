import Foundation
import QualityCycle
import Scripting
import Tabular
import TestSupport
import Testing

@Suite("The bundled rules that watch for drift")
struct BundledDriftTests {
  /// Weekly figures of ten jobs with noise of a seed: `m1` of `J0` is the group that may change, with a tenth of the results.
  private func figures(weeks: Int, seed: UInt64 = 1, _ change: (_ week: Int, _ job: Int) -> Double = { _, _ in 0 }) -> DriftFigures {
    var random = SeededGenerator(seed: seed)
    var figures = DriftFigures()
    for week in 1...weeks {
      for job in 0..<10 {
        // The sum of twelve uniform numbers is as good as normal; a mean of forty results with a spread of 0.2.
        let noise = (0..<12).reduce(-6.0) { sum, _ in sum + random.uniform() } * 0.2 / 40.0.squareRoot()
        figures.add(day: Double(7 * week), "m1", "J\(job)", results: 40, mean: noise + change(week, job))
      }
    }
    return figures
  }

  private func decide(
    _ rule: String, _ figures: DriftFigures, week: Int, last: Double? = nil, history: Frame? = nil,
    parameters: [String: PlainValue] = [:]
  ) throws -> TriggerDecision {
    let now = FactoryBuilder.instant(Double(7 * week))
    let context = try Contexts.trigger(
      lastTraining: last.map { (now.advanced(bySeconds: -$0 * 3600), "activated") }, asOf: now, history: history ?? asked([], week),
      groups: figures.frame())
    return try StrategyFixture().library.triggerRule(rule, parameters: parameters).decide(context)
  }

  /// A history in which training was asked for so many days ago.
  private func asked(_ days: [Double], _ week: Int) throws -> Frame {
    let now = FactoryBuilder.instant(Double(7 * week))
    return try Frame([
      ("cycle_id", Column(days.indices.map { Int64($0) })), ("as_of", Column(days.map { now.advanced(bySeconds: -$0 * 86_400) })),
      ("retrained", Column(days.map { _ in true })),
    ])
  }

  @Test("are quiet where nothing changes", arguments: ["cusum", "ewma"], 0..<10 as Range<UInt64>)
  func quiet(rule: String, seed: UInt64) throws {
    #expect(try decide(rule, figures(weeks: 30, seed: seed), week: 30) == TriggerDecision(retrain: false))
  }

  @Test(
    "find a step of a quarter in a group of a tenth within three weeks, and say all of it", arguments: ["cusum", "ewma"], [1.25, 0.75])
  func step(rule: String, factor: Double) throws {
    let figures = figures(weeks: 22) { week, job in job == 3 && week > 19 ? log(factor) : 0 }
    let decision = try decide(rule, figures, week: 22)
    let reason = try #require(decision.reasons.first)
    #expect(decision.retrain && reason["code"] == "DRIFT" && reason["job"] == "J3")
    #expect(abs((reason["change_pct"]?.number ?? 0) - (factor - 1) * 100) < 8)
    #expect(reason["since"]?.number == FactoryBuilder.instant(7 * 19).seconds)
    #expect((reason["evidence"]?.number ?? 0) > reason["limit"]?.number ?? .infinity)
    let message = try #require(reason["message"]?.text)
    #expect(message.contains(factor > 1 ? " % longer than usual since " : " % less than usual since ") && message.hasPrefix("J3 "))
    #expect(Set(decision.reasons.compactMap { $0["job"]?.text }) == ["J3"])
  }

  @Test("find wear", arguments: ["cusum", "ewma"])
  func wear(rule: String) throws {
    let figures = figures(weeks: 30) { week, job in job == 3 ? 0.008 * Double(max(0, week - 8)) : 0 }
    #expect(try decide(rule, figures, week: 30).reasons.first?["job"] == "J3")
  }

  @Test("find a change common to all, before any job shows it as clearly")
  func common() throws {
    let figures = figures(weeks: 20) { week, _ in week > 17 ? 0.08 : 0 }
    let reasons = try decide("cusum", figures, week: 20).reasons
    #expect(reasons.first.map { $0["job"] == nil && $0["code"] == "DRIFT" } == true)
    #expect(reasons.first?["message"]?.text?.hasPrefix("all work takes ") == true)
  }

  @Test("say where a resource was not reported")
  func unknownResource() throws {
    var figures = DriftFigures()
    for week in 1...20 {
      figures.add(day: Double(7 * week), "m1", "turn", results: 90, mean: 0)
      figures.add(day: Double(7 * week), nil, "turn", results: 10, mean: week > 12 ? 0.5 : 0)
    }
    let reasons = try decide("cusum", figures, week: 20).reasons
    #expect(reasons.contains { $0["message"]?.text?.hasPrefix("turn on an unknown resource takes 65 % longer") == true }, "\(reasons)")
  }

  @Test("wait for the cooldown, and begin anew with a champion of whom nothing was seen yet", arguments: ["cusum", "ewma", "budget"])
  func cooldown(rule: String) throws {
    let figures = figures(weeks: 20) { week, _ in week > 15 ? 0.4 : 0 }
    let waiting = try decide(rule, figures, week: 20, last: 167)
    #expect(!waiting.retrain && waiting.reasons.map { $0["code"] } == ["COOLDOWN"])
    #expect(try decide(rule, figures, week: 20, last: 168).retrain)
    #expect(try !decide(rule, DriftFigures(), week: 20, last: 168).retrain)
  }

  @Test("decide the same again from the same figures", arguments: ["cusum", "ewma", "budget"])
  func again(rule: String) throws {
    let figures = figures(weeks: 20) { week, job in week > 15 && job < 4 ? 0.3 : 0 }
    let first = try decide(rule, figures, week: 20)
    #expect(first.retrain && first.reasons.count > 3)
    #expect(try decide(rule, figures, week: 20) == first)
  }

  @Test("name as many reasons as they may, the strongest first")
  func mostReasons() throws {
    let figures = figures(weeks: 20) { week, job in week > 15 ? 0.1 * Double(job) : 0 }
    let reasons = try decide("cusum", figures, week: 20, parameters: ["max_reasons": 3]).reasons
    let evidence = reasons.compactMap { $0["evidence"]?.number }
    #expect(evidence.count == 3 && evidence == evidence.sorted(by: >))
  }

  @Test(
    "budget: a gain is worth a training by how many are left",
    arguments: [
      // Ten percent of the results take as much longer; what is sure of it is some 0.04 less.
      (0.0, [], false, "NOT_WORTH_IT"), (0.12, [], true, "WORTH_IT"), (0.12, [150, 100, 50], false, "SAVED_FOR_MORE"),
      (0.16, [150, 100, 50], true, "WORTH_IT"), (0.16, [150, 120, 100, 50, 20], false, "SAVED_FOR_MORE"),
      (0.6, [150, 120, 100, 50, 20], true, "WORTH_IT"), (0.6, [150, 120, 100, 50, 20, 10], false, "BUDGET_SPENT"),
      (0.6, [200, 150, 120, 100, 50, 20], true, "WORTH_IT"),
    ] as [(Double, [Double], Bool, String)])
  func budget(shift: Double, asked days: [Double], retrain: Bool, code: String) throws {
    let figures = figures(weeks: 40) { week, job in job == 3 && week > 20 ? shift : 0 }
    let decision = try decide("budget", figures, week: 40, history: asked(days, 40), parameters: ["worth_pct": 0.5])
    #expect(decision.retrain == retrain && decision.reasons.first?["code"] == .text(code), "\(decision.reasons.first ?? .null)")
    if shift > 0 { #expect(decision.reasons.dropFirst().first?["job"] == "J3") }
  }
}
