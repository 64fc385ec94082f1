import Metrics
import Testing

@Suite("Alignment of sequences")
struct AlignmentTests {
  /// The longest common subsequence by trying every choice.
  static func longest(_ left: ArraySlice<Int>, _ right: ArraySlice<Int>) -> Int {
    guard let first = left.first, let second = right.first else { return 0 }
    if first == second { return 1 + longest(left.dropFirst(), right.dropFirst()) }
    return max(longest(left.dropFirst(), right), longest(left, right.dropFirst()))
  }

  @Test("is as long as trying everything finds, pairs equals and ascends", arguments: 0..<200 as Range<UInt64>)
  func isLongest(seed: UInt64) {
    let numbers = congruence(20, seed: seed &+ 7).map { Int($0 * 4) }
    let left = Array(numbers[..<(Int(seed) % 10)])
    let right = Array(numbers[10..<(10 + Int(seed / 10) % 10)])
    let pairs = longestCommonSubsequence(left, right)
    #expect(pairs.count == Self.longest(left[...], right[...]))
    #expect(pairs.allSatisfy { left[$0.first] == right[$0.second] })
    #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.first < $1.first && $0.second < $1.second })
  }

  @Test("chooses, among the longest, the one found from the start")
  func choice() {
    let repeated = longestCommonSubsequence(["cut", "turn", "cut"], ["cut"])
    #expect(repeated.map(\.first) == [0] && repeated.map(\.second) == [0])
    let crossed = longestCommonSubsequence(["turn", "cut"], ["cut", "turn"])  // skips the first list's element
    #expect(crossed.map(\.first) == [1] && crossed.map(\.second) == [0])
  }

  @Test("pools counts over items")
  func pools() {
    let counts =
      AlignmentCounts(predicted: ["cut", "turn", "grind"], actual: ["cut", "grind", "pack", "ship"])
      + AlignmentCounts(predicted: ["cut"], actual: ["cut"])
    #expect(Score.processMatch(counts).value == 3.0 / 5)
    #expect(Score.processPrecision(counts).value == 3.0 / 4)
    #expect(Score.sequenceMatch(counts).value == 0.5)
    #expect(Score.processMatch(counts).count == 5 && Score.sequenceMatch(counts).count == 2)
    #expect(Score.topKMatch(ranks: [1, 3, nil, 4], k: 3).value == 0.5)
  }
}
