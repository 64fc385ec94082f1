import Foundation

/// A folder that is gone when the test is.
package final class TemporaryFolder {
  /// Its path.
  package let path: String

  /// Makes an empty folder.
  package init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "lathe-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of `name` in the folder.
  package func path(_ name: String) -> String { path + "/" + name }
}
