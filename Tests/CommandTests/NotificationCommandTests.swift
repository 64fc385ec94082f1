import Foundation
import TestSupport
import Testing

@Suite("Alerts and messages on the command line")
struct NotificationCommandTests {
  private static let alarming = Plant.cycle + ["--set", "thresholds.mae_max=0.001"]

  @Test("a cycle tells its alerts, whoever has seen one is not told again, and judged ones have a precision")
  func whole() throws {
    let plant = try Plant()
    let settings = try String(contentsOfFile: plant.path("lathe.yaml"), encoding: .utf8).replacing("notifications: {}\n", with: "")
    try plant.write(
      settings + "\nnotifications:\n  desk:\n    command: [sh, -c, 'cat >> told.jsonl; echo >> told.jsonl']\n    min_severity: info\n",
      to: "lathe.yaml")
    expect(try plant.lathe("notifications", "test", "desk"), ends: 0)
    expect(try plant.lathe("notifications", "test", "dusk"), ends: 1, saying: "did you mean 'desk'?")
    #expect(try plant.lathe("alerts").remarks.contains("no alerts yet"))
    #expect(try plant.lathe("alerts", "precision").remarks.contains("no alerts and no retrainings yet"))
    expect(try plant.lathe("notifications", "send"), ends: 0)
    expect(try plant.lathe(Self.alarming), ends: 0)
    func told() throws -> [String] {
      try String(contentsOfFile: plant.path("told.jsonl"), encoding: .utf8).split(separator: "\n").map(String.init)
    }
    let first = try told()
    #expect(first.count == 2 && first.last?.contains(#""kind":"alerts""#) == true && first.last?.contains("HIGH_MAE") == true, "\(first)")
    #expect(try plant.lathe("notifications").output.contains("sent"))

    let list = try plant.lathe("alerts", "list", "--open").output
    let line = try #require(list.split(separator: "\n").first { $0.contains("HIGH_MAE") })
    let number = try #require(line.split(separator: " ").first.map(String.init))
    expect(try plant.lathe("alerts", "ack", number, "--note", "known"), ends: 0)
    #expect(try !plant.lathe("alerts", "list", "--open").output.contains("HIGH_MAE"))
    expect(try plant.lathe(Self.alarming), ends: 0)
    #expect(try told().count == 2, "it lasts")
    #expect(try plant.lathe("alerts", "precision").output.split(separator: "\n").contains { $0.contains("HIGH_MAE") && $0.contains("–") })
    expect(try plant.lathe("alerts", "false", number), ends: 0)
    #expect(try plant.lathe("--json", "alerts", "precision").output.contains(#""wrong" : 1"#))
    expect(try plant.lathe("alerts", "reopen", number), ends: 0)

    expect(try plant.lathe("alerts", "ack", "one"), ends: 2, saying: "'one' is no alert")
    expect(try plant.lathe("alerts", "ack", "1.99"), ends: 1, saying: "there is no alert 1.99")
    expect(try plant.lathe("alerts", "list", "--limit", "0"), ends: 2, saying: "--limit must be 1 or more")
    // A target that cannot be reached costs the cycle nothing.
    try plant.write(settings + "\nnotifications:\n  desk:\n    url: http://127.0.0.1:1/\n", to: "lathe.yaml")
    expect(try plant.lathe(Plant.cycle + ["--set", "thresholds.mae_max=0.0001", "--set", "thresholds.cv_max=0.0001"]), ends: 0)
  }

  @Test("wrong targets are faults of the settings")
  func faults() throws {
    let plant = try Plant(.made)
    let settings = try String(contentsOfFile: plant.path("lathe.yaml"), encoding: .utf8).replacing("notifications: {}\n", with: "")
    for (lines, words) in [
      ("    min_severity: warning", "a target needs 'url' for a webhook, or 'command'"),
      ("    url: http://a\n    command: [a]", "cannot stand beside 'url'"),
      ("    url: ftp://a", "must begin with http:// or https://"),
      ("    url: http://a\n    severity: info", "min_severity"),
      ("    command: ['']", "must begin with the name of a program"),
    ] {
      try plant.write(settings + "\nnotifications:\n  desk:\n\(lines)\n", to: "lathe.yaml")
      expect(try plant.lathe("config", "check"), ends: 2, saying: words)
    }
  }
}
