internal import CLua
public import Tabular

/// How much data is read from a script before it counts as too big.
public struct LuaDataLimits: Hashable, Sendable {
  /// Tables within tables.
  public var depth: Int
  /// Elements and fields in all.
  public var entries: Int
  /// Bytes of all texts.
  public var bytes: Int

  /// Makes limits.
  public init(depth: Int = 50, entries: Int = 1_000_000, bytes: Int = 64 << 20) {
    self.depth = depth
    self.entries = entries
    self.bytes = bytes
  }
}

extension PlainValue {
  /// The elements of a list. A table without keys is read as a map, and counts as a list without elements here.
  public var elements: [PlainValue]? {
    switch self {
    case .list(let elements): elements
    case .map(let entries) where entries.isEmpty: []
    default: nil
    }
  }
}

extension PlainValue: LuaReadable, LuaPushable {
  /// `any`.
  public static var luaType: LuaType { LuaType("any") }
  /// nil, where no argument is given.
  public static var absent: PlainValue? { .some(.null) }

  /// Reads data within the default limits. Metamethods are not called.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> PlainValue { try read(from: slot, limits: LuaDataLimits()) }

  /// Reads data within `limits`. Functions, objects, cycles, tables that are neither list nor record, NaN as a key, and text that is
  /// not UTF-8 are refused, with the path to them. Metamethods are not called.
  public static func read(from slot: LuaSlot, limits: LuaDataLimits) throws(LuaMismatch) -> PlainValue {
    var reader = Reader(limits: limits)
    let top = lua_gettop(slot.state)
    defer { lua_settop(slot.state, top) }
    return try reader.value(slot)
  }

  /// Pushes the value. An empty list and an empty table are the same in Lua.
  public func push(on stack: LuaStack) throws {
    switch self {
    case .null: try stack.pushNil()
    case .bool(let value): try value.push(on: stack)
    case .integer(let value): try value.push(on: stack)
    case .number(let value): try value.push(on: stack)
    case .text(let value): try stack.push(value)
    case .list(let values): try values.push(on: stack)
    case .map(let fields): try fields.push(on: stack)
    }
  }

  private struct Reader {
    var limits: LuaDataLimits
    var entries = 0
    var bytes = 0
    /// The tables that the current one is inside of.
    var path: [UnsafeRawPointer?] = []

    mutating func value(_ slot: LuaSlot) throws(LuaMismatch) -> PlainValue {
      switch slot.kind {
      case .none, .nil: return .null
      case .boolean: return .bool(try Bool.read(from: slot))
      case .integer: return .integer(try Int64.read(from: slot))
      case .number: return .number(try Double.read(from: slot))
      case .string:
        bytes += Int(lua_rawlen(slot.state, slot.index))
        guard bytes <= limits.bytes else { throw LuaMismatch("too big: more than \(limits.bytes) bytes of text") }
        return .text(try String.read(from: slot))
      case .table: return try table(slot)
      case .function, .thread, .userdata: throw LuaMismatch("data expected, got \(slot.described)")
      }
    }

    private mutating func table(_ slot: LuaSlot) throws(LuaMismatch) -> PlainValue {
      let state = slot.state
      guard path.count < limits.depth, lua_checkstack(state, 8) != 0 else {
        throw LuaMismatch("nested too deeply: more than \(limits.depth) tables")
      }
      let top = lua_gettop(state)
      lua_pushvalue(state, slot.index)
      clua_unseal(state)
      let table = top + 1
      let identity = lua_topointer(state, table)
      guard !path.contains(identity) else { throw LuaMismatch("the table contains itself") }
      path.append(identity)
      defer {
        path.removeLast()
        lua_settop(state, top)
      }
      let count = Int(lua_rawlen(state, table))
      // The length of a table may lie far beyond its entries, so the entries are counted, not the length.
      var elements = [PlainValue?](repeating: nil, count: min(count, limits.entries))
      var fields: [String: PlainValue] = [:]
      var filled = 0
      lua_pushnil(state)
      while lua_next(state, table) != 0 {
        let key = LuaSlot(vm: slot.vm, state: state, index: table + 1)
        entries += 1
        guard entries <= limits.entries else { throw LuaMismatch("too big: more than \(limits.entries) entries") }
        let step: String
        switch key.kind {
        case .string: step = LuaSlot.step(key.text ?? "")
        case .integer: step = "[\(key.text ?? "")]"
        default: throw LuaMismatch("keys 1…n or texts expected, got a \(key.described) for a key")
        }
        let element: PlainValue
        do { element = try value(LuaSlot(vm: slot.vm, state: state, index: table + 2)) } catch { throw error.inside(step) }
        if key.kind == .string {
          let name: String
          do { name = try String.read(from: key) } catch { throw LuaMismatch("the key \(step) is not text in UTF-8") }
          fields[name] = element
        } else {
          let position = Int(lua_tointegerx(state, table + 1, nil))
          guard position >= 1, position <= elements.count else {
            throw LuaMismatch("a list without gaps expected, got the key \(position) in a list of \(count)")
          }
          elements[position - 1] = element
          filled += 1
        }
        lua_settop(state, table + 1)
      }
      if filled == 0 { return .map(fields) }
      guard fields.isEmpty else {
        throw LuaMismatch("either a list or named fields expected, got both (the field '\(fields.keys.min() ?? "")' in a list)")
      }
      guard filled == count else { throw LuaMismatch("a list without gaps expected, got one with nil in it") }
      return .list(elements.compactMap { $0 })
    }
  }
}
