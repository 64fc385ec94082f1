import Foundation
import Tabular
import TestSupport
import Testing

@Suite("Retraining on the command line")
struct RetrainingCommandTests {
  private static let cycle = Plant.cycle + ["--set", "thresholds.mae_max=0.001"]
  private static let small = ["--set", "training.candidates=[ridge]", "--set", "comparison.min_rows=10"]

  @Test("a worker does a cycle's job in a process of its own: trains, compares, deploys; the ledger and the log tell it")
  func worker() throws {
    let plant = try Plant()
    expect(try plant.lathe(Self.cycle + Self.small + ["--set", "comparison.min_improvement_pct=0"]), ends: 0)
    expect(try plant.lathe("worker", "--once"), ends: 0, saying: "job 1 is ")
    let shown = try JSONDecoder().decode([String: PlainValue].self, from: Data(try plant.lathe("jobs", "show", "1").output.utf8))
    let status = try #require(shown["job"]?["status"]?.text)
    #expect(["succeeded", "skipped"].contains(status) && shown["job"]?["result"]?["verdict"] == 1)
    let log = try plant.lathe("jobs", "logs", "1").output
    #expect(log.contains("verdict rows") && log.contains("ridge") && log.contains("'min_improvement'"))
    let versions = try plant.lathe("models", "list").output.split(separator: "\n")
    #expect(versions.count == (status == "succeeded" ? 2 : 1))
    if status == "succeeded" {
      #expect(versions[1].hasPrefix("* ") && versions[1].contains("ridge"))
      #expect(try plant.lathe("models", "show").output.contains(#""kind" : "ridge""#))
    }
    // Nothing is left to do.
    expect(try plant.lathe("worker", "--once"), ends: 0)
  }

  @Test("a job whose champion was replaced meanwhile changes nothing")
  func overtaken() throws {
    let plant = try Plant()
    expect(try plant.lathe(Self.cycle + Self.small), ends: 0)
    expect(try plant.lathe("train", "--baseline", "--as-of", "2026-04-15"), ends: 0)
    expect(try plant.lathe("worker", "--once"), ends: 0, saying: "job 1 is skipped")
    #expect(try plant.lathe("jobs", "list").output.contains("serves by now"))
  }

  @Test("a worker's own program says how it is started, and refuses odd waits")
  func wrongUse() throws {
    let plant = try Plant()
    expect(try plant.lathe("worker", "--job"), ends: 2, saying: "expected a job as one line of JSON")
    expect(try plant.lathe("worker", "--poll", "0"), ends: 2, saying: "--poll must be a number above 0")
  }

  @Test("scripts queue, look at, do and call off jobs, and judge versions by any later window")
  func scripts() throws {
    let plant = try Plant()
    try plant.write(
      """
      local queued = jobs.enqueue({ candidates = { "ridge" }, as_of = time.parse("2026-05-01"), reason = "a script asks" })
      print(queued.id, queued.status, jobs.get(1).payload.reasons[1])
      print(jobs.enqueue({ candidates = { "ridge" }, as_of = time.parse("2026-05-01") }).joined, #jobs.list())
      local version = models.active()
      local found = cycle.evaluate({ version = version, since = time.parse("2026-04-01"), until_ = time.parse("2026-05-01") })
      print(found.trim_mae > 0, found.process_match > 0.5)
      print(pcall(cycle.evaluate, { version = version, since = time.parse("2025-04-01"), until_ = time.parse("2026-05-01") }))
      local job = jobs.run()
      print(job.status, job.result.verdict, jobs.run())
      print(pcall(jobs.get, 7))
      print(jobs.retry(1) == "pending" or job.status, jobs.list():column("status")[1])
      """, to: "scripts/jobs.lua")
    let outcome = try plant.lathe(Self.small + ["run", "scripts/jobs.lua"])
    expect(outcome, ends: 0)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines[0] == "1\tpending\ta script asks" && lines[1] == "true\t1" && lines[2] == "true\ttrue")
    #expect(lines[3].hasPrefix("false\t") && lines[3].contains("it would be judged by what it"), "\(lines[3])")
    #expect((lines[4] == "skipped\t1\tnil" || lines[4] == "succeeded\t1\tnil") && lines[5].contains("there is no job 7"), "\(lines)")
  }

  @Test("the walk through a plant that drifts shows the error with and without Lathe, and leaves a picture")
  func walk() throws {
    let plant = try Plant()
    let script = try BuiltProgram().repository.appending(path: "scripts/drift.lua").path
    let outcome = try plant.lathe(Self.small + ["--set", "thresholds.trim_mae_max=0.01", "run", script, "3"])
    expect(outcome, ends: 0)
    #expect(outcome.output.split(separator: "\n").filter { $0.contains("  with ") && $0.contains("  without ") }.count == 3)
    #expect(outcome.output.contains(" in 3 weeks; ") && outcome.output.contains("Error of predictions"))
    let picture = try String(contentsOfFile: plant.path("reports/drift.svg"), encoding: .utf8)
    #expect(picture.hasPrefix("<svg") && picture.contains("with Lathe"))
  }
}
