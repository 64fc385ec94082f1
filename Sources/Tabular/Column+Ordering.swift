/// Order of the values of a column: numbers ascend with NaN behind them, false stands before true, texts go by their UTF-8 bytes.
/// A missing row is always last, also in descending order.
extension Column {
  /// The rows in order of their values; rows of equal value keep their order. O(rows), and for texts O(distinct · log distinct).
  public func sortedRows(descending: Bool = false) -> [Int] { reorder(Array(0..<Int32(count)), descending: descending).map(Int.init) }

  /// The column in order of its values.
  public func sorted(descending: Bool = false) -> Column { gathering(sortedRows(descending: descending)) }

  /// Each value once, ascending; a missing row, if there is one, once at the end.
  public func unique() -> Column {
    let codes = denseCodes(ordered: true)
    return gathering(codes.firstRows)
  }

  /// Number of different values, missing ones not counted.
  public var distinctCount: Int { denseCodes(ordered: false).count - (missingCount > 0 ? 1 : 0) }

  /// Each value with the number of rows that have it, in columns `value` and `count`: the most frequent first, among equally frequent
  /// ones in order of value. Missing rows are counted too.
  public func valueCounts() -> Frame {
    let codes = denseCodes(ordered: true)
    var counts = [Int64](repeating: 0, count: codes.count)
    for code in codes.codes { counts[Int(code)] += 1 }
    let order = (0..<codes.count).sorted { (counts[$1], $0) < (counts[$0], $1) }
    return Frame(unchecked: [
      ("value", gathering(order.map { codes.firstRows[$0] })), ("count", Column(order.map { counts[$0] })),
    ])
  }

  /// `rows` put in order of their values, stably.
  func reorder(_ rows: [Int32], descending: Bool) -> [Int32] {
    var keys = orderKeys()
    if descending { for row in keys.indices { keys[row] = ~keys[row] } }
    guard let validity else { return Self.radixSorted(rows, by: keys) }
    return Self.radixSorted(rows.filter { validity[Int($0)] }, by: keys) + rows.filter { !validity[Int($0)] }
  }

  /// For each row a number that orders as its value does; equal values have equal numbers.
  func orderKeys() -> [UInt64] {
    switch values {
    case .double(let values): return values.map(Self.orderKey)
    case .integer(let values), .timestamp(let values): return values.map { UInt64(bitPattern: $0) ^ 1 << 63 }
    case .bool(let values): return values.map { $0 ? 1 : 0 }
    case .text(let values):
      if values.dictionary.count == 0 { return Array(repeating: 0, count: count) }
      let ranks = values.dictionary.ranks()
      return values.codes.map { UInt64(ranks[Int($0)]) }
    }
  }

  /// The bits of a number, turned so that they order as numbers do: −0 is 0, every NaN is the same and behind infinity.
  private static func orderKey(_ value: Double) -> UInt64 {
    if value.isNaN { return .max }
    let bits = (value + 0).bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  /// Stable sort of rows by their keys, 11 bits at a time from the lowest; bits that are the same everywhere are passed over.
  private static func radixSorted(_ rows: [Int32], by keys: [UInt64]) -> [Int32] {
    guard let first = rows.first else { return rows }
    var differing: UInt64 = 0
    for row in rows { differing |= keys[Int(row)] ^ keys[Int(first)] }
    if rows.count < 128 { return rows.enumerated().sorted { (keys[Int($0.1)], $0.0) < (keys[Int($1.1)], $1.0) }.map(\.element) }
    var (rows, target) = (rows, rows)
    for shift in stride(from: UInt64(0), to: 64, by: 11) where differing >> shift & 2047 != 0 {
      var starts = [Int](repeating: 0, count: 2049)
      for row in rows { starts[Int(keys[Int(row)] >> shift & 2047) + 1] += 1 }
      for digit in 0..<2048 { starts[digit + 1] += starts[digit] }
      for row in rows {
        let digit = Int(keys[Int(row)] >> shift & 2047)
        target[starts[digit]] = row
        starts[digit] += 1
      }
      swap(&rows, &target)
    }
    return rows
  }
}

/// Rows numbered by value: equal values have equal codes, `0..<count`; missing rows share the last one.
struct DenseCodes {
  /// A code a row.
  var codes: [Int32]
  /// Number of codes.
  var count: Int
  /// The first row of each code.
  var firstRows: [Int]

  /// Numbers rows by the pair of their codes, in order of the pairs where both are ordered.
  func combined(with other: DenseCodes) -> DenseCodes {
    let product = count.multipliedReportingOverflow(by: other.count)
    if !product.overflow, product.partialValue <= max(65_536, 4 * codes.count) {
      var numbers = [Int32](repeating: -1, count: product.partialValue)
      for row in codes.indices { numbers[Int(codes[row]) * other.count + Int(other.codes[row])] = 0 }
      var next: Int32 = 0
      for pair in numbers.indices where numbers[pair] == 0 {
        numbers[pair] = next
        next += 1
      }
      return DenseCodes(codes: codes.indices.map { numbers[Int(codes[$0]) * other.count + Int(other.codes[$0])] }, count: Int(next))
    }
    let pairs = codes.indices.map { Int64(codes[$0]) << 32 | Int64(other.codes[$0]) }
    return Column(pairs).denseCodes(ordered: true)
  }

  init(codes: [Int32], count: Int) {
    self.codes = codes
    self.count = count
    firstRows = Array(repeating: -1, count: count)
    for (row, code) in codes.enumerated() where firstRows[Int(code)] < 0 { firstRows[Int(code)] = row }
  }
}

extension Column {
  /// The rows numbered by value, in order of value if `ordered`. O(rows), for ordered texts O(distinct · log distinct) more.
  func denseCodes(ordered: Bool) -> DenseCodes {
    if case .text(let values) = values { return denseCodes(of: values, ordered: ordered) }
    let keys = orderKeys()
    var codes = [Int32](repeating: 0, count: count)
    var code: Int32 = -1
    var previous: UInt64?
    for row in reorder(Array(0..<Int32(count)), descending: false) where !isMissing(Int(row)) {
      if keys[Int(row)] != previous { code += 1 }
      previous = keys[Int(row)]
      codes[Int(row)] = code
    }
    return numbering(codes, valueCount: code + 1)
  }

  private func denseCodes(of values: TextValues, ordered: Bool) -> DenseCodes {
    var isUsed = [Bool](repeating: false, count: values.dictionary.count)
    for row in values.codes.indices where !isMissing(row) { isUsed[Int(values.codes[row])] = true }
    var order = Array(isUsed.indices)
    if ordered { for (code, rank) in values.dictionary.ranks().enumerated() { order[Int(rank)] = code } }
    var numbers = [Int32](repeating: 0, count: isUsed.count)
    var next: Int32 = 0
    for code in order where isUsed[code] {
      numbers[code] = next
      next += 1
    }
    return numbering(values.codes.indices.map { isMissing($0) ? 0 : numbers[Int(values.codes[$0])] }, valueCount: next)
  }

  private func numbering(_ codes: [Int32], valueCount: Int32) -> DenseCodes {
    guard let validity else { return DenseCodes(codes: codes, count: Int(valueCount)) }
    var codes = codes
    for row in codes.indices where !validity[row] { codes[row] = valueCount }
    return DenseCodes(codes: codes, count: Int(valueCount) + 1)
  }
}
