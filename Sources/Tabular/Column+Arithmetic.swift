#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// One side of an operation on whole columns: a column, or one value for every row.
public enum Operand: Sendable {
  case column(Column)
  case scalar(Cell)
}

/// The arithmetic of columns.
public enum ArithmeticOperator: String, CaseIterable, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
}

extension Column {
  /// Returns `left` `operation` `right`, row by row; a row that is missing on either side is missing.
  ///
  /// Whole numbers stay whole except in a division, and what exceeds 64 bits throws; dividing by zero gives infinity or NaN. An instant
  /// plus or minus a number of seconds is an instant, and the difference of two instants is their distance in seconds.
  /// At least one side must be a column; two columns must have one length. O(rows).
  public static func arithmetic(_ left: Operand, _ operation: ArithmeticOperator, _ right: Operand) throws(FrameError) -> Column {
    let sides = try Sides(left, right)
    switch (sides.left.type, sides.right.type) {
    case (.integer, .integer) where operation != .divide: return try sides.wholeNumbers(operation)
    case (.double, .double), (.double, .integer), (.integer, .double), (.integer, .integer):
      let values = sides.numbers { left, right in
        switch operation {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        }
      }
      return Column(.double(values), validity: sides.validity)
    case (.timestamp, .timestamp) where operation == .subtract:
      return Column(.double(try sides.microseconds { Double($0) - Double($1) }.map { $0 / 1e6 }), validity: sides.validity)
    case (.timestamp, .integer), (.timestamp, .double): return try sides.shifted(operation, secondsOn: \.right, instantOn: \.left)
    case (.integer, .timestamp), (.double, .timestamp):
      if operation == .add { return try sides.shifted(operation, secondsOn: \.left, instantOn: \.right) }
      fallthrough
    default:
      throw .argument("cannot compute \(sides.left.type.rawValue) \(operation.rawValue) \(sides.right.type.rawValue)")
    }
  }

  /// The numbers without their sign; missing rows stay missing.
  public func abs() throws(FrameError) -> Column {
    switch values {
    case .integer(let values):
      if let row = values.firstIndex(of: .min), !isMissing(row) { throw .argument("the magnitude of \(Int64.min) exceeds 64 bits") }
      return Column(.integer(values.map { $0 == .min ? 0 : Swift.abs($0) }), validity: validity)
    default: return Column(.double(try arithmeticNumbers("").map { Swift.abs($0) }), validity: validity)
    }
  }

  /// The natural logarithms of the numbers; −infinity for zero, NaN below it; missing rows stay missing.
  public func log() throws(FrameError) -> Column {
    #if canImport(Darwin)
      return Column(.double(try arithmeticNumbers("").map { Darwin.log($0) }), validity: validity)
    #elseif canImport(Musl)
      return Column(.double(try arithmeticNumbers("").map { Musl.log($0) }), validity: validity)
    #else
      return Column(.double(try arithmeticNumbers("").map { Glibc.log($0) }), validity: validity)
    #endif
  }

  /// Euler's number to the power of each; missing rows stay missing.
  public func exp() throws(FrameError) -> Column {
    #if canImport(Darwin)
      return Column(.double(try arithmeticNumbers("").map { Darwin.exp($0) }), validity: validity)
    #elseif canImport(Musl)
      return Column(.double(try arithmeticNumbers("").map { Musl.exp($0) }), validity: validity)
    #else
      return Column(.double(try arithmeticNumbers("").map { Glibc.exp($0) }), validity: validity)
    #endif
  }

  /// Whether each row is missing; never missing itself.
  public func isMissing() -> Column { Column((0..<count).map { isMissing($0) }) }

  /// The column with `value` in the missing rows; its type must fit.
  public func fillingMissing(with value: Cell) throws(FrameError) -> Column {
    if case .missing = value { throw .argument("missing rows cannot be filled with a missing value") }
    guard validity != nil else { return self }
    var filler = ColumnBuilder(type, capacity: 1)
    try filler.append(value)
    let both = try Column.concatenating([self, filler.column()])
    return both.gathering((0..<count).map { isMissing($0) ? count : $0 })
  }
}

/// Both sides of an operation as columns of one length, scalars repeated.
struct Sides {
  let left, right: Column
  let count: Int
  /// Rows that both sides have.
  let validity: Bitmap?

  init(_ left: Operand, _ right: Operand) throws(FrameError) {
    switch (left, right) {
    case (.scalar, .scalar): throw .argument("an operation on columns needs at least one column")
    case (.column(let first), .column(let second)):
      guard first.count == second.count else { throw .length(column: "right", expected: first.count, got: second.count) }
      (self.left, self.right) = (first, second)
    case (.column(let first), .scalar(let value)): (self.left, self.right) = (first, try Self.repeated(value, like: first))
    case (.scalar(let value), .column(let second)): (self.left, self.right) = (try Self.repeated(value, like: second), second)
    }
    count = self.left.count
    validity =
      switch (self.left.validity, self.right.validity) {
      case (nil, let only), (let only, nil): only
      case (let first?, let second?): first & second
      }
  }

  private static func repeated(_ value: Cell, like column: Column) throws(FrameError) -> Column {
    let count = column.count
    switch value {
    case .missing: return Column(column.values, validity: Bitmap(count: count))
    case .double(let value): return Column(Array(repeating: value, count: count))
    case .integer(let value): return Column(Array(repeating: value, count: count))
    case .bool(let value): return Column(Array(repeating: value, count: count))
    case .timestamp(let value): return Column(Array(repeating: value, count: count))
    case .text(let value):
      var dictionary = TextDictionary()
      _ = dictionary.intern(value)
      return Column(.text(TextValues(dictionary: dictionary, codes: Array(repeating: 0, count: count))))
    }
  }

  func numbers<R>(_ combine: (Double, Double) -> R) -> [R] {
    guard let left = left.asDoubles.numbers, let right = right.asDoubles.numbers else { return [] }
    return (0..<count).map { combine(left[$0], right[$0]) }
  }

  func integers<R>(_ combine: (Int64, Int64) -> R) -> [R] {
    switch (left.values, right.values) {
    case (.integer(let left), .integer(let right)), (.timestamp(let left), .timestamp(let right)):
      (0..<count).map { combine(left[$0], right[$0]) }
    default: []
    }
  }

  func microseconds(_ combine: (Int64, Int64) -> Double) throws(FrameError) -> [Double] { integers(combine) }

  func wholeNumbers(_ operation: ArithmeticOperator) throws(FrameError) -> Column {
    var overflowed: Int?
    var row = -1
    let values: [Int64] = integers { left, right in
      row += 1
      let (value, overflow) =
        switch operation {
        case .add: left.addingReportingOverflow(right)
        case .subtract: left.subtractingReportingOverflow(right)
        case .multiply, .divide: left.multipliedReportingOverflow(by: right)
        }
      if overflow, validity?[row] ?? true { overflowed = overflowed ?? row }
      return value
    }
    if let overflowed { throw .argument("row \(overflowed): the result of '\(operation.rawValue)' exceeds 64 bits") }
    return Column(.integer(values), validity: validity)
  }

  func shifted(
    _ operation: ArithmeticOperator, secondsOn side: KeyPath<Sides, Column>, instantOn instant: KeyPath<Sides, Column>
  ) throws(FrameError) -> Column {
    guard operation == .add || operation == .subtract else {
      throw .argument("cannot compute \(left.type.rawValue) \(operation.rawValue) \(right.type.rawValue)")
    }
    guard let seconds = self[keyPath: side].numbers, case .timestamp(let start) = self[keyPath: instant].values else { return left }
    var result: [Int64] = []
    result.reserveCapacity(count)
    for row in 0..<count {
      if let validity, !validity[row] {
        result.append(0)
        continue
      }
      let distance = (operation == .add ? seconds[row] : -seconds[row]) * 1e6
      guard let whole = Int64(exactly: distance.rounded()), case let (sum, overflow) = start[row].addingReportingOverflow(whole), !overflow
      else { throw .argument("row \(row): an instant cannot be moved by \(seconds[row]) seconds") }
      result.append(sum)
    }
    return Column(.timestamp(result), validity: validity)
  }
}
