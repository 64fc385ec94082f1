import Foundation
import TestSupport
import Testing

@Suite("An import that fails")
struct ImportFaultTests {
  /// A results file that cannot be imported, and what is said about it.
  struct BadFile: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var words: [String]
    /// Makes the file of a sound one.
    var spoil: @Sendable (String) -> Data

    init(_ description: String, saying words: String..., spoil: @escaping @Sendable (String) -> String) {
      testDescription = description
      self.words = words
      self.spoil = { Data(spoil($0).utf8) }
    }

    init(_ description: String, saying words: String..., bytes: @escaping @Sendable (String) -> Data) {
      testDescription = description
      self.words = words
      spoil = bytes
    }
  }

  private static let files = [
    BadFile("a misspelt column", saying: "the header lacks column 'completed_at'; did you mean 'completd_at'?") {
      $0.replacingOccurrences(of: "completed_at", with: "completd_at")
    },
    BadFile("two missing columns", saying: "the header lacks columns 'item_code', 'job_code'", "order_no, completed_at, run_minutes") {
      $0.replacingOccurrences(of: "item_code,job_code,", with: "").replacingOccurrences(of: "A,turn,", with: "")
    },
    BadFile("an unknown delimiter", saying: "the header lacks columns 'completed_at'", "order_no^item_code^job_code") {
      $0.replacingOccurrences(of: ",", with: "^")
    },
    BadFile("a byte that is no UTF-8", saying: ":2: ", "UTF-8", "iconv -f WINDOWS-1252 -t UTF-8") { text in
      var bytes = Data(text.utf8)
      if let place = bytes.firstRange(of: Data("turn".utf8)) { bytes[place.lowerBound + 1] = 0xFC }
      return bytes
    },
    BadFile("UTF-16", saying: "expected UTF-8, but it looks like UTF-16", "iconv -f UTF-16 -t UTF-8") { text in
      Data([0xFF, 0xFE]) + Data(text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    },
    BadFile(
      "dates in another format",
      saying: "none of the 2 rows can be used; line 2 has unparsable time in column 'completed_at': '01.03.2026 10:00'",
      "expected a time as 2012-03-31T13:45:00Z"
    ) {
      $0.replacingOccurrences(of: "2026-03-01T10:00:00Z", with: "01.03.2026 10:00")
        .replacingOccurrences(of: "2026-04-10T10:00:00Z", with: "10.04.2026 10:00")
    },
    BadFile(
      "one date of two in another format", saying: "50.0 % of the rows were refused", "5.0 %", "max_refused_share", "unparsable time",
      "completed_at", "10.04.2026"
    ) { $0.replacingOccurrences(of: "2026-04-10T10:00:00Z", with: "10.04.2026") },
    BadFile("nothing in it", saying: "the file is empty; expected a first line with the names of its columns") { _ in "" },
    BadFile("a quote that is never closed", saying: ":3: a quote is opened in this record and never closed") {
      $0.replacingOccurrences(of: "2,A", with: "2,\"A")
    },
    BadFile(
      "minutes that are no numbers", saying: "none of the 2 rows", "line 2", "unparsable duration", "run_minutes", "'5 min'",
      "a number of minutes"
    ) {
      $0.replacingOccurrences(of: "Z,5", with: "Z,5 min").replacingOccurrences(of: "Z,6", with: "Z,6 min")
    },
    BadFile("rows that are too short", saying: "none of the 2 rows", "line 2", "wrong number of fields", "5 fields as in the header") {
      $0.replacingOccurrences(of: ",5\n", with: "\n").replacingOccurrences(of: ",6\n", with: "\n")
    },
    BadFile("a zip file", saying: "UTF-8") { _ in Data([0x50, 0x4B, 0x03, 0x04, 0x14, 0x00, 0x08, 0x00, 0xB7, 0xAC, 0xCE]) },
  ]

  @Test("leaves no database where none was, and says what to change", arguments: files)
  func first(file: BadFile) throws {
    let plant = try ImportPlant()
    try plant.plant.write(file.spoil(plant.results), to: "data/results.csv")
    let before = try plant.state()
    let outcome = try plant.lathe("data", "import")
    expect(outcome, ends: 1, saying: plant.path("data/results.csv"), "nothing was imported")
    for word in file.words { #expect(outcome.remarks.contains(word), "'\(word)' is not in:\n\(outcome)") }
    #expect(outcome.output == "")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("changes nothing of what was imported before, and works once the file is mended", arguments: files)
  func later(file: BadFile) throws {
    let plant = try ImportPlant()
    expect(try plant.lathe("data", "import"), ends: 0)
    try plant.plant.write("item_code,part_type\nA,ring\nB,disc\nC,disc\n", to: "data/items.csv")
    try plant.plant.write(file.spoil(plant.results), to: "data/results.csv")
    let before = try plant.state()
    expect(try plant.lathe("data", "import"), ends: 1)
    #expect(try plant.state().changes(since: before) == [])
    #expect(try plant.plant.query("data/factory.sqlite", "SELECT item_code FROM items ORDER BY 1") == ["A", "B"])
    try plant.writeResults(plant.results)
    expect(try plant.lathe("data", "import"), ends: 0)
    #expect(try plant.plant.query("data/factory.sqlite", "SELECT item_code FROM items ORDER BY 1") == ["A", "B", "C"])
  }

  @Test("names a file that is not there, or is a folder", arguments: [false, true])
  func noFile(isFolder: Bool) throws {
    let plant = try ImportPlant()
    try plant.plant.remove("data/results.csv")
    if isFolder { try FileManager.default.createDirectory(atPath: plant.path("data/results.csv"), withIntermediateDirectories: true) }
    let before = try plant.state()
    expect(
      try plant.lathe("data", "import"), ends: 1, saying: plant.path("data/results.csv"), isFolder ? "folder" : "no such file",
      "nothing was imported")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("names a file given on the command line, and takes none for a mapping of several sources")
  func givenFile() throws {
    let plant = try ImportPlant()
    let before = try plant.state()
    expect(try plant.lathe("data", "import", "data/results.csv"), ends: 2, saying: "import.sources has 2", "one source only")
    try plant.plant.write(
      "import:\n  sources:\n    - files: [data/items.csv]\n      items: {fields: {item_code: item_code, part_type: part_type}}\n",
      to: "lathe.yaml")
    expect(try plant.lathe("data", "import", "itms.csv"), ends: 1, saying: plant.path("itms.csv"), "no such file")
    #expect(try plant.state().changes(since: before).filter { !$0.contains("lathe.yaml") } == [])
  }

  @Test("says what to add when the settings have no mapping")
  func noMapping() throws {
    let plant = try Plant(.made)
    let before = try plant.state()
    expect(try plant.lathe("data", "import"), ends: 2, saying: "add a section 'import' to lathe.yaml", "docs/guide/importing.md")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("A header without rows is told as no rows, and takes nothing away")
  func headerOnly() throws {
    let plant = try ImportPlant()
    expect(try plant.lathe("data", "import"), ends: 0)
    try plant.writeResults(String(plant.results.prefix { $0 != "\n" }) + "\n")
    let before = try plant.state()
    let outcome = try plant.lathe("data", "import")
    expect(outcome, ends: 0)
    #expect(outcome.output.contains("data/results.csv: 0 rows, 0 used, 0 refused"), "\(outcome)")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("Rows with faults below the allowed share are counted by reason, with the first of each")
  func toleratedFaults() throws {
    let plant = try ImportPlant()
    try plant.plant.write(try plant.plant.text("lathe.yaml") + "  max_refused_share: 0.9\n", to: "lathe.yaml")
    try plant.writeResults(
      plant.results
        + "3,A,turn,yesterday,6\n4,A,turn,2026-04-10T10:00:00Z,-6\n5,,turn,2026-04-10T10:00:00Z,6\n6,A,turn,2026-04-10T11:00:00Z,x\n")
    let outcome = try plant.lathe("data", "import")
    expect(outcome, ends: 0)
    #expect(outcome.output.contains("data/results.csv: 6 rows, 2 used, 4 refused"), "\(outcome)")
    let shown = outcome.output.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    for line in [
      "unparsable time 1 4 completed_at yesterday", "negative minutes 1 5 run_minutes -6", "missing key 1 6 item_code",
      "unparsable duration 1 7 run_minutes x",
    ] {
      #expect(shown.contains { $0.hasPrefix(line) }, "'\(line)' is not in:\n\(outcome)")
    }
  }
}
