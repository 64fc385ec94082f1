import DataAccess
import Foundation
import TestSupport
import Testing

@Suite("Two commands in one workspace at once")
struct ConcurrencyTests {
  private func expectAllDone(_ running: [RunningCommand]) {
    for command in running { expect(command.outcome(), ends: 0) }
  }

  @Test("run two cycles, each with its reports and its row of the summary")
  func cycles() throws {
    let plant = try Plant()
    expectAllDone(try (0..<3).map { _ in try plant.start(Plant.cycle) })
    #expect(try plant.ledger("SELECT status FROM cycles ORDER BY cycle_id") == ["done", "done", "done"])
    let summary = try plant.text("reports/summary.csv").split(separator: "\n")
    #expect(summary.dropFirst().map { String($0.prefix(2)) }.sorted() == ["1,", "2,", "3,"], "\(summary)")
    // The same plan and data: the same figures.
    #expect(Set(summary.dropFirst().map { $0.split(separator: ",").dropFirst() }).count == 1, "\(summary)")
    for id in 1...3 {
      for ending in ["json", "csv", "md"] { #expect(try plant.state().names.contains("reports/cycle-\(id).\(ending)")) }
    }
    try plant.expectSound()
  }

  @Test("do not take a cycle that runs for one that was killed")
  func overlappingCycles() throws {
    let plant = try Plant()
    let rehearsal = try Plant().lathe(Plant.cycle).remarks
    let held = try HeldCommand(plant.command(Plant.cycle), before: "items predicted", as: rehearsal)
    try #require(held.isHeld())
    expect(try plant.lathe(Plant.cycle), ends: 0)
    #expect(try plant.ledger("SELECT status FROM cycles ORDER BY cycle_id") == ["running", "done"])
    expect(try plant.lathe("doctor"), ends: 0)
    expect(held.outcome(), ends: 0)
    #expect(try plant.ledger("SELECT status FROM cycles ORDER BY cycle_id") == ["done", "done"])
    let summary = try plant.text("reports/summary.csv").split(separator: "\n")
    #expect(summary.dropFirst().map { String($0.prefix(2)) } == ["2,", "1,"], "\(summary)")
    try plant.expectSound()
  }

  @Test("train versions of different names, and one of them serves")
  func trainings() throws {
    let plant = try Plant()
    let rehearsal = try Plant().lathe(Plant.training).remarks
    let held = try (0..<3).map { _ in try HeldCommand(plant.command(Plant.training), before: "training: 100 %", as: rehearsal) }
    for command in held { try #require(command.isHeld()) }
    // Let go together, so that two of the three name their versions within one second.
    for command in held { command.letGo() }
    for command in held { expect(command.outcome(), ends: 0) }
    let versions = try plant.versions()
    #expect(versions.count == 4)
    #expect(versions.contains { $0.hasSuffix("_2") }, "\(versions)")
    expect(try plant.lathe("models", "verify"), ends: 0)
    let noted = try plant.ledger("SELECT version FROM trainings ORDER BY version")
    #expect(noted.sorted() == versions.sorted())
    #expect(versions.contains { (try? plant.text("models/ACTIVE").contains("active \($0)\n")) == true })
    expect(try plant.lathe(Plant.cycle), ends: 0)
    try plant.expectSound()
  }

  @Test("train while a cycle runs, which goes on with the version that it began with")
  func trainingDuringCycle() throws {
    let plant = try Plant()
    let first = try plant.versions()[0]
    let rehearsal = try Plant().lathe(Plant.cycle).remarks
    let held = try HeldCommand(plant.command(Plant.cycle), before: "items by 'stratified'", as: rehearsal)
    try #require(held.isHeld())
    expect(try plant.lathe("train", "--baseline", "--as-of", "2026-04-15"), ends: 0)
    expect(held.outcome(), ends: 0)
    #expect(try plant.ledger("SELECT champion FROM cycles") == [first])
    expect(try plant.lathe(Plant.cycle), ends: 0)
    #expect(try plant.ledger("SELECT count(DISTINCT champion) FROM cycles") == ["2"])
    try plant.expectSound()
  }

  @Test("import one after the other, and the second finds all of it there")
  func imports() throws {
    let plant = try ImportPlant()
    // Both wait until they are let go together.
    var lock: FileLock? = try FileLock(path: plant.path(".source.lock"), activity: "testing")
    let running = try (0..<2).map { _ in try plant.plant.start(["data", "import"]) }
    for command in running { #expect(command.wait { $0.hasOpened(plant.path(".source.lock")) && $0.isWaiting(in: "nanosleep") }) }
    withExtendedLifetime(lock) {}
    lock = nil
    let outcomes = running.map { $0.outcome() }
    for outcome in outcomes { expect(outcome, ends: 0) }
    #expect(outcomes.count { $0.remarks.contains("nothing changed: all of it was there") } == 1)
    #expect(try plant.plant.query("data/factory.sqlite", "SELECT count(*) FROM work_results") == ["2"])
    try plant.plant.expectSound()
  }

  @Test("import while a cycle runs, which reads what was there or what is there now")
  func importDuringCycle() throws {
    let plant = try Plant()
    let rehearsal = try Plant().lathe(Plant.cycle).remarks
    try plant.write(
      "import: {sources: [{files: [data/more.csv], items: {fields: {item_code: item_code, part_type: part_type}}}]}\n", to: "lathe.yaml")
    try plant.write("item_code,part_type\nNEW,ring\n", to: "data/more.csv")
    let held = try HeldCommand(plant.command(Plant.cycle), before: "items predicted", as: rehearsal)
    try #require(held.isHeld())
    expect(try plant.lathe("data", "import"), ends: 0)
    expect(held.outcome(), ends: 0)
    #expect(try plant.query("data/factory.sqlite", "SELECT count(*) FROM items") == ["61"])
    try plant.expectSound()
  }
}
