import Dispatch
import LuaBridge
import QualityCycle
import Tabular

/// A field of `ctx`, as it can be handed to another process too.
enum ContextField: LuaPushable {
  case plain(PlainValue)
  case column(Column)
  case columns([Column])
  case frame(Frame)
  /// A frame whose columns are read when they are first used.
  case lazy(ScriptFrame)

  static var luaType: LuaType { LuaType("any") }

  func push(on stack: LuaStack) throws {
    switch self {
    case .plain(let value): try value.push(on: stack)
    case .column(let column): try column.push(on: stack)
    case .columns(let columns): try columns.push(on: stack)
    case .frame(let frame): try frame.push(on: stack)
    case .lazy(let frame): try frame.push(on: stack)
    }
  }
}

/// One decision: which strategy, and all that it is told.
struct StrategyTask {
  var kind: StrategyKind
  /// The strategy's file, as messages name it, and its text.
  var path, source: String
  var parameters: [String: PlainValue]
  /// The fields of `ctx` besides `as_of`, `seed`, `data` and `log`.
  var fields: [String: ContextField]
  var asOf: Timestamp
  var seed: UInt64
  /// What Lua may use up.
  var limits: LuaLimits
}

/// What a strategy works with beside its task, wherever it runs.
struct StrategyMeans {
  var data: FactoryData
  var log: ScriptLog
  var print: (String) -> Void
  /// Whether the work under way is to stop, asked from another thread while the strategy runs; `nil`: nobody asks.
  var shouldStop: (@Sendable () -> Bool)?

  /// Runs `body`, stopping the script of `interrupter` as soon as the work is to stop.
  ///
  /// A signal handler may do next to nothing, so that a wish to stop is a flag; a timer looks at it.
  func watching<Result>(_ interrupter: LuaInterrupter, _ body: () throws(LuaError) -> Result) throws(LuaError) -> Result {
    guard let shouldStop else { return try body() }
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .userInitiated))
    timer.schedule(deadline: .now(), repeating: .milliseconds(50))
    timer.setEventHandler { if shouldStop() { interrupter.interrupt() } }
    timer.activate()
    defer { timer.cancel() }
    return try body()
  }
}

extension StrategyTask {
  /// Calls `decide(ctx, parameters)` in a fresh VM and reads its answer: nothing is kept from one decision to the next.
  func answer<Answer: StrategyAnswer>(as type: Answer.Type, with means: StrategyMeans) throws(LuaError) -> Answer {
    let vm = try LuaVM(
      LuaVM.Settings(profile: .strategies, limits: limits, seed: seed, modules: strategyModules, print: means.print))
    vm.provide(means.data)
    vm.provide(means.log)
    vm.provide(ScriptClock(at: asOf))
    var context = fields
    context["as_of"] = .plain(.number(asOf.seconds))
    context["seed"] = .plain(.integer(Int64(bitPattern: seed)))
    // Lua makes the table, so that objects and references of the VM can be its fields; before the strategy runs, which may set globals.
    let names = context.keys.sorted()
    let assignments = names.map { "\($0) = __\($0)" }.joined(separator: ", ")
    let clear = names.map { "__\($0) = nil" }.joined(separator: " ")
    let text = "local ctx = { data = data, log = log, \(assignments) } \(clear) \(arranging) return ctx"
    return try means.watching(vm.interrupter) { () throws(LuaError) in
      for name in names { if let value = context[name] { try vm.setGlobal("__" + name, value) } }
      let ctx = try vm.run(LuaSource(text, name: "context"), as: LuaTableReference.self)
      let table = try vm.run(LuaSource(source, name: path), as: LuaTableReference.self)
      let decide = try table.field("decide", as: LuaFunctionReference.self)
      return try decide.call(ctx, PlainValue.map(parameters), as: type)
    }
  }

  /// Lua that puts in its place what the fields' types cannot say, with `ctx` at hand.
  private var arranging: String {
    guard kind == .comparison else { return "" }
    return """
      ctx.champion.errors = ctx.errors[1]
      for position, candidate in ipairs(ctx.candidates) do candidate.errors = ctx.errors[position + 1] end
      ctx.errors = nil
      """
  }

  /// The failure of the strategy that `error` is, with file, line and traceback.
  func failure(_ error: LuaError) -> StrategyFailure {
    StrategyFailure(
      message: error.chunk == nil ? "\(path): \(error.message)" : error.description,
      traceback: error.traceback.map { "\($0)" }.joined(separator: "\n"))
  }
}
