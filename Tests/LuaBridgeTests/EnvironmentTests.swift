import LuaBridge
import Synchronization
import Tabular
import Testing

@Suite("The environment of scripts")
struct EnvironmentTests {
  @Test("holds what is listed, and nothing else")
  func names() throws {
    let names = try makeVM().run(
      "local t = {} for k in pairs(_G) do t[#t + 1] = k end table.sort(t) return table.concat(t, ' ')")
    #expect(
      names == [
        "_G _VERSION assert collectgarbage coroutine error getmetatable ipairs load math next pairs pcall plant print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring type utf8 xpcall"
      ])
  }

  @Test("has io and os only in trusted scripts, where os.exit is a request to the host")
  func trusted() throws {
    let vm = try makeVM(profile: .trustedScripts)
    #expect(try vm.run("return type(io.open), type(os.time())") == ["function", "number"])
    #expect(vm.failure("return debug") == "test.lua:1: 'debug' is not available to scripts")
    #expect(vm.error(of: LuaSource("os.exit(3)", name: "test.lua"))?.underlying as? LuaExit == LuaExit(code: 3))
    #expect(try makeVM(profile: .scripts).failure("return io") == "test.lua:1: 'io' is not available to scripts that are not trusted")
  }

  @Test("offers functions that write to scripts, and not to strategies")
  func effects() throws {
    #expect(try makeVM(profile: .scripts).run("plant.erase() return true") == [true])
    #expect(
      try makeVM(profile: .strategies).failure("return plant.erase")
        == "test.lua:1: 'plant.erase' writes and is not available to strategies")
  }

  @Test("repeats random numbers for a seed, and differs between seeds")
  func seeds() throws {
    func draw(_ seed: UInt64) throws -> [PlainValue] { try makeVM(seed: seed).run("return math.random(), math.random(1, 1000)") }
    #expect(try draw(7) == draw(7))
    #expect(try draw(7) != draw(8))
  }

  @Test("prints through the host, one text a call, without addresses")
  func printing() throws {
    let lines = Lines()
    _ = try makeVM(print: { lines.add($0) }).run("print(1, 'a', nil, true, 2.0) print() print({}) print(plant.series{1})")
    #expect(lines.all == ["1\ta\tnil\ttrue\t2.0", "", "table: 1", "series of 1"])
  }

  @Test("requires modules that the host finds, once, and again after a failure")
  func modules() throws {
    let loads = Lines()
    let vm = try makeVM(load: { name in
      loads.add(name)
      switch name {
      case "tools": return LuaSource("count = (count or 0) + 1 return { double = function(x) return 2 * x end }", name: "scripts/tools.lua")
      case "broken": return LuaSource("\nerror('cannot start')", name: "scripts/broken.lua")
      case "circle": return LuaSource("return require('circle')", name: "scripts/circle.lua")
      case "silent": return LuaSource("", name: "scripts/silent.lua")
      default: return nil
      }
    })
    #expect(
      try vm.run("return require('tools').double(4), require('tools') == require('tools'), count, require('silent')") == [8, true, 1, true])
    #expect(vm.failure("require('broken')") == "scripts/broken.lua:2: cannot start")
    #expect(vm.failure("require('broken')") == "scripts/broken.lua:2: cannot start")
    #expect(vm.failure("require('circle')") == "scripts/circle.lua:1: module 'circle' requires itself")
    #expect(vm.failure("require('nowhere')") == "test.lua:1: module 'nowhere' not found")
    #expect(loads.all == ["tools", "silent", "broken", "broken", "circle", "nowhere"])
  }

  @Test("gives functions the value that they are declared to work on, as long as it is there")
  func contexts() throws {
    let vm = try makeVM()
    let workshop = Workshop()
    vm.provide(workshop)
    _ = try vm.run("plant.record('a') plant.record('b')")
    #expect(workshop.calls == ["a", "b"])
    vm.withdraw(Workshop.self)
    #expect(vm.failure("plant.record('c')") == "test.lua:1: 'plant.record' is not available here")
  }

  @Test("lets the host keep functions and tables of a script")
  func references() throws {
    let vm = try makeVM()
    let strategy = try vm.run(
      LuaSource("return { interface = 1, summary = 'x', decide = function(a, b) return { sum = a + b, list = {a, b} } end }", name: "s"),
      as: LuaTableReference.self)
    #expect(try strategy.fieldNames() == ["decide", "interface", "summary"])
    #expect(try strategy.field("interface", as: Int.self) == 1)
    #expect(try strategy.kind(of: "decide") == .function)
    #expect(try strategy.kind(of: "other") == .nil)
    let decide = try strategy.field("decide", as: LuaFunctionReference.self)
    #expect(try decide.call(2, 3) == [["sum": 5, "list": [2, 3]]])
    #expect(throws: LuaError.self) { try strategy.field("summary", as: Int.self) }
  }

  @Test("documents its functions from their declarations")
  func documentation() {
    let psi = plant.documentation.functions[0]
    #expect(psi.signature == "(reference, current, bins?)")
    #expect(psi.parameters.map(\.type.name) == ["number[]", "number[]", "integer"])
    #expect(psi.parameters[2].defaultText == "10")
    #expect(psi.results.map(\.type.name) == ["number"])
    let predict = plant.documentation.functions[1]
    #expect(predict.parameters[1].type.name == #"{ quantity?: number, version?: string, level?: "low"|"normal"|"high" }"#)
    #expect(predict.parameters[1].isRequired == false)
    #expect(Series.luaClass.documentation.operators.map(\.name) == ["+", "unary -"])
  }

  @Test(
    "matches patterns as the manual says",
    arguments: [
      ("('key = value'):match('^(%w+)%s*=%s*(%w+)$')", ["key", "value"]),
      ("('THE (quick) fox'):find('%((%a+)%)')", [5, 11, "quick"]),
      ("('hello world'):gsub('o', '0')", ["hell0 w0rld", 2]),
      ("('hello'):gsub('', '-')", ["-h-e-l-l-o-", 6]),
      ("('abc'):gsub('%w', '%0%0')", ["aabbcc", 3]),
      ("('abc'):gsub('%w', {a = '1', c = false})", ["1bc", 3]),
      ("('hello world'):gsub('(%w+) (%w+)', '%2 %1')", ["world hello", 1]),
      ("('f(a(b)c)d'):match('%b()')", ["(a(b)c)"]),
      ("('THE (quick) fox'):gsub('%f[%a]%a+', string.lower)", ["the (quick) fox", 3]),
      ("('x=1, y=2'):gsub('(%w)=(%w)', '%2=%1', 1)", ["1=x, y=2", 1]),
      ("('hello'):match('(h)(.)%2')", [.null]),
      ("('hello'):match('(.)%1')", ["l"]),
      ("('  trim  '):match('^%s*(.-)%s*$')", ["trim"]),
      ("('a.b-c'):find('.', 1, true)", [2, 2]),
      ("('a.b-c'):find('-', 1, true)", [4, 4]),
      ("('abc'):find('b', -1)", [.null]),
      ("('abc'):find('', 10)", [.null]),
      ("('abc'):find('', 4)", [4, 3]),
      ("('abc'):match('()b()')", [2, 3]),
      ("('[x]'):match('[]x[]+')", ["[x]"]),
      ("('a-z'):match('[a%-z]+')", ["a-z"]),
      ("('2024-01-31'):match('(%d+)-(%d+)-(%d+)')", ["2024", "01", "31"]),
      ("('äöü'):match('[\\xC3][\\xA4]') == 'ä'", [true]),
      ("('a\\0b'):find('\\0')", [2, 2]),
      ("('aaa'):match('^a-$'), ('aaa'):match('a?a?a?a?'), ('aXb'):match('%u')", ["aaa", "aaa", "X"]),
      (
        "(function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return table.concat(t, ' ') end)()",
        ["a1 b2"]
      ),
      ("(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)()", [4]),
      ("(function() local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end return #t end)()", [2]),
    ] as [(String, [PlainValue])])
  func patterns(expression: String, expected: [PlainValue]) throws {
    #expect(try makeVM().run("return \(expression)") == expected)
  }

  @Test("sorts, moves and joins lists", arguments: 0..<20 as Range<UInt64>)
  func lists(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let numbers = (0..<generator.integer(below: 200)).map { _ in Double(generator.integer(below: 50)) }
    let vm = try makeVM()
    try vm.setGlobal("numbers", numbers)
    #expect(try vm.run(LuaSource("table.sort(numbers) return numbers", name: "t"), as: [Double].self) == numbers.sorted())
    #expect(
      try vm.run(LuaSource("table.sort(numbers, function(a, b) return a > b end) return numbers", name: "t"), as: [Double].self)
        == numbers.sorted(by: >))
    #expect(
      try vm.run(
        "local t = table.move({1, 2, 3}, 1, 3, 2) table.insert(t, 1, 0) table.insert(t, 9) return table.concat(t, ','), table.remove(t, 1), #t"
      )
        == ["0,1,1,2,3,9", 0, 5])
  }
}

/// What was printed or asked for, from wherever.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}
