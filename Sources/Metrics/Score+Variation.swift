/// Figures of the results of one group, say of one item's operation.
public struct GroupStatistics: Hashable, Codable, Sendable {
  /// Number of values that are finite numbers.
  public var count = 0
  /// Arithmetic mean; 0 without values.
  public var mean = 0.0
  /// Sample standard deviation (divisor n − 1); none below two values.
  public var standardDeviation: Double?

  /// Coefficient of variation: standard deviation over mean; none below two values or where the mean is not above zero.
  public var cv: Double? { standardDeviation.flatMap { mean > 0 ? $0 / mean : nil } }

  /// Makes the figures of a group without values.
  public init() {}

  /// Returns the figures of each of `groupCount` groups; `groups` has a group in `0..<groupCount` a value. NaN and infinities are left
  /// out. O(n), in two passes, so a large mean costs no digits.
  public static func of(_ values: [Double], groups: [Int], groupCount: Int) throws(MetricError) -> [GroupStatistics] {
    guard values.count == groups.count else { throw .length(metric: "group statistics", expected: values.count, got: groups.count) }
    if let wrong = groups.first(where: { !(0..<groupCount).contains($0) }) {
      throw .argument(name: "groups", metric: "group statistics", expected: "numbers in 0..<\(groupCount)", got: "\(wrong)")
    }
    var result = [GroupStatistics](repeating: GroupStatistics(), count: groupCount)
    for (value, group) in zip(values, groups) where value.isFinite {
      result[group].count += 1
      result[group].mean += value
    }
    for group in result.indices where result[group].count > 0 { result[group].mean /= Double(result[group].count) }
    var squares = [Double](repeating: 0, count: groupCount)
    for (value, group) in zip(values, groups) where value.isFinite {
      let distance = value - result[group].mean
      squares[group] += distance * distance
    }
    for group in result.indices where result[group].count >= 2 {
      result[group].standardDeviation = (squares[group] / Double(result[group].count - 1)).squareRoot()
    }
    return result
  }
}

extension Score {
  /// Mean coefficient of variation over the groups with at least two results and a mean above zero; `count` is the number of those
  /// groups, `excluded` the number of results that are NaN or infinite. O(n).
  public static func cv(_ values: [Double], groups: [Int], groupCount: Int) throws(MetricError) -> Measurement {
    let statistics = try GroupStatistics.of(values, groups: groups, groupCount: groupCount)
    return cv(of: statistics, excluded: values.count - statistics.reduce(0) { $0 + $1.count })
  }

  /// Mean coefficient of variation over the groups that have one; `count` is their number.
  public static func cv(of groups: [GroupStatistics], excluded: Int = 0) -> Measurement {
    let parts = groups.compactMap(\.cv)
    return Measurement(.cv, value: Distribution.mean(parts), count: parts.count, excluded: excluded)
  }

  /// Mean number of results a group, over the groups that have results; `count` is the number of those groups.
  public static func sampleCount(of groups: [GroupStatistics]) -> Measurement {
    let counts = groups.map(\.count).filter { $0 > 0 }
    return Measurement(.sampleCount, value: Distribution.mean(counts.map(Double.init)), count: counts.count)
  }

  /// The share `part / whole` as `metric`, or none where `whole` is 0: coverage, success of replaced outsourcing.
  public static func share(_ metric: Metric, of part: Int, in whole: Int, excluded: Int = 0) -> Measurement {
    Measurement(metric, value: whole > 0 ? Double(part) / Double(whole) : nil, count: whole, excluded: excluded)
  }
}
