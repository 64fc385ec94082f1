import Testing

@testable import lathe

@Suite("Completion")
struct CompletionTests {
  @Test("puts in what all candidates share, and lists them when that stands there already")
  func edits() {
    let line = "x = metrics.m + 1"
    let cursor = "x = metrics.m".utf8.count
    func edit(_ candidates: [String]) -> Completion.Edit { Completion(start: 4, candidates: candidates).edit(of: line, cursor: cursor) }
    #expect(edit([]) == .init())
    #expect(edit(["metrics.mae"]) == .init(removed: 9, inserted: "metrics.mae"))
    #expect(edit(["metrics.mae", "metrics.mape"]) == .init(removed: 9, inserted: "metrics.ma"))
    #expect(edit(["metrics.mae", "metrics.mse"]) == .init(listed: ["metrics.mae", "metrics.mse"]))
    #expect(edit(["metrics.m"]) == .init())
    #expect(edit(["mae", "rmse"]) == .init(listed: ["mae", "rmse"]))
    #expect(Completion(start: 99, candidates: ["a"]).edit(of: line, cursor: cursor) == .init())
  }

  @Test("counts what it takes away in characters, not in bytes")
  func scripts() {
    let line = "품목"
    #expect(Completion(start: 0, candidates: ["품목군"]).edit(of: line, cursor: line.utf8.count) == .init(removed: 2, inserted: "품목군"))
    #expect(Completion(start: 3, candidates: ["목록"]).edit(of: line, cursor: line.utf8.count) == .init(removed: 1, inserted: "목록"))
  }

  @Test("lists candidates in columns, read downwards, within the width")
  func columns() {
    #expect(Completion.columns(of: ["a", "bb", "ccc", "dd", "e"], width: 11) == "a    dd\nbb   e\nccc\n")
    #expect(Completion.columns(of: ["a", "bb"], width: 1) == "a\nbb\n")
    #expect(Completion.columns(of: (0..<201).map { "\($0)" }, width: 1000).hasSuffix("… and 1 more\n"))
  }
}
