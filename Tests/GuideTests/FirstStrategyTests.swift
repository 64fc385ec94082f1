import TestSupport
import Testing

struct FirstStrategyTests {
  @Test("The first strategy's guide does what it says, and shows what is seen")
  func guideHolds() throws {
    var reader = try GuideReader()
    let guide = try Guide(try reader.guide("first-strategy.md"))
    #expect(guide.steps.count { $0.action == .shell } >= 8)
    #expect(guide.steps.contains { $0.action == .file("strategies/triggers/bias.lua") })
    var decisions: [String] = []
    for step in guide.steps {
      let outcome = try reader.follow(step)
      let place = "docs/guide/first-strategy.md:\(step.line)"
      #expect(outcome.exitCode == 0, "\(place): \(step.text)\(outcome.output)")
      // By what is a new line: a terminal ends lines with two characters that Swift takes for one.
      let shown = outcome.output.split(whereSeparator: \.isNewline)
      var rest = shown[...]
      for expected in step.expected {
        guard let index = rest.firstIndex(where: { shows($0, expected) }) else {
          Issue.record("\(place): '\(expected)' is not seen, or not there, in:\n\(outcome.output)")
          break
        }
        rest = rest[(index + 1)...]
      }
      decisions += shown.filter { $0.hasPrefix("**") && $0.contains("says `") }.map(String.init)
      // What follows would fail too, and hide where it began.
      if outcome.exitCode != 0 { return }
    }
    #expect(decisions.contains { $0.contains("**No retraining**, says `threshold`") })
    #expect(decisions.contains { $0.contains("**Retrain**") && $0.contains("says `bias`") })
  }

  @Test(
    "A shown line stands for itself, and an ellipsis for any text",
    arguments: [
      ("mae 4.41", "mae 4.41", true), ("  mae 4.41 \r", "mae 4.41", true), ("mae 4.412", "mae 4.41", false), ("mae 4.41", "mae …", true),
      ("version_20260101_000000  baseline, done", "version_…  baseline, …", true),
      ("version_1  mlp, done", "version_…  baseline, …", false),
      ("a", "a…a", false), ("a b c d", "a…c…d", true), ("a c b d", "a…b…c…d", false),
    ])
  func patterns(line: String, pattern: String, matches: Bool) {
    #expect(shows(line[...], pattern) == matches)
  }

  @Test(
    "A block that nothing would check is a fault of the guide",
    arguments: ["```text\nno command\n```", "```bash\nls\n```", "```sh\nls"])
  func faultyGuides(markdown: String) {
    #expect(throws: GuideFault.self) { try Guide(markdown) }
  }
}
