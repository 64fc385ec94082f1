import DataAccess
import Foundation
import Synchronization
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("The history of what serves")
struct ModelRegistryTests {
  private let fixture: RegistryFixture
  private let first: String
  private let second: String
  private var registry: ModelRegistry { fixture.registry }

  init() throws {
    fixture = try RegistryFixture()
    (first, second) = (try fixture.models.createSmall(), try fixture.models.createSmall())
  }

  private func activate(_ version: String) throws { try registry.activate(version, by: ServingDecision(.activate)) }

  @Test("tells each decision with what it replaced, until when it served, and what served at any moment")
  func entries() throws {
    #expect(try registry.history().isEmpty && registry.serving(at: fixture.time()) == nil)
    let before = fixture.time()
    try registry.activate(first, by: ServingDecision(.baseline))
    try registry.activate(second, insteadOf: first, by: ServingDecision(.verdict, verdict: 12, policy: "min_improvement"))
    try activate(second)
    try registry.rollback(reason: "worse on rings")
    let entries = try registry.history()
    #expect(entries.map(\.version) == [first, second, first] && entries.allSatisfy { $0.outcome == .done })
    #expect(entries.map(\.decision.kind) == [.rollback, .verdict, .baseline])
    #expect(entries.map(\.decision.replaced) == [second, first, nil])
    #expect(entries.map(\.until) == [nil, entries[0].decidedAt, entries[1].decidedAt])
    #expect(entries.map(\.decision.words)[1] == "verdict 12 of 'min_improvement'")
    #expect(entries.map(\.decision.words)[0] == "rollback from \(second): worse on rings")
    for entry in entries {
      #expect(try registry.serving(at: entry.decidedAt) == entry)
      #expect(try registry.serving(at: entry.decidedAt.advanced(bySeconds: 0.5)) == entry)
    }
    #expect(try registry.serving(at: before) == nil)
  }

  @Test("does not tell of a decision whose process died before the switch was turned, nor of one that was refused")
  func killedBefore() throws {
    try activate(first)
    // What a process leaves that dies between its note and the switch.
    var decision = ServingDecision(.activate)
    (decision.replaced, decision.previous) = (first, first)
    _ = try fixture.ledger.intend("activate", second, decision, at: fixture.time())
    let entries = try registry.history()
    #expect(entries.map(\.version) == [second, first] && entries.map(\.outcome) == [.failed, .done])
    #expect(entries[0].failure == "its process ended before it was done" && entries[1].until == nil)
    #expect(try registry.serving(at: fixture.time(before: -100))?.version == first)
    // Settled once and for all: that the same version comes into force later changes nothing about it.
    try activate(second)
    #expect(try registry.history().map(\.outcome) == [.done, .failed, .done])
    try fixture.damage(first)
    #expect(throws: ModelStoreError.self) { try activate(first) }
    #expect(try fixture.told() == [second, first])
  }

  @Test("tells of a decision whose process died after the switch was turned, whoever comes next", arguments: [true, false])
  func killedAfter(isLookedAt: Bool) throws {
    try activate(first)
    var decision = ServingDecision(.activate)
    (decision.replaced, decision.previous) = (first, first)
    _ = try fixture.ledger.intend("activate", second, decision, at: fixture.time())
    try fixture.models.activate(second)
    if isLookedAt { #expect(try fixture.told() == [second, first]) }
    try registry.rollback()
    #expect(try fixture.told() == [first, second, first])
    #expect(try registry.history().allSatisfy { $0.outcome == .done })
  }

  @Test("agrees with the switch whatever step of an activation or a rollback fails", arguments: [true, false])
  func faults(isRollback: Bool) throws {
    try activate(first)
    if isRollback { try activate(second) }
    let (old, new) = isRollback ? (second, first) : (first, second)
    for failing in 0... {
      let count = Mutex(0)
      let failingRegistry = fixture.registry(
        DurableFiles { step, _ in
          let number = count.withLock {
            $0 += 1
            return $0 - 1
          }
          if number == failing { throw StepFault(step: step) }
        })
      var failure: StepFault?
      do {
        if isRollback { try failingRegistry.rollback() } else { try failingRegistry.activate(new, by: ServingDecision(.activate)) }
      } catch let error as StepFault { failure = error }
      let active = try #require(try fixture.models.active()?.version)
      #expect(active == (failure == nil || failure?.step == .syncFolder ? new : old))
      #expect(try fixture.told().first == active && fixture.ledger.unsettled().isEmpty)
      let entry = try #require(try registry.history().first)
      #expect(entry.version == new && entry.outcome == (active == new ? .done : .failed))
      if active == old { #expect(entry.failure?.contains("StepFault") == true) }
      if failure == nil {
        #expect(failing >= 5)
        return
      }
      if active == new { try registry.rollback() }
    }
  }

  @Test("says so when something is in force that the ledger knows no decision of")
  func found() throws {
    try fixture.models.activate(first)
    let entry = try #require(try registry.history().first)
    #expect(entry.version == first && entry.decision.kind == .found)
    #expect(try registry.history().count == 1)
    try activate(second)
    #expect(try fixture.told() == [second, first])
  }

  @Test("keeps what was noted before decisions had outcomes; the switch tells of the last one", arguments: [true, false])
  func migration(isTurned: Bool) throws {
    let path = fixture.folder.path("old.sqlite")
    do {
      let database = try SQLiteDatabase(path: path, access: .readWrite)
      try database.migrate(Array(Ledger.migrations.prefix { $0.identifier != "decisions about versions" }))
      let refused = "version_20200101_000000"
      let notes: [(version: String, detail: String?)] = [
        (first, nil), (refused, "instead of \(first)"), (second, "instead of \(first), by verdict"), (first, "instead of \(second)"),
      ]
      try database.write { transaction in
        for (number, note) in notes.enumerated() {
          try transaction.execute(
            "INSERT INTO audit (at, action, subject, detail) VALUES (?, 'activate', ?, ?)",
            [.timestamp(noon.advanced(bySeconds: Double(number))), .text(note.version), note.detail.map(Cell.text) ?? .missing])
        }
        try transaction.execute(
          """
          INSERT INTO verdicts (as_of, champion, winner, policy, sha256, version, value, decided_at)
          VALUES (0, ?, 'forest', 'best', 'ab', ?, '{}', 0)
          """, [.text(first), .text(second)])
      }
    }
    for version in isTurned ? [first, second, first] : [first, second] { try fixture.models.activate(version) }
    let old = ModelRegistry(models: fixture.models, ledger: try Ledger(path: path), now: { noon })
    let entries = try old.history()
    #expect(entries.map(\.outcome) == [isTurned ? .done : .failed, .done, .failed, .done])
    #expect(entries[1].decision.words == "verdict 1 of 'best'" && entries[1].decision.replaced == first)
    #expect(entries[1].until == (isTurned ? noon.advanced(bySeconds: 3) : nil) && entries[3].until == noon.advanced(bySeconds: 2))
  }

  @Test("is told as far as it was settled while the switch is damaged")
  func damagedSwitch() throws {
    try activate(first)
    try activate(second)
    try write(Array("active".utf8), to: fixture.models.folder + "/ACTIVE")
    #expect(try fixture.told() == [second, first])
    #expect(throws: ModelStoreError.damagedSwitch(path: fixture.models.folder + "/ACTIVE")) { try registry.rollback() }
    try activate(first)
    #expect(try fixture.told() == [first, second, first])
    #expect(try registry.history().first?.decision.replaced == nil && fixture.models.active() == ActiveModel(version: first))
  }

  @Test("is one line of descent when several activate at once")
  func races() async throws {
    let third = try fixture.models.createSmall()
    let registry = registry
    try await withThrowingTaskGroup(of: Void.self) { group in
      for version in [first, second, third] {
        group.addTask { for _ in 0..<10 { try registry.activate(version, by: ServingDecision(.activate)) } }
      }
      try await group.waitForAll()
    }
    let entries = try registry.history()
    let active = try fixture.models.active()?.version
    #expect(entries.allSatisfy { $0.outcome == .done } && entries.first?.version == active)
    for (entry, before) in zip(entries, entries.dropFirst()) { #expect(entry.decision.replaced == before.version) }
    #expect(entries.last?.decision.replaced == nil)
  }

  @Test("refuses a rollback to a version that is damaged or gone, and says what to do")
  func rollbackRefused() throws {
    #expect(throws: ModelStoreError.noPrevious) { try registry.rollback() }
    try activate(first)
    try activate(second)
    try fixture.damage(first)
    let error = #expect(throws: ModelStoreError.self) { try registry.rollback() }
    #expect(error?.description.contains("\(first), which served before, cannot be gone back to: ") == true)
    #expect(error?.description.contains("notes.txt") == true && error?.description.hasSuffix("puts another in force") == true)
    try FileManager.default.removeItem(atPath: fixture.models.path(of: first))
    #expect(throws: ModelStoreError.self) { try registry.rollback() }
    #expect(try fixture.models.active() == ActiveModel(version: second, previous: first))
    #expect(try fixture.told() == [second, first])
  }
}
