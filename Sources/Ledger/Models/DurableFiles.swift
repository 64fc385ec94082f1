/// File operations that survive a power cut once they return, each with a seam for tests.
///
/// The order that makes a folder appear whole or not at all: temporary folder beside it → write → fsync each file → fsync the folder →
/// rename → fsync the parent.
struct DurableFiles: Sendable {
  /// One operation on the disk.
  enum Step: Sendable {
    case createFolder, create, write, sync, rename, remove, syncFolder
  }

  /// Called before each step with its path; what it throws stands for a failure of the step, or a crash before it.
  var before: @Sendable (Step, String) throws -> Void = { _, _ in }
}
