import Foundation
import TestSupport
import Testing

@Suite("Settings that are wrong")
struct ConfigurationFaultTests {
  /// Commands that read settings.
  private static let commands: [[String]] = [
    ["config", "check"], ["config", "show"], Plant.cycle, Plant.training, ["data", "import"], ["predict", "A"], ["models", "list"],
    ["doctor"],
    ["history"], ["strategies", "check"],
  ]

  private let faulty = """
    samplng: {size: 20}
    sampling:
      size: 5
      seed: many
      stratgy: random
    thresholds:
      trim_ratio: 0.5
      mae_max: high
    trigger: [threshold]
    logging:
      level: warn
    scripting:
      trusted: perhaps
      memory_mb: 1.5
    reports:
      formats: [json, json, pdf]

    """

  private let faults = [
    "lathe.yaml:1:1: unknown key 'samplng'; did you mean 'sampling'?",
    "lathe.yaml:3:9: 'sampling.size' must be an integer 10…10000, got 5",
    "lathe.yaml:4:9: 'sampling.seed' must be an integer ≥ 0, got 'many'",
    "lathe.yaml:5:3: unknown key 'sampling.stratgy'; did you mean 'strategy'?",
    "lathe.yaml:7:15: 'thresholds.trim_ratio' must be a number ≥ 0 and < 0.5, got 0.5",
    "lathe.yaml:8:12: 'thresholds.mae_max' must be a number ≥ 0, got 'high'",
    "lathe.yaml:9:10: 'trigger' must be a map of keys, got a list",
    "lathe.yaml:11:10: 'logging.level' must be one of trace, debug, info, notice, warning, error, critical, got 'warn'",
    "lathe.yaml:13:12: 'scripting.trusted' must be true or false, got 'perhaps'",
    "lathe.yaml:14:14: 'scripting.memory_mb' must be an integer 8…65536, got 1.5",
    "lathe.yaml:16:19: 'reports.formats' must have each value once, got 'json' again",
    "lathe.yaml:16:25: 'reports.formats[2]' must be one of json, csv, markdown, html, got 'pdf'",
  ]

  @Test("are refused with every fault and its line, by every command, and nothing is begun", arguments: commands)
  func allFaults(arguments: [String]) throws {
    let plant = try Plant()
    try plant.write(faulty, to: "lathe.yaml")
    let before = try plant.state()
    let outcome = try plant.lathe(arguments)
    expect(outcome, ends: 2)
    for fault in faults { #expect(outcome.remarks.contains(fault), "'\(fault)' is not in:\n\(outcome)") }
    // A line a fault, in the order of the file, and nothing else.
    let lines = outcome.remarks.split(separator: "\n")
    #expect(lines.count == faults.count && lines.allSatisfy { $0.hasPrefix("lathe.yaml:") }, "\(outcome)")
    #expect(outcome.output == "")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("are told as JSON too")
  func json() throws {
    let plant = try Plant(.made)
    try plant.write(faulty, to: "lathe.yaml")
    let outcome = try plant.lathe("config", "check", "--json")
    #expect(outcome.exitCode == 2)
    struct Fault: Decodable {
      var file, key, message: String
      var line, column: Int?
    }
    let found = try JSONDecoder().decode([Fault].self, from: Data(outcome.output.utf8))
    #expect(found.count == faults.count)
    #expect(found.first?.key == "samplng" && found.first?.line == 1)
  }

  @Test("and those of the import mapping come in one round")
  func importFaults() throws {
    let plant = try Plant(.made)
    try plant.write(
      """
      sampling:
        sise: 20
      import:
        time_zone: Europe/Berln
        sources:
          - files: [data/items.csv]
            items:
              fields:
                part_type: part
          - files: [data/results.csv]
            work_results:
              fields:
                item_code: item
                run_minuts: run
                job_code: job
                run_minutes: {column: run, duration: parsecs}
                completed_at: {column: done, time_format: QQ}
      thresholds:
        mae_max: -1
      """, to: "lathe.yaml")
    let before = try plant.state()
    for arguments in [["data", "import"], ["config", "check"]] {
      expect(
        try plant.lathe(arguments), ends: 2,
        saying: "lathe.yaml:2:3: unknown key 'sampling.sise'; did you mean 'size'?",
        "lathe.yaml:19:12: 'thresholds.mae_max' must be a number ≥ 0, got -1",
        "lathe.yaml:4:14: 'import.time_zone'", "Europe/Berln", "'import.sources[0].items", "item_code",
        "lathe.yaml:14:23: 'import.sources[1].work_results.fields.run_minuts'", "did you mean 'run_minutes'?",
        "'import.sources[1].work_results.fields.run_minutes.duration' must be minutes, hours, seconds, days, HHH:MM or H:MM:SS, got 'parsecs'",
        "'import.sources[1].work_results.fields.completed_at", "QQ")
    }
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test(
    "that are no YAML are refused with the line",
    arguments: [
      ("sampling:\n  size: 20\n seed: 4\n", 3), ("sampling: [1, 2\nlogging: {}\n", 2), ("a: b: c\n", 1), ("sampling:\n\tsize: 20\n", 2),
      ("sampling: {size: 20}\nsampling: {size: 30}\n", 2), ("key: 'open\n", 1), ("- a\n- b\n", 1), ("just words\n", 1),
    ])
  func noYAML(text: String, line: Int) throws {
    let plant = try Plant(.made)
    try plant.write(text, to: "lathe.yaml")
    let outcome = try plant.lathe("config", "check")
    expect(outcome, ends: 2, saying: "lathe.yaml:")
    let lines = outcome.remarks.split(separator: "\n").compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
    #expect(lines.contains { abs($0 - line) <= 1 }, "\(outcome)")
  }

  @Test("in a file that is no text, or a folder, or not there, are refused by its name")
  func noText() throws {
    let plant = try Plant(.made)
    try plant.write(Data("sampling:\n  strategy: ".utf8) + [0xFF, 0xFE, 0x0A], to: "bad.yaml")
    expect(try plant.lathe("config", "check", "--config", "bad.yaml"), ends: 2, saying: "bad.yaml", "line 2 is not UTF-8")
    expect(try plant.lathe("config", "check", "--config", "data"), ends: 2, saying: "data")
    expect(try plant.lathe("config", "check", "--config", "lath.yaml"), ends: 2, saying: "lath.yaml: no such file (--config)")
    let elsewhere = try plant.lathe("cycle", "--workspace", "reports")
    expect(elsewhere, ends: 2, saying: "reports is no workspace: it has no lathe.yaml", "lathe init reports")
  }

  @Test("keep a secret out of every message that has it in it, a path too")
  func secretInPath() throws {
    let plant = try Plant()
    try plant.write("source: {path: {file: secret.txt}}\n", to: "lathe.yaml")
    try plant.write("data/hunter2.sqlite\n", to: "secret.txt")
    for command in [["data", "check"], ["predict", "HS0000001"]] {
      let outcome = try plant.lathe(command)
      expect(outcome, ends: 1, saying: "***", "there is no factory data yet")
      #expect(!outcome.remarks.contains("hunter2"))
    }
  }

  @Test("name a variable or a file that is not there, and never a secret")
  func secrets() throws {
    let plant = try Plant(.made)
    try plant.write("sampling: {seed: \"${LATHE_SED}\", size: {file: secret.txt}, strategy: {file: gone.txt}}\n", to: "lathe.yaml")
    try plant.write("hunter2\n", to: "secret.txt")
    let outcome = try plant.lathe("config", "check")
    expect(
      outcome, ends: 2, saying: "lathe.yaml:1:", "the environment variable 'LATHE_SED' is not set", "'sampling.size' must be an integer",
      "'***'",
      "gone.txt")
    #expect(!outcome.remarks.contains("hunter2"))
  }

  @Test(
    "because the factory has no such column are refused by cycle and training, all at once, with the nearest name",
    arguments: [Plant.cycle, Plant.training])
  func unknownColumns(arguments: [String]) throws {
    let plant = try Plant()
    try plant.write(
      """
      features:
        columns:
          part_typ: categorical
          bore: {kind: numeric, weight: 2}
      reports:
        group_by: [part_type, resource_code, item_code, job_cod]
      """, to: "lathe.yaml")
    let before = try plant.state()
    let outcome = try plant.lathe(arguments)
    expect(
      outcome, ends: 2,
      saying: "lathe.yaml:3:15: 'features.columns.part_typ': the factory's data has no feature column 'part_typ'",
      "did you mean 'part_type'?",
      "lathe.yaml:4:11: 'features.columns.bore': the factory's data has no feature column 'bore'; known are ",
      "lathe.yaml:6:51: 'reports.group_by[3]': the factory's data has no column of items or operations 'job_cod'",
      "did you mean 'job_code'?")
    #expect(outcome.remarks.split(separator: "\n").count == 3, "\(outcome)")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("given with --set are refused as those of the file are, all at once")
  func assignments() throws {
    let plant = try Plant()
    let before = try plant.state()
    expect(
      try plant.lathe(Plant.cycle + ["--set", "sampling.sise=40", "--set", "thresholds.mae_max=high", "--size", "3"]), ends: 2,
      saying: "--set: unknown key 'sampling.sise'; did you mean 'size'?", "--set: 'thresholds.mae_max' must be a number ≥ 0, got 'high'",
      "--size: 'sampling.size' must be an integer 10…10000, got 3")
    expect(try plant.lathe(Plant.cycle + ["--set", "sampling.size"]), ends: 2, saying: "--set 'sampling.size': expected key=value")
    expect(try plant.lathe(Plant.cycle + ["--set", "samplin.size=20"]), ends: 2, saying: "unknown key 'samplin", "did you mean 'sampling")
    #expect(try plant.state().changes(since: before) == [])
  }
}

@Suite("A command that is used wrongly")
struct UsageTests {
  @Test(
    "is refused with what was expected, and does nothing",
    arguments: [
      (["cycl"], ["cycl", "cycle"]),
      (["cycle", "--size", "x"], ["'x'", "--size"]),
      (["cycle", "--size", "9999999999999999999999"], ["9999999999999999999999", "--size"]),
      (["cycle", "--sise", "20"], ["'--sise'", "Did you mean '--size'?"]),
      (["cycle", "--as-of", "yesterday"], ["'yesterday'", "--as-of"]),
      (["cycle", "--as-of", "2026-02-30"], ["'2026-02-30'", "--as-of"]),
      (["cycle", "--since", "10:00"], ["'10:00'", "--since"]),
      (["cycle", "--seed", "1.5"], ["'1.5'", "--seed"]),
      (["cycle", "--seed=-1"], ["--seed: 'sampling.seed' must be an integer ≥ 0, got -1"]),
      (["cycle", "more"], ["'more'"]),
      (["train", "--baseline", "--candidates", "ridge"], ["--candidates"]),
      (["train", "--candidates", "forrest"], ["no candidate 'forrest'", "'forest'"]),
      (["train", "--policy", "bootstrip"], ["'bootstrip'", "'bootstrap'"]),
      (["train", "--set", "training.boosting={tree_cuont: 5}"], ["training.boosting", "'tree_count'"]),
      (["train", "--baseline", "--as-of", "soon"], ["'soon'", "--as-of"]),
      (["predict"], ["<item>"]),
      (["predict", "HS0000001", "--quantity", "0"], ["--quantity must be a number above 0, up to a billion, got 0"]),
      (["predict", "HS0000001", "--quantity", "many"], ["'many'", "--quantity"]),
      (["predict", "HS0000001", "--quantity", "nan"], ["--quantity must be a number above 0, up to a billion"]),
      (["history", "--limit", "0"], ["--limit must be 1 or more, got 0"]),
      (["models", "activat", "x"], ["activat"]),
      (["demo", "--items", "0"], ["items", "0"]),
      (["demo", "--items=-5"], ["items", "-5"]),
      (["demo", "--dirty", "2"], ["dirty", "2"]),
      (["demo", "--steady", "--drift"], ["--steady and --drift exclude each other"]),
      (["demo", "--years", "0"], ["years", "0"]),
      (["run"], ["<file>"]),
    ])
  func wrong(arguments: [String], words: [String]) throws {
    let plant = try Plant()
    let before = try plant.state()
    let outcome = try plant.lathe(arguments)
    expect(outcome, ends: 2)
    for word in words { #expect(outcome.remarks.contains(word), "'\(word)' is not in:\n\(outcome)") }
    #expect(outcome.output == "")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("by naming an unknown item is refused with the nearest")
  func unknownItem() throws {
    expect(try Plant().lathe("predict", "HS000001"), ends: 1, saying: "unknown item 'HS000001'", "did you mean 'HS0000001'?")
  }

  @Test("by making a workspace of one is refused, and by filling one twice")
  func twice() throws {
    let plant = try Plant()
    let before = try plant.state()
    expect(try plant.lathe("init"), ends: 1, saying: plant.folder, "is a workspace already", "nothing was changed")
    expect(
      try plant.lathe("demo", "--items", "60", "--results", "1500"), ends: 1, saying: "data/factory.sqlite", "has data already", "--csv")
    #expect(try plant.state().changes(since: before) == [])
  }

  @Test("is not one where a plant is to be spoilt: its rows are such as a database takes, and the check finds them")
  func dirtyPlant() throws {
    let plant = try Plant(.made)
    expect(try plant.lathe("demo", "--items", "100", "--results", "3000", "--dirty", "0.1"), ends: 0)
    let check = try plant.lathe("data", "check").output
    for word in ["repeat another in all but their id", "items"] { #expect(check.contains(word), "\(check)") }
  }

  @Test("by making a workspace with settings that are wrong is refused, and makes none")
  func faultyInit() throws {
    let plant = try Plant(.made)
    try plant.write("sampling: {sise: 20}\n", to: "bad.yaml")
    let before = try plant.state()
    expect(try plant.lathe("init", "new", "--config", "bad.yaml"), ends: 2, saying: "bad.yaml:1:12: unknown key 'sampling.sise'")
    #expect(try plant.state().changes(since: before) == [])
    #expect(!isFolder(plant.path("new")))
  }

  @Test("is not one with options before a script's file, which are Lathe's; those after it are the script's")
  func options() throws {
    let plant = try Plant()
    try plant.write("", to: "lathe.yaml")
    try plant.write("print(...)\n", to: "scripts/words.lua")
    for options in [["--quiet"], ["--set", "sampling.size=20"], ["--workspace", plant.folder], ["--config", plant.path("lathe.yaml")]] {
      let outcome = try plant.lathe(["run"] + options + ["scripts/words.lua", "--set", "one"])
      expect(outcome, ends: 0)
      #expect(outcome.output == "--set\tone\n")
    }
  }

  @Test("by a script that is not there, is no text, or fails, says where")
  func scripts() throws {
    let plant = try Plant()
    expect(try plant.lathe("run", "scripts/none.lua"), ends: 1, saying: "scripts/none.lua", "no such file")
    try plant.write(Data([0xFF, 0xFE]), to: "scripts/bytes.lua")
    expect(try plant.lathe("run", "scripts/bytes.lua"), ends: 1, saying: "scripts/bytes.lua is not UTF-8 text")
    try plant.write("print('one')\nlocal x = = 2\n", to: "scripts/syntax.lua")
    let syntax = try plant.lathe("run", "scripts/syntax.lua")
    expect(syntax, ends: 1, saying: "scripts/syntax.lua:2: ")
    #expect(syntax.output == "")
    try plant.write("print('one')\nmetrics.mae({ 1 }, 'x')\n", to: "scripts/fails.lua")
    let failing = try plant.lathe("run", "scripts/fails.lua")
    expect(failing, ends: 1, saying: "scripts/fails.lua:2: bad argument #2 'predicted' to 'metrics.mae'", "got string")
    #expect(failing.output == "one\n")
  }
}
