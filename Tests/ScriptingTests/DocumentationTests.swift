import Foundation
import LuaBridge
import Scripting
import Testing

@Suite struct DocumentationTests {
  @Test(
    "help says what the declarations say, in 80 columns",
    arguments: [
      ("overview", "help()"), ("module-and-class", "help(series)"), ("function-with-options", "help(series.draw)"),
      ("method", "help(s.scaled)"), ("variadic", "help('plant.join')"), ("property", "help('series.half')"),
      ("constant", "help('series.limit')"),
    ])
  func help(name: String, entry: String) throws {
    let printed = Printed()
    let session = try makeSeriesSession(printed)
    _ = session.evaluate("s = series.new{1}")
    #expect(session.evaluate(entry) == .shown(""))
    try expectGolden("help-\(name).txt", printed.text + "\n")
    #expect(printed.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test(
    "help finds a topic by value and by name",
    arguments: [
      ("help(s)", "help('series:')"), ("help(s.sum)", "help('series:sum')"), ("help('series.sum')", "help('series:sum')"),
      ("help('sum')", "help('series:sum')"), ("help('series.new()')", "help(series.new)"), ("help(exit)", "help('exit')"),
      ("help(unknown)", "help()"),
      ("help(help)", "help('help')"),
      ("local t = series.new{1} help(t.save)", "help('series:save')"),
    ])
  func topics(entry: String, same: String) throws {
    let printed = Printed()
    let session = try makeSeriesSession(printed)
    _ = session.evaluate("s = series.new{1}")
    _ = session.evaluate(entry)
    _ = session.evaluate(same)
    try #require(printed.lines.count == 2)
    #expect(printed.lines[0] == printed.lines[1])
  }

  @Test(
    "help says so where it knows nothing, with the nearest name",
    arguments: [
      ("help('series.nwe')", "There is no help on 'series.nwe'; did you mean 'series.new'? help() lists the modules."),
      ("help('xyzzy')", "There is no help on 'xyzzy'. help() lists the modules."),
      ("help('join')", "There are several:\n  help(\"plant.join\")\n  help(\"series.join\")"),
      ("help(42)", "There is no help on a number. help() lists the modules."),
      ("help({})", "There is no help on a table. help() lists the modules."),
      ("help('string.format')", "'string.format' is Lua's own: https://www.lua.org/manual/5.4/"),
      ("help(print)", "There is no help on this function. Lua's own are described at https://www.lua.org/manual/5.4/"),
      ("help(table)", "'table' is Lua's own: https://www.lua.org/manual/5.4/"),
      (
        "help(function() end)",
        "There is no help on this function. Lua's own are described at https://www.lua.org/manual/5.4/"
      ),
    ])
  func unknown(entry: String, message: String) throws {
    let printed = Printed()
    #expect(try makeSeriesSession(printed).evaluate(entry) == .shown(""))
    #expect(printed.lines == [message])
  }

  @Test("the stub for editors is valid Lua, and has every function, method and field")
  func stub() throws {
    let stub = ScriptDocumentation([series, plant], functions: ScriptSession.functions).stubs()
    try expectGolden("stub.lua", stub)
    #expect(stub.hasPrefix("---@meta\n"))
    _ = try LuaVM().run(LuaSource(stub, name: "stub.lua"))
    for function in ["series.new", "series.draw", "series.join", "plant.fail", "class_series:sum", "class_series:save"] {
      #expect(stub.contains("\nfunction \(function)("))
    }
    for line in [
      "---@operator add(series): series", "---@operator unm: series", "---@param ... string the texts",
      "---@class TriggerContext: StrategyContext",
    ] {
      #expect(stub.contains("\n\(line)\n"))
    }
    expectClean(stub)
  }

  @Test("the reference has a page for each module, with every function and a link to it")
  func reference() throws {
    let pages = ScriptDocumentation([series, plant], functions: ScriptSession.functions).reference()
    #expect(pages.keys.sorted() == ["README.md", "plant.md", "series.md"])
    for (name, text) in pages {
      try expectGolden(name, text)
      expectClean(text)
    }
    for module in [series, plant] {
      let page = try #require(pages["\(module.name).md"])
      for function in module.functions { #expect(page.contains("## \(module.name).\(function.name)\n")) }
      // Each entry of the contents leads to a heading.
      let headings = page.split(separator: "\n").filter { $0.hasPrefix("##") }.count
      #expect(page.matches(of: /\]\(#[a-z0-9-]+\)/).count == headings)
    }
  }

  @Test("headings that differ in signs only have anchors of their own")
  func anchors() throws {
    let page = try #require(ScriptDocumentation([series]).reference()["series.md"])
    #expect(page.contains("[series.new](#seriesnew)"))
    #expect(page.contains("[series:save](#seriessave)"))
    let twin = LuaModule(
      "se", "Twins.", functions: [LuaFunction("ries", "One.", returns: .nothing) {}, LuaFunction("rie_s", "Two.", returns: .nothing) {}],
      classes: [])
    let twins = try #require(ScriptDocumentation([twin]).reference()["se.md"])
    #expect(twins.contains("(#series)"))
    #expect(twins.contains("(#serie_s)"))
  }

  @Test("what is documented of Lathe's own modules can all be found by help, and is in stubs and reference")
  func generalModules() throws {
    let documentation = ScriptDocumentation(ScriptSession.generalModules, functions: ScriptSession.functions)
    let (stubs, pages) = (documentation.stubs(), documentation.reference())
    _ = try LuaVM().run(LuaSource(stubs, name: "stubs.lua"))
    expectClean(stubs)
    for module in documentation.modules {
      let page = try #require(pages["\(module.name).md"])
      expectClean(page)
      for function in module.functions {
        let name = "\(module.name).\(function.name)"
        #expect(stubs.contains("\nfunction \(name)("))
        #expect(page.contains("\n## \(name)\n"))
        #expect(documentation.help(name).hasPrefix(name + "("))
      }
    }
    for type in documentation.classes {
      for method in type.methods {
        #expect(stubs.contains("\nfunction class_\(type.name):\(method.name)("))
        #expect(documentation.help("\(type.name):\(method.name)").hasPrefix("\(type.name):\(method.name)("))
        #expect(pages.values.contains { $0.contains("\n### \(type.name):\(method.name)\n") })
      }
    }
    let topics = documentation.modules.map(\.name) + documentation.classes.map(\.name) + [""]
    for topic in topics {
      for line in documentation.help(topic).split(separator: "\n") { #expect(line.count <= 80 || !line.contains("  "), "\(line)") }
    }
  }

  @Test("the types in the stub's fields and answers of strategies are all declared in it")
  func stubTypes() {
    let stubs = ScriptDocumentation(ScriptSession.generalModules).stubs()
    let builtin = ["any", "boolean", "function", "integer", "number", "string", "table", "nil", "1", "fun", "lathe.data"]
    let known = Set(builtin + stubs.matches(of: /---@class (?:\(exact\) )?([\w.]+)/).map { String($0.output.1) })
    // Texts in quotes are types of their own, and the parameters of a function type have names.
    for field in stubs.matches(of: /---@field \w+\?? (fun\(.*\): \w+|table<.*>(?:\[\])?|\{.*\}|\S+)/) {
      let type = field.output.1.replacing(/"[^"]*"/, with: "").replacing(#/\w+\??: /#, with: "")
      for name in type.matches(of: /[\w.]+/) { #expect(known.contains(String(name.output)), "\(field.output.0)") }
    }
  }

  private func expectClean(_ text: String) {
    #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
    #expect(!text.contains(" \n"))
  }

  /// Compares `text` with the file `name` kept beside the tests; with `RECORD_GOLDEN=1` writes it, and fails.
  private func expectGolden(_ name: String, _ text: String, location: SourceLocation = #_sourceLocation) throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "DocumentationGolden/\(name)")
    if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
      try text.write(to: url, atomically: true, encoding: .utf8)
      Issue.record("recorded \(name)", sourceLocation: location)
      return
    }
    let golden = try String(contentsOf: url, encoding: .utf8)
    #expect(text == golden, sourceLocation: location)
  }
}
