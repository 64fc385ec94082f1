#if canImport(Glibc)
  import Glibc
#endif

/// Numbers divided by a power of two so that none is beyond ±1: exactly reversible, and no sum of theirs overflows.
struct ScaledNumbers: Hashable, Sendable {
  let values: [Double]
  /// The numbers are the values × 2^exponent.
  let exponent: Int

  init(_ numbers: [Double]) {
    let largest = numbers.reduce(0) { max($0, abs($1)) }
    exponent = largest > 0 ? Int(largest.exponent) + 1 : 0
    values = exponent == 0 ? numbers : numbers.map { [exponent] in scalbn($0, Int32(-exponent)) }
  }

  /// The number that `value` stands for; the nearest finite one where there is none.
  static func restored(_ value: Double, exponent: Int) -> Double {
    min(max(scalbn(value, Int32(exponent)), -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
  }

  /// The exponents that files can hold.
  static let exponents = -1100...1100
}

/// Rows that count, ready for trees: none of weight 0, weights at most 1.
struct CountedRows {
  let data: Dataset
  /// `nil` when all rows weigh the same.
  let weights: [Double]?
  /// What a weight of 1 is among ``weights``: what is blended in with rows must weigh as much as they do.
  let unit: Double

  init(_ data: Dataset) throws(LearningError) {
    guard data.features.columns.count <= 65_536 else {
      throw .data("trees take at most 65536 features, got \(data.features.columns.count)")
    }
    guard data.rowCount < 1 << 24 else { throw .data("trees take at most \((1 << 24) - 1) rows, got \(data.rowCount)") }
    guard data.weights != nil else {
      self.data = data
      self.weights = nil
      unit = 1
      return
    }
    let counted = try data.withoutWeightlessRows()
    self.data = counted
    let kept = counted.weights ?? []
    if let first = kept.first, kept.allSatisfy({ $0 == first }) {
      self.weights = nil
      unit = min(1 / first, 1e100)
    } else {
      let scaled = ScaledNumbers(kept)
      self.weights = scaled.values
      unit = min(scalbn(1, Int32(-scaled.exponent)), 1e100)
    }
  }
}

/// Returns the weighted mean of `values`, which have been scaled.
func mean(_ values: [Double], weights: [Double]?) -> Double {
  guard let weights else { return values.reduce(0, +) / Double(max(1, values.count)) }
  var sum = 0.0
  var mass = 0.0
  for (value, weight) in zip(values, weights) {
    sum += value * weight
    mass += weight
  }
  return sum / mass
}
