import FoundationEssentials
public import Ledger
public import Tabular

/// What a job's program tells its supervisor: one JSON object a line on its standard output.
///
///     {"type":"progress","percent":40,"step":"fit mlp"}
///     {"type":"log","level":"info","message":"12 folds","fields":{"rows":500}}
///     {"type":"result","outcome":"succeeded","value":{"winner":"mlp"}}
///     {"type":"result","outcome":"skipped","reason":"nothing better","value":{}}
///     {"type":"result","outcome":"failed","reason":"no rows","retry":false}
public enum JobMessage: Hashable, Sendable {
  /// How far it is.
  case progress(JobProgress)
  /// A line for the job's log.
  case log(level: String, message: String, fields: [String: PlainValue])
  /// What it came to: the last message.
  case result(JobOutcome)

  /// Reads a line; `nil` when it is no message.
  public init?(line: some Sequence<UInt8>) {
    guard let message = try? JSONDecoder().decode(JobMessage.self, from: Data(line)) else { return nil }
    self = message
  }

  /// The message as one line, without its end.
  public var line: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Texts, finite numbers and plain values can always be encoded.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

extension JobMessage: Codable {
  private enum Key: String, CodingKey {
    case type, percent, step, level, message, fields, outcome, value, reason, retry
  }

  /// Reads the object that ``encode(to:)`` writes; what may be left out has a plain meaning.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let text = { (key: Key) in try container.decodeIfPresent(String.self, forKey: key) }
    let value = { try container.decodeIfPresent(PlainValue.self, forKey: .value) ?? .null }
    switch try container.decode(String.self, forKey: .type) {
    case "progress":
      self = .progress(JobProgress(percent: try container.decode(Double.self, forKey: .percent), step: try text(.step) ?? ""))
    case "log":
      self = .log(
        level: try text(.level) ?? "info", message: try container.decode(String.self, forKey: .message),
        fields: try container.decodeIfPresent([String: PlainValue].self, forKey: .fields) ?? [:])
    case "result":
      switch try container.decode(String.self, forKey: .outcome) {
      case "succeeded": self = .result(.succeeded(try value()))
      case "skipped": self = .result(.skipped(reason: try text(.reason) ?? "", try value()))
      case "failed":
        self = .result(
          .failed(
            error: try text(.reason) ?? "it gave no reason",
            canRetry: try container.decodeIfPresent(Bool.self, forKey: .retry) ?? true))
      default: throw Self.unknown(.outcome, container)
      }
    default: throw Self.unknown(.type, container)
    }
  }

  /// Writes one flat object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .progress(let progress):
      try container.encode("progress", forKey: .type)
      try container.encode(progress.percent, forKey: .percent)
      try container.encode(progress.step, forKey: .step)
    case .log(let level, let message, let fields):
      try container.encode("log", forKey: .type)
      try container.encode(level, forKey: .level)
      try container.encode(message, forKey: .message)
      if !fields.isEmpty { try container.encode(fields, forKey: .fields) }
    case .result(let outcome):
      try container.encode("result", forKey: .type)
      switch outcome {
      case .succeeded(let value):
        try container.encode("succeeded", forKey: .outcome)
        try container.encode(value, forKey: .value)
      case .skipped(let reason, let value):
        try container.encode("skipped", forKey: .outcome)
        try container.encode(reason, forKey: .reason)
        try container.encode(value, forKey: .value)
      case .failed(let error, let canRetry):
        try container.encode("failed", forKey: .outcome)
        try container.encode(error, forKey: .reason)
        try container.encode(canRetry, forKey: .retry)
      case .cancelled, .released:
        preconditionFailure("a job's program does not call itself off: it ends without a result when it is told to stop")
      }
    }
  }

  private static func unknown(_ key: Key, _ container: KeyedDecodingContainer<Key>) -> DecodingError {
    DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "unknown \(key.rawValue)")
  }
}
