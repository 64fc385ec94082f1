import TestSupport
import Testing

struct LearningMinutesTests {
  @Test("The guide to learning minutes does what it says, and shows what is seen")
  func guideHolds() throws {
    var reader = try GuideReader()
    let guide = try Guide(try reader.guide("learning-minutes.md"))
    #expect(guide.steps.contains { $0.action == .file("scripts/minutes.lua") })
    let seen = try reader.walk(guide, named: "learning-minutes.md")
    let errors = ["baseline ", "learnt "].map { name in
      seen.first { $0.hasPrefix(name) }.flatMap { Double($0.dropFirst(name.count).split(separator: " ")[0]) }
    }
    #expect(try #require(errors[1]) < #require(errors[0]))
  }
}
