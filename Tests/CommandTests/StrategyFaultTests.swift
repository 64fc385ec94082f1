import Foundation
import TestSupport
import Testing

/// Something that a strategy does when it is asked to decide.
struct Misdeed: CustomTestStringConvertible, Sendable {
  /// What it does, in words.
  var testDescription: String
  /// How: the second line of the strategy's file.
  var body: String
  /// What the alert says.
  var words: [String]

  init(_ words: String, _ body: String, saying message: String...) {
    testDescription = words
    self.body = body
    self.words = message
  }

  /// The file of a strategy that does it.
  var file: String { "return { interface = 1, summary = \"Bad.\", decide = function(ctx, p)\n\(body)\nend }\n" }
}

/// What any strategy can do wrong, with the place in the file where there is one.
private let misdeeds = [
  Misdeed("errors", #"error("no idea")"#, saying: ".lua:2: no idea"),
  Misdeed("errors with a table", "error({ code = 5 })", saying: ".lua", "table"),
  Misdeed("reads what is not there", "return ctx.nothing.x", saying: ".lua:2: attempt to index a nil value (field 'nothing')"),
  Misdeed("loops for ever", "while true do end", saying: ".lua:2: stopped at the time limit of 1.0 seconds"),
  Misdeed(
    "hides an endless loop", "while true do pcall(function() while true do end end) end", saying: ".lua:2: stopped at the time limit"),
  Misdeed(
    "eats memory", #"local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end"#,
    saying: ".lua: not enough memory: the limit is 16 MiB"),
  Misdeed("returns nothing", "return nil", saying: ".lua: the result is not as expected: table expected, got nil"),
  Misdeed("returns a number", "return 5", saying: ".lua: the result is not as expected: table expected, got number"),
]

private let samplingMisdeeds =
  misdeeds + [
    Misdeed("returns items of a wrong type", "return { items = 5 }", saying: "items: string[] expected, got number"),
    Misdeed("returns codes of a wrong type", "return { items = { 5, true } }", saying: "items[1]", "string"),
    Misdeed("returns an unknown field", "return { itms = {} }", saying: "itms: unknown field; did you mean 'items'?"),
    Misdeed(
      "returns an unknown item", #"return { items = { "HS0000006", "HS000000b" } }"#,
      saying: "x.lua", "1 items that are not in the population, such as 'HS000000b'; did you mean 'HS0000006'?"),
    Misdeed("returns an item twice", #"return { items = { "HS0000006", "HS0000006" } }"#, saying: "x.lua", "'HS0000006' twice"),
    Misdeed("chooses nothing", "return { items = {} }", saying: "x.lua", "chose nothing of 10 items"),
  ]

private let triggerMisdeeds =
  misdeeds + [
    Misdeed("returns a decision of a wrong type", #"return { retrain = "yes" }"#, saying: "retrain: boolean expected, got string"),
    Misdeed("returns no decision", "return {}", saying: "retrain"),
    Misdeed("returns an unknown field", "return { retrian = true }", saying: "retrian: unknown field; did you mean 'retrain'?"),
    Misdeed(
      "returns an unknown priority", #"return { retrain = true, priority = "urgent" }"#, saying: "priority", "low", "normal", "high",
      "urgent"),
    Misdeed(
      "returns candidates of a wrong type", "return { retrain = true, candidates = 5 }", saying: "candidates: string[] expected, got number"
    ),
  ]

@Suite("A strategy that fails while it decides")
struct StrategyFaultTests {
  private let limits = ["--set", "scripting.time_limit_seconds=1", "--set", "scripting.memory_mb=16"]

  @Test("leaves the choice of items to a uniform sample", arguments: samplingMisdeeds)
  func sampling(misdeed: Misdeed) throws {
    let plant = try Plant()
    try plant.write(misdeed.file, to: "strategies/sampling/x.lua")
    let outcome = try plant.lathe(Plant.cycle + ["--strategy", "x"] + limits)
    expect(outcome, ends: 0)
    let report = try plant.report()
    let alert = try #require(report.alerts.first)
    #expect(report.alerts("STRATEGY_ERROR").count == 1 && alert.code == "STRATEGY_ERROR" && alert.severity == "critical")
    for word in misdeed.words + ["strategies/sampling/x.lua", "; a uniform sample was taken instead"] {
      #expect(alert.message.contains(word), "'\(word)' is not in '\(alert.message)'")
    }
    #expect(outcome.remarks.contains(alert.message) && outcome.output.contains("STRATEGY_ERROR"))
    #expect(report.sample.items.count == 10 && report.value("mae") != nil)
    let kept = try plant.ledger("SELECT failure FROM decisions WHERE kind = 'sampling'")
    #expect(kept.count == 1 && kept[0].contains(misdeed.words[0]), "\(kept)")
    try plant.expectLastCycle("done")
  }

  @Test("leaves everything as it is when it is the trigger rule", arguments: triggerMisdeeds)
  func trigger(misdeed: Misdeed) throws {
    let plant = try Plant()
    try plant.write(misdeed.file, to: "strategies/triggers/x.lua")
    // With a threshold that any rule would answer to.
    let outcome = try plant.lathe(Plant.cycle + ["--rule", "x", "--set", "thresholds.mae_max=0.01"] + limits)
    expect(outcome, ends: 0)
    let report = try plant.report()
    let alert = try #require(report.alerts("STRATEGY_ERROR").first)
    #expect(report.alerts("STRATEGY_ERROR").count == 1 && alert.severity == "critical")
    for word in misdeed.words + ["strategies/triggers/x.lua", "; nothing is changed"] {
      #expect(alert.message.contains(word), "'\(word)' is not in '\(alert.message)'")
    }
    #expect(outcome.output.contains("**Nothing is changed**: the rule `x` failed"))
    #expect(!report.trigger.decision.retrain)
    #expect(try plant.ledger("SELECT count(*) FROM jobs") == ["0"])
    let kept = try plant.ledger("SELECT failure FROM decisions WHERE kind = 'trigger'")
    #expect(kept.count == 1 && kept[0].contains(misdeed.words[0]), "\(kept)")
    try plant.expectLastCycle("done")
  }

  @Test("does not spoil the next cycle")
  func recovery() throws {
    let plant = try Plant()
    let misdeed = misdeeds[0]
    try plant.write(misdeed.file, to: "strategies/sampling/x.lua")
    try plant.write(misdeed.file, to: "strategies/triggers/x.lua")
    expect(try plant.lathe(Plant.cycle + ["--strategy", "x", "--rule", "x"]), ends: 0)
    #expect(try plant.report().alerts("STRATEGY_ERROR").count == 2)
    expect(try plant.lathe(Plant.cycle), ends: 0)
    #expect(try plant.report().alerts("STRATEGY_ERROR").isEmpty)
    try plant.expectSound()
  }
}

@Suite("A strategy that cannot be used")
struct StrategyLoadingTests {
  @Test("is refused with every fault of both files, before anything is begun")
  func faults() throws {
    let plant = try Plant()
    try plant.write(
      """
      return {
        interface = 1,
        summry = "Bad.",
        parameters = {
          share = { type = "numbr", default = 0.5, doc = "a share" },
        },
        decide = 5,
      }
      """, to: "strategies/sampling/x.lua")
    try plant.write("return {\n  interface = 2,\n  decide = function() end,\n}\n", to: "strategies/triggers/x.lua")
    let before = try plant.state()
    expect(
      try plant.lathe(Plant.cycle + ["--strategy", "x", "--rule", "x"]), ends: 2,
      saying: "strategies/sampling/x.lua:3: unknown field 'summry'; did you mean 'summary'?",
      "strategies/sampling/x.lua:1: 'summary' must be a string",
      "strategies/sampling/x.lua:5: parameter 'share' has the unknown type 'numbr'", "did you mean 'number'?",
      "strategies/sampling/x.lua:7: 'decide' must be a function", "strategies/triggers/x.lua:2: 'interface' must be 1, got 2",
      "strategies/triggers/x.lua:1: 'summary' must be a string")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("is refused with the line of its syntax error", arguments: ["sampling", "triggers"])
  func syntax(folder: String) throws {
    let plant = try Plant()
    try plant.write("return {\n  interface = 1,\n  decide = function(ctx)\n    return ctx..\n  end,\n}\n", to: "strategies/\(folder)/x.lua")
    let before = try plant.state()
    let option = folder == "sampling" ? "--strategy" : "--rule"
    expect(try plant.lathe(Plant.cycle + [option, "x"]), ends: 2, saying: "strategies/\(folder)/x.lua:5: ", "near 'end'")
    expect(try plant.lathe("strategies", "check"), ends: 2, saying: "strategies/\(folder)/x.lua:5: ")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("is refused when it is not text", arguments: ["sampling", "triggers"])
  func bytes(folder: String) throws {
    let plant = try Plant()
    try plant.write(.init([0x1B, 0x4C, 0x75, 0x61, 0x54, 0xFF]), to: "strategies/\(folder)/x.lua")
    let option = folder == "sampling" ? "--strategy" : "--rule"
    expect(try plant.lathe(Plant.cycle + [option, "x"]), ends: 2, saying: "strategies/\(folder)/x.lua", "UTF-8")
  }

  @Test("is refused when loading it never ends")
  func endlessLoading() throws {
    let plant = try Plant()
    try plant.write("while true do end\n", to: "strategies/sampling/x.lua")
    expect(try plant.lathe(Plant.cycle + ["--strategy", "x"]), ends: 2, saying: "strategies/sampling/x.lua:1: stopped at the time limit")
  }

  @Test("is refused when there is none of that name, with the nearest")
  func unknownName() throws {
    let plant = try Plant()
    let before = try plant.state()
    expect(
      try plant.lathe(Plant.cycle + ["--strategy", "stratifed", "--rule", "treshold"]), ends: 2,
      saying: "there is no sampling strategy 'stratifed'; did you mean 'stratified'?",
      "'treshold'; did you mean 'threshold'?")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("is refused with all parameters that it does not have or allow, of all strategies at once, at their places in the settings")
  func parameters() throws {
    let plant = try Plant()
    try plant.write(
      """
      sampling:
        parameters: {bye: part_type}
        sise: 3
      trigger:
        parameters:
          codes: HIGH_MAE
          cooldown_hour: 4
      comparison: {policy: min_imrovement}
      import: {time_zone: Asia/Soul}
      """, to: "lathe.yaml")
    let before = try plant.state()
    let words = [
      "lathe.yaml:2:21: unknown parameter 'sampling.parameters.bye'; did you mean 'by'?",
      "lathe.yaml:3:3: unknown key 'sampling.sise'; did you mean 'size'?",
      "lathe.yaml:6:12: 'trigger.parameters.codes' must be of type string[], got HIGH_MAE",
      "lathe.yaml:7:20: unknown parameter 'trigger.parameters.cooldown_hour'; did you mean 'cooldown_hours'?",
      "lathe.yaml:8:22: 'comparison.policy': there is no comparison strategy 'min_imrovement'; did you mean 'min_improvement'?",
      "lathe.yaml:9:21: 'import.time_zone' names the unknown zone 'Asia/Soul'",
    ]
    for arguments in [Plant.cycle, ["config", "check"]] {
      let outcome = try plant.lathe(arguments)
      expect(outcome, ends: 2)
      for word in words { #expect(outcome.remarks.contains(word), "'\(word)' is not in:\n\(outcome)") }
    }
    #expect(try plant.state().changes(since: before) == [])
    // What does not run strategies goes on without them.
    try plant.write("comparison: {policy: min_imrovement}", to: "lathe.yaml")
    expect(try plant.lathe("history"), ends: 0)
    for arguments in [["strategies", "check"], ["doctor"]] {
      let outcome = try plant.lathe(arguments)
      #expect((outcome.output + outcome.remarks).contains("there is no comparison strategy 'min_imrovement'"), "\(outcome)")
      #expect(outcome.exitCode != 0)
    }
  }

  @Test("hides no other that is faulty too, whatever is in its file")
  func unreadable() throws {
    let plant = try Plant()
    try Data([0x2d, 0x2d, 0xff]).write(to: URL(filePath: plant.path("strategies/triggers/aa.lua")))
    try FileManager.default.createDirectory(atPath: plant.path("strategies/triggers/bb.lua"), withIntermediateDirectories: false)
    try plant.write("return 1\n", to: "strategies/triggers/cc.lua")
    expect(
      try plant.lathe("strategies", "check"), ends: 2, saying: "strategies/triggers/aa.lua: is not UTF-8",
      "strategies/triggers/bb.lua: cannot",
      "strategies/triggers/cc.lua:1: the file must return")
    let list = try plant.lathe("strategies", "list")
    expect(list, ends: 0)
    for word in ["aa: faulty", "bb: faulty", "cc: faulty", "threshold"] { #expect(list.output.contains(word)) }
  }

  @Test("that raises an error whose text is never made is stopped like others, also where it is only loaded")
  func endlessText() throws {
    let plant = try Plant()
    let raise = "error(setmetatable({}, {__tostring = function() while true do end end}))"
    try plant.write("return { interface = 1, summary = 's', decide = function() \(raise) end }\n", to: "strategies/triggers/deep.lua")
    expect(try plant.lathe(Plant.cycle + ["--rule", "deep"]), ends: 0)
    #expect(try plant.report().alerts("STRATEGY_ERROR").count == 1)
    try plant.write(raise + "\n", to: "strategies/triggers/top.lua")
    expect(
      try plant.lathe("strategies", "check"), ends: 2, saying: "strategies/triggers/top.lua: an error was raised whose text cannot be made")
  }

  @Test("that chooses items with a hole between is refused, rather than cut short")
  func hole() throws {
    let plant = try Plant()
    try plant.write(
      "return { interface = 1, summary = 's', decide = function() return { items = { [1] = 'HS0000001', [3] = 'HS0000002' } } end }\n",
      to: "strategies/sampling/gap.lua")
    let outcome = try plant.lathe(Plant.cycle + ["--strategy", "gap"])
    expect(outcome, ends: 0)
    #expect(outcome.remarks.contains("a table with a hole: it has [3] but no [2]"), "\(outcome)")
  }
}
