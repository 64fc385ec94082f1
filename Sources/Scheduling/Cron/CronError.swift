/// What is wrong with a cron expression: the field, what it may be, what came.
public struct CronError: Error, Hashable, CustomStringConvertible {
  /// The whole expression.
  public let expression: String
  /// `minute`, `hour`, `day of month`, `month`, `day of week`; `nil` when the whole is wrong.
  public let field: String?
  /// What was expected and what came.
  public let fault: String

  /// Where, expected, got.
  public var description: String { "cron '\(expression)': \(field.map { "\($0) " } ?? "")\(fault)" }
}
