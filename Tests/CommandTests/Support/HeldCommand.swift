import Foundation
import TestSupport

#if canImport(Glibc)
  import Glibc
#endif

/// A command that stands still just before it writes a certain remark, until it is let go: its remarks go into a pipe that is full then.
///
/// So a test acts at a moment of a command's work that it chooses, without a race.
final class HeldCommand {
  /// The command.
  let running: RunningCommand
  private let reader: FileHandle
  private let filled: Int
  private let before: Int
  private var remarks = Data()

  /// Starts a command that will be held.
  /// - Parameters:
  ///   - text: Part of the first remark that it cannot write.
  ///   - rehearsal: The remarks of the same command in a workspace of the same state: what comes before `text` is counted in them.
  init(_ command: Command, before text: String, as rehearsal: String) throws {
    let lines = rehearsal.split(separator: "\n", omittingEmptySubsequences: false)
    guard let line = lines.firstIndex(where: { $0.contains(text) }) else { throw NoPlace(description: "no '\(text)' in:\n\(rehearsal)") }
    before = lines[..<line].reduce(0) { $0 + $1.utf8.count + 1 }
    let pipe = Pipe()
    reader = pipe.fileHandleForReading
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    // One page: it takes what there is room for in it, and then nothing until all of it was read.
    let capacity = Int(fcntl(descriptor, setPipeSize, 4096))
    filled = capacity - before - 1
    guard filled >= 0 else { throw NoPlace(description: "\(before) bytes come before '\(text)', \(capacity) are the most") }
    pipe.fileHandleForWriting.write(Data(repeating: UInt8(ascii: " "), count: filled))
    var held = command
    held.remarkHandle = pipe.fileHandleForWriting
    running = try held.start()
    try pipe.fileHandleForWriting.close()
  }

  /// Waits until it stands still.
  /// - Returns: Whether it does; otherwise it has ended.
  func isHeld() -> Bool {
    running.wait { command in
      var count: Int32 = 0
      _ = ioctl(reader.fileDescriptor, UInt(FIONREAD), &count)
      return Int(count) == filled + before && command.isWaiting(in: "pipe_write")
    }
  }

  /// Lets it go on, as far as the pipe takes what it writes: some 4,000 bytes.
  func letGo() { remarks += reader.availableData }

  /// Lets it go on, and waits for its end.
  func outcome() -> CommandOutcome {
    // Ends when the last process that could write has ended.
    remarks += reader.readDataToEndOfFile()
    var outcome = running.outcome()
    outcome.remarks = String(decoding: remarks.dropFirst(filled), as: UTF8.self)
    return outcome
  }

  /// `F_SETPIPE_SZ` of Linux, which Glibc's module does not have.
  private let setPipeSize: Int32 = 1031

  private struct NoPlace: Error, CustomStringConvertible {
    var description: String
  }
}
