import Configuration
import Foundation
import QualityCycle
import Routing
import Tabular
import TestSupport
import Testing

@Suite("A cycle's report as a page")
struct HTMLReportTests {
  @Test("says the decision, the figures against their thresholds, and what each of the worst operations rests on")
  func contents() throws {
    let html = try CycleFixture(later: 12).run().html()
    for text in [
      "<h1>Cycle 1</h1>", "<strong>No retraining</strong>", "class=\"value bad\">5<", "HIGH_TRIM_MAE (warning)", "Predicted against actual",
      "Error by part_type", "Error by resource_code", "turn on m1: off by 10, predicted 2, actual 12 over 3 results",
      "The prediction rests on 5 results", "Behind it: ", " itself (5 results, mean 2, 100 %)", "Sampling fixed",
    ] { #expect(html.contains(text), "\(text)") }
    // Nothing is measured over time by one cycle.
    #expect(!html.contains("Error over cycles"))
  }

  @Test("shows earlier cycles, and is the same whenever it is made")
  func history() throws {
    let fixture = try CycleFixture(later: 12)
    let (first, second) = (try fixture.run(), try fixture.run())
    #expect(second.history.rowCount == 1 && second.html().contains("Error over cycles"))
    #expect(try CycleReport(finished: nil, in: fixture.ledger).html() == second.html())
    #expect(try CycleReport(finished: 1, in: fixture.ledger).html() == first.html())
    #expect(throws: WorkspaceError.noFinishedCycle(7, newest: 2)) { try CycleReport(finished: 7, in: fixture.ledger) }
  }

  @Test("has the page's charts as characters in its Markdown")
  func markdownCharts() throws {
    let fixture = try CycleFixture(later: 12)
    let (first, second) = (try fixture.run().markdown(), try fixture.run().markdown())
    for text in ["```text\nPredicted against actual\n", "```text\nError by part_type\n", "```text\nError by resource_code\n"] {
      #expect(first.contains(text), "\(text)")
    }
    #expect(!first.contains("Error over cycles") && second.contains("```text\nError over cycles\n"))
  }

  @Test("keeps every text of the data a text")
  func escaping() throws {
    let code = "<script>alert(\"1\")</script>\u{1B}[31m\u{202E}"
    let report = try CycleFixture(
      extra: (0..<4).flatMap { order in
        [ResultRow("ring1", "<b>\(order)</b>", code, day: Double(order * 20 + 10), run: 30, quantity: 10, resource: "<img src=x>")]
      }
    ).run()
    for page in [report.html(), report.markdown()] {
      for text in ["<script", "<img", "<b>", "\u{1B}", "\u{202E}"] { #expect(!page.contains(text), "\(text)") }
    }
  }

  @Test("says that there was nothing to judge, without a figure")
  func nothing() throws {
    let fixture = try CycleFixture()
    let plan = fixture.plan { $0.window = Window(since: FactoryBuilder.instant(98), until: FactoryBuilder.instant(99)) }
    let html = try fixture.run(plan).html()
    #expect(html.contains("class=\"value\">–<") && html.contains("NO_ACTUAL_DATA") && html.contains("nothing to show"))
  }
}
