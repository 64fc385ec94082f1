import Foundation
import TestSupport
import Testing

/// A code that somebody could give an item.
private struct StrangeCode: CustomStringConvertible {
  var description: String
  var code: String

  static let all = [
    StrangeCode(description: "a line break", code: "LF\nhalf"),
    StrangeCode(description: "a line break and a line of the log", code: "X\n00:00:00 critical forged by an item"),
    StrangeCode(
      description: "a line break and a line of the log file", code: "Y\n{\"level\":\"critical\",\"message\":\"forged by an item\"}"),
    StrangeCode(description: "a line break of another kind", code: "NEL\u{85}PS\u{2029}CR\rhalf"),
    StrangeCode(description: "a comma", code: "A,B"),
    StrangeCode(description: "quotes", code: "say \"no\" 'yes'"),
    StrangeCode(description: "bars", code: "A|B||C"),
    StrangeCode(description: "a script", code: "<script>alert(1)</script>"),
    StrangeCode(description: "Markdown", code: "**bold** [x](javascript:y) `z` # h"),
    StrangeCode(description: "terminal commands", code: "red\u{1B}[31m\u{1B}]0;title\u{07}\u{1B}[2J"),
    StrangeCode(description: "one-byte terminal commands", code: "csi\u{9B}31m"),
    StrangeCode(description: "turned text", code: "abc\u{202E}fed\u{2066}x"),
    StrangeCode(description: "a picture", code: "👩🏽‍🔧🔩"),
    StrangeCode(description: "two scripts", code: "씰 Ø25 ½"),
    StrangeCode(description: "10 kB", code: String(repeating: "long", count: 2_560)),
    StrangeCode(description: "a leading minus", code: "-rf"),
    StrangeCode(description: "a path", code: "../../etc/passwd"),
    StrangeCode(description: "SQL", code: "'; DROP TABLE items; --"),
    StrangeCode(description: "a format", code: "%s%n {0} ${HOME} \\n"),
    StrangeCode(description: "a formula", code: "=1+1"),
  ]
}

@Suite("Codes of whatever characters")
struct StrangeCodeTests {
  /// A workspace whose items have strange codes, with a version that knows a result of each, and results after it.
  private func plant() throws -> Plant {
    let plant = try ImportPlant()
    let quoted = { (text: String) in "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" }
    let codes = StrangeCode.all.map(\.code)
    try plant.plant.write("item_code,part_type\n" + codes.map { "\(quoted($0)),\(quoted($0))\n" }.joined(), to: "data/items.csv")
    // The codes of operations are no better.
    let rows = codes.enumerated().flatMap { index, code in
      ["2026-03-01", "2026-03-02", "2026-04-10"].enumerated().map { day, date in
        "\(index)-\(day),\(quoted(code)),\(quoted(code)),\(date)T10:00:00Z,\(day == 2 ? 50 : 5)\n"
      }
    }
    try plant.writeResults("order_no,item_code,job_code,completed_at,run_minutes\n" + rows.joined())
    let outcome = try plant.lathe("data", "import")
    expect(outcome, ends: 0)
    #expect(outcome.output.contains("\(codes.count) rows, \(codes.count) used, 0 refused"), "\(outcome)")
    expect(try plant.plant.lathe(Plant.training), ends: 0)
    return plant.plant
  }

  /// Cycles whose alerts name every item and operation, and whose trigger gives them as its reasons.
  private static let cycle =
    Plant.cycle + [
      "--set", "thresholds.sample_count_min=5", "--set", "thresholds.cv_max=0.01", "--set", "trigger.parameters.codes=[LOW_SAMPLES]",
      "--set", "trigger.parameters.cooldown_hours=0",
    ]

  @Test("go through import, training and a cycle unchanged, and forge no line of the log")
  func cycle() throws {
    let plant = try plant()
    let codes = StrangeCode.all.map(\.code)
    let outcome = try plant.lathe(Self.cycle)
    expect(outcome, ends: 0, saying: "\(codes.count) of \(codes.count) items predicted", "LOW_SAMPLES")
    let report = try plant.report()
    #expect(Set(report.sample.items) == Set(codes))
    #expect(Set(report.alerts("LOW_SAMPLES").compactMap(\.item)) == Set(codes))
    #expect(report.value("coverage") == 1)

    // Each line of the terminal's log has a time and a level; the last one names the reports.
    for line in lines(outcome.remarks).dropLast() {
      #expect(line.firstMatch(of: #/^\d\d:\d\d:\d\d (info|notice|warning|error) /#) != nil, "'\(line.prefix(200))'")
      #expect(!line.hasPrefix("00:00:00"), "'\(line)'")
    }
    // Each line of the log file is one object, and no item has made one.
    for line in lines(try plant.text("logs/lathe.log")) {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["time"] != nil && object?["message"] as? String != "forged by an item", "'\(line)'")
    }
  }

  @Test("forge no line of a log that is written as JSON on the terminal")
  func jsonLog() throws {
    let plant = try plant()
    let outcome = try plant.lathe(Self.cycle + ["--set", "logging.format=json", "--json"])
    #expect(outcome.exitCode == 0)
    expectHarmless(outcome, isJSON: true)
    for line in lines(outcome.remarks) {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["time"] != nil && object?["message"] as? String != "forged by an item", "'\(line)'")
    }
  }

  @Test("forge no line of the log when an item cannot be predicted either")
  func unpredictable() throws {
    let plant = try plant()
    try plant.change("data/factory.sqlite", "DELETE FROM items", "INSERT INTO items (item_code) VALUES ('KEPT')")
    let outcome = try plant.lathe(Plant.cycle)
    expect(outcome, ends: 0, saying: "PREDICTION_FAILED")
    #expect(try plant.report().alerts("PREDICTION_FAILED").count == StrangeCode.all.count)
    for line in lines(outcome.remarks).dropLast() {
      #expect(line.firstMatch(of: #/^\d\d:\d\d:\d\d (info|notice|warning|error) /#) != nil, "'\(line.prefix(200))'")
    }
  }

  @Test("keep the columns of tables and the rows of CSV files, and are no part of a page's code")
  func reports() throws {
    let plant = try plant()
    let outcome = try plant.lathe(Self.cycle)
    expect(outcome, ends: 0)
    let markdown = try plant.text("reports/cycle-1.md")
    #expect(markdown == outcome.output)
    #expect(!markdown.contains("<script>"))
    #expect(!(try plant.text("reports/cycle-1.html").contains("<script>alert")))
    var columns: Int?
    var tables = 0
    for line in lines(markdown) {
      guard line.hasPrefix("|") else {
        columns = nil
        continue
      }
      // Bars that are not escaped are the edges of cells.
      let edges = line.replacing("\\|", with: "").count { $0 == "|" }
      if columns == nil { tables += 1 }
      #expect(edges == columns ?? edges, "'\(line.prefix(300))'")
      columns = edges
    }
    #expect(tables >= 4)
    // Every text between the tables is Lathe's own.
    for line in lines(markdown) { #expect(!line.hasPrefix("00:00:00") && !line.hasPrefix("{") && !line.hasPrefix("half"), "'\(line)'") }

    try plant.write(
      "for _, row in ipairs({ frame.read_csv('reports/cycle-1.csv') }) do print(#row:column('item_code'):unique()) end\n", to: "count.lua")
    let count = try plant.lathe("run", "count.lua")
    expect(count, ends: 0)
    #expect(count.output == "\(StrangeCode.all.count)\n")
    #expect(lines(try plant.text("reports/summary.csv")).count == 2)
  }

  @Test("can be asked for, and are shown without harm")
  func predicting() throws {
    let plant = try plant()
    let before = try plant.state()
    for strange in StrangeCode.all {
      let outcome = try plant.lathe("predict", "--", strange.code)
      expect(outcome, ends: 0)
      #expect(outcome.output.contains("predicted by version_") && outcome.remarks.isEmpty, "\(strange): \(outcome)")
      let json = try plant.lathe("predict", "--json", "--", strange.code)
      #expect(json.exitCode == 0)
      expectHarmless(json, isJSON: true)
      let prediction = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect(prediction?["item"] as? String == strange.code, "\(strange)")
    }
    for strange in StrangeCode.all.prefix(6) {
      let unknown = try plant.lathe("predict", "--", strange.code + "?")
      expect(unknown, ends: 1, saying: "unknown item '")
      #expect(lines(unknown.remarks).count == 1, "\(strange): \(unknown)")
    }
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("as names of strategies and versions reach nothing outside of the workspace")
  func names() throws {
    let plant = try Plant()
    let before = try plant.state()
    for name in ["../../x", "/etc/passwd", "a\nb", "-x", "\u{1B}[31m", String(repeating: "x", count: 10_000)] {
      expect(try plant.lathe(Plant.cycle + ["--strategy=\(name)"]), ends: 2, saying: "sampling", "strategy")
      expect(try plant.lathe("models", "show", "--", name), ends: 1, saying: "unknown model version '")
      expect(try plant.lathe("predict", "HS0000001", "--model=\(name)"), ends: 1, saying: "unknown model version '")
      expect(try plant.lathe("config", "check", "--set", "sampling.\(name)=1"), ends: 2, saying: "unknown key 'sampling.")
    }
    #expect(try plant.state().changes(since: before) == [])
  }

  /// The lines that are not empty.
  private func lines(_ text: String) -> [Substring] {
    // By the byte: a reader of lines knows no other end.
    text.unicodeScalars.split(separator: "\n").map { Substring($0) }
  }
}
