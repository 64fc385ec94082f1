import Tabular
import Testing

@Suite("Frames as text")
struct RenderingTests {
  @Test("aligns numbers to the right with equal decimals, wide characters by their cells, missing values as a dash")
  func aligns() throws {
    let frame = try Frame([
      ("part_type", Column(["O-ring", "오링", nil])), ("minutes", Column([4.25, 12.5, -0.00001])), ("pieces", Column([Int64(1), 20, 300])),
      ("ok", Column([.bool(true), .missing, .bool(false)], as: .bool)),
    ])
    #expect(
      try frame.selecting(["part_type", "pieces", "ok"]).rendered() == """
        part_type  pieces  ok
        O-ring          1  true
        오링           20  –
        –             300  false

        """)
    #expect(
      try frame.prefix(2).selecting(["minutes"]).rendered() == """
        minutes
           4.25
          12.50

        """)
    #expect(try frame.selecting(["minutes"]).rendered().contains("-1e-05"))
    let numbers = try Frame([("v", Column([-0.00401, 1.0 / 3, -0.0, .nan, 12_345.5]))])
    #expect(numbers.rendered() == "         v\n   -0.0040\n    0.3333\n    0.0000\n       nan\n12345.5000\n")
  }

  @Test("shows the first and last rows of a long frame and says how many lie between")
  func cuts() throws {
    let frame = try Frame([("n", Column((0..<100).map { Int64($0) }))])
    #expect(frame.rendered(FrameLayout(rows: 3)) == " n\n 0\n 1\n… 97 more rows …\n99\n")
    #expect(frame.prefix(3).rendered(FrameLayout(rows: 3)) == "n\n0\n1\n2\n")
    #expect(frame.prefix(0).rendered() == "n\n(no rows)\n")
    #expect(Frame(rowCount: 4).rendered() == "4 rows without columns\n")
  }

  @Test("names the columns that do not fit and cuts long texts")
  func narrows() throws {
    let frame = try Frame([("a", Column(["xxxx"])), ("b", Column(["오링오링오링"])), ("c", Column(["z"])), ("d", Column(["z"]))])
    #expect(frame.rendered(FrameLayout(width: 11)) == "a\nxxxx\n… and 3 more columns: b, c, d\n")
    #expect(frame.rendered(FrameLayout(width: 14, textWidth: 6)) == "a     b      c\nxxxx  오링…  z\n… and 1 more column: d\n")
  }

  @Test("spells out what would move the cursor or turn the line")
  func escapes() throws {
    let frame = try Frame([("t", Column(["a\nb\t\u{1B}[31mred\u{202E}"]))])
    #expect(frame.rendered() == "t\na\\nb\\t\\u{1B}[31mred\\u{202E}\n")
  }

  // Python's unicodedata.east_asian_width and combining() give the same for each of these.
  @Test(
    "knows how many cells a text takes",
    arguments: [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("오링", 4), ("\u{110B}\u{1169}", 2), ("ｱ", 1), ("ア", 2), ("漢字", 4), ("Ø12±0.1", 7),
      ("😀", 2), ("👍\u{200D}", 2), ("–…", 2),
    ])
  func widths(text: String, cells: Int) { #expect(text.displayWidth == cells) }

  @Test("describes each column by its type")
  func describes() throws {
    let start = try #require(Timestamp("2024-01-01T00:00:00Z"))
    let frame = try Frame([
      ("minutes", Column([.double(1), .double(4), .missing, .double(2)], as: .double)), ("type", Column(["b", "a", "b", nil])),
      ("at", Column([start, start, start, start.advanced(bySeconds: 1)])),
    ])
    let table = frame.described()
    func row(_ index: Int) throws -> [Cell] { try table.names.map { try table.column($0)[index] } }
    #expect(
      try row(0) == [
        .text("minutes"), .text("double"), .integer(3), .integer(1), .integer(3), .double(1), .double(1.5), .double(2), .double(3),
        .double(4), .double(7.0 / 3), .double((7.0 / 3).squareRoot()), .missing, .missing,
      ])
    #expect(try row(1).prefix(5) == [.text("type"), .text("text"), .integer(3), .integer(1), .integer(2)])
    #expect(try row(1).suffix(2) == [.text("a"), .text("b")])
    #expect(try row(2).suffix(2) == [.text("2024-01-01T00:00:00Z"), .text("2024-01-01T00:00:01Z")])
    #expect(try row(2)[5] == .missing)
  }
}
