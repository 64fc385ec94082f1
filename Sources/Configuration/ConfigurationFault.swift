/// Where a value of the configuration was written: a place in a file, or an origin without lines such as the command line.
public struct ConfigurationPlace: Hashable, Sendable, CustomStringConvertible {
  /// The file's name as it was given, or the origin in words (`command line`, `--size`).
  public var origin: String
  /// Line from 1, `nil` where the origin has no lines.
  public var line: Int?
  /// Column from 1, counted in Unicode scalars, `nil` where it is not known.
  public var column: Int?

  /// Makes a place.
  public init(_ origin: String, line: Int? = nil, column: Int? = nil) {
    self.origin = origin
    self.line = line
    self.column = column
  }

  /// `lathe.yaml:12:3`, `lathe.yaml:12`, or `command line`.
  public var description: String { origin + (line.map { ":\($0)" } ?? "") + (line == nil ? "" : column.map { ":\($0)" } ?? "") }
}

/// One thing that is wrong with the configuration.
public struct ConfigurationFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where it was written.
  public var place: ConfigurationPlace
  /// The key it is about, such as `sampling.size`; empty when it is about the whole file.
  public var keyPath: String
  /// What is wrong and what to do, without the place. Never the value of a secret.
  public var message: String

  /// Makes a fault.
  public init(place: ConfigurationPlace, keyPath: String, message: String) {
    self.place = place
    self.keyPath = keyPath
    self.message = message
  }

  /// `lathe.yaml:7:9: 'sampling.size' must be an integer 10…10000, got 'many'`.
  public var description: String { "\(place): \(message)" }
}

/// Everything that is wrong with the configuration, in the order of the file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The faults; never empty. Those of the file come first, by line.
  public var faults: [ConfigurationFault]

  /// Makes an error of faults, at least one.
  public init(faults: [ConfigurationFault]) { self.faults = faults }

  /// A line per fault.
  public var description: String { faults.map(\.description).joined(separator: "\n") }
}
