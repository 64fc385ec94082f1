import Foundation
import TestSupport
import Testing

@Suite("A disk that is full", .enabled(if: Mount.isPossible, "a small disk has to be mounted, which only root may"))
struct DiskFullTests {
  /// A disk of 8 MB, and ballast on it.
  private final class SmallDisk {
    private let place: TemporaryFolder
    private let mount: Mount

    init() throws {
      place = try TemporaryFolder()
      mount = try Mount(bytes: 8 << 20, at: place.path)
    }

    /// A folder on it.
    var folder: String { place.path("plant") }

    /// Takes all its room but so many bytes.
    func fill(leaving bytes: Int) throws {
      let count = max(0, mount.freeBytes - bytes)
      let ballast = URL(filePath: place.path("ballast"))
      try Data().write(to: ballast)
      let file = try FileHandle(forWritingTo: ballast)
      try file.write(contentsOf: Data(count: count))
      try file.close()
    }

    /// Gives the room back.
    func free() throws { try FileManager.default.removeItem(atPath: place.path("ballast")) }

    deinit { mount.unmount() }
  }

  /// Tries a command with ever more room until it works. Before that it must fail with the reason, and leave the workspace as it was.
  ///
  /// - Parameters:
  ///   - mayChange: Whether a change is one that a failure may leave.
  ///   - mayTell: Whether a failure may have something to tell: a cycle that has ended and whose files could not be written.
  private func climb(
    _ disk: SmallDisk, _ plant: Plant, _ arguments: [String], mayChange: (String) -> Bool = { _ in false }, mayTell: Bool = false,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    var failures = 0
    var room = 0
    while room < 4 << 20 {
      let before = try plant.state()
      try disk.fill(leaving: room)
      let outcome = try plant.lathe(arguments)
      try disk.free()
      if outcome.exitCode == 0 { break }
      failures += 1
      expect(outcome, ends: 1, saying: "no space left", at: location)
      #expect(outcome.output == "" || mayTell && outcome.output.hasPrefix("# Cycle"), sourceLocation: location)
      let state = try plant.state()
      let changes = state.changes(since: before).filter { !mayChange($0) }
      #expect(changes == [], "with \(room) bytes free: \(outcome)", sourceLocation: location)
      #expect(state.leftovers == [], "with \(room) bytes free", sourceLocation: location)
      room = room == 0 ? 4_096 : room < 131_072 ? room + 16_384 : room * 2
    }
    #expect(failures > 1, "the disk was never full", sourceLocation: location)
    #expect(room < 4 << 20, "never done, with whatever room", sourceLocation: location)
  }

  @Test("fails an import and leaves the data as they were; with room it works", arguments: [true, false])
  func importing(isFirst: Bool) throws {
    let disk = try SmallDisk()
    let plant = try ImportPlant(in: disk.folder)
    if !isFirst { expect(try plant.lathe("data", "import"), ends: 0) }
    let rows = (10..<3_000).map { "\($0),A,turn,2026-03-01T10:00:00Z,\($0 % 50)\n" }
    try plant.writeResults(plant.results + rows.joined())
    try climb(disk, plant.plant, ["data", "import"])
    #expect(try plant.plant.query("data/factory.sqlite", "SELECT count(*) FROM work_results") == ["2992"])
    try plant.plant.expectSound()
  }

  @Test("fails training and leaves the version that serves; with room it works")
  func training() throws {
    let disk = try SmallDisk()
    let plant = try Plant(in: disk.folder)
    // A version that the ledger had no room to note is put where no reader looks.
    try climb(disk, plant, Plant.training, mayChange: { $0.hasPrefix("+ models/quarantine/") })
    #expect(try plant.versions().count == 2)
    expect(try plant.lathe("models", "verify"), ends: 0)
    expect(try plant.lathe(Plant.cycle), ends: 0)
    try plant.expectSound()
  }

  @Test("fails a cycle, which the ledger then has as failed if at all; with room it works")
  func cycle() throws {
    let disk = try SmallDisk()
    let plant = try Plant(in: disk.folder)
    // What the rooms had handed over stays in the ledger: it is how the failure can be understood.
    try climb(disk, plant, Plant.cycle, mayChange: { $0.contains(" ledger.sqlite ") }, mayTell: true)
    expect(try plant.lathe(Plant.cycle), ends: 0)
    let states = try plant.ledger("SELECT status FROM cycles ORDER BY cycle_id")
    #expect(!states.contains("running") && states.suffix(2) == ["done", "done"], "\(states)")
    for (index, state) in states.enumerated() where state == "done" { expect(try plant.lathe("report", "\(index + 1)"), ends: 0) }
    let summary = try plant.text("reports/summary.csv").split(separator: "\n")
    #expect(summary.count == states.count { $0 == "done" } + 1, "\(summary) \(states)")
    try plant.expectSound()
  }

  @Test("fails init, which leaves no workspace; with room it makes one")
  func makingWorkspace() throws {
    let disk = try SmallDisk()
    try FileManager.default.createDirectory(atPath: disk.folder, withIntermediateDirectories: true)
    let plant = try Plant(at: disk.folder, program: BuiltProgram())
    // Strategies that were written whole may stay: what makes a workspace is its settings.
    try climb(disk, plant, ["init"], mayChange: { $0.hasPrefix("+ strategies/") })
    #expect(try plant.state().names.contains("lathe.yaml"))
    expect(try plant.lathe("config", "check"), ends: 0)
    expect(try plant.lathe("strategies", "check"), ends: 0)
  }

  @Test("fails demo, which leaves no data; with room it makes them")
  func demo() throws {
    let disk = try SmallDisk()
    let plant = try Plant(.made, in: disk.folder)
    try climb(disk, plant, ["demo", "--items", "60", "--results", "1500"])
    expect(try plant.lathe("data", "check"), ends: 0)
    try plant.expectSound()
  }

  @Test("fails demo --csv, which leaves no file; with room it writes all of them")
  func demoCSV() throws {
    let disk = try SmallDisk()
    let plant = try Plant(.made, in: disk.folder)
    let other = try Plant(.made)
    let arguments = ["demo", "--items", "60", "--results", "1500", "--csv", "out"]
    expect(try other.lathe(arguments), ends: 0)
    try climb(disk, plant, arguments)
    for name in ["items.csv", "routing_operations.csv", "work_results.csv", "demo-truth.json"] {
      #expect(try plant.bytes("out/\(name)") == other.bytes("out/\(name)"))
    }
  }

  @Test("fails a switch between versions, and the old one serves")
  func activating() throws {
    let disk = try SmallDisk()
    let plant = try Plant(.retrained, in: disk.folder)
    let first = try plant.versions()[0]
    let serving = try plant.text("models/ACTIVE")
    try disk.fill(leaving: 0)
    expect(try plant.lathe("models", "activate", first), ends: 1, saying: "no space left")
    #expect(try plant.text("models/ACTIVE") == serving)
    expect(try plant.lathe("predict", "HS0000001"), ends: 0)
    try disk.free()
    expect(try plant.lathe("models", "activate", first), ends: 0)
    #expect(try plant.text("models/ACTIVE").hasPrefix("active \(first)\n"))
    try plant.expectSound()
  }
}
