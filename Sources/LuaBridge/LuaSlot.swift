internal import CLua

/// The kinds of Lua values, as messages name them.
public enum LuaKind: String, Hashable, Sendable {
  case none = "no value"
  case `nil`
  case boolean, integer, number, string, table, function, userdata
  case thread = "coroutine"
}

/// A value on the stack of a running call. Valid during that call only.
public struct LuaSlot {
  /// The VM that the value is of. Not retained: it made the call that is under way, and counting its references, which go through a side
  /// table because some are weak, cost more than the rest of a call.
  public unowned(unsafe) let vm: LuaVM
  let state: OpaquePointer
  let index: Int32

  init(vm: LuaVM, state: OpaquePointer, index: Int32) {
    self.vm = vm
    self.state = state
    self.index = index
  }

  /// What the value is. A number is ``LuaKind/integer`` only where Lua holds it as one.
  public var kind: LuaKind {
    switch lua_type(state, index) {
    case LUA_TNONE: .none
    case LUA_TNIL: .nil
    case LUA_TBOOLEAN: .boolean
    case LUA_TNUMBER: lua_isinteger(state, index) != 0 ? .integer : .number
    case LUA_TSTRING: .string
    case LUA_TTABLE: .table
    case LUA_TFUNCTION: .function
    case LUA_TTHREAD: .thread
    default: .userdata
    }
  }

  /// Whether there is no value, or nil.
  public var isNil: Bool { lua_type(state, index) <= LUA_TNIL }

  /// The kind as messages name it; an object by its class.
  public var described: String {
    switch kind {
    case .userdata:
      if clua_error_object(state, index) != nil { return "error" }
      guard clua_is_object(state, index) else { return "userdata" }
      return box?.name ?? "closed object"
    case .integer, .number: return "number"
    case let kind: return kind.rawValue
    }
  }

  /// The host object in the userdata, when it is one and open.
  var box: LuaBox? {
    // The userdata on the stack keeps the object alive.
    clua_object(state, index).map { Unmanaged<LuaBox>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The text of a string or number that is valid UTF-8, otherwise repaired; `nil` for other values.
  var text: String? {
    withBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Calls `body` with the bytes of a string, which cannot outlive the call; a number is given as its text.
  func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
    guard lua_isstring(state, index) != 0 else { return nil }
    // A number would be changed in place, so its copy is read.
    lua_pushvalue(state, index)
    defer { clua_pop(state, 1) }
    var size = 0
    guard let bytes = lua_tolstring(state, -1, &size) else { return nil }
    return bytes.withMemoryRebound(to: UInt8.self, capacity: size) { body(UnsafeBufferPointer(start: $0, count: size)) }
  }

  /// The text of a table's own field, when it holds one.
  func rawField(_ name: String) -> String? {
    guard kind == .table, lua_checkstack(state, 3) != 0 else { return nil }
    _ = lua_pushstring(state, name)
    lua_rawget(state, index)
    defer { clua_pop(state, 1) }
    let field = LuaSlot(vm: vm, state: state, index: lua_gettop(state))
    return field.kind == .string ? field.text : nil
  }
}

/// The stack that results and arguments are pushed on. Valid during the call it is given to.
public struct LuaStack {
  /// The VM that the stack is of; not retained, as in ``LuaSlot``.
  public unowned(unsafe) let vm: LuaVM
  let state: OpaquePointer

  /// Pushes a text. [+1]
  func push(_ text: String) throws(LuaError) {
    try reserve()
    var text = text
    text.withUTF8 { bytes in
      _ = bytes.withMemoryRebound(to: CChar.self) { lua_pushlstring(state, $0.baseAddress, $0.count) }
    }
  }

  /// Makes room for `count` more values.
  func reserve(_ count: Int32 = 4) throws(LuaError) {
    if lua_checkstack(state, count) == 0 { throw LuaError("stack overflow (too many values)") }
  }
}
