import Dispatch
import Learning
import LuaBridge
import Synchronization
import Tabular

/// A script's function that is told how far long work is, and may end it.
struct ProgressFunction: LuaReadable {
  var function: LuaFunctionReference

  static var luaType: LuaType { LuaType("fun(p: { done: number, step: string, elapsed: number, remaining?: number }): boolean?") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> ProgressFunction {
    ProgressFunction(function: try LuaFunctionReference.read(from: slot))
  }
}

/// What the function is told.
private struct ProgressTold: LuaPushable {
  var done: Double
  var step: String
  var elapsed: Double

  static var luaType: LuaType { LuaType("table") }

  func push(on stack: LuaStack) throws {
    var fields: [String: PlainValue] = ["done": .number(done), "step": .text(step), "elapsed": .number(elapsed)]
    // What the first hundredths took says nothing about the rest.
    if done >= 0.02 { fields["remaining"] = .number(elapsed * (1 - done) / done) }
    try fields.push(on: stack)
  }
}

/// What the function answers: only `false` ends the work.
private struct ProgressAnswer: LuaReadable {
  var isEnd: Bool

  static var luaType: LuaType { LuaType("boolean", isOptional: true) }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> ProgressAnswer {
    ProgressAnswer(isEnd: slot.kind == .boolean ? try !Bool.read(from: slot) : false)
  }
}

/// That a script has ended work by its `progress` function.
struct WorkEnded: Error, CustomStringConvertible {
  var description: String { "ended: 'progress' returned false" }
}

/// How far work is, told by any thread.
private final class ProgressMeter: Sendable {
  private let told = Mutex(0.0)
  private let ended = Atomic(false)

  var share: Double { told.withLock { $0 } }
  var isEnded: Bool { ended.load(ordering: .relaxed) }

  func tell(_ share: Double) { told.withLock { $0 = max($0, share) } }
  func end() { ended.store(true, ordering: .relaxed) }
}

extension WorkOptions {
  /// Runs `body` with the context of work that ends when the script of `vm` has to, and has the script told how far it is.
  ///
  /// Only the script's own thread may run Lua. So where there is a `progress` function the work goes to another thread, and this one waits for
  /// it and calls the function in between: ten times a second while something is done, once a second otherwise, and at the end.
  /// - Parameter step: What is under way when a share of the work is done.
  func run<Result: Sendable>(
    in vm: LuaVM, step: @escaping (Double) -> String, _ body: @escaping @Sendable (FitContext) throws -> Result
  ) throws -> Result {
    let context = try context(in: vm)
    guard let progress else { return try body(context) }
    guard vm.settings.profile.effects.contains(.writes) else {
      throw LearningError.parameter("'progress' tells the time, and is not available to \(vm.settings.profile.audience)")
    }
    let meter = ProgressMeter()
    let told = FitContext(
      seed: context.seed, threads: context.threads, progress: { meter.tell($0) }, shouldStop: { meter.isEnded || context.isCancelled })
    let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    let finished = DispatchSemaphore(value: 0)
    let start = ContinuousClock.now
    DispatchQueue(label: "learning").async {
      let result = Swift.Result { try body(told) }
      outcome.withLock { $0 = result }
      finished.signal()
    }
    func isEnded(_ done: Double) throws(LuaError) -> Bool {
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      return try progress.function.call(ProgressTold(done: done, step: step(done), elapsed: elapsed), as: ProgressAnswer.self).isEnd
    }
    var (shown, silence) = (0.0, 0)
    while finished.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
      let share = meter.share
      silence += 1
      guard share > shown || silence >= 10, share < 1 else { continue }
      (shown, silence) = (share, 0)
      do throws(LuaError) {
        guard try isEnded(share) else { continue }
      } catch {
        meter.end()
        finished.wait()
        throw error
      }
      meter.end()
      finished.wait()
      throw WorkEnded()
    }
    guard let result = outcome.withLock({ $0 }) else { preconditionFailure("the work ended without an outcome") }
    let value = try result.get()
    _ = try isEnded(1)
    return value
  }
}
