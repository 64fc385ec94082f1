public import LuaBridge
public import Tabular

/// Takes what scripts log. Given to a VM by ``LuaBridge/LuaVM/provide(_:as:)``.
public final class ScriptLog {
  /// How much a message matters.
  public enum Level: String, CaseIterable, Sendable {
    case debug, info, warning, error
  }

  private let sink: (Level, String, PlainValue?) -> Void
  private let limit: Int
  /// Number of messages that were not passed on because there were too many.
  public private(set) var droppedCount = 0
  private var count = 0

  /// Makes a log. Of one script at most `limit` messages are passed on: one that loops must not fill the disk.
  public init(limit: Int = 10_000, _ sink: @escaping (Level, String, PlainValue?) -> Void) {
    self.limit = limit
    self.sink = sink
  }

  func write(_ level: Level, _ message: String, _ fields: PlainValue?) {
    count += 1
    if count > limit {
      droppedCount += 1
      if count == limit + 1 { sink(.warning, "the script has logged \(limit) messages; further ones are dropped", nil) }
      return
    }
    // A message from a script must not be able to forge a line of the log, or to drive the terminal that shows it.
    sink(level, message.escapedForTerminal, fields)
  }
}

/// The module `log`.
public enum LogModule {
  /// Its declaration.
  public static let module = LuaModule(
    "log", "Messages for the log, by level.",
    functions: [
      function(.debug, "Logs what helps to follow a script step by step."), function(.info, "Logs what is worth knowing."),
      function(.warning, "Logs what is not as it should be."), function(.error, "Logs what went wrong."),
    ])

  private static func function(_ level: ScriptLog.Level, _ words: String) -> LuaFunction {
    LuaFunction(
      level.rawValue, words, in: ScriptLog.self, Parameter("message", LuaAny.self, "a text, or anything that `print` shows"),
      Parameter("fields", PlainValue?.self, "data that goes with it"), returns: .nothing, effect: .reads
    ) { log, message, fields in log.write(level, try message.shown(), fields) }
  }
}
