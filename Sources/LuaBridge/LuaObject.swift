internal import CLua
internal import Tabular

/// A Swift type whose values scripts hold as objects: declared once by its class. A value is boxed when it is given to Lua, and released
/// exactly once: when Lua collects it, when it is closed, or with the VM.
public protocol LuaObject: LuaReadable, LuaPushable {
  /// The class's name. It is not read from ``luaClass``, whose methods name their own class while they are declared.
  static var luaName: String { get }
  /// The class of these objects. Declare it as a `static let`.
  static var luaClass: LuaClass<Self> { get }
}

/// A box that gives its value whatever its type.
protocol LuaObjectBox {
  var anyValue: Any { get }
}

final class LuaValueBox<Value: LuaObject>: LuaBox, LuaObjectBox {
  let value: Value

  init(_ value: Value) { self.value = value }

  override var name: String { Value.luaName }
  var anyValue: Any { value }
}

extension LuaObject {
  /// The class's name.
  public static var luaType: LuaType { LuaType(luaName) }

  /// Reads an object of this class.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Self {
    guard let box = slot.box, type(of: box) == LuaValueBox<Self>.self else { throw LuaMismatch(expected: luaName, got: slot) }
    // The line above has checked the type; a conditional cast costs more than the rest of the call.
    return unsafeDowncast(box, to: LuaValueBox<Self>.self).value
  }

  /// Pushes a new object that holds this value.
  public func push(on stack: LuaStack) throws {
    try stack.reserve(6)
    let vm = stack.vm
    if let reference = vm.metatables[ObjectIdentifier(Self.self)] {
      lua_rawgeti(stack.state, clua_registry(), Int64(reference))
    } else {
      try vm.pushMetatable(of: Self.luaClass, on: stack.state)
      lua_pushvalue(stack.state, -1)
      vm.metatables[ObjectIdentifier(Self.self)] = luaL_ref(stack.state, clua_registry())
    }
    let box: LuaBox = LuaValueBox(self)
    clua_push_object(vm.core, stack.state, Unmanaged.passRetained(box).toOpaque(), Int(Self.luaClass.bytes(self)))
  }
}

/// An operator of Lua that a class defines.
public enum LuaOperator: String, Hashable, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case modulo = "%"
  case power = "^"
  case negate = "unary -"
  case concatenate = ".."
  case equal = "=="
  case less = "<"
  case lessOrEqual = "<="
  case and = "&"
  case or = "|"
  case not = "~"
  case call = "()"

  var event: String {
    switch self {
    case .add: "__add"
    case .subtract: "__sub"
    case .multiply: "__mul"
    case .divide: "__div"
    case .floorDivide: "__idiv"
    case .modulo: "__mod"
    case .power: "__pow"
    case .negate: "__unm"
    case .concatenate: "__concat"
    case .equal: "__eq"
    case .less: "__lt"
    case .lessOrEqual: "__le"
    case .and: "__band"
    case .or: "__bor"
    case .not: "__bnot"
    case .call: "__call"
    }
  }
}

/// A read-only property of a class: `object.name`.
public struct LuaProperty<Value>: Sendable {
  let documentation: LuaDocumentation.Value
  let push: @Sendable (Value, LuaStack) throws -> Void

  /// Declares a property.
  public init<Result: LuaPushable>(_ name: String, _ words: String, _ get: @escaping @Sendable (Value) throws -> Result) {
    documentation = LuaDocumentation.Value(name: name, type: Result.luaType, words: words, text: nil)
    push = { value, stack in try get(value).push(on: stack) }
  }
}

/// A class of host objects: what scripts can do with them.
public struct LuaClass<Value: LuaObject>: Sendable {
  /// Its name.
  public var name: String { Value.luaName }
  /// All there is to say about it.
  public let documentation: LuaDocumentation.Class
  let methods: [LuaFunction]
  let properties: [LuaProperty<Value>]
  let operators: [LuaOperator: LuaFunction]
  let index: (@Sendable (Value, Int, LuaStack) throws -> Bool)?
  let rows: (@Sendable (Value, [Int], LuaStack) throws -> Bool)?
  let field: (@Sendable (Value, String, LuaStack) throws -> Bool)?
  let count: (@Sendable (Value) -> Int)?
  let text: @Sendable (Value) -> String
  let bytes: @Sendable (Value) -> Int

  /// Declares a class.
  /// - Parameters:
  ///   - methods: Functions declared `on:` the class.
  ///   - operators: Functions of the operands; of both for a binary operator, either of which may be of another type.
  ///   - index: `object[i]`, `i` from 1.
  ///   - rows: `object[list]`, for a list of such positions.
  ///   - field: `object.name` for names that are neither method nor property.
  ///   - count: `#object`.
  ///   - bytes: What the object holds outside Lua's memory. It counts against the script's limit and makes the collector keep pace.
  ///   - text: What `tostring` and the REPL show.
  public init(
    _ words: String, methods: [LuaFunction] = [], properties: [LuaProperty<Value>] = [],
    operators: [LuaOperator: LuaFunction] = [:], index: LuaIndex<Value, Int>? = nil, rows: LuaIndex<Value, [Int]>? = nil,
    field: LuaIndex<Value, String>? = nil,
    count: (@Sendable (Value) -> Int)? = nil, bytes: @escaping @Sendable (Value) -> Int = { _ in 0 },
    text: @escaping @Sendable (Value) -> String
  ) {
    self.methods = methods
    self.properties = properties
    self.operators = operators
    self.index = index?.push
    self.rows = rows?.push
    self.field = field?.push
    self.count = count
    self.bytes = bytes
    self.text = text
    let described = LuaOperator.allCases.compactMap { sign in
      operators[sign].map {
        LuaDocumentation.Function(
          name: sign.rawValue, words: $0.documentation.words, parameters: $0.documentation.parameters, results: $0.documentation.results,
          effect: $0.documentation.effect)
      }
    }
    documentation = LuaDocumentation.Class(
      name: Value.luaName, words: words, methods: methods.map(\.documentation), properties: properties.map(\.documentation),
      operators: described)
  }
}

/// How an object is indexed by keys of type `Key`; nil where there is nothing under the key.
public struct LuaIndex<Value, Key>: Sendable {
  let push: @Sendable (Value, Key, LuaStack) throws -> Bool

  /// Makes an index from a function that gives the element.
  public init<Element: LuaPushable>(_ get: @escaping @Sendable (Value, Key) throws -> Element?) {
    push = { value, key, stack in
      guard let element = try get(value, key) else {
        try stack.pushNil()
        return false
      }
      try element.push(on: stack)
      return true
    }
  }
}

extension LuaVM {
  /// Pushes the metatable of `luaClass`. [-0, +1]
  func pushMetatable<Value: LuaObject>(of luaClass: LuaClass<Value>, on state: OpaquePointer) throws {
    let stack = LuaStack(vm: self, state: state)
    try stack.reserve(10)
    lua_createtable(state, 0, Int32(luaClass.methods.count))
    let methods = lua_gettop(state)
    for method in luaClass.methods {
      pushFunction(hostFunction(method, named: "\(luaClass.name):\(method.name)"), on: state)
      lua_setfield(state, methods, method.name)
    }
    let properties = Dictionary(luaClass.properties.map { ($0.documentation.name, $0) }) { first, _ in first }
    let known = luaClass.methods.map(\.name) + luaClass.properties.map(\.documentation.name)
    members[luaClass.name] = known
    pushFunction(
      HostFunction("\(luaClass.name) index") { call in
        let value = try call.receiver(Value.self)
        let key = call.slot(2)
        if key.kind == .string {
          let name = key.text ?? ""
          if let property = properties[name] {
            try property.push(value, call.stack)
            return 1
          }
          if let field = luaClass.field {
            if try field(value, name, call.stack) { return 1 }
          }
          throw LuaError("a \(luaClass.name) has no method or property '\(name)'\(suggestion(for: name, in: known))")
        }
        if let rows = luaClass.rows, key.kind == .table || key.kind == .userdata {
          let positions: [Int]
          do throws(LuaMismatch) { positions = try [Int].read(from: key) } catch {
            throw LuaError("rows of a \(luaClass.name): \(error)")
          }
          _ = try rows(value, positions, call.stack)
          return 1
        }
        guard let index = luaClass.index else { throw LuaError("a \(luaClass.name) has no elements; got a \(key.described) for a key") }
        guard let position = try? Int.read(from: key) else {
          throw LuaError("a \(luaClass.name) is indexed by integers from 1, got \(key.text ?? key.described)")
        }
        _ = try index(value, position, call.stack)
        return 1
      }, on: state)
    clua_push_metatable(state, luaClass.name)
    let metatable = lua_gettop(state)
    func set(_ event: String, _ function: HostFunction) {
      pushFunction(function, on: state)
      lua_setfield(state, metatable, event)
    }
    set(
      "__tostring",
      HostFunction("\(luaClass.name) text") { call in
        try call.stack.push(luaClass.text(try call.receiver(Value.self)))
        return 1
      })
    if let count = luaClass.count {
      set(
        "__len",
        HostFunction("#\(luaClass.name)") { call in
          try count(try call.receiver(Value.self)).push(on: call.stack)
          return 1
        })
    }
    for (sign, function) in luaClass.operators {
      set(sign.event, operatorFunction(function, sign: sign, of: luaClass.name))
    }
  }

  private func operatorFunction(_ function: LuaFunction, sign: LuaOperator, of className: String) -> HostFunction {
    let isUnary = function.documentation.parameters.count == 1
    return HostFunction("\(className) \(sign.rawValue)") { call in
      // Lua passes the operand of a unary operator twice.
      if isUnary, sign != .call { lua_settop(call.state, 1) }
      let call = LuaCall(vm: call.vm, state: call.state, function: call.function, argumentCount: lua_gettop(call.state))
      return try function.invoke(call)
    }
  }

  /// The function as this VM offers it: one with an effect that the profile does not allow only says so.
  func hostFunction(_ function: LuaFunction, named name: String) -> HostFunction {
    if settings.profile.effects.contains(function.documentation.effect) { return HostFunction(name, function.invoke) }
    let message = withheldMessage(function, named: name)
    return HostFunction(name) { _ in throw LuaError(message) }
  }

  func withheldMessage(_ function: LuaFunction, named name: String) -> String {
    "'\(name)' \(function.documentation.effect.rawValue) and is not available to \(settings.profile.audience)"
  }
}
