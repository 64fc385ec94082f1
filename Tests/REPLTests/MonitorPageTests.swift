import Foundation
import Tabular
import Testing

@testable import lathe

@Suite("The monitor's page")
struct MonitorPageTests {
  private static let now = Timestamp(microseconds: 1_790_000_000_000_000)
  private static func alert(_ number: Int) -> MonitorFacts.Alert {
    MonitorFacts.Alert(
      id: "60.\(number)", severity: ["critical", "warning", "info"][number % 3], code: "HIGH_CV", about: "부품-\(number) J120",
      message: "run minutes vary \u{1B}[2Jby 0.9\nof their mean over 2 results, which is a long sentence")
  }
  private static func cycle(_ number: Int) -> MonitorFacts.Cycle {
    MonitorFacts.Cycle(
      id: Int64(number), asOf: now, trimMAE: Double(number % 7), processMatch: number == 59 ? nil : 0.9, retrained: number == 50)
  }
  private static let facts = MonitorFacts(
    workspace: "/plants/울산", at: now, champion: "version_20260601_020000", servesSince: now.advanced(bySeconds: -86_400),
    jobs: ["running": 1, "pending": 2, "succeeded": 7, "failed": 1],
    running: [.init(id: 12, kind: "train", percent: 42, step: "training boosting (2 of 2)", elapsedSeconds: 75, remainingSeconds: 104)],
    cycles: (0..<60).map(cycle), latest: "cycle 60 done", alerts: (1...12).map(alert), waitingMessages: 2, failedMessages: 1,
    nextCycle: now.advanced(bySeconds: 7200))

  @Test("fits every size that it has a place on, and says so where it has none", arguments: [(80, 24), (120, 40), (60, 15), (300, 90)])
  func sizes(_ width: Int, _ height: Int) {
    for usesColor in [false, true] {
      let lines = MonitorPage(facts: Self.facts, width: width, height: height, usesColor: usesColor).lines
      #expect(lines.count == height)
      for line in lines {
        let plain = line.replacing(#/\u{1B}\[[0-9]+m/#, with: "")
        #expect(plain.displayWidth <= width && !plain.contains("\u{1B}"), "\(line)")
        #expect(usesColor || plain == line)
      }
      #expect(lines.last?.contains("q ends") == true && lines.contains { $0.contains("version_20260601_020000 serves since") })
      #expect(lines.contains { $0.hasPrefix("  job 12 ████████············ 42 %  75 s so far") })
    }
    for (width, height) in [(59, 24), (80, 14), (1, 1), (20, 2)] {
      let lines = MonitorPage(facts: Self.facts, width: width, height: height, usesColor: false).lines
      #expect(lines.count <= height && lines.allSatisfy { $0.displayWidth <= width })
    }
  }

  @Test("has what a person looks for on 80 × 24")
  func page() {
    let lines = MonitorPage(facts: Self.facts, width: 80, height: 24, usesColor: false).lines
    #expect(lines[0].hasPrefix("lathe monitor  /plants/울산 ") && lines[0].hasSuffix("2026-09-21 14:13") && lines[0].displayWidth == 80)
    #expect(
      lines[3...6] == [
        "jobs", "  1 running   2 pending   7 succeeded   1 failed", "  job 12 ████████············ 42 %  75 s so far, 1 min left",
        "    training boosting (2 of 2)",
      ])
    #expect(lines[8] == "cycles" && lines[9] == "  cycle 60 done" && lines[10].hasSuffix(" 3.0") && lines[11].hasSuffix(" –"))
    #expect(lines[12].contains("▲") && lines[14] == "alerts")
    #expect(lines[15].hasPrefix("! 60.1 HIGH_CV 부품-1 J120: run minutes vary \\u{1B}[2Jby 0.9\\nof") && lines[15].hasSuffix("…"))
    #expect(lines[22] == "  and 6 more: lathe alerts list --open" && lines[23].hasSuffix("next cycle 2026-09-21 16:13"))
    var none = Self.facts
    (none.champion, none.jobs, none.running, none.cycles, none.latest, none.alerts, none.nextCycle) = (nil, [:], [], [], nil, [], nil)
    (none.waitingMessages, none.failedMessages) = (0, 0)
    let empty = MonitorPage(facts: none, width: 80, height: 24, usesColor: false, isLive: false).lines
    #expect(empty.contains("no version serves yet: lathe train --baseline") && empty.contains("  none yet: lathe cycle"))
    #expect(empty.contains("  none open") && empty.count < 16)
  }
}
