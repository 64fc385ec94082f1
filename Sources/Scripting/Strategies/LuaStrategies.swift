import Ledger
import Metrics
import QualityCycle
import Tabular

/// A sampling strategy written in Lua.
struct LuaSamplingStrategy: SamplingStrategy {
  let run: StrategyRun
  var identity: StrategyIdentity { run.identity }

  func sample(_ context: SamplingContext) throws -> SamplingDecision {
    let answer = try run.decide(
      [
        "since": .plain(.number(context.since.seconds)), "size": .plain(.integer(Int64(context.size))),
        "population": .lazy(ScriptFrame(context.population)), "history": .frame(context.history),
      ], seed: context.seed, on: context.source, as: SamplingAnswer.self)
    return SamplingDecision(items: answer.items, reasons: answer.reasons)
  }
}

/// A trigger rule written in Lua.
struct LuaTriggerRule: TriggerRule {
  let run: StrategyRun
  var identity: StrategyIdentity { run.identity }

  func decide(_ context: TriggerContext) throws -> TriggerDecision {
    var metrics: [String: PlainValue] = [:]
    for metric in context.report.metrics { if let value = metric.value { metrics[metric.name] = .number(value) } }
    let alerts = context.report.alerts.map { alert in
      var fields: [String: PlainValue] = [
        "code": .text(alert.code.rawValue), "severity": .text(alert.severity.rawValue), "message": .text(alert.message),
      ]
      if let value = alert.value { fields["value"] = .number(value) }
      if let threshold = alert.threshold { fields["threshold"] = .number(threshold) }
      if let item = alert.item { fields["item"] = .text(item) }
      if let operation = alert.operation { fields["operation"] = .text(operation) }
      return PlainValue.map(fields)
    }
    var fields: [String: ContextField] = [
      "report": .plain(.map(metrics)), "alerts": .plain(.list(alerts)), "history": .frame(context.history),
      "groups": .frame(context.groups),
    ]
    if let last = context.lastTraining {
      fields["last_training"] = .plain(["as_of": .number(last.asOf.seconds), "outcome": .text(last.outcome)])
    }
    let answer = try run.decide(fields, seed: context.seed, on: context.source, as: TriggerAnswer.self)
    return TriggerDecision(
      retrain: answer.retrain, priority: JobPriority(name: answer.priority.rawValue) ?? .normal, reasons: answer.reasons,
      candidates: answer.candidates)
  }
}

/// A comparison policy written in Lua.
struct LuaComparisonPolicy: ComparisonPolicy {
  let run: StrategyRun
  var identity: StrategyIdentity { run.identity }

  func compare(_ context: ComparisonContext) throws -> ComparisonDecision {
    let answer = try run.decide(
      [
        "champion": .plain(Self.table(context.champion)), "candidates": .plain(.list(context.candidates.map(Self.table))),
        "items": .column(Column(context.items.map(Int64.init))), "history": .frame(context.history),
        "errors": .columns([Column(context.champion.errors)] + context.candidates.map { Column($0.errors) }),
      ], seed: context.seed, on: context.source, as: ComparisonAnswer.self)
    if let winner = answer.winner, !context.candidates.contains(where: { $0.name == winner }) {
      let known = context.candidates.map(\.name)
      throw StrategyFailure(
        message: "\(run.file.path): the winner '\(winner)' is none of the candidates (\(known.joined(separator: ", ")))"
          + suggestion(for: winner, in: known))
    }
    return ComparisonDecision(winner: answer.winner, reasons: answer.reasons)
  }

  /// A contender without its errors, which are a column.
  private static func table(_ contender: ComparisonContext.Contender) -> PlainValue {
    let numbers = { (figures: [String: Double]) in PlainValue.map(figures.mapValues(PlainValue.number)) }
    return [
      "name": .text(contender.name), "complexity": .integer(Int64(contender.complexity)), "metrics": numbers(contender.metrics),
      "blocks": .list(contender.blocks.map(numbers)), "cold_start": numbers(contender.coldStart),
      "fit_seconds": .number(contender.fitSeconds), "latency_ms": .number(contender.latencyMilliseconds),
    ]
  }
}

extension ScriptFrame {
  /// The items that a sample is drawn from; a column is read when it is first used.
  convenience init(_ population: Population) {
    self.init(
      rowCount: population.codes.count, names: ["item_code"] + population.columnNames, load: { try population.column($0) })
  }
}
