internal import LuaBridge
internal import Tabular

extension ScriptDocumentation {
  /// Returns what `help(name)` shows, in lines of at most 80 cells; without a name, what there is.
  ///
  /// - Parameter name: A module, a class, or one of their members as `frame.new`, `frame:join` or its own name alone; `frame:` is the
  ///   class where a module has its name too. For an unknown name the text says so, with the nearest one.
  public func help(_ name: String? = nil) -> String {
    guard var name, !name.isEmpty else { return overview }
    if name.hasSuffix("()") { name.removeLast(2) }
    if name.hasSuffix(":"), let type = documentation(ofClass: String(name.dropLast())) { return Self.page(of: type) }
    let topics = topics
    let found = topics.filter { $0.name == name }
    if !found.isEmpty { return found.map { $0.text() }.joined(separator: "\n\n") }
    // A method is a field too: `frame.join` is looked for as `frame:join`.
    if let method = topics.first(where: { $0.name.replacing(":", with: ".") == name }) { return method.text() }
    let members = topics.filter { $0.name.split(whereSeparator: { $0 == "." || $0 == ":" }).dropFirst().last.map(String.init) == name }
    if members.count == 1 { return members[0].text() }
    if members.count > 1 { return "There are several:\n" + members.map { "  help(\"\($0.name)\")" }.joined(separator: "\n") }
    let root = String(name.prefix { $0 != "." && $0 != ":" })
    if luaLibraries.contains(root) || (luaFunctions.contains(root) && root == name) {
      return "'\(name)' is Lua's own: https://www.lua.org/manual/5.4/"
    }
    let hint = suggestion(for: name, in: topics.map(\.name))
    return "There is no help on '\(name)'\(hint.isEmpty ? "." : hint) help() lists the modules."
  }

  private var overview: String {
    var lines = ["Modules"] + Self.table(modules.map { ($0.name, $0.words.firstSentence) })
    lines += Self.section("Classes of objects", classes.map { ($0.name, $0.words.firstSentence) })
    lines += Self.section("Functions", functions.map { ($0.name + $0.signature, $0.words.firstSentence) })
    lines.append("")
    lines.append(
      """
      help(x) tells about a module, function, method or object: help(NAME), help(NAME.FUNCTION), help("CLASS:METHOD").
      _ is the last value. A local ends with the entry that declares it: leave out 'local' to keep a value. exit ends the session.
      """.wrapped())
    return lines.joined(separator: "\n")
  }

  // MARK: Pages

  /// Everything that has a name, and how its page is made.
  private var topics: [(name: String, text: () -> String)] {
    var topics: [(name: String, text: () -> String)] = []
    func add(_ functions: [LuaDocumentation.Function], _ prefix: String) {
      for function in functions { topics.append((prefix + function.name, { Self.page(of: function, as: prefix + function.name) })) }
    }
    func add(_ values: [LuaDocumentation.Value], _ prefix: String) {
      for value in values { topics.append((prefix + value.name, { Self.page(of: value, as: prefix + value.name) })) }
    }
    add(functions, "")
    for module in modules {
      topics.append((module.name, { Self.page(of: module) }))
      add(module.functions, module.name + ".")
      add(module.constants, module.name + ".")
    }
    for type in classes {
      topics.append((type.name, { Self.page(of: type) }))
      add(type.methods, type.name + ":")
      add(type.properties, type.name + ".")
    }
    return topics
  }

  private static func page(of module: LuaDocumentation.Module) -> String {
    var lines = ["module \(module.name)", "", module.words.wrapped()]
    lines += section("Functions", module.functions.map { ("\(module.name).\($0.name)\($0.signature)", $0.words.firstSentence) })
    lines += section("Constants", module.constants.map { ("\(module.name).\($0.name)", $0.words.firstSentence) })
    lines += section("Classes", module.classes.map { ($0.name, $0.words.firstSentence) })
    return lines.joined(separator: "\n")
  }

  private static func page(of type: LuaDocumentation.Class) -> String {
    var lines = ["class \(type.name)", "", type.words.wrapped()]
    lines += section("Properties", type.properties.map { ("\($0.name): \($0.type.fullName)", $0.words.firstSentence) })
    lines += section("Methods", type.methods.map { (":\($0.name)\($0.signature)", $0.words.firstSentence) })
    lines += section("Operators", type.operators.map { ($0.name, $0.words.firstSentence) })
    return lines.joined(separator: "\n")
  }

  private static func page(of value: LuaDocumentation.Value, as name: String) -> String {
    let text = value.text.map { " = \($0)" } ?? ""
    return "\(name): \(value.type.fullName)\(text)\n\n\(value.words.wrapped())"
  }

  private static func page(of function: LuaDocumentation.Function, as name: String) -> String {
    var lines = [function.heading(as: name), "", function.words.wrapped()]
    if !function.parameters.isEmpty { lines += ["", "Parameters"] + function.parameters.flatMap { describe($0, indent: 2) } }
    if !function.results.isEmpty {
      lines += ["", "Returns"]
      for result in function.results {
        lines.append("  " + result.type.fullName)
        if !result.words.isEmpty { lines.append(result.words.wrapped(indent: 6)) }
      }
    }
    lines += ["", "Effect: \(function.effect.words)."]
    return lines.joined(separator: "\n")
  }

  private static func describe(_ parameter: LuaDocumentation.Parameter, indent: Int) -> [String] {
    let value = parameter.defaultText.map { " = \($0)" } ?? ""
    var lines = ["\(parameter.title): \(parameter.type.shortName)\(value)".wrapped(indent: indent)]
    if !parameter.words.isEmpty { lines.append(parameter.words.wrapped(indent: indent + 4)) }
    return lines + parameter.type.fields.flatMap { describe($0, indent: indent + 4) }
  }

  private static func section(_ title: String, _ entries: [(String, String)]) -> [String] {
    entries.isEmpty ? [] : ["", title] + table(entries)
  }

  /// Names and words in two columns; names that are too long get a line of their own.
  private static func table(_ entries: [(String, String)]) -> [String] {
    let column = min(30, entries.map { $0.0.displayWidth }.max() ?? 0) + 4
    return entries.flatMap { name, words in
      let lines = words.wrapped(indent: column).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      guard name.displayWidth + 4 <= column, let first = lines.first else { return ["  " + name] + lines.filter { !$0.isEmpty } }
      let rest = first.drop { $0 == " " }
      return [rest.isEmpty ? "  " + name : ("  " + name).padded(to: column) + rest] + lines.dropFirst()
    }
  }
}

/// Lua's own libraries and functions, as sessions have them.
let luaLibraries = ["coroutine", "io", "math", "os", "string", "table", "utf8"]
let luaFunctions = [
  "assert", "collectgarbage", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen",
  "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall",
]
