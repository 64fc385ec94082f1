import Testing

@testable import lathe

@Suite("Progress")
struct ProgressTests {
  @Test(
    "tells how long the rest will take once that can be told",
    arguments: [
      (0.5, 10, "10 s"), (0.9, 90, "10 s"), (0.1, 60, "9 min"), (0.02, 400, "5 h"), (0.999, 3, "1 s"), (0.5, 1, nil), (0.01, 60, nil),
      (1, 60, nil), (0, 60, nil),
    ] as [(Double, Double, String?)])
  func timeLeft(share: Double, elapsed: Double, words: String?) {
    #expect(ProgressBar.timeLeft(share, elapsed: elapsed) == words)
  }
}
