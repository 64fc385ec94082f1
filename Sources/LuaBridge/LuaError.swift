/// Why and where a script failed.
///
/// A Swift error thrown by a host function keeps its type on the way through Lua, also through `pcall` and `error`: it is ``underlying``.
public struct LuaError: Error, CustomStringConvertible {
  /// The kind of failure.
  public enum Reason: Hashable, Sendable {
    /// An error was raised, by Lua, by the script or by a host function.
    case runtime
    /// The text is not Lua. `incomplete`: it ended too early, so that another line may make it whole.
    case syntax(incomplete: Bool)
    /// The time limit was reached.
    case timeout
    /// The memory limit was reached.
    case memory
    /// ``LuaInterrupter/interrupt()`` was called.
    case interrupted
  }

  /// A call on the script's stack.
  public struct Frame: Hashable, Sendable, CustomStringConvertible {
    /// The chunk, or `[C]` for a function of the host.
    public var chunk: String
    /// The line, from 1, or `nil` where there is none.
    public var line: Int?
    /// The function as the script called it, or `main chunk`.
    public var function: String

    /// One line of a traceback.
    public var description: String { "\(chunk)\(line.map { ":\($0)" } ?? "") in \(function)" }
  }

  /// What went wrong, without the position. Control characters are spelt out.
  public var message: String
  /// The script's name, or `nil` when the failure has no place in one.
  public var chunk: String?
  /// The line in `chunk`, from 1.
  public var line: Int?
  /// The calls that were under way, innermost first.
  public var traceback: [Frame]
  /// The kind of failure.
  public var reason: Reason
  /// The error that a host function threw.
  public var underlying: (any Error)?

  /// Makes an error of the host's own.
  public init(
    _ message: String, chunk: String? = nil, line: Int? = nil, traceback: [Frame] = [], reason: Reason = .runtime,
    underlying: (any Error)? = nil
  ) {
    self.message = message
    self.chunk = chunk
    self.line = line
    self.traceback = traceback
    self.reason = reason
    self.underlying = underlying
  }

  /// `chunk:line: message`, as far as known.
  public var description: String {
    switch (chunk, line) {
    case (let chunk?, let line?): "\(chunk):\(line): \(message)"
    case (let chunk?, nil): "\(chunk): \(message)"
    case (nil, _): message
    }
  }
}

/// A script asked to end the program (`os.exit` in a trusted script).
public struct LuaExit: Error, Hashable, CustomStringConvertible {
  /// The exit code.
  public var code: Int32

  /// Makes a request.
  public init(code: Int32) { self.code = code }

  /// The message, where nobody acts on the request.
  public var description: String { "the script asked to exit with code \(code)" }
}

extension LuaError {
  /// Long messages are cut at this many characters: they come from scripts and go into logs and ledgers.
  static let messageLimit = 4_000

  /// The text with control characters spelt out, so that it can neither forge log lines nor drive a terminal.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(messageLimit) {
      switch scalar.properties.generalCategory {
      case .control where scalar != "\n" && scalar != "\t", .format, .lineSeparator, .paragraphSeparator:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return text.unicodeScalars.count > messageLimit ? result + "…" : result
  }

  /// Splits Lua's `chunk:line: message`, when it starts so.
  static func split(_ text: String) -> (chunk: String, line: Int, message: String)? {
    var start = text.startIndex
    while let colon = text[start...].firstIndex(of: ":") {
      let digits = text[text.index(after: colon)...].prefix { $0.isASCII && $0.isNumber }
      let rest = text[digits.endIndex...]
      if let line = Int(digits), rest.hasPrefix(": "), colon > text.startIndex {
        return (String(text[..<colon]), line, String(rest.dropFirst(2)))
      }
      start = text.index(after: colon)
      if text.distance(from: text.startIndex, to: start) > 80 { return nil }
    }
    return nil
  }
}
