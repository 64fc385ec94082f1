/// Why a file operation failed.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried: `write`, `rename`, …
  public var operation: String
  /// The file or folder.
  public var path: String
  /// The system's `errno`.
  public var code: Int32

  /// `cannot write 'models/…': No space left on device`.
  public var description: String { "cannot \(operation) '\(path)': \(systemMessage(code))" }
}

/// File operations that survive a power cut once they return, each with a seam for tests.
///
/// The order that makes a folder appear whole or not at all: temporary folder beside it → write → fsync each file → fsync the folder →
/// rename → fsync the parent.
struct DurableFiles: Sendable {
  /// One operation on the disk.
  enum Step: String, Sendable {
    case createFolder = "create folder"
    case create, write, sync, rename, remove
    case syncFolder = "sync folder"
  }

  /// Called before each step with its path; what it throws stands for a failure of the step, or a crash before it.
  var before: @Sendable (Step, String) throws -> Void = { _, _ in }
}
