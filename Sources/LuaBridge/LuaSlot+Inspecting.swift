internal import CLua

extension LuaSlot {
  /// How a REPL shows the value: texts in quotes within tables, tables with sorted keys, objects by their own text. Runs `__tostring` of
  /// objects and of tables that have one, and no other code of the script.
  /// - Parameters:
  ///   - depth: Tables within tables that are opened.
  ///   - entries: Entries of a table that are shown.
  public func inspected(depth: Int = 3, entries: Int = 50) throws(LuaError) -> String {
    kind == .string ? text ?? "" : try inspected(depth: depth, entries: entries, inside: [], indent: "")
  }

  private func inspected(depth: Int, entries: Int, inside: [UnsafeRawPointer?], indent: String) throws(LuaError) -> String {
    switch kind {
    case .string: return "\"\((text ?? "").replacingQuotes)\""
    case .table where luaL_getmetafield(state, index, "__tostring") != LUA_TNIL:
      clua_pop(state, 1)
      return try shown()
    case .table: break
    default: return try shown()
    }
    let identity = lua_topointer(state, index)
    if inside.contains(identity) { return "{…}" }
    try LuaStack(vm: vm, state: state).reserve(10)
    var list: [(Int, String)] = []
    var fields: [(String, String)] = []
    var isEmpty = true
    let top = lua_gettop(state)
    defer { lua_settop(state, top) }
    lua_pushvalue(state, index)
    clua_unseal(state)
    lua_pushnil(state)
    var rest = 0
    while lua_next(state, top + 1) != 0 {
      isEmpty = false
      if depth == 0 { return "{…}" }
      let key = LuaSlot(vm: vm, state: state, index: top + 2)
      if list.count + fields.count >= entries {
        rest += 1
      } else {
        let value = try LuaSlot(vm: vm, state: state, index: top + 3)
          .inspected(depth: depth - 1, entries: entries, inside: inside + [identity], indent: indent + "  ")
        switch key.kind {
        case .integer: list.append((Int(lua_tointegerx(state, top + 2, nil)), value))
        case .string: fields.append((Self.step(key.text ?? ""), value))
        default: fields.append(("[\(try key.shown())]", value))
        }
      }
      lua_settop(state, top + 2)
    }
    if isEmpty { return "{}" }
    list.sort { $0.0 < $1.0 }
    fields.sort { $0.0 < $1.0 }
    // Positions are shown where they are not those of a list.
    var parts = list.enumerated().map { offset, entry in entry.0 == offset + 1 ? entry.1 : "[\(entry.0)] = \(entry.1)" }
    parts += fields.map { "\($0.0) = \($0.1)" }
    if rest > 0 { parts.append("… \(rest) more") }
    let line = "{ " + parts.joined(separator: ", ") + " }"
    if line.count + indent.count <= 100, !line.contains("\n") { return line }
    return "{\n" + parts.map { "\(indent)  \($0),\n" }.joined() + indent + "}"
  }

  private func shown() throws(LuaError) -> String {
    try LuaStack(vm: vm, state: state).reserve()
    lua_pushvalue(state, index)
    return try vm.takeText(on: state)
  }

  /// The name under which the value is documented: `metrics.psi` for a host function, `metrics` for a module, `column:` for an object.
  public var documentedName: String? {
    guard lua_checkstack(state, 4) != 0 else { return nil }
    let top = lua_gettop(state)
    defer { lua_settop(state, top) }
    switch kind {
    case .function:
      guard lua_iscfunction(state, index) != 0, lua_getupvalue(state, index, 1) != nil else { return nil }
      // Functions of Lua and of the shim have other upvalues, or none.
      guard let object = clua_function_object(state, -1) else { return nil }
      return (Unmanaged<LuaBox>.fromOpaque(object).takeUnretainedValue() as? HostFunction)?.qualifiedName
    case .table:
      guard luaL_getmetafield(state, index, "__name") == LUA_TSTRING else { return nil }
      return LuaSlot(vm: vm, state: state, index: lua_gettop(state)).text
    case .userdata: return box.map { $0.name + ":" }
    default: return nil
    }
  }
}

extension String {
  fileprivate var replacingQuotes: String {
    var result = ""
    for character in self {
      switch character {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
    return result
  }
}

extension LuaVM {
  /// The names that may follow a path of names: of globals, of a table's fields, of an object's methods and properties, of strings'
  /// functions. Runs no code of scripts. Sorted.
  public func names(under path: [String]) -> [String] {
    guard lua_checkstack(active, 8) != 0 else { return [] }
    let base = lua_gettop(active)
    defer { lua_settop(active, base) }
    clua_push_globals(active)
    for name in path {
      guard lua_type(active, -1) == LUA_TTABLE else { return [] }
      clua_unseal(active)
      guard (try? LuaStack(vm: self, state: active).push(name)) != nil else { return [] }
      lua_rawget(active, -2)
    }
    let slot = LuaSlot(vm: self, state: active, index: lua_gettop(active))
    switch slot.kind {
    case .table:
      var names: [String] = []
      try? slot.forEachEntry(expected: "table") { (key, _) throws(LuaMismatch) in if case .name(let name) = key { names.append(name) } }
      return names.sorted()
    case .string: return names(under: ["string"])
    case .userdata: return (members[slot.described] ?? []).sorted()
    default: return []
    }
  }
}
