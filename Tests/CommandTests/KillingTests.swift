import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("kill -9 at any moment")
struct KillingTests {
  /// The moments of one command's work: as many as seeds, from its start to its end.
  private static let seeds: Range<UInt64> = 0..<6

  /// Runs a command and kills it after a share of the time that it takes, which the seed says.
  /// - Returns: Whether it was killed; otherwise it was done before.
  private func kill(_ plant: Plant, _ arguments: [String], lasting microseconds: Double, seed: UInt64) throws -> Bool {
    var generator = SplitMix(state: seed)
    let share = Double(generator.next() >> 11) / Double(1 << 53)
    let running = try plant.start(arguments)
    // Not to wait for something: the moment is what is tried.
    usleep(UInt32(microseconds * share))
    running.send(SIGKILL)
    let code = running.outcome().exitCode
    #expect(code == 137 || code == 0)
    return code == 137
  }

  /// How long a command takes, in microseconds.
  private static func duration(_ work: () throws -> CommandOutcome) throws -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    expect(try work(), ends: 0)
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1000
  }

  private static let cycleDuration = Result { () throws -> Double in
    let plant = try Plant()
    return try duration { try plant.lathe(Plant.cycle) }
  }
  private static let trainingDuration = Result { () throws -> Double in
    let plant = try Plant()
    return try duration { try plant.lathe(Plant.training) }
  }
  private static let importDuration = Result { () throws -> Double in
    let plant = try importPlant()
    return try duration { try plant.lathe("data", "import") }
  }

  private static func importPlant() throws -> ImportPlant {
    let plant = try ImportPlant()
    let rows = (10..<4_000).map { "\($0),A,turn,2026-03-01T10:00:00Z,\($0 % 50)\n" }
    try plant.writeResults(plant.results + rows.joined())
    return plant
  }

  @Test("closes a cycle as interrupted, and the next one works", arguments: seeds)
  func cycle(seed: UInt64) throws {
    let plant = try Plant()
    let isKilled = try kill(plant, Plant.cycle, lasting: Self.cycleDuration.get(), seed: seed)
    try plant.expectSound(allowingLeftovers: true)
    expect(try plant.lathe(Plant.cycle), ends: 0)
    try plant.expectLastCycle("done")
    let states = try plant.ledger("SELECT status FROM cycles ORDER BY cycle_id")
    if isKilled { #expect(states == ["done"] || states == ["interrupted", "done"] || states == ["done", "done"]) }
    #expect(!states.contains("running"))
    let summary = try plant.text("reports/summary.csv").split(separator: "\n")
    #expect(summary.count <= states.count + 1 && summary.count >= 2)
    let fields = summary.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }
    #expect(Set(fields).count == 1, "\(summary)")
    for name in try plant.state().names where name.hasSuffix(".json") && name.hasPrefix("reports/cycle") {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: plant.bytes(name)) }
    }
    try plant.expectSound(allowingLeftovers: true)
  }

  @Test("leaves the version that serves or a whole new one, and training works", arguments: seeds)
  func training(seed: UInt64) throws {
    let plant = try Plant()
    let before = try plant.versions()
    _ = try kill(plant, Plant.training, lasting: Self.trainingDuration.get(), seed: seed)
    expect(try plant.lathe("models", "verify"), ends: 0)
    #expect(try plant.versions().count <= 2 && Set(before).isSubset(of: plant.versions()))
    try plant.expectSound(allowingLeftovers: true)
    expect(try plant.lathe(Plant.cycle), ends: 0)
    expect(try plant.lathe(Plant.training), ends: 0)
    expect(try plant.lathe("models", "verify"), ends: 0)
    try plant.expectSound(allowingLeftovers: true)
    // What was being made is in quarantine, where a person may look at it, and nowhere else.
    #expect(try plant.state().leftovers.filter { $0.hasPrefix("models/") && !$0.hasPrefix("models/quarantine/") } == [])
  }

  @Test("while an import writes leaves data that every command can read, whichever looks first", arguments: [false, true], [true, false])
  func readersAfterKill(isFirst: Bool, isDoctorFirst: Bool) throws {
    let plant = try ImportPlant()
    if !isFirst { expect(try plant.lathe("data", "import"), ends: 0) }
    try plant.writeManyResults()
    let running = try plant.plant.start(["data", "import"])
    try #require(running.wait { _ in plant.isWriting })
    running.send(SIGKILL)
    try #require(running.outcome().exitCode == 137)
    if isDoctorFirst { try plant.plant.expectSound(allowingLeftovers: true) }
    let check = try plant.lathe("data", "check")
    let whole = isFirst ? ["there is no factory data yet", "\n0 items, 0 routing operations, 0 results"] : [" 2 results"]
    #expect(whole.contains { (check.output + check.remarks).contains($0) }, "\(check)")
    expect(try plant.lathe("data", "import"), ends: 0)
    try plant.plant.expectSound()
  }

  @Test("leaves the data as they were or as they are to be, and importing again works", arguments: seeds, [false, true])
  func importing(seed: UInt64, isFirst: Bool) throws {
    let plant = try Self.importPlant()
    if !isFirst {
      let all = try plant.plant.text("data/results.csv")
      try plant.writeResults(plant.results)
      expect(try plant.lathe("data", "import"), ends: 0)
      try plant.writeResults(all)
    }
    _ = try kill(plant.plant, ["data", "import"], lasting: Self.importDuration.get(), seed: seed)
    let hasDatabase = try plant.state().names.contains("data/factory.sqlite")
    if hasDatabase || !isFirst {
      // The next command that reads takes back what was half written.
      let check = try plant.lathe("data", "check")
      let told = [
        "there is no factory data yet", "\n0 items, 0 routing operations, 0 results", "\n2 items, 0 routing operations, 3992 results",
      ]
      let whole = isFirst ? told : ["\n2 items, 0 routing operations, 2 results", "\n2 items, 0 routing operations, 3992 results"]
      #expect(whole.contains { (check.output + check.remarks).contains($0) }, "\(check)")
    }
    expect(try plant.lathe("data", "import"), ends: 0)
    #expect(try plant.plant.query("data/factory.sqlite", "SELECT count(*) FROM work_results") == ["3992"])
    try plant.plant.expectSound(allowingLeftovers: true)
  }
}

/// A small generator whose seed says everything.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
