public import LuaBridge
public import Tabular

/// A frame as scripts hold it. Its columns may be read when they are first used, which is what makes `ctx.population` free for a strategy
/// that looks at two of forty columns. Rows are chosen the same way: only columns that are used are gathered.
public final class ScriptFrame {
  /// Number of rows.
  public let rowCount: Int
  /// The columns' names, in order.
  public let names: [String]
  private var columns: [String: Column]
  private let load: (String) throws -> Column

  /// Makes a frame whose columns are there.
  public init(_ frame: Frame) {
    rowCount = frame.rowCount
    names = frame.names
    columns = Dictionary(uniqueKeysWithValues: zip(frame.names, frame.columns))
    load = { throw FrameError.unknownColumn($0, known: frame.names) }
  }

  /// Makes a frame whose columns `load` gives, each when it is first used; they have `rowCount` rows.
  public init(rowCount: Int, names: [String], load: @escaping (String) throws -> Column) {
    self.rowCount = rowCount
    self.names = names
    self.load = load
    columns = [:]
  }

  /// The column called `name`; throws with the nearest name when there is none.
  public func column(_ name: String) throws -> Column {
    if let column = columns[name] { return column }
    guard names.contains(name) else { throw FrameError.unknownColumn(name, known: names) }
    let column = try load(name)
    guard column.count == rowCount else { throw FrameError.length(column: name, expected: rowCount, got: column.count) }
    columns[name] = column
    return column
  }

  /// The columns called `names`, or all of them, as a frame.
  public func frame(_ names: [String]? = nil) throws -> Frame {
    try Frame((names ?? self.names).map { ($0, try column($0)) }, rowCount: rowCount)
  }

  /// The rows at `rows`, in that order.
  public func gathering(_ rows: [Int]) -> ScriptFrame {
    ScriptFrame(rowCount: rows.count, names: names) { try self.column($0).gathering(rows) }
  }

  /// The frame with these columns only, in this order.
  public func selecting(_ names: [String]) throws -> ScriptFrame {
    for (position, name) in names.enumerated() {
      guard self.names.contains(name) else { throw FrameError.unknownColumn(name, known: self.names) }
      if names[..<position].contains(name) { throw FrameError.duplicateColumn(name) }
    }
    return ScriptFrame(rowCount: rowCount, names: names, load: column)
  }

  /// The frame with `column` added, or put in the place of the one of that name.
  public func with(_ name: String, _ column: Column) throws -> ScriptFrame {
    // A frame without columns takes the length of its first.
    guard column.count == rowCount || names.isEmpty else { throw FrameError.length(column: name, expected: rowCount, got: column.count) }
    let result = ScriptFrame(rowCount: column.count, names: names.contains(name) ? names : names + [name], load: self.column)
    result.columns[name] = column
    return result
  }

  /// Bytes of the columns that have been read, about.
  var estimatedBytes: Int { columns.values.reduce(0) { $0 + $1.estimatedBytes } }

  /// The first and last rows as a table.
  func shown() -> String {
    do {
      let layout = FrameLayout(rows: 10, width: 120)
      // Of a long frame only what is shown is gathered.
      guard rowCount > 4 * layout.rows else { return "\(heading)\n\(try frame().rendered(layout).trimmedEnd)" }
      let ends = gathering(Array(0..<5) + Array(rowCount - 5..<rowCount))
      var lines = try ends.frame().rendered(layout).trimmedEnd.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      lines.insert("… \(rowCount - 10) more rows …", at: Swift.min(6, lines.count))
      return "\(heading)\n\(lines.joined(separator: "\n"))"
    } catch { return "\(heading)\n\(error)" }
  }

  private var heading: String { "frame of \(rowCount) row\(rowCount == 1 ? "" : "s"), \(names.count) column\(names.count == 1 ? "" : "s")" }
}

extension Frame: LuaReadable, LuaPushable {
  /// `frame`.
  public static var luaType: LuaType { ScriptFrame.luaType }

  /// Reads a script's frame with all its columns.
  public static func read(from slot: LuaSlot) throws(LuaMismatch) -> Frame {
    let frame = try ScriptFrame.read(from: slot)
    do { return try frame.frame() } catch { throw LuaMismatch("\(error)") }
  }

  /// Pushes the frame as scripts hold it.
  public func push(on stack: LuaStack) throws { try ScriptFrame(self).push(on: stack) }
}
