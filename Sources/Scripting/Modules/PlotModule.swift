internal import DataAccess
public import LuaBridge
public import Plotting
internal import Tabular

/// A chart in a script's hands: looked at where it stands, or kept as a picture.
public enum ScriptChart: LuaObject, Sendable {
  /// Points and lines.
  case plane(Chart)
  /// Bars.
  case bars(BarChart)

  /// `chart`.
  public static let luaName = "chart"

  /// The class of charts.
  public static let luaClass = LuaClass<ScriptChart>(
    "A picture of figures. At the prompt and in `print` it is drawn in characters.",
    methods: [textMethod, svgMethod, writeMethod, lineMethod, ruleMethod],
    text: { $0.text(width: 80) })

  func text(width: Int) -> String {
    // What is printed ends its line itself.
    switch self {
    case .plane(let chart): String(chart.text(width: width).dropLast())
    case .bars(let chart): String(chart.text(width: width).dropLast())
    }
  }

  var svg: String {
    switch self {
    case .plane(let chart): chart.svg()
    case .bars(let chart): chart.svg()
    }
  }

  private static let textMethod = LuaFunction(
    "text", "The chart in characters.", on: ScriptChart.self, Parameter("width", Int.self, "characters a line, 40…400", default: 80),
    returns: .value(String.self, "lines")
  ) { chart, width in
    guard (40...400).contains(width) else { throw LuaError("'width' must be 40…400, got \(width)") }
    return chart.text(width: width)
  }

  private static let svgMethod = LuaFunction(
    "svg", "The chart as an SVG picture.", on: ScriptChart.self, returns: .value(String.self, "the picture's text")
  ) { $0.svg }

  private static let writeMethod = LuaFunction(
    "write_svg", "Writes the chart as an SVG picture, in place of a file of that name.", on: ScriptChart.self, in: ScriptFiles.self,
    Parameter("path", String.self, "the file, as seen from the workspace"), returns: .nothing, effect: .writes
  ) { chart, files, path in try AtomicFile.write(chart.svg, to: try files.writablePath(path)) }

  private static let lineMethod = LuaFunction(
    "with_line", "A chart with one more line; not for bars.", on: ScriptChart.self,
    Parameter("name", String.self, "its name in the legend"),
    Parameter("x", PlotValues.self, "places across: numbers or times"), Parameter("y", PlotValues.self, "values, as many"),
    returns: .value(ScriptChart.self, "the chart")
  ) { chart, name, x, y in
    guard case .plane(var plane) = chart else { throw LuaError("a chart of bars has no lines") }
    plane.series.append(try series(name, .line, x, y))
    return .plane(plane)
  }

  private static let ruleMethod = LuaFunction(
    "with_rule", "A chart with a line across at one value, such as a threshold.", on: ScriptChart.self,
    Parameter("label", String.self, "what the line means"), Parameter("value", Double.self, "where it is"),
    returns: .value(ScriptChart.self, "the chart")
  ) { chart, label, value in
    switch chart {
    case .plane(var plane):
      plane.rules.append(Rule(label, at: value))
      return .plane(plane)
    case .bars(var bars):
      bars.rule = Rule(label, at: value)
      return .bars(bars)
    }
  }

  static func series(_ name: String, _ kind: Series.Kind, _ x: PlotValues, _ y: PlotValues) throws -> Series {
    guard x.numbers.count == y.numbers.count else {
      throw LuaError("'x' and 'y' must be of one length, got \(x.numbers.count) and \(y.numbers.count) values")
    }
    return Series(name, kind, x: x.numbers, y: y.numbers)
  }
}

/// Numbers to draw: a column or a list; a missing one is a gap.
struct PlotValues: LuaReadable {
  let numbers: [Double]
  let areTimes: Bool

  static var luaType: LuaType { LuaType("column|number[]") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> PlotValues {
    if slot.kind == .userdata {
      let column = try Column.read(from: slot)
      guard let numbers = column.numbers else { throw LuaMismatch(expected: "a column of numbers or times", got: slot) }
      return PlotValues(numbers: numbers.indices.map { column.isMissing($0) ? .nan : numbers[$0] }, areTimes: column.type == .timestamp)
    }
    return PlotValues(numbers: try [Double].read(from: slot), areTimes: false)
  }
}

private struct PlotOptions: LuaRecord {
  var title = ""
  var xLabel = "x"
  var yLabel = "y"
  var name = "values"
  var logX = false
  var logY = false

  static let fields: [LuaField<PlotOptions>] = [
    LuaField("title", \.title, "what the chart shows"), LuaField("x_label", \.xLabel, "what is counted across"),
    LuaField("y_label", \.yLabel, "what is counted upwards"), LuaField("name", \.name, "the series' name in a legend"),
    LuaField("log_x", \.logX, "whether places across are by the logarithm"),
    LuaField("log_y", \.logY, "whether places upwards are by the logarithm"),
  ]

  func chart(_ kind: Series.Kind, _ x: PlotValues, _ y: PlotValues) throws -> ScriptChart {
    var chart = Chart(
      title: title, x: Axis(xLabel, x.areTimes ? .time : logX ? .logarithmic : .linear), y: Axis(yLabel, logY ? .logarithmic : .linear))
    chart.series = [try ScriptChart.series(name, kind, x, y)]
    return .plane(chart)
  }
}

private struct BarOptions: LuaRecord {
  var title = ""
  var unit = ""

  static let fields: [LuaField<BarOptions>] = [
    LuaField("title", \.title, "what the chart shows"), LuaField("unit", \.unit, "what the bars' lengths count"),
  ]
}

/// The module `plot`.
enum PlotModule {
  static let module = LuaModule(
    "plot", "Charts of columns and lists: in characters at the prompt, or as SVG pictures.", functions: [line, points, bars, spark],
    classes: [ScriptChart.luaClass.documentation])

  private static let line = LuaFunction(
    "line", "A line through points in their order; a missing value is a gap. Times across are shown as dates.",
    Parameter("x", PlotValues.self, "places across: numbers or times"), Parameter("y", PlotValues.self, "values, as many"),
    Parameter("options", PlotOptions.self, "title, labels, scales"), returns: .value(ScriptChart.self, "the chart")
  ) { x, y, options in try options.chart(.line, x, y) }

  private static let points = LuaFunction(
    "points", "Points alone.", Parameter("x", PlotValues.self, "places across: numbers or times"),
    Parameter("y", PlotValues.self, "values, as many"), Parameter("options", PlotOptions.self, "title, labels, scales"),
    returns: .value(ScriptChart.self, "the chart")
  ) { x, y, options in try options.chart(.points, x, y) }

  private static let bars = LuaFunction(
    "bars", "A bar for each name; a missing value is told, not drawn.", Parameter("names", [String].self, "names, from the top"),
    Parameter("values", PlotValues.self, "figures, as many"), Parameter("options", BarOptions.self, "title and unit"),
    returns: .value(ScriptChart.self, "the chart")
  ) { names, values, options in
    guard names.count == values.numbers.count else {
      throw LuaError("'names' and 'values' must be of one length, got \(names.count) and \(values.numbers.count)")
    }
    return .bars(
      BarChart(
        title: options.title, unit: options.unit,
        bars: zip(names, values.numbers).map { BarChart.Bar($0, $1.isFinite ? $1 : nil) }))
  }

  private static let spark = LuaFunction(
    "sparkline", "Values as a line of small bars: `▁▂▅█`.", Parameter("values", PlotValues.self, "the values; a missing one is a blank"),
    returns: .value(String.self, "the line")
  ) { sparkline($0.numbers.map { $0.isFinite ? $0 : nil }) }
}
