internal import FoundationEssentials
public import LuaBridge
internal import Tabular

/// The module `json`.
public enum JSONModule {
  /// Its declaration.
  public static let module = LuaModule("json", "Plain data as JSON text and back.", functions: [encode, decode])

  private static let encode = LuaFunction(
    "encode",
    """
    Data as JSON. Keys are sorted, so equal data give equal texts; whole numbers stay whole; a table without keys is `{}`. Functions, \
    objects, NaN and infinities are refused with the path to them.
    """, Parameter("value", PlainValue.self, "nil, booleans, numbers, strings, lists and tables with string keys"),
    Parameter("options", JSONOptions.self, "how it is laid out"), returns: .value(String.self, "JSON")
  ) { try encoded($0, isIndented: $1.indent) }

  private static let decode = LuaFunction(
    "decode", "The data of a JSON text. `null` is nil, also within lists.", Parameter("text", String.self, "JSON"),
    returns: .value(PlainValue.self, "the data")
  ) { try decoded($0) }

  private static func encoded(_ value: PlainValue, isIndented: Bool) throws -> String {
    if let path = value.pathToNonFinite {
      throw LuaError("JSON has no word for a number that is not finite\(path.isEmpty ? "" : ": at \(path)")")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      isIndented ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func decoded(_ text: String) throws -> PlainValue {
    do { return try JSONDecoder().decode(PlainValue.self, from: Data(text.utf8)) } catch let error as DecodingError {
      throw LuaError("the text is not JSON: \(error.reason)")
    }
  }
}

struct JSONOptions: LuaRecord {
  var indent = false

  static var fields: [LuaField<JSONOptions>] { [LuaField("indent", \.indent, "whether it is spread over lines", default: "false")] }
}

extension PlainValue {
  /// The path to the first number that is NaN or infinite, or nil when there is none.
  fileprivate var pathToNonFinite: String? {
    switch self {
    case .number(let number): return number.isFinite ? nil : ""
    case .list(let values):
      for (position, value) in values.enumerated() { if let rest = value.pathToNonFinite { return "[\(position + 1)]\(rest)" } }
    case .map(let entries):
      for (name, value) in entries.sorted(by: { $0.key < $1.key }) { if let rest = value.pathToNonFinite { return ".\(name)\(rest)" } }
    case .null, .bool, .integer, .text: break
    }
    return nil
  }
}

extension DecodingError {
  /// The parser's own words, where there are any.
  fileprivate var reason: String {
    switch self {
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
      context.underlyingError.map { "\($0)" } ?? context.debugDescription
    @unknown default: "\(self)"
    }
  }
}
