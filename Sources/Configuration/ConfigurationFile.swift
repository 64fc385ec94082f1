import FoundationEssentials
import Synchronization

/// A configuration file that is read again and again: the last good text stays in force while the file is wrong.
public final class ConfigurationFile: Sendable {
  /// The file.
  public let path: String
  private let environment: [String: String]

  /// The environment's variables that the file names, so that another process can be given them and no others.
  public var environmentNames: Set<String> {
    guard let text = FileManager.default.contents(atPath: path) else { return [] }
    return Set(String(decoding: text, as: UTF8.self).matches(of: /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/).map { String($0.1) })
  }

  private let checking: @Sendable (EffectiveSettings) -> [ConfigurationFault]
  private let lastGood = Mutex<String?>(nil)

  /// Settings as one reading gave them.
  public struct Reading: Sendable {
    /// The settings in force.
    public var effective: EffectiveSettings
    /// Why the file as it is now is not what is in force; empty when it is.
    public var refused: [ConfigurationFault]

    /// Makes a reading.
    public init(effective: EffectiveSettings, refused: [ConfigurationFault] = []) {
      self.effective = effective
      self.refused = refused
    }
  }

  /// Names a file; nothing is read yet.
  /// - Parameters:
  ///   - path: The file. `{file: path}` within it starts at its folder.
  ///   - environment: The variables that `${NAME}` may name.
  ///   - checking: Finds what the declarations cannot; see ``Settings/load(_:named:environment:overrides:readingFile:checking:)``.
  public init(
    path: String, environment: [String: String] = [:],
    checking: @escaping @Sendable (EffectiveSettings) -> [ConfigurationFault] = { _ in [] }
  ) {
    self.path = path
    self.environment = environment
    self.checking = checking
  }

  /// Reads the file anew; it may have changed or gone since the last time.
  ///
  /// - Parameter overrides: Values with precedence over the file's.
  /// - Throws: ``ConfigurationError`` when the file is wrong and never was right, or when the overrides are wrong.
  public func read(_ overrides: [ConfigurationOverride] = []) throws(ConfigurationError) -> Reading {
    do {
      let text = try text()
      let effective = try load(text, overrides)
      lastGood.withLock { $0 = text }
      return Reading(effective: effective)
    } catch {
      guard let text = lastGood.withLock({ $0 }) else { throw error }
      // Where the last good text fails too, the overrides are what is wrong.
      return Reading(effective: try load(text, overrides), refused: error.faults)
    }
  }

  private func text() throws(ConfigurationError) -> String {
    let url = URL(filePath: path)
    do { return try Self.utf8Text(of: url) } catch {
      let place = ConfigurationPlace(url.lastPathComponent)
      throw ConfigurationError(faults: [ConfigurationFault(place: place, keyPath: "", message: "cannot read '\(path)': \(error)")])
    }
  }

  private func load(_ text: String, _ overrides: [ConfigurationOverride]) throws(ConfigurationError) -> EffectiveSettings {
    let url = URL(filePath: path)
    return try Settings.load(
      text, named: url.lastPathComponent, environment: environment, overrides: overrides,
      readingFile: { try Self.utf8Text(of: URL(filePath: $0, relativeTo: url.deletingLastPathComponent())) }, checking: checking)
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
      var isFolder = false
      let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      throw UnreadableFile(reason: exists && isFolder ? "it is a folder" : "\(error)")
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
