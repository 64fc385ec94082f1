import Foundation
import TestSupport

#if canImport(Glibc)
  import Glibc
#endif

/// A terminal with a test at its keys and a command behind it.
final class PseudoTerminal {
  private let keys: FileHandle
  private let running: RunningCommand
  private var shown = ""

  /// Starts a command at a terminal of its own.
  ///
  /// - Parameter kind: What the command takes the terminal for.
  init(_ command: Command, kind: String = "dumb") throws {
    let main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (locked, number): (Int32, Int32) = (0, 0)
    guard main >= 0, ioctl(main, setLock, &locked) == 0, ioctl(main, getNumber, &number) == 0 else { throw NoTerminal() }
    let side = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    guard side >= 0 else { throw NoTerminal() }
    _ = fcntl(main, F_SETFL, O_NONBLOCK)
    _ = fcntl(main, F_SETFD, FD_CLOEXEC)
    keys = FileHandle(fileDescriptor: main, closeOnDealloc: true)
    let terminal = FileHandle(fileDescriptor: side, closeOnDealloc: true)
    var command = command
    command.terminal = terminal
    command.environment["TERM"] = kind
    running = try command.start()
    try terminal.close()
  }

  /// Types a text.
  func type(_ text: String) { keys.write(Data(text.utf8)) }

  /// Sends a signal to the command.
  func send(_ signal: Int32) { running.send(signal) }

  /// Waits until `text` was shown after all that was waited for before, or the command has ended.
  /// - Returns: Whether it was shown.
  func shows(_ text: String) -> Bool {
    running.wait { _ in
      read()
      guard let found = shown.firstRange(of: text) else { return false }
      shown = String(shown[found.upperBound...])
      return true
    }
  }

  /// What was shown and not waited for.
  var rest: String { shown }

  /// Waits for the end.
  func exitCode() -> Int32 {
    _ = running.wait { _ in
      read()
      return false
    }
    return running.outcome().exitCode
  }

  private func read() {
    var block = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(keys.fileDescriptor, &block, block.count)
      if count <= 0 { return }
      // A terminal ends lines with two characters that Swift takes for one.
      shown += String(decoding: block[..<count].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
  }

  /// `TIOCSPTLCK` and `TIOCGPTN` of Linux, which Glibc's module does not have.
  private let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

  private struct NoTerminal: Error, CustomStringConvertible { let description = "no pseudo-terminal can be had" }
}
