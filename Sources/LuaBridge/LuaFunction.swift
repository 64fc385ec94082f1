internal import CLua

/// A parameter of a host function: how it is read, and what is said about it.
///
/// A class, and open to the call sites of other modules, so that a declaration there becomes code for its own types: read generically, with
/// the words copied along, an argument costs ten times as much.
public final class Parameter<Value: LuaReadable>: Sendable {
  let documentation: LuaDocumentation.Parameter
  private let fallback: (@Sendable () -> Value)?
  @usableFromInline let mayBeAbsent: Bool

  /// Declares a parameter that has to be given, unless its type has a value for "none", as optionals have.
  public init(_ name: String, _ type: Value.Type, _ words: String) {
    documentation = LuaDocumentation.Parameter(
      name: name, type: type.luaAccepted, words: words, defaultText: nil, isRequired: type.absent == nil,
      isVariadic: type is any LuaVariadic.Type)
    fallback = nil
    mayBeAbsent = type.absent != nil
  }

  /// Declares a parameter that may be left out, or be nil. `shown` is the default in the documentation, where its own text will not do.
  public init(
    _ name: String, _ type: Value.Type, _ words: String, default value: @autoclosure @escaping @Sendable () -> Value, shown: String? = nil
  ) {
    documentation = LuaDocumentation.Parameter(
      name: name, type: type.luaAccepted, words: words, defaultText: shown ?? Self.literal(value()), isRequired: false, isVariadic: false)
    fallback = value
    mayBeAbsent = true
  }

  private static func literal(_ value: Value) -> String? {
    switch value {
    case let text as String: "\"\(text)\""
    case let value as any RawRepresentable<String>: "\"\(value.rawValue)\""
    case is Bool, is Int, is Int64, is Double: "\(value)"
    default: nil
    }
  }

  @inlinable func read(_ arguments: inout LuaArguments) throws(ArgumentError) -> Value {
    let position = arguments.position + 1
    if mayBeAbsent, let absent = absent(&arguments) { return absent }
    do { return try Value.readArguments(&arguments) } catch { throw mismatch(error, position, arguments) }
  }

  /// The value where none is given; then the argument is passed over.
  @usableFromInline func absent(_ arguments: inout LuaArguments) -> Value? {
    guard arguments.call.slot(arguments.position + 1).isNil, let value = fallback?() ?? Value.absent else { return nil }
    arguments.position += 1
    return value
  }

  @usableFromInline func mismatch(_ error: LuaMismatch, _ position: Int32, _ arguments: LuaArguments) -> ArgumentError {
    .mismatch(position: max(position, arguments.position) - arguments.start, name: documentation.name, error)
  }
}

protocol LuaVariadic {}
extension LuaRest: LuaVariadic {}

/// What a host function gives back: how it is pushed, and what is said about it.
public struct LuaReturn<Value>: Sendable {
  @usableFromInline let documentation: [LuaDocumentation.Result]
  @usableFromInline let push: @Sendable (Value, LuaStack) throws -> Int32
}

extension LuaReturn where Value == Void {
  /// No result.
  public static var nothing: LuaReturn { LuaReturn(documentation: []) { _, _ in 0 } }
}

extension LuaReturn where Value: LuaPushable {
  /// One result.
  public static func value(_ type: Value.Type, _ words: String) -> LuaReturn {
    LuaReturn(documentation: [LuaDocumentation.Result(type: type.luaType, words: words)]) { value, stack in
      try value.push(on: stack)
      return 1
    }
  }
}

extension LuaReturn {
  /// Two results.
  public static func pair<First: LuaPushable, Second: LuaPushable>(
    _ first: First.Type, _ firstWords: String, _ second: Second.Type, _ secondWords: String
  ) -> LuaReturn where Value == (First, Second) {
    LuaReturn(documentation: [
      LuaDocumentation.Result(type: first.luaType, words: firstWords), LuaDocumentation.Result(type: second.luaType, words: secondWords),
    ]) { value, stack in
      try value.0.push(on: stack)
      try value.1.push(on: stack)
      return 2
    }
  }
}

/// A host function, declared once: from this value come the binding, the argument errors, the help, the stubs and the reference.
public struct LuaFunction: Sendable {
  /// Its own name: `psi`.
  public var name: String { documentation.name }
  /// All there is to say about it.
  public let documentation: LuaDocumentation.Function
  @usableFromInline let invoke: @Sendable (LuaCall) throws -> Int32

  /// Declares a function of its arguments alone.
  @inlinable public init<each Argument: LuaReadable, Result>(
    _ name: String, _ words: String, _ parameters: repeat Parameter<each Argument>, returns: LuaReturn<Result>, effect: LuaEffect = .pure,
    body: @escaping @Sendable (repeat each Argument) throws -> Result
  ) {
    documentation = Self.describe(name, words, repeat each parameters, results: returns.documentation, effect: effect)
    invoke = { call in
      var arguments = LuaArguments(call: call, start: 0)
      let values = (repeat try (each parameters).read(&arguments))
      try arguments.finish()
      return try returns.push(try body(repeat each values), call.stack)
    }
  }

  /// Declares a function that works on a value of the host, given to the VM by ``LuaVM/provide(_:as:)``: a workspace, a clock. The
  /// declaration needs no such value, so that documentation can be made without one. ``LuaVM`` itself is always given.
  @inlinable public init<Context, each Argument: LuaReadable, Result>(
    _ name: String, _ words: String, in context: Context.Type, _ parameters: repeat Parameter<each Argument>, returns: LuaReturn<Result>,
    effect: LuaEffect, body: @escaping @Sendable (Context, repeat each Argument) throws -> Result
  ) {
    documentation = Self.describe(name, words, repeat each parameters, results: returns.documentation, effect: effect)
    invoke = { call in
      let context = try call.context(context)
      var arguments = LuaArguments(call: call, start: 0)
      let values = (repeat try (each parameters).read(&arguments))
      try arguments.finish()
      return try returns.push(try body(context, repeat each values), call.stack)
    }
  }

  /// Declares a method of `Receiver`: scripts call it with `:`.
  @inlinable public init<Receiver: LuaReadable, each Argument: LuaReadable, Result>(
    _ name: String, _ words: String, on receiver: Receiver.Type, _ parameters: repeat Parameter<each Argument>,
    returns: LuaReturn<Result>, effect: LuaEffect = .pure, body: @escaping @Sendable (Receiver, repeat each Argument) throws -> Result
  ) {
    documentation = Self.describe(name, words, repeat each parameters, results: returns.documentation, effect: effect)
    invoke = { call in
      let receiver = try call.receiver(receiver)
      var arguments = LuaArguments(call: call, start: 1)
      let values = (repeat try (each parameters).read(&arguments))
      try arguments.finish()
      return try returns.push(try body(receiver, repeat each values), call.stack)
    }
  }

  /// Declares a method that works on a value of the host as well.
  @inlinable public init<Receiver: LuaReadable, Context, each Argument: LuaReadable, Result>(
    _ name: String, _ words: String, on receiver: Receiver.Type, in context: Context.Type, _ parameters: repeat Parameter<each Argument>,
    returns: LuaReturn<Result>, effect: LuaEffect, body: @escaping @Sendable (Receiver, Context, repeat each Argument) throws -> Result
  ) {
    documentation = Self.describe(name, words, repeat each parameters, results: returns.documentation, effect: effect)
    invoke = { call in
      let receiver = try call.receiver(receiver)
      let context = try call.context(context)
      var arguments = LuaArguments(call: call, start: 1)
      let values = (repeat try (each parameters).read(&arguments))
      try arguments.finish()
      return try returns.push(try body(receiver, context, repeat each values), call.stack)
    }
  }

  @usableFromInline static func describe<each Argument: LuaReadable>(
    _ name: String, _ words: String, _ parameters: repeat Parameter<each Argument>, results: [LuaDocumentation.Result], effect: LuaEffect
  ) -> LuaDocumentation.Function {
    var list: [LuaDocumentation.Parameter] = []
    repeat list.append((each parameters).documentation)
    return LuaDocumentation.Function(name: name, words: words, parameters: list, results: results, effect: effect)
  }
}

extension LuaArguments {
  /// Throws when arguments are left that no parameter took.
  @usableFromInline func finish() throws(ArgumentError) {
    if position < call.argumentCount {
      throw ArgumentError.tooMany(expected: position - start, got: call.argumentCount - start)
    }
  }
}

extension LuaCall {
  @usableFromInline func context<Context>(_ type: Context.Type) throws -> Context {
    guard let context = vm.context(type) else { throw LuaError("'\(function.qualifiedName)' is not available here") }
    return context
  }

  @usableFromInline func receiver<Receiver: LuaReadable>(_ type: Receiver.Type) throws(ArgumentError) -> Receiver {
    do { return try Receiver.read(from: slot(1)) } catch { throw ArgumentError.receiver(error) }
  }
}

/// What is wrong with a call of a host function. Worded when the function's whole name is known.
@usableFromInline enum ArgumentError: Error {
  case mismatch(position: Int32, name: String, LuaMismatch)
  case tooMany(expected: Int32, got: Int32)
  case receiver(LuaMismatch)

  func message(for function: String) -> String {
    switch self {
    case .mismatch(let position, let name, let mismatch): "bad argument #\(position) '\(name)' to '\(function)' (\(mismatch))"
    case .tooMany(let expected, let got):
      "too many arguments to '\(function)' (\(expected == 0 ? "none" : "\(expected)") expected, got \(got))"
    case .receiver(let mismatch): "bad self to '\(function)' (\(mismatch)); call it with ':'"
    }
  }
}
