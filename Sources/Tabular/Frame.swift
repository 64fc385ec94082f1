/// What is wrong with a request to a frame or column.
public enum FrameError: Error, Hashable, CustomStringConvertible {
  case unknownColumn(String, known: [String])
  case duplicateColumn(String)
  case length(column: String, expected: Int, got: Int)
  case columnType(column: String, expected: String, got: ColumnType)
  case cellType(expected: ColumnType, got: Cell)
  case argument(String)

  /// The message for whoever made the request.
  public var description: String {
    switch self {
    case .unknownColumn(let name, let known):
      let list = known.isEmpty ? "there are none" : "known are " + known.joined(separator: ", ")
      return "unknown column '\(name)'" + (nearestName(to: name, in: known) == nil ? " (\(list))" : suggestion(for: name, in: known))
    case .duplicateColumn(let name): return "column '\(name)' is given twice"
    case .length(let column, let expected, let got): return "column '\(column)' has \(got) rows, expected \(expected)"
    case .columnType(let column, let expected, let got):
      return (column.isEmpty ? "the column" : "column '\(column)'") + " must hold \(expected), but it holds \(got.rawValue)"
    case .cellType(let expected, let got): return "expected \(expected.rawValue), got \(got)"
    case .argument(let message): return message
    }
  }
}

/// Named columns of equal length: a table in memory, column by column.
///
/// A value: copying is O(1). Names are unique and keep their order.
public struct Frame: Equatable, Sendable {
  /// The columns' names, in order.
  public private(set) var names: [String]
  /// The columns, in the order of ``names``.
  public private(set) var columns: [Column]
  /// Number of rows, also of a frame without columns.
  public private(set) var rowCount: Int
  private var positions: [String: Int]

  /// Makes a frame; all columns must have one length and each its own name.
  public init(_ columns: [(name: String, column: Column)], rowCount: Int? = nil) throws(FrameError) {
    self.init(rowCount: rowCount ?? columns.first?.column.count ?? 0)
    for (name, column) in columns {
      if positions[name] != nil { throw .duplicateColumn(name) }
      try set(name, column)
    }
  }

  /// Makes a frame without columns.
  public init(rowCount: Int = 0) {
    names = []
    columns = []
    positions = [:]
    self.rowCount = rowCount
  }

  /// The column called `name`, or `nil`.
  public subscript(name: String) -> Column? { positions[name].map { columns[$0] } }

  /// The column called `name`; throws with the nearest name when there is none.
  public func column(_ name: String) throws(FrameError) -> Column {
    guard let position = positions[name] else { throw .unknownColumn(name, known: names) }
    return columns[position]
  }

  /// Replaces the column called `name`, or adds it at the end.
  public mutating func set(_ name: String, _ column: Column) throws(FrameError) {
    guard column.count == rowCount else { throw .length(column: name, expected: rowCount, got: column.count) }
    if let position = positions[name] {
      columns[position] = column
    } else {
      positions[name] = names.count
      names.append(name)
      columns.append(column)
    }
  }

  /// The frame with `column` added, or put in the place of the one of that name.
  public func with(_ name: String, _ column: Column) throws(FrameError) -> Frame {
    var result = self
    try result.set(name, column)
    return result
  }

  /// The frame with these columns only, in this order.
  public func selecting(_ names: [String]) throws(FrameError) -> Frame {
    var result = Frame(rowCount: rowCount)
    for name in names {
      if result.positions[name] != nil { throw .duplicateColumn(name) }
      try result.set(name, try column(name))
    }
    return result
  }

  /// The rows at `rows`, in that order. O(rows × columns).
  public func gathering(_ rows: [Int]) -> Frame {
    var result = self
    result.columns = columns.map { $0.gathering(rows) }
    result.rowCount = rows.count
    return result
  }

  /// The rows whose bit in `mask` is set. `mask` has a bit a row.
  public func filtering(_ mask: Bitmap) throws(FrameError) -> Frame {
    guard mask.count == rowCount else { throw .length(column: "mask", expected: rowCount, got: mask.count) }
    return gathering(mask.indices)
  }

  /// The first `count` rows, or all when there are fewer.
  public func prefix(_ count: Int) -> Frame { gathering(Array(0..<max(0, min(count, rowCount)))) }
}
