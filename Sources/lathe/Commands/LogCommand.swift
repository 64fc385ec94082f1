import ArgumentParser
import Configuration
import Foundation
import QualityCycle
import Tabular

/// Shows the log as a person reads it.
struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Show the last lines of logs/lathe.log as a person reads them, and with --follow those that come.",
    discussion: "The file itself has a JSON object a line, for programs. Ctrl-C ends --follow.")

  @OptionGroup var global: GlobalOptions
  @Option(name: [.customShort("n"), .long], help: ArgumentHelp("Lines to begin with.", valueName: "count")) var lines = 20
  @Flag(name: .shortAndLong, help: "Go on with what is added.") var follow = false

  func run() throws {
    guard lines >= 0 else { throw CommandFailure.usage("--lines must be an integer ≥ 0, got \(lines)") }
    let workspace = try global.open()
    let path = workspace.path("logs/lathe.log")
    let usesColor = usesLogColor(workspace.effective.settings.logging)
    var tail = LogTail(path: path)
    for line in try tail.last(lines) { Terminal.output(LoggedLine(line).text(usesColor: usesColor) + "\n") }
    while follow {
      do { try Interruption.wait(seconds: 0.2) } catch is CancellationError { return }
      for line in try tail.added() { Terminal.output(LoggedLine(line).text(usesColor: usesColor) + "\n") }
    }
  }
}

/// The end of a file that others append to and move aside when it is large.
struct LogTail {
  private let path: String
  private var place: UInt64 = 0
  private var file: UInt64?
  private var rest = Data()

  init(path: String) { self.path = path }

  /// The last `count` whole lines; later ones are `added()`.
  mutating func last(_ count: Int) throws -> [String] { Array(try added().suffix(count)) }

  /// Whole lines since the last call; none while there is no file.
  mutating func added() throws -> [String] {
    guard let handle = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? handle.close() }
    let number = (try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? NSNumber)?.uint64Value
    // Another file has the name now: what was not read of the old one is in lathe.log.1.
    let size = try handle.seekToEnd()
    if number != file || size < place { (place, rest) = (0, Data()) }
    file = number
    try handle.seek(toOffset: place)
    let bytes = try handle.readToEnd() ?? Data()
    place += UInt64(bytes.count)
    var parts = (rest + bytes).split(separator: 10, omittingEmptySubsequences: false)
    rest = Data(parts.removeLast())
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// A line of a log file.
struct LoggedLine {
  private let line: String
  private let fields: [String: String]

  init(_ line: String) {
    self.line = line
    let values = try? JSONDecoder().decode([String: PlainValue].self, from: Data(line.utf8))
    fields = (values ?? [:]).mapValues { $0.description }
  }

  /// The line as a terminal shows it: time, level, message, what it concerns. One that is no JSON is shown as it is.
  func text(usesColor: Bool) -> String {
    guard let time = fields["time"], let level = fields["level"], let message = fields["message"] else { return line.escapedForTerminal }
    return time + " " + logText(level: level, severity: fields["severity"], message: message, fields: fields, usesColor: usesColor)
  }
}
