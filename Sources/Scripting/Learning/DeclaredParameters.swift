import Learning
import LuaBridge
import Tabular

extension Parameterised {
  /// Its name and the parameters that are not at their defaults.
  var choice: EstimatorChoice {
    let defaults = Self().values
    return EstimatorChoice(Self.name, values.filter { $0.value != defaults[$0.key] })
  }
}

extension EstimatorChoice {
  /// As a script makes it: `learn.knn{ neighbor_count = 7 }`.
  var luaCall: String {
    let values = values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.luaText)" }
    return "learn.\(name){\(values.isEmpty ? "" : " \(values.joined(separator: ", ")) ")}"
  }
}

/// The parameters of a constructor, each a field.
struct DeclaredParameters<Made: Parameterised>: LuaReadable {
  var made: Made

  static var luaType: LuaType {
    let defaults = Made().values
    let fields = Made.parameters.map { parameter in
      let fallback = defaults[parameter.name] ?? .null
      let type = kind(of: fallback, expected: parameter.expected)
      // The type says it of truth values and of words to choose from.
      let says = type.name == "boolean" || type.name.hasPrefix("\"")
      return LuaDocumentation.Parameter(
        name: parameter.name, type: type, words: says ? parameter.doc : "\(parameter.doc); \(parameter.expected)",
        defaultText: fallback == .null ? nil : fallback.luaText, isRequired: false, isVariadic: false)
    }
    return LuaType("{ \(fields.map { "\($0.name)?: \($0.type.name)" }.joined(separator: ", ")) }", fields: fields)
  }

  /// The type of values like the default; words to choose from are in `expected`.
  private static func kind(of fallback: PlainValue, expected: String) -> LuaType {
    switch fallback {
    case .bool: LuaType("boolean")
    case .integer: LuaType("integer")
    case .number: LuaType("number")
    case .text where expected.hasPrefix("'"):
      LuaType(expected.split(separator: "'").enumerated().filter { $0.offset % 2 == 0 }.map { "\"\($0.element)\"" }.joined(separator: "|"))
    case .text where expected == "a text": LuaType("string")
    case .map where expected.hasPrefix("a table of numbers"): LuaType("table<string, number>")
    case .map where expected.hasPrefix("a table of lists"): LuaType("table<string, string[]>")
    case .text, .map: LuaType("string|table|estimator")
    case .list where expected.contains("transformers"): LuaType("string|table|transformer").list
    case .list(let elements): elements.first.map { kind(of: $0, expected: "").list } ?? LuaType("any[]")
    case .null where expected.contains("list of names"): LuaType("string[]")
    case .null: expected.contains("integer") ? LuaType("integer") : expected.contains("number") ? LuaType("number") : LuaType("any")
    }
  }

  static var absent: DeclaredParameters? { DeclaredParameters(made: Made()) }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> DeclaredParameters {
    var values: [String: PlainValue] = [:]
    var listed: [(position: Int, value: PlainValue)] = []
    try slot.forEachEntry(expected: "table") { (key, value) throws(LuaMismatch) in
      let plain = try DeclaredValue.read(from: value).plain
      switch key {
      case .name(let name): values[name] = plain
      case .position(let position): listed.append((position, plain))
      }
    }
    if !listed.isEmpty {
      guard Made.self == PipelineRegressor.self else { throw LuaMismatch("table expected, got a table with a number for a key") }
      // The steps, and last the estimator.
      let parts = listed.sorted { $0.position < $1.position }
      guard values.isEmpty, parts.map(\.position) == Array(1...parts.count) else {
        throw LuaMismatch("transformers and last an estimator expected, or 'steps' and 'estimator', got a table of both or with a hole")
      }
      values = ["steps": .list(parts.dropLast().map(\.value)), "estimator": parts[parts.count - 1].value]
    }
    do throws(LearningError) { return DeclaredParameters(made: try Made(values)) } catch { throw LuaMismatch("\(error)") }
  }
}

/// A parameter's value: data, an estimator or transformer, or a list with such in it.
struct DeclaredValue: LuaReadable {
  var plain: PlainValue

  static var luaType: LuaType { LuaType("any") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> DeclaredValue {
    if slot.kind == .userdata {
      let transformer = try? ScriptTransformer.read(from: slot)
      let choice = if let transformer { transformer.choice } else { try ScriptEstimator.read(from: slot).choice }
      return DeclaredValue(plain: .map(choice.values.merging(["name": .text(choice.name)]) { $1 }))
    }
    do { return DeclaredValue(plain: try PlainValue.read(from: slot)) } catch {
      guard slot.kind == .table, let list = try? [DeclaredValue].read(from: slot) else { throw error }
      return DeclaredValue(plain: .list(list.map(\.plain)))
    }
  }
}

extension PlainValue {
  /// The value as Lua writes it.
  var luaText: String {
    switch self {
    case .null: "nil"
    case .bool, .integer, .number: description
    case .text(let text): "\"\(text)\""
    case .list(let values): values.isEmpty ? "{}" : "{ \(values.map(\.luaText).joined(separator: ", ")) }"
    case .map(let fields):
      fields.isEmpty
        ? "{}" : "{ \(fields.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.luaText)" }.joined(separator: ", ")) }"
    }
  }
}
