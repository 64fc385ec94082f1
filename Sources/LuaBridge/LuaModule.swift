internal import CLua
internal import Tabular

/// A constant of a module.
public struct LuaConstant: Sendable {
  /// All there is to say about it.
  public let documentation: LuaDocumentation.Value
  let push: @Sendable (LuaStack) throws -> Void

  /// Declares a constant.
  public init<Value: LuaPushable & Sendable>(_ name: String, _ value: Value, _ words: String) {
    let text = (value as? String).map { "\"\($0)\"" } ?? "\(value)"
    documentation = LuaDocumentation.Value(name: name, type: Value.luaType, words: words, text: text)
    push = { try value.push(on: $0) }
  }
}

/// Functions under one name: a read-only global table of scripts.
public struct LuaModule: Sendable {
  /// All there is to say about it.
  public let documentation: LuaDocumentation.Module
  /// Its functions.
  public let functions: [LuaFunction]
  /// Its constants.
  public let constants: [LuaConstant]

  /// The module's name.
  public var name: String { documentation.name }

  /// Declares a module. `classes` are those whose objects its functions give, for the documentation.
  public init(
    _ name: String, _ words: String, functions: [LuaFunction], constants: [LuaConstant] = [], classes: [LuaDocumentation.Class] = []
  ) {
    self.functions = functions
    self.constants = constants
    documentation = LuaDocumentation.Module(
      name: name, words: words, functions: functions.map(\.documentation), constants: constants.map(\.documentation), classes: classes)
  }
}

extension LuaVM {
  /// Makes the globals that come from the host.
  func openEnvironment() {
    let profile = settings.profile
    let print = settings.print
    pushFunction(
      HostFunction("print") { call in
        print(call.slot(1).text ?? "")
        return 0
      }, on: state)
    clua_set_print(state)
    pushFunction(HostFunction("require") { call in try call.vm.requireChunk(call) }, on: state)
    clua_set_require(state)
    if profile.isTrusted { replaceExit() }
    for module in settings.modules { open(module) }
    for function in settings.functions {
      pushFunction(hostFunction(function, named: function.name), on: state)
      lua_setglobal(state, function.name)
    }
    pushFunction(
      HostFunction("missing") { call in
        throw LuaError("'\(call.slot(1).text ?? "")' is not available to \(profile.audience)")
      }, on: state)
    clua_set_missing(state)
  }

  private func open(_ module: LuaModule) {
    let stack = LuaStack(vm: self, state: state)
    clua_push_globals(state)
    let globals = lua_gettop(state)
    lua_createtable(state, 0, Int32(module.functions.count + module.constants.count))
    let table = globals + 1
    var withheld: [String: String] = [:]
    for function in module.functions {
      let name = "\(module.name).\(function.name)"
      if settings.profile.effects.contains(function.documentation.effect) {
        pushFunction(HostFunction(name, function.invoke), on: state)
        lua_setfield(state, table, function.name)
      } else {
        withheld[function.name] = withheldMessage(function, named: name)
      }
    }
    for constant in module.constants where (try? constant.push(stack)) != nil {
      lua_setfield(state, table, constant.documentation.name)
    }
    let known = module.functions.map(\.name) + module.constants.map(\.documentation.name)
    lua_createtable(state, 0, 1)
    pushFunction(
      HostFunction(module.name) { call in
        let key = call.slot(2).text ?? call.slot(2).described
        if let message = withheld[key] { throw LuaError(message) }
        throw LuaError("'\(module.name)' has no '\(key)'\(suggestion(for: key, in: known))")
      }, on: state)
    lua_setfield(state, -2, "__index")
    lua_setmetatable(state, table)
    clua_seal(state, module.name)
    lua_setfield(state, globals, module.name)
    lua_settop(state, globals - 1)
  }

  private func requireChunk(_ call: LuaCall) throws -> Int32 {
    let name = try String.read(from: call.slot(1))
    guard let source = try settings.load?(name) else { throw LuaError("module '\(name)' not found") }
    try loadOnStack(source)
    return 1
  }

  private func replaceExit() {
    lua_getglobal(state, "os")
    pushFunction(
      HostFunction("os.exit") { call in
        let slot = call.slot(1)
        if slot.isNil { throw LuaExit(code: 0) }
        if slot.kind == .boolean { throw LuaExit(code: try Bool.read(from: slot) ? 0 : 1) }
        throw LuaExit(code: Int32(truncatingIfNeeded: try Int64.read(from: slot)))
      }, on: state)
    lua_setfield(state, -2, "exit")
    clua_pop(state, 1)
  }
}
