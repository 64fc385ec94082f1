import Learning
import LuaBridge
import Tabular

/// An estimator as scripts hold it: parameters that were checked, not fitted yet.
struct ScriptEstimator: LuaObject {
  let estimator: any Estimator

  static let luaName = "estimator"
  static let luaClass = LuaClass<ScriptEstimator>(
    "A way to learn with its parameters, which were checked when it was made. Fitting gives a model and leaves the estimator as it is.",
    methods: [fit],
    properties: [
      LuaProperty("name", "Which estimator it is: `knn`.") { $0.name },
      LuaProperty("parameters", "All its parameters by name; one that is not set has no field.") { $0.estimator.values },
    ], text: { $0.text })

  var name: String { type(of: estimator).name }

  /// The parameters that are not at their defaults.
  var choice: EstimatorChoice {
    let defaults = type(of: estimator).init().values
    return EstimatorChoice(name, estimator.values.filter { $0.value != defaults[$0.key] })
  }

  /// As a script makes it: `learn.knn{ neighbor_count = 7 }`.
  var text: String {
    let values = choice.values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.luaText)" }
    return "learn.\(name){\(values.isEmpty ? "" : " \(values.joined(separator: ", ")) ")}"
  }

  private struct FitOptions: RowOptionsRecord, WorkOptionsRecord {
    var rows = RowOptions()
    var work = WorkOptions()

    static var fields: [LuaField<FitOptions>] { [weightsField, groupsField, timesField, seedField, threadsField] }
  }

  private static let fit = LuaFunction(
    "fit",
    """
    Learns from rows: the same rows, parameters and seed give the same model. Columns of X that `y` and the options name are no features. \
    Texts are levels, truth values 0 and 1, instants epoch seconds; a missing feature is data, a missing target an error.
    """, on: ScriptEstimator.self, in: LuaVM.self, Parameter("X", FeatureSource.self, "features, a row a case"),
    Parameter("y", TargetSource.self, "numbers, one a row; a frame, or columns by name, for several outputs; or names of columns of X"),
    Parameter("options", FitOptions.self, "what is known about the rows, and how to work"),
    returns: .value(ScriptModel.self, "what was learnt"), effect: .pure
  ) { estimator, vm, features, target, options in
    try LearningRows.naming("estimator:fit") {
      let context = try options.work.context(in: vm)
      let data = try LearningRows.dataset(features.frame, target, options.rows, in: vm)
      return ScriptModel(try estimator.estimator.fitted(data, in: context))
    }
  }
}

/// The parameters of a constructor, each a field.
struct EstimatorParameters<Made: Estimator>: LuaReadable {
  var estimator: Made

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
    case .text, .map: LuaType("string|table|estimator")
    case .list(let elements): elements.first.map { kind(of: $0, expected: "").list } ?? LuaType("any[]")
    case .null: expected.contains("integer") ? LuaType("integer") : expected.contains("number") ? LuaType("number") : LuaType("any")
    }
  }

  static var absent: EstimatorParameters? { EstimatorParameters(estimator: Made()) }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> EstimatorParameters {
    var values: [String: PlainValue] = [:]
    try slot.forEachField(expected: "table") { (name, value) throws(LuaMismatch) in
      values[name] = try EstimatorValue.read(from: value).plain
    }
    do throws(LearningError) { return EstimatorParameters(estimator: try Made(values)) } catch { throw LuaMismatch("\(error)") }
  }
}

/// A parameter's value: data, an estimator, or a list with estimators in it.
private struct EstimatorValue: LuaReadable {
  var plain: PlainValue

  static var luaType: LuaType { LuaType("any") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> EstimatorValue {
    if slot.kind == .userdata {
      let choice = try ScriptEstimator.read(from: slot).choice
      return EstimatorValue(plain: .map(choice.values.merging(["name": .text(choice.name)]) { $1 }))
    }
    do { return EstimatorValue(plain: try PlainValue.read(from: slot)) } catch {
      guard slot.kind == .table, let list = try? [EstimatorValue].read(from: slot) else { throw error }
      return EstimatorValue(plain: .list(list.map(\.plain)))
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
