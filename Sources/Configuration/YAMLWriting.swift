/// Writes a node as the YAML that reads back as it, keys and lists of maps in block style, the rest in one line.
///
/// - Parameter remarks: Returns what stands beside and above the key at a path.
func writeYAML(_ node: ConfigurationNode, remarks: (String) -> YAMLRemarks = { _ in YAMLRemarks() }) -> String {
  withoutActuallyEscaping(remarks) { remarks in
    var writer = YAMLWriter(remarks: remarks)
    if case .map(let entries) = node.content { writer.map(entries, path: "", indent: 0) }
    return writer.text
  }
}

/// Comments on one key.
struct YAMLRemarks {
  /// Lines above the key.
  var above: [String] = []
  /// Words behind the value.
  var beside = ""
  /// Whether an empty line goes before.
  var isSection = false
}

private struct YAMLWriter {
  let remarks: (String) -> YAMLRemarks
  var text = ""

  mutating func map(_ entries: [ConfigurationNode.Entry], path: String, indent: Int) {
    let margin = String(repeating: " ", count: indent)
    for entry in entries {
      let full = joined(path, entry.name)
      let remarks = remarks(full)
      if remarks.isSection, !text.isEmpty { text += "\n" }
      for line in remarks.above { text += margin + "# " + line + "\n" }
      let beside = remarks.beside.isEmpty ? "" : "  # " + remarks.beside
      switch entry.value.content {
      case .null: continue
      case .map(let children) where !children.isEmpty:
        text += "\(margin)\(scalarYAML(entry.name, quoted: true)):\n"
        map(children, path: full, indent: indent + 2)
      case .list(let elements) where elements.contains { $0.isMap }:
        text += "\(margin)\(scalarYAML(entry.name, quoted: true)):\(beside)\n"
        list(elements, path: full, indent: indent + 2)
      default:
        text += "\(margin)\(scalarYAML(entry.name, quoted: true)): \(inlineYAML(entry.value))\(beside)\n"
      }
    }
  }

  private mutating func list(_ elements: [ConfigurationNode], path: String, indent: Int) {
    let margin = String(repeating: " ", count: indent)
    for (position, element) in elements.enumerated() {
      guard case .map(let children) = element.content, !children.isEmpty else {
        text += "\(margin)- \(inlineYAML(element))\n"
        continue
      }
      text += "\(margin)-\n"
      map(children, path: "\(path)[\(position)]", indent: indent + 2)
    }
  }
}

extension ConfigurationNode {
  fileprivate var isMap: Bool {
    if case .map(let entries) = content { !entries.isEmpty } else { false }
  }
}

/// Returns a node in one line, in flow style.
func inlineYAML(_ node: ConfigurationNode) -> String {
  switch node.content {
  case .null: "null"
  case .scalar(let text, let quoted): scalarYAML(text, quoted: quoted)
  case .list(let elements): "[" + elements.map(inlineYAML).joined(separator: ", ") + "]"
  case .map(let entries):
    "{" + entries.map { scalarYAML($0.name, quoted: true) + ": " + inlineYAML($0.value) }.joined(separator: ", ") + "}"
  }
}

/// A scalar; one that is text (`quoted`) gets quotes unless nothing could take it for anything else.
private func scalarYAML(_ text: String, quoted: Bool) -> String {
  guard quoted else { return text }
  let isPlain =
    text.utf8.first.map { ("a"..."z").contains(Character(Unicode.Scalar($0))) || ("A"..."Z").contains(Character(Unicode.Scalar($0))) }
    ?? false
    && text.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./".unicodeScalars.contains($0) }
    && truth(text) == nil && text.lowercased() != "null"
  if isPlain { return text }
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\r": result += "\\r"
    case "$": result += "$"
    case _
    where scalar.value < 0x20 || scalar.value == 0x7F || (0x80...0x9F).contains(scalar.value)
      || [0x2028, 0x2029, 0xFEFF].contains(scalar.value):
      let digits = String(scalar.value, radix: 16, uppercase: true)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
