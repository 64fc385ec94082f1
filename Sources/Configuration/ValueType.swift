import Tabular

/// How values of one kind are read from a configuration, written into one, and described: the type in a key's declaration.
///
/// Scalars are `.bool`, `.integer(1...20)`, `.integer(oneOf:)`, `.number(0...1)`, `.number(above:)`, `.text`, `.path`, `.choice(of:)` and,
/// for a text with a grammar of its own, `.text(_:parse:show:)`. They combine to `.list(of:)`, `.map(of:)`, `.record(_:)`,
/// `.record(_:orText:)` (a text stands for a record with that one key), `.optional(_:)`; `.parameters` is free.
struct ValueType<Value: Sendable>: Sendable {
  /// Returns the value of a node, or `nil` after reporting to the reader why there is none.
  var read: @Sendable (ConfigurationNode, String, inout ConfigurationReader) -> Value?
  /// Returns the node that reads as the value. The key path serves to hide secrets.
  var write: @Sendable (Value) -> ConfigurationNode
  /// What is expected, for messages and the reference: `an integer 10…10000`.
  var expectation: String
  /// The keys within, for the reference and for suggestions: of a record its fields, of a map `NAME` and what is under it.
  var children: @Sendable () -> [KeyDescription] = { [] }
}

/// One declared key as the reference shows it.
struct KeyDescription {
  var path: String
  var expectation: String
  var defaultText: String
  var unit: String
  var words: String

  func under(_ parent: String) -> KeyDescription {
    var result = self
    result.path = path.hasPrefix("[") ? parent + path : joined(parent, path)
    return result
  }
}

extension ValueType {
  /// A plain value: `parse` gets the text, and whether it was quoted, and returns `nil` when it is not one.
  static func scalar(
    _ expectation: String, parse: @escaping @Sendable (String, Bool) -> Value?, hint: @escaping @Sendable (String) -> String = { _ in "" },
    write: @escaping @Sendable (Value) -> ConfigurationNode
  ) -> Self {
    Self(
      read: { node, path, reader in
        guard let (text, quoted) = reader.scalar(node, path, expected: expectation) else { return nil }
        if let value = parse(text, quoted) { return value }
        reader.refuse(node, path, expected: expectation, hint: reader.secretPaths.contains(path) ? "" : hint(text))
        return nil
      }, write: write, expectation: expectation)
  }
}

extension ValueType<Bool> {
  /// `true` or `false`; YAML 1.1's other words (`yes`, `off`, …) are read too.
  static var bool: Self { scalar("true or false", parse: { $1 ? nil : truth($0) }, write: { .plain($0 ? "true" : "false") }) }
}

extension ValueType<Int> {
  /// A whole number within `bounds`: decimal, `0x` or `0o`.
  static func integer(_ bounds: ClosedRange<Int>) -> Self {
    integer("an integer \(bounds.lowerBound)…\(bounds.upperBound)", bounds.contains)
  }
  /// A whole number from `bounds` upwards.
  static func integer(_ bounds: PartialRangeFrom<Int>) -> Self { integer("an integer ≥ \(bounds.lowerBound)", bounds.contains) }
  /// One of these whole numbers.
  static func integer(oneOf values: [Int]) -> Self {
    integer("one of " + values.map(String.init).joined(separator: ", "), values.contains)
  }

  private static func integer(_ expectation: String, _ accepts: @escaping @Sendable (Int) -> Bool) -> Self {
    scalar(expectation, parse: { $1 ? nil : yamlInteger($0).flatMap { accepts($0) ? $0 : nil } }, write: { .plain(String($0)) })
  }
}

extension ValueType<Double> {
  /// A finite number within `bounds`.
  static func number(_ bounds: ClosedRange<Double>) -> Self {
    number("a number \(shortest(bounds.lowerBound))…\(shortest(bounds.upperBound))", bounds.contains)
  }
  /// A finite number within `bounds`, the upper one excluded.
  static func number(_ bounds: Range<Double>) -> Self {
    number("a number ≥ \(shortest(bounds.lowerBound)) and < \(shortest(bounds.upperBound))", bounds.contains)
  }
  /// A finite number from `bounds` upwards.
  static func number(_ bounds: PartialRangeFrom<Double>) -> Self { number("a number ≥ \(shortest(bounds.lowerBound))", bounds.contains) }
  /// A finite number greater than `bound`.
  static func number(above bound: Double) -> Self { number("a number > \(shortest(bound))", { $0 > bound }) }

  private static func number(_ expectation: String, _ accepts: @escaping @Sendable (Double) -> Bool) -> Self {
    scalar(expectation, parse: { $1 ? nil : yamlNumber($0).flatMap { accepts($0) ? $0 : nil } }, write: { .plain("\($0)") })
  }

  private static func shortest(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
  }
}

extension ValueType<String> {
  /// A text that is not empty, as written: `no` and `12` are texts here.
  static var text: Self { text("a text", parse: { $0.isEmpty ? nil : $0 }, show: { $0 }) }
  /// A text that may be empty.
  static var anyText: Self { text("a text (may be empty)", parse: { $0 }, show: { $0 }) }
  /// A path; what it is relative to is said in the key's words.
  static var path: Self { text("a path", parse: { $0.isEmpty || $0.contains("\0") ? nil : $0 }, show: { $0 }) }
}

extension ValueType {
  /// A text with a grammar of its own: `parse` returns `nil` when it does not follow it, `show` is its inverse.
  static func text(
    _ expectation: String, parse: @escaping @Sendable (String) -> Value?, show: @escaping @Sendable (Value) -> String
  ) -> Self {
    scalar(expectation, parse: { text, _ in parse(text) }, write: { .text(escapingExpansion(show($0))) })
  }
}

/// `${` written so that it is not read as a variable.
private func escapingExpansion(_ text: String) -> String {
  text.contains("${") ? text.split(separator: "${", omittingEmptySubsequences: false).joined(separator: "$${") : text
}

extension ValueType where Value: RawRepresentable<String> & CaseIterable {
  /// One of the cases, by their raw values.
  static func choice(of: Value.Type) -> Self {
    let names = Value.allCases.map(\.rawValue)
    return scalar(
      "one of " + names.joined(separator: ", "), parse: { text, _ in Value(rawValue: text) },
      hint: { suggestion(for: $0, in: names) }, write: { .text($0.rawValue) })
  }
}
