public import LuaBridge
public import Tabular

extension Column: LuaObject, LuaNumberList, LuaTextList {
  /// `column`.
  public static let luaName = "column"

  /// The numbers, NaN where one is missing; columns of texts are refused.
  public func luaNumbers() throws(LuaMismatch) -> [Double] {
    guard let numbers else { throw LuaMismatch("number[] expected, got a column of \(type.rawValue)") }
    return numbers
  }

  /// The texts; a missing one is refused.
  public func luaTexts() throws(LuaMismatch) -> [String] {
    guard let texts else { throw LuaMismatch("string[] expected, got a column of \(type.rawValue)") }
    var result: [String] = []
    result.reserveCapacity(texts.count)
    for (position, text) in texts.enumerated() {
      guard let text else { throw LuaMismatch("a value expected, got a missing one", at: "[\(position + 1)]") }
      result.append(text)
    }
    return result
  }

  /// The class of columns.
  public static let luaClass = LuaClass<Column>(
    """
    Values of one type, one a row, any of which may be missing. Operators and comparisons work on whole columns and give new ones; \
    `c[i]` is a value, `c[rows]` the column of these rows. Instants are epoch seconds.
    """,
    methods: ColumnMethods.comparisons + ColumnMethods.figures + ColumnMethods.values,
    properties: [LuaProperty("type", "What it holds: `double`, `integer`, `bool`, `text` or `timestamp`.") { $0.type.rawValue }],
    operators: ColumnMethods.operators,
    index: LuaIndex { column, position in (1...Swift.max(1, column.count)).contains(position) ? column.cell(position) : nil },
    rows: LuaIndex { column, positions in try column.rows(positions) },
    count: { $0.count },
    bytes: { $0.estimatedBytes },
    text: { $0.shown })

  private func cell(_ position: Int) -> Cell { position <= count ? self[position - 1] : .missing }

  private func rows(_ positions: [Int]) throws -> Column {
    for position in positions where !(1...Swift.max(1, count)).contains(position) || position > count {
      throw FrameError.argument("there is no row \(position) in a column of \(count)")
    }
    return gathering(positions.map { $0 - 1 })
  }

  /// Bytes of the values, about.
  var estimatedBytes: Int {
    switch values {
    case .double, .integer, .timestamp: count * 8
    case .bool: count
    case .text: count * 4
    }
  }

  private var shown: String {
    let heading = "\(type.rawValue) × \(count)"
    guard let frame = try? Frame([(heading, self)]) else { return heading }
    return frame.rendered(FrameLayout(rows: 10)).trimmedEnd
  }
}

extension String {
  /// The text without line ends at its end.
  var trimmedEnd: String {
    var text = self
    while text.last == "\n" { text.removeLast() }
    return text
  }
}

/// What scripts can do with a column, a declaration each.
enum ColumnMethods {
  static let comparisons: [LuaFunction] = [
    comparison(.greater, "Which rows are greater."),
    comparison(.greaterOrEqual, "Which rows are greater or equal."),
    comparison(.less, "Which rows are less."),
    comparison(.lessOrEqual, "Which rows are less or equal."),
    comparison(.equal, "Which rows are equal."),
    comparison(.notEqual, "Which rows are not equal."),
    and, or, not,
  ]

  static let figures: [LuaFunction] = [mean, sum, std, minimum, maximum, median, quantile, count, uniqueCount]

  static let values: [LuaFunction] = [
    absolute, logarithm, exponential, sorted, unique, valueCounts, isMissing, fillMissing, head, list,
  ]

  static let operators: [LuaOperator: LuaFunction] = [
    .add: arithmetic(.add, "Adds; an instant plus seconds is an instant."),
    .subtract: arithmetic(.subtract, "Subtracts; two instants give seconds."),
    .multiply: arithmetic(.multiply, "Multiplies."),
    .divide: arithmetic(.divide, "Divides; by zero gives infinity or NaN."),
    .negate: LuaFunction(
      "-", "Turns the signs.", Parameter("column", Column.self, "numbers"), returns: .value(Column.self, "the numbers, negated")
    ) { try Column.arithmetic(.column($0), .multiply, .scalar(.integer(-1))) },
    .and: logical("&", "Whether both are true, row by row.") { try $0.and($1) },
    .or: logical("|", "Whether one or both are true, row by row.") { try $0.or($1) },
    .not: LuaFunction(
      "~", "Whether each row is false.", Parameter("column", Column.self, "truth values"), returns: .value(Column.self, "truth values")
    ) { try $0.not() },
  ]

  private static func comparison(_ operation: ComparisonOperator, _ words: String) -> LuaFunction {
    LuaFunction(
      operation.rawValue, words + " A row that is missing on either side is missing.", on: Column.self,
      Parameter("other", ColumnOperand.self, "a column of the same length, or a value for every row"),
      returns: .value(Column.self, "truth values")
    ) { column, other in
      let own = ColumnOperand(operand: .column(column))
      return try Column.comparison(own.operand, operation, try other.beside(own))
    }
  }

  private static func arithmetic(_ operation: ArithmeticOperator, _ words: String) -> LuaFunction {
    LuaFunction(
      operation.rawValue, words, Parameter("left", ColumnOperand.self, "a column, or a value for every row"),
      Parameter("right", ColumnOperand.self, "a column, or a value for every row"), returns: .value(Column.self, "the results")
    ) { left, right in try Column.arithmetic(left.operand, operation, right.operand) }
  }

  private static func logical(
    _ sign: String, _ words: String, _ combine: @escaping @Sendable (Column, Column) throws -> Column
  ) -> LuaFunction {
    LuaFunction(
      sign, words, Parameter("left", Column.self, "truth values"), Parameter("right", Column.self, "truth values"),
      returns: .value(Column.self, "truth values"), body: combine)
  }

  private static let and = LuaFunction(
    "and_", "Whether both are true, row by row; also `a & b`.", on: Column.self, Parameter("other", Column.self, "truth values"),
    returns: .value(Column.self, "truth values")
  ) { try $0.and($1) }

  private static let or = LuaFunction(
    "or_", "Whether one or both are true, row by row; also `a | b`.", on: Column.self, Parameter("other", Column.self, "truth values"),
    returns: .value(Column.self, "truth values")
  ) { try $0.or($1) }

  private static let not = LuaFunction(
    "not_", "Whether each row is false; also `~a`.", on: Column.self, returns: .value(Column.self, "truth values")
  ) { try $0.not() }

  private static let mean = LuaFunction(
    "mean", "Arithmetic mean of the values; missing rows are passed over.", on: Column.self,
    returns: .value(Double?.self, "nil when there are no values")
  ) { try $0.mean() }

  private static let sum = LuaFunction(
    "sum", "Sum of the values; missing rows are passed over.", on: Column.self,
    returns: .value(Double?.self, "nil when there are no values")
  ) { try $0.sum() }

  private static let std = LuaFunction(
    "std", "Sample standard deviation (divisor n − 1).", on: Column.self, returns: .value(Double?.self, "nil below two values")
  ) { try $0.std() }

  private static let minimum = LuaFunction(
    "min", "The least value.", on: Column.self, returns: .value(Cell.self, "nil when there are no values")
  ) { $0.min() }

  private static let maximum = LuaFunction(
    "max", "The greatest value.", on: Column.self, returns: .value(Cell.self, "nil when there are no values")
  ) { $0.max() }

  private static let median = LuaFunction(
    "median", "The value in the middle, interpolated.", on: Column.self, returns: .value(Double?.self, "nil when there are no values")
  ) { try $0.quantile(0.5) }

  private static let quantile = LuaFunction(
    "quantile", "The value that a share of the values lies below, interpolated between neighbours (type 7).", on: Column.self,
    Parameter("probability", Double.self, "share, 0…1"), returns: .value(Double?.self, "nil when there are no values")
  ) { try $0.quantile($1) }

  private static let count = LuaFunction(
    "count", "Number of rows that have a value; `#column` counts all rows.", on: Column.self, returns: .value(Int.self, "rows")
  ) { $0.count - $0.missingCount }

  private static let uniqueCount = LuaFunction(
    "n_unique", "Number of different values, missing ones not counted.", on: Column.self, returns: .value(Int.self, "values")
  ) { $0.distinctCount }

  private static let absolute = LuaFunction(
    "abs", "The numbers without their sign.", on: Column.self, returns: .value(Column.self, "numbers, ≥ 0")
  ) { try $0.abs() }

  private static let logarithm = LuaFunction(
    "log", "Natural logarithms; −infinity for zero, NaN below it.", on: Column.self, returns: .value(Column.self, "logarithms")
  ) { try $0.log() }

  private static let exponential = LuaFunction(
    "exp", "Euler's number to the power of each: the inverse of `log`.", on: Column.self, returns: .value(Column.self, "numbers, ≥ 0")
  ) { try $0.exp() }

  private static let sorted = LuaFunction(
    "sort", "The values in order; missing ones last.", on: Column.self,
    Parameter("descending", Bool.self, "whether the greatest comes first", default: false), returns: .value(Column.self, "the values")
  ) { $0.sorted(descending: $1) }

  private static let unique = LuaFunction(
    "unique", "Each value once, ascending; a missing one, if there is any, once at the end.", on: Column.self,
    returns: .value(Column.self, "the values")
  ) { $0.unique() }

  private static let valueCounts = LuaFunction(
    "value_counts", "How many rows have each value, the most frequent first.", on: Column.self,
    returns: .value(Frame.self, "columns `value` and `count`")
  ) { $0.valueCounts() }

  private static let isMissing = LuaFunction(
    "is_missing", "Which rows have no value.", on: Column.self, returns: .value(Column.self, "truth values")
  ) { $0.isMissing() }

  private static let fillMissing = LuaFunction(
    "fill_missing", "The column with a value in the missing rows.", on: Column.self,
    Parameter("value", ColumnOperand.self, "the value; of the column's type"), returns: .value(Column.self, "a column without missing rows")
  ) { try filled($0, $1) }

  private static func filled(_ column: Column, _ value: ColumnOperand) throws -> Column {
    guard case .scalar(let cell) = try value.beside(ColumnOperand(operand: .column(column))) else {
      throw FrameError.argument("a single value expected, got a column")
    }
    return try column.fillingMissing(with: cell)
  }

  private static let head = LuaFunction(
    "head", "The first rows.", on: Column.self, Parameter("count", Int.self, "rows, ≥ 0", default: 10),
    returns: .value(Column.self, "at most so many rows")
  ) { column, count in column.gathering(Array(0..<Swift.max(0, Swift.min(count, column.count)))) }

  private static let list = LuaFunction(
    "list", "The values as a Lua table; a missing one is nil, so its length may be less.", on: Column.self,
    returns: .value([Cell].self, "the values")
  ) { column in (0..<column.count).map { column[$0] } }
}
