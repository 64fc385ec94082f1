/// The comparisons of columns.
public enum ComparisonOperator: String, CaseIterable, Sendable {
  case equal = "eq"
  case notEqual = "ne"
  case less = "lt"
  case lessOrEqual = "le"
  case greater = "gt"
  case greaterOrEqual = "ge"

  fileprivate func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
    switch self {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }
}

extension Column {
  /// Returns a column of truth values: whether `left` `operation` `right` holds, row by row; a row that is missing on either side is
  /// missing.
  ///
  /// Numbers compare with numbers (NaN only with `ne`), texts with texts by their UTF-8 bytes, instants with instants, false before
  /// true. At least one side must be a column; two columns must have one length. O(rows), texts O(distinct · log distinct) more.
  public static func comparison(_ left: Operand, _ operation: ComparisonOperator, _ right: Operand) throws(FrameError) -> Column {
    let sides = try Sides(left, right)
    let values: [Bool]
    switch (sides.left.values, sides.right.values) {
    case (.integer, .integer), (.timestamp, .timestamp): values = sides.integers { operation.holds($0, $1) }
    case (.double, .double), (.double, .integer), (.integer, .double): values = sides.numbers { operation.holds($0, $1) }
    case (.bool(let left), .bool(let right)): values = zip(left, right).map { operation.holds($0 ? 1 : 0, $1 ? 1 : 0) }
    case (.text, .text):
      // Codes into one dictionary whose order is known compare as the texts do.
      let ranks = try concatenating([sides.left, sides.right]).denseCodes(ordered: true).codes
      values = (0..<sides.count).map { operation.holds(ranks[$0], ranks[sides.count + $0]) }
    default:
      throw .argument("cannot compare \(sides.left.type.rawValue) with \(sides.right.type.rawValue)")
    }
    return Column(.bool(values), validity: sides.validity)
  }

  /// The rows that are true; false and missing ones are not. The column must hold truth values.
  public func mask() throws(FrameError) -> Bitmap {
    guard case .bool(let values) = values else { throw .columnType(column: "mask", expected: "truth values", got: type) }
    let isTrue = Bitmap(values)
    return validity.map { isTrue & $0 } ?? isTrue
  }

  /// Whether both are true. False with a missing value is false, true with one is missing (as in SQL).
  public func and(_ other: Column) throws(FrameError) -> Column {
    let (left, right) = (try truth(), try other.truth(as: count))
    return Column(truths: left.isTrue & right.isTrue, falses: left.isFalse | right.isFalse)
  }

  /// Whether one or both are true. True with a missing value is true, false with one is missing (as in SQL).
  public func or(_ other: Column) throws(FrameError) -> Column {
    let (left, right) = (try truth(), try other.truth(as: count))
    return Column(truths: left.isTrue | right.isTrue, falses: left.isFalse & right.isFalse)
  }

  /// Whether each is false; missing rows stay missing.
  public func not() throws(FrameError) -> Column {
    let (isTrue, isFalse) = try truth()
    return Column(truths: isFalse, falses: isTrue)
  }

  private func truth(as expected: Int? = nil) throws(FrameError) -> (isTrue: Bitmap, isFalse: Bitmap) {
    if let expected, expected != count { throw .length(column: "right", expected: expected, got: count) }
    let isTrue = try mask()
    return (isTrue, validity.map { $0 & ~isTrue } ?? ~isTrue)
  }

  private init(truths: Bitmap, falses: Bitmap) {
    self.init(.bool((0..<truths.count).map { truths[$0] }), validity: truths | falses)
  }
}
