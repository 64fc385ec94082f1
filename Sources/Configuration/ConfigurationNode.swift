/// A configuration as written, before any key is known: a tree in which every value remembers its place.
struct ConfigurationNode {
  indirect enum Content {
    case null
    /// `quoted` text is never a number, truth value or nothing.
    case scalar(String, quoted: Bool)
    case list([ConfigurationNode])
    case map([Entry])
  }
  /// One `name: value` of a map.
  struct Entry {
    var name: String
    var place: ConfigurationPlace
    var value: ConfigurationNode
  }

  var content: Content
  var place: ConfigurationPlace

  init(_ content: Content, at place: ConfigurationPlace = ConfigurationPlace("default")) {
    self.content = content
    self.place = place
  }

  static func plain(_ text: String) -> Self { Self(.scalar(text, quoted: false)) }
  static func text(_ text: String) -> Self { Self(.scalar(text, quoted: true)) }
  static func map(_ entries: [(String, ConfigurationNode)]) -> Self {
    Self(.map(entries.map { Entry(name: $0.0, place: $0.1.place, value: $0.1) }))
  }

  /// What came, for the end of a message: `'many'`, `5`, `nothing`, `a list`, `a map`.
  var words: String {
    switch content {
    case .null: return "nothing"
    case .list: return "a list"
    case .map: return "a map"
    case .scalar(let text, let quoted):
      let isNumber = Double(text) != nil
      if quoted, isNumber || truth(text) != nil { return "the text '\(text)' (without quotes it is no text)" }
      return isNumber ? text : "'\(text)'"
    }
  }

  /// Puts `value` at the key path, making the maps on the way; a list or plain value on the way is replaced.
  mutating func set(_ path: ArraySlice<Substring>, to value: ConfigurationNode) {
    guard let first = path.first else {
      self = value
      return
    }
    var entries: [Entry] = []
    if case .map(let present) = content { entries = present }
    if let position = entries.firstIndex(where: { $0.name == first }) {
      entries[position].value.set(path.dropFirst(), to: value)
      if path.count == 1 { entries[position].place = value.place }
    } else {
      var child = ConfigurationNode(.null, at: value.place)
      child.set(path.dropFirst(), to: value)
      entries.append(Entry(name: String(first), place: value.place, value: child))
    }
    content = .map(entries)
  }
}

/// The truth value of a YAML 1.1 word (`true`, `yes`, `on`, …), or `nil`.
func truth(_ text: String) -> Bool? {
  switch text {
  case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": true
  case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": false
  default: nil
  }
}

/// The integer that YAML 1.2 reads: decimal, `0x` or `0o`. Not `010`, which YAML 1.1 reads as 8 and YAML 1.2 as 10.
func yamlInteger(_ text: String) -> Int? {
  if text.hasPrefix("0x") { return text.dropFirst(2).first.flatMap { $0.isHexDigit ? Int(text.dropFirst(2), radix: 16) : nil } }
  if text.hasPrefix("0o") { return text.dropFirst(2).first.flatMap { $0.isNumber ? Int(text.dropFirst(2), radix: 8) : nil } }
  let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
  guard digits.count == 1 || digits.first != "0" else { return nil }
  return Int(text)
}

/// The finite number that YAML 1.2 reads: an integer as above, or decimal digits with a point or an exponent.
func yamlNumber(_ text: String) -> Double? {
  if let integer = yamlInteger(text) { return Double(integer) }
  let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
  // `Double(_:)` also reads hexadecimal fractions, `inf` and `nan`.
  guard let first = digits.utf8.first, first == UInt8(ascii: ".") || (48...57).contains(first),
    digits.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }),
    !(first == 48 && (digits.utf8.dropFirst().first.map { (48...57).contains($0) } ?? false)),
    let value = Double(text), value.isFinite
  else { return nil }
  return value
}
