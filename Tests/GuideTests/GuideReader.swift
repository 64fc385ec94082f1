import Foundation
import TestSupport

/// Someone who follows a guide: with a folder that looks like a checkout, a shell, and the program that was built with the tests.
struct GuideReader {
  private let folder: TemporaryFolder
  private let repository: URL
  private let program: URL

  /// Where the reader is now.
  private(set) var current: String

  /// What a command showed, and how it ended.
  struct Outcome {
    var output: String
    var exitCode: Int32
  }

  /// Comes to a new checkout.
  init() throws {
    folder = try TemporaryFolder()
    repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    // The tests' program lies beside the product, whatever the build folder is.
    let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let arguments = CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
    let places = [beside] + arguments + [repository.appending(path: ".build/debug")]
    guard let place = places.first(where: { FileManager.default.isExecutableFile(atPath: $0.appending(path: "lathe").path) }) else {
      throw GuideFault("there is no program 'lathe' beside the tests: build it first")
    }
    program = place.appending(path: "lathe")
    current = folder.path
    let config = repository.appending(path: "config").path
    try FileManager.default.createSymbolicLink(atPath: folder.path("config"), withDestinationPath: config)
  }

  /// The text of a guide.
  func guide(_ name: String) throws -> String {
    try String(contentsOf: repository.appending(path: "docs/guide/\(name)"), encoding: .utf8)
  }

  /// Does what a block says.
  mutating func follow(_ step: Guide.Step) throws -> Outcome {
    switch step.action {
    case .file(let name):
      try step.text.write(toFile: current + "/" + name, atomically: true, encoding: .utf8)
      return Outcome(output: "", exitCode: 0)
    case .prompt:
      // A terminal without commands of its own, so that what it shows is plain text.
      try (step.text + "exit\n").write(toFile: folder.path("typed"), atomically: true, encoding: .utf8)
      return try shell("TERM=dumb script --quiet --return --command 'stty cols 200; lathe repl' /dev/null < '\(folder.path("typed"))'")
    case .shell:
      let outcome = try shell(step.text + "pwd > '\(folder.path("current"))'\n")
      if outcome.exitCode == 0 {
        current = try String(contentsOfFile: folder.path("current"), encoding: .utf8).trimmingCharacters(in: .newlines)
      }
      return outcome
    }
  }

  /// What a script of commands shows; it ends at the first that fails.
  func shell(_ text: String) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-e", "-o", "pipefail", "-c", text]
    process.currentDirectoryURL = URL(filePath: current)
    process.environment = [
      "PATH": program.deletingLastPathComponent().path + ":/usr/local/bin:/usr/bin:/bin",
      "HOME": folder.path, "LANG": "C.UTF-8", "NO_COLOR": "1", "TZ": "UTC",
    ]
    // A file takes both streams in the order in which they were written, and however much it is.
    let path = folder.path("output")
    try Data().write(to: URL(filePath: path))
    let output = try FileHandle(forUpdating: URL(filePath: path))
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(output: try String(contentsOfFile: path, encoding: .utf8), exitCode: process.terminationStatus)
  }
}
