/// What a column holds, in figures.
public struct ColumnSummary: Hashable, Sendable {
  /// The column's name.
  public var name: String
  /// What it holds.
  public var type: ColumnType
  /// Number of rows with a value, of rows without, and of different values.
  public var count, missing, distinct: Int
  /// The least and the greatest value; `missing` when there is none.
  public var min, max: Cell
  /// Quartiles, mean and sample standard deviation; only of numbers, and only where there are any.
  public var firstQuartile, median, thirdQuartile, mean, std: Double?
}

extension Frame {
  /// Returns figures of each column, in order. O(columns × rows).
  public func summaries() -> [ColumnSummary] {
    zip(names, columns).map { name, column in
      var summary = ColumnSummary(
        name: name, type: column.type, count: column.count - column.missingCount, missing: column.missingCount,
        distinct: column.distinctCount, min: column.min(), max: column.max())
      if let numbers = try? column.arithmeticNumbers(name), column.type != .bool {
        let sorted = ascending(column.validity.map { $0.indices.map { numbers[$0] } } ?? numbers)
        summary.firstQuartile = quantile(ofSorted: sorted, 0.25)
        summary.median = quantile(ofSorted: sorted, 0.5)
        summary.thirdQuartile = quantile(ofSorted: sorted, 0.75)
        summary.mean = try? column.mean()
        summary.std = try? column.std()
      }
      return summary
    }
  }

  /// Returns ``summaries()`` as a frame, a row a column: `column`, `type`, `count`, `missing`, `distinct`, for numbers `min`, `q1`,
  /// `median`, `q3`, `max`, `mean` and `std`, for all others `least` and `greatest` as texts.
  public func described() -> Frame {
    let summaries = summaries()
    func numbers(_ value: (ColumnSummary) -> Double?) -> Column { Column(optional: summaries.map(value)) }
    func counts(_ value: (ColumnSummary) -> Int) -> Column { Column(summaries.map { Int64(value($0)) }) }
    func number(_ cell: Cell) -> Double? {
      switch cell {
      case .double(let value): value
      case .integer(let value): Double(value)
      default: nil
      }
    }
    func text(_ cell: Cell) -> String? {
      switch cell {
      case .text(let value): value
      case .bool(let value): "\(value)"
      case .timestamp(let value): value.description
      default: nil
      }
    }
    return Frame(unchecked: [
      ("column", Column(summaries.map(\.name))), ("type", Column(summaries.map(\.type.rawValue))), ("count", counts(\.count)),
      ("missing", counts(\.missing)), ("distinct", counts(\.distinct)), ("min", numbers { number($0.min) }),
      ("q1", numbers(\.firstQuartile)), ("median", numbers(\.median)), ("q3", numbers(\.thirdQuartile)),
      ("max", numbers { number($0.max) }), ("mean", numbers(\.mean)), ("std", numbers(\.std)),
      ("least", Column(summaries.map { text($0.min) })), ("greatest", Column(summaries.map { text($0.max) })),
    ])
  }
}
