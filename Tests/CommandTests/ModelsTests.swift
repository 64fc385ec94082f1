import Foundation
import Tabular
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Model versions on the command line")
struct ModelsTests {
  /// A plant whose second version serves; the versions, oldest first.
  private func twoVersions() throws -> (Plant, String, String) {
    let plant = try Plant(.retrained)
    let versions = try plant.versions()
    return (plant, versions[0], versions[1])
  }

  private func json(_ outcome: CommandOutcome) throws -> PlainValue {
    try JSONDecoder().decode(PlainValue.self, from: Data(outcome.output.utf8))
  }

  @Test("go back by one step and forth again, and the history tells of it")
  func rollback() throws {
    let (plant, first, second) = try twoVersions()
    #expect(try plant.lathe("models", "rollback", "--reason", "worse on rings").output == "\(first) serves, \(second) before\n")
    let outcome = try plant.lathe("--json", "models", "history")
    let history = try json(outcome)
    #expect(history[0]?["version"] == .text(first) && history[0]?["decision"]?["kind"] == "rollback")
    #expect(history[0]?["decision"]?["reason"] == "worse on rings" && history[0]?["decision"]?["replaced"] == .text(second))
    #expect(history[1]?["decision"]?["kind"] == "baseline" && history[1]?["until"] == history[0]?["decided_at"])
    let told = try plant.lathe("models", "history")
    #expect(told.output.contains("rollback from \(second): worse on rings"), "\(told)")
    #expect(try plant.lathe("models", "list").output.contains("< \(second)"))
    // The program's clock goes on: what is later than all decisions is served by the last one.
    let at = try plant.lathe("models", "history", "--at", "2999-01-01T00:00")
    #expect(at.output.hasPrefix("\(first) served at 2999-01-01T00:00:00Z: since ") && at.output.contains("and still does"), "\(at)")
    expect(
      try plant.lathe("models", "history", "--at", "2001-01-01T00:00"), ends: 1, saying: "no version served at 2001-01-01T00:00:00Z yet")
    expect(try plant.lathe("models", "history", "--at", "noon"), ends: 2, saying: "noon")
    expect(try plant.lathe("models", "history", "--at", "2999-01-01", "--all"), ends: 2, saying: "--all does not go with --at")
    #expect(try plant.lathe("models", "rollback").output == "\(second) serves, \(first) before\n")
    try plant.expectSound()
  }

  @Test("cannot go back when nothing served before, or when it is damaged")
  func noRollback() throws {
    expect(try Plant(.stocked).lathe("models", "rollback"), ends: 1, saying: "no model version serves yet")
    expect(try Plant().lathe("models", "rollback"), ends: 1, saying: "there is no earlier active model version", "models activate VERSION")
    let (plant, first, second) = try twoVersions()
    try plant.damage("models/\(first)/evidence.sections") { $0[$0.startIndex + 200] ^= 1 }
    let switchBefore = try plant.text("models/ACTIVE")
    expect(try plant.lathe("models", "rollback"), ends: 1, saying: first, "evidence.sections", "cannot be gone back to")
    #expect(try plant.text("models/ACTIVE") == switchBefore && switchBefore.contains(second))
  }

  @Test("that are damaged are set aside, the champion after another has taken over")
  func quarantine() throws {
    let (plant, first, second) = try twoVersions()
    try plant.damage("models/\(second)/evidence.sections") { $0[$0.startIndex + 200] ^= 1 }
    let outcome = try plant.lathe("models", "verify", "--quarantine")
    expect(outcome, ends: 0, saying: second, "evidence.sections", "\(first) serves instead")
    #expect(outcome.output.contains("\(first): sound") && outcome.output.contains("\(second): set aside"), "\(outcome)")
    #expect(outcome.output.contains("\(first) serves instead of \(second)"))
    #expect(try plant.versions() == [first] && plant.state().names.contains("models/quarantine/\(second)/evidence.sections"))
    #expect(try plant.lathe("models", "history").output.contains("\(second) was damaged"))
    expect(try plant.lathe("models", "rollback"), ends: 1, saying: "no earlier active model version")
    expect(try plant.lathe(Plant.cycle), ends: 0)
    expect(try plant.lathe("models", "verify", "--quarantine"), ends: 0)
    try plant.damage("models/\(first)/evidence.sections") { $0[$0.startIndex + 200] ^= 1 }
    expect(try plant.lathe("models", "verify", "--quarantine"), ends: 1, saying: "no other version is sound", "lathe train --baseline")
    #expect(try plant.versions() == [first])
  }

  @Test("are pinned and pruned")
  func pruning() throws {
    let (plant, first, second) = try twoVersions()
    for _ in 0..<2 { expect(try plant.lathe(Plant.training), ends: 0) }
    let all = try plant.versions()
    #expect(try plant.lathe("models", "pin", first, "--reason", "reference").output == "\(first) is pinned\n")
    #expect(try plant.lathe("models", "list").output.contains(", pinned\n"))
    let trial = try plant.lathe("models", "prune", "--keep", "1", "--dry-run")
    #expect(trial.output.contains("\(second): would be removed") && trial.output.contains("\(first): stays (pinned)"), "\(trial)")
    #expect(try plant.versions() == all)
    let pruned = try json(try plant.lathe("--json", "models", "prune", "--keep", "1"))
    #expect(pruned["removed"]?[0]?["version"] == .text(second) && pruned["kept"]?[2]?["reasons"] == ["active", "recent"])
    #expect(try plant.versions() == [all[0], all[2], all[3]])
    #expect(try plant.lathe("models", "unpin", first).output == "\(first) is no longer pinned\n")
    expect(try plant.lathe("models", "prune"), ends: 0, saying: "nothing to remove")
    expect(try plant.lathe("models", "prune", "--keep", "0"), ends: 2, saying: "--keep must be 1 or more, got 0")
    for command in ["pin", "unpin"] { expect(try plant.lathe("models", command, second), ends: 1, saying: "unknown model version") }
    try plant.expectSound()
  }

  @Test("are compared")
  func diff() throws {
    let plant = try Plant()
    expect(try plant.lathe("train", "--baseline", "--as-of", "2026-02-01"), ends: 0)
    let versions = try plant.versions()
    let outcome = try plant.lathe("models", "diff", versions[0], "--items", "40", "--top", "3")
    expect(outcome, ends: 0)
    for words in [
      "A \(versions[0])", "B \(versions[1])", "trained_until", "2026-02-01T00:00:00Z", "features the same", "evidence.sections", "40 items",
      "change %",
    ] {
      #expect(outcome.output.contains(words), "\(words) in \(outcome)")
    }
    let value = try json(try plant.lathe("--json", "models", "diff", versions[0], versions[1], "--items", "40", "--top", "3"))
    #expect(value["predictions"]?["items"] == 40 && value["predictions"]?["changes"]?[2]?["percent"] != nil)
    #expect(value["predictions"]?["changes"]?[3] == nil && value["files"]?["evidence.sections"]?["a"] != nil)
    let long = try plant.lathe("models", "diff", versions[0], "--top", "70")
    #expect(!long.output.contains("more rows") && !long.output.contains("lathe_version"), "\(long)")
    let same = try plant.lathe("models", "diff", versions[1])
    #expect(same.output.contains("5 facts the same") && !same.output.contains("change %"), "\(same)")
    expect(try plant.lathe("models", "diff", "newest"), ends: 1, saying: "unknown model version 'newest'")
    expect(try plant.lathe("models", "diff", versions[0], "--items", "0"), ends: 2, saying: "--items must be 1 to 100000")
  }

  @Test("are at hand in scripts")
  func scripts() throws {
    let (plant, first, second) = try twoVersions()
    try plant.write(
      """
      assert(models.rollback("worse") == "\(first)" and models.active() == "\(first)")
      local history = models.history()
      local now = history:column("since")[1]
      assert(history:column("version")[1] == "\(first)" and history:column("kind")[1] == "rollback")
      assert(history:column("reason")[1] == "worse" and history:column("replaced")[1] == "\(second)")
      assert(models.serving(now).version == "\(first)" and models.serving(now - 1e8) == nil)
      local diff = models.diff("\(first)", "\(second)", { items = 10, changes = 5 })
      assert(diff.predictions.items == 10 and diff.facts.kind.a == "baseline")
      assert(models.pin("\(second)", "why") and models.unpin("\(second)") and not models.unpin("\(second)"))
      assert(#models.prune { keep = 1, dry_run = true } == 0)
      for _, check in ipairs(models.tend()) do assert(check.state == "sound") end
      print(pcall(models.prune, { keep = 0 }))
      """, to: "scripts/versions.lua")
    let outcome = try plant.lathe("run", "scripts/versions.lua")
    expect(outcome, ends: 0)
    #expect(outcome.output.contains("'keep' must be 1 or more, got 0"), "\(outcome)")
  }

  @Test("serve as the history says after kill -9 at any moment of a switch or a removal", arguments: 0..<8)
  func killed(part: Int) throws {
    let (plant, first, second) = try twoVersions()
    expect(try plant.lathe(Plant.training), ends: 0)
    let begun = DispatchTime.now().uptimeNanoseconds
    expect(try plant.lathe("models", "activate", second), ends: 0)
    let lasted = Double(DispatchTime.now().uptimeNanoseconds - begun) / 1000
    for command in [["rollback"], ["activate", first], ["prune", "--keep", "1"]] {
      let running = try plant.start(["models"] + command)
      // Not to wait for something: the moment is what is tried.
      usleep(UInt32(lasted * (0.3 + 0.1 * Double(part))))
      running.send(SIGKILL)
      _ = running.outcome()
      let active = try plant.text("models/ACTIVE").split(separator: "\n")[0].dropFirst("active ".count)
      let history = try json(try plant.lathe("--json", "models", "history"))
      #expect(history[0]?["version"] == .text(String(active)))
      #expect(try plant.ledger("SELECT count(*) FROM audit WHERE outcome = 'intended'") == ["0"])
    }
    expect(try plant.lathe("models", "verify"), ends: 0)
    expect(try plant.lathe("models", "prune", "--keep", "1"), ends: 0)
    try plant.expectSound(allowingLeftovers: true)
    #expect(try plant.state().leftovers.filter { $0.hasPrefix("models/") && !$0.hasPrefix("models/quarantine/") } == [])
  }
}

extension PlainValue {
  /// An element of a list.
  fileprivate subscript(index: Int) -> PlainValue? {
    guard case .list(let values) = self, values.indices.contains(index) else { return nil }
    return values[index]
  }
}
