import Foundation
import TestSupport

#if canImport(Glibc)
  import Glibc
#endif

/// A file system of a test's own: small, or one that may only be read. It is gone with this value at the latest.
final class Mount {
  /// Where it is.
  let path: String
  private var isMounted = false

  /// Whether this process may mount.
  static let isPossible: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder(), let mount = try? Mount(bytes: 65_536, at: folder.path) else { return false }
    mount.unmount()
    return true
  }()

  /// Whether the rights of files bind this process.
  static let isOrdinaryUser = geteuid() != 0

  /// Mounts an empty disk of so many bytes.
  init(bytes: Int, at path: String) throws {
    self.path = path
    try Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path])
    isMounted = true
  }

  /// Lets a folder be read only, with everything in it.
  init(readOnly path: String) throws {
    self.path = path
    try Self.run("/bin/mount", ["--bind", path, path])
    isMounted = true
    try Self.run("/bin/mount", ["-o", "remount,bind,ro", path])
  }

  /// Takes it away.
  func unmount() {
    guard isMounted else { return }
    isMounted = false
    // Lazily: a command that was just killed may not have let go of its files yet.
    try? Self.run("/bin/umount", ["--lazy", path])
  }

  deinit { unmount() }

  /// Bytes that are free.
  var freeBytes: Int {
    (try? FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize] as? Int) ?? 0
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let outcome = try Command(URL(filePath: program), arguments, in: "/", environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]).run()
    if outcome.exitCode != 0 { throw NoMount(description: "\(program) \(arguments.joined(separator: " ")): \(outcome)") }
  }

  private struct NoMount: Error, CustomStringConvertible {
    var description: String
  }
}
