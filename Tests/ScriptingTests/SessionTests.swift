import LuaBridge
import Scripting
import Tabular
import Testing

@Suite("A script session")
struct SessionTests {
  @Test(
    "shows what expressions come to",
    arguments: [
      ("1 + 1", ["2"]), ("'text'", ["text"]), ("nil", ["nil"]), ("1, 'a', true", ["1", "a", "true"]), ("x = 5", []), ("", []),
      ("-- note", []),
      ("{ 1, 'b', { c = true } }", ["{ 1, \"b\", { c = true } }"]), ("{}", ["{}"]), ("{ [3] = 'c', x = 1 }", ["{ [3] = \"c\", x = 1 }"]),
      ("{ a = { b = { c = { d = 1 } } } }", ["{ a = { b = { c = {…} } } }"]), ("frame.column{ 1.5 }", ["double × 1\n       1.5"]),
      ("setmetatable({}, { __tostring = function() return 'mine' end })", ["mine"]), ("{ ['a b'] = 1 }", ["{ [\"a b\"] = 1 }"]),
      ("f()", ["repl:1: attempt to call a nil value (global 'f')"]), ("for i = 1, 2 do", ["incomplete"]), ("return 1", ["1"]),
      ("1 +", ["incomplete"]), ("= 1", ["repl:1: unexpected symbol near '='"]),
    ])
  func evaluates(line: String, expected: [String]) throws {
    #expect(try makeSession().texts(line) == expected)
  }

  @Test("shows tables that contain themselves, and long ones in part")
  func bigTables() throws {
    let session = try makeSession()
    #expect(session.texts("(function() local t = { 1 } t[2] = t return t end)()") == ["{ 1, {…} }"])
    let many = session.texts("(function() local t = {} for i = 1, 100 do t[i] = i end return t end)()")[0]
    #expect(many.hasSuffix("… 50 more,\n}"))
  }

  @Test("keeps globals from line to line, and runs on after failures")
  func state() throws {
    let session = try makeSession()
    _ = session.evaluate("total = 1")
    _ = session.evaluate("error('x')")
    #expect(session.texts("total + 1") == ["2"])
  }

  @Test("gives files their arguments and returns what they return")
  func files() throws {
    #expect(try makeSession().run(LuaSource("return arg[1] .. arg[2], #arg", name: "a.lua"), arguments: ["x", "y"]) == ["xy", "2"])
  }

  @Test(
    "completes names of globals, modules, fields and methods",
    arguments: [
      ("metr", 0, ["metrics"]), ("x = metrics.ma", 12, ["mae", "mape"]), ("c:me", 2, ["mean", "median"]), ("s:up", 2, ["upper"]),
      ("t.inner.na", 8, ["name"]), ("string.rep", 7, ["rep"]), ("whi", 0, ["while"]), ("nothing.a", 8, []), ("f(1).x", 5, []),
      (
        "metrics.", 8,
        [
          "bias", "bootstrap", "cv", "ks", "mae", "mape", "paired_test", "process_match", "psi", "quantiles", "r2", "rmse", "trim_mae",
          "wape",
        ]
      ),
    ] as [(String, Int, [String])])
  func completes(line: String, start: Int, expected: [String]) throws {
    let session = try makeSession()
    _ = session.evaluate("c = frame.column{ 1 } s = 'text' t = { inner = { name = 1, other = 2 } }")
    let (at, candidates) = session.completions(for: line, position: line.count)
    #expect(candidates == expected)
    #expect(at == start)
  }

  @Test("completes in the middle of a line")
  func middle() throws {
    let (at, candidates) = try makeSession().completions(for: "print(metr) -- x", position: 10)
    #expect(at == 6)
    #expect(candidates == ["metrics"])
  }

  @Test(
    "explains modules, functions, classes and objects",
    arguments: [
      ("help(metrics.psi)", "metrics.psi(reference, current, bins?)"), ("help('metrics.psi')", "metrics.psi(reference, current, bins?)"),
      ("help('psi')", "metrics.psi(reference, current, bins?)"), ("help(metrics)", "metrics\n"), ("help('column:mean')", "column:mean()"),
      ("help(frame.column{1})", "column\n"), ("help(frame.new{})", "frame\n  Named columns"), ("help('column:')", "column\n"),
      ("help('time.day')", "time.day: integer = 86400"), ("help()", "Modules:"),
      ("help('metics')", "there is no help on 'metics'; did you mean 'metrics'?"),
      ("help(print)", "there is no help on this; Lua's own"), ("help(function() end)", "there is no help on this"),
    ])
  func helps(call: String, beginning: String) throws {
    var printed: [String] = []
    let session = try makeSession(print: { printed.append($0) })
    #expect(session.texts(call) == [])
    #expect(printed.first?.hasPrefix(beginning) == true, "\(printed)")
  }

  @Test("writes help on a function in full")
  func wholeHelp() throws {
    let documentation = ScriptDocumentation(ScriptSession.generalModules)
    #expect(
      documentation.help("sample.stratified") == """
        sample.stratified(population, by, size, seed)
          Rows of each stratum in proportion to its size, by largest remainder; each stratum gets at least
          one while there are no more strata than places. Missing values are a stratum too.

        Parameters:
          population  frame|column|integer – a frame, a column, or a number of rows
          by          column|string|any[] – the strata: a column of the frame, by name, or any column of
                      that length
          size        integer – rows to draw, ≥ 0; all of them when there are not more
          seed        integer – where the draws start

        Returns:
          frame|column  the sample
        """)
  }

  @Test("writes stubs that are Lua, with every function and method in them")
  func stubs() throws {
    let documentation = ScriptDocumentation(ScriptSession.generalModules)
    let stubs = documentation.stubs()
    #expect(stubs.hasPrefix("---@meta\n"))
    #expect(
      stubs.contains(
        """
        --- Population stability index of one feature: how far its values now lie from those trained on.
        ---@param reference number[] values the model was trained on
        ---@param current number[] values seen now
        ---@param bins? integer equal-frequency bins of `reference`, ≥ 2 (default 10)
        ---@return number? # index, ≥ 0; 0 is no drift, above 0.2 is often read as drift
        function metrics.psi(reference, current, bins) end
        """))
    #expect(stubs.contains("---@operator add(column|number|string|boolean): column"))
    _ = try makeSession().vm.load(LuaSource(stubs, name: "stubs"))
    for module in documentation.modules {
      for function in module.functions { #expect(stubs.contains("function \(module.name).\(function.name)(")) }
      for described in module.classes {
        for method in described.methods { #expect(stubs.contains("function class_\(described.name):\(method.name)(")) }
      }
    }
  }

  @Test("writes a reference page a module, and one that lists them")
  func reference() {
    let pages = ScriptDocumentation(ScriptSession.generalModules).reference()
    #expect(pages.keys.sorted() == ["README.md", "frame.md", "json.md", "log.md", "metrics.md", "sample.md", "time.md"])
    #expect(
      pages["json.md"]?.contains("| `options.indent` | `boolean` | `false` | whether it is spread over lines |") == true)
    #expect(pages["README.md"]?.contains("[`metrics`](metrics.md)") == true)
  }
}
