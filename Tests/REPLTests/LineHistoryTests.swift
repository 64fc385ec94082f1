import FoundationEssentials
import Testing

@testable import lathe

@Suite("The history of entries")
struct LineHistoryTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-history-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  @Test("comes back as it was entered, with lines, backslashes and any script")
  func roundTrip() throws {
    try inFolder { folder in
      let entries = ["x = 1", "for i = 1, 3 do\n  print(i)\nend", #"print("\n\\")"#, "품목 = 'é'", "\\", "a\\nb", "x = 1"]
      var history = LineHistory(path: folder + "/history")
      for entry in entries { try history.add(entry) }
      #expect(history.entries == entries)
      #expect(LineHistory(path: folder + "/history").entries == entries)
    }
  }

  @Test("skips blanks and repetitions, and keeps the newest within its limit")
  func limits() throws {
    try inFolder { folder in
      var history = LineHistory(path: folder + "/history", limit: 3)
      for entry in ["a", "a", " ", "b", "c", "c", "d"] { try history.add(entry) }
      #expect(history.entries == ["b", "c", "d"])
      #expect(LineHistory(path: folder + "/history", limit: 3).entries == ["b", "c", "d"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["history", "history.lock"])
    }
  }

  @Test("keeps what two sessions enter at the same time")
  func shared() throws {
    try inFolder { folder in
      var (first, second) = (LineHistory(path: folder + "/history"), LineHistory(path: folder + "/history"))
      try first.add("one")
      try second.add("two")
      try first.add("three")
      #expect(first.entries == ["one", "three"])
      #expect(LineHistory(path: folder + "/history").entries == ["one", "two", "three"])
    }
  }

  @Test("goes on in memory when it cannot be written")
  func unwritable() throws {
    var history = LineHistory(path: "/nowhere/at/all/history")
    #expect(throws: (any Error).self) { try history.add("a") }
    #expect(history.entries == ["a"])
    var unsaved = LineHistory(path: nil)
    try unsaved.add("a")
    #expect(unsaved.entries == ["a"])
  }
}
