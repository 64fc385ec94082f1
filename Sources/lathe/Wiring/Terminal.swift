import Foundation
import Synchronization
import Tabular

/// Where a command's words go: facts to stdout, remarks to stderr.
enum Terminal {
  private static let redaction = Mutex<@Sendable (String) -> String>({ $0 })

  /// Has secrets taken out of all remarks from now on.
  static func redactRemarks(by redact: @escaping @Sendable (String) -> String) { redaction.withLock { $0 = redact } }

  /// Writes a line to stderr, without the secrets of the settings.
  static func remark(_ text: String) {
    let redact = redaction.withLock { $0 }
    FileHandle.standardError.write(Data((redact(text) + "\n").utf8))
  }

  /// Writes text to stdout, as it is. Exits quietly when nobody reads any more (`lathe history | head`), and with a message and 1 when
  /// the output cannot be written.
  static func output(_ text: String) { output(Array(text.utf8)) }

  /// Writes bytes to stdout, in the same way.
  static func output(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EPIPE: exit(0)
      default:
        let reason = String(cString: strerror(errno))
        remark("the output cannot be written: \(reason)")
        exit(1)
      }
    }
  }

  /// Writes a value to stdout as JSON, keys sorted and in snake case.
  static func output(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    output(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
  }

  /// Whether stderr is a terminal that a person looks at.
  static var hasPerson: Bool { isatty(STDERR_FILENO) == 1 }

  /// `text` with everything that a terminal would take for a command written out, line by line: data must not move the cursor.
  static func harmless(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escapedForTerminal }.joined(separator: "\n")
  }
}

/// Progress of long work: a bar with the time that is left on a terminal, a line every tenth otherwise.
final class ProgressBar: Sendable {
  private let label: String
  private let isQuiet: Bool
  /// What was shown last: percent, and the step.
  private let shown = Mutex((percent: -1, step: ""))
  private let start = DispatchTime.now()

  init(_ label: String, quiet: Bool) {
    self.label = label
    isQuiet = quiet
  }

  /// Shows the share done, 0…1; from any thread.
  func show(_ share: Double) { show(share, step: "") }

  /// Shows the share done, 0…1, and what is being done; from any thread. A share less than one that was shown already is late, and is not shown.
  func show(_ share: Double, step: String) {
    guard !isQuiet else { return }
    let percent = Int(share * 100)
    let told = Terminal.hasPerson ? percent : percent / 10 * 10
    let isNew = shown.withLock { shown in
      guard told > shown.percent || told == shown.percent && step != shown.step else { return false }
      shown = (told, step)
      return true
    }
    guard isNew else { return }
    let label = step.isEmpty ? label : "\(label): \(step)"
    if Terminal.hasPerson {
      let filled = String(repeating: "█", count: percent / 4) + String(repeating: "·", count: 25 - percent / 4)
      let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
      let left = Self.timeLeft(share, elapsed: elapsed).map { ", \($0) left" } ?? ""
      FileHandle.standardError.write(Data("\r\(label) \(filled) \(percent) %\(left)\u{1B}[K\(share >= 1 ? "\n" : "")".utf8))
    } else {
      Terminal.remark("\(label): \(told) %")
    }
  }

  /// How long the rest will take if it goes on as so far, in words; `nil` before that can be told, and at the end.
  static func timeLeft(_ share: Double, elapsed: Double) -> String? {
    guard elapsed >= 2, share >= 0.02, share < 1 else { return nil }
    let seconds = elapsed * (1 - share) / share
    return seconds < 90
      ? "\(max(1, Int(seconds.rounded()))) s"
      : seconds < 5400
        ? "\(Int((seconds / 60).rounded())) min"
        : "\(Int((seconds / 3600).rounded())) h"
  }
}
