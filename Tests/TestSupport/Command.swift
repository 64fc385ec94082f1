package import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A command to run: what, with what words, where, and in what surroundings.
package struct Command {
  /// The program.
  package var executable: URL
  /// What follows its name.
  package var arguments: [String]
  /// The current folder.
  package var folder: String
  /// The environment, all of it.
  package var environment: [String: String]
  /// What comes on standard input.
  package var input = ""
  /// Whether remarks go where the output goes, in the order in which they were written.
  package var mergesStreams = false
  /// Where remarks go instead of being kept.
  package var remarkHandle: FileHandle?
  /// A terminal that all three streams are, instead of files.
  package var terminal: FileHandle?

  /// Makes a command.
  package init(_ executable: URL, _ arguments: [String], in folder: String, environment: [String: String]) {
    self.executable = executable
    self.arguments = arguments
    self.folder = folder
    self.environment = environment
  }

  /// Runs to the end.
  package func run() throws -> CommandOutcome { try start().outcome() }

  /// Starts, and goes on beside the caller.
  package func start() throws -> RunningCommand { try RunningCommand(self) }
}

/// What a command showed, and how it ended.
package struct CommandOutcome: CustomStringConvertible {
  /// Standard output.
  package var output: String
  /// Standard error; empty when it was merged into the output.
  package var remarks: String
  /// The exit code; of a command that a signal ended 128 and the signal's number, as in a shell.
  package var exitCode: Int32

  /// Makes an outcome; without more that of a command that did what it should and said nothing.
  package init(output: String = "", remarks: String = "", exitCode: Int32 = 0) {
    self.output = output
    self.remarks = remarks
    self.exitCode = exitCode
  }

  /// All of it.
  package var description: String { "exit code \(exitCode)\n--- output\n\(output)\n--- remarks\n\(remarks)" }
}

/// A command that was started; one that still runs when nobody knows it any more is killed.
package final class RunningCommand {
  private let process = Process()
  private let folder: TemporaryFolder

  fileprivate init(_ command: Command) throws {
    folder = try TemporaryFolder()
    // Files take however much comes, and can be read while the command writes.
    try Data(command.input.utf8).write(to: URL(filePath: folder.path("input")))
    let output = try Self.file(folder.path("output"))
    process.executableURL = command.executable
    process.arguments = command.arguments
    process.currentDirectoryURL = URL(filePath: command.folder)
    process.environment = command.environment
    process.standardInput = try command.terminal ?? FileHandle(forReadingFrom: URL(filePath: folder.path("input")))
    process.standardOutput = command.terminal ?? output
    let kept = command.mergesStreams ? output : try Self.file(folder.path("remarks"))
    process.standardError = command.terminal ?? command.remarkHandle ?? kept
    // A child begins with the mask of the thread that makes it, and a thread of a pool blocks the signals that tests send.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  private static func file(_ path: String) throws -> FileHandle {
    try Data().write(to: URL(filePath: path))
    return try FileHandle(forUpdating: URL(filePath: path))
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool { process.isRunning }

  /// Whether a signal that was sent to it has not come to it yet. The same signal sent again would be lost.
  package func hasPending(_ signal: Int32) -> Bool {
    let status = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/status") ?? Data()
    return String(decoding: status, as: UTF8.self).split(separator: "\n").contains { line in
      guard line.hasPrefix("SigPnd:") || line.hasPrefix("ShdPnd:"), let mask = UInt64(line.dropFirst(8), radix: 16) else { return false }
      return mask & (1 << (signal - 1)) != 0
    }
  }

  /// Whether it waits within the system for what `words` says, as the system names it: `pipe_write`, `nanosleep`.
  package func isWaiting(in words: String) -> Bool {
    let place = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/wchan")
    return String(decoding: place ?? Data(), as: UTF8.self).contains(words)
  }

  /// Whether it has a file open.
  package func hasOpened(_ path: String) -> Bool {
    let folder = "/proc/\(process.processIdentifier)/fd"
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return descriptors.contains { (try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + $0)) == path }
  }

  /// Standard error so far.
  package var remarks: String { text("remarks") }

  /// Standard output so far.
  package var output: String { text("output") }

  /// Sends a signal; to a command that has ended it does nothing.
  package func send(_ signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

  /// Waits until `condition` holds, or the command has ended. Gives up after a minute, so that a test that has failed ends.
  /// - Returns: Whether it holds.
  package func wait(until condition: (RunningCommand) throws -> Bool) rethrows -> Bool {
    let end = Date().addingTimeInterval(60)
    while Date() < end {
      // Looked at before the condition: what a command did last counts.
      let hasEnded = !process.isRunning
      if try condition(self) { return true }
      if hasEnded { return false }
      usleep(500)
    }
    return false
  }

  /// Waits for the end.
  package func outcome() -> CommandOutcome {
    process.waitUntilExit()
    let code = process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    return CommandOutcome(output: output, remarks: remarks, exitCode: code)
  }

  private func text(_ name: String) -> String {
    guard let data = FileManager.default.contents(atPath: folder.path(name)) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
}
