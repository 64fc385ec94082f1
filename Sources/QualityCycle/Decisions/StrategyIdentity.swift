public import Tabular

/// The three decisions that strategies make.
public enum StrategyKind: String, Codable, Sendable, CaseIterable {
  case sampling
  case trigger
  case comparison

  /// The folder of this kind's files.
  public var folder: String {
    switch self {
    case .sampling: "sampling"
    case .trigger: "triggers"
    case .comparison: "comparison"
    }
  }
}

/// Which strategy decided, to the byte of its file and the values of its parameters.
public struct StrategyIdentity: Hashable, Codable, Sendable {
  /// What it decides.
  public var kind: StrategyKind
  /// Its name: that of its file, without the ending.
  public var name: String
  /// SHA-256 of the file, in hexadecimal.
  public var sha256: String
  /// The values of its parameters in force.
  public var parameters: PlainValue

  /// The strategy's file, as seen from the workspace.
  public var path: String { "strategies/\(kind.folder)/\(name).lua" }

  /// Its parameters and its file's digest, in words; what Lathe itself does has neither.
  var particulars: String { sha256.isEmpty ? "Lathe's own" : "parameters \(parameters), SHA-256 \(sha256)" }

  /// Makes an identity.
  public init(kind: StrategyKind, name: String, sha256: String, parameters: PlainValue) {
    self.kind = kind
    self.name = name
    self.sha256 = sha256
    self.parameters = parameters
  }
}

/// A strategy failed; the safe default decides in its place.
public struct StrategyFailure: Error, Hashable, Codable, CustomStringConvertible {
  /// What went wrong, with file and line.
  public var message: String
  /// Where it went wrong, call by call; empty when that is not known.
  public var traceback: String

  /// Makes a failure.
  public init(message: String, traceback: String = "") {
    self.message = message
    self.traceback = traceback
  }

  /// The message.
  public var description: String { message }
}
