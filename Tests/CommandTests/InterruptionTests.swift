import DataAccess
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Ctrl-C")
struct InterruptionTests {
  /// A cycle that asks for retraining, so that every room has something to do.
  private static let cycle = Plant.cycle + ["--set", "thresholds.mae_max=0.01", "--set", "trigger.parameters.cooldown_hours=0"]
  /// What such a cycle writes to stderr.
  private static let rehearsal = Result { () throws -> String in
    let outcome = try Plant().lathe(cycle)
    expect(outcome, ends: 0, saying: "training job 1 is pending")
    return outcome.remarks
  }

  /// Expects that a cycle was interrupted and left everything such that the next one works.
  private func expectInterrupted(_ plant: Plant, _ outcome: CommandOutcome, in room: String) throws {
    expect(outcome, ends: 130, saying: "interrupted; nothing is half done")
    #expect(outcome.output == "")
    try plant.expectLastCycle("interrupted", saying: "interrupted in room '\(room)'")
    #expect(try plant.ledger("SELECT count(*) FROM cycles WHERE finished_at IS NULL") == ["0"])
    #expect(try plant.state().names.filter { $0.hasPrefix("reports/") } == [])
    expect(try plant.lathe(Self.cycle), ends: 0)
    try plant.expectLastCycle("done")
    try plant.expectSound()
    let summary = try plant.text("reports/summary.csv").split(separator: "\n")
    #expect(summary.count == 2 && summary[1].hasPrefix("2,"), "\(summary)")
    #expect(try plant.ledger("SELECT count(*) FROM jobs") == ["1"])
  }

  /// A room, and the remark before which a cycle that is about to enter it can be held.
  private static let doors = [
    ("sampling", "cycle 1: "), ("prediction", "items by 'stratified'"), ("evaluation", "items predicted"),
    ("measurement", "operations compared"),
    ("trigger", "HIGH_MAE"), ("queueing", "'threshold': retrain"), ("reporting", "training job 1 is pending"),
  ]

  @Test("at the door of a room ends the cycle there", arguments: doors)
  func atDoor(room: String, remark: String) throws {
    let plant = try Plant()
    let held = try HeldCommand(plant.command(Self.cycle), before: remark, as: Self.rehearsal.get())
    try #require(held.isHeld(), "\(held.outcome())")
    held.running.send(SIGINT)
    try expectInterrupted(plant, held.outcome(), in: room)
  }

  @Test("a second time ends a cycle at once, and the next one closes it")
  func twice() throws {
    let plant = try Plant()
    let held = try HeldCommand(plant.command(Self.cycle), before: "items predicted", as: Self.rehearsal.get())
    try #require(held.isHeld(), "\(held.outcome())")
    held.running.send(SIGINT)
    #expect(held.running.wait { !$0.hasPending(SIGINT) })
    held.running.send(SIGINT)
    #expect(held.outcome().exitCode == 130)
    try plant.expectLastCycle("running")
    expect(try plant.lathe(Plant.cycle), ends: 0)
    #expect(try plant.ledger("SELECT status FROM cycles ORDER BY cycle_id") == ["interrupted", "done"])
    #expect(try plant.ledger("SELECT failure FROM cycles WHERE cycle_id = 1") == ["its process ended after room prediction"])
    try plant.expectSound()
  }

  @Test(
    "within a room ends the cycle there, also while it reads the factory's data",
    arguments: [("sampling", "cycle 1: "), ("prediction", "items by 'stratified'"), ("evaluation", "items predicted")])
  func withinRoom(room: String, remark: String) throws {
    let plant = try Plant()
    let held = try HeldCommand(plant.command(Self.cycle), before: remark, as: Self.rehearsal.get())
    try #require(held.isHeld(), "\(held.outcome())")
    // The room's first look at the data waits for the lock.
    let lock = try ExclusiveLock(plant.path("data/factory.sqlite"))
    held.letGo()
    #expect(held.running.wait { $0.isWaiting(in: "nanosleep") })
    held.running.send(SIGINT)
    lock.release()
    let outcome = held.outcome()
    expect(outcome, ends: 130, saying: "interrupted; nothing is half done")
    try plant.expectLastCycle("interrupted", saying: "interrupted in room '")
    #expect(try plant.state().names.filter { $0.hasPrefix("reports/") } == [])
    expect(try plant.lathe(Self.cycle), ends: 0)
    try plant.expectSound()
  }

  @Test(
    "stops a strategy that would go on for ever, and the cycle with it", arguments: [("sampling", "--strategy"), ("triggers", "--rule")])
  func strategy(folder: String, option: String) throws {
    let plant = try Plant()
    try plant.write(
      """
      return {
        interface = 1,
        summary = "Never ends.",
        decide = function(ctx)
          print("it has begun")
          while true do pcall(function() while true do end end) end
        end,
      }
      """, to: "strategies/\(folder)/endless.lua")
    let running = try plant.start(Plant.cycle + [option, "endless"])
    #expect(running.wait { $0.remarks.contains("it has begun") })
    running.send(SIGINT)
    try expectInterrupted(plant, running.outcome(), in: folder == "sampling" ? "sampling" : "trigger")
  }

  @Test("while a prediction is tried again ends the cycle, not the tries")
  func retries() throws {
    let plant = try Plant()
    let held = try HeldCommand(plant.command(Self.cycle), before: "items by 'stratified'", as: Self.rehearsal.get())
    try #require(held.isHeld(), "\(held.outcome())")
    try plant.change("data/factory.sqlite", "ALTER TABLE routing_operations RENAME TO gone")
    held.letGo()
    #expect(held.running.wait { $0.isWaiting(in: "nanosleep") })
    held.running.send(SIGINT)
    let outcome = held.outcome()
    try plant.change("data/factory.sqlite", "ALTER TABLE gone RENAME TO routing_operations")
    try expectInterrupted(plant, outcome, in: "prediction")
  }

  @Test("during training leaves the version that serves, and no other")
  func training() throws {
    let plant = try Plant()
    let rehearsal = try Plant().lathe(Plant.training).remarks
    let before = try plant.state()
    let held = try HeldCommand(plant.command(Plant.training), before: "training: ", as: rehearsal)
    try #require(held.isHeld(), "\(held.outcome())")
    held.running.send(SIGINT)
    let outcome = held.outcome()
    expect(outcome, ends: 130, saying: "interrupted; nothing is half done")
    #expect(outcome.output == "")
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe(Plant.training), ends: 0)
    #expect(try plant.versions().count == 2)
    try plant.expectSound()
  }

  @Test("during an import leaves the data as it was", arguments: [false, true])
  func importing(isFirst: Bool) throws {
    let plant = try ImportPlant()
    if !isFirst { expect(try plant.lathe("data", "import"), ends: 0) }
    try plant.writeManyResults()
    let before = try plant.state()
    let running = try plant.plant.start(["data", "import"])
    try #require(running.wait { _ in plant.isWriting })
    running.send(SIGINT)
    let outcome = running.outcome()
    expect(outcome, ends: 130, saying: "interrupted; nothing is half done")
    #expect(outcome.output == "")
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe("data", "import"), ends: 0)
    #expect(try plant.plant.query("data/factory.sqlite", "SELECT count(*) FROM work_results") == ["119992"])
  }

  @Test("ends an import that waits for another one, and leaves no database")
  func waitingImport() throws {
    let plant = try ImportPlant()
    let before = try plant.state()
    let lock = try FileLock(path: plant.path(".source.lock"), activity: "testing")
    let running = try plant.plant.start(["data", "import"])
    #expect(running.wait { $0.hasOpened(plant.path(".source.lock")) && $0.isWaiting(in: "nanosleep") })
    running.send(SIGINT)
    expect(running.outcome(), ends: 130, saying: "interrupted; nothing is half done")
    withExtendedLifetime(lock) {}
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("while demo data are made leaves no database")
  func demo() throws {
    let plant = try Plant(.made)
    let before = try plant.state()
    let running = try plant.start(["demo", "--items", "2000", "--results", "200000"])
    #expect(running.wait { $0.remarks.contains("making results: ") })
    running.send(SIGINT)
    expect(running.outcome(), ends: 130, saying: "interrupted; nothing is half done")
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe("demo", "--items", "60", "--results", "1500"), ends: 0)
  }

  @Test("while demo data are made as CSV leaves no half file")
  func demoCSV() throws {
    let plant = try Plant(.made)
    let running = try plant.start(["demo", "--items", "2000", "--results", "200000", "--csv", "out"])
    #expect(running.wait { _ in (try? plant.state().names.contains { $0.hasPrefix("out/.work_results.csv") }) == true })
    running.send(SIGINT)
    expect(running.outcome(), ends: 130, saying: "interrupted; nothing is half done")
    #expect(try plant.state().leftovers == [])
    #expect(!(try plant.state().names.contains("out/work_results.csv")))
  }

  @Test(
    "ends a script, and a cycle that a script runs",
    arguments: ["while true do pcall(function() while true do end end) end", "cycle.run({ as_of = time.parse('2026-05-01') })"])
  func script(code: String) throws {
    let plant = try Plant()
    try plant.write(
      "return { interface = 1, summary = \"Never ends.\", decide = function()\n  print(\"it has begun\")\n  while true do end\nend }\n",
      to: "strategies/triggers/endless.lua")
    try plant.write("print('it has begun')\n" + code + "\nprint('over')\n", to: "scripts/loop.lua")
    let isCycle = code.hasPrefix("cycle")
    try plant.write("trigger: {rule: endless}\n", to: "lathe.yaml")
    let running = try plant.start(["run", "scripts/loop.lua"])
    #expect(running.wait { (isCycle ? $0.remarks : $0.output).contains("it has begun") })
    running.send(SIGINT)
    let outcome = running.outcome()
    expect(outcome, ends: 130, saying: "interrupted")
    #expect(!outcome.output.contains("over"))
    if isCycle { try plant.expectLastCycle("interrupted") }
    try plant.write("", to: "lathe.yaml")
    expect(try plant.lathe(Plant.cycle), ends: 0)
    try plant.expectSound()
  }

  @Test("at the prompt ends what runs, not the session")
  func prompt() throws {
    let plant = try Plant()
    let terminal = try PseudoTerminal(plant.command(["repl"]))
    try #require(terminal.shows("lathe> "), "\(terminal.rest)")
    terminal.type("print('it has ' .. 'begun') while true do end\n")
    try #require(terminal.shows("it has begun"), "\(terminal.rest)")
    terminal.send(SIGINT)
    #expect(terminal.shows("interrupted"), "\(terminal.rest)")
    #expect(terminal.shows("lathe> "), "\(terminal.rest)")
    // A line that was begun is dropped.
    terminal.type("error('not dropp' .. 'ed')")
    try #require(terminal.shows("'ed')"), "\(terminal.rest)")
    terminal.type("\u{3}")
    terminal.type("print(6 * 7)\n")
    #expect(terminal.shows("\n42"), "\(terminal.rest)")
    terminal.type("exit\n")
    #expect(terminal.exitCode() == 0)
    #expect(!terminal.rest.contains("not dropped"))
  }

  @Test("ends a session whose input is a file, with the code of an interruption")
  func fileAtPrompt() throws {
    let plant = try Plant()
    let running = try plant.start(["repl"], input: "print('it has begun')\nwhile true do end\n")
    #expect(running.wait { $0.output.contains("it has begun") })
    running.send(SIGINT)
    expect(running.outcome(), ends: 130, saying: "interrupted")
  }
}
