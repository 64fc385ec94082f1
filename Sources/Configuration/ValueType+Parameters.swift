import Tabular

extension ValueType<[String: PlainValue]> {
  /// A map of free names and values; the strategy that gets them declares and checks them.
  static var parameters: Self {
    Self(
      read: { node, path, reader in
        if case .null = node.content { return [:] }
        guard case .map = node.content else {
          reader.refuse(node, path, expected: "a map of parameters")
          return nil
        }
        guard case .map(let values)? = parameter(node, path, &reader) else { return nil }
        return values
      },
      write: { node(of: .map($0)) }, expectation: "a map of parameters")
  }
}

/// A node read by its own looks, as nothing is declared: YAML 1.2's numbers and truth values, the rest text.
private func parameter(_ node: ConfigurationNode, _ path: String, _ reader: inout ConfigurationReader) -> PlainValue? {
  reader.places[path] = node.place
  switch node.content {
  case .null:
    reader.report(node.place, path, "'\(path)' has no value; leave the key out to keep the strategy's default")
    return nil
  case .scalar(let text, let quoted):
    if text.contains("${") {
      reader.report(node.place, path, "'\(path)' must not hold a secret: the ledger keeps the parameters of every cycle")
      return nil
    }
    if quoted { return .text(text) }
    if let value = truth(text) {
      if ["true", "false"].contains(text.lowercased()) { return .bool(value) }
      reader.report(node.place, path, "'\(path)': '\(text)' may mean a text or \(value); write \(value), or quote it")
      return nil
    }
    if let value = yamlInteger(text) { return .integer(Int64(value)) }
    if let value = yamlNumber(text) { return .number(value) }
    return .text(text)
  case .list(let nodes):
    var values: [PlainValue] = []
    for (position, node) in nodes.enumerated() {
      if let value = parameter(node, "\(path)[\(position)]", &reader) { values.append(value) }
    }
    return values.count == nodes.count ? .list(values) : nil
  case .map(let entries):
    var values: [String: PlainValue] = [:]
    for entry in entries {
      if let value = parameter(entry.value, joined(path, entry.name), &reader) { values[entry.name] = value }
    }
    return values.count == entries.count ? .map(values) : nil
  }
}

private func node(of value: PlainValue) -> ConfigurationNode {
  switch value {
  case .null: ConfigurationNode(.null)
  case .bool(let value): .plain(value ? "true" : "false")
  case .integer(let value): .plain(String(value))
  case .number(let value): .plain("\(value)")
  case .text(let value): .text(value)
  case .list(let values): ConfigurationNode(.list(values.map(node(of:))))
  case .map(let values):
    .map(values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, node(of: $0.value)) })
  }
}
