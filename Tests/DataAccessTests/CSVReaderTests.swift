import DataAccess
import Tabular
import Testing

@Suite("Reading CSV")
struct CSVReaderTests {
  let folder = TemporaryFolder()

  func file(_ text: String) throws -> String { try file(Array(text.utf8)) }

  func file(_ bytes: [UInt8]) throws -> String {
    let path = folder.file("in.csv")
    try AtomicFile.write(bytes, to: path)
    return path
  }

  /// All records with the lines on which they begin.
  func records(_ path: String, delimiter: UInt8? = nil, buffer: Int = 1 << 18) throws -> [(line: Int, fields: [String])] {
    let reader = try CSVReader(path: path, delimiter: delimiter, bufferByteCount: buffer)
    var records = [(1, reader.header)]
    while try reader.next() { records.append((reader.line, (0..<reader.fieldCount).map { reader.text($0) })) }
    return records.map { (line: $0.0, fields: $0.1) }
  }

  @Test(
    "takes quotes, doubled quotes, embedded line ends, and every kind of line end",
    arguments: [
      ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
      ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
      ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
      ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
      ("a,b\n1,", [["a", "b"], ["1", ""]]),
      ("a,b\n,\n", [["a", "b"], ["", ""]]),
      ("\u{feff}a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
      ("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", [["a", "b"], ["x, y", "say \"hi\""]]),
      ("a,b\n\"one\ntwo\r\nthree\",\"\"\n", [["a", "b"], ["one\ntwo\r\nthree", ""]]),
      ("a,b\n5\" pipe,3\"\"\n", [["a", "b"], ["5\" pipe", "3\"\""]]),
      ("a,b\n\n1,2\n\n\n3,4\n\n", [["a", "b"], ["1", "2"], ["3", "4"]]),
      ("a\n1\n\n\"\"\n2\n", [["a"], ["1"], [""], [""], ["2"]]),
      ("\"a\",\"b\nb\"\n\"\"\"\"\"\",선삭\n", [["a", "b\nb"], ["\"\"", "선삭"]]),
      ("a,b\n1,2,3\n4\n", [["a", "b"], ["1", "2", "3"], ["4"]]),
    ])
  func dialects(text: String, expected: [[String]]) throws {
    let path = try file(text)
    #expect(try records(path).map(\.fields) == expected)
    // Every place in the text is once the end of a buffer.
    for buffer in 4..<Array(text.utf8).count + 2 {
      #expect(try records(path, buffer: buffer).map(\.fields) == expected, "buffer \(buffer)")
    }
  }

  @Test(
    "finds what separates fields, whatever stands in quotes",
    arguments: [("a,b,c", ","), ("a;b;c", ";"), ("a\tb", "\t"), ("a|b|c", "|"), ("\"a,b,c,d\";\"e\"", ";"), ("one", ","), ("a;b,c;d", ";")])
  func detects(header: String, delimiter: String) throws {
    let reader = try CSVReader(path: try file(header + "\n"))
    #expect(String(UnicodeScalar(reader.delimiter)) == delimiter)
  }

  @Test("tells the line on which each record begins")
  func lines() throws {
    let path = try file("a,b\n1,\"x\ny\r\nz\"\n2,3\r\n\r\n4,\"\r\"\n5,6\n")
    #expect(try records(path).map(\.line) == [1, 2, 5, 7, 9])
    for buffer in 4..<40 { #expect(try records(path, buffer: buffer).map(\.line) == [1, 2, 5, 7, 9]) }
  }

  @Test("gives names to columns without one, and tells repeated ones apart")
  func headers() throws {
    #expect(try CSVReader(path: try file("a,,a,Work Order  Qty,\n")).header == ["a", "column_2", "a_2", "Work Order  Qty", "column_5"])
  }

  @Test(
    "refuses faulty files with line, column and advice",
    arguments: [
      ("a,b\n1,\"2\n3,4\n", 2, "a quote is opened in this record and never closed"),
      (
        "a,b\n1,2\n\"x\"y,4\n", 3, "field 1 goes on after its closing quote, with 'y,4'; a quote within quotes is written twice"
      ),
      ("", nil, "the file is empty; expected a first line with the names of its columns"),
    ] as [(String, Int?, String)])
  func faults(text: String, line: Int?, message: String) throws {
    let path = try file(text)
    let error = try #require(throws: CSVError.self) { try records(path) }
    #expect(error.line == line)
    #expect(error.description == "\(path)\(line.map { ":\($0)" } ?? ""): \(message)")
  }

  @Test(
    "names line and column of a byte that is no UTF-8, and what the file looks like",
    arguments: [
      ([UInt8]("a,b\n1,Gr".utf8) + [0xfc] + "n\n".utf8, 2, "byte fc in column 5 is no UTF-8; it looks like Windows-1252 (western)"),
      (
        [UInt8]("a,b\n\"선\n".utf8) + [0xb1, 0xe2, 0xb0, 0xe8] + "\",2\n".utf8, 3,
        "byte b1 in column 1 is no UTF-8; it looks like a code page"
      ),
      ([0xff, 0xfe, 0x61, 0x00, 0x2c, 0x00], nil, "expected UTF-8, but it looks like UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`"),
      ([0x61, 0x00, 0x2c, 0x00], nil, "expected UTF-8, but it looks like UTF-16"),
      ([UInt8]("a,b\n1,".utf8) + [0xed, 0xa0, 0x80, 10], 2, "byte ed in column 3"),
      ([UInt8]("a,b\n1,".utf8) + [0xc0, 0x80, 10], 2, "byte c0 in column 3"),
      ([UInt8]("a,b\n1,".utf8) + [0xf0, 0x9f, 0x98], 2, "byte f0 in column 3"),
    ] as [([UInt8], Int?, String)])
  func encodings(bytes: [UInt8], line: Int?, message: String) throws {
    let error = try #require(throws: CSVError.self) { try records(try file(bytes)) }
    #expect(error.kind == .encoding && error.line == line)
    #expect(error.message.hasPrefix(message), "\(error.message)")
  }

  @Test("gives up on a record without end instead of holding the whole file")
  func tooLong() throws {
    let path = try file("a,b\n1,\"" + String(repeating: "x\n", count: 10_000))
    let reader = try CSVReader(path: path, bufferByteCount: 64, maxRecordBytes: 4_096)
    let error = try #require(throws: CSVError.self) { try reader.next() }
    #expect(error.kind == .tooLong && error.line == 2)
  }

  @Test("reads a record that is longer than its buffer")
  func longRecord() throws {
    let long = String(repeating: "선삭 ", count: 5_000)
    #expect(try records(try file("a,b\n1,\"\(long)\"\n2,x\n"), buffer: 16).map(\.fields) == [["a", "b"], ["1", long], ["2", "x"]])
  }

  @Test("gives blocks of texts with lines and digests, and keeps ragged records apart", arguments: [1, 2, 3, 100])
  func blocks(limit: Int) throws {
    let reader = try CSVReader(path: try file("a,b,c\n1,x,p\n2\n1,\"x\",p\n3,y,\"\"\n4,z,q,r\n"))
    var (rows, lines, ragged): ([[String?]], [Int], [Int]) = ([], [], [])
    var digests: [Digest128] = []
    while let block = try reader.nextBlock(columns: [2, 0], rowLimit: limit) {
      #expect(block.frame.names == ["c", "a"] && block.recordCount <= limit)
      rows += (0..<block.frame.rowCount).map { row in block.frame.columns.map { $0.text(row) } }
      lines += block.lines
      digests += block.digests
      ragged += block.ragged.flatMap { [$0.line, $0.fieldCount] }
    }
    #expect(rows == [["p", "1"], ["p", "1"], ["", "3"]])
    #expect(lines == [2, 4, 5] && ragged == [3, 1, 6, 4])
    #expect(digests[0] == digests[1] && digests[0] != digests[2])
  }

  @Test("makes digests that tell apart where one field ends and the next begins, and stay the same in every version")
  func digests() {
    let texts = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], [], [""], ["", ""], ["a\0"], ["a"], ["선삭"]]
    #expect(Set(texts.map { Digest128(of: $0) }).count == texts.count)
    #expect(Set((0..<100_000).map { Digest128(of: ["Case \($0)", "x"]) }).count == 100_000)
    // Keys in databases are made of these: the value may never change.
    #expect(Digest128(of: ["Case 1", "Turning"]).description == "04e64b43091a10c8e3a9d4bc025fa828")
  }
}
