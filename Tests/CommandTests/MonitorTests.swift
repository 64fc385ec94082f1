import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The monitor at a terminal")
struct MonitorTests {
  @Test("prints a page once where nobody looks, and its facts")
  func once() throws {
    let plant = try Plant()
    let page = try plant.lathe("monitor", "--once")
    expect(page, ends: 0)
    #expect(page.output.contains("serves since") && page.output.contains("none yet: lathe cycle") && !page.output.contains("\u{1B}"))
    #expect(try plant.lathe("monitor").output == page.output || page.output.count > 100)
    let facts = try plant.lathe("--json", "monitor").output
    #expect(facts.contains("\"champion\" : \"version_") && facts.contains("\"alerts\" : ["))
    expect(try plant.lathe("monitor", "--interval", "0"), ends: 2, saying: "--interval must be 0.1…3600 seconds")
  }

  @Test("leaves the terminal as it was, on q, SIGINT and SIGTERM", arguments: ["q", "INT", "TERM"])
  func leaves(_ end: String) throws {
    let plant = try Plant()
    var command = plant.command(["monitor"])
    command.environment["NO_COLOR"] = "1"
    let terminal = try PseudoTerminal(command, kind: "xterm")
    #expect(terminal.shows("\u{1B}[?1049h"))
    #expect(terminal.shows("lathe monitor"))
    #expect(terminal.shows("alerts"))
    if end == "q" { terminal.type(end) } else { terminal.send(end == "INT" ? SIGINT : SIGTERM) }
    #expect(terminal.shows("\u{1B}[?25h\u{1B}[?1049l"))
    #expect([0, 130].contains(terminal.exitCode()))
  }
}
