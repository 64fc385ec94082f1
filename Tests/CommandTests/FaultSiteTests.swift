import Foundation
import TestSupport
import Testing

/// Every place in a retraining at which the disk may fail, or the process be killed, one after the other: from reading the results to the switch,
/// SQLite's own calls included. `LATHE_FAULTS=all` in the environment tries every failure at every place.
@Suite("A retraining that is struck at a call of the system", .enabled(if: FaultShim.path != nil, "a C compiler is needed"))
struct FaultSiteTests {
  /// Takes whoever there is, so that each trial comes to a deployment.
  private static let policy = """
    return {
      interface = 1,
      summary = "Takes the first challenger, whatever it is worth.",
      decide = function(ctx) return { winner = ctx.candidates[1].name, reasons = {} } end,
    }
    """
  private static func retraining(_ asOf: String) -> [String] {
    ["train", "--candidates", "baseline", "--policy", "first", "--as-of", asOf, "--set", "comparison.min_rows=10"]
  }
  private static let all = ProcessInfo.processInfo.environment["LATHE_FAULTS"] == "all"
  /// Trials go side by side in so many parts.
  private static let parts = 4

  private static func plant() throws -> Plant {
    let plant = try Plant()
    try plant.write(policy, to: "strategies/comparison/first.lua")
    return plant
  }

  /// Number of calls of a retraining that nothing happens to.
  private static let sites = Result { () throws -> Int in
    let plant = try Self.plant()
    let counted = try FaultShim.command(plant, retraining("2026-05-01"), at: 0, mode: "", count: plant.path("../count"))
    #expect(try counted.run().output.contains("serves now"))
    return try #require(Int(try plant.text("../count")))
  }

  /// Strikes once, and looks whether all that was promised holds.
  private func trial(_ site: Int, _ mode: String) throws {
    let plant = try Self.plant()
    let before = try plant.versions()
    let outcome = try FaultShim.command(plant, Self.retraining("2026-05-01"), at: site, mode: mode).run()
    let isKilled = mode.hasPrefix("kill")
    let place = Comment(rawValue: "\(mode) at call \(site): \(outcome)")
    #expect(outcome.exitCode == 0 || outcome.exitCode == (isKilled ? 137 : 1), place)
    #expect(isKilled || outcome.exitCode == 0 || !outcome.remarks.isEmpty, place)

    // What serves is whole: the version of before, or the new one.
    expect(try plant.lathe("models", "verify"), ends: 0)
    let versions = try plant.versions()
    #expect(Set(before).isSubset(of: versions) && versions.count <= before.count + 1, place)
    let deployed = try plant.ledger("SELECT version AS value FROM verdicts WHERE version IS NOT NULL")
    // What was acknowledged is there, what is in the ledger is too, and a verdict was kept before anything changed.
    if outcome.exitCode == 0 { #expect(versions.count == before.count + 1 && deployed.count == 1, place) }
    #expect(Set(deployed).isSubset(of: versions), place)
    if versions.count > before.count { #expect(try plant.ledger("SELECT count(*) AS value FROM verdicts") == ["1"], place) }

    // And the next one works, after which nothing half made is left but in quarantine.
    let next = try plant.lathe(["--quiet"] + Self.retraining("2026-05-20"))
    #expect(next.exitCode == 0 && next.output.contains("serves now"), "\(place)\nthen \(next)")
    let leftovers = try plant.state().leftovers.filter { !$0.hasPrefix("models/quarantine/") }
    #expect(leftovers == [], place)
  }

  @Test("by kill -9 is as before or done, and the next one works", arguments: 0..<parts)
  func killed(part: Int) throws {
    let sites = try Self.sites.get()
    #expect(sites > 100)
    for site in stride(from: 1 + part, through: sites, by: Self.parts) {
      try trial(site, "kill")
      if Self.all { try trial(site, "killafter") }
    }
  }

  @Test("by a failure of the disk says so, is as before or done, and the next one works", arguments: 0..<parts)
  func failing(part: Int) throws {
    let modes = ["EIO", "ENOSPC", "short"]
    for site in stride(from: 1 + part, through: try Self.sites.get(), by: Self.parts) {
      for (number, mode) in modes.enumerated() where Self.all || site % (2 * modes.count) == number { try trial(site, mode) }
    }
  }
}

/// What makes calls fail, compiled for the tests.
enum FaultShim {
  private static let made = Result { () throws -> (folder: TemporaryFolder, path: String) in
    let folder = try TemporaryFolder()
    let source = try BuiltProgram().repository.appending(path: "Tests/FaultShim/faults.c").path
    let environment = ProcessInfo.processInfo.environment
    for compiler in ["/usr/bin/cc", "/usr/bin/clang"] + (environment["PATH"] ?? "").split(separator: ":").map({ "\($0)/clang" })
    where FileManager.default.isExecutableFile(atPath: compiler) {
      let command = Command(
        URL(filePath: compiler), ["-shared", "-fPIC", "-O1", "-o", folder.path("faults.so"), source, "-ldl"], in: folder.path("."),
        environment: environment)
      if try command.run().exitCode == 0 { return (folder, folder.path("faults.so")) }
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// The library; `nil` where nothing can compile it.
  static var path: String? { try? made.get().path }

  /// A command of which the call number `site` on files of the workspace is struck.
  static func command(_ plant: Plant, _ arguments: [String], at site: Int, mode: String, count: String? = nil) throws -> Command {
    var command = plant.command(["--quiet"] + arguments)
    command.environment["LD_PRELOAD"] = try made.get().path
    command.environment["FAULT_FOLDER"] = plant.folder
    command.environment["FAULT_AT"] = "\(site)"
    command.environment["FAULT_MODE"] = mode
    if let count { command.environment["FAULT_COUNT"] = count }
    return command
  }
}
