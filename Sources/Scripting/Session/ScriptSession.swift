public import LuaBridge
internal import Tabular

/// A running script environment: what the REPL, `run` and tests hold. Confined to one thread or executor, like the VM in it;
/// ``interrupter`` may be used from anywhere.
public final class ScriptSession {
  /// What came of a line.
  public enum Evaluation {
    /// It ran; the texts of its results, none for a statement.
    case values([String])
    /// It is the beginning of something: more lines are needed.
    case incomplete
    /// It failed, or was stopped.
    case failed(LuaError)
  }

  /// The VM: for giving contexts to modules (``LuaBridge/LuaVM/provide(_:as:)``).
  public let vm: LuaVM
  /// What scripts can use.
  public let documentation: ScriptDocumentation
  /// Stops the running script, from any thread or a signal handler.
  public var interrupter: LuaInterrupter { vm.interrupter }

  /// Makes a session with `help` and the modules in `settings`.
  public init(_ settings: LuaVM.Settings) throws(LuaError) {
    var settings = settings
    settings.functions.append(Self.help)
    documentation = ScriptDocumentation(settings.modules, functions: settings.functions)
    vm = try LuaVM(settings)
    vm.provide(HelpContext(documentation: documentation, print: settings.print))
  }

  /// The modules that need no workspace: `frame json log metrics sample time`.
  public static let generalModules: [LuaModule] = [
    FrameModule.module, JSONModule.module, LogModule.module, MetricsModule.module, SampleModule.module, TimeModule.module,
  ]

  /// Runs what was typed: first as an expression, then as statements.
  ///
  /// - Parameter name: The chunk's name in messages.
  public func evaluate(_ text: String, name: String = "repl") -> Evaluation {
    do throws(LuaError) {
      return .values(try chunk(text, name: name).callForDisplay())
    } catch {
      if case .syntax(incomplete: true) = error.reason { return .incomplete }
      return .failed(error)
    }
  }

  /// Runs a file's text with its arguments in the global `arg`, as `lathe run` does. Returns the results as they show.
  public func run(_ source: LuaSource, arguments: [String] = []) throws(LuaError) -> [String] {
    try vm.setGlobal("arg", arguments)
    return try vm.load(source).callForDisplay()
  }

  private func chunk(_ text: String, name: String) throws(LuaError) -> LuaFunctionReference {
    let asExpression: LuaError
    do throws(LuaError) { return try vm.load(LuaSource("return " + text, name: name)) } catch { asExpression = error }
    do throws(LuaError) { return try vm.load(LuaSource(text, name: name)) } catch {
      // `1 +` is no statement, but the beginning of an expression.
      throw asExpression.reason == .syntax(incomplete: true) ? asExpression : error
    }
  }

  // MARK: Completion

  /// The completions of the name that ends at `position` of `line`.
  ///
  /// - Parameter position: Characters before the cursor.
  /// - Returns: Where in the line the part begins that is completed, in characters, and what it may become, sorted.
  public func completions(for line: String, position: Int) -> (start: Int, candidates: [String]) {
    let before = Array(line.prefix(position))
    var start = before.count
    while start > 0, before[start - 1].isNamePart { start -= 1 }
    let prefix = String(before[start...])
    var path: [String] = []
    var end = start
    while end > 0, before[end - 1] == "." || before[end - 1] == ":" {
      var begin = end - 1
      while begin > 0, before[begin - 1].isNamePart { begin -= 1 }
      // What is before the point is no plain name: a call, an index.
      guard begin < end - 1 else { return (start, []) }
      path.insert(String(before[begin..<(end - 1)]), at: 0)
      end = begin
    }
    if path.isEmpty, prefix.isEmpty { return (start, []) }
    let names = path.isEmpty ? vm.names(under: []) + Self.keywords : vm.names(under: path)
    return (start, Set(names).filter { $0.hasPrefix(prefix) }.sorted())
  }

  private static let keywords = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat",
    "return", "then", "true", "until", "while",
  ]

  // MARK: Help

  private struct HelpContext {
    var documentation: ScriptDocumentation
    var print: (String) -> Void
  }

  /// `help`.
  public static let help = LuaFunction(
    "help", "Shows what there is, or what a function, module or object does.", in: HelpContext.self,
    Parameter("subject", HelpSubject.self, "a function, module or object, or its name as a text"), returns: .nothing, effect: .pure
  ) { context, subject in context.print(subject.text(in: context.documentation)) }
}

/// What help is asked on.
struct HelpSubject: LuaReadable {
  var name: String?

  static var luaType: LuaType { LuaType("any") }
  static var absent: HelpSubject? { HelpSubject(name: "") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> HelpSubject {
    slot.kind == .string ? HelpSubject(name: try String.read(from: slot)) : HelpSubject(name: slot.documentedName)
  }

  func text(in documentation: ScriptDocumentation) -> String {
    guard let name else { return "there is no help on this; Lua's own functions are described at https://www.lua.org/manual/5.4/" }
    return documentation.help(name)
  }
}

extension Character {
  fileprivate var isNamePart: Bool { self == "_" || isASCII && (isLetter || isNumber) }
}
