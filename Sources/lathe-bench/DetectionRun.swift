import Configuration
import Foundation
import Ledger
import Metrics
import QualityCycle
import Routing
import Tabular

/// Weekly cycles over a plant, with a champion that has learnt before, as far as a trigger rule sees them.
struct DetectionRun {
  let plant: DetectionPlant
  let rule: any TriggerRule
  let ledger: Ledger
  /// Whose results are watched; with `sample` those of so many items.
  let watch: WatchKind
  let sampleSize: Int

  static let week = 7 * 86_400.0
  /// Days after which a change that was not found counts as missed.
  static let patience = 56.0

  /// What a run came to.
  struct Outcome {
    /// Days from the change to the cycle that found it, 0 when it was found earlier; `nil` when it was not found.
    var delay: Double?
    /// Wishes for training that no change explains, and for how long there could have been some, in days.
    var falseAlarms = 0, quietDays = 0.0
    /// What was said of the change, or of the last false alarm.
    var words = ""
  }

  /// Runs cycle after cycle until the change is found, is missed, or the plant ends. A wish for training that the change does not explain
  /// is a false alarm; the champion then learns anew, and the run goes on with the new one, as it would in a factory.
  func run() throws -> Outcome {
    var outcome = Outcome()
    var (champion, predictor) = try learn(until: plant.learnsAt, number: 1)
    var countsFrom = plant.countsFrom
    var asOf = plant.learnsAt.advanced(bySeconds: Self.week)
    while asOf <= plant.endsAt {
      let (decision, cycle) = try decide(champion, predictor, asOf: asOf)
      try ledger.finish(cycle, as: .done, retrain: decision.retrain, at: asOf)
      if let begins = plant.changesAt, asOf > begins {
        if decision.retrain, decision.reasons.contains(where: plant.explains) {
          outcome.delay = countsFrom.map { max(0, asOf.seconds(since: $0) / 86_400) }
          outcome.words = Self.words(decision)
          return outcome
        }
      }
      if decision.retrain {
        outcome.falseAlarms += 1
        outcome.words = Self.words(decision)
        (champion, predictor) = try learn(until: asOf, number: Int(cycle) + 1)
        // The new champion has learnt from what was worn by now: from here it is 10 % more again.
        if let begins = plant.changesAt, asOf > begins, plant.daysToTenth > 0 {
          countsFrom = asOf.advanced(bySeconds: plant.daysToTenth * 86_400)
        }
      }
      outcome.quietDays += 7
      if let from = countsFrom, asOf.seconds(since: from) > Self.patience * 86_400 { break }
      asOf = asOf.advanced(bySeconds: Self.week)
    }
    return outcome
  }

  private static func words(_ decision: TriggerDecision) -> String {
    decision.reasons.first.flatMap { $0["message"]?.text } ?? ""
  }

  private func learn(until instant: Timestamp, number: Int) throws -> (RoutingModel, Predictor) {
    var model = try BaselineTrainer().train(on: plant.source, until: instant)
    model.version = "champion \(number)"
    try ledger.noteTraining(model.version, asOf: instant, outcome: "activated", at: instant)
    return (model, Predictor(model))
  }

  /// One cycle: the rooms that watch, and the rule.
  private func decide(_ champion: RoutingModel, _ predictor: Predictor, asOf: Timestamp) throws -> (TriggerDecision, Int64) {
    let since = max(champion.trainedUntil, asOf.advanced(bySeconds: -30 * 86_400))
    var plan = CyclePlan(
      window: Window(since: since, until: asOf), seed: 42, champion: champion.version, trainedUntil: champion.trainedUntil,
      basis: champion.evidence.basis, size: sampleSize, population: .withResults, minPopulation: 1, thresholds: Settings.Thresholds(),
      groupBy: [], queueSize: 3)
    plan.watch = watch
    let cycle = try ledger.begin(
      CycleStart(
        asOf: asOf, since: since, seed: plan.seed, champion: plan.champion, configuration: "", latheVersion: "bench"), at: asOf)
    let codes = watch == .all ? [] : try sample(plan)
    let evaluation = try Evaluator(window: plan.window, basis: plan.basis).evaluate(
      codes, predictor.predict(codes, from: CutFactorySource(plant.source, asOf: since)), against: plant.source)
    let seen = try WatchRoom(source: plant.source, ledger: ledger, predictor: predictor).enter(evaluation, plan, cycle: cycle)
    try ledger.keep(seen, of: plan.champion, in: cycle)
    let context = TriggerContext(
      asOf: asOf, seed: plan.seed, report: MetricReport(basis: plan.basis), lastTraining: try ledger.lastTraining(asOf: asOf),
      history: try ledger.history(until: asOf, metrics: []),
      groups: try ledger.driftGroups(champion: plan.champion, asOf: asOf, cycle: cycle),
      source: CutFactorySource(plant.source, asOf: asOf))
    return (try rule.decide(context), cycle)
  }

  /// As many items as a cycle takes of those with results in the window.
  private func sample(_ plan: CyclePlan) throws -> [String] {
    let codes = try plant.source.itemCodes(withResultsIn: plan.window)
    return try Sampling.uniform(population: codes.count, size: plan.size, seed: plan.seed).map { codes[$0] }
  }
}
