import Yams

/// What stopped the reading of a text as YAML.
struct YAMLFaults: Error {
  var faults: [ConfigurationFault]
}

/// Reads YAML text into a tree with places; a text without any value is `.null`.
///
/// Anchors and aliases work; merge keys, tags and several documents are refused. Duplicate keys are added to `faults` and the last one
/// stands, so that whatever else is wrong is found in the same pass.
func readYAML(_ text: String, origin: String, faults: inout [ConfigurationFault]) -> ConfigurationNode? {
  var source = text.hasPrefix("\u{FEFF}") ? String(text.unicodeScalars.dropFirst()) : text
  var markers: [Marker] = []
  while true {
    do {
      // The encoding is named because Yams would otherwise read an environment variable. The rule-free resolver leaves every scalar a
      // text: the declared type of its key says how to read it (`no` is a country where a text is declared).
      let root = try Parser(yaml: source, resolver: .basic, encoding: .utf8).singleRoot()
      guard let root else { return ConfigurationNode(.null, at: ConfigurationPlace(origin, line: 1, column: 1)) }
      var conversion = Conversion(origin: origin, markers: markers)
      let node = conversion.node(root, path: "", depth: 0)
      faults += conversion.faults
      return node
    } catch let error as YamlError {
      if case .duplicatedKeysInMapping(_, let context) = error, let marker = Marker(number: markers.count, at: context.mark, in: &source) {
        markers.append(marker)
      } else {
        faults.append(fault(error, text: source, origin: origin))
        return nil
      }
    } catch {
      faults.append(ConfigurationFault(place: ConfigurationPlace(origin), keyPath: "", message: "not valid YAML: \(error)"))
      return nil
    }
  }
}

/// A private character put in front of the first of two equal keys. Yams stops at a duplicate key; with the first one renamed it reads
/// on, and the conversion, which knows the place, gives the key its name back.
private struct Marker {
  let character: Unicode.Scalar
  let line: Int
  let column: Int

  init?(number: Int, at mark: Mark, in source: inout String) {
    guard number < 1000, let character = Unicode.Scalar(UInt32(0xE000 + number)) else { return nil }
    let scalars = source.unicodeScalars
    var index = scalars.startIndex
    var line = 1
    while line < mark.line {
      guard let end = scalars[index...].firstIndex(where: { $0 == "\n" || $0 == "\r" }) else { return nil }
      index = scalars.index(after: end)
      if scalars[end] == "\r", index < scalars.endIndex, scalars[index] == "\n" { index = scalars.index(after: index) }
      line += 1
    }
    guard var position = scalars.index(index, offsetBy: mark.column - 1, limitedBy: scalars.endIndex), position < scalars.endIndex else {
      return nil
    }
    // An anchor, tag, alias or collection as a key is not worth the trouble: such a duplicate is reported alone.
    guard !"&!*?[{|>".unicodeScalars.contains(scalars[position]) else { return nil }
    if scalars[position] == "\"" || scalars[position] == "'" { position = scalars.index(after: position) }
    source.unicodeScalars.insert(character, at: position)
    self.character = character
    self.line = mark.line
    column = mark.column
  }
}

/// From Yams' nodes to ours.
private struct Conversion {
  let origin: String
  let markers: [Marker]
  var faults: [ConfigurationFault] = []
  private var count = 0
  private var stopped = false

  init(origin: String, markers: [Marker]) {
    self.origin = origin
    self.markers = markers
  }

  mutating func node(_ node: Node, path: String, depth: Int) -> ConfigurationNode {
    let place = place(node.mark)
    count += 1
    // A few nested aliases can stand for billions of values; the largest configuration in use has some thousands.
    guard count < 100_000, depth < 64 else {
      if !stopped {
        stopped = true
        report(place, path, "too many values: more than 100000, or nested deeper than 64, with aliases written out")
      }
      return ConfigurationNode(.null, at: place)
    }
    switch node {
    case .scalar(let scalar):
      if !["", "tag:yaml.org,2002:str"].contains(node.tag.description) {
        report(place, path, "a tag ('\(node.tag.description)') has no meaning here; leave it out")
      }
      let quoted = scalar.style != .plain
      if !quoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return ConfigurationNode(.null, at: place) }
      return ConfigurationNode(.scalar(scalar.string, quoted: quoted), at: place)
    case .sequence(let sequence):
      var elements: [ConfigurationNode] = []
      for (position, element) in sequence.enumerated() {
        elements.append(self.node(element, path: "\(path)[\(position)]", depth: depth + 1))
      }
      return ConfigurationNode(.list(elements), at: place)
    case .mapping(let mapping): return map(mapping, place: place, path: path, depth: depth)
    case .alias: return ConfigurationNode(.null, at: place)  // Yams has put the aliased node in its place
    }
  }

  private mutating func map(_ mapping: Node.Mapping, place: ConfigurationPlace, path: String, depth: Int) -> ConfigurationNode {
    var entries: [ConfigurationNode.Entry] = []
    var positions: [String: Int] = [:]
    for (key, value) in mapping {
      let keyPlace = self.place(key.mark)
      guard case .scalar(let scalar) = key else {
        report(keyPlace, path, "a key must be a plain text, got a \(key.sequence == nil ? "map" : "list")")
        continue
      }
      let name = original(scalar.string)
      let full = joined(path, name)
      if name == "<<", scalar.style == .plain {
        report(keyPlace, full, "merge keys ('<<') are not supported; write the keys out")
        continue
      }
      let entry = ConfigurationNode.Entry(name: name, place: keyPlace, value: node(value, path: full, depth: depth + 1))
      if let position = positions[name] {
        report(keyPlace, full, "'\(full)' is given twice; first in line \(entries[position].place.line ?? 0)")
        entries[position] = entry
      } else {
        positions[name] = entries.count
        entries.append(entry)
      }
    }
    return ConfigurationNode(.map(entries), at: place)
  }

  private func original(_ name: String) -> String {
    guard let first = name.unicodeScalars.first, markers.contains(where: { $0.character == first }) else { return name }
    return String(name.unicodeScalars.dropFirst())
  }

  private func place(_ mark: Mark?) -> ConfigurationPlace {
    guard let mark else { return ConfigurationPlace(origin) }
    let shift = markers.count { $0.line == mark.line && $0.column < mark.column }
    return ConfigurationPlace(origin, line: mark.line, column: mark.column - shift)
  }

  private mutating func report(_ place: ConfigurationPlace, _ path: String, _ message: String) {
    faults.append(ConfigurationFault(place: place, keyPath: path, message: message))
  }
}

/// `sampling` and `size` make `sampling.size`.
func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : path + "." + name }

private func fault(_ error: YamlError, text: String, origin: String) -> ConfigurationFault {
  var place = ConfigurationPlace(origin)
  var message: String
  switch error {
  case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
    .composer(let context, let problem, let mark, _):
    place = ConfigurationPlace(origin, line: mark.line, column: mark.column)
    message = "not valid YAML: " + (context.map { $0.text + " " } ?? "") + problem
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    if mark.line <= lines.count, lines[mark.line - 1].prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") {
      message = "not valid YAML: a tab cannot indent; use spaces"
    } else if case .composer = error, problem.contains("another document") {
      message = "not valid YAML: a second document begins here; only one is read"
    }
  case .reader(let problem, let offset, _, _):
    if let offset {
      let before = text.prefix(offset)
      let line = before.count(where: \.isNewline) + 1
      let column = before.reversed().prefix { !$0.isNewline }.count + 1
      place = ConfigurationPlace(origin, line: line, column: column)
    }
    message = "not valid YAML: \(problem)"
  case .duplicatedKeysInMapping(let names, let context):
    place = ConfigurationPlace(origin, line: context.mark.line, column: context.mark.column)
    message = "given twice: " + names.sorted().map { "'\($0)'" }.joined(separator: ", ")
  default: message = "not valid YAML: \(error)"
  }
  return ConfigurationFault(place: place, keyPath: "", message: message)
}
