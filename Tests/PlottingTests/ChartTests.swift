import Foundation
import FoundationXML
import Plotting
import Tabular
import Testing

/// Reads XML and keeps what is wrong with it, and the texts of its elements.
private final class Reader: NSObject, XMLParserDelegate {
  private(set) var counts: [String: Int] = [:]
  private(set) var texts: [String] = []

  init?(_ xml: String) {
    super.init()
    let parser = XMLParser(data: Data(xml.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
  ) { counts[name, default: 0] += 1 }

  func parser(_ parser: XMLParser, foundCharacters string: String) { texts.append(string) }
}

@Suite("A chart")
struct ChartTests {
  private func day(_ number: Double) throws -> Timestamp { try #require(Timestamp(seconds: 1_767_225_600 + number * 86_400)) }

  private func trend() throws -> Chart {
    var chart = Chart(title: "Error of each cycle", note: "as measured", x: Axis("as of", .time), y: Axis("minutes", includesZero: true))
    chart.series = [
      Series("mae", .line, x: try (0..<6).map { try day(Double($0) * 30) }, y: [2, 2.5, 2.2, 6.1, 5.8, 2.4]),
      Series("trim_mae", .line, x: try (0..<6).map { try day(Double($0) * 30) }, y: [1.2, 1.1, 1.3, 4.1, 3.9, 1.2]),
    ]
    chart.rules = [Rule("threshold", at: 5)]
    return chart
  }

  @Test("is well-formed SVG with a line a series, a legend, and dates as ticks")
  func svg() throws {
    let svg = try trend().svg()
    let reader = try #require(Reader(svg))
    #expect(reader.counts["path"] == 2 && reader.counts["circle"] == 14)
    for text in ["Error of each cycle", "as measured", "mae", "trim_mae", "threshold", "2026-01", "2026-05", "0", "6"] {
      #expect(reader.texts.contains(text), "\(text)")
    }
    #expect(try svg == trend().svg())
  }

  @Test("keeps every text of the data a text")
  func escaping() throws {
    var chart = Chart(title: "<script>alert('1')</script> & \"more\"\u{1}\u{FFFE}\n", x: Axis("x"), y: Axis("y"))
    chart.series = [Series("a<b", .points, x: [1], y: [1], labels: ["</title><script>"])]
    let reader = try #require(Reader(chart.svg()))
    #expect(reader.counts["script"] == nil)
    #expect(!chart.text().contains("\u{1}"))
  }

  @Test("leaves a gap where a value is missing, and says so when nothing is left")
  func gaps() throws {
    var chart = Chart(title: "t", x: Axis("x"), y: Axis("y", .logarithmic))
    chart.series = [Series("s", .line, x: [1, 2, 3, 4, 5, 6], y: [1, 10, .nan, 100, 0, .infinity])]
    let svg = chart.svg()
    #expect(svg.components(separatedBy: "class=\"l ")[0].components(separatedBy: "d=\"").last?.filter { $0 == "M" }.count == 2)
    for values in [[], [.nan], [-1, 0]] as [[Double]] {
      chart.series = [Series("s", .line, x: values, y: values)]
      #expect(chart.svg().contains("nothing to show") && chart.text().contains("(nothing to show)"))
    }
  }

  @Test("draws at most 3,000 points of a series, and says how many there are")
  func manyPoints() throws {
    var chart = Chart(title: "t", x: Axis("actual", .logarithmic), y: Axis("predicted", .logarithmic))
    let values = (1...10_000).map(Double.init)
    chart.series = [Series("results", .points, x: values, y: values)]
    chart.showsDiagonal = true
    let reader = try #require(Reader(chart.svg()))
    #expect(reader.counts["circle"] == 3000)
    #expect(reader.texts.contains("3,000 of 10,000 results drawn"))
  }

  @Test("is drawn in characters: dots, ticks, legend and rules")
  func terminal() throws {
    #expect(
      try trend().text(width: 60, height: 8) == """
        Error of each cycle
        as measured
        10 ┤
           │
           │
         5 ┤                              ⢀⡠⠔⠊⠉⠉⠉⠉⠉⠒⠒⠒⠒⠒⠒⠤⣀
           │⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⠁ ⢁⡠⠕⠊⠁ ⣁⠤⠥⠤⠥⠤⠥⣀⣁⣀⣁⣀⣁⡀⠁⠉⠓⠤⣁ ⠁ ⠁
           │        ⢀⣀⣀⣀⣀⣀⣀⣀⡀     ⢀⡠⠔⠊⢁⣀⠤⠔⠊⠉             ⠈⠉⠒⠤⢄⣀⠉⠑⠤⣀
           │⣒⣒⣒⣉⣉⡉⠉⠉⠁       ⢈⣉⣉⣉⣉⣉⣁⠤⠒⠊⠁                        ⠉⠑⠢⠤⣉
         0 ┤     ⠈⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠁
           └────────────────────────────────────────────────────────
            2026-01           2026-03                2026-05
            as of · minutes   ● mae  ● trim_mae
            ⋯ threshold 5.00

        """)
  }

  @Test("leaves out what no scale can hold")
  func extremes() {
    var chart = Chart(title: "t", x: Axis("x"), y: Axis("y"))
    chart.series = [Series("s", .line, x: [1, 2, 3], y: [-1e308, 1e308, 1.7e308])]
    #expect(chart.text(width: 40).contains("nothing to show"))
    chart.y = Axis("y", .logarithmic)
    chart.series = [Series("s", .line, x: [1, 2], y: [1e-320, 1])]
    #expect(chart.text(width: 40).contains("┤") && chart.svg().hasPrefix("<svg"))
    chart.y = Axis("y")
    chart.series = [Series("s", .line, x: [1, 2], y: [-1e300, 1e300])]
    #expect(chart.text(width: 40).contains("┤") && chart.svg().hasPrefix("<svg"))
  }

  @Test("never is wider than the terminal", arguments: [40, 61, 80, 200])
  func width(width: Int) throws {
    for line in try trend().text(width: width).split(separator: "\n") { #expect(line.count <= width) }
  }
}

@Suite("A chart of bars")
struct BarChartTests {
  private let chart = BarChart(
    title: "mae by part type", unit: "minutes a piece",
    bars: [
      .init("O-ring", 8.886, range: 7.9...9.8, remark: "366"), .init("오링", 4.4, remark: "20"), .init("flange", nil, remark: "0"),
      .init("bias <b>", -2),
    ], rule: Rule("threshold", at: 5))

  @Test("has a bar for each measured figure, and a dash where nothing was measured")
  func svg() throws {
    let reader = try #require(Reader(chart.svg()))
    #expect(reader.counts["rect"] == 3)
    #expect(reader.texts.contains("–  0") && reader.texts.contains("8.89  366") && reader.texts.contains("−2.00"))
  }

  @Test("is drawn in characters, wide ones in line with the others")
  func terminal() {
    #expect(
      chart.text(width: 60) == """
        mae by part type
        O-ring       ███████████████████▌ 8.89  366  7.90 … 9.80
        오링         █████████▊ 4.40  20
        flange   –  0
        bias <b> ████▎ −2.00
                 minutes a piece; threshold 5.00

        """)
  }
}

@Suite("A sparkline")
struct SparklineTests {
  @Test(
    "stands between its least and its greatest value",
    arguments: [
      ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"), ([0, nil, 10], "▁ █"), ([5, 5], "▄▄"), ([], ""), ([nil, .nan], "  "), ([.infinity, 1], " ▄"),
      ([-1.7e308, 1.7e308], "▁█"),
    ] as [([Double?], String)])
  func values(values: [Double?], line: String) { #expect(sparkline(values) == line) }
}
