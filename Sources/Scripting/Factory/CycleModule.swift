import Configuration
import Foundation
import Ledger
import LuaBridge
import Metrics
import QualityCycle
import Routing
import Tabular

private struct RunOptions: LuaRecord {
  var strategy: String?
  var rule: String?
  var size: Int?
  var seed: Int?
  var asOf: Timestamp?
  var since: Timestamp?
  var all = false

  static let fields: [LuaField<RunOptions>] = [
    LuaField("strategy", \.strategy, "sampling strategy"), LuaField("rule", \.rule, "trigger rule"),
    LuaField("size", \.size, "items to look at"), LuaField("seed", \.seed, "seed of everything random"),
    LuaField("as_of", \.asOf, "judge by results up to this time"),
    LuaField("since", \.since, "judge by results after this time"),
    LuaField("all", \.all, "look at the whole population instead of a sample"),
  ]

  var overrides: [ConfigurationOverride] {
    [
      strategy.map { ConfigurationOverride("sampling.strategy", $0, origin: "strategy") },
      rule.map { ConfigurationOverride("trigger.rule", $0, origin: "rule") },
      size.map { ConfigurationOverride("sampling.size", String($0), origin: "size") },
      seed.map { ConfigurationOverride("sampling.seed", String($0), origin: "seed") },
    ].compactMap { $0 }
  }
}

private let runFunction = LuaFunction(
  "run", "Runs a cycle: sample, predict, compare, measure, decide, report. What is left out is as in the settings.", in: Workspace.self,
  Parameter("options", RunOptions.self, "what to do otherwise than the settings say"),
  returns: .value(PlainValue.self, "cycle, metrics, alerts, retrain, priority, reasons, job, reports"), effect: .writes
) { workspace, options in
  let workspace = try workspace.refreshed(overriding: options.overrides)
  let (report, files) = try workspace.runCycle(
    CycleRequest(asOf: options.asOf, since: options.since, takesAll: options.all),
    // The script is watched, or has a process of its own to end: what it starts runs in it.
    strategies: StrategyLibrary(workspace, isolates: false))
  return summary(of: report, files: files)
}

private let historyFunction = LuaFunction(
  "history", "The finished cycles with their metrics, oldest first.", in: Workspace.self,
  returns: .value(ScriptFrame.self, "cycle_id, as_of, retrained, and each metric"), effect: .reads
) { workspace in
  ScriptFrame(try workspace.ledger().history(until: Timestamp(microseconds: .max), metrics: MeasurementRoom.historyMetrics))
}

private let getFunction = LuaFunction(
  "get", "The whole report of a cycle.", in: Workspace.self, Parameter("cycle", Int.self, "its number"),
  returns: .value(PlainValue.self, "everything, as in the JSON report"), effect: .reads
) { workspace, cycle in
  let report = try CycleReport(finished: Int64(cycle), in: workspace.ledger())
  return try JSONDecoder().decode(PlainValue.self, from: Data(report.json().utf8))
}

private struct EvaluateOptions: LuaRecord {
  var version = ""
  var since = Timestamp.distantPast
  var until = Timestamp.distantPast
  var size: Int?
  var seed: Int?

  static let fields: [LuaField<EvaluateOptions>] = [
    LuaField("version", \.version, "the version, which must not have learnt from the window", isRequired: true),
    LuaField("since", \.since, "judge by results after this time", isRequired: true),
    LuaField("until_", \.until, "judge by results up to this time", isRequired: true),
    LuaField("size", \.size, "items looked at; all when left out"), LuaField("seed", \.seed, "seed of the draw", default: "42"),
  ]
}

private let evaluateFunction = LuaFunction(
  "evaluate", "How well a version, serving or not, predicts the results of a window; nothing is recorded.", in: Workspace.self,
  Parameter("options", EvaluateOptions.self, "which version, and what it is judged by"),
  returns: .value(PlainValue.self, "mae, trim_mae, rmse, bias, wape, process_match; what cannot be measured is absent"), effect: .reads
) { workspace, options in
  if let size = options.size, size < 1 { throw LuaError("'size' must be an integer ≥ 1, got \(size)") }
  let measured = try workspace.evaluate(
    options.version, in: Window(since: options.since, until: options.until), size: options.size,
    seed: UInt64(bitPattern: Int64(options.seed ?? 42)))
  var values: [String: PlainValue] = [:]
  for measurement in measured { if let value = measurement.value { values[measurement.name] = .number(value) } }
  return .map(values)
}

/// `cycle`: running cycles, and what they found.
let cycleModule = LuaModule(
  "cycle", "Cycles: running them, and what they found.", functions: [runFunction, historyFunction, getFunction, evaluateFunction])

private func summary(of report: CycleReport, files: [String]) -> PlainValue {
  var metrics: [String: PlainValue] = [:]
  for metric in report.measured.metrics { if let value = metric.value { metrics[metric.name] = .number(value) } }
  return [
    "cycle": .integer(report.cycle), "metrics": .map(metrics),
    "alerts": .list(
      report.alerts.map { alert in
        [
          "code": .text(alert.code.rawValue), "severity": .text(alert.severity.rawValue), "message": .text(alert.message),
          "item": alert.item.map(PlainValue.text) ?? .null, "operation": alert.operation.map(PlainValue.text) ?? .null,
          "value": alert.value.map(PlainValue.number) ?? .null, "threshold": alert.threshold.map(PlainValue.number) ?? .null,
        ]
      }),
    "retrain": .bool(report.trigger.decision.retrain), "priority": .text(report.trigger.decision.priority.name),
    "reasons": .list(report.trigger.decision.reasons), "job": report.job.map { .integer($0.id) } ?? .null,
    "reports": .list(files.map(PlainValue.text)),
  ]
}
