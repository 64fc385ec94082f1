import LuaBridge
import Tabular
import Testing

@Suite struct FunctionTests {
  @Test(
    "gives host functions their arguments and scripts their results",
    arguments: [
      ("return plant.psi({1, 2}, {3})", [.number(16)]),
      ("return plant.psi({1, 2}, {3.5}, 1)", [.number(7.5)]),
      ("return plant.psi({}, {}, 2.0)", [.number(2)]),
      ("return plant.psi(plant.series{1, 2}, {})", [.number(13)]),
      ("return plant.predict('P-1', {quantity = 2, level = 'high'})", ["P-1 2.0 active high"]),
      ("return plant.predict('P-1')", ["P-1 0.0 active normal"]),
      ("return plant.join(), plant.join('a', 'b')", ["", "a+b"]),
      ("return plant.names{a = 1}", [["a": 2]]),
      ("return plant.level('low'), plant.toggle(true), plant.maybe(), plant.maybe(nil), plant.maybe(3)", ["low", false, .null, .null, 3]),
      ("return plant.both()", [1, "two"]),
      ("return plant.answer", [42]),
      ("return plant.map({1, 2}, function(x) return x * 2 end)", [[2.0, 4.0]]),
      (
        "local s = plant.series{1, 2, 3}; return s:sum(), s[2], s[4], #s, s.first, tostring(s + 1), (1 + s)[1], (-s)[3], s:scaled():sum()",
        [6.0, 2.0, .null, 3, 1.0, "series of 3", 2.0, -3.0, 12.0]
      ),
      ("return plant.echo{1, {a = 'x'}, true}", [[1, ["a": "x"], true]]),
    ] as [(String, [PlainValue])])
  func passes(script: String, expected: [PlainValue]) throws {
    #expect(try makeVM().run(script) == expected)
  }

  @Test(
    "says which argument of what is wrong, what was expected and what came",
    arguments: [
      ("plant.psi({1}, 'x')", "bad argument #2 'current' to 'plant.psi' (number[] expected, got string)"),
      ("plant.psi({1})", "bad argument #2 'current' to 'plant.psi' (number[] expected, got no value)"),
      ("plant.psi({1, 'a'}, {})", "bad argument #1 'reference' to 'plant.psi' ([2]: number expected, got string)"),
      ("plant.psi({x = 1}, {})", "bad argument #1 'reference' to 'plant.psi' (number[] expected, got a table with the key 'x')"),
      ("plant.psi({}, {}, 2.5)", "bad argument #3 'bins' to 'plant.psi' (integer expected, got 2.5)"),
      ("plant.psi({}, {}, '2')", "bad argument #3 'bins' to 'plant.psi' (integer expected, got string)"),
      ("plant.psi({}, {}, 2, 3, 4)", "too many arguments to 'plant.psi' (3 expected, got 5)"),
      ("plant.erase(1)", "'plant.erase' writes and is not available to strategies"),
      (
        "plant.predict('a', {quantitiy = 2})",
        "bad argument #2 'options' to 'plant.predict' (quantitiy: unknown field; did you mean 'quantity'?)"
      ),
      (
        "plant.predict('a', {level = 'hgih'})",
        "bad argument #2 'options' to 'plant.predict' (level: 'low', 'normal' or 'high' expected, got 'hgih'; did you mean 'high'?)"
      ),
      ("plant.predict(7)", "bad argument #1 'item' to 'plant.predict' (string expected, got number)"),
      ("plant.predict('\\xff')", "bad argument #1 'item' to 'plant.predict' (text in UTF-8 expected, got other bytes)"),
      ("plant.toggle(nil)", "bad argument #1 'flag' to 'plant.toggle' (boolean expected, got nil)"),
      ("plant.join('a', 1)", "bad argument #2 'texts' to 'plant.join' (string expected, got number)"),
      (
        "plant.names{[1] = 2}",
        "bad argument #1 'counts' to 'plant.names' (table<string, integer> expected, got a table with a number for a key)"
      ),
      ("plant.names{a = 'x'}", "bad argument #1 'counts' to 'plant.names' (a: integer expected, got string)"),
      ("plant.maybe(1e300)", "bad argument #1 'n' to 'plant.maybe' (integer expected, got 1e+300)"),
      ("plant.maybe(0/0)", "bad argument #1 'n' to 'plant.maybe' (integer expected, got nan)"),
      ("plant.pis()", "'plant' has no 'pis'; did you mean 'psi'?"),
      ("plant.series{}.sum()", "bad self to 'series:sum' (series expected, got no value); call it with ':'"),
      ("plant.series{}:smu()", "a series has no method or property 'smu'; did you mean 'sum'?"),
      ("return plant.series{}[1.5]", "a series is indexed by integers from 1, got 1.5"),
      ("return plant.series{} + 'x'", "bad argument #2 'right' to 'series +' (series or number expected, got string)"),
      ("plant.series{}:clear()", "'series:clear' writes and is not available to strategies"),
      ("plant.series{}.x = 1", "cannot set 'x' of 'series': it is read-only"),
      ("plant.psi = nil", "cannot set 'psi' of 'plant': it is read-only"),
      ("rawset(plant, 'psi', nil)", "cannot set 'psi' of 'plant': it is read-only"),
      ("string.rep = nil", "cannot set 'rep' of 'string': it is read-only"),
      ("plant.record('x')", "'plant.record' is not available here"),
      ("os.exit()", "'os' is not available to strategies"),
    ])
  func refuses(script: String, message: String) throws {
    let failure = try makeVM().failure("local x\n" + script.replacing("return ", with: "return x, "))
    #expect(failure == "test.lua:2: " + message)
  }
}

extension String {
  fileprivate func replacing(_ prefix: String, with other: String) -> String { hasPrefix(prefix) ? other + dropFirst(prefix.count) : self }
}
