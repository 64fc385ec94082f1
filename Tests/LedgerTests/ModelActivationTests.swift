import FoundationEssentials
import Synchronization
import Tabular
import Testing

@testable import Ledger

@Suite("The active model version")
struct ModelActivationTests {
  @Test("is switched, kept with the one before, and taken back")
  func switching() throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let (first, second) = (try store.createSmall(), try store.createSmall())
      #expect(throws: ModelStoreError.noPrevious) { try store.rollback() }
      #expect(try store.activate(first) == ActiveModel(version: first))
      #expect(throws: ModelStoreError.noPrevious) { try store.rollback() }
      #expect(try store.activate(second) == ActiveModel(version: second, previous: first))
      #expect(try store.activate(second) == ActiveModel(version: second, previous: first))
      #expect(try ModelStore(folder: folder).active() == ActiveModel(version: second, previous: first))
      #expect(try store.rollback() == ActiveModel(version: first, previous: second))
      #expect(try store.rollback() == ActiveModel(version: second, previous: first))
    }
  }

  @Test("stays when a damaged one is to take its place, and the one before serves when it is damaged itself")
  func damage() throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let (first, second) = (try store.createSmall(), try store.createSmall())
      try store.activate(first)
      #expect(try store.serving()?.manifest.version == first)
      let notes = store.path(of: second) + "/notes.txt"
      try write(Array("Words".utf8), to: notes)
      #expect(throws: ModelStoreError.self) { try store.activate(second) }
      #expect(try store.active() == ActiveModel(version: first))

      try write(Array("words".utf8), to: notes)
      try store.activate(second)
      try write(Array("wor".utf8), to: notes)
      let serving = try #require(try store.serving())
      #expect(serving.manifest.version == first)
      #expect(
        serving.refused?.description == "model version '\(second)' is damaged and refused: notes.txt: 3 bytes, expected 5")
      try FileManager.default.removeItem(atPath: store.path(of: first))
      #expect(throws: ModelStoreError.self) { try store.serving() }
    }
  }

  @Test("is not guessed from a switch with a changed byte, and can be set anew")
  func flips() throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let (first, second) = (try store.createSmall(), try store.createSmall())
      try store.activate(first)
      try store.activate(second)
      let path = folder + "/ACTIVE"
      let sound = try bytes(of: path)
      try withEachByteFlipped(in: path) { _ in
        #expect(throws: ModelStoreError.damagedSwitch(path: path)) { try store.active() }
      }
      for count in sound.indices {
        try write(Array(sound[..<count]), to: path)
        #expect(throws: ModelStoreError.damagedSwitch(path: path)) { try store.active() }
      }
      #expect(try store.activate(first) == ActiveModel(version: first))
    }
  }

  @Test("is the old or the new one when any step of the switch fails or the process dies before it", arguments: [true, false])
  func faults(isCrash: Bool) throws {
    for failing in 0... {
      let isOver = try inTemporaryFolder { folder in
        let sound = ModelStore(folder: folder)
        let (first, second) = (try sound.createSmall(), try sound.createSmall())
        try sound.activate(first)
        let count = Mutex(0)
        let store = ModelStore(
          folder: folder,
          files: DurableFiles { step, _ in
            let number = count.withLock {
              $0 += 1
              return $0 - 1
            }
            if number == failing || isCrash && number > failing { throw StepFault(step: step) }
          })
        var failure: StepFault?
        do { try store.activate(second) } catch let error as StepFault { failure = error }
        let old = ActiveModel(version: first)
        let new = ActiveModel(version: second, previous: first)
        let active = try #require(try sound.active())
        guard let failure else {
          #expect(active == new)
          return true
        }
        #expect(active == (failure.step == .syncFolder ? new : old))
        let swept = try sound.sweep()
        #expect(swept.isEmpty || isCrash && swept == ["activating"])
        #expect(try sound.active() == active)
        #expect(try sound.activate(second) == new)
        return false
      }
      if isOver {
        #expect(failing >= 5)
        return
      }
    }
  }

  @Test("is never a mix for those who read while it is switched")
  func readers() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-models-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let store = ModelStore(folder: folder)
    let (first, second) = (try store.createSmall(), try store.createSmall())
    try store.activate(first)
    try store.activate(second)
    let allowed: Set = [ActiveModel(version: first, previous: second), ActiveModel(version: second, previous: first)]
    // Each does its share and ends: with fewer threads than tasks, none waits for another.
    try await withThrowingTaskGroup(of: Set<ActiveModel>.self) { group in
      for _ in 0..<4 {
        group.addTask { try Set((0..<1000).map { _ in try #require(try store.active()) }) }
        group.addTask {
          for _ in 0..<50 { try store.rollback() }
          return []
        }
      }
      for try await seen in group { #expect(seen.isSubset(of: allowed)) }
    }
    #expect(try store.active() == ActiveModel(version: second, previous: first))
  }
}
