/// Plain nested data: what JSON, YAML and Lua tables of data have in common.
///
/// Strategy parameters, reasons and room values travel as this between targets that know nothing of each other.
public indirect enum PlainValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([PlainValue])
  case map([String: PlainValue])

  /// The value under `key` of a map, or `nil`.
  public subscript(key: String) -> PlainValue? {
    if case .map(let entries) = self { entries[key] } else { nil }
  }

  /// The text, or `nil` when it is none.
  public var text: String? { if case .text(let text) = self { text } else { nil } }

  /// The number, whole or not, or `nil` when it is none.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}

extension PlainValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A list.
  public init(arrayLiteral elements: PlainValue...) { self = .list(elements) }
  /// A map; of equal keys the last one counts.
  public init(dictionaryLiteral elements: (String, PlainValue)...) {
    self = .map(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}

extension PlainValue: Codable {
  /// Reads JSON: `null`, a truth value, a whole number, a number, a text, a list or a map.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([PlainValue].self) {
      self = .list(value)
    } else {
      self = .map(try container.decode([String: PlainValue].self))
    }
  }

  /// Writes JSON. A number that is not finite has no place there and is written as a text: `"nan"`, `"inf"`, `"-inf"`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value):
      if value.isFinite { try container.encode(value) } else { try container.encode(value.isNaN ? "nan" : "\(value)") }
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .map(let entries): try container.encode(entries)
    }
  }
}

extension PlainValue: CustomStringConvertible {
  /// One line as a person would write it: `{codes: [HIGH_MAE], cooldown_hours: 24}`, keys sorted.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): value.shown
    case .text(let value): value
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .map(let entries):
      "{" + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }
  }
}
