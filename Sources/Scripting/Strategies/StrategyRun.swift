import Logging
import LuaBridge
import QualityCycle
import Routing
import Tabular

/// What runs of strategies have in common.
struct StrategyHost {
  /// What a run may use up.
  var limits: LuaLimits
  /// Where `log` and `print` go.
  var logger: Logger
  /// Whether the work under way is to stop; asked from another thread while a strategy runs.
  var shouldStop: @Sendable () -> Bool = { false }
  /// The program that strategies run in; `nil`: this one.
  var program: StrategyProgram?

  /// Takes a line that a strategy prints.
  func print(_ line: String) { logger.info("\(line)", metadata: ["event": "print"]) }
}

/// A strategy with its parameters, to be asked for decisions: here, or in a process of its own for each.
struct StrategyRun {
  let file: StrategyFile
  let values: [String: PlainValue]
  let host: StrategyHost

  var identity: StrategyIdentity {
    StrategyIdentity(kind: file.kind, name: file.name, sha256: file.sha256, parameters: .map(values))
  }

  /// Calls `decide(ctx, parameters)` and reads its answer.
  ///
  /// - Parameters:
  ///   - fields: The fields of `ctx` besides `as_of`, `seed`, `data` and `log`.
  ///   - source: What `data` reads; its instant is the decision's.
  /// - Throws: ``StrategyFailure`` with file, line and traceback; `CancellationError` when the work is to stop.
  func decide<Answer: StrategyAnswer>(
    _ fields: [String: ContextField], seed: UInt64, on source: CutFactorySource, as type: Answer.Type
  ) throws -> Answer {
    let task = StrategyTask(
      kind: file.kind, path: file.path, source: file.source, parameters: values, fields: fields, asOf: source.asOf, seed: seed,
      limits: host.limits)
    if let program = host.program { return try StrategyProcess(program, task, host, source).answer(as: type) }
    let means = StrategyMeans(
      data: FactoryData(source), log: ScriptLog(host.logger), print: host.print, shouldStop: host.shouldStop)
    do throws(LuaError) { return try task.answer(as: type, with: means) } catch {
      // A query that was stopped is an error like others to the script, so the wish counts, not the reason.
      if error.reason == .interrupted || host.shouldStop() { throw CancellationError() }
      throw task.failure(error)
    }
  }
}
