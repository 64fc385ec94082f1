/// The rows of a frame by their values in some columns: one group for each combination that occurs, in order of the values.
///
///     let groups = try results.grouped(by: ["item_code", "job_code"])
///     let table = try groups.aggregating([Aggregation(.count, as: "results"), Aggregation(.mean, of: "run_minutes")])
/// A missing value is a value of its own here, behind all others.
public struct FrameGroups: Sendable {
  /// The frame that was grouped.
  public let frame: Frame
  /// The columns grouped by.
  public let names: [String]
  /// Number of groups.
  public let count: Int
  /// The group of each row, in `0..<count`.
  public let codes: [Int32]
  let firstRows: [Int]

  /// The columns grouped by, a row a group.
  public var keys: Frame {
    Frame(unchecked: names.compactMap { name in frame[name].map { (name, $0.gathering(firstRows)) } }, rowCount: count)
  }

  /// The rows of each group, in their order. O(rows).
  public func rows() -> [[Int]] {
    var rows = [[Int]](repeating: [], count: count)
    for (row, code) in codes.enumerated() { rows[Int(code)].append(row) }
    return rows
  }

  /// Returns ``keys`` with a column for each aggregation. O(rows) for each; quantiles and numbers of unique values sort.
  public func aggregating(_ aggregations: [Aggregation]) throws(FrameError) -> Frame {
    var result = keys
    var known = KnownGroups()
    for aggregation in aggregations {
      guard let source = aggregation.source else { continue }
      switch aggregation.function {
      case .quantile: known.orderedSources.insert(source)
      case .mean, .std: known.momentSources.insert(source)
      default: break
      }
    }
    for aggregation in aggregations {
      if result[aggregation.name] != nil { throw .duplicateColumn(aggregation.name) }
      try result.set(aggregation.name, try aggregation.column(over: self, &known))
    }
    return result
  }
}

extension Frame {
  /// Groups the rows by their values in `names`; without names all rows are one group.
  public func grouped(by names: [String]) throws(FrameError) -> FrameGroups {
    if let repeated = names.indices.first(where: { names[..<$0].contains(names[$0]) }) { throw .duplicateColumn(names[repeated]) }
    var codes: DenseCodes?
    for name in names {
      let next = try column(name).denseCodes(ordered: true)
      codes = codes?.combined(with: next) ?? next
    }
    let all = codes ?? DenseCodes(codes: Array(repeating: 0, count: rowCount), count: rowCount > 0 ? 1 : 0)
    return FrameGroups(frame: self, names: names, count: all.count, codes: all.codes, firstRows: all.firstRows)
  }
}

/// One figure a group.
///
/// Missing values are passed over; where a group has no others its figure is missing, but counts are 0. NaN is a value: sums and means
/// with it are NaN.
public struct Aggregation: Hashable, Sendable {
  /// What is figured.
  public enum Function: Hashable, Sendable {
    /// Number of values; without a column, of rows.
    case count
    /// Sum; of whole numbers whole, of truth values the number of true ones.
    case sum
    /// Arithmetic mean.
    case mean
    /// Sample standard deviation (divisor n − 1); missing below two values.
    case std
    /// Least and greatest value, of any type.
    case min, max
    /// Quantile at a probability of 0…1, interpolated (type 7).
    case quantile(Double)
    /// First and last value in order of rows.
    case first, last
    /// Number of different values.
    case uniqueCount

    /// The function's name in scripts.
    public var name: String {
      switch self {
      case .count: "count"
      case .sum: "sum"
      case .mean: "mean"
      case .std: "std"
      case .min: "min"
      case .max: "max"
      case .quantile: "quantile"
      case .first: "first"
      case .last: "last"
      case .uniqueCount: "n_unique"
      }
    }
  }

  /// What is figured.
  public var function: Function
  /// Of which column; `nil` only for the number of rows.
  public var source: String?
  /// The name of the resulting column.
  public var name: String

  /// Makes an aggregation; without a name the result is called `mean_run_minutes`, or `count`.
  public init(_ function: Function, of source: String? = nil, as name: String? = nil) {
    self.function = function
    self.source = source
    self.name = name ?? source.map { "\(function.name)_\($0)" } ?? function.name
  }

  fileprivate func column(over groups: FrameGroups, _ known: inout KnownGroups) throws(FrameError) -> Column {
    guard let source else {
      guard function == .count else { throw .argument("aggregation '\(function.name)' needs a column") }
      var counts = [Int64](repeating: 0, count: groups.count)
      for code in groups.codes { counts[Int(code)] += 1 }
      return Column(counts)
    }
    let column = try groups.frame.column(source)
    switch function {
    case .count: return Column(Self.valueCounts(column, groups).map(Int64.init))
    case .first, .last, .min, .max: return Self.picked(function, column, groups)
    case .uniqueCount: return Self.uniqueCounts(column, groups)
    case .sum: return try Self.sums(column, source, groups)
    case .mean, .std:
      let moments = try known.moments(of: column, source, groups)
      return Column(optional: (0..<groups.count).map { function == .mean ? moments.mean($0) : moments.deviation($0) })
    case .quantile(let probability):
      guard probability >= 0, probability <= 1 else {
        throw .argument("probability of 'quantile' must be a number in 0…1, got \(probability)")
      }
      return Column(optional: try known.quantiles(probability, of: column, source, groups))
    }
  }

  private static func valueCounts(_ column: Column, _ groups: FrameGroups) -> [Int] {
    var counts = [Int](repeating: 0, count: groups.count)
    for (row, code) in groups.codes.enumerated() where !column.isMissing(row) { counts[Int(code)] += 1 }
    return counts
  }

  /// The chosen row of each group that has a value, as a column.
  private static func picked(_ function: Function, _ column: Column, _ groups: FrameGroups) -> Column {
    var rows = [Int?](repeating: nil, count: groups.count)
    let walk: [Int]
    switch function {
    case .first: walk = Array(0..<column.count)
    case .last: walk = Array((0..<column.count).reversed())
    case .max: walk = column.sortedRows(descending: true)
    default: walk = column.sortedRows()
    }
    for row in walk where !column.isMissing(row) {
      if rows[Int(groups.codes[row])] == nil { rows[Int(groups.codes[row])] = row }
    }
    return column.gathering(optional: rows)
  }

  private static func uniqueCounts(_ column: Column, _ groups: FrameGroups) -> Column {
    let codes = column.denseCodes(ordered: false)
    let groupCodes = DenseCodes(codes: groups.codes, count: groups.count)
    let pairs = groupCodes.combined(with: codes)
    var counts = [Int64](repeating: 0, count: groups.count)
    for row in pairs.firstRows where !column.isMissing(row) { counts[Int(groups.codes[row])] += 1 }
    return Column(counts)
  }

  private static func sums(_ column: Column, _ name: String, _ groups: FrameGroups) throws(FrameError) -> Column {
    let counts = valueCounts(column, groups)
    switch column.values {
    case .integer, .bool:
      var sums = [Int64](repeating: 0, count: groups.count)
      for (row, code) in groups.codes.enumerated() {
        let value: Int64
        switch column[row] {
        case .integer(let number): value = number
        case .bool(let isTrue): value = isTrue ? 1 : 0
        default: continue
        }
        let (sum, overflow) = sums[Int(code)].addingReportingOverflow(value)
        if overflow { throw .argument("the sum of column '\(name)' exceeds 64 bits") }
        sums[Int(code)] = sum
      }
      return Column(.integer(sums), validity: Bitmap(counts.map { $0 > 0 }))
    default:
      let moments = GroupMoments(try column.arithmeticNumbers(name), column.validity, groups)
      return Column(optional: (0..<groups.count).map { moments.counts[$0] > 0 ? moments.sums[$0] : nil })
    }
  }
}

/// What several aggregations of one column share.
private struct KnownGroups {
  /// The columns of which quantiles are wanted: their values are brought together by group, and other figures taken from there.
  var orderedSources: Set<String> = []
  /// The columns of which mean or deviation are wanted.
  var momentSources: Set<String> = []
  private var moments: [String: GroupMoments] = [:]
  private var values: [String: GroupedValues] = [:]

  mutating func moments(of column: Column, _ name: String, _ groups: FrameGroups) throws(FrameError) -> GroupMoments {
    if let known = moments[name] { return known }
    let result =
      orderedSources.contains(name)
      ? try values(of: column, name, groups).moments() : GroupMoments(try column.arithmeticNumbers(name), column.validity, groups)
    moments[name] = result
    return result
  }

  mutating func quantiles(
    _ probability: Double, of column: Column, _ name: String, _ groups: FrameGroups
  ) throws(FrameError) -> [Double?] {
    // Ordering changes the sums' last digits: those that are wanted later are taken before.
    if momentSources.contains(name) { _ = try moments(of: column, name, groups) }
    var grouped = try values(of: column, name, groups)
    values[name] = nil
    defer { values[name] = grouped }
    return grouped.quantiles(probability)
  }

  private mutating func values(of column: Column, _ name: String, _ groups: FrameGroups) throws(FrameError) -> GroupedValues {
    if let known = values[name] { return known }
    let result = GroupedValues(try column.arithmeticNumbers(name), column.validity, groups)
    values[name] = result
    return result
  }
}

/// Counts, sums and squared distances from the mean, a group, in two passes.
private struct GroupMoments {
  var counts: [Int], sums: [Double], squares: [Double]

  /// Makes the figures of groups without values.
  init(groupCount: Int) {
    counts = Array(repeating: 0, count: groupCount)
    sums = Array(repeating: 0, count: groupCount)
    squares = sums
  }

  init(_ numbers: [Double], _ validity: Bitmap?, _ groups: FrameGroups) {
    counts = Array(repeating: 0, count: groups.count)
    sums = Array(repeating: 0, count: groups.count)
    squares = sums
    guard let validity else {
      for (row, code) in groups.codes.enumerated() {
        counts[Int(code)] &+= 1
        sums[Int(code)] += numbers[row]
      }
      let means = zip(sums, counts).map { $0 / Double($1) }
      for (row, code) in groups.codes.enumerated() {
        let distance = numbers[row] - means[Int(code)]
        squares[Int(code)] += distance * distance
      }
      return
    }
    for (row, code) in groups.codes.enumerated() where validity[row] {
      counts[Int(code)] += 1
      sums[Int(code)] += numbers[row]
    }
    let means = zip(sums, counts).map { $0 / Double($1) }
    for (row, code) in groups.codes.enumerated() where validity[row] {
      let distance = numbers[row] - means[Int(code)]
      squares[Int(code)] += distance * distance
    }
  }

  func mean(_ group: Int) -> Double? { counts[group] > 0 ? sums[group] / Double(counts[group]) : nil }

  func deviation(_ group: Int) -> Double? { counts[group] > 1 ? (squares[group] / Double(counts[group] - 1)).squareRoot() : nil }
}

/// The values of each group one behind the other, in the order of their rows.
private struct GroupedValues {
  private var values: [Double]
  /// Whether any of them is NaN.
  private let hasNaN: Bool
  /// Where each group begins, and at the end their number.
  private let starts: [Int]

  init(_ numbers: [Double], _ validity: Bitmap?, _ groups: FrameGroups) {
    var starts = [Int](repeating: 0, count: groups.count + 1)
    let rows = 0..<groups.codes.count
    // Without a uniqueness check a row.
    starts.withUnsafeMutableBufferPointer { starts in
      if let validity {
        for row in rows where validity[row] { starts[Int(groups.codes[row]) &+ 1] &+= 1 }
      } else {
        for row in rows { starts[Int(groups.codes[row]) &+ 1] &+= 1 }
      }
      for group in 0..<groups.count { starts[group + 1] += starts[group] }
    }
    var next = starts
    var hasNaN = false
    let values = [Double](unsafeUninitializedCapacity: starts[groups.count]) { buffer, filled in
      next.withUnsafeMutableBufferPointer { next in
        for row in rows where validity?[row] ?? true {
          let (group, number) = (Int(groups.codes[row]), numbers[row])
          hasNaN = hasNaN || number.isNaN
          buffer[next[group]] = number
          next[group] &+= 1
        }
      }
      filled = starts[groups.count]
    }
    self.values = values
    self.hasNaN = hasNaN
    self.starts = starts
  }

  /// The moments of each group, the same to the bit as those of its rows in order; before any quantile was asked for.
  func moments() -> GroupMoments {
    var moments = GroupMoments(groupCount: starts.count - 1)
    for group in 0..<starts.count - 1 where starts[group] < starts[group + 1] {
      let part = values[starts[group]..<starts[group + 1]]
      let sum = part.reduce(0, +)
      let mean = sum / Double(part.count)
      moments.counts[group] = part.count
      moments.sums[group] = sum
      moments.squares[group] = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    return moments
  }

  /// The quantile of each group at `probability`; NaN where a group holds one, none where it is empty. Orders the values on the way.
  mutating func quantiles(_ probability: Double) -> [Double?] {
    values.withUnsafeMutableBufferPointer { values in
      (0..<starts.count - 1).map { group in
        let count = starts[group + 1] - starts[group]
        if count == 0 { return nil }
        let part = UnsafeMutableBufferPointer(rebasing: values[starts[group]..<starts[group + 1]])
        if hasNaN, part.contains(where: { $0.isNaN }) { return .nan }
        // As `quantile(ofSorted:_:)`, of which only two places need be in order.
        let position = Double(count - 1) * probability
        let below = Swift.min(Int(position), count - 1)
        select(below, in: part)
        let share = position - Double(below)
        if share == 0 { return part[below] }
        let next = part[(below + 1)...].min() ?? part[below]
        return part[below] + (next - part[below]) * share
      }
    }
  }
}
