internal import CLua
internal import Tabular

/// A type as the documentation and LuaLS name it.
public struct LuaType: Hashable, Sendable {
  /// As LuaLS writes it: `number[]`, `"low"|"high"`, `table<string, number>`.
  public var name: String
  /// Whether nil is one of its values.
  public var isOptional: Bool
  /// The fields of an options table.
  public var fields: [LuaDocumentation.Parameter]

  /// Makes a type.
  public init(_ name: String, isOptional: Bool = false, fields: [LuaDocumentation.Parameter] = []) {
    self.name = name
    self.isOptional = isOptional
    self.fields = fields
  }

  /// The list of this type.
  public var list: LuaType { LuaType(name.contains("|") ? "(\(name))[]" : "\(name)[]") }
  /// This type or nil.
  public var optional: LuaType { LuaType(name, isOptional: true, fields: fields) }
}

/// A type that has a name in Lua.
public protocol LuaTyped: SendableMetatype {
  /// The type's name in Lua.
  static var luaType: LuaType { get }
}

/// A type that is read from a Lua value.
public protocol LuaReadable: LuaTyped {
  /// What it may be read from, where that is more than what it is called.
  static var luaAccepted: LuaType { get }
  /// Reads the value in `slot`; throws when it is of another kind, or beyond what the type holds.
  static func read(from slot: LuaSlot) throws(LuaMismatch) -> Self
  /// Reads as many arguments as the type takes: one, unless it says otherwise.
  static func readArguments(_ arguments: inout LuaArguments) throws(LuaMismatch) -> Self
  /// The value where none is given, when the type has one: nil of an optional.
  static var absent: Self? { get }
}

extension LuaReadable {
  /// The type itself.
  public static var luaAccepted: LuaType { luaType }

  /// Reads one argument.
  @inlinable public static func readArguments(_ arguments: inout LuaArguments) throws(LuaMismatch) -> Self {
    try read(from: arguments.next())
  }
  /// None.
  public static var absent: Self? { nil }
}

/// A type that is given to Lua.
public protocol LuaPushable: LuaTyped {
  /// Pushes one value. [+1]
  func push(on stack: LuaStack) throws
}

/// The arguments of a call that are not read yet.
public struct LuaArguments {
  let call: LuaCall
  /// Arguments before the first that counts: the object of a method.
  let start: Int32
  @usableFromInline var position: Int32

  @usableFromInline init(call: LuaCall, start: Int32) {
    self.call = call
    self.start = start
    position = start
  }

  /// Takes the next argument; behind the last, a slot without a value.
  public mutating func next() -> LuaSlot {
    position += 1
    return call.slot(position)
  }

  /// Whether arguments are left.
  public var isEmpty: Bool { position >= call.argumentCount }
}

/// A value that is not of the type that was asked for.
public struct LuaMismatch: Error, Hashable, CustomStringConvertible {
  /// Where in the value: `[2].code`; empty for the value itself.
  public var path: String
  /// What is wrong there: `number expected, got string`.
  public var problem: String

  /// Says what was expected of `slot`.
  public init(expected: String, got slot: LuaSlot) { self.init("\(expected) expected, got \(slot.described)") }

  /// Says what is wrong, in the words of `problem`.
  public init(_ problem: String, at path: String = "") {
    self.problem = problem
    self.path = path
  }

  /// The same problem in a value of which this one is the element or field `step`.
  public func inside(_ step: String) -> LuaMismatch {
    LuaMismatch(problem, at: path.isEmpty || path.hasPrefix("[") ? step + path : step + "." + path)
  }

  /// `[2].code: number expected, got string`.
  public var description: String { path.isEmpty ? problem : "\(path.hasPrefix(".") ? String(path.dropFirst()) : path): \(problem)" }
}

// MARK: Plain values

extension Bool: LuaReadable, LuaPushable {
  /// `boolean`.
  public static var luaType: LuaType { LuaType("boolean") }

  /// Reads true or false; nothing else counts as one.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Bool {
    guard lua_type(slot.state, slot.index) == LUA_TBOOLEAN else { throw LuaMismatch(expected: "boolean", got: slot) }
    return lua_toboolean(slot.state, slot.index) != 0
  }

  /// Pushes a boolean.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    lua_pushboolean(stack.state, self ? 1 : 0)
  }
}

extension Int64: LuaReadable, LuaPushable {
  /// `integer`.
  public static var luaType: LuaType { LuaType("integer") }

  /// Reads an integer, also one that is held as a float, when it is exact.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Int64 {
    guard lua_type(slot.state, slot.index) == LUA_TNUMBER else { throw LuaMismatch(expected: "integer", got: slot) }
    var isInteger: Int32 = 0
    let value = lua_tointegerx(slot.state, slot.index, &isInteger)
    guard isInteger != 0 else { throw LuaMismatch("integer expected, got \(lua_tonumberx(slot.state, slot.index, nil).shown)") }
    return value
  }

  /// Pushes an integer.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    lua_pushinteger(stack.state, self)
  }
}

extension Int: LuaReadable, LuaPushable {
  /// `integer`.
  public static var luaType: LuaType { LuaType("integer") }
  /// Reads an integer, also one that is held as a float, when it is exact.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Int { Int(try Int64.read(from: slot)) }
  /// Pushes an integer.
  public func push(on stack: LuaStack) throws { try Int64(self).push(on: stack) }
}

extension Double: LuaReadable, LuaPushable {
  /// `number`.
  public static var luaType: LuaType { LuaType("number") }

  /// Reads a number; texts of numbers do not count as such.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Double {
    guard lua_type(slot.state, slot.index) == LUA_TNUMBER else { throw LuaMismatch(expected: "number", got: slot) }
    return lua_tonumberx(slot.state, slot.index, nil)
  }

  /// Pushes a number.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    // The sign of a NaN means nothing, but Lua would write it.
    lua_pushnumber(stack.state, isNaN ? .nan : self)
  }
}

extension String: LuaReadable, LuaPushable {
  /// `string`.
  public static var luaType: LuaType { LuaType("string") }

  /// Reads a string of valid UTF-8; numbers do not count as strings.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> String {
    guard lua_type(slot.state, slot.index) == LUA_TSTRING else { throw LuaMismatch(expected: "string", got: slot) }
    guard let text = slot.withBytes({ String(validating: $0, as: UTF8.self) }) ?? nil else {
      throw LuaMismatch("text in UTF-8 expected, got other bytes")
    }
    return text
  }

  /// Pushes a string.
  public func push(on stack: LuaStack) throws { try stack.push(self) }
}
