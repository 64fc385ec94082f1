public import LuaBridge
internal import Tabular

/// A VM in which scripts run and entries of a prompt are evaluated, one after the other, with the globals kept in between.
///
/// Confined like its VM: one thread at a time; only ``interrupter`` may be used from others. The limits' time holds for each
/// ``run(_:arguments:)`` and each ``evaluate(_:)``: give none where somebody sits at the prompt and can press Ctrl-C.
public final class ScriptSession {
  /// What came of an entry.
  public enum Outcome: Hashable, Sendable {
    /// It ran; what is to be shown of it, which may be nothing.
    case shown(String)
    /// It ends within a statement: more lines are needed.
    case incomplete
    /// It failed or was interrupted: the message, with file and line, and the calls that led there.
    case failed(String)
    /// It asked to end.
    case quit
  }

  /// Stops the script or entry that runs; may be used from any thread.
  public var interrupter: LuaInterrupter { vm.interrupter }

  /// The VM: for giving contexts to modules (``LuaBridge/LuaVM/provide(_:as:)``).
  public let vm: LuaVM
  /// What scripts can use.
  public let documentation: ScriptDocumentation
  let peek: LuaFunctionReference
  private let startChunk: LuaFunctionReference
  private let evaluateChunk: LuaFunctionReference

  /// The modules that need no workspace: `frame json learn log metrics plot sample time`.
  public static let generalModules: [LuaModule] = [
    FrameModule.module, JSONModule.module, LearnModule.module, LogModule.module, MetricsModule.module, PlotModule.module,
    SampleModule.module,
    TimeModule.module,
  ]

  /// Makes a session with what is in `settings`, and the functions `help`, `exit` and `quit`.
  public init(_ settings: LuaVM.Settings) throws(LuaError) {
    var settings = settings
    settings.functions += Self.functions
    documentation = ScriptDocumentation(settings.modules, functions: settings.functions)
    settings.modules.append(Self.hostModule(documentation))
    vm = try LuaVM(settings)
    vm.provide(HelpContext(documentation: documentation, print: settings.print))
    let prelude = try vm.run(LuaSource(sessionPrelude, name: sessionPreludeName), as: LuaTableReference.self)
    startChunk = try prelude.field("start", as: LuaFunctionReference.self)
    evaluateChunk = try prelude.field("evaluate", as: LuaFunctionReference.self)
    peek = try prelude.field("peek", as: LuaFunctionReference.self)
  }

  /// Makes a session of scripts.
  /// - Parameters:
  ///   - modules: The modules that scripts see.
  ///   - limits: What scripts may use up.
  ///   - isTrusted: Whether scripts have Lua's `io` and `os`.
  ///   - seed: Seed of `math.random`.
  ///   - scriptFolder: Where `require` finds modules; `nil`: nowhere.
  ///   - print: Takes each line that a script prints.
  ///   - provide: Gives the VM what the modules work on.
  public convenience init(
    modules: [LuaModule], limits: LuaLimits, isTrusted: Bool, seed: UInt64, scriptFolder: String?, print: @escaping (String) -> Void,
    provide: (LuaVM) -> Void
  ) throws(LuaError) {
    let folder = scriptFolder.map(ScriptFolder.init)
    try self.init(
      LuaVM.Settings(
        profile: isTrusted ? .trustedScripts : .scripts, limits: limits, seed: seed, modules: modules, print: print,
        load: folder.map { folder in { try folder.source(named: $0) } }))
    provide(vm)
  }

  /// Runs a script. It finds `arguments` in `...` and in the global `arg`, whose element 0 is the script's name.
  ///
  /// A script that calls `exit` throws an error whose `underlying` is a ``LuaExit`` with the code.
  public func run(_ source: LuaSource, arguments: [String] = []) throws(LuaError) {
    do {
      let chunk = try vm.load(source)
      _ = try startChunk.call(source.name, arguments, chunk)
    } catch { throw Self.cleaned(error) }
  }

  /// Evaluates an entry: an expression, whose value is shown and kept in the global `_`, or statements.
  public func evaluate(_ text: String) -> Outcome {
    do throws(LuaError) {
      let chunk: LuaFunctionReference
      switch load(text) {
      case .success(let loaded): chunk = loaded
      case .failure(let error):
        if case .syntax(incomplete: true) = error.reason { return .incomplete }
        throw error
      }
      let shown = try evaluateChunk.call(chunk, as: String?.self) ?? ""
      return .shown(shown.split(separator: "\n", omittingEmptySubsequences: false).map(Self.withoutControls).joined(separator: "\n"))
    } catch {
      let error = Self.cleaned(error)
      if error.underlying is LuaExit { return .quit }
      return .failed(Self.report(error))
    }
  }

  private func load(_ text: String) -> Result<LuaFunctionReference, LuaError> {
    let expression = Result { () throws(LuaError) in try vm.load(LuaSource("return " + text, name: "input")) }
    guard case .failure(let expressionError) = expression else { return expression }
    // A file's first line may start with `#`; a statement may not, and would be passed over.
    if text.hasPrefix("#") { return expression }
    let statement = Result { () throws(LuaError) in try vm.load(LuaSource(text, name: "input")) }
    guard case .failure(let statementError) = statement else { return statement }
    if case .syntax(incomplete: true) = statementError.reason { return statement }
    if case .syntax(incomplete: true) = expressionError.reason { return expression }
    // `1 + * 2` fails as a statement at its first word already; the expression's error is the one further on.
    let tokens = [statementError, expressionError].map { $0.message.split(separator: "near ").last }
    let isFurther = statementError.message.hasPrefix("unexpected symbol near") && tokens[0] != tokens[1]
    return isFurther ? expression : statement
  }

  // MARK: Errors

  /// The error without the session's own lines.
  private static func cleaned(_ error: LuaError) -> LuaError {
    var error = error
    error.traceback.removeAll { $0.chunk == sessionPreludeName }
    if error.chunk == sessionPreludeName { (error.chunk, error.line) = (nil, nil) }
    // The host's outermost call has no place in a script.
    while let last = error.traceback.last, last.line == nil { error.traceback.removeLast() }
    return error
  }

  /// The message, and the calls where there is more than one.
  private static func report(_ error: LuaError) -> String {
    if error.underlying is CancellationError { return "interrupted" }
    let frames = error.traceback
    guard error.reason != .interrupted, frames.count(where: { $0.line != nil }) > 1 else { return error.description }
    let shown = frames.prefix(20).map { "\n  \($0)" }.joined()
    return error.description + "\ncalls, innermost first:" + shown + (frames.count > 20 ? "\n  … \(frames.count - 20) more" : "")
  }

  /// Texts from a factory's data must not drive the terminal. Tabs may stay.
  private static func withoutControls(_ line: Substring) -> String {
    line.split(separator: "\t", omittingEmptySubsequences: false).map { String($0).escapedForTerminal }.joined(separator: "\t")
  }
}
