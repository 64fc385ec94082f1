import DataAccess
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Files")
struct AtomicFileTests {
  let folder = TemporaryFolder()

  @Test("replaces a file's content, keeps its rights, and leaves no temporary file")
  func replaces() throws {
    let path = folder.file("report.json")
    try AtomicFile.write("old", to: path)
    chmod(path, 0o640)
    try AtomicFile.write("new content", to: path)
    #expect(String(decoding: try AtomicFile.read(path), as: UTF8.self) == "new content")
    var status = stat()
    stat(path, &status)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(folder.names == ["report.json"])
  }

  @Test("writes through a symbolic link and keeps the link")
  func followsLink() throws {
    try AtomicFile.write("old", to: folder.file("target"))
    symlink("target", folder.file("link"))
    try AtomicFile.write("new", to: folder.file("link"))
    #expect(String(decoding: try AtomicFile.read(folder.file("target")), as: UTF8.self) == "new")
    var status = stat()
    lstat(folder.file("link"), &status)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test("says which file has no folder, or is one")
  func failures() throws {
    let error = try #require(throws: DataAccessError.self) { try AtomicFile.write("x", to: folder.file("no/where")) }
    #expect(error.kind == .noSuchFile && error.path == folder.file("no/where"))
    #expect(throws: DataAccessError.self) { try AtomicFile.write("x", to: folder.path) }
    #expect(throws: DataAccessError.self) { try AtomicFile.read(folder.file("nothing")) }
    #expect(folder.names.isEmpty)
  }

  @Test("gives a reader the old or the new content, never a part")
  func atomicUnderReaders() async throws {
    let path = folder.file("version")
    let texts = [String(repeating: "a", count: 100_000), String(repeating: "b", count: 70_000)]
    try AtomicFile.write(texts[0], to: path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for round in 0..<50 { try AtomicFile.write(texts[round % 2], to: path) } }
      group.addTask {
        for _ in 0..<200 {
          let content = String(decoding: try AtomicFile.read(path), as: UTF8.self)
          #expect(texts.contains(content))
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("lets one hold a lock at a time, several a shared one, and the next when it is released")
  func locks() throws {
    let path = folder.file("lock")
    var first: FileLock? = try FileLock(path: path, activity: "running a cycle")
    let error = try #require(throws: DataAccessError.self) { try FileLock(path: path, activity: "running a cycle") }
    #expect(error.kind == .locked)
    #expect(error.description.contains("in use by another process, while running a cycle"))
    withExtendedLifetime(first) {}
    first = nil
    let shared = try FileLock(path: path, shared: true, activity: "reading")
    let second = try FileLock(path: path, shared: true, activity: "reading")
    #expect(throws: DataAccessError.self) { try FileLock(path: path, activity: "writing") }
    withExtendedLifetime((shared, second)) {}
  }
}
