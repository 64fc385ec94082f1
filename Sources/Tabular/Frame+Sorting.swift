/// A column to sort by, and which way.
public struct SortKey: Hashable, Sendable, ExpressibleByStringLiteral {
  /// The column's name.
  public var column: String
  /// Whether the greatest value comes first; a missing one is last either way.
  public var descending: Bool

  /// Makes a key of a column.
  public init(_ column: String, descending: Bool = false) {
    self.column = column
    self.descending = descending
  }

  /// Makes an ascending key.
  public init(stringLiteral column: String) { self.init(column) }
}

extension Frame {
  /// The rows in order of the first key, among equals of the second, and so on; rows that are equal in all keep their order.
  ///
  ///     try frame.sorted(by: ["item_code", SortKey("completed_at", descending: true)])
  /// Texts go by their UTF-8 bytes, NaN behind all numbers, missing values last. O(keys × rows), texts O(distinct · log distinct) more.
  public func sorted(by keys: [SortKey]) throws(FrameError) -> Frame { gathering(try sortedRows(by: keys)) }

  /// The positions of the rows in the order that ``sorted(by:)`` gives.
  public func sortedRows(by keys: [SortKey]) throws(FrameError) -> [Int] {
    var rows = Array(0..<Int32(rowCount))
    for key in keys.reversed() { rows = try column(key.column).reorder(rows, descending: key.descending) }
    return rows.map(Int.init)
  }
}
