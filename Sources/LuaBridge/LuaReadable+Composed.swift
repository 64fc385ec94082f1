internal import CLua
internal import Tabular

extension Optional: LuaTyped where Wrapped: LuaTyped {
  /// The wrapped type, or nil.
  public static var luaType: LuaType { Wrapped.luaType.optional }
}

extension Optional: LuaReadable where Wrapped: LuaReadable {
  /// What the wrapped type accepts, or nil.
  public static var luaAccepted: LuaType { Wrapped.luaAccepted.optional }

  /// Reads nil, or the wrapped type.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Wrapped? { slot.isNil ? nil : try Wrapped.read(from: slot) }
  /// nil.
  public static var absent: Wrapped?? { .some(.none) }
}

extension Optional: LuaPushable where Wrapped: LuaPushable {
  /// Pushes nil, or the wrapped value.
  public func push(on stack: LuaStack) throws {
    if let self { try self.push(on: stack) } else { try stack.pushNil() }
  }
}

extension LuaStack {
  /// Pushes nil. [+1]
  func pushNil() throws(LuaError) {
    try reserve()
    lua_pushnil(state)
  }
}

/// A host object that reads as a list of numbers wherever one is asked for.
public protocol LuaNumberList {
  /// The numbers; throws when the object holds others.
  func luaNumbers() throws(LuaMismatch) -> [Double]
}

/// A host object that reads as a list of texts wherever one is asked for.
public protocol LuaTextList {
  /// The texts; throws when the object holds others, or misses some.
  func luaTexts() throws(LuaMismatch) -> [String]
}

extension Array: LuaTyped where Element: LuaTyped {
  /// The list of the element's type.
  public static var luaType: LuaType { Element.luaType.list }
}

extension Array: LuaReadable where Element: LuaReadable {
  /// The list of what the element accepts.
  public static var luaAccepted: LuaType { Element.luaAccepted.list }

  /// Reads a list: a table with the keys 1…n, or an object that stands for one. Metamethods are not called.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> [Element] {
    if lua_type(slot.state, slot.index) == LUA_TUSERDATA, let list = try listOfObject(slot) { return list }
    guard lua_type(slot.state, slot.index) == LUA_TTABLE else { throw LuaMismatch(expected: luaType.name, got: slot) }
    guard lua_checkstack(slot.state, 4) != 0 else { throw LuaMismatch("nested too deeply") }
    let count = Int(lua_rawlen(slot.state, slot.index))
    if count == 0 { try slot.checkIsList(expected: luaType.name) }
    if Element.self == Double.self, let numbers = try slot.numbers(count: count) as? [Element] { return numbers }
    var result: [Element] = []
    result.reserveCapacity(count)
    let top = lua_gettop(slot.state)
    defer { lua_settop(slot.state, top) }
    for index in 0..<count {
      lua_rawgeti(slot.state, slot.index, Int64(index + 1))
      do { result.append(try Element.read(from: LuaSlot(vm: slot.vm, state: slot.state, index: top + 1))) } catch {
        throw error.inside("[\(index + 1)]")
      }
      lua_settop(slot.state, top)
    }
    try slot.checkEnds(at: count, expected: luaType.name)
    return result
  }

  private static func listOfObject(_ slot: LuaSlot) throws(LuaMismatch) -> [Element]? {
    guard let value = (slot.box as? any LuaObjectBox)?.anyValue else { return nil }
    if Element.self == Double.self, let list = value as? any LuaNumberList { return try list.luaNumbers() as? [Element] }
    if Element.self == Int.self, let list = value as? any LuaNumberList {
      return try list.luaNumbers().enumerated().map { (position, number) throws(LuaMismatch) in
        guard let whole = Int(exactly: number) else { throw LuaMismatch("integer expected, got \(number.shown)", at: "[\(position + 1)]") }
        return whole
      } as? [Element]
    }
    if Element.self == String.self, let list = value as? any LuaTextList { return try list.luaTexts() as? [Element] }
    return nil
  }
}

extension LuaSlot {
  fileprivate func numbers(count: Int) throws(LuaMismatch) -> [Double] {
    var read = 0
    let numbers = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      read = clua_read_numbers(state, index, buffer.baseAddress, count)
      initialized = read
    }
    guard read < count else { return numbers }
    lua_rawgeti(state, index, Int64(read + 1))
    defer { clua_pop(state, 1) }
    throw LuaMismatch(expected: "number", got: LuaSlot(vm: vm, state: state, index: lua_gettop(state))).inside("[\(read + 1)]")
  }

  /// Throws when there are whole keys beyond `count`: behind a hole, where a part of the list would be lost unsaid.
  fileprivate func checkEnds(at count: Int, expected: String) throws(LuaMismatch) {
    let top = lua_gettop(state)
    defer { lua_settop(state, top) }
    lua_pushnil(state)
    while lua_next(state, index) != 0 {
      if lua_isinteger(state, top + 1) != 0, lua_tointegerx(state, top + 1, nil) > count {
        throw LuaMismatch(
          "\(expected) expected, got a table with a hole: it has [\(lua_tointegerx(state, top + 1, nil))] but no [\(count + 1)]")
      }
      lua_settop(state, top + 1)
    }
  }

  /// Throws when an empty-looking list has other keys: `{ x = 1 }` is no list.
  fileprivate func checkIsList(expected: String) throws(LuaMismatch) {
    lua_pushnil(state)
    guard lua_next(state, index) != 0 else { return }
    defer { clua_pop(state, 2) }
    let key = LuaSlot(vm: vm, state: state, index: lua_gettop(state) - 1)
    throw LuaMismatch("\(expected) expected, got a table with the key \(key.text.map { "'\($0)'" } ?? key.described)")
  }
}

extension Array: LuaPushable where Element: LuaPushable {
  /// Pushes a list.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    if let numbers = self as? [Double] {
      // The buffer is read during the call only.
      numbers.withUnsafeBufferPointer { clua_push_numbers(stack.state, $0.baseAddress, $0.count) }
      return
    }
    lua_createtable(stack.state, Int32(clamping: count), 0)
    let table = lua_gettop(stack.state)
    for (position, element) in enumerated() {
      try element.push(on: stack)
      lua_rawseti(stack.state, table, Int64(position + 1))
    }
  }
}

extension Dictionary: LuaTyped where Key == String, Value: LuaTyped {
  /// A table with string keys.
  public static var luaType: LuaType { LuaType("table<string, \(Value.luaType.name)>") }
}

extension Dictionary: LuaReadable where Key == String, Value: LuaReadable {
  /// Reads a table whose keys are strings. Metamethods are not called.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> [String: Value] {
    var result: [String: Value] = [:]
    try slot.forEachField(expected: luaType.name) { (name, value) throws(LuaMismatch) in result[name] = try Value.read(from: value) }
    return result
  }
}

extension Dictionary: LuaPushable where Key == String, Value: LuaPushable {
  /// Pushes a table with string keys.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    lua_createtable(stack.state, 0, Int32(clamping: count))
    let table = lua_gettop(stack.state)
    for (name, value) in self {
      try stack.push(name)
      try value.push(on: stack)
      lua_rawset(stack.state, table)
    }
  }
}

/// A key of a table.
public enum LuaTableKey: Hashable, Sendable {
  /// A position in a list, from 1; other integers too.
  case position(Int)
  /// The name of a field.
  case name(String)
}

extension LuaSlot {
  /// Calls `body` for each field of a table, whose keys must be strings. Metamethods are not called.
  public func forEachField(expected: String, _ body: (String, LuaSlot) throws(LuaMismatch) -> Void) throws(LuaMismatch) {
    var hasPositions = false
    try forEachEntry(expected: expected) { (key, value) throws(LuaMismatch) in
      if case .name(let name) = key { try body(name, value) } else { hasPositions = true }
    }
    if hasPositions { throw LuaMismatch("\(expected) expected, got a table with a number for a key") }
  }

  /// Calls `body` for each entry of a table, whose keys must be strings or integers, in no order. Metamethods are not called.
  public func forEachEntry(expected: String, _ body: (LuaTableKey, LuaSlot) throws(LuaMismatch) -> Void) throws(LuaMismatch) {
    guard kind == .table else { throw LuaMismatch(expected: expected, got: self) }
    guard lua_checkstack(state, 6) != 0 else { throw LuaMismatch("nested too deeply") }
    let top = lua_gettop(state)
    defer { lua_settop(state, top) }
    lua_pushvalue(state, index)
    clua_unseal(state)
    let table = top + 1
    lua_pushnil(state)
    while lua_next(state, table) != 0 {
      let key = LuaSlot(vm: vm, state: state, index: table + 1)
      let read: LuaTableKey
      let step: String
      switch key.kind {
      case .string:
        let name = key.text ?? ""
        (read, step) = (.name(name), Self.step(name))
      case .integer:
        let position = Int(lua_tointegerx(state, table + 1, nil))
        (read, step) = (.position(position), "[\(position)]")
      default: throw LuaMismatch("\(expected) expected, got a table with a \(key.described) for a key")
      }
      let value = LuaSlot(vm: vm, state: state, index: table + 2)
      do throws(LuaMismatch) { try body(read, value) } catch { throw error.inside(step) }
      lua_settop(state, table + 1)
    }
  }

  /// How a path goes to the field `name`.
  static func step(_ name: String) -> String {
    let isName = !name.isEmpty && name.utf8.allSatisfy { $0 == 95 || (48...57).contains($0) || (65...90).contains($0 & 0xDF) }
    return isName && !(name.first?.isNumber ?? true) ? name : "[\"\(name)\"]"
  }
}

extension RawRepresentable where Self: LuaReadable & CaseIterable, RawValue == String {
  /// The texts that it may be.
  public static var luaType: LuaType { LuaType(allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|")) }

  /// Reads one of the texts; for another the nearest is suggested.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Self {
    let known = allCases.map(\.rawValue)
    guard slot.kind == .string else { throw LuaMismatch(expected: oneOf(known), got: slot) }
    let text = try String.read(from: slot)
    guard let value = Self(rawValue: text) else {
      throw LuaMismatch("\(oneOf(known)) expected, got '\(text)'\(suggestion(for: text, in: known))")
    }
    return value
  }
}

extension RawRepresentable where Self: LuaPushable, RawValue == String {
  /// Pushes the text.
  public func push(on stack: LuaStack) throws { try stack.push(rawValue) }
}

private func oneOf(_ names: [String]) -> String {
  let quoted = names.map { "'\($0)'" }
  guard quoted.count > 1, let last = quoted.last else { return quoted.first ?? "nothing" }
  return quoted.dropLast().joined(separator: ", ") + " or " + last
}
