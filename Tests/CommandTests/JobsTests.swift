import DataAccess
import Foundation
import Tabular
import TestSupport
import Testing

@Suite("Jobs on the command line")
struct JobsTests {
  private static let retraining = Plant.cycle + ["--set", "thresholds.mae_max=0.001"]

  @Test("are listed, shown, cancelled and tried again")
  func tending() throws {
    let plant = try Plant()
    #expect(try plant.lathe("jobs", "list").remarks.contains("no jobs yet"))
    expect(try plant.lathe(Self.retraining), ends: 0)
    let list = try plant.lathe("jobs", "list")
    #expect(list.output.contains("train") && list.output.contains("pending"), "\(list)")
    let shown = try JSONDecoder().decode([String: PlainValue].self, from: Data(try plant.lathe("jobs", "show", "1").output.utf8))
    #expect(shown["job"]?["status"] == "pending" && shown["attempts"] == [])
    let payload = try #require(shown["job"]?["payload"])
    #expect(payload["as_of"] == "2026-05-01T00:00:00Z" && payload["seed"] == 42)
    #expect(payload["champion"]?.text?.hasPrefix("version_") == true)
    #expect(payload["configuration"]?.text?.contains("mae_max: 0.001") == true)

    let cancelled = try plant.lathe("jobs", "cancel", "1", "--reason", "no need")
    #expect(cancelled.output == "job 1 is cancelled\n")
    #expect(try plant.lathe("jobs", "list", "--status", "cancelled").output.contains("no need"))
    #expect(try plant.lathe("jobs", "list", "--status", "failed").remarks.contains("no job is failed"))
    expect(try plant.lathe("jobs", "cancel", "1"), ends: 1, saying: "job 1 has ended already (cancelled)")
    #expect(try plant.lathe("--json", "jobs", "retry", "1").output.contains(#""status" : "pending""#))
    expect(try plant.lathe("jobs", "retry", "1"), ends: 1, saying: "job 1 is pending")
    for command in [["show", "9"], ["logs", "9"], ["cancel", "9"], ["retry", "9"]] {
      expect(try plant.lathe(["jobs"] + command), ends: 1, saying: "there is no job 9")
    }
    expect(try plant.lathe("jobs", "list", "--status", "sleeping"), ends: 2, saying: "sleeping")
    expect(try plant.lathe("jobs", "list", "--limit", "0"), ends: 2, saying: "--limit must be 1 or more, got 0")
  }

  @Test("that cannot be read are told, and hide no others")
  func unreadable() throws {
    let plant = try Plant()
    expect(try plant.lathe(Self.retraining), ends: 0)
    let ledger = try SQLiteDatabase(path: plant.path("ledger.sqlite"), access: .readWrite)
    _ = try ledger.write { transaction in
      try transaction.execute(
        "INSERT INTO jobs (kind, payload, cause, status, priority, created_at, not_before) VALUES ('train', ?, '', 'failed', 1, 0, 0)",
        [.text("no \u{1B}[31m")])
    }
    let list = try plant.lathe("jobs", "list")
    expect(list, ends: 0, saying: "job 2 cannot be read and is left out: column 'payload': expected the JSON of a job")
    #expect(list.output.contains("pending"))
    expect(try plant.lathe("jobs", "show", "2"), ends: 1, saying: "job 2 cannot be read")
  }

  @Test("have logs for people and for programs")
  func logs() throws {
    let plant = try Plant()
    expect(try plant.lathe(Self.retraining), ends: 0)
    let line = #"{"attempt":1,"level":"info","message":"fit \u001b[31m mlp","rows":3,"time":"2026-05-01T00:00:00Z"}"#
    try plant.write(line + "\n", to: "logs/jobs/1.log")
    #expect(try plant.lathe("jobs", "logs", "1").output == "2026-05-01T00:00:00Z info     fit \\u{1B}[31m mlp\n")
    #expect(try plant.lathe("jobs", "logs", "1", "--json").output == line + "\n")
    let following = try plant.start(["jobs", "logs", "1", "--follow"])
    #expect(following.wait { !$0.output.isEmpty })
    expect(try plant.lathe("jobs", "cancel", "1"), ends: 0)
    #expect(following.outcome().exitCode == 0, "the job has ended")
  }
}
