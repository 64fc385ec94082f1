internal import LuaBridge

extension ScriptDocumentation {
  /// Returns what a terminal shows for `help(name)`; without a name, what there is.
  public func help(_ name: String? = nil) -> String {
    guard let name, !name.isEmpty else { return overview }
    switch entry(name) {
    case .module(let module): return page(module)
    case .type(let described): return page(described)
    case .function(let function, let prefix): return page(function, prefix: prefix)
    case .value(let value, let prefix):
      return paragraph("\(prefix)\(value.name): \(value.type.shown)\(value.text.map { " = \($0)" } ?? "")", value.words)
    case nil: return "there is no help on '\(name)'\(suggested(for: name))"
    }
  }

  private var overview: String {
    var lines = ["Modules:"] + aligned(modules.map { ($0.name, $0.words.firstSentence) })
    let classes = modules.flatMap(\.classes)
    if !classes.isEmpty { lines += ["", "Classes:"] + aligned(classes.map { ($0.name, $0.words.firstSentence) }) }
    if !functions.isEmpty { lines += ["", "Functions:"] + aligned(functions.map { ($0.name + $0.signature, $0.words.firstSentence) }) }
    lines += ["", "help(metrics) or help(\"column:\") tells what is in one, help(metrics.mae) what a function takes and gives."]
    return lines.joined(separator: "\n")
  }

  private func page(_ module: LuaDocumentation.Module) -> String {
    var lines = [paragraph(module.name, module.words), ""]
    lines += aligned(module.functions.map { ("\(module.name).\($0.name)\($0.signature)", $0.words.firstSentence) })
    lines += aligned(module.constants.map { ("\(module.name).\($0.name) = \($0.text ?? "")", $0.words) })
    if !module.classes.isEmpty { lines += ["", "Classes:"] + aligned(module.classes.map { ($0.name, $0.words.firstSentence) }) }
    return lines.joined(separator: "\n")
  }

  private func page(_ described: LuaDocumentation.Class) -> String {
    var lines = [paragraph(described.name, described.words), ""]
    lines += aligned(described.methods.map { (":\($0.name)\($0.signature)", $0.words.firstSentence) })
    lines += aligned(described.properties.map { (".\($0.name)", $0.words) })
    lines += aligned(
      described.operators.map {
        ($0.parameters.count == 1 ? "\($0.name.last ?? " ")\(described.name)" : "\(described.name) \($0.name) x", $0.words.firstSentence)
      })
    return lines.joined(separator: "\n")
  }

  private func page(_ function: LuaDocumentation.Function, prefix: String) -> String {
    var lines = [paragraph("\(prefix)\(function.name)\(function.signature)", function.words)]
    let parameters = function.parameters.flatMap { parameter in
      [(parameter.name, parameter.remarks)] + parameter.type.fields.map { ("  \($0.name)", $0.remarks) }
    }
    if !parameters.isEmpty { lines += ["", "Parameters:"] + aligned(parameters) }
    if !function.results.isEmpty { lines += ["", "Returns:"] + aligned(function.results.map { ($0.type.shown, $0.words) }) }
    switch function.effect {
    case .pure: break
    case .reads: lines += ["", "It reads what is outside the script."]
    case .writes: lines += ["", "It changes what is outside the script, so strategies do not have it."]
    }
    return lines.joined(separator: "\n")
  }

  private func paragraph(_ title: String, _ words: String) -> String {
    ([title] + words.wrapped(96).map { "  " + $0 }).joined(separator: "\n")
  }

  /// Names and what is said about them in two columns.
  private func aligned(_ rows: [(String, String)]) -> [String] {
    let width = min(rows.map(\.0.count).max() ?? 0, 44)
    return rows.flatMap { name, words -> [String] in
      let lines = words.wrapped(max(40, 96 - width))
      let indent = String(repeating: " ", count: width + 4)
      // A name that is too long for its column has a line of its own.
      var result =
        name.count > width
        ? ["  \(name)"] : ["  \(name)\(String(repeating: " ", count: width - name.count))  \(lines.first ?? "")".trimmedBlanks]
      result += (name.count > width ? lines : Array(lines.dropFirst())).map { indent + $0 }
      return result
    }
  }
}

extension String {
  fileprivate var trimmedBlanks: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
