import ArgumentParser
import DataAccess
import Foundation
import QualityCycle
import Tabular

/// Shows what goes on, live.
struct MonitorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "monitor", abstract: "Show what goes on: champion, queue, running job, last cycles, open alerts.",
    discussion: """
      A page that is drawn anew each second until q or Ctrl-C is pressed. With --once, or where the output is no terminal, it is printed once. \
      NO_COLOR, or TERM=dumb, leaves colours out.
      """)

  @OptionGroup var global: GlobalOptions
  @Flag(help: "Print the page once, and end.") var once = false
  @Option(help: ArgumentHelp("Seconds between two pages.", valueName: "seconds")) var interval = 1.0

  func run() throws {
    guard interval >= 0.1, interval <= 3600 else { throw CommandFailure.usage("--interval must be 0.1…3600 seconds, got \(interval)") }
    let workspace = try global.open()
    var facts = try MonitorFacts(workspace)
    if global.json { return try Terminal.output(json: facts) }
    let environment = ProcessInfo.processInfo.environment
    let isPlain = environment["NO_COLOR"]?.isEmpty == false || environment["TERM"] == "dumb"
    guard !once, environment["TERM"] != "dumb", let screen = TerminalScreen() else {
      let page = MonitorPage(facts: facts, width: 100, height: 40, usesColor: false, isLive: false).lines
      return Terminal.output(page.joined(separator: "\n") + "\n")
    }
    defer { screen.end() }
    while !Interruption.isRequested {
      let (width, height) = screen.size
      screen.draw(MonitorPage(facts: facts, width: width, height: height, usesColor: !isPlain).lines)
      // In short waits, so that a new size is seen at once.
      let end = ProcessInfo.processInfo.systemUptime + interval
      while ProcessInfo.processInfo.systemUptime < end, !Interruption.isRequested, screen.size == (width, height) {
        if let key = screen.key(within: min(interval, 0.2)), "qQ\u{3}\u{4}".contains(key) { return }
      }
      // A ledger that is locked for a moment is asked again.
      do { facts = try MonitorFacts(workspace) } catch let error as DataAccessError where error.kind == .locked {}
    }
    throw CancellationError()
  }
}
