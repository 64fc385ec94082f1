import DataAccess
import Foundation
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("Damaged and old versions")
struct ModelTendingTests {
  private let fixture: RegistryFixture
  private let versions: [String]
  private var registry: ModelRegistry { fixture.registry }
  private var models: ModelStore { fixture.models }

  init() throws {
    let fixture = try RegistryFixture()
    self.fixture = fixture
    versions = try (0..<5).map { _ in try fixture.models.createSmall() }
    for version in [versions[0], versions[3]] { try fixture.registry.activate(version, by: ServingDecision(.activate)) }
  }

  @Test("are told of when looked at, and nothing is changed")
  func checked() throws {
    try fixture.damage(versions[3])
    let checks = try models.check()
    #expect(checks.map(\.version) == versions && checks.map(\.state) == [.sound, .sound, .sound, .damaged, .sound])
    #expect(checks[0].files == 2 && checks[3].message?.contains("notes.txt") == true)
    #expect(try models.list() == versions && models.active()?.version == versions[3])
    #expect(throws: ModelStoreError.self) { try models.check(["version_20200101_000000"]) }
    #expect(try models.check([versions[1]]).map(\.state) == [.sound])
  }

  @Test("are set aside; in place of the one in force the one before it serves, else the newest sound one", arguments: [false, true])
  func setAside(isPreviousDamaged: Bool) throws {
    try fixture.damage(versions[3])
    if isPreviousDamaged {
      for damaged in [0, 4] { try fixture.damage(versions[damaged]) }
    }
    let good = isPreviousDamaged ? versions[2] : versions[0]
    let checks = try registry.tend()
    let damaged = isPreviousDamaged ? [0, 3, 4] : [3]
    #expect(checks.indices.filter { checks[$0].state == .quarantined } == damaged)
    #expect(checks[3].replacedBy == good && checks.count { $0.replacedBy != nil } == 1)
    #expect(
      try models.active() == ActiveModel(version: good)
        && models.list() == versions.indices.filter { !damaged.contains($0) }.map { versions[$0] })
    #expect(try fixture.leftovers() == damaged.map { versions[$0] })
    let entry = try #require(try registry.history().first)
    #expect(entry.version == good && entry.decision.kind == .quarantine && entry.decision.replaced == versions[3])
    #expect(entry.decision.words.contains("\(versions[3]) was damaged: ") && entry.decision.words.contains("notes.txt"))
    #expect(try registry.tend().allSatisfy { $0.state == .sound })
  }

  @Test("stay in force when no other is sound")
  func noOther() throws {
    for version in versions { try fixture.damage(version) }
    let checks = try registry.tend()
    #expect(checks.map(\.state) == [.quarantined, .quarantined, .quarantined, .damaged, .quarantined])
    #expect(checks[3].message?.contains("train one with 'lathe train --baseline'") == true)
    #expect(try models.active() == ActiveModel(version: versions[3]) && models.list() == [versions[3]])
  }

  @Test("that are in force and whose folder is gone give way too")
  func gone() throws {
    try FileManager.default.removeItem(atPath: models.path(of: versions[3]))
    #expect(try models.check().last?.state == .gone)
    let check = try #require(try registry.tend().last)
    #expect(check.state == .gone && check.replacedBy == versions[0])
    #expect(try models.active() == ActiveModel(version: versions[0]))
  }

  @Test("do not serve, whatever step of setting them aside fails; the next time does the rest")
  func tendingFaults() throws {
    for failing in 0... {
      let fixture = try RegistryFixture()
      let versions = try (0..<2).map { _ in try fixture.models.createSmall() }
      for version in versions { try fixture.registry.activate(version, by: ServingDecision(.activate)) }
      try fixture.damage(versions[1])
      let count = Mutex(0)
      let failingRegistry = fixture.registry(
        DurableFiles { step, _ in
          let number = count.withLock {
            $0 += 1
            return $0 - 1
          }
          if number >= failing { throw StepFault(step: step) }
        })
      let isWhole = (try? failingRegistry.tend()) != nil
      _ = try fixture.registry.tend()
      #expect(try fixture.models.active() == ActiveModel(version: versions[0]) && fixture.models.list() == [versions[0]])
      #expect(try fixture.told() == [versions[0], versions[1], versions[0]])
      #expect(try fixture.leftovers() == [versions[1]] && fixture.ledger.unsettled().isEmpty)
      if isWhole {
        #expect(failing > 5)
        return
      }
    }
  }

  @Test("are pruned but the active, the previous, the pinned, the newest and the damaged ones")
  func pruning() throws {
    let newest = try (0..<3).map { _ in try models.createSmall() }
    try registry.pin(versions[1], reason: "the year's reference")
    try fixture.damage(newest[2])
    try FileManager.default.removeItem(atPath: models.path(of: newest[2]) + "/notes.txt")
    let trial = try registry.prune(keep: 1, isTrial: true)
    #expect(trial.removed.map(\.version) == [versions[2], versions[4], newest[0]] && trial.removed.allSatisfy { $0.bytes > 100 })
    #expect(trial.kept.map(\.reasons) == [["previous"], ["pinned"], ["active"], ["recent"], ["damaged"]])
    #expect(try models.list().count == 8)
    #expect(try registry.prune(keep: 1, isTrial: false) == trial)
    #expect(try models.list() == [versions[0], versions[1], versions[3], newest[1], newest[2]] && fixture.leftovers() == [])
    #expect(try registry.prune(keep: 1, isTrial: false).removed.isEmpty)
    let noted = try fixture.ledger.database.read(
      "SELECT subject FROM audit WHERE action = 'remove' AND outcome = 'done' ORDER BY audit_id", as: [("subject", .text)])
    #expect((0..<noted.rowCount).map { noted.columns[0].text($0) } == trial.removed.map(\.version))
    #expect(try registry.unpin(versions[1]) && !registry.unpin(versions[1]))
    #expect(try registry.prune(keep: 1, isTrial: false).removed.map(\.version) == [versions[1]])
  }

  @Test("can be pinned with a reason, one at a time, when there are such")
  func pins() throws {
    #expect(throws: ModelStoreError.self) { try registry.pin("version_20200101_000000") }
    #expect(throws: ModelStoreError.self) { try registry.unpin("version_20200101_000000") }
    try registry.pin(versions[2])
    try registry.pin(versions[2], reason: "why")
    #expect(try fixture.ledger.pinnedVersions() == [PinnedVersion(version: versions[2], reason: "why", pinnedAt: fixture.time())])
    try FileManager.default.removeItem(atPath: models.path(of: versions[2]))
    #expect(try registry.unpin(versions[2]))
  }

  @Test(
    "are whole or out of sight, whatever step of their removal fails; the next removal or sweep does the rest", arguments: [true, false])
  func pruningFaults(isSwept: Bool) throws {
    for failing in 0... {
      let fixture = try RegistryFixture()
      let versions = try (0..<4).map { _ in try fixture.models.createSmall() }
      try fixture.registry.activate(versions[3], by: ServingDecision(.activate))
      let count = Mutex(0)
      let failingRegistry = fixture.registry(
        DurableFiles { step, _ in
          let number = count.withLock {
            $0 += 1
            return $0 - 1
          }
          if number >= failing { throw StepFault(step: step) }
        })
      let isWhole = (try? failingRegistry.prune(keep: 2, isTrial: false)) != nil
      for version in try fixture.models.list() { try fixture.models.verify(version) }
      if isSwept { #expect(try fixture.models.sweep() == []) }
      _ = try fixture.registry.prune(keep: 2, isTrial: false)
      #expect(try fixture.models.list() == Array(versions.suffix(2)) && fixture.ledger.unsettled().isEmpty)
      #expect(try fixture.leftovers() == [])
      if isWhole && failing > 7 { return }
      #expect(failing < 50)
    }
  }

  @Test("are not removed while one is made: the removal waits, and takes no version that came into force meanwhile")
  func making() async throws {
    final class Sign: Sendable { let isSeen = Mutex(false) }
    let (registry, oldest, sign) = (registry, versions[1], Sign())
    // As who makes a version holds it.
    var making: FileLock? = try FileLock(path: models.folder + "/" + ModelStore.lockName, shared: true, activity: "making a version")
    async let outcome = registry.prune(
      keep: 1, isTrial: false,
      shouldStop: {
        sign.isSeen.withLock { $0 = true }
        return false
      })
    // It has looked at the lock, and found it taken.
    while !sign.isSeen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    #expect(try models.list() == versions && making != nil)
    try registry.activate(oldest, by: ServingDecision(.activate))
    making = nil
    let pruning = try await outcome
    #expect(pruning.kept.map(\.version) == [versions[1], versions[3], versions[4]])
    #expect(try models.active() == ActiveModel(version: oldest, previous: versions[3]))
  }
}
