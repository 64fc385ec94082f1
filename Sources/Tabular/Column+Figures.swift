/// Figures of a column of numbers. Missing rows are passed over and, without any others, there is no figure; NaN is a value and makes
/// sums, means and quantiles NaN. Columns of texts and instants are refused.
extension Column {
  /// Sum of the values; 0 rows have none.
  public func sum() throws(FrameError) -> Double? {
    let numbers = try presentNumbers()
    return numbers.isEmpty ? nil : numbers.reduce(0, +)
  }

  /// Arithmetic mean.
  public func mean() throws(FrameError) -> Double? {
    let numbers = try presentNumbers()
    return numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count)
  }

  /// Sample standard deviation (divisor n − 1); none below two values.
  public func std() throws(FrameError) -> Double? {
    let numbers = try presentNumbers()
    guard numbers.count >= 2 else { return nil }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    return (numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count - 1)).squareRoot()
  }

  /// The value at `probability` (0…1) of the way through the sorted values, interpolated between neighbours (type 7).
  public func quantile(_ probability: Double) throws(FrameError) -> Double? {
    guard probability >= 0, probability <= 1 else {
      throw .argument("probability of 'quantile' must be a number in 0…1, got \(probability)")
    }
    return Tabular.quantile(ofSorted: ascending(try presentNumbers()), probability)
  }

  /// The least value, of any type; `missing` when there is none.
  public func min() -> Cell { extreme(descending: false) }

  /// The greatest value, of any type; `missing` when there is none. NaN is greater than all numbers.
  public func max() -> Cell { extreme(descending: true) }

  private func extreme(descending: Bool) -> Cell {
    let keys = orderKeys()
    var best: Int?
    for row in 0..<count where !isMissing(row) {
      if best.map({ descending ? keys[row] > keys[$0] : keys[row] < keys[$0] }) ?? true { best = row }
    }
    return best.map { self[$0] } ?? .missing
  }

  private func presentNumbers() throws(FrameError) -> [Double] {
    let numbers = try arithmeticNumbers("")
    return validity.map { $0.indices.map { numbers[$0] } } ?? numbers
  }

  /// All rows as numbers, whatever stands at missing ones; texts and instants are refused under the column's name.
  func arithmeticNumbers(_ name: String) throws(FrameError) -> [Double] {
    switch values {
    case .double(let values): return values
    case .integer(let values): return values.map(Double.init)
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    case .text, .timestamp: throw .columnType(column: name, expected: "numbers", got: type)
    }
  }
}

/// Numbers ascending, NaN behind all others.
func ascending(_ numbers: some Sequence<Double>) -> [Double] {
  numbers.sorted { $0 < $1 || !$0.isNaN && $1.isNaN }
}

/// The quantile of ascending numbers at `probability`; NaN when one is among them, none when there are none.
func quantile(ofSorted sorted: [Double], _ probability: Double) -> Double? {
  guard let last = sorted.last else { return nil }
  if last.isNaN { return last }
  let position = Double(sorted.count - 1) * probability
  let below = Swift.min(Int(position), sorted.count - 1)
  let above = Swift.min(below + 1, sorted.count - 1)
  let part = position - Double(below)
  return part == 0 ? sorted[below] : sorted[below] + (sorted[above] - sorted[below]) * part
}
