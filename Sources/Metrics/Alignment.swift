/// Pairs of positions of equal elements, ascending in both lists: a longest common subsequence.
///
/// Where several are longest, it is the one found by walking both lists from the start: equal elements are paired at once; otherwise
/// the first list's element is skipped if that loses no pair, else the second's.
/// - Complexity: O(first × second), time and memory.
public func longestCommonSubsequence<Element: Equatable>(_ first: [Element], _ second: [Element]) -> [(first: Int, second: Int)] {
  // lengths[i][j], flattened: the longest of first[i...] and second[j...].
  let width = second.count + 1
  var lengths = [Int](repeating: 0, count: (first.count + 1) * width)
  for i in first.indices.reversed() {
    for j in second.indices.reversed() {
      lengths[i * width + j] =
        first[i] == second[j] ? lengths[(i + 1) * width + j + 1] + 1 : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
    }
  }
  var pairs: [(first: Int, second: Int)] = []
  pairs.reserveCapacity(lengths[0])
  var (i, j) = (0, 0)
  while i < first.count, j < second.count {
    if first[i] == second[j] {
      pairs.append((i, j))
      (i, j) = (i + 1, j + 1)
    } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
      i += 1
    } else {
      j += 1
    }
  }
  return pairs
}

/// How predicted sequences of jobs fit the actual ones, in counts that add up over items.
public struct AlignmentCounts: Hashable, Codable, Sendable {
  /// Operations that were paired, that were predicted, and that took place.
  public var aligned = 0, predicted = 0, actual = 0
  /// Items compared, and those whose two sequences are identical.
  public var items = 0, identical = 0

  /// Makes counts of nothing.
  public init() {}

  /// Counts one item.
  public init<Element: Equatable>(predicted: [Element], actual: [Element]) {
    aligned = longestCommonSubsequence(predicted, actual).count
    self.predicted = predicted.count
    self.actual = actual.count
    items = 1
    identical = predicted == actual ? 1 : 0
  }

  /// The counts of both together.
  public static func + (left: AlignmentCounts, right: AlignmentCounts) -> AlignmentCounts {
    var sum = left
    sum.aligned += right.aligned
    sum.predicted += right.predicted
    sum.actual += right.actual
    sum.items += right.items
    sum.identical += right.identical
    return sum
  }

  /// Adds `right`.
  public static func += (left: inout AlignmentCounts, right: AlignmentCounts) { left = left + right }
}

extension Score {
  /// Aligned over actual operations, pooled over all items.
  public static func processMatch(_ counts: AlignmentCounts) -> Measurement { share(.processMatch, of: counts.aligned, in: counts.actual) }

  /// Aligned over predicted operations, pooled over all items.
  public static func processPrecision(_ counts: AlignmentCounts) -> Measurement {
    share(.processPrecision, of: counts.aligned, in: counts.predicted)
  }

  /// Share of items whose predicted and actual sequences are identical.
  public static func sequenceMatch(_ counts: AlignmentCounts) -> Measurement {
    share(.sequenceMatch, of: counts.identical, in: counts.items)
  }

  /// Share of items whose actual routing stands among the first `k` candidates; `ranks` has, an item, the rank of the actual routing
  /// among its candidates from 1, or `nil` where it is none of them.
  public static func topKMatch(ranks: [Int?], k: Int) -> Measurement {
    share(.topKMatch, of: ranks.count { $0.map { $0 <= k } ?? false }, in: ranks.count)
  }
}
