internal import CLua

/// A sequence of values that a script goes through: `for value in f() do`.
public struct LuaIterator<Element: LuaPushable>: LuaPushable {
  private let next: () throws -> Element?

  /// Makes an iterator from a function that gives the next value, and nil behind the last.
  public init(_ next: @escaping () throws -> Element?) { self.next = next }

  /// A function without parameters.
  public static var luaType: LuaType { LuaType("fun(): \(Element.luaType.name)?") }

  /// Pushes the iterator function.
  public func push(on stack: LuaStack) throws {
    try stack.reserve()
    stack.vm.pushFunction(
      HostFunction("iterator") { call in
        if let element = try next() { try element.push(on: call.stack) } else { try call.stack.pushNil() }
        return 1
      }, on: stack.state)
  }
}
