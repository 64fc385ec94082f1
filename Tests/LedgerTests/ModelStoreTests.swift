import FoundationEssentials
import Glibc
import Synchronization
import Tabular
import Testing

@testable import Ledger

/// A folder of its own for one test, removed afterwards.
func inTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-models-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

func bytes(of path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

/// Flips a bit of each byte of a file in turn, calls `body`, and flips it back. In place: rewriting a file that often takes seconds.
func withEachByteFlipped(in path: String, _ body: (Int) throws -> Void) throws {
  let sound = try bytes(of: path)
  let file = try Descriptor(opening: path, O_WRONLY, activity: "open")
  for position in sound.indices {
    for byte in [sound[position] ^ 1 << UInt8(position % 8), sound[position]] {
      var byte = byte
      try #require(pwrite(file.raw, &byte, 1, position) == 1)
      if byte != sound[position] { try body(position) }
    }
  }
}

let noon = Timestamp(microseconds: 1_330_605_000_250_000)  // 2012-03-01T12:30:00.25Z

func describe(_ kind: String = "baseline") -> ModelDescription {
  ModelDescription(
    kind: kind, trainedUntil: noon, since: nil, features: [.init(name: "part/type", kind: "categorical", weight: 1.5)],
    metrics: ["mae": 2.25, "cv": nil], parameters: ["codes": ["A", 3]], strategyDigests: ["threshold": "ab"], latheVersion: "0.1.0")
}

extension ModelStore {
  @discardableResult
  func createSmall(_ text: String = "words") throws -> String {
    try create(describe(), at: noon) { draft in
      try draft.write([Section("numbers", [1, 2, 3] as [Float]), Section(texts: "names", ["a", "재질", ""])], to: "index.sections")
      try draft.write(text, to: "notes.txt")
    }
  }
}

/// A step on the disk that a test lets fail.
struct StepFault: Error {
  let step: DurableFiles.Step
}

@Suite("Model versions")
struct ModelStoreTests {
  @Test("are named by their second, in UTC, and listed in the order they were made")
  func names() throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder + "/models")
      #expect(try store.list() == [])
      #expect(try store.active() == nil)
      for _ in 1...11 { try store.createSmall() }
      let stem = "version_20120301_123000"
      #expect(try store.list() == [stem] + (2...11).map { "\(stem)_\($0)" })
      let manifest = try store.verify(stem + "_11")
      #expect(manifest.createdAt == noon && manifest.description == describe())
      #expect(manifest.files.map(\.name) == ["index.sections", "notes.txt"])
      // printf words | sha256sum
      #expect(
        manifest.files[1].byteCount == 5 && manifest.files[1].sha256 == "dba36bffa5cab0f922d087a3aeb179f9d4e745df40b323e1b1471402848c8a3e")
    }
  }

  @Test(
    "are refused when any byte of any file is changed, and the file is named", arguments: ["index.sections", "notes.txt", "manifest.json"])
  func flips(file: String) throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let version = try store.createSmall()
      let path = store.path(of: version) + "/" + file
      try withEachByteFlipped(in: path) { position in
        let error = #expect(throws: ModelStoreError.self) { try store.verify(version) }
        guard case .damaged(version, let damages)? = error else {
          Issue.record("byte \(position) of \(file): \(String(describing: error))")
          return
        }
        #expect(damages.map(\.file) == [file])
        if file == "manifest.json" { #expect(throws: ModelStoreError.self) { try store.manifest(of: version) } }
      }
      try store.verify(version)
    }
  }

  @Test("are refused when a file is cut short, missing, added, or another version's")
  func otherDamage() throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let version = try store.createSmall()
      let notes = store.path(of: version) + "/notes.txt"
      func damage() -> String {
        do {
          try store.verify(version)
          return "none"
        } catch { return "\(error)" }
      }
      let prefix = "model version '\(version)' is damaged and refused: "
      try write(Array("word".utf8), to: notes)
      #expect(damage() == prefix + "notes.txt: 4 bytes, expected 5")
      try FileManager.default.removeItem(atPath: notes)
      #expect(damage() == prefix + "notes.txt: missing")
      try FileManager.default.createSymbolicLink(atPath: notes, withDestinationPath: "/etc/passwd")
      #expect(damage() == prefix + "notes.txt: missing")
      try FileManager.default.removeItem(atPath: notes)
      try write(Array("sword".utf8), to: notes)
      #expect(damage().hasPrefix(prefix + "notes.txt: SHA-256 is "))
      try write(Array("words".utf8), to: notes)
      try write([1], to: store.path(of: version) + "/more.bin")
      #expect(damage() == prefix + "more.bin: not named in the manifest")
      try FileManager.default.removeItem(atPath: store.path(of: version) + "/more.bin")
      #expect(damage() == "none")
      try FileManager.default.copyItem(atPath: store.path(of: version), toPath: store.path(of: version) + "_2")
      #expect(throws: ModelStoreError.damaged(version: version + "_2", [.init(file: "manifest.json", reason: .otherVersion(version))])) {
        try store.verify(version + "_2")
      }
      try FileManager.default.removeItem(atPath: store.path(of: version) + "/manifest.json")
      #expect(damage() == prefix + "manifest.json: missing")
      #expect(try store.list() == [version, version + "_2"])
    }
  }

  @Test(
    "that do not exist get the nearest name, and no path is a name",
    arguments: ["version_20120301_123001", "../x", "", "version_1_2", "ACTIVE"])
  func unknown(name: String) throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let version = try store.createSmall()
      let error = #expect(throws: ModelStoreError.self) { try store.activate(name) }
      #expect(error == .unknownVersion(name, known: [version]))
      if name.hasSuffix("1") {
        #expect(error?.description == "unknown model version '\(name)'; did you mean '\(version)'?")
      }
    }
  }

  @Test("appear whole or not at all when any step fails or the process dies before it", arguments: [true, false])
  func faults(isCrash: Bool) throws {
    for failing in 0... {
      let isOver = try inTemporaryFolder { folder in
        try ModelStore(folder: folder).createSmall("the first")
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
        do { try store.createSmall("the second") } catch let error as StepFault { failure = error }
        let sound = ModelStore(folder: folder)
        let versions = try sound.list()
        for version in versions { try sound.verify(version) }
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(".creating") }
        guard let failure else {
          #expect(versions.count == 2 && leftovers.isEmpty)
          return true
        }
        if !isCrash { #expect(leftovers.isEmpty, "step \(failing)") }
        // Only the sync after the rename can fail with the version there already.
        #expect(versions.count == 1 || failure.step == .syncFolder && leftovers.isEmpty)

        #expect(try sound.sweep().count == leftovers.count)
        #expect(try sound.list() == versions)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(".creating") }.isEmpty)
        if !leftovers.isEmpty {
          #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/quarantine").count == leftovers.count)
        }
        try sound.verify(try sound.createSmall())
        return false
      }
      if isOver {
        #expect(failing > 8)
        return
      }
    }
  }

  @Test("made at once by many get names of their own, and are whole")
  func simultaneous() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lathe-models-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let names = try await withThrowingTaskGroup(of: [String].self) { group in
      for worker in 0..<8 {
        group.addTask { try (0..<8).map { try ModelStore(folder: folder).createSmall("\(worker) \($0)") } }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    let store = ModelStore(folder: folder)
    #expect(Set(names).count == 64)
    #expect(try Set(store.list()) == Set(names))
    for name in names { try store.verify(name) }
  }

  @Test("in the making are not swept")
  func sweepWaits() throws {
    try inTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      let version = try store.create(describe(), at: noon) { draft in
        try draft.write("half", to: "a.txt")
        #expect(try store.sweep() == [])
        try draft.write("whole", to: "b.txt")
      }
      try store.verify(version)
      #expect(try store.sweep() == [])
    }
  }

  @Test("leave nothing when what writes them fails")
  func writerFails() throws {
    try inTemporaryFolder { (folder: String) throws -> Void in
      struct Refusal: Error {}
      let store = ModelStore(folder: folder)
      #expect(throws: Refusal.self) {
        _ = try store.create(describe(), at: noon) { draft in
          try draft.write("half", to: "a.txt")
          throw Refusal()
        }
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [".lock"])
    }
  }
}
