/// Why something cannot be learnt or predicted.
public enum LearningError: Error, Hashable, CustomStringConvertible {
  /// A parameter is unknown or out of its bounds.
  case parameter(String)
  /// Rows, columns, weights or targets that do not fit; the message says where and what was expected.
  case data(String)
  /// Model bytes that cannot be read.
  case model(String)
  /// The work was cancelled; nothing is left of it.
  case cancelled

  /// The message for whoever asked.
  public var description: String {
    switch self {
    case .parameter(let message), .data(let message), .model(let message): message
    case .cancelled: "cancelled"
    }
  }
}
