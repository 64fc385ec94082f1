/// A value given outside of the file, which has precedence over it.
public struct ConfigurationOverride: Hashable, Sendable {
  /// The key, such as `sampling.size`.
  public var key: String
  /// The value as YAML: `500`, `[json, csv]`.
  public var value: String
  /// What faults and `config show` name as its place: `command line`, or an option's name.
  public var origin: String

  /// Makes an override.
  public init(_ key: String, _ value: String, origin: String = "command line") {
    self.key = key
    self.value = value
    self.origin = origin
  }
}

/// Settings with the origin of each value, as one reading of the configuration gave them.
public struct EffectiveSettings: Sendable {
  /// The values.
  public let settings: Settings
  /// Where each given key was written, by key path; a key that is absent has its default.
  public let origins: [String: ConfigurationPlace]
  private let secretPaths: Set<String>
  private let secrets: Set<String>

  /// The defaults.
  public init() {
    settings = Settings()
    origins = [:]
    secretPaths = []
    secrets = []
  }

  fileprivate init(_ settings: Settings, _ reader: ConfigurationReader) {
    self.settings = settings
    origins = reader.places
    secretPaths = reader.secretPaths
    secrets = reader.secrets
  }

  /// The settings as YAML, the origin of each given value beside it. Secrets are `***`.
  public var shown: String {
    writeYAML(hidingSecrets(Settings.root.write(settings), path: "")) { path in
      var remarks = YAMLRemarks(isSection: !path.contains("."))
      if let place = origins[path] {
        remarks.beside = ConfigurationPlace(place.origin, line: place.line).description
      }
      return remarks
    }
  }

  /// The settings as YAML without comments, the same for equal settings on every machine, for digests and the ledger. Secrets are `***`.
  public var canonicalText: String { writeYAML(hidingSecrets(Settings.root.write(settings), path: "")) }

  /// Where a key was written, or the nearest key around it that was.
  public func place(of key: String) -> ConfigurationPlace {
    var rest = key[...]
    while true {
      if let place = origins[String(rest)] { return place }
      guard let cut = rest.lastIndex(where: { $0 == "." || $0 == "[" }) else { return ConfigurationPlace("configuration") }
      rest = rest[..<cut]
    }
  }

  /// `text` with every secret that the configuration was given replaced by `***`: for logs, errors and reports.
  ///
  /// Secrets under four characters are left, as replacing them would garble the text and protect nothing.
  public func redacting(_ text: String) -> String {
    // The longest first: one secret may contain another.
    secrets.filter { $0.count >= 4 }.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }.reduce(text) { text, secret in
      text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
    }
  }

  private func hidingSecrets(_ node: ConfigurationNode, path: String) -> ConfigurationNode {
    var result = node
    if secretPaths.contains(path) {
      result.content = .scalar("***", quoted: true)
      return result
    }
    switch node.content {
    case .null, .scalar: break
    case .list(let elements):
      result.content = .list(elements.enumerated().map { hidingSecrets($1, path: "\(path)[\($0)]") })
    case .map(let entries):
      result.content = .map(
        entries.map { .init(name: $0.name, place: $0.place, value: hidingSecrets($0.value, path: joined(path, $0.name))) })
    }
    return result
  }
}

extension EffectiveSettings: CustomStringConvertible, CustomReflectable {
  /// ``canonicalText``: no secret is ever printed.
  public var description: String { canonicalText }
  /// Nothing: a dump must not show secrets.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Settings {
  static let root = ValueType.record(Settings.self)

  /// Reads a configuration, checks all of it, and returns the settings in force.
  ///
  ///     let effective = try Settings.load(text, named: "lathe.yaml", environment: environment,
  ///       overrides: [ConfigurationOverride("sampling.size", "200", origin: "--size")])
  ///     effective.settings.sampling.size   // 200
  ///
  /// A text value may hold `${NAME}`, which is replaced from `environment`, and `{file: path}` stands for a file's text; both make the value
  /// a secret, which is never shown. `$${` stands for `${`.
  /// - Parameters:
  ///   - yaml: The file's text. An empty one gives the defaults.
  ///   - name: The file's name in faults.
  ///   - environment: The variables that `${NAME}` may name.
  ///   - overrides: Values with precedence over the file's; the last of one key counts.
  ///   - readingFile: Returns the text of a file named by `{file: path}`; what it throws becomes part of a fault.
  ///   - checking: Finds what the declarations cannot: called also when keys have faults, which then keep their defaults, so that all
  ///     faults come in one round. What it finds in a record with a faulty key of its own, other than a value that was given there, is
  ///     left out: it may follow from that.
  /// - Throws: ``ConfigurationError`` with everything that is wrong.
  public static func load(
    _ yaml: String, named name: String, environment: [String: String] = [:], overrides: [ConfigurationOverride] = [],
    readingFile: (String) throws -> String = { _ in throw FilesAreNotRead() },
    checking: (EffectiveSettings) -> [ConfigurationFault] = { _ in [] }
  ) throws(ConfigurationError) -> EffectiveSettings {
    try withoutActuallyEscaping(readingFile) { readingFile throws(ConfigurationError) in
      var reader = ConfigurationReader(environment: environment, readingFile: readingFile)
      var root = readYAML(yaml, origin: name, faults: &reader.faults)
      let isReadable = root != nil
      for override in overrides {
        var faults: [ConfigurationFault] = []
        guard let node = readYAML(override.value, origin: override.origin, faults: &faults) else {
          reader.faults += faults.map { fault in
            ConfigurationFault(
              place: ConfigurationPlace(override.origin), keyPath: override.key, message: "'\(override.key)': \(fault.message)")
          }
          continue
        }
        root = root ?? ConfigurationNode(.null, at: ConfigurationPlace(override.origin))
        root?.set(override.key.split(separator: ".", omittingEmptySubsequences: false)[...], to: node.placed(at: override.origin))
      }
      // A file that is no YAML says nothing about its keys; the overrides are still checked.
      let settings = root.flatMap { Settings.root.read($0, "", &reader) }
      let effective = settings.map { EffectiveSettings($0, reader) }
      if let effective {
        let keys = Set(reader.faults.map(\.keyPath))
        let faulty = Set(keys.map { parent(of: $0) })
        reader.faults += checking(effective).filter { fault in
          let records = ancestors(of: fault.keyPath)
          if keys.contains(where: { key in records.contains { $0 == key } }) { return false }
          // A value that was given as such is wrong whatever is wrong beside it.
          return !records.contains(where: faulty.contains) || reader.places[fault.keyPath] != nil
        }
      }
      guard let effective, isReadable, reader.faults.isEmpty else {
        throw ConfigurationError(faults: inOrder(reader.faults, file: name))
      }
      return effective
    }
  }

  /// The key path of the record that a key is in.
  private static func parent(of path: String) -> Substring {
    path.lastIndex { $0 == "." || $0 == "[" }.map { path[..<$0] } ?? ""
  }

  /// A key path and those around it, without the whole.
  private static func ancestors(of path: String) -> [Substring] {
    [path[...]] + path.indices.filter { path[$0] == "." || path[$0] == "[" }.map { path[..<$0] }
  }

  private static func inOrder(_ faults: [ConfigurationFault], file: String) -> [ConfigurationFault] {
    func rank(_ fault: ConfigurationFault) -> (Int, Int, Int) {
      (fault.place.origin == file ? 0 : 1, fault.place.line ?? 0, fault.place.column ?? 0)
    }
    return faults.sorted { rank($0) < rank($1) }
  }
}

/// Why `{file: path}` is refused where the caller gave no way to read files.
public struct FilesAreNotRead: Error, CustomStringConvertible {
  /// Makes the error.
  public init() {}
  /// The reason.
  public var description: String { "files are not read here" }
}

extension ConfigurationNode {
  /// The node with every place in it replaced by an origin without lines.
  fileprivate func placed(at origin: String) -> ConfigurationNode {
    var result = self
    result.place = ConfigurationPlace(origin)
    switch content {
    case .null, .scalar: break
    case .list(let elements): result.content = .list(elements.map { $0.placed(at: origin) })
    case .map(let entries):
      result.content = .map(entries.map { Entry(name: $0.name, place: ConfigurationPlace(origin), value: $0.value.placed(at: origin)) })
    }
    return result
  }
}
