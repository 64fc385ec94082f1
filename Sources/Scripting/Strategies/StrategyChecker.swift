import LuaBridge
import Tabular

/// Loads a strategy in a VM of its own and checks what it declares, collecting all faults.
struct StrategyChecker {
  struct Declared {
    var summary: String
    var parameters: [StrategyParameter]
  }

  let path: String
  let source: String
  private(set) var faults: [StrategyFault] = []

  private static let fields = ["interface", "summary", "parameters", "decide"]
  private static let parameterFields = ["type", "default", "min", "max", "choices", "doc"]

  init(path: String, source: String) {
    self.path = path
    self.source = source
  }

  /// What the strategy declares, or `nil` when it cannot even be loaded.
  mutating func check() -> Declared? {
    let function: LuaFunctionReference
    let vm: LuaVM
    do throws(LuaError) {
      // Loading runs the file's top level, which has no business with data: only pure functions, and little time.
      vm = try LuaVM(LuaVM.Settings(limits: LuaLimits(memoryBytes: 64 << 20, time: .seconds(2)), modules: pureModules))
      function = try vm.load(LuaSource(source, name: path))
    } catch {
      faults.append(StrategyFault(path: path, line: error.line, message: error.message))
      return nil
    }
    return withExtendedLifetime(vm) {
      do throws(LuaError) {
        guard let table = try function.call(as: Returned.self).table else {
          fault(nil, "the file must return the strategy's table: return { interface = \(StrategyFile.interface), … }")
          return nil
        }
        return try check(table)
      } catch {
        faults.append(StrategyFault(path: path, line: error.line, message: error.message))
        return nil
      }
    }
  }

  /// What a file returned: its table, or something else.
  private struct Returned: LuaReadable {
    let table: LuaTableReference?

    static var luaType: LuaType { LuaTableReference.luaType }
    static func read(from slot: LuaSlot) throws(LuaMismatch) -> Returned {
      Returned(table: slot.kind == .table ? try LuaTableReference.read(from: slot) : nil)
    }
  }

  private mutating func check(_ table: LuaTableReference) throws(LuaError) -> Declared {
    for name in names(of: table, nil, "the strategy's table") where !Self.fields.contains(name) {
      fault(name, "unknown field '\(name)'\(Self.hint(name, Self.fields))")
    }
    if try table.kind(of: "interface") != .integer {
      fault("interface", "'interface' must be \(StrategyFile.interface), got \(try described(table, "interface"))")
    } else {
      let interface = try table.field("interface", as: Int.self)
      if interface != StrategyFile.interface {
        fault(
          "interface", "'interface' must be \(StrategyFile.interface), got \(interface): the file was written for another version of Lathe")
      }
    }
    var declared = Declared(summary: "", parameters: [])
    if try table.kind(of: "summary") == .string {
      declared.summary = try table.field("summary", as: String.self)
    } else {
      fault("summary", "'summary' must be a string that says what the strategy does, got \(try described(table, "summary"))")
    }
    if try table.kind(of: "decide") != .function {
      fault("decide", "'decide' must be a function (ctx, parameters), got \(try described(table, "decide"))")
    }
    switch try table.kind(of: "parameters") {
    case .nil: break
    case .table:
      let parameters = try table.field("parameters", as: LuaTableReference.self)
      for name in names(of: parameters, "parameters", "'parameters'") {
        if let parameter = try check(parameter: name, in: parameters) { declared.parameters.append(parameter) }
      }
    default: fault("parameters", "'parameters' must be a table, got \(try described(table, "parameters"))")
    }
    faults.sort { ($0.line ?? 0, $0.message) < ($1.line ?? 0, $1.message) }
    return declared
  }

  private mutating func check(parameter name: String, in parameters: LuaTableReference) throws(LuaError) -> StrategyParameter? {
    guard try parameters.kind(of: name) == .table else {
      fault(name, "parameter '\(name)' must be a table with type, default and doc, got \(try described(parameters, name))")
      return nil
    }
    let table = try parameters.field(name, as: LuaTableReference.self)
    let before = faults.count
    for field in names(of: table, name, "parameter '\(name)'") where !Self.parameterFields.contains(field) {
      fault(name, "parameter '\(name)' has an unknown field '\(field)'\(Self.hint(field, Self.parameterFields))")
    }
    let kinds = StrategyParameter.Kind.allCases.map(\.rawValue)
    var kind: StrategyParameter.Kind?
    if try table.kind(of: "type") == .string {
      let type = try table.field("type", as: String.self)
      kind = StrategyParameter.Kind(rawValue: type)
      if kind == nil {
        fault(
          name,
          "parameter '\(name)' has the unknown type '\(type)'; known are \(kinds.joined(separator: ", "))\(suggestion(for: type, in: kinds))"
        )
      }
    } else {
      fault(name, "parameter '\(name)' must have a type: one of \(kinds.joined(separator: ", "))")
    }
    var doc = ""
    if try table.kind(of: "doc") == .string {
      doc = try table.field("doc", as: String.self)
    } else {
      fault(name, "parameter '\(name)' must have a doc: a string that says what it means")
    }
    let (min, max) = (try bound("min", of: name, table), try bound("max", of: name, table))
    if let min, let max, min > max { fault(name, "parameter '\(name)' has a min above its max") }
    if min != nil || max != nil, let kind, ![.integer, .number, .numbers].contains(kind) {
      fault(name, "parameter '\(name)' has a min or max, but is of type \(kind.rawValue): only numbers have bounds")
    }
    var choices: [String]?
    if try table.kind(of: "choices") != .nil {
      do throws(LuaError) { choices = try table.field("choices", as: [String].self) } catch {
        fault(name, "parameter '\(name)': \(error.message)")
      }
      if let kind, ![.string, .texts].contains(kind) {
        fault(name, "parameter '\(name)' has choices, but is of type \(kind.rawValue): only strings have choices")
      }
    }
    guard try table.kind(of: "default") != .nil else {
      fault(name, "parameter '\(name)' must have a default")
      return nil
    }
    guard let kind, faults.count == before else { return nil }
    var fallback: PlainValue
    do throws(LuaError) { fallback = try table.field("default", as: PlainValue.self) } catch {
      fault(name, "parameter '\(name)': \(error.message)")
      return nil
    }
    if kind == .texts || kind == .numbers, let elements = fallback.elements { fallback = .list(elements) }
    let parameter = StrategyParameter(name: name, type: kind, fallback: fallback, min: min, max: max, choices: choices, doc: doc)
    if let message = parameter.fault(of: fallback) { fault(name, "the default of parameter '\(name)' \(message)") }
    return parameter
  }

  private mutating func bound(_ field: String, of name: String, _ table: LuaTableReference) throws(LuaError) -> Double? {
    guard try table.kind(of: field) != .nil else { return nil }
    do throws(LuaError) {
      let bound = try table.field(field, as: Double.self)
      if !bound.isNaN { return bound }
      fault(name, "parameter '\(name)': \(field): number expected, got nan")
    } catch { fault(name, "parameter '\(name)': \(error.message)") }
    return nil
  }

  /// The names of a table's fields; one that has other keys too is a fault, and none of its fields are looked at.
  private mutating func names(of table: LuaTableReference, _ field: String?, _ what: String) -> [String] {
    do throws(LuaError) { return try table.fieldNames() } catch {
      fault(field, "\(what) must have names for keys: \(error.message)")
      return []
    }
  }

  private func described(_ table: LuaTableReference, _ name: String) throws(LuaError) -> String {
    let kind = try table.kind(of: name)
    return kind == .nil ? "nothing" : kind.rawValue
  }

  /// Notes a fault at the line where `field` is set.
  private mutating func fault(_ field: String?, _ message: String) {
    faults.append(StrategyFault(path: path, line: field.flatMap(line) ?? returnLine, message: message))
  }

  /// The line where `field` is set. Lua keeps no lines of a table's fields, so the text is searched for the assignment: at the beginning
  /// of a line, else within one.
  private func line(of field: String) -> Int? {
    func isSet(_ text: Substring) -> Bool {
      text.hasPrefix(field) && text.dropFirst(field.count).drop { $0 == " " }.hasPrefix("=")
    }
    let atBeginning = lines.firstIndex { isSet($0.drop { $0 == " " || $0 == "\t" || $0 == "{" || $0 == "," }) }
    let found =
      atBeginning
      ?? lines.firstIndex { line in
        line.indices.contains { index in
          (line[index] == "{" || line[index] == ",") && isSet(line[index...].dropFirst().drop { $0 == " " })
        }
      }
    return found.map { $0 + 1 }
  }

  /// The line of the file's last `return` at its left edge, where the strategy's table begins.
  private var returnLine: Int { (lines.lastIndex { $0.hasPrefix("return") } ?? 0) + 1 }

  /// The lines; the two characters that end one on Windows are a single one to Swift.
  private var lines: [Substring] { source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" } }

  private static func hint(_ name: String, _ known: [String]) -> String {
    let near = suggestion(for: name, in: known)
    return near.isEmpty ? "; known are \(known.joined(separator: ", "))" : near
  }
}
