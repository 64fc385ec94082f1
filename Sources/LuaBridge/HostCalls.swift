internal import CLua

/// An object that a userdata owns.
class LuaBox {
  /// The class's name, for messages.
  var name: String { "function" }
}

/// A host function as a VM holds it.
final class HostFunction: LuaBox {
  /// As messages name it: `metrics.psi`, `column:mean`.
  let qualifiedName: String
  private let body: (LuaCall) throws -> Int32

  init(_ name: String, _ body: @escaping (LuaCall) throws -> Int32) {
    qualifiedName = name
    self.body = body
  }

  func callAsFunction(_ call: LuaCall) throws -> Int32 { try body(call) }
}

/// A host error on its way through Lua.
final class HostError: LuaBox {
  let error: any Error
  let message: String
  let chunk: String?
  let line: Int?

  init(_ error: any Error, message: String, chunk: String?, line: Int?) {
    self.error = error
    self.message = message
    self.chunk = chunk
    self.line = line
  }

  var description: String {
    if let error = error as? LuaError { return error.description }
    return LuaError(message, chunk: chunk, line: line).description
  }
}

/// A call of a host function: its arguments on the stack of the coroutine that made it.
@usableFromInline struct LuaCall {
  // Not retained, as in `LuaSlot`: VM and function outlive their call.
  unowned(unsafe) let vm: LuaVM
  let state: OpaquePointer
  unowned(unsafe) let function: HostFunction
  let argumentCount: Int32

  @usableFromInline var stack: LuaStack { LuaStack(vm: vm, state: state) }

  func slot(_ index: Int32) -> LuaSlot { LuaSlot(vm: vm, state: state, index: index) }
}

/// Calls the host function `object`: the trampoline's way in. Errors become a value on the stack; nothing leaves by a jump.
func callHost(_ core: OpaquePointer?, _ state: OpaquePointer?, _ object: UnsafeMutableRawPointer?) -> Int32 {
  guard let state, let object, let context = clua_context(core) else { return 0 }
  // The VM is alive: it made the call that is under way. The function is alive: the closure that is running owns it.
  return Unmanaged<LuaVM>.fromOpaque(context)._withUnsafeGuaranteedRef { vm in
    Unmanaged<HostFunction>.fromOpaque(object)._withUnsafeGuaranteedRef { function in
      let before = vm.active
      vm.active = state
      defer { vm.active = before }
      do {
        return try function(LuaCall(vm: vm, state: state, function: function, argumentCount: lua_gettop(state)))
      } catch {
        vm.pushError(error, of: function, on: state)
        return -1
      }
    }
  }
}

func describeHostError(_ core: OpaquePointer?, _ state: OpaquePointer?, _ object: UnsafeMutableRawPointer?) {
  guard let state, let object else { return }
  var text = Unmanaged<HostError>.fromOpaque(object).takeUnretainedValue().description
  text.withUTF8 { bytes in
    _ = bytes.withMemoryRebound(to: CChar.self) { lua_pushlstring(state, $0.baseAddress, $0.count) }
  }
}

func releaseHostObject(_ object: UnsafeMutableRawPointer?) {
  if let object { Unmanaged<LuaBox>.fromOpaque(object).release() }
}

extension LuaVM {
  /// Pushes `error` as a value of Lua, with the position in the script that called `function`. [-0, +1]
  func pushError(_ error: any Error, of function: HostFunction, on state: OpaquePointer) {
    lua_settop(state, 0)
    var frame = clua_frame()
    let known = clua_position(state, &frame)
    let chunk = known ? chunkName(text(of: frame.source)) : nil
    let line = known ? Int(frame.line) : nil
    let message = (error as? ArgumentError)?.message(for: function.qualifiedName) ?? "\(error)"
    var passed = error
    if error is ArgumentError { passed = LuaError(message) }
    if var failure = passed as? LuaError, failure.chunk == nil {
      (failure.chunk, failure.line) = (chunk, line)
      passed = failure
    }
    let box = HostError(passed, message: message, chunk: chunk, line: line)
    clua_push_error(core, state, Unmanaged.passRetained(box).toOpaque())
  }

  /// Pushes `function`. [-0, +1]
  func pushFunction(_ function: HostFunction, on state: OpaquePointer) {
    clua_push_function(core, state, Unmanaged.passRetained(function).toOpaque())
  }
}
