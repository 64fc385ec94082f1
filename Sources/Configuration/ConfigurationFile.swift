import FoundationEssentials

/// A configuration file that is read again and again: the last good settings stay in force while the file is wrong.
public struct ConfigurationFile: Sendable {
  /// The file.
  public let path: String
  /// The settings in force.
  public private(set) var effective: EffectiveSettings
  private let environment: [String: String]
  private let overrides: [ConfigurationOverride]

  /// Reads the file for the first time.
  /// - Parameters:
  ///   - path: The file. `{file: path}` within it starts at its folder.
  ///   - environment: The variables that `${NAME}` may name.
  ///   - overrides: Values with precedence over the file's.
  /// - Throws: ``ConfigurationError`` when it cannot be read or is wrong: there are no last good settings yet.
  public init(
    path: String, environment: [String: String] = [:], overrides: [ConfigurationOverride] = []
  ) throws(ConfigurationError) {
    self.path = path
    self.environment = environment
    self.overrides = overrides
    effective = try Self.read(path, environment, overrides)
  }

  /// Reads the file anew; it may have changed or gone.
  /// - Returns: What is wrong with it; empty when its settings are now in force.
  public mutating func reload() -> [ConfigurationFault] {
    do {
      effective = try Self.read(path, environment, overrides)
      return []
    } catch {
      return error.faults
    }
  }

  private static func read(
    _ path: String, _ environment: [String: String], _ overrides: [ConfigurationOverride]
  ) throws(ConfigurationError) -> EffectiveSettings {
    let url = URL(filePath: path)
    let text: String
    do {
      text = try utf8Text(of: url)
    } catch {
      let place = ConfigurationPlace(url.lastPathComponent)
      throw ConfigurationError(faults: [ConfigurationFault(place: place, keyPath: "", message: "cannot read '\(path)': \(error)")])
    }
    return try Settings.load(
      text, named: url.lastPathComponent, environment: environment, overrides: overrides,
      readingFile: { try utf8Text(of: URL(filePath: $0, relativeTo: url.deletingLastPathComponent())) })
  }

  private static func utf8Text(of url: URL) throws(UnreadableFile) -> String {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
      throw UnreadableFile(reason: "there is no such file")
    } catch let error as CocoaError where error.code == .fileReadNoPermission {
      throw UnreadableFile(reason: "no permission to read it")
    } catch {
      throw UnreadableFile(reason: "\(error)")
    }
    if let text = String(validating: data, as: UTF8.self) { return text }
    let line = data.prefix(validUTF8Count(data)).count { $0 == UInt8(ascii: "\n") } + 1
    throw UnreadableFile(reason: "line \(line) is not UTF-8; save the file as UTF-8")
  }

  /// Bytes before the first that is not part of valid UTF-8.
  private static func validUTF8Count(_ data: Data) -> Int {
    var decoder = UTF8()
    var bytes = data.makeIterator()
    var count = 0
    while case .scalarValue(let scalar) = decoder.decode(&bytes) { count += UTF8.width(scalar) }
    return count
  }
}

private struct UnreadableFile: Error, CustomStringConvertible {
  let reason: String
  var description: String { reason }
}
