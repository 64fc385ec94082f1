internal import DataAccess
public import LuaBridge
public import Tabular

/// The module `frame`.
public enum FrameModule {
  /// Its declaration.
  public static let module = LuaModule(
    "frame", "Tables of columns: made from lists, read from CSV files.", functions: [new, column, concat, readCSV],
    classes: [ScriptFrame.luaClass.documentation, ScriptGroups.luaClass.documentation, Column.luaClass.documentation])

  private static let new = LuaFunction(
    "new",
    """
    Makes a frame: `frame.new{ item = { "a", "b" }, minutes = { 1.5, 2 } }`. A Lua table does not keep the order of its names, so the \
    columns are sorted by name; a list of pairs `{ { "item", … }, { "minutes", … } }` keeps theirs.
    """, Parameter("columns", FrameSource.self, "lists or columns of one length by name, or a list of such pairs"),
    returns: .value(Frame.self, "the frame")
  ) { try Frame($0.columns) }

  private static let column = LuaFunction(
    "column", "Makes a column of a list. nil in it is missing; behind its last value, `count` says how many rows there are.",
    in: LuaVM.self,
    Parameter("values", ColumnSource.self, "values of one type"),
    Parameter("count", Int?.self, "rows, when there are missing ones at the end"),
    returns: .value(Column.self, "the column"), effect: .pure
  ) { try lengthened($1.column, to: $2, in: $0) }

  private static func lengthened(_ column: Column, to count: Int?, in vm: LuaVM) throws -> Column {
    guard let count, count != column.count else { return column }
    guard count > column.count, count <= 1 << 28 else {
      throw FrameError.argument("'count' must be between the \(column.count) values and \(1 << 28), got \(count)")
    }
    try vm.checkMemory(for: count, each: 9)
    return column.lengthened(to: count)
  }

  private static let concat = LuaFunction(
    "concat", "The rows of all frames, one below the other; all must have the columns of the first.",
    Parameter("frames", [Frame].self, "the frames"), returns: .value(Frame.self, "all rows")
  ) { try Frame.concatenating($0) }

  private static let readCSV = LuaFunction(
    "read_csv",
    """
    Reads a CSV file with a header. What separates fields and what columns hold is found out; `-`, `--`, `nan`, `NULL` and nothing are \
    missing values.
    """, in: ScriptFiles.self, Parameter("path", String.self, "the file, as seen from the workspace"),
    Parameter("options", CSVReadOptions.self, "what is not found out"), returns: .value(Frame.self, "the rows"), effect: .reads
  ) { files, path, options in try CSVReader.readFrame(path: try files.path(path), options: try options.options()) }
}

/// Columns for a new frame.
struct FrameSource: LuaReadable {
  var columns: [(name: String, column: Column)]

  static var luaType: LuaType { LuaType("table<string, column|any[]>") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> FrameSource {
    var named: [(name: String, column: Column)] = []
    var listed: [(Int, (name: String, column: Column))] = []
    try slot.forEachEntry(expected: "table") { (key, value) throws(LuaMismatch) in
      switch key {
      case .name(let name): named.append((name, try ColumnSource.read(from: value).column))
      case .position(let position): listed.append((position, try pair(value)))
      }
    }
    named.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return FrameSource(columns: listed.sorted { $0.0 < $1.0 }.map(\.1) + named)
  }

  private static func pair(_ slot: LuaSlot) throws(LuaMismatch) -> (name: String, column: Column) {
    var name: String?
    var column: Column?
    try slot.forEachEntry(expected: "a pair of a name and values") { (key, value) throws(LuaMismatch) in
      switch key {
      case .position(1): name = try String.read(from: value)
      case .position(2): column = try ColumnSource.read(from: value).column
      default: throw LuaMismatch("a pair of a name and values expected")
      }
    }
    guard let name, let column else { throw LuaMismatch("a pair of a name and values expected") }
    return (name, column)
  }
}

extension ColumnType: LuaReadable {}

struct CSVReadOptions: LuaRecord {
  var delimiter: String?
  var missing: [String]?
  var types: [String: ColumnType] = [:]

  static var fields: [LuaField<CSVReadOptions>] {
    [
      LuaField("delimiter", \.delimiter, "what separates fields, one character"),
      LuaField("missing", \.missing, "texts that mean \"no value\", in place of the usual ones"),
      LuaField("types", \.types, "what columns hold, by name"),
    ]
  }

  func options() throws -> CSVOptions {
    var options = CSVOptions(types: types)
    if let delimiter {
      let bytes = Array(delimiter.utf8)
      guard bytes.count == 1 else { throw LuaError("'delimiter' must be one character such as ';', got '\(delimiter)'") }
      options.delimiter = bytes[0]
    }
    if let missing { options.missing = Set(missing) }
    return options
  }
}
