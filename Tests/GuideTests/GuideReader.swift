import Foundation
import TestSupport
import Testing

/// Someone who follows a guide: with a folder that looks like a checkout, a shell, and the program that was built with the tests.
struct GuideReader {
  private let folder: TemporaryFolder
  private let program: BuiltProgram

  /// Where the reader is now.
  private(set) var current: String

  /// Comes to a new checkout.
  init() throws {
    folder = try TemporaryFolder()
    program = try BuiltProgram()
    current = folder.path
    let config = program.repository.appending(path: "config").path
    try FileManager.default.createSymbolicLink(atPath: folder.path("config"), withDestinationPath: config)
  }

  /// The text of a guide.
  func guide(_ name: String) throws -> String {
    try String(contentsOf: program.repository.appending(path: "docs/guide/\(name)"), encoding: .utf8)
  }

  /// Does what a block says.
  mutating func follow(_ step: Guide.Step) throws -> CommandOutcome {
    switch step.action {
    case .file(let name):
      try step.text.write(toFile: current + "/" + name, atomically: true, encoding: .utf8)
      return CommandOutcome()
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

  /// Does what all blocks say, expects to see what they show, and returns all lines seen; ends at the first command that fails.
  mutating func walk(_ guide: Guide, named name: String) throws -> [String] {
    var seen: [String] = []
    for step in guide.steps {
      let outcome = try follow(step)
      let place = "docs/guide/\(name):\(step.line)"
      #expect(outcome.exitCode == 0, "\(place): \(step.text)\(outcome.output)")
      // By what is a new line: a terminal ends lines with two characters that Swift takes for one.
      let shown = outcome.output.split(whereSeparator: \.isNewline)
      var rest = shown[...]
      for expected in step.expected {
        guard let index = rest.firstIndex(where: { shows($0, expected) }) else {
          Issue.record("\(place): '\(expected)' is not seen, or not there, in:\n\(outcome.output)")
          break
        }
        rest = rest[(index + 1)...]
      }
      seen += shown.map(String.init)
      // What follows would fail too, and hide where it began.
      if outcome.exitCode != 0 { break }
    }
    return seen
  }

  /// What a script of commands shows; it ends at the first that fails.
  func shell(_ text: String) throws -> CommandOutcome {
    var command = Command(
      URL(filePath: "/bin/bash"), ["-e", "-o", "pipefail", "-c", text], in: current, environment: program.environment(home: folder.path))
    command.mergesStreams = true
    return try command.run()
  }
}
