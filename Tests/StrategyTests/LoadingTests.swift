import Foundation
import QualityCycle
import Scripting
import Tabular
import TestSupport
import Testing

@Suite("Loading a strategy")
struct LoadingTests {
  private static let file = "strategies/triggers/mine.lua"

  @Test(
    "names each fault of the table at its line",
    arguments: [
      ("return {\n summary = 's',\n decide = print }", 1, "'interface' must be 1, got nothing"),
      ("return {\n interface = '1',\n summary = 's', decide = print }", 2, "'interface' must be 1, got string"),
      (
        "return {\n interface = 2,\n summary = 's', decide = print }", 2,
        "'interface' must be 1, got 2: the file was written for another version of Lathe"
      ),
      ("return {\n interface = 1,\n decide = print }", 1, "'summary' must be a string that says what the strategy does, got nothing"),
      (
        "return {\n interface = 1,\n summary = 7,\n decide = print }", 3,
        "'summary' must be a string that says what the strategy does, got integer"
      ),
      ("return {\n interface = 1, summary = 's' }", 1, "'decide' must be a function (ctx, parameters), got nothing"),
      ("return {\n interface = 1, summary = 's',\n decide = {} }", 3, "'decide' must be a function (ctx, parameters), got table"),
      (
        "return {\n interface = 1, summary = 's', decide = print,\n parametres = {} }", 3,
        "unknown field 'parametres'; did you mean 'parameters'?"
      ),
      (
        "return {\n interface = 1, summary = 's', decide = print,\n colour = 1 }", 3,
        "unknown field 'colour'; known are interface, summary, parameters, decide"
      ),
      ("return {\n interface = 1, summary = 's', decide = print,\n parameters = 5 }", 3, "'parameters' must be a table, got integer"),
    ])
  func table(text: String, line: Int, message: String) throws {
    #expect(try StrategyFixture().faults(text) == ["\(Self.file):\(line): \(message)"])
  }

  @Test(
    "names each fault of a parameter at the parameter's line",
    arguments: [
      ("5", "parameter 'size' must be a table with type, default and doc, got integer"),
      ("{ type = 'integer', doc = 'd' }", "parameter 'size' must have a default"),
      ("{ type = 'integer', default = 1 }", "parameter 'size' must have a doc: a string that says what it means"),
      (
        "{ default = 1, doc = 'd' }",
        "parameter 'size' must have a type: one of integer, number, string, boolean, string[], number[]"
      ),
      (
        "{ type = 'integr', default = 1, doc = 'd' }",
        "parameter 'size' has the unknown type 'integr'; known are integer, number, string, boolean, string[], number[]; "
          + "did you mean 'integer'?"
      ),
      (
        "{ type = 'integer', default = 1, maxx = 3, doc = 'd' }",
        "parameter 'size' has an unknown field 'maxx'; did you mean 'max'?"
      ),
      ("{ type = 'integer', default = 1, min = 3, max = 2, doc = 'd' }", "parameter 'size' has a min above its max"),
      ("{ type = 'integer', default = 1, min = 3, doc = 'd' }", "the default of parameter 'size' must be at least 3, got 1"),
      ("{ type = 'number', default = 1.5, max = 1.25, doc = 'd' }", "the default of parameter 'size' must be at most 1.25, got 1.5"),
      ("{ type = 'number', default = 0/0, doc = 'd' }", "the default of parameter 'size' must be a finite number, got nan"),
      ("{ type = 'integer', default = 1.5, doc = 'd' }", "the default of parameter 'size' must be of type integer, got 1.5"),
      ("{ type = 'integer', default = 1, min = 'a', doc = 'd' }", "parameter 'size': min: number expected, got string"),
      ("{ type = 'integer', default = 1, min = 0/0, doc = 'd' }", "parameter 'size': min: number expected, got nan"),
      (
        "{ type = 'string', default = 'a', min = 1, doc = 'd' }",
        "parameter 'size' has a min or max, but is of type string: only numbers have bounds"
      ),
      (
        "{ type = 'boolean', default = true, choices = { 'a' }, doc = 'd' }",
        "parameter 'size' has choices, but is of type boolean: only strings have choices"
      ),
      ("{ type = 'string', default = 'a', choices = 'a', doc = 'd' }", "parameter 'size': choices: string[] expected, got string"),
      (
        "{ type = 'string', default = 'abd', choices = { 'abc', 'x' }, doc = 'd' }",
        "the default of parameter 'size' must be one of abc, x, got 'abd'; did you mean 'abc'?"
      ),
      (
        "{ type = 'string[]', default = { 'zzz' }, choices = { 'abc', 'x' }, doc = 'd' }",
        "the default of parameter 'size' must hold some of abc, x, got 'zzz'"
      ),
      ("{ type = 'string[]', default = { 1 }, doc = 'd' }", "the default of parameter 'size' must be of type string[], got [1]"),
      ("{ type = 'number[]', default = { 1, 5 }, max = 4, doc = 'd' }", "the default of parameter 'size' must be at most 4, got 5"),
      ("{ type = 'string', default = print, doc = 'd' }", "parameter 'size': default: data expected, got function"),
      (
        "{ 7, type = 'string', default = 'a', doc = 'd' }",
        "parameter 'size' must have names for keys: table expected, got a table with a number for a key"
      ),
    ])
  func parameter(declaration: String, message: String) throws {
    let text = "return {\n interface = 1, summary = 's', decide = print,\n parameters = {\n  size = \(declaration),\n } }"
    #expect(try StrategyFixture().faults(text) == ["\(Self.file):4: \(message)"])
  }

  @Test("names all faults at once, in the order of their lines")
  func several() throws {
    let text = """
      return {
        interface = 3,
        sumary = "s",
        parameters = {
          first = { type = "int", default = 1, min = {}, doc = "d" },
          second = { type = "integer", default = -1, min = 0 },
          third = { type = "number", doc = "d" },
        },
      }
      """
    #expect(
      try StrategyFixture().faults(text) == [
        "\(Self.file):1: 'decide' must be a function (ctx, parameters), got nothing",
        "\(Self.file):1: 'summary' must be a string that says what the strategy does, got nothing",
        "\(Self.file):2: 'interface' must be 1, got 3: the file was written for another version of Lathe",
        "\(Self.file):3: unknown field 'sumary'; did you mean 'summary'?",
        "\(Self.file):5: parameter 'first' has the unknown type 'int'; known are integer, number, string, boolean, string[], number[]",
        "\(Self.file):5: parameter 'first': min: number expected, got table",
        "\(Self.file):6: parameter 'second' must have a doc: a string that says what it means",
        "\(Self.file):7: parameter 'third' must have a default",
      ])
  }

  @Test(
    "says where a file fails that cannot be run",
    arguments: [
      ("return {\n interface = = 1 }", ":2: unexpected symbol near '='"),
      ("local x = 1", ":1: the file must return the strategy's table: return { interface = 1, … }"),
      ("\n\nreturn 7", ":3: the file must return the strategy's table: return { interface = 1, … }"),
      ("\n error('broken')", ":2: broken"),
      ("\n local x = nil + 1", ":2: attempt to perform arithmetic on a nil value"),
      ("\n while true do end", ":2: stopped at the time limit of 2.0 seconds"),
      ("local s = 'x' while true do s = s .. s end", ": not enough memory: the limit is 64 MiB"),
      ("\u{1B}Lua", ": is compiled Lua; only source text is loaded"),
      ("\n return require('other')", ":2: module 'other' not found"),
      ("\n return io.open('x')", ":2: 'io' is not available to strategies"),
    ])
  func failing(text: String, end: String) throws {
    let faults = try StrategyFixture().faults(text)
    #expect(faults.count == 1 && (faults.first ?? "").hasPrefix(Self.file + end), "\(faults)")
  }

  @Test("refuses text that is not UTF-8, and a folder in the place of a file")
  func bytes() throws {
    let fixture = try StrategyFixture()
    #expect(try fixture.faults(Data([0x72, 0xFF, 0xFE])) == ["\(Self.file): is not UTF-8; save the file as UTF-8"])
    try FileManager.default.createDirectory(
      atPath: fixture.workspace.path("strategies/triggers/folder.lua"), withIntermediateDirectories: true)
    #expect {
      try fixture.library.load(.trigger, "folder")
    } throws: {
      "\($0)".hasPrefix("strategies/triggers/folder.lua: cannot be read: ")
    }
  }

  @Test("takes a text with byte order mark and Windows line ends")
  func windows() throws {
    #expect(try StrategyFixture().faults("\u{FEFF}return {\r\n interface = 1,\r\n summary = 's',\r\n decide = print }\r\n") == [])
    #expect(
      try StrategyFixture().faults("return {\r\n interface = 9,\r\n summary = 's',\r\n decide = print }\r\n").first?
        .hasPrefix("\(Self.file):2: ") == true)
  }

  @Test("suggests the nearest name of a strategy that is not there")
  func unknown() throws {
    let library = try StrategyFixture().library
    #expect {
      try library.load(.trigger, "treshold")
    } throws: {
      "\($0)"
        == "strategies/triggers/treshold.lua: there is no trigger strategy 'treshold'; did you mean 'threshold'?"
    }
    #expect {
      try library.load(.comparison, "../triggers/threshold")
    } throws: {
      "\($0)".hasSuffix("there is no comparison strategy '../triggers/threshold'; there are bootstrap, min_improvement, pareto")
    }
  }

  @Test("a file of the workspace goes before the bundled one of that name")
  func precedence() throws {
    let fixture = try StrategyFixture()
    #expect(try fixture.library.load(.sampling, "random").summary == "A uniform sample of the population.")
    try fixture.write("return { interface = 1, summary = 'my own', decide = print }", .sampling, "random")
    #expect(try fixture.library.load(.sampling, "random").summary == "my own")
    let entries = try fixture.library.entries()
    #expect(entries.filter { !$0.isBundled }.map(\.path) == ["strategies/sampling/random.lua"])
    #expect(
      entries.map(\.name) == [
        "neyman", "random", "recent_bias", "stratified", "uncertainty", "budget", "cusum", "ewma", "threshold", "bootstrap",
        "min_improvement",
        "pareto",
      ])
  }

  @Test("every bundled strategy is free of faults and is the file of the repository, to the byte")
  func bundled() throws {
    let fixture = try StrategyFixture()
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    for entry in try fixture.library.entries() {
      #expect(try !fixture.library.load(entry.kind, entry.name).summary.isEmpty)
      #expect(try bundledStrategies[entry.path] == String(contentsOf: root.appending(path: entry.path), encoding: .utf8))
    }
  }
}

@Suite("The parameters of a strategy")
struct ParameterTests {
  private static let declaration = """
    hours = { type = 'integer', default = 24, min = 0, max = 100, doc = 'd' }, share = { type = 'number', default = 0.5, doc = 'd' },
    codes = { type = 'string[]', default = { 'A' }, doc = 'd' }, loud = { type = 'boolean', default = false, doc = 'd' },
    mode = { type = 'string', default = 'fast', choices = { 'fast', 'slow' }, doc = 'd' },
    """

  private func values(_ given: [String: PlainValue]) throws -> PlainValue? {
    try StrategyFixture().decide("return { retrain = false, reasons = { p } }", parameters: Self.declaration, given: given).reasons.first
  }

  @Test("have their defaults, over which goes what is given")
  func defaults() throws {
    #expect(try values([:]) == ["hours": 24, "share": 0.5, "codes": ["A"], "loud": false, "mode": "fast"])
    #expect(
      try values(["hours": 0, "share": 2, "codes": ["B", "C"], "loud": true, "mode": "slow"])
        == ["hours": 0, "share": 2, "codes": ["B", "C"], "loud": true, "mode": "slow"])
  }

  @Test("are in the identity that the ledger keeps, with the digest of the text")
  func identity() throws {
    let fixture = try StrategyFixture()
    try fixture.write(StrategyFixture.strategy("", parameters: "n = { type = 'integer', default = 1, doc = 'd' }"), .trigger)
    let identity = try fixture.library.triggerRule("mine", parameters: ["n": 5]).identity
    #expect(identity.parameters == ["n": 5] && identity.name == "mine" && identity.kind == .trigger)
    try fixture.write("return { interface = 1, summary = 's', decide = print }", .trigger)
    let other = try fixture.library.triggerRule("mine", parameters: [:]).identity
    #expect(other.sha256.count == 64 && other.sha256 != identity.sha256)
  }

  @Test("name everything that is wrong with what is given, at once")
  func wrong() throws {
    #expect {
      try values(["hour": 1, "share": "much", "codes": "A", "hours": 101, "mode": "slwo", "loud": 1])
    } throws: {
      let file = "strategies/triggers/mine.lua: "
      return ($0 as? StrategyFaults)?.faults.map(\.description) == [
        file + "parameter 'codes' must be of type string[], got A",
        file + "unknown parameter 'hour'; did you mean 'hours'?",
        file + "parameter 'hours' must be at most 100, got 101",
        file + "parameter 'loud' must be of type boolean, got 1",
        file + "parameter 'mode' must be one of fast, slow, got 'slwo'; did you mean 'slow'?",
        file + "parameter 'share' must be of type number, got much",
      ]
    }
  }

  @Test("that nobody declared are refused")
  func none() throws {
    let fixture = try StrategyFixture()
    #expect {
      try fixture.library.samplingStrategy("random", parameters: ["size": 3])
    } throws: {
      "\($0)" == "strategies/sampling/random.lua: unknown parameter 'size'; the strategy has none"
    }
    #expect {
      try fixture.library.triggerRule("threshold", parameters: ["xyz": 3])
    } throws: {
      "\($0)" == "strategies/triggers/threshold.lua: unknown parameter 'xyz'; known are codes, cooldown_hours"
    }
  }
}
