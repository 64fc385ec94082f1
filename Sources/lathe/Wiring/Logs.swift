import Configuration
import Foundation
import Logging
import Tabular

/// The log of a workspace: lines for people on stderr, JSON lines in `logs/lathe.log`.
func makeLogger(_ effective: EffectiveSettings, folder: String, quiet: Bool) -> Logger {
  let settings = effective.settings.logging
  let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
  let usesColor = usesLogColor(settings)
  let file = LogFile(path: folder + "/logs/lathe.log")
  return Logger(label: "lathe") { _ in
    MultiplexLogHandler([
      TerminalLog(logLevel: quiet ? .error : level, usesColor: usesColor, isJSON: settings.format == .json, redact: effective.redacting),
      FileLog(logLevel: min(level, .info), file: file, redact: effective.redacting),
    ])
  }
}

/// Whether lines for people have colours.
func usesLogColor(_ settings: Settings.Logging) -> Bool {
  switch settings.color {
  case .always: true
  case .never: false
  case .auto: Terminal.hasPerson && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
  }
}

/// Level, message, and what it concerns, as a person follows them: one line, whatever the data holds, as a code with a line break must not
/// forge another. What is critical is red, whatever its level.
func logText(level: String, severity: String?, message: String, fields: [String: String], usesColor: Bool) -> String {
  let place = ["item", "operation"].compactMap { key in fields[key].map { "\(key) \($0)" } }.joined(separator: ", ")
  let word = level.padding(toLength: 8, withPad: " ", startingAt: 0)
  let color =
    switch level {
    case "trace", "debug": 2
    case "info", "notice": 36
    case "warning": severity == "critical" ? 31 : 33
    default: 31
    }
  return (usesColor ? "\u{1B}[\(color)m\(word)\u{1B}[0m" : word) + " " + (message + (place.isEmpty ? "" : " [\(place)]")).escapedForTerminal
}

/// Lines that a person follows: time, level, message, and what it concerns.
struct TerminalLog: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  let usesColor: Bool
  let isJSON: Bool
  let redact: @Sendable (String) -> String

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    // Many of a kind: the file has them all, a person the first ones and how many there are.
    guard all["repeated"] == nil else { return }
    if isJSON {
      Terminal.remark(LogLine(level: event.level, message: redact("\(event.message)"), metadata: all).json)
      return
    }
    let time = Date().formatted(
      .verbatim(
        "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
        timeZone: .current, calendar: .current))
    let fields = all.mapValues { "\($0)" }
    let words = logText(
      level: event.level.rawValue, severity: fields["severity"], message: redact("\(event.message)"), fields: fields, usesColor: usesColor)
    Terminal.remark("\(time) \(words)")
  }
}

/// JSON lines for programs: `time level message` and everything that the line concerns.
struct FileLog: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  let file: LogFile
  let redact: @Sendable (String) -> String

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    file.append(LogLine(level: event.level, message: redact("\(event.message)"), metadata: all).json)
  }
}

/// One line of the log as JSON.
private struct LogLine {
  let level: Logger.Level
  let message: String
  let metadata: Logger.Metadata

  var json: String {
    var fields = metadata.mapValues { "\($0)" }
    fields["time"] = Date().formatted(.iso8601)
    fields["level"] = level.rawValue
    fields["message"] = message
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts can always be encoded.
    return (try? encoder.encode(fields)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

/// A file of lines that several processes append to; past 10 MB it is moved aside, and five such are kept.
final class LogFile: Sendable {
  private let path: String
  private static let maxBytes = 10_000_000
  private static let kept = 5

  init(path: String) { self.path = path }

  /// Appends a line. A log that cannot be written must not stop the work that it tells of, so failures are left alone.
  func append(_ line: String) {
    let folder = (path as NSString).deletingLastPathComponent
    guard FileManager.default.fileExists(atPath: folder) else { return }
    rotate()
    // One write with O_APPEND: lines of several processes do not mix.
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array((line + "\n").utf8)
    _ = write(descriptor, bytes, bytes.count)
  }

  private func rotate() {
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    guard size > Self.maxBytes else { return }
    for number in stride(from: Self.kept - 1, through: 1, by: -1) { rename("\(path).\(number)", "\(path).\(number + 1)") }
    rename(path, path + ".1")
  }
}
