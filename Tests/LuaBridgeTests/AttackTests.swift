import LuaBridge
import Tabular
import Testing

/// What has to become of a script that means harm.
enum Outcome: Sendable {
  /// It fails with a message that contains the text.
  case fails(String)
  /// It is stopped at the time limit.
  case timeout
  /// It fails at the memory limit, or is stopped before it gets there.
  case exhausted
  /// It comes to its end and returns true.
  case harmless
}

struct Attack: Sendable, CustomTestStringConvertible {
  var group: String
  var script: String
  var outcome: Outcome
  var testDescription: String { "\(group): \(script.prefix(60))" }

  init(_ group: String, _ script: String, _ outcome: Outcome) {
    self.group = group
    self.script = script
    self.outcome = outcome
  }
}

@Suite("Attacks on the VM")
struct AttackTests {
  @Test("end within the limits, and the next script runs as if nothing had been", arguments: loading + reaching + tampering)
  func contained(attack: Attack) throws { try check(attack, time: .seconds(60)) }

  @Test("that never end are stopped at the time limit", arguments: endless)
  func stopped(attack: Attack) throws { try check(attack, time: .milliseconds(200)) }

  @Test("that eat memory or stack fail at the limit", arguments: greedy)
  func limited(attack: Attack) throws { try check(attack, time: .seconds(60)) }

  private func check(_ attack: Attack, time: Duration) throws {
    let limit = 32 << 20
    let vm = try makeVM(memory: limit, time: time)
    let error: LuaError?
    var results: [PlainValue] = []
    do throws(LuaError) {
      results = try vm.run(attack.script)
      error = nil
    } catch let failure { error = failure }
    switch attack.outcome {
    case .fails(let text):
      #expect(error?.message.contains(text) == true, "\(error?.description ?? "it did not fail: \(results)")")
    case .timeout: #expect(error?.reason == .timeout, "\(error?.description ?? "it did not fail: \(results)")")
    case .exhausted:
      let reasons: [LuaError.Reason] = [.memory, .timeout, .runtime]
      #expect(error.map { reasons.contains($0.reason) } == true, "it did not fail: \(results)")
    case .harmless: #expect(results == [true], "\(error?.description ?? "")")
    }
    #expect(vm.memoryPeak <= limit + limit / 10)
    let next = try vm.load(LuaSource("local t = {} for i = 1, 10 do t[i] = i end return table.concat(t, ' ')", name: "next.lua"))
    #expect(try next.call(timeLimit: .seconds(60)) == ["1 2 3 4 5 6 7 8 9 10"])
  }
}

// Loading code that is no source text, or that comes from elsewhere.
private let loading = [
  Attack("bytecode", "return assert(load('\\27Lua\\x54\\0\\x19\\x93'))", .fails("attempt to load a binary chunk")),
  Attack("bytecode", "return assert(load('\\27Lua', 'x', 'b'))", .fails("only source text is loaded")),
  Attack("bytecode", "return assert(load('\\27Lua', 'x', 'bt'))", .fails("attempt to load a binary chunk")),
  Attack("bytecode", "return assert(load(function() return '\\27Lua' end))", .fails("attempt to load a binary chunk")),
  Attack("bytecode", "return assert(load('\\xEF\\xBB\\xBF\\27Lua'))", .fails("unexpected symbol")),
  Attack("bytecode", "return assert(load('#x\\n\\27Lua'))", .fails("unexpected symbol")),
  Attack("dump", "return string.dump(print)", .fails("attempt to call a nil value")),
  Attack("dump", "return ('').dump(print)", .fails("attempt to call a nil value")),
  Attack("load", "return load('x = 1', 'c', 't', {})() == nil and x == nil", .harmless),
  Attack("load", "local i = 0; return load(function() i = i + 1; return ({ 'return', ' true' })[i] end)()", .harmless),
  Attack("load", "return assert(load(function() return 7 end))", .fails("reader function must return a string")),
  Attack("load", "return assert(load(function() error('inside') end))", .fails("inside")),
  Attack("load", "return select('#', load('return 1 +')) == 2", .harmless),
  Attack("require", "require('os')", .fails("module 'os' not found")),
  Attack("require", "require('../secret')", .fails("module '../secret' not found")),
  Attack("package", "return package.loadlib", .fails("'package' is not available to strategies")),
  Attack("files", "dofile('/etc/passwd')", .fails("'dofile' is not available")),
  Attack("files", "loadfile('/etc/passwd')", .fails("'loadfile' is not available")),
  Attack("files", "io.lines('/etc/passwd')", .fails("'io' is not available")),
  Attack("system", "os.execute('true')", .fails("'os' is not available")),
  Attack("system", "return _G['o' .. 's']", .fails("'os' is not available")),
  Attack("system", "return rawget(_G, 'os') == nil and rawget(_ENV, 'io') == nil", .harmless),
  Attack("debug", "return debug.getregistry()", .fails("'debug' is not available")),
  Attack("debug", "for k, v in pairs(_G) do if k == 'debug' or k == 'io' or k == 'os' then return false end end return true", .harmless),
]

// Getting at what is behind the environment.
private let reaching = [
  Attack("metatables", "return getmetatable('') == false and getmetatable(plant) == false and getmetatable(_G) == false", .harmless),
  Attack("metatables", "setmetatable(_G, {})", .fails("cannot change a protected metatable")),
  Attack("metatables", "setmetatable(plant, {})", .fails("cannot change a protected metatable")),
  Attack("metatables", "setmetatable(string, nil)", .fails("cannot change a protected metatable")),
  Attack("metatables", "setmetatable(plant.series{1}, {})", .fails("table expected")),
  Attack("metatables", "return getmetatable(plant.series{1}) == false", .harmless),
  Attack("metatables", "return getmetatable(select(2, pcall(plant.fail, 1))) == false", .harmless),
  Attack("finalisers", "setmetatable({}, {__gc = function() while true do end end})", .fails("'__gc' is not available")),
  Attack(
    "finalisers", "local m = {}; local t = setmetatable({}, m); m.__gc = print; setmetatable(t, m)", .fails("'__gc' is not available")),
  Attack("finalisers", "local m = {}; setmetatable({}, m); m.__gc = function() x = 1 end; collectgarbage(); return x == nil", .harmless),
  Attack(
    "addresses",
    """
    for _, v in ipairs{print, {}, coroutine.create(print), plant, plant.series{}, string.rep, function() end} do
      local shown = tostring(v) .. string.format('%s', v)
      if shown:find('0x') or shown:find('%x%x%x%x%x%x') then return false end
    end
    return true
    """, .harmless),
  Attack("addresses", "return string.format('%p', {})", .fails("addresses are not shown")),
  Attack("addresses", "return string.format('%-10p', {})", .fails("addresses are not shown")),
  Attack("addresses", "return tostring({}) ~= tostring({}) and tostring(print) == tostring(print)", .harmless),
  Attack("collector", "collectgarbage('stop')", .fails("invalid option 'stop'")),
  Attack("collector", "collectgarbage('generational')", .fails("invalid option")),
  Attack("collector", "return collectgarbage('count') > 0", .harmless),
  Attack("seed", "math.randomseed()", .fails("'randomseed' needs a seed")),
  Attack("text", "return tostring(setmetatable({}, {__tostring = function() return {} end}))", .fails("'__tostring' must return a string")),
  Attack("text", "print(setmetatable({}, {__tostring = function() error('no') end}))", .fails("no")),
  Attack("text", "return tostring(setmetatable({}, {__name = 'mine'})):match('^mine: %d+$') ~= nil", .harmless),
  Attack("text", "return tostring(setmetatable({}, {__name = 7})):match('^table: %d+$') ~= nil", .harmless),
  Attack("self", "return plant.series{1}.sum(plant)", .fails("bad self to 'series:sum' (series expected, got table)")),
  Attack("self", "return plant.series{1}.sum(coroutine.create(print))", .fails("series expected, got coroutine")),
  Attack("self", "return plant.series{1}.sum(select(2, pcall(plant.fail, 1)))", .fails("series expected, got error")),
]

// Changing what others rely on.
private let tampering = [
  Attack("views", "plant.psi = print", .fails("cannot set 'psi' of 'plant'")),
  Attack("views", "rawset(math, 'pi', 3)", .fails("cannot set 'pi' of 'math'")),
  Attack("views", "table.insert(plant, 1)", .fails("cannot set 'number' of 'plant'")),
  Attack("views", "table.sort(string); return true", .harmless),
  Attack("views", "table.move({1}, 1, 1, 1, math)", .fails("cannot set 'number' of 'math'")),
  Attack("views", "for k in pairs(plant) do plant[k] = nil end", .fails("it is read-only")),
  Attack("views", "return next(math) ~= nil and rawget(math, 'pi') == math.pi and rawlen(math) == 0", .harmless),
  Attack("views", "local n = 0; for _ in pairs(plant) do n = n + 1 end return n > 5", .harmless),
  Attack("globals", "pcall = nil; error = nil; tostring = nil; type = nil; pairs = nil; return plant.maybe(3) == 3", .harmless),
  Attack("globals", "_G = nil; _ENV = { plant = plant }; return plant.maybe(3) == 3", .harmless),
  Attack("metamethods", "return setmetatable({}, {__index = function(t, k) return t[k] end}).x", .fails("stack overflow")),
  Attack(
    "metamethods", "local t = {} for i = 1, 3000 do t = setmetatable({}, {__index = t}) end return t.x", .fails("'__index' chain too long")),
  Attack("metamethods", "local t = setmetatable({}, {}); getmetatable(t).__index = t; return t.x", .fails("loop")),
  Attack("close", "local x <close> = setmetatable({}, {__close = function() error('closing') end}) error('first')", .fails("closing")),
  Attack("errors", "error()", .fails("without a message (nil)")),
  Attack("errors", "error(nil)", .fails("without a message (nil)")),
  Attack("errors", "error({code = 3})", .fails("table: ")),
  Attack("errors", "error({message = 'told'})", .fails("told")),
  Attack("errors", "error(setmetatable({}, {__tostring = function() error('again') end}))", .fails("whose text cannot be made")),
  Attack("errors", "error(setmetatable({}, {__tostring = function() while true do end end}))", .fails("whose text cannot be made")),
  Attack("errors", "error(plant.series{1, 2})", .fails("series of 2")),
  Attack("errors", "error(('x'):rep(1e6))", .fails("xxxx")),
  Attack("errors", "error('a\\0b\\27[31m\\u{202E}', 0)", .fails("a\\u{0}b\\u{1b}[31m\\u{202e}")),
  Attack("errors", "error('\\xff\\xfe')", .fails("\u{FFFD}")),
  Attack("results", "return _G", .fails("the result is not as expected: ")),
  Attack("results", "local t = {} t.x = {{t}} return t", .fails("x[1][1]: the table contains itself")),
  Attack("results", "local t = {} for i = 1, 100 do t = {t} end return t", .fails("nested too deeply")),
  Attack("results", "local t = {} for i = 1, 100000 do t = {t} end return t", .fails("nested too deeply")),
  Attack("results", "return {reasons = {{code = 'a'}, {code = print}}}", .fails("reasons[2].code: data expected, got function")),
  Attack("results", "return {a = plant.series{}}", .fails("a: data expected, got series")),
  Attack("results", "return {1, 2, x = 3}", .fails("either a list or named fields expected")),
  Attack("results", "return {1, nil, 3}", .fails("a list without gaps expected")),
  Attack("results", "return {[1e15] = 1}", .fails("a list without gaps expected")),
  Attack("results", "return {[1.5] = 1}", .fails("keys 1…n or texts expected, got a number")),
  Attack("results", "return {[true] = 1}", .fails("keys 1…n or texts expected, got a boolean")),
  Attack("results", "return {['\\xff'] = 1}", .fails("is not text in UTF-8")),
  Attack("results", "return {'\\xff'}", .fails("[1]: text in UTF-8 expected")),
  Attack("results", "return setmetatable({}, {__pairs = error, __index = error, __len = error}).x == nil", .fails("bad argument")),
  Attack("sort", "local t = {} for i = 1, 500 do t[i] = i end table.sort(t, function() return true end) return true", .harmless),
  Attack(
    "sort", "local t = {} for i = 1, 500 do t[i] = i % 7 end table.sort(t, function(a, b) return a <= b end) return #t == 500", .harmless),
  Attack("sort", "table.sort({1, 'x', {}})", .fails("attempt to compare")),
  Attack("numbers", "plant.maybe(2^63)", .fails("integer expected")),
  Attack("numbers", "plant.maybe(1/0)", .fails("integer expected, got inf")),
  Attack("numbers", "return plant.maybe(math.mininteger) == math.mininteger", .harmless),
]

// Running for ever, in every place where Lua can be.
private let endless = [
  Attack("loop", "while true do end", .timeout),
  Attack("loop", "for i = 1, math.huge do end", .timeout),
  Attack("loop", "::here:: goto here", .timeout),
  Attack("recursion", "local function f() return f() end return f()", .timeout),
  Attack("pcall", "while true do pcall(function() while true do end end) end", .timeout),
  Attack("pcall", "repeat pcall(error) until false", .timeout),
  Attack("pcall", "local function f() pcall(f) while true do end end f()", .timeout),
  Attack("xpcall", "xpcall(function() while true do end end, function() while true do end end)", .timeout),
  Attack("xpcall", "xpcall(error, function() while true do end end)", .timeout),
  Attack("xpcall", "while true do xpcall(error, function() return xpcall(error, print) end) end", .timeout),
  Attack("coroutine", "coroutine.wrap(function() while true do end end)()", .timeout),
  Attack(
    "coroutine", "coroutine.resume(coroutine.create(function() while true do pcall(function() while true do end end) end end))", .timeout),
  Attack("coroutine", "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end", .timeout),
  Attack(
    "coroutine",
    "local function f() local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end end f()",
    .timeout),
  Attack(
    "coroutine",
    """
    local co = coroutine.create(function()
      local x <close> = setmetatable({}, {__close = function() while true do end end})
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
    """, .timeout),
  Attack(
    "coroutine",
    "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end)()", .timeout
  ),
  Attack("close", "local x <close> = setmetatable({}, {__close = function() while true do end end})", .timeout),
  Attack(
    "close", "do local x <close> = setmetatable({}, {__close = function() while true do pcall(error) end end}) error('x') end", .timeout),
  Attack("comparator", "table.sort({3, 2, 1}, function() while true do end end)", .timeout),
  Attack("callback", "('x'):gsub('x', function() while true do end end)", .timeout),
  Attack("callback", "plant.map({1}, function() while true do end end)", .timeout),
  Attack("callback", "while true do pcall(plant.map, {1}, function() while true do end end) end", .timeout),
  Attack("metamethod", "return setmetatable({}, {__lt = function() while true do end end}) < {}", .timeout),
  Attack("metamethod", "return setmetatable({}, {__index = function() while true do end end}).x", .timeout),
  Attack("metamethod", "return #setmetatable({}, {__len = function() while true do end end})", .timeout),
  Attack("metamethod", "return tostring(setmetatable({}, {__tostring = function() while true do end end}))", .timeout),
  Attack("metamethod", "for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end", .timeout),
  Attack("iterator", "for _ in function() return 1 end do end", .timeout),
  Attack("load", "load(function() while true do end end)", .timeout),
  Attack("load", "load(function() return 'x = 1 ' end)", .exhausted),
  Attack("pattern", "return (('a'):rep(40)):find(('a-'):rep(12) .. 'b')", .timeout),
  Attack("pattern", "return (('a'):rep(1000)):match('.-.-.-.-.-.-b')", .timeout),
  Attack("pattern", "return (('a'):rep(200000)):find(('a*'):rep(3) .. 'b')", .timeout),
  Attack("pattern", "return (('(' ):rep(300000)):find('%b()')", .timeout),
  Attack("pattern", "return (('x'):rep(1e6)):gsub('x*y', '')", .timeout),
  Attack("pattern", "for _ in (('a'):rep(100000)):gmatch('a*a*b') do end", .timeout),
  Attack("pattern", "return (('x'):rep(2e7)):gsub('.', string.upper)", .exhausted),
  Attack("table", "table.move({}, 1, 1e9, 2)", .timeout),
  Attack(
    "table", "table.insert(setmetatable({}, {__len = function() return 1e15 // 1 | 0 end, __newindex = function() end}), 1, 0)", .timeout),
  Attack("table", "table.remove(setmetatable({}, {__len = function() return 1 << 50 end}), 1)", .timeout),
  Attack("table", "table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1 << 50)", .timeout),
  Attack(
    "table",
    "table.sort(setmetatable({}, {__len = function() return 1 << 30 end, __index = function() return 1 end, __newindex = function() end}))",
    .timeout),
  Attack(
    "table",
    "local t = setmetatable({}, {__len = function() return 1 << 30 end, __index = setmetatable({}, {__index = math.abs})}) table.sort(t, rawequal)",
    .fails("")),
  Attack("strings", "local s = 'x' while true do pcall(function() s = s .. s end) end", .timeout),
  Attack("strings", "return ('x'):rep(300):find(('x?'):rep(300) .. ('x'):rep(300))", .exhausted),
]

// Using up memory or stack.
private let greedy = [
  Attack("strings", "return ('x'):rep(1e9)", .fails("resulting string too large")),
  Attack("strings", "return (''):rep(1e18) == '' and (''):rep(math.maxinteger, '') == ''", .harmless),
  Attack("strings", "return ('x'):rep(1 << 62, 'y')", .fails("resulting string too large")),
  Attack("strings", "local s = 'x' while true do s = s .. s end", .exhausted),
  Attack("strings", "return string.format('%99999d', 1)", .fails("invalid")),
  Attack("strings", "return string.format('%99.99f', 1/3):len() == 101", .harmless),
  Attack("strings", "return string.pack('!1' .. ('x'):rep(1e6))", .fails("format too long")),
  Attack("strings", "return string.unpack(('b'):rep(1e5), 'x')", .fails("format too long")),
  Attack("strings", "return utf8.char(table.unpack({}, 1, 1e7))", .fails("too many results to unpack")),
  Attack("strings", "return ('x'):rep(1e6):gsub('', ('y'):rep(1e3))", .exhausted),
  Attack("strings", "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1e4) end return table.concat(t)", .exhausted),
  Attack("strings", "local s = ('x'):rep(1e6) local t = {} for i = 1, 100 do t[i] = s end return table.concat(t)", .exhausted),
  Attack("strings", "local p = ('('):rep(40) .. (')'):rep(40) return ('x'):find(p)", .fails("too many captures")),
  Attack("strings", "return ('a'):find('[a')", .fails("missing ']'")),
  Attack("strings", "return ('a'):find('%')", .fails("ends with '%'")),
  Attack("strings", "return ('a'):find('%b')", .fails("'%b'")),
  Attack("strings", "return ('a'):find('%f')", .fails("'%f'")),
  Attack("strings", "return ('a'):find('%1')", .fails("invalid capture index")),
  Attack("strings", "return ('a'):gsub('a', '%2')", .fails("invalid capture index")),
  Attack("tables", "local t = {} while true do t[#t + 1] = {} end", .exhausted),
  Attack("tables", "local t = {} for i = 1, 1e9 do t[i] = i end", .exhausted),
  Attack("tables", "return table.unpack({}, 1, 1e7)", .fails("too many results to unpack")),
  Attack("tables", "return table.pack(table.unpack({}, 1, 9e5)).n == 9e5", .harmless),
  Attack("tables", "return select(-1, table.unpack({}, 1, 1e5)) == nil", .harmless),
  Attack("coroutines", "local t = {} for i = 1, 1e6 do t[i] = coroutine.create(print) coroutine.resume(t[i]) end", .exhausted),
  Attack("coroutines", "local function f() coroutine.wrap(f)() end f()", .fails("C stack overflow")),
  Attack("coroutines", "local function f() return plant.map({1}, function() return coroutine.wrap(f)() end) end f()", .exhausted),
  Attack(
    "coroutines",
    """
    local function nest()
      local co = coroutine.create(function()
        local x <close> = setmetatable({}, {__close = nest})
        coroutine.yield()
      end)
      coroutine.resume(co)
      coroutine.close(co)
    end
    nest()
    return true
    """, .harmless),
  Attack(
    "coroutines", "coroutine.wrap(function() plant.map({1}, coroutine.yield) end)()", .fails("attempt to yield across a C-call boundary")),
  Attack(
    "coroutines", "coroutine.wrap(function() table.sort({2, 1}, coroutine.yield) end)()",
    .fails("attempt to yield across a C-call boundary")),
  Attack("coroutines", "return coroutine.wrap(function() return pcall(coroutine.yield, true) end)()", .harmless),
  Attack("coroutines", "return coroutine.wrap(function() return xpcall(coroutine.yield, print, true) end)()", .harmless),
  Attack("recursion", "local function f() return 1 + f() end return f()", .exhausted),
  Attack("recursion", "local function f() return pcall(f) end f() return true", .harmless),
  Attack("recursion", "local function f() plant.map({1}, f) end f()", .fails("C stack overflow")),
  Attack(
    "recursion", "return ('x'):gsub('x', function() local function f() return (('x'):gsub('x', f)) end return f() end)",
    .fails("C stack overflow")),
  Attack(
    "recursion",
    "local t = setmetatable({}, {}) getmetatable(t).__eq = function(a, b) return a == {} or t == setmetatable({}, getmetatable(t)) end return t == setmetatable({}, getmetatable(t))",
    .exhausted),
  Attack("parser", "return load(('('):rep(1e5)) == nil", .harmless),
  Attack("parser", "return assert(load('return ' .. ('('):rep(1e5)))", .fails("overflow")),
  Attack("parser", "return assert(load(('do '):rep(1e5)))", .fails("overflow")),
  Attack("parser", "return assert(load('local x = ' .. ('{'):rep(1e5)))", .fails("overflow")),
  Attack(
    "parser", "local t = {} for i = 1, 300 do t[i] = 'local a' .. i end return assert(load(table.concat(t, ' ')))",
    .fails("too many local variables")),
  Attack("parser", "return assert(load(('x = 1 '):rep(3e6)))", .exhausted),
  Attack("objects", "local t = {} while true do t[#t + 1] = plant.series(plant.series{1, 2, 3}:scaled(2)) end", .exhausted),
  Attack("objects", "local s, t = plant.series{1, 2, 3}, {} for i = 1, 1e5 do t[i] = s + 1 end", .fails("not enough memory")),
  Attack("objects", "local s = plant.series{1, 2, 3} for i = 1, 2e3 do local x = s + i end return true", .harmless),
]
