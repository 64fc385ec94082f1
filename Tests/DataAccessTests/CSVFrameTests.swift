import DataAccess
import Tabular
import Testing

@Suite("CSV and frames")
struct CSVFrameTests {
  let folder = TemporaryFolder()

  func frame(_ text: String, _ options: CSVOptions = CSVOptions()) throws -> Frame {
    let path = folder.file("f.csv")
    try AtomicFile.write(text, to: path)
    return try CSVReader.readFrame(path: path, options: options)
  }

  @Test(
    "finds the first type that all values of a column are",
    arguments: [
      ("1,-2,9223372036854775807", ColumnType.integer, [Cell.integer(1), .integer(-2), .integer(.max)]),
      ("1,2.5,-", .double, [.double(1), .double(2.5), .missing]),
      ("9223372036854775808,1,2", .double, [.double(9_223_372_036_854_775_808), .double(1), .double(2)]),
      ("1,inf,1e400", .double, [.double(1), .double(.infinity), .double(.infinity)]),
      (" 7 ,1,NULL", .integer, [.integer(7), .integer(1), .missing]),
      ("true,FALSE,", .bool, [.bool(true), .bool(false), .missing]),
      ("007,1,2", .text, [.text("007"), .text("1"), .text("2")]),
      ("1,2,+3", .text, [.text("1"), .text("2"), .text("+3")]),
      ("0.5,00.5,1", .text, [.text("0.5"), .text("00.5"), .text("1")]),
      ("1.50,2.25,x", .text, [.text("1.50"), .text("2.25"), .text("x")]),
      ("true,1,false", .text, [.text("true"), .text("1"), .text("false")]),
      ("2012-03-01,2012-03-01x,", .text, [.text("2012-03-01"), .text("2012-03-01x"), .missing]),
      ("--,nan,N/A", .text, [.missing, .missing, .missing]),
      ("1 000,2,3", .text, [.text("1 000"), .text("2"), .text("3")]),
    ])
  func infers(fields: String, type: ColumnType, cells: [Cell]) throws {
    // Another column moves with it: reading one again must leave it alone.
    let rows = fields.split(separator: ",", omittingEmptySubsequences: false).enumerated().map { "\($1);\($0)" }
    let frame = try frame("x;n\n" + rows.joined(separator: "\n") + "\n")
    #expect(frame.columns[0].type == type)
    #expect((0..<frame.rowCount).map { frame.columns[0][$0] } == cells)
    #expect(frame["n"] == Column([Int64(0), 1, 2]))
  }

  @Test("reads instants with and without zone")
  func instants() throws {
    let frame = try frame("t\n2012-03-01\n2012-03-01T02:00+02:00\n")
    let time = try #require(Timestamp("2012-03-01"))
    #expect(frame["t"] == Column([time, time]))
  }

  @Test("keeps given types, also against what the values look like")
  func givenTypes() throws {
    let options = CSVOptions(types: ["code": .text, "n": .double])
    let frame = try frame("code,n\n1,2\n2,\n", options)
    #expect(frame["code"] == Column(["1", "2"]))
    #expect(frame["n"] == (try Column([.double(2), .missing], as: .double)))
  }

  @Test(
    "names line, column, what was expected and what came",
    arguments: [
      ("a,b\n1,x\n", ["b": ColumnType.integer], ":2: column 'b': expected an integer, got 'x'"),
      ("a,b\n1,2\n1,\"2\n\"\n", ["b": .double], ":3: column 'b': expected a number, got '2\n'"),
      ("a,b\n1,yes\n", ["b": .bool], ":2: column 'b': expected true or false, got 'yes'"),
      ("a,b\n1,1.3.2012\n", ["b": .timestamp], ":2: column 'b': expected an ISO 8601 time such as 2012-03-01T06:30Z, got '1.3.2012'"),
      ("item,b\n1,2\n", ["itme": .text], ":1: there is no column 'itme'; did you mean 'item'?"),
      ("a,b\n1,2\n1\n", [:], ":3: expected 2 fields as in the header, got 1"),
    ])
  func messages(text: String, types: [String: ColumnType], message: String) throws {
    let error = try #require(throws: CSVError.self) { try frame(text, CSVOptions(types: types)) }
    #expect(error.description == folder.file("f.csv") + message)
  }

  @Test("a file that is not there is an error that names it")
  func missingFile() throws {
    let error = try #require(throws: CSVError.self) { try CSVReader.readFrame(path: folder.file("none.csv")) }
    #expect(error.description == "\(folder.file("none.csv")): no such file, while reading it; check the path")
  }

  @Test("reads back every frame that it wrote, with any delimiter and any buffer", arguments: 0..<40 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let delimiter = CSVReader.knownDelimiters[Int(seed % 4)]
    let frame = try randomFrame(&random)
    let path = folder.file("r\(seed).csv")
    try CSVWriter(delimiter: delimiter).write(frame, to: path)
    let options = CSVOptions(
      delimiter: delimiter, missing: [""], missingInQuotes: false,
      types: Dictionary(uniqueKeysWithValues: zip(frame.names, frame.columns.map(\.type))))
    for buffer in [4 + random.integer(below: 64), 100, 1 << 16] {
      #expect(try CSVReader.readFrame(path: path, options: options, bufferByteCount: buffer) == frame)
    }
    let again = folder.file("s\(seed).csv")
    try CSVWriter(delimiter: delimiter).write(try CSVReader.readFrame(path: path, options: options), to: again)
    #expect(try AtomicFile.read(path) == (try AtomicFile.read(again)))
  }

  @Test("quotes only what a reader would otherwise take for something else")
  func quoting() throws {
    let texts: [String?] = ["plain", "a,b", "a;b", "say \"hi\"", "two\nlines", "", "-", "NULL", " x", "x\t", nil, "선삭"]
    let frame = try Frame([("name, unit", Column(texts)), ("n", Column(texts.indices.map { Double($0) / 4 }))])
    let text = String(decoding: CSVWriter().header(frame.names) + CSVWriter().rows(frame), as: UTF8.self)
    #expect(
      text == """
        "name, unit",n
        plain,0.0
        "a,b",0.25
        a;b,0.5
        "say ""hi""\",0.75
        "two
        lines",1.0
        "",1.25
        "-",1.5
        "NULL",1.75
        " x",2.0
        "x\t",2.25
        ,2.5
        선삭,2.75

        """)
  }

  @Test("reads numbers to the last bit", arguments: 0..<8 as Range<UInt64>)
  func exactDoubles(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var texts: [String] = []
    for _ in 0..<2_000 {
      let bits = Double(bitPattern: random.next())
      if bits.isFinite { texts.append("\(bits)") }
      texts.append("\(Double(random.integer(below: 1 << 53)) / 1000)")
      let digits = String(random.next() >> UInt64(random.integer(below: 60)))
      let point = random.integer(below: digits.count + 1)
      texts.append(digits.prefix(point) + "." + digits.dropFirst(point) + "e\(random.integer(below: 60) - 30)")
    }
    texts += [
      "0", "-0", "4.9e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "9007199254740993", "0.1", "1e23", "8.5e22", "1e-400",
    ]
    let frame = try frame("x\n" + texts.joined(separator: "\n") + "\n", CSVOptions(types: ["x": .double]))
    guard case .double(let values)? = frame["x"]?.values else { throw CSVError(.value, path: "", "no doubles") }
    // The standard library's reader is the independent one here.
    for (value, text) in zip(values, texts) { #expect(value.bitPattern == Double(text)?.bitPattern, "\(text)") }
  }
}

/// A frame with every type of column, and texts that are hard on CSV.
func randomFrame(_ random: inout SeededGenerator) throws -> Frame {
  let rows = random.integer(below: 30)
  let pieces = [",", ";", "\t", "|", "\"", "\n", "\r", "\r\n", " ", "선삭", "é", "-", "NULL", "nan", "a", "0", "\u{feff}", "\u{0}", "🏭"]
  func cells(_ make: (inout SeededGenerator) -> Cell) -> [Cell] {
    (0..<rows).map { _ in random.integer(below: 5) == 0 ? .missing : make(&random) }
  }
  func text(_ random: inout SeededGenerator) -> String {
    (0..<random.integer(below: 5)).map { _ in pieces[random.integer(below: pieces.count)] }.joined()
  }
  let columns: [(String, Column)] = [
    ("text " + text(&random), try Column(cells { .text(text(&$0)) }, as: .text)),
    (
      "double",
      try Column(
        cells { random in
          [.double(.nan), .double(-0.0), .double(.infinity), .double(Double(bitPattern: random.next()))][random.integer(below: 4)]
        }, as: .double)
    ),
    ("integer", try Column(cells { .integer(Int64(bitPattern: $0.next())) }, as: .integer)),
    ("bool", try Column(cells { .bool($0.next() & 1 == 0) }, as: .bool)),
    ("time", try Column(cells { .timestamp(Timestamp(microseconds: Int64($0.integer(below: 1 << 51)))) }, as: .timestamp)),
  ]
  let kept = columns.filter { _ in random.integer(below: 4) > 0 }
  return try Frame((kept.isEmpty ? [columns[0]] : kept).map { (name: $0.0, column: $0.1) }, rowCount: rows)
}
