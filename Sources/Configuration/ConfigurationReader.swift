import Tabular

/// One reading of a configuration: collects faults and origins while the declared keys read their nodes.
struct ConfigurationReader {
  /// What `${NAME}` may name.
  let environment: [String: String]
  /// Returns the text of a file named by `{file: path}`.
  let readingFile: (String) throws -> String
  var faults: [ConfigurationFault] = []
  /// Where each given leaf was written, by key path.
  var places: [String: ConfigurationPlace] = [:]
  /// The key paths whose values came from the environment or a file.
  var secretPaths: Set<String> = []
  /// Those values.
  var secrets: Set<String> = []

  mutating func report(_ place: ConfigurationPlace, _ path: String, _ message: String) {
    faults.append(ConfigurationFault(place: place, keyPath: path, message: message))
  }

  /// Reports that the value at `path` is not what is expected.
  mutating func refuse(_ node: ConfigurationNode, _ path: String, expected: String, hint: String = "") {
    let got = secretPaths.contains(path) ? "'***'" : node.words
    let subject = path.isEmpty ? "the configuration" : "'\(path)'"
    report(node.place, path, "\(subject) must be \(expected), got \(got)\(hint)")
  }

  /// The text of a plain value with `${NAME}` and `{file: path}` put in, or `nil` when it is none or a fault was reported.
  mutating func scalar(_ node: ConfigurationNode, _ path: String, expected: String) -> (text: String, quoted: Bool)? {
    places[path] = node.place
    switch node.content {
    case .scalar(let text, let quoted):
      guard text.contains("${") else { return (text, quoted) }
      return expanded(text, node, path).map { ($0, quoted) }
    case .map(let entries) where entries.count == 1 && entries[0].name == "file":
      guard case .scalar(let name, _) = entries[0].value.content else { break }
      do {
        var text = try readingFile(name)
        while text.last?.isNewline == true { text.removeLast() }
        keepSecret(text, path)
        return (text, true)
      } catch {
        report(entries[0].value.place, path, "'\(path)': cannot read the file '\(name)': \(error)")
        return nil
      }
    default: break
    }
    refuse(node, path, expected: expected)
    return nil
  }

  private mutating func keepSecret(_ text: String, _ path: String) {
    secretPaths.insert(path)
    if !text.isEmpty { secrets.insert(text) }
  }

  /// `${NAME}` becomes the variable's value, `$${` becomes `${`.
  private mutating func expanded(_ text: String, _ node: ConfigurationNode, _ path: String) -> String? {
    var result = ""
    var rest = text[...]
    var isSound = true
    while let dollar = rest.range(of: "${") {
      if rest[..<dollar.lowerBound].last == "$" {
        result += rest[..<dollar.lowerBound].dropLast() + "${"
        rest = rest[dollar.upperBound...]
        continue
      }
      result += rest[..<dollar.lowerBound]
      guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else {
        report(node.place, path, "'\(path)': '${' without '}'; write '$${' for the two characters themselves")
        return nil
      }
      let name = String(rest[dollar.upperBound..<end])
      if let value = environment[name] {
        keepSecret(value, path)
        result += value
      } else {
        report(
          node.place, path,
          "'\(path)': the environment variable '\(name)' is not set\(suggestion(for: name, in: environment.keys.sorted()))")
        isSound = false
      }
      rest = rest[rest.index(after: end)...]
    }
    return isSound ? result + rest : nil
  }
}

extension Substring {
  /// The first place of `pattern`, or `nil`.
  fileprivate func range(of pattern: String) -> Range<Index>? {
    guard let start = utf8.firstRange(of: pattern.utf8) else { return nil }
    return start
  }
}
