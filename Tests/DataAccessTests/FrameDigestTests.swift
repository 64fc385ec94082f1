import DataAccess
import Tabular
import Testing

@Suite("Digests of frames")
struct FrameDigestTests {
  private func digest(_ columns: [(String, Column)]) throws -> Digest128 { Digest128(of: [try Frame(columns)]) }

  @Test("tell every cell, name, type, row order and missing value apart, and nothing else")
  func cells() throws {
    let frame = try digest([("a", Column(["x", nil, "yz"])), ("b", Column([1.0, 2, 3]))])
    #expect(try frame == digest([("a", Column(["x", nil, "yz"])), ("b", Column([1.0, 2, 3]))]))
    let others = [
      try digest([("a", Column(["x", "", "yz"])), ("b", Column([1.0, 2, 3]))]),
      try digest([("a", Column(["xy", nil, "z"])), ("b", Column([1.0, 2, 3]))]),
      try digest([("c", Column(["x", nil, "yz"])), ("b", Column([1.0, 2, 3]))]),
      try digest([("a", Column(["x", nil, "yz"])), ("b", Column([Int64(1), 2, 3]))]),
      try digest([("a", Column(["yz", nil, "x"])), ("b", Column([1.0, 2, 3]))]),
      try digest([("a", Column(["x", nil, "yz"])), ("b", Column([1.0, 2, 3.0.nextUp]))]),
    ]
    #expect(Set(others + [frame]).count == others.count + 1)
    var dictionary = TextDictionary()
    for text in ["unused", "yz", "x"] { _ = dictionary.intern(text) }
    let coded = Column(.text(TextValues(dictionary: dictionary, codes: [2, 1])))
    #expect(try digest([("a", coded)]) == digest([("a", Column(["x", "yz"]))]))
  }
}
