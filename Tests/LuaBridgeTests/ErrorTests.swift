import LuaBridge
import Tabular
import Testing

@Suite("Errors")
struct ErrorTests {
  @Test(
    "of host functions keep their Swift type on every way through a script",
    arguments: [
      "plant.fail(7)",
      "local ok, e = pcall(plant.fail, 7) error(e)",
      "local ok, e = pcall(plant.fail, 7) error(e, 0)",
      "local ok, e = xpcall(plant.fail, function(e) return e end, 7) error(e)",
      "coroutine.wrap(function() plant.fail(7) end)()",
      "local ok, e = coroutine.resume(coroutine.create(function() plant.fail(7) end)) error(e)",
      "plant.map({1}, function() plant.fail(7) end)",
      "plant.map({1}, function() plant.map({1}, function() plant.fail(7) end) end)",
      "table.sort({2, 1}, function() plant.fail(7) end)",
      "return setmetatable({}, {__index = function() plant.fail(7) end}).x",
      "local x <close> = setmetatable({}, {__close = function(_, e) error(e) end}) plant.fail(7)",
    ])
  func keepsType(script: String) throws {
    let error = try #require(makeVM().error(of: LuaSource(script, name: "test.lua")))
    #expect((error.rootCause as? PlantError) == PlantError(code: 7))
    #expect(error.description == "test.lua:1: plant failed with 7")
  }

  @Test("of host functions look like strings to scripts")
  func errorsAsText() throws {
    let results = try makeVM().run(
      """
      local ok, e = pcall(plant.fail, 3)
      return tostring(e), e .. '!', 'got ' .. e, e:match('with (%d)'), e.message, #e, type(e), e:upper():sub(1, 4)
      """)
    let text = "test.lua:1: plant failed with 3"
    #expect(results == [.text(text), .text(text + "!"), .text("got " + text), "3", .text(text), 31, "userdata", "TEST"])
  }

  @Test("say chunk and line, and the calls that were under way")
  func traceback() throws {
    let source = LuaSource(
      "local function inner()\n  error('broken')\nend\nfunction outer()\n  inner()\nend\nouter()", name: "strategies/drift.lua")
    let error = try #require(makeVM().error(of: source))
    #expect(error.description == "strategies/drift.lua:2: broken")
    #expect(error.message == "broken")
    #expect(error.chunk == "strategies/drift.lua")
    #expect(error.line == 2)
    #expect(
      error.traceback.map(\.description) == [
        "[C] in error", "strategies/drift.lua:2 in inner", "strategies/drift.lua:5 in outer", "strategies/drift.lua:7 in main chunk",
      ])
  }

  @Test("name a chunk in full even where Lua cuts its name")
  func longNames() throws {
    let name = "workspace/strategies/triggers/a/very/long/way/down/to/the/one/file/threshold.lua"
    #expect(try makeVM().error(of: LuaSource("\nerror('x')", name: name))?.description == "\(name):2: x")
  }

  @Test(
    "of syntax tell whether more text could make it whole",
    arguments: [
      ("return 1 +", true), ("for i = 1, 2 do", true), ("x = {1,", true), ("return 'a", false), ("x = = 1", false), ("end", false),
      ("f(", true), ("--[[ open", true),
    ])
  func syntax(script: String, incomplete: Bool) throws {
    let error = try #require(makeVM().error(of: LuaSource(script, name: "test.lua")))
    #expect(error.reason == .syntax(incomplete: incomplete), "\(error)")
    #expect(error.chunk == "test.lua")
  }

  @Test("of bytecode say so, whatever stands before it", arguments: ["\u{1B}Lua", "\u{FEFF}\u{1B}Lua", "#!/usr/bin/lua\n\u{1B}Lua"])
  func bytecode(text: String) throws {
    let vm = try makeVM()
    #expect(throws: LuaError.self) { try vm.load(LuaSource(text, name: "x.lua")) }
  }

  @Test("keep their lines behind a byte order mark and a first line for the shell")
  func firstLine() throws {
    #expect(try makeVM().run("\u{FEFF}return 1") == [1])
    #expect(try makeVM().run("#!/usr/bin/env lathe\nreturn 2") == [2])
    #expect(try makeVM().failure("#!/usr/bin/env lathe\nerror('x')") == "test.lua:2: x")
  }

  @Test("of results name the place in the data")
  func results() throws {
    let vm = try makeVM()
    let decide = try vm.run(
      LuaSource("return function() return {reasons = {{code = 1}, {code = 'x'}}} end", name: "t"), as: LuaFunctionReference.self)
    #expect(throws: LuaError.self) { try decide.call(as: [String: [[String: Int]]].self) }
    do throws(LuaError) { _ = try decide.call(as: [String: [[String: Int]]].self) } catch {
      #expect(error.message == "the result is not as expected: reasons[2].code: integer expected, got string")
    }
  }

  @Test(
    "of results that are too big say which limit they are beyond",
    arguments: [
      ("{{{1}}}", "[1][1]: nested too deeply: more than 2 tables"), ("{1, 2, 3, {4}}", "[4]: too big: more than 4 entries"),
      ("{a = 'abcdef', b = 'ghijkl'}", "too big: more than 10 bytes of text"),
    ])
  func limits(data: String, problem: String) throws {
    let vm = try makeVM()
    let function = try vm.load(LuaSource("return \(data)", name: "t"))
    do throws(LuaError) {
      _ = try function.call(limits: LuaDataLimits(depth: 2, entries: 4, bytes: 10))
      Issue.record("it was read")
    } catch { #expect(error.message.hasSuffix(problem), "\(error)") }
  }
}

extension LuaError {
  /// The first error of the chain that is none of Lua's.
  var rootCause: (any Error)? {
    guard let inner = underlying as? LuaError else { return underlying }
    return inner.rootCause
  }
}
