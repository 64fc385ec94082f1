import Foundation

/// A folder that is gone when the test is.
package final class TemporaryFolder: Sendable {
  /// Its path.
  package let path: String

  /// Makes an empty folder; `inMemory` where the system has a place for that, for tests that write often and do not try what a disk does.
  package init(inMemory: Bool = false) throws {
    let memory = URL(filePath: "/dev/shm")
    let usesMemory = inMemory && FileManager.default.isWritableFile(atPath: memory.path)
    let parent = usesMemory ? memory : FileManager.default.temporaryDirectory
    path = parent.appending(path: "lathe-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in the folder.
  package func path(_ name: String) -> String { path + "/" + name }
}
