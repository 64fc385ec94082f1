import Tabular

extension ValueType {
  /// A list of values of one kind, of any length.
  static func list<Element>(of element: ValueType<Element>, unique: Bool = false, nonEmpty: Bool = false) -> Self
  where Value == [Element], Element: Hashable {
    let expectation =
      (nonEmpty ? "a list, not empty, of " : "a list of ") + element.expectation.withoutArticle + (unique ? ", each once" : "")
    return Self(
      read: { node, path, reader in
        reader.places[path] = node.place
        guard case .list(let nodes) = node.content, !(nonEmpty && nodes.isEmpty) else {
          if case .null = node.content, !nonEmpty { return [] }
          reader.refuse(node, path, expected: expectation)
          return nil
        }
        var values: [Element] = []
        var seen: Set<Element> = []
        for (position, node) in nodes.enumerated() {
          let elementPath = "\(path)[\(position)]"
          guard let value = element.read(node, elementPath, &reader) else { continue }
          if unique, !seen.insert(value).inserted {
            reader.report(node.place, elementPath, "'\(path)' must have each value once, got \(node.words) again")
          }
          values.append(value)
        }
        return values.count == nodes.count ? values : nil
      },
      write: { ConfigurationNode(.list($0.map(element.write))) }, expectation: expectation,
      children: { element.children().map { $0.under("[]") } })
  }

  /// A map from names to values of one kind; the names are free. Order does not count.
  static func map<Element>(of element: ValueType<Element>, naming name: String = "NAME") -> Self where Value == [String: Element] {
    let expectation = "a map from names to " + element.expectation.withoutArticle
    return Self(
      read: { node, path, reader in
        reader.places[path] = node.place
        if case .null = node.content { return [:] }
        guard case .map(let entries) = node.content else {
          reader.refuse(node, path, expected: expectation)
          return nil
        }
        var values: [String: Element] = [:]
        for entry in entries {
          if entry.name.isEmpty { reader.report(entry.place, path, "'\(path)' has an empty name") }
          if let value = element.read(entry.value, joined(path, entry.name), &reader) { values[entry.name] = value }
        }
        return values.count == entries.count ? values : nil
      },
      write: { values in
        .map(values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, element.write($0.value)) })
      }, expectation: expectation,
      children: { element.children().map { $0.under(name) } })
  }

  /// A value that may be absent.
  static func optional<Wrapped>(_ wrapped: ValueType<Wrapped>) -> Self where Value == Wrapped? {
    Self(
      read: { node, path, reader in
        if case .null = node.content { return .some(nil) }
        return wrapped.read(node, path, &reader).map { .some($0) }
      },
      write: { $0.map(wrapped.write) ?? ConfigurationNode(.null) }, expectation: wrapped.expectation, children: wrapped.children)
  }
}

extension ValueType where Value: ConfigurationRecord {
  /// A map with declared keys.
  static func record(_: Value.Type) -> Self {
    Self(
      read: { node, path, reader in readRecord(node, path, &reader) },
      write: { record in
        .map(Value.fields.map { ($0.name, $0.write(record)) })
      },
      expectation: "a map of keys",
      children: { Value.fields.flatMap { $0.descriptions(of: Value()) } })
  }

  /// A map with declared keys, or a plain value that stands for a record with only the key of `property`.
  static func record<Short: Equatable>(
    _ type: Value.Type, or property: any WritableKeyPath<Value, Short> & Sendable, _ short: ValueType<Short>
  ) -> Self {
    let record = Self.record(type)
    let expectation = short.expectation + ", or a map of keys"
    return Self(
      read: { node, path, reader in
        switch node.content {
        case .map: return record.read(node, path, &reader)
        case .null, .list:
          reader.refuse(node, path, expected: expectation)
          return nil
        case .scalar:
          guard let plain = short.read(node, path, &reader) else { return nil }
          var value = Value()
          value[keyPath: property] = plain
          return value
        }
      },
      write: { value in
        var alone = Value()
        guard alone[keyPath: property] != value[keyPath: property] else { return record.write(value) }
        alone[keyPath: property] = value[keyPath: property]
        return alone == value ? short.write(value[keyPath: property]) : record.write(value)
      }, expectation: expectation, children: record.children)
  }

  /// A map with declared keys, or a text that stands for a record with only the key of `property`.
  static func record(_ type: Value.Type, orText property: any WritableKeyPath<Value, String> & Sendable) -> Self {
    record(type, or: property, .text)
  }
}

/// Reads a record; keys with faults keep their defaults, so that what is right can be checked further in the same round.
private func readRecord<R: ConfigurationRecord>(_ node: ConfigurationNode, _ path: String, _ reader: inout ConfigurationReader) -> R? {
  reader.places[path] = node.place
  var entries: [ConfigurationNode.Entry] = []
  switch node.content {
  case .null: break  // a section whose keys are all commented out
  case .map(let given): entries = given
  default:
    reader.refuse(node, path, expected: "a map of keys")
    return nil
  }
  let faultsBefore = reader.faults.count
  var record = R()
  for field in R.fields {
    if let entry = entries.first(where: { $0.name == field.name }) {
      field.read(entry.value, joined(path, field.name), &reader, &record)
    } else if field.isRequired {
      reader.report(node.place, joined(path, field.name), "'\(joined(path, field.name))' is missing: \(field.words)")
    }
  }
  let names = R.fields.map(\.name)
  for entry in entries where !names.contains(entry.name) {
    let full = joined(path, entry.name)
    var near = suggestion(for: entry.name, in: names)
    // A known key at a wrong indentation.
    if near.isEmpty, let elsewhere = Settings.descriptions.first(where: { $0.path.hasSuffix("." + entry.name) }) {
      near = "; did you mean '\(elsewhere.path)'?"
    }
    reader.report(entry.place, full, "unknown key '\(full)'" + (near.isEmpty ? "; known here: " + names.joined(separator: ", ") : near))
  }
  guard reader.faults.count == faultsBefore else { return record }
  for fault in record.faultsAcrossKeys() {
    let place = entries.first { $0.name == fault.key }?.value.place ?? node.place
    reader.report(place, joined(path, fault.key), "'\(joined(path, fault.key))' \(fault.message)")
  }
  return record
}

extension String {
  /// `a number ≥ 0` as `number ≥ 0`, to follow "list of".
  fileprivate var withoutArticle: String {
    hasPrefix("a ") ? String(dropFirst(2)) : hasPrefix("an ") ? String(dropFirst(3)) : self
  }
}
