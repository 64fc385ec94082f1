internal import CLua
internal import Tabular

/// A field of an options table.
public struct LuaField<Record>: Sendable {
  let documentation: LuaDocumentation.Parameter
  let read: @Sendable (inout Record, LuaSlot) throws(LuaMismatch) -> Void

  /// Declares the field `name`, kept in `path`. Where the script leaves it out, the record's own initial value holds.
  public init<Value: LuaReadable>(
    _ name: String, _ path: any WritableKeyPath<Record, Value> & Sendable, _ words: String, default shown: String? = nil,
    isRequired: Bool = false
  ) {
    documentation = LuaDocumentation.Parameter(
      name: name, type: Value.luaAccepted, words: words, defaultText: shown, isRequired: isRequired, isVariadic: false)
    read = { (record, slot) throws(LuaMismatch) in record[keyPath: path] = try Value.read(from: slot) }
  }
}

/// Named options in one table: `{ quantity = 10, version = "…" }`.
public protocol LuaRecord: LuaReadable {
  /// The record with all defaults.
  init()
  /// Its fields; a script may give no others.
  static var fields: [LuaField<Self>] { get }
}

extension LuaRecord {
  /// A table with the fields.
  public static var luaType: LuaType {
    let parts = fields.map { field in
      let optional = field.documentation.isRequired ? "" : "?"
      return "\(field.documentation.name)\(optional): \(field.documentation.type.name)"
    }
    return LuaType("{ \(parts.joined(separator: ", ")) }", fields: fields.map(\.documentation))
  }

  /// Reads a table; an unknown field is refused with the nearest known name.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Self {
    var record = Self()
    let fields = fields
    var missing = Set(fields.filter(\.documentation.isRequired).map(\.documentation.name))
    try slot.forEachField(expected: "table") { (name, value) throws(LuaMismatch) in
      guard let field = fields.first(where: { $0.documentation.name == name }) else {
        let known = fields.map(\.documentation.name)
        let hint =
          nearestName(to: name, in: known) == nil ? " (known are \(known.joined(separator: ", ")))" : suggestion(for: name, in: known)
        throw LuaMismatch("unknown field\(hint)")
      }
      try field.read(&record, value)
      missing.remove(name)
    }
    if let name = missing.sorted().first { throw LuaMismatch("the field '\(name)' is missing") }
    return record
  }

  /// The record with all defaults, when no field is required.
  public static var absent: Self? { fields.contains { $0.documentation.isRequired } ? nil : Self() }
}

/// All remaining arguments of a call.
public struct LuaRest<Element: LuaReadable>: LuaReadable {
  /// The arguments, in order.
  public var elements: [Element]

  /// Any number of the element's type.
  public static var luaType: LuaType { Element.luaType }
  /// Reads one argument.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Self { Self(elements: [try Element.read(from: slot)]) }

  /// Reads all that are left.
  public static func readArguments(_ arguments: inout LuaArguments) throws(LuaMismatch) -> Self {
    var elements: [Element] = []
    while !arguments.isEmpty { elements.append(try Element.read(from: arguments.next())) }
    return Self(elements: elements)
  }

  /// None.
  public static var absent: Self? { Self(elements: []) }
}

/// Any value at all, left in Lua: for functions that pass it on or only look at its kind.
public struct LuaAny: LuaReadable, LuaPushable {
  /// The value.
  public let slot: LuaSlot
  /// `any`.
  public static var luaType: LuaType { LuaType("any") }
  /// Takes any value.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> LuaAny {
    if slot.kind == .none { throw LuaMismatch(expected: "a value", got: slot) }
    return LuaAny(slot: slot)
  }

  /// Pushes the value again.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    lua_pushvalue(slot.state, slot.index)
    if slot.state != stack.state { lua_xmove(slot.state, stack.state, 1) }
  }

  /// The text that `print` would show. Runs `__tostring`.
  public func shown() throws(LuaError) -> String {
    try LuaStack(vm: slot.vm, state: slot.state).reserve()
    lua_pushvalue(slot.state, slot.index)
    return try slot.vm.takeText(on: slot.state)
  }
}
