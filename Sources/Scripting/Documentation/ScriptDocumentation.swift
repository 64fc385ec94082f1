public import LuaBridge
internal import Tabular

/// All that scripts can use, as help, stubs and reference pages describe it.
public struct ScriptDocumentation: Hashable, Sendable {
  /// The modules, in the order of their names.
  public let modules: [LuaDocumentation.Module]
  /// Functions that are globals of their own.
  public let functions: [LuaDocumentation.Function]

  /// Describes modules and global functions.
  public init(_ modules: [LuaModule], functions: [LuaFunction] = []) {
    self.modules = modules.map(\.documentation).sorted { $0.name < $1.name }
    self.functions = functions.map(\.documentation)
  }

  /// What there is to say about a name.
  enum Entry {
    case module(LuaDocumentation.Module)
    case function(LuaDocumentation.Function, prefix: String)
    case type(LuaDocumentation.Class)
    case value(LuaDocumentation.Value, prefix: String)
  }

  /// The entry called `name`: `metrics`, `metrics.psi`, `column`, `column:mean`, or just `psi`. Modules come before classes of their
  /// name; `frame:` is the class.
  func entry(_ name: String) -> Entry? {
    if name.hasSuffix(":") { return modules.flatMap(\.classes).first { $0.name == name.dropLast() }.map(Entry.type) }
    if let module = modules.first(where: { $0.name == name }) { return .module(module) }
    return members.first { $0.name == name }?.entry
      ?? members.first { $0.name.hasSuffix(".\(name)") || $0.name.hasSuffix(":\(name)") }?.entry
  }

  /// The name nearest to `name`.
  func suggested(for name: String) -> String { suggestion(for: name, in: modules.map(\.name) + members.map(\.name)) }

  private var members: [(name: String, entry: Entry)] {
    var result: [(String, Entry)] = functions.map { ($0.name, .function($0, prefix: "")) }
    for module in modules {
      result += module.functions.map { ("\(module.name).\($0.name)", .function($0, prefix: module.name + ".")) }
      result += module.constants.map { ("\(module.name).\($0.name)", .value($0, prefix: module.name + ".")) }
      for described in module.classes {
        result.append((described.name, .type(described)))
        result += described.methods.map { ("\(described.name):\($0.name)", .function($0, prefix: described.name + ":")) }
        result += described.properties.map { ("\(described.name).\($0.name)", .value($0, prefix: described.name + ".")) }
      }
    }
    return result
  }
}

extension LuaDocumentation.Parameter {
  /// What a reader is told beside the name: type, default, words.
  var remarks: String {
    let standard = defaultText.map { ", default \($0)" } ?? (isRequired || isVariadic ? "" : ", optional")
    return "\(type.name)\(isVariadic ? "..." : "")\(standard)\(words.isEmpty ? "" : " – \(words)")"
  }
}

extension LuaType {
  /// The type with a `?` where nil is one of its values.
  var shown: String { isOptional ? (name.contains("|") ? "(\(name))?" : "\(name)?") : name }
}

extension String {
  /// The first sentence.
  var firstSentence: String {
    guard let end = range(of: ". ") else { return self }
    return String(self[..<end.lowerBound]) + "."
  }

  private func range(of pair: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(pair) { return start..<index(start, offsetBy: pair.count) }
      start = index(after: start)
    }
    return nil
  }

  /// The text in lines of at most `width` characters, broken at blanks.
  func wrapped(_ width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      if !line.isEmpty, line.count + word.count + 1 > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " \(word)"
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
