public import DataAccess

/// Why an import wrote nothing.
public enum ImportError: Error, CustomStringConvertible {
  /// The mapping asks for what cannot be: each fault with the key that it is in.
  case mapping([Fault])
  /// A file lacks columns that the mapping names.
  case columns(path: String, message: String)
  /// No row of a file can be used.
  case nothingUsable(path: String, message: String)
  /// More rows of a source were refused than the mapping allows.
  case tooManyRefused(share: Double, limit: Double, report: ImportReport)
  /// A file could not be read.
  case file(CSVError)
  /// The database could not be written.
  case database(DataAccessError)

  /// One fault of a mapping.
  public struct Fault: Hashable, Sendable {
    /// The key, as `sources[0].work_results.fields.run_minutes.duration`.
    public var key: String
    /// What is wrong, and what was expected.
    public var message: String

    /// Makes a fault.
    public init(_ key: String, _ message: String) {
      self.key = key
      self.message = message
    }
  }

  /// What is wrong and what to do; nothing was written.
  public var description: String {
    switch self {
    case .mapping(let faults): faults.map { "import.\($0.key): \($0.message)" }.joined(separator: "\n")
    case .columns(let path, let message), .nothingUsable(let path, let message): "\(path): \(message); nothing was imported"
    case .tooManyRefused(let share, let limit, let report):
      "\(percent(share)) of the rows were refused for a fault, more than the \(percent(limit)) that max_refused_share allows; "
        + "nothing was imported\n\(report)"
    case .file(let error): "\(error); nothing was imported"
    case .database(let error): "\(error)"
    }
  }
}

private func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
