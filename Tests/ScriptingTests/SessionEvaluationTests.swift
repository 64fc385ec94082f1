import Foundation
import LuaBridge
import Scripting
import Testing

@Suite struct SessionEvaluationTests {
  @Test(
    "shows the value of an expression, and nothing for a statement",
    arguments: [
      ("1 + 1", "2"), ("1.5, 'a'", "1.5\t\"a\""), ("x", "nil"), ("x = 3", ""), ("local y = 4", ""), ("return 5", "5"), ("-- words", ""),
      ("print('a')", ""), ("0/0", "nan"), ("#'abc'", "3"), ("'a\\nb\\27\"'", "\"a\\nb\\x1b\\\"\""),
      ("'\\xff한'", "\"\\xff\\xed\\x95\\x9c\""),
      ("'한 \\u{202E}'", "\"한 \\u{202E}\""), ("print", "function print"), ("series.new", "function series.new"),
      ("series", "module series; help(series) tells more"), ("series.new{1}", "number\n------\n1.0"),
      ("{ series, series.new{1} , string.format}", "{ module series, <series>, function string.format }"),
      ("setmetatable({}, {__tostring = function() return 'mine' end})", "mine"),
      (
        "setmetatable({}, {__tostring = function() error('no') end})",
        "<table whose text cannot be made: input:1: no>"
      ),
      ("('x'):rep(20000)", "\"" + String(repeating: "x", count: 10_000) + "\"… (20000 bytes)"),
    ])
  func shows(entry: String, expected: String) throws {
    #expect(try makeSeriesSession().evaluate(entry) == .shown(expected))
  }

  @Test(
    "shows tables on a line, or indented when that is too long",
    arguments: [
      ("{}", "{}"), ("{1, 2, a = 'x', [10] = true, ['b c'] = {}}", #"{ 1, 2, a = "x", ["b c"] = {}, [10] = true }"#),
      ("{ ['end'] = 1, [true] = 2 }", #"{ ["end"] = 1, [true] = 2 }"#),
      ("(function() local t = {1}; t[2] = t; t.self = t; return t end)()", "{ 1, <cycle>, self = <cycle> }"),
      ("(function() local t = {1}; return {t, t} end)()", "{ { 1 }, { 1 } }"), ("{{{{{{{}}}}}}}", "{ { { { { { … } } } } } }"),
      (
        "{ name = ('a'):rep(40), other = { deep = ('b'):rep(30) }, n = 1 }",
        """
        {
          n = 1,
          name = "\(String(repeating: "a", count: 40))",
          other = { deep = "\(String(repeating: "b", count: 30))" },
        }
        """
      ),
      (
        "(function() local t = {} for i = 1, 40 do t[i] = i end return t end)()",
        """
        {
          1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
          23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        }
        """
      ),
    ])
  func tables(entry: String, expected: String) throws {
    #expect(try makeSeriesSession().evaluate(entry) == .shown(expected))
  }

  @Test("cuts huge tables, and counts what it leaves out")
  func hugeTable() throws {
    let session = try makeSeriesSession()
    _ = session.evaluate("t = {} for i = 1, 1e6 do t[i] = i end t.x = 1")
    guard case .shown(let text) = session.evaluate("t") else { Issue.record("not shown"); return }
    #expect(text.hasSuffix("99, 100, … 999901 more,\n}"))
    #expect(session.evaluate("{ [1] = 'a', [3] = 'c' }") == .shown(#"{ "a", [3] = "c" }"#))
    _ = session.evaluate("for i = 1, 100 do t[i] = {} for j = 1, 100 do t[i][j] = 'word' end end")
    guard case .shown(let nested) = session.evaluate("t") else { Issue.record("not shown"); return }
    #expect(nested.utf8.count < 20_000)
    #expect(nested.hasSuffix("… 999991 more,\n}"))
  }

  @Test("keeps globals between entries, and the last value in '_'")
  func globals() throws {
    let session = try makeSeriesSession()
    #expect(session.evaluate("x = 2") == .shown(""))
    #expect(session.evaluate("x * 3") == .shown("6"))
    #expect(session.evaluate("_ + 1") == .shown("7"))
    #expect(session.evaluate("nil") == .shown("nil"))
    #expect(session.evaluate("_") == .shown("7"))
    #expect(session.evaluate("local z = 1") == .shown(""))
    #expect(session.evaluate("z") == .shown("nil"))
  }

  @Test(
    "asks for more lines while a statement is not finished",
    arguments: [
      "for i = 1, 2 do", "function f()", "x =", "f(", "{ 1,", "1 +", "#", "x = [[a", "--[[ words", "if x then\n  y = 1", "return",
      "x.",
    ])
  func incomplete(entry: String) throws {
    let expected: ScriptSession.Outcome = entry == "return" ? .shown("") : .incomplete
    #expect(try makeSeriesSession().evaluate(entry) == expected)
  }

  @Test("runs an entry of several lines")
  func severalLines() throws {
    let printed = Printed()
    #expect(try makeSeriesSession(printed).evaluate("for i = 1, 2 do\n  print(i)\nend") == .shown(""))
    #expect(printed.lines == ["1", "2"])
  }

  @Test(
    "says what failed, where, and by which calls",
    arguments: [
      ("x.y", "input:1: attempt to index a nil value (global 'x')"), ("x x", "input:1: syntax error near 'x'"),
      ("1 + * 2", "input:1: unexpected symbol near '*'"), (")", "input:1: unexpected symbol near ')'"),
      ("'abc", "input:1: unfinished string near <eof>"), ("\n\nerror('no')", "input:3: no"),
      ("series.new(1)", "input:1: bad argument #1 'numbers' to 'series.new' (number[] expected, got number)"),
      ("series.nwe", "input:1: 'series' has no 'nwe'; did you mean 'new'?"), ("plant.fail()", "interrupted"),
      ("os.exit()", "input:1: 'os' is not available to scripts that are not trusted"),
      ("error()", "an error without a message (nil) was raised"),
      ("require 'x'", "input:1: module 'x' not found"),
      (
        "local function f() error('deep') end local function g() f() end g()",
        """
        input:1: deep
        calls, innermost first:
          [C] in error
          input:1 in f
          input:1 in g
          input:1 in main chunk
        """
      ),
    ])
  func fails(entry: String, message: String) throws {
    #expect(try makeSeriesSession().evaluate(entry) == .failed(message))
  }

  @Test(
    "ends on 'exit', 'quit' and, in trusted sessions, 'os.exit'",
    arguments: ["exit", "quit", "exit()", "quit()", "os.exit(3)", "if true then exit(1) end"])
  func exits(entry: String) throws {
    #expect(try makeSeriesSession(isTrusted: true).evaluate(entry) == .quit)
  }

  @Test("runs scripts with their arguments, and tells the exit code that they asked for")
  func runs() throws {
    let printed = Printed()
    let session = try makeSeriesSession(printed)
    try session.run(LuaSource("print(arg[0], #arg, arg[2], ...)", name: "scripts/a.lua"), arguments: ["x", "y"])
    #expect(printed.lines == ["scripts/a.lua\t2\ty\tx\ty"])
    let exit = #expect(throws: LuaError.self) { try session.run(LuaSource("exit(3)", name: "a.lua")) }
    #expect(exit?.underlying as? LuaExit == LuaExit(code: 3))
    let error = #expect(throws: LuaError.self) { try session.run(LuaSource("\nlocal x = nil + 1", name: "a.lua")) }
    #expect(error?.description == "a.lua:2: attempt to perform arithmetic on a nil value")
    #expect(error?.traceback.map(\.description) == ["a.lua:2 in main chunk"])
  }

  @Test("is not disturbed by scripts that change the globals it uses")
  func changedGlobals() throws {
    let session = try makeSeriesSession()
    _ = session.evaluate("tostring, type, next, print, pcall, string, table, host, __session = nil")
    #expect(session.evaluate("{ 1, a = 'x' }") == .shown(#"{ 1, a = "x" }"#))
    #expect(session.evaluate("__session") == .shown("nil"))
  }

  @Test(
    "stops at the time limit, and goes on with the next entry",
    arguments: ["while true do end", "{ f = setmetatable({}, { __tostring = function() while true do end end }) }"])
  func timeLimit(entry: String) throws {
    let session = try makeSeriesSession(time: .milliseconds(100))
    guard case .failed(let message) = session.evaluate(entry) else { Issue.record("did not fail"); return }
    #expect(message.contains("stopped at the time limit"))
    #expect(session.evaluate("1") == .shown("1"))
  }

  @Test("is stopped from another thread, also while a protected call catches errors")
  func interrupts() throws {
    let printed = DispatchSemaphore(value: 0)
    let session = try ScriptSession(
      modules: [], limits: LuaLimits(time: nil), isTrusted: false, seed: 1, scriptFolder: nil, print: { _ in printed.signal() },
      provide: { _ in })
    let interrupter = session.interrupter
    // A thread of its own: the shared ones are busy with scripts that wait to be stopped.
    Thread.detachNewThread {
      printed.wait()
      interrupter.interrupt()
    }
    #expect(session.evaluate("print('go') while true do pcall(function() while true do end end) end") == .failed("input:1: interrupted"))
    #expect(session.evaluate("1") == .shown("1"))
  }
}
