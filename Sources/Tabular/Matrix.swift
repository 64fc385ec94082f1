/// Single-precision numbers in rows, one row after the other.
public struct Matrix: Hashable, Sendable {
  /// Number of rows and of columns.
  public let rowCount, columnCount: Int
  /// The numbers, row after row; `rowCount × columnCount` of them.
  public var values: [Float]

  /// Makes a matrix of equal numbers.
  public init(repeating value: Float = 0, rowCount: Int, columnCount: Int) {
    self.init(rowCount: rowCount, columnCount: columnCount, values: Array(repeating: value, count: rowCount * columnCount))
  }

  /// Makes a matrix of `values`, row after row; their count must be `rowCount × columnCount`.
  public init(rowCount: Int, columnCount: Int, values: [Float]) {
    precondition(values.count == rowCount * columnCount, "\(values.count) values for \(rowCount) × \(columnCount)")
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.values = values
  }

  /// The number at `row` and `column`.
  public subscript(row: Int, column: Int) -> Float {
    get { values[row * columnCount + column] }
    set { values[row * columnCount + column] = newValue }
  }

  /// Row `index` as a slice of ``values``.
  public func row(_ index: Int) -> ArraySlice<Float> { values[index * columnCount..<(index + 1) * columnCount] }
}
