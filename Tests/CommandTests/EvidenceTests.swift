import DataAccess
import TestSupport
import Testing

@Suite("A cycle without evidence")
struct EvidenceTests {
  @Test("without any data says how to get some, and leaves no trace")
  func noData() throws {
    let plant = try Plant(.made)
    let before = try plant.state()
    expect(
      try plant.lathe(Plant.cycle), ends: 1, saying: "there is no factory data yet", "data/factory.sqlite", "lathe data import",
      "lathe demo")
    expect(try plant.lathe(Plant.training), ends: 1, saying: "there is no factory data yet", "lathe data import")
    expect(try plant.lathe("predict", "A"), ends: 1, saying: "there is no factory data yet")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("without items is refused with the reason, and so is training")
  func noItems() throws {
    let plant = try Plant()
    try plant.change("data/factory.sqlite", "DELETE FROM items")
    let before = try plant.state()
    expect(try plant.lathe(Plant.cycle), ends: 1, saying: "factory.sqlite", "no items")
    expect(try plant.lathe(Plant.training), ends: 1, saying: "factory.sqlite", "no items")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("without results measures nothing instead of nought, and trains nothing")
  func noResults() throws {
    let plant = try Plant()
    try plant.change("data/factory.sqlite", "DELETE FROM work_results")
    let before = try plant.state()
    expect(
      try plant.lathe(Plant.training), ends: 1, saying: "data/factory.sqlite has no work results completed up to 2026-04-01T00:00:00Z",
      "lathe data import")
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe(Plant.cycle + ["--set", "sampling.population=all"]), ends: 0)
    let report = try plant.report()
    #expect(report.sample.items.count == 60)
    #expect(report.value("mae") == nil && report.value("process_match") == nil && report.value("coverage") == 0)
    #expect(report.alerts("NO_ACTUAL_DATA").map(\.severity) == ["warning"])
    #expect(!report.trigger.decision.retrain)
  }

  @Test("without results in the window is done, with an alert and no figures")
  func emptyWindow() throws {
    let plant = try Plant()
    let outcome = try plant.lathe("cycle", "--as-of", "2026-04-01T00:00:01")
    expect(outcome, ends: 0, saying: "0 of 0 items")
    #expect(outcome.output.contains("NO_ACTUAL_DATA") && outcome.output.contains("no item has results in the window"))
    let report = try plant.report()
    #expect(report.measured.metrics.count > 10 && report.measured.metrics.allSatisfy { $0.value == nil })
    #expect(report.alerts.map(\.code) == ["NO_ACTUAL_DATA"])
    try plant.expectLastCycle("done")
    #expect(try plant.lathe("cycle", "--as-of", "2026-04-01T00:00:01", "--fail-on-alert").exitCode == 3)
  }

  @Test("takes all items when there are fewer than were asked for, and says so")
  func smallPopulation() throws {
    let plant = try Plant()
    let outcome = try plant.lathe(Plant.cycle + ["--size", "400"])
    let report = try plant.report()
    let count = report.sample.items.count
    #expect(count > 3 && count == report.sample.populationCount)
    expect(outcome, ends: 0, saying: "all \(count) items taken: 400 were asked for", "\(count) of \(count) items")
    #expect(outcome.output.contains("all \(count) items taken: 400 were asked for"))
    #expect(report.sample.remarks.contains("all \(count) items taken: 400 were asked for"))
  }

  @Test("in which no item can be predicted is done: an alert an item, coverage nought, no errors measured")
  func unpredictable() throws {
    let plant = try Plant()
    // Rows of items vanish between training and cycle; one that nothing was made of stays.
    try plant.change("data/factory.sqlite", "DELETE FROM items", "INSERT INTO items (item_code) VALUES ('KEPT')")
    let outcome = try plant.lathe(Plant.cycle)
    expect(outcome, ends: 0, saying: "0 of 10 items predicted", "PREDICTION_FAILED", "unknown item")
    let report = try plant.report()
    #expect(report.alerts("PREDICTION_FAILED").count == 10)
    #expect(Set(report.alerts("PREDICTION_FAILED").compactMap(\.item)) == Set(report.sample.items))
    #expect(report.value("coverage") == 0)
    for name in ["mae", "trim_mae", "rmse", "bias", "process_match", "cv"] { #expect(report.value(name) == nil, "\(name)") }
    #expect(!report.trigger.decision.retrain)
    try plant.expectLastCycle("done")
  }

  @Test("in which some items cannot be predicted judges by the others")
  func partlyUnpredictable() throws {
    let plant = try Plant()
    let gone = try plant.query("data/factory.sqlite", "SELECT min(item_code) FROM work_results WHERE completed_at > 1776000000000000")[0]
    try plant.change("data/factory.sqlite", "DELETE FROM items WHERE item_code = '\(gone)'")
    expect(try plant.lathe(Plant.cycle), ends: 0, saying: "[item \(gone)]")
    let report = try plant.report()
    #expect(report.alerts("PREDICTION_FAILED").map(\.item) == [gone])
    let coverage = try #require(report.value("coverage"))
    #expect(coverage > 0.5 && coverage < 1)
    #expect(report.value("mae") != nil)
  }

  @Test("because its source broke while it ran fails, and the ledger says in which room")
  func brokenSource() throws {
    let plant = try Plant()
    let rehearsal = try Plant().lathe(Plant.cycle).remarks
    let held = try HeldCommand(plant.command(Plant.cycle), before: "items by 'stratified'", as: rehearsal)
    try #require(held.isHeld(), "\(held.outcome())")
    try plant.change("data/factory.sqlite", "ALTER TABLE routing_operations RENAME TO gone")
    // Each item was tried three times, and none could be predicted; then there is nothing to judge by either.
    expect(held.outcome(), ends: 1, saying: "0 of 10 items predicted", "factory.sqlite", "no such table: routing_operations")
    try plant.expectLastCycle("failed", saying: "room 'evaluation': ")
    #expect(try plant.ledger("SELECT value FROM rooms WHERE room = 'prediction'")[0].contains("\"attempts\":3"))
    #expect(try plant.state().names.filter { $0.hasPrefix("reports/") } == [])
    try plant.change("data/factory.sqlite", "ALTER TABLE gone RENAME TO routing_operations")
    expect(try plant.lathe(Plant.cycle), ends: 0)
    try plant.expectLastCycle("done")
    try plant.expectSound()
  }

  @Test("over a window that begins before the version's own knowledge is refused, and says what can be asked")
  func windowBeforeTraining() throws {
    let plant = try Plant()
    let before = try plant.state()
    let version = try plant.versions()[0]
    expect(
      try plant.lathe("cycle", "--since", "2026-01-01", "--as-of", "2026-05-01"), ends: 2,
      saying: "2026-01-01T00:00:00Z", version, "2026-04-01T00:00:00Z", "--since")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test(
    "over a window that ends before it begins is refused",
    arguments: [
      ["--since", "2026-05-01", "--as-of", "2026-04-20"], ["--since", "2026-05-01", "--as-of", "2026-05-01"], ["--as-of", "2026-03-01"],
    ])
  func backwardWindow(arguments: [String]) throws {
    let plant = try Plant()
    let before = try plant.state()
    expect(try plant.lathe(["cycle"] + arguments), ends: 2, saying: "the window is empty", "begins at", "ends at", "--as-of")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("without a version is refused, and says how to get one")
  func noVersion() throws {
    let plant = try Plant(.stocked)
    let before = try plant.state()
    expect(try plant.lathe(Plant.cycle), ends: 1, saying: "no model version serves yet", "lathe train --baseline")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("or with one whose reports have no place is in the ledger all the same", arguments: ["/dev/null/reports", "lathe.yaml"])
  func noPlace(directory: String) throws {
    let plant = try Plant()
    let run = try plant.lathe(Plant.cycle + ["--set", "reports.directory=\(directory)"])
    expect(
      run, ends: 1, saying: directory, directory == "lathe.yaml" ? "a file has that name" : "a part of the path is a file",
      "making the folder", "cycle 1 itself is done and in the ledger", "lathe report 1")
    #expect(run.output.contains("# Cycle 1"))
    #expect(try plant.lathe("history").output.contains("done"))
    expect(try plant.lathe("report", "1"), ends: 0)
  }

  @Test("but with minutes near the largest number is run and reported, and the data are described")
  func extremes() throws {
    let plant = try Plant()
    let database = try SQLiteDatabase(path: plant.path("data/factory.sqlite"), access: .readWrite)
    try database.write { transaction in
      try transaction.execute("UPDATE work_results SET run_minutes = 1.7e308, good_quantity = 1, bad_quantity = 0 WHERE rowid % 50 = 0")
      try transaction.execute("UPDATE items SET outer_diameter = CASE rowid % 2 WHEN 0 THEN 1.7e308 ELSE -1.7e308 END WHERE rowid < 9")
    }
    try database.close()
    expect(try plant.lathe(Plant.cycle), ends: 0)
    expect(try plant.lathe("report", "1", "--format", "html"), ends: 0)
    expect(try plant.lathe("data", "describe"), ends: 0)
    expect(try plant.lathe("data", "check"), ends: 0)
  }

  @Test("is told by the log as a person reads it, and what is added is followed")
  func logLines() throws {
    let plant = try Plant()
    #expect(try plant.lathe("log").output == "")
    expect(try plant.lathe(Plant.cycle), ends: 0)
    let run = try plant.lathe("log", "--lines", "200")
    expect(run, ends: 0)
    let lines = run.output.split(separator: "\n")
    #expect(lines.contains { $0.contains(" info     cycle 1: ") } && lines.allSatisfy { $0.hasPrefix("20") && !$0.contains("{") })
    #expect(try plant.lathe("log", "-n", "2").output.split(separator: "\n") == lines.suffix(2))
    #expect(try plant.lathe("log", "--set", "logging.color=always").output.contains("\u{1B}[36minfo"))
    expect(try plant.lathe("log", "--lines=-1"), ends: 2, saying: "--lines must be an integer ≥ 0, got -1")
  }
}
