import DataAccess
import Foundation
import TestSupport
import Testing

/// A command that reads or writes a database, for tests of what it says about one that is wrong.
private let readers: [[String]] = [Plant.cycle, Plant.training, ["predict", "HS0000001"], ["data", "check"]]

@Suite("A factory database that cannot be used")
struct DatabaseFaultTests {
  private let file = "data/factory.sqlite"

  @Test("is named when it was cut short, by each command, and nothing is begun", arguments: [100, 5_000, 8_192, 100_000])
  func truncated(bytes: Int) throws {
    let plant = try Plant()
    try plant.damage(file) { $0 = $0.prefix(bytes) }
    let before = try plant.state()
    for arguments in readers {
      expect(try plant.lathe(arguments), ends: 1, saying: plant.path(file), "damaged or cut short", "restore it from a backup")
    }
    let doctor = try plant.lathe("doctor")
    #expect(doctor.exitCode == 1 && doctor.output.contains("BAD source"), "\(doctor)")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("is named when it is something else", arguments: ["Case 1,Turning,Machine 4\n", "SQLite format 3", "x"])
  func notADatabase(text: String) throws {
    let plant = try Plant()
    try plant.write(String(repeating: text, count: 100), to: file)
    let before = try plant.state()
    for arguments in readers + [["demo", "--items", "60", "--results", "1500"]] {
      expect(try plant.lathe(arguments), ends: 1, saying: plant.path(file), "not a SQLite database")
    }
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("is named when it is a folder, or has no tables")
  func noTables() throws {
    let plant = try Plant()
    try plant.remove(file)
    try FileManager.default.createDirectory(atPath: plant.path(file), withIntermediateDirectories: true)
    for arguments in readers { expect(try plant.lathe(arguments), ends: 1, saying: plant.path(file), "it is a folder") }
    try plant.remove(file)
    try plant.write("", to: file)
    for arguments in readers { expect(try plant.lathe(arguments), ends: 1, saying: plant.path(file)) }
  }

  @Test("is found damaged by doctor and data check when a page within was overwritten")
  func overwritten() throws {
    let plant = try Plant()
    try plant.damage(file) { content in for offset in 40_960..<49_152 { content[offset] = UInt8(truncatingIfNeeded: offset &* 7) } }
    expect(try plant.lathe("data", "check"), ends: 1, saying: plant.path(file), "damaged")
    let doctor = try plant.lathe("doctor")
    #expect(doctor.exitCode == 1 && doctor.output.contains("BAD source"), "\(doctor)")
  }

  @Test(
    "is waited for while another process writes it, and named when that does not end",
    arguments: [Plant.cycle, ["predict", "HS0000001"]])
  func locked(arguments: [String]) throws {
    let plant = try Plant()
    let before = try plant.state()
    let lock = try ExclusiveLock(plant.path(file))
    expect(try plant.lathe(arguments), ends: 1, saying: plant.path(file), "in use by another process", "try again")
    lock.release()
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe(arguments), ends: 0)
  }

  @Test("is used as soon as another process has let go of it")
  func releasedInTime() throws {
    let plant = try Plant()
    let lock = try ExclusiveLock(plant.path(file))
    let cycle = try plant.start(Plant.cycle)
    #expect(cycle.wait { $0.hasOpened(plant.path(file)) })
    lock.release()
    expect(cycle.outcome(), ends: 0)
    try plant.expectLastCycle("done")
  }

  @Test("that an import finds locked is left as it is")
  func lockedImport() throws {
    let plant = try ImportPlant()
    expect(try plant.lathe("data", "import"), ends: 0)
    let before = try plant.state()
    try plant.writeResults(plant.results + "3,A,turn,2026-04-11T10:00:00Z,6\n")
    let lock = try ExclusiveLock(plant.path(file))
    expect(try plant.lathe("data", "import"), ends: 1, saying: plant.path(file), "in use by another process")
    lock.release()
    #expect(try plant.state().changes(since: before).allSatisfy { $0.hasPrefix("~ data/results.csv") })
    expect(try plant.lathe("data", "import"), ends: 0)
  }

  @Test(
    "on a disk that may only be read is read, but not written", .enabled(if: Mount.isPossible, "mounting needs root"))
  func readOnlyDisk() throws {
    let plant = try ImportPlant()
    expect(try plant.lathe("data", "import"), ends: 0)
    try plant.writeResults(plant.results + "3,A,turn,2026-04-11T10:00:00Z,6\n")
    let before = try plant.state()
    let mount = try Mount(readOnly: plant.path("data"))
    expect(try plant.lathe("data", "import"), ends: 1, saying: plant.path("data"), "may only be read")
    expect(try plant.lathe("data", "check"), ends: 0)
    #expect(try plant.state().changes(since: before) == [])
    mount.unmount()
    expect(try plant.lathe("data", "import"), ends: 0)
  }

  @Test(
    "without the right to write it is not written",
    .enabled(if: Mount.isOrdinaryUser, "rights do not bind root: see the disk that may only be read"))
  func readOnlyFile() throws {
    let plant = try ImportPlant()
    expect(try plant.lathe("data", "import"), ends: 0)
    let before = try plant.state()
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: plant.path(file))
    expect(try plant.lathe("data", "import"), ends: 1, saying: plant.path(file), "rights")
    #expect(try plant.state().changes(since: before) == [])
  }
}

@Suite("A ledger that cannot be used")
struct LedgerFaultTests {
  /// Commands that need the ledger; training last, because it could leave something.
  private static let users: [[String]] = [Plant.cycle, ["history"], Plant.training]

  /// Damages a ledger, and says with which words that is told.
  struct Damage: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var words: [String]
    var apply: @Sendable (Plant) throws -> Void
  }

  private static let damages = [
    Damage(testDescription: "another file", words: ["not a SQLite database"]) { try $0.write("garbage", to: "ledger.sqlite") },
    Damage(testDescription: "cut within a page", words: ["damaged or cut short"]) { plant in
      try plant.damage("ledger.sqlite") { $0 = $0.prefix(5_000) }
    },
    Damage(testDescription: "cut between pages", words: ["damaged or cut short"]) { plant in
      try plant.damage("ledger.sqlite") { $0 = $0.prefix(40_960) }
    },
    Damage(testDescription: "a newer version's", words: ["a newer version of the program made it"]) { plant in
      try plant.change("ledger.sqlite", "INSERT INTO grdb_migrations VALUES ('99 from the future')")
    },
    Damage(testDescription: "a folder", words: ["it is a folder"]) { plant in
      try plant.remove("ledger.sqlite")
      try FileManager.default.createDirectory(atPath: plant.path("ledger.sqlite"), withIntermediateDirectories: true)
    },
  ]

  @Test("stops cycles and training before they have done anything", arguments: damages)
  func damaged(damage: Damage) throws {
    let plant = try Plant()
    expect(try plant.lathe(Plant.cycle), ends: 0)
    try damage.apply(plant)
    let before = try plant.state()
    for arguments in Self.users {
      let outcome = try plant.lathe(arguments)
      expect(outcome, ends: 1, saying: plant.path("ledger.sqlite"))
      for word in damage.words { #expect(outcome.remarks.contains(word), "'\(word)' is not in:\n\(outcome)") }
      // No version, no switch to another, no report.
      #expect(try plant.state().changes(since: before) == [], "after \(arguments)")
    }
    let doctor = try plant.lathe("doctor")
    #expect(doctor.exitCode == 1 && doctor.output.contains("BAD ledger"), "\(doctor)")
    #expect(doctor.output.contains("ok  model versions"), "\(doctor)")
    expect(try plant.lathe("predict", "HS0000001"), ends: 0)
  }

  @Test("because a page within was overwritten stops training without a trace")
  func overwritten() throws {
    let plant = try Plant()
    expect(try plant.lathe(Plant.cycle), ends: 0)
    // All pages but the first, which has the schema.
    try plant.damage("ledger.sqlite") { content in
      for offset in 4_096..<content.count { content[offset] = UInt8(truncatingIfNeeded: offset &* 7) }
    }
    let before = try plant.state()
    for arguments in Self.users {
      expect(try plant.lathe(arguments), ends: 1, saying: plant.path("ledger.sqlite"), "damaged")
      #expect(try plant.state().changes(since: before) == [], "after \(arguments)")
    }
  }

  @Test("because another process holds it fails cycle and training, and the next ones work", arguments: [Plant.cycle, Plant.training])
  func locked(arguments: [String]) throws {
    let plant = try Plant()
    let before = try plant.state()
    let lock = try ExclusiveLock(plant.path("ledger.sqlite"))
    expect(try plant.lathe(arguments), ends: 1, saying: plant.path("ledger.sqlite"), "in use by another process")
    lock.release()
    #expect(try plant.state().changes(since: before) == [])
    expect(try plant.lathe(arguments), ends: 0)
  }

  @Test("because its disk may only be read fails cycle and training", .enabled(if: Mount.isPossible, "mounting needs root"))
  func readOnlyDisk() throws {
    let plant = try Plant()
    let before = try plant.state()
    let mount = try Mount(readOnly: plant.folder)
    expect(try plant.lathe(Plant.cycle), ends: 1, saying: plant.folder, "may only be read")
    expect(try plant.lathe(Plant.training), ends: 1, saying: plant.folder, "may only be read")
    expect(try plant.lathe("predict", "HS0000001"), ends: 0)
    #expect(try plant.state().changes(since: before) == [])
    mount.unmount()
    expect(try plant.lathe(Plant.cycle), ends: 0)
  }
}
