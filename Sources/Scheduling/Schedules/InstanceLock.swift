import DataAccess
import Foundation

/// A lock that only one process has at a time, in a file that says which: its number.
///
/// The system frees it when the process ends, however it ends; a file that stays says nothing by itself.
public final class InstanceLock: Sendable {
  private let lock: FileLock
  private let path: String

  /// Takes the lock at `path`, or throws ``InstanceHeld`` at once when another process has it.
  public init(path: String, activity: String) throws {
    do throws(DataAccessError) { lock = try FileLock(path: path, activity: activity) } catch {
      guard error.kind == .locked else { throw error }
      let text = FileManager.default.contents(atPath: path).map { String(decoding: $0.prefix(20), as: UTF8.self) } ?? ""
      throw InstanceHeld(path: path, activity: activity, process: Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
    self.path = path
    // Not replaced by rename: the lock is on this very file. Who reads it between these two steps learns the number a moment later.
    try Data("\(getpid())\n".utf8).write(to: URL(filePath: path))
  }

  deinit { try? Data().write(to: URL(filePath: path)) }
}

/// Another process has the lock.
public struct InstanceHeld: Error, Hashable, CustomStringConvertible {
  /// The lock's file.
  public let path: String
  /// What the lock is for.
  public let activity: String
  /// Number of the process that has it; `nil` when it has not said yet.
  public let process: Int32?

  /// Who has it, and what to do.
  public var description: String {
    "\(path): \(process.map { "process \($0)" } ?? "another process") is \(activity) already; end it first, or leave it to it"
  }
}
