internal import DataAccess
public import LuaBridge
public import Tabular

/// One name, or a list of them.
struct Names: LuaReadable {
  var names: [String]

  static var luaType: LuaType { LuaType("string|string[]") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> Names {
    Names(names: slot.kind == .string ? [try String.read(from: slot)] : try [String].read(from: slot))
  }
}

struct SortOptions: LuaRecord {
  var descending = false

  static var fields: [LuaField<SortOptions>] {
    [LuaField("descending", \.descending, "whether the greatest value comes first", default: "false")]
  }
}

extension JoinKind: LuaReadable {}

struct JoinOptions: LuaRecord {
  var kind = JoinKind.inner
  var suffix = "_right"

  static var fields: [LuaField<JoinOptions>] {
    [
      LuaField("kind", \.kind, "`inner` keeps rows with a partner, `left` all of this frame", default: "\"inner\""),
      LuaField("suffix", \.suffix, "ends the names of the other's columns that are taken", default: "\"_right\""),
    ]
  }
}

/// What scripts can do with a frame, a declaration each.
enum FrameMethods {
  static let column = LuaFunction(
    "column", "The column of a name.", on: ScriptFrame.self, Parameter("name", String.self, "the name"),
    returns: .value(Column.self, "the column")
  ) { try $0.column($1) }

  static let filter = LuaFunction(
    "filter", "The rows where the mask is true; not those where it is false or missing.", on: ScriptFrame.self,
    Parameter("mask", Column.self, "truth values, one a row"), returns: .value(ScriptFrame.self, "those rows")
  ) { try filtered($0, $1) }

  private static func filtered(_ frame: ScriptFrame, _ mask: Column) throws -> ScriptFrame {
    guard mask.count == frame.rowCount else { throw FrameError.length(column: "mask", expected: frame.rowCount, got: mask.count) }
    return frame.gathering(try mask.mask().indices)
  }

  static let select = LuaFunction(
    "select", "Some columns, in the order given.", on: ScriptFrame.self,
    Parameter("names", LuaRest<Names>.self, "names, or a list of names"),
    returns: .value(ScriptFrame.self, "those columns")
  ) { try $0.selecting($1.elements.flatMap(\.names)) }

  static let with = LuaFunction(
    "with", "The frame with a column added, or put in the place of the one of that name.", on: ScriptFrame.self,
    Parameter("name", String.self, "the column's name"), Parameter("column", ColumnSource.self, "a column, or a list of values"),
    returns: .value(ScriptFrame.self, "the frame with it")
  ) { try $0.with($1, $2.column) }

  static let without = LuaFunction(
    "without", "The frame without some columns.", on: ScriptFrame.self,
    Parameter("names", LuaRest<Names>.self, "names, or a list of names"),
    returns: .value(ScriptFrame.self, "the other columns")
  ) { try dropping($0, $1.elements.flatMap(\.names)) }

  private static func dropping(_ frame: ScriptFrame, _ names: [String]) throws -> ScriptFrame {
    for name in names where !frame.names.contains(name) { throw FrameError.unknownColumn(name, known: frame.names) }
    return try frame.selecting(frame.names.filter { !names.contains($0) })
  }

  static let sort = LuaFunction(
    "sort", "The rows in order of a column, among equals of the next; equals keep their order, missing values come last.",
    on: ScriptFrame.self, Parameter("by", Names.self, "a column's name, or several"), Parameter("options", SortOptions.self, "which way"),
    returns: .value(ScriptFrame.self, "the rows in order")
  ) { try sorted($0, $1.names, $2.descending) }

  private static func sorted(_ frame: ScriptFrame, _ names: [String], _ descending: Bool) throws -> ScriptFrame {
    let keys = names.map { SortKey($0, descending: descending) }
    return frame.gathering(try frame.frame(Array(Set(names)).sorted()).sortedRows(by: keys))
  }

  static let groupBy = LuaFunction(
    "group_by", "The rows by their values in some columns; a missing value is one of its own.", on: ScriptFrame.self,
    Parameter("names", LuaRest<Names>.self, "columns, or a list of columns"), returns: .value(ScriptGroups.self, "groups, for `:agg{…}`")
  ) { ScriptGroups(groups: try $0.frame().grouped(by: $1.elements.flatMap(\.names))) }

  static let join = LuaFunction(
    "join", "Each row beside each row of another frame with the same values in some columns; a missing value has no partner.",
    on: ScriptFrame.self, Parameter("other", Frame.self, "the other frame"), Parameter("on", Names.self, "columns that both have"),
    Parameter("options", JoinOptions.self, "which rows, and how names are told apart"), returns: .value(Frame.self, "the pairs")
  ) { try $0.frame().joined($1, on: $2.names, kind: $3.kind, suffix: $3.suffix) }

  static let append = LuaFunction(
    "append", "The rows of this frame and, below them, those of another with the same columns.", on: ScriptFrame.self,
    Parameter("other", Frame.self, "the other frame"), returns: .value(Frame.self, "all rows")
  ) { try $0.frame().appending($1) }

  static let head = LuaFunction(
    "head", "The first rows.", on: ScriptFrame.self, Parameter("count", Int.self, "rows, ≥ 0", default: 10),
    returns: .value(ScriptFrame.self, "at most so many rows")
  ) { frame, count in frame.gathering(Array(0..<Swift.max(0, Swift.min(count, frame.rowCount)))) }

  static let tail = LuaFunction(
    "tail", "The last rows.", on: ScriptFrame.self, Parameter("count", Int.self, "rows, ≥ 0", default: 10),
    returns: .value(ScriptFrame.self, "at most so many rows")
  ) { frame, count in frame.gathering(Array(Swift.max(0, frame.rowCount - Swift.max(0, count))..<frame.rowCount)) }

  static let rows = LuaFunction(
    "rows", "Goes through the rows: `for row in f:rows() do … row.name … end`. Whole columns are faster.", on: ScriptFrame.self,
    returns: .value(LuaIterator<[String: Cell]>.self, "gives a table a row")
  ) { try iterator($0) }

  private static func iterator(_ frame: ScriptFrame) throws -> LuaIterator<[String: Cell]> {
    let whole = try frame.frame()
    var next = 0
    return LuaIterator {
      guard next < whole.rowCount else { return nil }
      defer { next += 1 }
      return row(of: whole, next)
    }
  }

  private static func row(of frame: Frame, _ index: Int) -> [String: Cell] {
    var cells: [String: Cell] = [:]
    for (name, column) in zip(frame.names, frame.columns) where !column.isMissing(index) { cells[name] = column[index] }
    return cells
  }

  static let row = LuaFunction(
    "row", "One row as a table; missing values are nil.", on: ScriptFrame.self, Parameter("position", Int.self, "the row, from 1"),
    returns: .value([String: Cell]?.self, "nil beyond the last row")
  ) { frame, position in
    guard position >= 1, position <= frame.rowCount else { return nil }
    return row(of: try frame.gathering([position - 1]).frame(), 0)
  }

  static let describe = LuaFunction(
    "describe", "Figures of each column: counts, quartiles, mean, least and greatest value.", on: ScriptFrame.self,
    returns: .value(Frame.self, "a row a column")
  ) { try $0.frame().described() }

  static let writeCSV = LuaFunction(
    "write_csv", "Writes the frame as CSV, in place of a file of that name.", on: ScriptFrame.self, in: ScriptFiles.self,
    Parameter("path", String.self, "the file, as seen from the workspace"), returns: .nothing, effect: .writes
  ) { frame, files, path in try CSVWriter().write(try frame.frame(), to: try files.writablePath(path)) }
}
