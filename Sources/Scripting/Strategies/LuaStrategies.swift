import Dispatch
import Foundation
import Ledger
import Logging
import LuaBridge
import Metrics
import QualityCycle
import Tabular

/// What a strategy's VM is given beside its own context.
struct StrategyHost {
  /// What a run may use up.
  var limits: LuaLimits
  /// Where `log` and `print` go.
  var logger: Logger
  /// Whether the work under way is to stop; asked from another thread while a strategy runs.
  var shouldStop: @Sendable () -> Bool = { false }

  /// Gives a VM its log, and a clock that stands at the cycle's instant.
  func provide(to vm: LuaVM, at instant: Timestamp) {
    vm.provide(ScriptLog(logger))
    vm.provide(ScriptClock(at: instant))
  }

  /// Runs `body`, stopping the script of `interrupter` as soon as the work is to stop.
  ///
  /// A signal handler may do next to nothing, so that a wish to stop is a flag; a timer looks at it.
  func watching<Result>(_ interrupter: LuaInterrupter, _ body: () throws(LuaError) -> Result) throws(LuaError) -> Result {
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInitiated))
    timer.schedule(deadline: .now(), repeating: .milliseconds(50))
    timer.setEventHandler { [shouldStop] in if shouldStop() { interrupter.interrupt() } }
    timer.activate()
    defer { timer.cancel() }
    return try body()
  }
}

/// Runs a strategy's `decide` in a fresh VM each time: nothing is kept from one decision to the next.
struct StrategyRun {
  let file: StrategyFile
  let values: [String: PlainValue]
  let host: StrategyHost

  var identity: StrategyIdentity {
    StrategyIdentity(kind: file.kind, name: file.name, sha256: file.sha256, parameters: .map(values))
  }

  /// Calls `decide(ctx, parameters)` and reads its answer as a `Decision`.
  ///
  /// - Parameters:
  ///   - context: The fields of `ctx` besides `data` and `log`.
  ///   - arranging: Lua that puts in its place what the fields' types cannot say, with `ctx` at hand.
  ///   - modules: The modules that the strategy sees.
  ///   - provide: Gives the VM what the modules work on.
  /// - Throws: ``StrategyFailure`` with file, line and traceback; `CancellationError` when the work is to stop.
  func decide<Decision: LuaReadable>(
    _ context: [String: any LuaPushable], arranging: String = "", seed: UInt64, modules: [LuaModule], as type: Decision.Type,
    provide: (LuaVM) -> Void
  ) throws -> Decision {
    do throws(LuaError) {
      let vm = try LuaVM(
        LuaVM.Settings(
          profile: .strategies, limits: host.limits, seed: seed, modules: modules,
          print: { [logger = host.logger] in logger.info("\($0)", metadata: ["event": "print"]) }))
      provide(vm)
      return try host.watching(vm.interrupter) { () throws(LuaError) in
        for (name, value) in context { try vm.setGlobal("__" + name, value) }
        // Lua makes the table, so that objects and references of the VM can be its fields; before the strategy runs, which may set globals.
        let names = context.keys.sorted()
        let fields = names.map { "\($0) = __\($0)" }.joined(separator: ", ")
        let clear = names.map { "__\($0) = nil" }.joined(separator: " ")
        let ctx = try vm.run(
          LuaSource("local ctx = { data = data, log = log, \(fields) } \(clear) \(arranging) return ctx", name: "context"),
          as: LuaTableReference.self)
        let table = try vm.run(LuaSource(file.source, name: file.path), as: LuaTableReference.self)
        let decide = try table.field("decide", as: LuaFunctionReference.self)
        return try decide.call(ctx, PlainValue.map(values), as: type)
      }
    } catch {
      // A query that was stopped is an error like others to the script, so the wish counts, not the reason.
      if error.reason == .interrupted || host.shouldStop() { throw CancellationError() }
      throw StrategyFailure(
        message: error.chunk == nil ? "\(file.path): \(error.message)" : error.description,
        traceback: error.traceback.map { "\($0)" }.joined(separator: "\n"))
    }
  }
}

/// A sampling strategy written in Lua.
struct LuaSamplingStrategy: SamplingStrategy {
  let run: StrategyRun
  var identity: StrategyIdentity { run.identity }

  func sample(_ context: SamplingContext) throws -> SamplingDecision {
    let answer = try run.decide(
      [
        "as_of": context.asOf.seconds, "since": context.since.seconds, "seed": Int64(bitPattern: context.seed), "size": context.size,
        "population": ScriptFrame(context.population), "history": ScriptFrame(context.history),
      ], seed: context.seed, modules: strategyModules, as: SamplingAnswer.self
    ) { vm in
      vm.provide(FactoryData(context.source))
      run.host.provide(to: vm, at: context.asOf)
    }
    return SamplingDecision(items: answer.items, reasons: answer.reasons)
  }
}

/// What a sampling strategy answers: `{ items = { codes… } or column, reasons = { [code] = "…" } }`.
private struct SamplingAnswer: LuaRecord {
  var items: [String] = []
  var reasons: [String: String] = [:]

  static let fields: [LuaField<SamplingAnswer>] = [
    LuaField("items", \.items, "codes of the chosen items", isRequired: true),
    LuaField("reasons", \.reasons, "why an item was chosen, by code"),
  ]
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
    var fields: [String: any LuaPushable] = [
      "as_of": context.asOf.seconds, "seed": Int64(bitPattern: context.seed), "report": PlainValue.map(metrics),
      "alerts": PlainValue.list(alerts), "history": ScriptFrame(context.history), "groups": ScriptFrame(context.groups),
    ]
    if let last = context.lastTraining {
      fields["last_training"] = PlainValue.map(["as_of": .number(last.asOf.seconds), "outcome": .text(last.outcome)])
    }
    let answer = try run.decide(fields, seed: context.seed, modules: strategyModules, as: TriggerAnswer.self) { vm in
      vm.provide(FactoryData(context.source))
      run.host.provide(to: vm, at: context.asOf)
    }
    return TriggerDecision(
      retrain: answer.retrain, priority: JobPriority(name: answer.priority.rawValue) ?? .normal, reasons: answer.reasons,
      candidates: answer.candidates)
  }
}

/// What a trigger rule answers: `{ retrain, priority, reasons, candidates? }`.
private struct TriggerAnswer: LuaRecord {
  var retrain = false
  var priority = Priority.normal
  var reasons: [PlainValue] = []
  var candidates: [String]?

  enum Priority: String, CaseIterable, LuaReadable {
    case low, normal, high
  }

  static let fields: [LuaField<TriggerAnswer>] = [
    LuaField("retrain", \.retrain, "whether to retrain", isRequired: true),
    LuaField("priority", \.priority, "how soon", default: "\"normal\""),
    LuaField("reasons", \.reasons, "why: a list of texts or tables"),
    LuaField("candidates", \.candidates, "kinds of candidate to train"),
  ]
}

/// A comparison policy written in Lua.
struct LuaComparisonPolicy: ComparisonPolicy {
  let run: StrategyRun
  var identity: StrategyIdentity { run.identity }

  func compare(_ context: ComparisonContext) throws -> ComparisonDecision {
    let answer = try run.decide(
      [
        "as_of": context.asOf.seconds, "seed": Int64(bitPattern: context.seed), "champion": Self.table(context.champion),
        "candidates": context.candidates.map(Self.table), "items": Column(context.items.map(Int64.init)),
        "history": ScriptFrame(context.history),
        "errors": [Column(context.champion.errors)] + context.candidates.map { Column($0.errors) },
      ],
      arranging: """
        ctx.champion.errors = ctx.errors[1]
        for position, candidate in ipairs(ctx.candidates) do candidate.errors = ctx.errors[position + 1] end
        ctx.errors = nil
        """, seed: context.seed, modules: strategyModules, as: ComparisonAnswer.self
    ) { vm in
      vm.provide(FactoryData(context.source))
      run.host.provide(to: vm, at: context.asOf)
    }
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

/// What a comparison policy answers: `{ winner = name or nil, reasons }`.
private struct ComparisonAnswer: LuaRecord {
  var winner: String?
  var reasons: [PlainValue] = []

  static let fields: [LuaField<ComparisonAnswer>] = [
    LuaField("winner", \.winner, "name of the candidate that takes over; nil keeps the champion"),
    LuaField("reasons", \.reasons, "why: a list of texts or tables"),
  ]
}

extension ScriptFrame {
  /// The items that a sample is drawn from; a column is read when it is first used.
  convenience init(_ population: Population) {
    self.init(
      rowCount: population.codes.count, names: ["item_code"] + population.columnNames, load: { try population.column($0) })
  }
}
