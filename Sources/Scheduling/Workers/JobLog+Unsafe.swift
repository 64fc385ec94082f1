import DataAccess
import FoundationEssentials
import Glibc
import Tabular

/// The log of one job: JSON lines `time level attempt message …`, of all its attempts, in a file that does not grow beyond its bound.
///
/// A log that cannot be written does not stop the job it tells of.
final class JobLog {
  private let descriptor: Int32
  private let maxBytes: Int
  private let attempt: Int
  private let redact: @Sendable (String) -> String
  private var size: Int
  private var leftOut = 0

  /// Opens the file for more lines, or makes it.
  init(path: String, attempt: Int, maxBytes: Int, redact: @escaping @Sendable (String) -> String) {
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    self.maxBytes = maxBytes
    self.attempt = attempt
    self.redact = redact
    var status = stat()
    size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends a line, or counts it when the file is full.
  func append(_ level: String, _ message: String, _ fields: [String: PlainValue] = [:], at now: Timestamp) {
    guard size < maxBytes else {
      leftOut += 1
      return
    }
    write(level, message, fields, at: now)
  }

  /// Says how many lines were left out.
  func finish(at now: Timestamp) {
    if leftOut > 0 { write("warning", "the log is full (\(maxBytes) bytes): \(leftOut) lines were left out", [:], at: now) }
    leftOut = 0
  }

  private func write(_ level: String, _ message: String, _ fields: [String: PlainValue], at now: Timestamp) {
    guard descriptor >= 0 else { return }
    var line = fields.mapValues(redacted)
    line["time"] = .text(now.description)
    line["level"] = .text(level)
    line["attempt"] = .integer(Int64(attempt))
    line["message"] = .text(redact(message))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard var bytes = try? encoder.encode(line) else { return }
    bytes.append(10)
    // One write with O_APPEND: lines of two supervisors, of which one is stale, do not mix.
    size += max(0, bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) })
  }

  private func redacted(_ value: PlainValue) -> PlainValue {
    switch value {
    case .text(let text): .text(redact(text))
    case .list(let values): .list(values.map(redacted))
    case .map(let entries): .map(entries.mapValues(redacted))
    case .null, .bool, .integer, .number: value
    }
  }
}
