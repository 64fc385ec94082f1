internal import CLua
public import Tabular

/// Holds a value of Lua for the host. Confined to the VM, and released with the last reference.
final class LuaRegistryEntry {
  /// The VM; nil once it is gone, and the value with it.
  private(set) weak var vm: LuaVM?
  private let reference: Int32

  /// Takes the value on top of the active stack. [-1]
  init(takingTopOf vm: LuaVM) {
    self.vm = vm
    reference = luaL_ref(vm.active, clua_registry())
  }

  deinit {
    if let vm { luaL_unref(vm.active, clua_registry(), reference) }
  }

  /// Pushes the value. [+1]
  func push(on stack: LuaStack) throws(LuaError) {
    guard let vm, vm === stack.vm else { throw LuaError("the script that this value is of has ended") }
    try stack.reserve()
    lua_rawgeti(stack.state, clua_registry(), Int64(reference))
  }

  func withVM<Result>(_ body: (LuaVM) throws(LuaError) -> Result) throws(LuaError) -> Result {
    guard let vm else { throw LuaError("the script that this value is of has ended") }
    return try body(vm)
  }
}

extension LuaReadable where Self: LuaReferenceValue {
  /// Reads a reference.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Self {
    guard slot.kind == kind else { throw LuaMismatch(expected: luaType.name, got: slot) }
    lua_pushvalue(slot.state, slot.index)
    if slot.state != slot.vm.active { lua_xmove(slot.state, slot.vm.active, 1) }
    return Self(takingTopOf: slot.vm)
  }
}

/// A reference to a value that stays in Lua.
public protocol LuaReferenceValue {
  /// The kind of value.
  static var kind: LuaKind { get }
  /// Takes the value on top of the VM's stack.
  init(takingTopOf vm: LuaVM)
}

/// A function of a script: a callback, a strategy's `decide`.
public struct LuaFunctionReference: LuaReferenceValue, LuaReadable, LuaPushable {
  let entry: LuaRegistryEntry

  /// `function`.
  public static var luaType: LuaType { LuaType("function") }
  /// A function.
  public static var kind: LuaKind { .function }
  /// Takes the value on top of the VM's stack.
  public init(takingTopOf vm: LuaVM) { entry = LuaRegistryEntry(takingTopOf: vm) }
  /// Pushes the function.
  public func push(on stack: LuaStack) throws { try entry.push(on: stack) }

  /// Calls the function and returns its results as data. The outermost call sets the time limit; by default that of the VM's settings.
  public func call(
    _ arguments: any LuaPushable..., timeLimit: Duration? = nil, limits: LuaDataLimits = LuaDataLimits()
  ) throws(LuaError) -> [PlainValue] {
    try call(arguments, results: LUA_MULTRET, timeLimit: timeLimit) { (vm, first) throws(LuaMismatch) in
      var values: [PlainValue] = []
      for index in first..<max(first, lua_gettop(vm.active) + 1) {
        values.append(try PlainValue.read(from: LuaSlot(vm: vm, state: vm.active, index: index), limits: limits))
      }
      return values
    }
  }

  /// Calls the function and returns its first result, which has to be a `Result`.
  public func call<Result: LuaReadable>(
    _ arguments: any LuaPushable..., as type: Result.Type, timeLimit: Duration? = nil
  ) throws(LuaError) -> Result {
    try call(arguments, results: 1, timeLimit: timeLimit) { (vm, first) throws(LuaMismatch) in
      try Result.read(from: LuaSlot(vm: vm, state: vm.active, index: first))
    }
  }

  /// Calls the function and returns its results as a REPL shows them, one text each (``LuaSlot/inspected(depth:entries:)``).
  public func callForDisplay(_ arguments: any LuaPushable..., timeLimit: Duration? = nil) throws(LuaError) -> [String] {
    try entry.withVM { (vm) throws(LuaError) in
      let base = lua_gettop(vm.active)
      defer { lua_settop(vm.active, base) }
      try invoke(arguments, results: LUA_MULTRET, timeLimit: timeLimit, on: vm)
      var texts: [String] = []
      for index in (base + 1)..<max(base + 1, lua_gettop(vm.active) + 1) {
        texts.append(try LuaSlot(vm: vm, state: vm.active, index: index).inspected())
      }
      return texts
    }
  }

  private func call<Result>(
    _ arguments: [any LuaPushable], results: Int32, timeLimit: Duration?, _ read: (LuaVM, Int32) throws(LuaMismatch) -> Result
  ) throws(LuaError) -> Result {
    try entry.withVM { (vm) throws(LuaError) in
      let base = lua_gettop(vm.active)
      defer { lua_settop(vm.active, base) }
      try invoke(arguments, results: results, timeLimit: timeLimit, on: vm)
      do { return try read(vm, base + 1) } catch { throw LuaError("the result is not as expected: \(error)") }
    }
  }

  private func invoke(_ arguments: [any LuaPushable], results: Int32, timeLimit: Duration?, on vm: LuaVM) throws(LuaError) {
    let stack = LuaStack(vm: vm, state: vm.active)
    let base = lua_gettop(vm.active)
    do {
      try entry.push(on: stack)
      try vm.pushing { for argument in arguments { try argument.push(on: stack) } }
      try stack.reserve()
    } catch {
      lua_settop(vm.active, base)
      throw error
    }
    try vm.callOnStack(vm.active, arguments: Int32(arguments.count), results: results, timeLimit: timeLimit)
  }
}

/// A table of a script, left in Lua: for tables that hold functions, such as a strategy's.
public struct LuaTableReference: LuaReferenceValue, LuaReadable, LuaPushable {
  let entry: LuaRegistryEntry

  /// `table`.
  public static var luaType: LuaType { LuaType("table") }
  /// A table.
  public static var kind: LuaKind { .table }
  /// Takes the value on top of the VM's stack.
  public init(takingTopOf vm: LuaVM) { entry = LuaRegistryEntry(takingTopOf: vm) }
  /// Pushes the table.
  public func push(on stack: LuaStack) throws { try entry.push(on: stack) }

  /// The field `name`, which has to be a `Value`; without metamethods.
  public func field<Value: LuaReadable>(_ name: String, as type: Value.Type) throws(LuaError) -> Value {
    try withField(name) { (slot) throws(LuaMismatch) in try Value.read(from: slot) }
  }

  /// What the field `name` holds; ``LuaKind/nil`` when there is none.
  public func kind(of name: String) throws(LuaError) -> LuaKind { try withField(name) { (slot) throws(LuaMismatch) in slot.kind } }

  /// The names of the fields, sorted by their bytes. Keys that are no strings throw.
  public func fieldNames() throws(LuaError) -> [String] {
    var names: [String] = []
    try withTable { (slot) throws(LuaMismatch) in
      try slot.forEachField(expected: "table") { (name, _) throws(LuaMismatch) in names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func withTable<Result>(_ body: (LuaSlot) throws(LuaMismatch) -> Result) throws(LuaError) -> Result {
    try entry.withVM { (vm) throws(LuaError) in
      let base = lua_gettop(vm.active)
      defer { lua_settop(vm.active, base) }
      try entry.push(on: LuaStack(vm: vm, state: vm.active))
      do { return try body(LuaSlot(vm: vm, state: vm.active, index: base + 1)) } catch { throw LuaError("\(error)") }
    }
  }

  private func withField<Result>(_ name: String, _ body: (LuaSlot) throws(LuaMismatch) -> Result) throws(LuaError) -> Result {
    try withTable { (table) throws(LuaMismatch) in
      let stack = LuaStack(vm: table.vm, state: table.state)
      do throws(LuaError) { try stack.push(name) } catch { throw LuaMismatch(error.message) }
      lua_rawget(table.state, table.index)
      do throws(LuaMismatch) { return try body(LuaSlot(vm: table.vm, state: table.state, index: table.index + 1)) } catch {
        throw error.inside(LuaSlot.step(name))
      }
    }
  }
}
