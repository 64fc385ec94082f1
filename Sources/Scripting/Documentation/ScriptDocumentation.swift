public import LuaBridge
internal import Tabular

/// All that scripts can use, as help, stubs and reference pages describe it. The texts depend on the declarations alone.
public struct ScriptDocumentation: Hashable, Sendable {
  /// The modules, in the order of their names.
  public let modules: [LuaDocumentation.Module]
  /// Functions that are globals of their own.
  public let functions: [LuaDocumentation.Function]
  /// The classes, each once, in the order of the modules that declare them.
  public let classes: [LuaDocumentation.Class]

  /// Describes modules and global functions.
  public init(_ modules: [LuaModule], functions: [LuaFunction] = []) {
    let modules = modules.map(\.documentation).sorted { $0.name < $1.name }
    var names: Set<String> = []
    self.modules = modules
    self.functions = functions.map(\.documentation)
    classes = modules.flatMap(\.classes).filter { names.insert($0.name).inserted }
  }

  /// The class called `name`.
  func documentation(ofClass name: String) -> LuaDocumentation.Class? { classes.first { $0.name == name } }
}

extension LuaDocumentation.Parameter {
  /// `bins?`; `...` for the one that takes all the rest.
  var title: String { isVariadic ? "..." : name + (isRequired ? "" : "?") }
}

extension LuaType {
  /// The type's name; `table` where its fields are told apart.
  var shortName: String { fields.isEmpty ? name : "table" }

  /// The type's name, with `?` where nil is one of its values.
  var fullName: String {
    guard isOptional else { return shortName }
    return shortName.contains("|") ? "(\(shortName))?" : shortName + "?"
  }
}

extension LuaDocumentation.Function {
  /// `frame.new(columns, options?) -> frame`, with the name as it is called.
  func heading(as qualifiedName: String) -> String {
    guard results.isEmpty else { return "\(qualifiedName)\(signature) -> \(results.map(\.type.fullName).joined(separator: ", "))" }
    return qualifiedName + signature
  }
}

extension LuaEffect {
  /// What the effect means to a reader.
  var words: String {
    switch self {
    case .pure: "none: the result depends on the arguments alone"
    case .reads: "reads data, files or the clock"
    case .writes: "changes data, files or the workspace; not available to strategies"
    }
  }
}
