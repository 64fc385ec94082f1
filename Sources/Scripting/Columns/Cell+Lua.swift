public import LuaBridge
public import Tabular

/// A cell is nil, a boolean, a number or a string in Lua; an instant is its epoch seconds.
extension Cell: LuaReadable, LuaPushable {
  /// `boolean|number|string|nil`.
  public static var luaType: LuaType { LuaType("boolean|number|string|nil") }
  /// A missing value, where no argument is given.
  public static var absent: Cell? { .missing }

  /// Reads nil as missing, and booleans, numbers and strings as what they are.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Cell {
    switch slot.kind {
    case .none, .nil: return .missing
    case .boolean: return .bool(try Bool.read(from: slot))
    case .integer: return .integer(try Int64.read(from: slot))
    case .number: return .double(try Double.read(from: slot))
    case .string: return .text(try String.read(from: slot))
    default: throw LuaMismatch(expected: "boolean, number, string or nil", got: slot)
    }
  }

  /// Pushes the value; an instant as epoch seconds, whole where they are.
  public func push(on stack: LuaStack) throws {
    switch self {
    case .missing: try (nil as Int64?).push(on: stack)
    case .double(let value): try value.push(on: stack)
    case .integer(let value): try value.push(on: stack)
    case .bool(let value): try value.push(on: stack)
    case .text(let value): try value.push(on: stack)
    case .timestamp(let value): try value.push(on: stack)
    }
  }
}

/// An instant is its seconds since 1970-01-01T00:00:00Z in Lua.
extension Timestamp: LuaReadable, LuaPushable {
  /// `number`.
  public static var luaType: LuaType { LuaType("number") }
  /// A number, or a text.
  public static var luaAccepted: LuaType { LuaType("number|string") }

  /// Reads epoch seconds, or an ISO 8601 text.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Timestamp {
    if slot.kind == .string {
      let text = try String.read(from: slot)
      guard let instant = Timestamp(text) else {
        throw LuaMismatch("epoch seconds or an ISO 8601 time such as 2012-03-01T06:30Z expected, got '\(text)'")
      }
      return instant
    }
    guard slot.kind == .integer || slot.kind == .number else { throw LuaMismatch(expected: "epoch seconds or ISO 8601 time", got: slot) }
    let seconds = try Double.read(from: slot)
    guard let instant = Timestamp(seconds: seconds) else {
      throw LuaMismatch("epoch seconds of the years 0 to 9999 expected, got \(seconds)")
    }
    return instant
  }

  /// Pushes epoch seconds, as an integer where they are whole.
  public func push(on stack: LuaStack) throws {
    if microseconds % 1_000_000 == 0 { try (microseconds / 1_000_000).push(on: stack) } else { try seconds.push(on: stack) }
  }
}

/// One side of an operation on columns: a column, or a value for every row.
struct ColumnOperand: LuaReadable {
  var operand: Operand

  static var luaType: LuaType { LuaType("column|number|string|boolean") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> ColumnOperand {
    if let column = try? Column.read(from: slot) { return ColumnOperand(operand: .column(column)) }
    guard [.boolean, .integer, .number, .string].contains(slot.kind) else {
      throw LuaMismatch(expected: "column, number, string or boolean", got: slot)
    }
    return ColumnOperand(operand: .scalar(try Cell.read(from: slot)))
  }

  /// The operand beside `other`: next to a column of instants a number is epoch seconds, and a text an ISO 8601 time.
  func beside(_ other: ColumnOperand) throws(FrameError) -> Operand {
    guard case .column(let column) = other.operand, column.type == .timestamp, case .scalar(let cell) = operand else { return operand }
    let instant: Timestamp?
    switch cell {
    case .double(let seconds): instant = Timestamp(seconds: seconds)
    case .integer(let seconds): instant = Timestamp(seconds: Double(seconds))
    case .text(let text): instant = Timestamp(text)
    default: return operand
    }
    guard let instant else { throw .argument("epoch seconds or an ISO 8601 time such as 2012-03-01T06:30Z expected, got \(cell)") }
    return .scalar(.timestamp(instant))
  }
}

/// Values for a new column: a column, or a list whose elements have one type; nil in it is missing.
struct ColumnSource: LuaReadable {
  var column: Column

  static var luaType: LuaType { LuaType("column|any[]") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> ColumnSource {
    if slot.kind == .userdata { return ColumnSource(column: try Column.read(from: slot)) }
    let cells = try [Cell].read(from: slot)
    var type: ColumnType?
    for (position, cell) in cells.enumerated() {
      guard let own = cell.type else { continue }
      switch (type, own) {
      case (nil, _): type = own
      case (.integer, .double): type = .double
      case (.double, .integer): break
      case (let known?, _) where known != own:
        throw LuaMismatch("\(known.rawValue) expected as in the elements before, got \(own.rawValue)", at: "[\(position + 1)]")
      default: break
      }
    }
    do { return ColumnSource(column: try Column(cells, as: type ?? .text)) } catch { throw LuaMismatch(error.description) }
  }
}

extension Cell {
  fileprivate var type: ColumnType? {
    switch self {
    case .missing: nil
    case .double: .double
    case .integer: .integer
    case .bool: .bool
    case .text: .text
    case .timestamp: .timestamp
    }
  }
}
