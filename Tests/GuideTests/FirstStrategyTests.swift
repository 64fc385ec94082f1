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
    for line in try reader.walk(guide, named: "first-strategy.md") where line.hasPrefix("**") && line.contains("says `") {
      decisions.append(line)
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
