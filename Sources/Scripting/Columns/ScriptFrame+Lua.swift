internal import DataAccess
public import LuaBridge
internal import Tabular

extension ScriptFrame: LuaObject {
  /// `frame`.
  public static let luaName = "frame"

  /// The class of frames.
  public static let luaClass = LuaClass<ScriptFrame>(
    """
    Named columns of equal length. Every function gives a new frame; `f.name` and `f["name"]` are columns, `f[rows]` is the frame of these \
    rows, `#f` is the number of rows.
    """,
    methods: [
      FrameMethods.column, FrameMethods.filter, FrameMethods.select, FrameMethods.with, FrameMethods.without, FrameMethods.sort,
      FrameMethods.groupBy, FrameMethods.join, FrameMethods.append, FrameMethods.head, FrameMethods.tail, FrameMethods.rows,
      FrameMethods.row, FrameMethods.describe, FrameMethods.writeCSV,
    ],
    properties: [LuaProperty("column_names", "The columns' names, in order.") { $0.names }],
    index: nil,
    rows: LuaIndex { frame, positions in try frame.rows(positions) },
    field: LuaIndex { frame, name in try frame.fieldColumn(name) },
    count: { $0.rowCount },
    bytes: { $0.estimatedBytes },
    text: { $0.shown() })

  private func rows(_ positions: [Int]) throws -> ScriptFrame {
    for position in positions where !(1...Swift.max(1, rowCount)).contains(position) || position > rowCount {
      throw FrameError.argument("there is no row \(position) in a frame of \(rowCount)")
    }
    return gathering(positions.map { $0 - 1 })
  }

  private func fieldColumn(_ name: String) throws -> Column? {
    if names.contains(name) { return try column(name) }
    let known = names + Self.luaClass.documentation.methods.map(\.name)
    throw LuaError("a frame has no column or method '\(name)'\(suggestion(for: name, in: known))")
  }
}

/// Rows by groups, on the way to an aggregation.
struct ScriptGroups: LuaObject {
  let groups: FrameGroups

  static let luaName = "groups"
  static let luaClass = LuaClass<ScriptGroups>(
    "The rows of a frame by their values in some columns.", methods: [aggregate], count: { $0.groups.count },
    text: { "\($0.groups.count) groups by \($0.groups.names.joined(separator: ", "))" })

  private static let aggregate = LuaFunction(
    "agg",
    """
    One row a group: the columns grouped by, and a figure of others. `agg{ "count", minutes = "mean", quantity = { "sum", "max" } }` gives \
    `count`, `mean_minutes`, `sum_quantity`, `max_quantity`. Figures: count, sum, mean, std, min, max, median, first, last, n_unique, and \
    p1 … p99 for percentiles. Missing values are passed over.
    """, on: ScriptGroups.self, Parameter("figures", AggregationList.self, "figures by column; \"count\" alone counts rows"),
    returns: .value(Frame.self, "a row a group, in order of the keys")
  ) { try $0.groups.aggregating($1.aggregations) }
}

/// What `agg` computes.
struct AggregationList: LuaReadable {
  var aggregations: [Aggregation]

  static var luaType: LuaType { LuaType("table<string, string|string[]>") }

  private static let names = ["count", "sum", "mean", "std", "min", "max", "median", "first", "last", "n_unique"]

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> AggregationList {
    var rows: [(Int, Aggregation)] = []
    var columns: [String: [Aggregation]] = [:]
    try slot.forEachEntry(expected: "table") { (key, value) throws(LuaMismatch) in
      switch key {
      case .position(let position):
        guard try String.read(from: value) == "count" else {
          throw LuaMismatch("\"count\" expected, for figures of columns write column = figure")
        }
        rows.append((position, Aggregation(.count)))
      case .name(let column): columns[column] = try value.kind == .string ? [figure(value, of: column)] : figures(value, of: column)
      }
    }
    let sorted = columns.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap(\.value)
    return AggregationList(aggregations: rows.sorted { $0.0 < $1.0 }.map(\.1) + sorted)
  }

  private static func figures(_ slot: LuaSlot, of column: String) throws(LuaMismatch) -> [Aggregation] {
    var result: [Aggregation] = []
    for name in try [String].read(from: slot) { result.append(try figure(name, of: column)) }
    return result
  }

  private static func figure(_ slot: LuaSlot, of column: String) throws(LuaMismatch) -> Aggregation {
    try figure(try String.read(from: slot), of: column)
  }

  private static func figure(_ name: String, of column: String) throws(LuaMismatch) -> Aggregation {
    switch name {
    case "count": return Aggregation(.count, of: column)
    case "sum": return Aggregation(.sum, of: column)
    case "mean": return Aggregation(.mean, of: column)
    case "std": return Aggregation(.std, of: column)
    case "min": return Aggregation(.min, of: column)
    case "max": return Aggregation(.max, of: column)
    case "median": return Aggregation(.quantile(0.5), of: column, as: "median_\(column)")
    case "first": return Aggregation(.first, of: column)
    case "last": return Aggregation(.last, of: column)
    case "n_unique": return Aggregation(.uniqueCount, of: column)
    default:
      guard name.hasPrefix("p"), let percent = Int(name.dropFirst()), (1...99).contains(percent) else {
        throw LuaMismatch(
          "there is no figure '\(name)'\(suggestion(for: name, in: names)) (known are \(names.joined(separator: ", ")), p1 … p99)")
      }
      return Aggregation(.quantile(Double(percent) / 100), of: column, as: "\(name)_\(column)")
    }
  }
}
