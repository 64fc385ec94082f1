import ArgumentParser
import Configuration
import Foundation
import Logging
import LuaBridge
import QualityCycle
import Routing
import Scripting
import Tabular

/// What a script costs before it does anything, what a call into Swift costs, and what a decision costs in a process of its own.
struct ScriptBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "script", abstract: "Start-up of 'lathe run', a documented call, and a decision in a process of its own.")

  @OptionGroup var options: BenchOptions

  private static let targets = [
    Target(task: "run_empty", atMostSeconds: 0.03), Target(task: "call_microseconds", atMostSeconds: 0.12),
    Target(task: "host_round_trip", atMostSeconds: 0.04),
  ]

  func run() throws {
    var bench = Bench("script", options)
    if options.includes("run_empty") {
      let folder = try options.dataFolder() + "/script"
      try? FileManager.default.removeItem(atPath: folder)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: folder + "/lathe.yaml"))
      try Data().write(to: URL(filePath: folder + "/empty.lua"))
      let program = try Self.program()
      let runs = options.quick ? 2 : 20
      try bench.measure("run_empty", size: 1, [("lathe", { try start(program, folder, runs) })])
    }
    if options.includes("call_microseconds") {
      let calls = options.quick ? 10_000 : 5_000_000
      let vm = try Self.machine()
      // Seconds of a round are microseconds a call: both loops run a million times that.
      try bench.measure(
        "call_microseconds", size: calls, [("lathe", { try loop(vm, calls, "f(i, 2)") }), ("empty_loop", { try loop(vm, calls, "") })])
    }
    if options.includes("host_round_trip") {
      let runs = options.quick ? 2 : 20
      let (apart, here) = (try Self.policy(in: try Self.program()), try Self.policy(in: nil))
      let context = Self.comparison
      try bench.measure(
        "host_round_trip", size: 1,
        [("lathe", { try decide(apart, context, runs) }), ("in_process", { try decide(here, context, runs) })])
    }
    try bench.finish([])
    try report(bench)
  }

  /// The program beside this one.
  private static func program() throws -> URL {
    let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "lathe")
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw ValidationError("there is no program 'lathe' beside lathe-bench: build it first")
    }
    return program
  }

  /// A policy that decides in processes of `program`, or in this one.
  private static func policy(in program: URL?) throws -> any ComparisonPolicy {
    let surroundings = Workspace.Surroundings(
      now: { Timestamp(microseconds: 0) }, wait: { _ in }, shouldStop: { false }, logger: Logger(label: "bench"), latheVersion: "bench",
      strategyProgram: program.map { program in
        StrategyProgram(
          executable: program.path, arguments: [StrategyHostProgram.word], uptimeSeconds: { ProcessInfo.processInfo.systemUptime })
      })
    let workspace = try Workspace(folder: "/nowhere", surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(effective: try Settings.load("", named: "lathe.yaml", overrides: overrides))
    }
    return try StrategyLibrary(workspace).comparisonPolicy("min_improvement", parameters: [:])
  }

  /// Two contenders of which the second is better.
  private static var comparison: ComparisonContext {
    func contender(_ name: String, _ error: Double) -> ComparisonContext.Contender {
      ComparisonContext.Contender(
        name: name, complexity: 1, metrics: ["trim_mae": error, "process_match": 0.9], blocks: [],
        errors: [Double](repeating: error, count: 1_000))
    }
    return ComparisonContext(
      asOf: Timestamp(microseconds: 0), seed: 42, champion: contender("old", 2), candidates: [contender("mlp", 1)],
      items: Array(0..<1_000), history: Frame(), source: CutFactorySource(NoFactory(), asOf: Timestamp(microseconds: 0)))
  }

  /// Lets a policy decide some times and gives what a decision takes, as `start` does.
  private func decide(_ policy: any ComparisonPolicy, _ context: ComparisonContext, _ runs: Int) throws -> [String: Double] {
    var seconds: [Double] = []
    for _ in 0..<runs {
      let begin = DispatchTime.now()
      guard try policy.compare(context).winner == "mlp" else { throw ValidationError("the policy has decided otherwise than it should") }
      seconds.append(Double(DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds) / 1e9)
    }
    return ["median_seconds": seconds.sorted()[runs / 2]]
  }

  /// Starts the program some times and gives the quickest: what it takes when nothing stands in the way.
  private func start(_ program: URL, _ folder: String, _ runs: Int) throws -> [String: Double] {
    var seconds: [Double] = []
    for _ in 0..<runs {
      // Not `Process`, which looks for the end of its child every fifty milliseconds.
      let words = ["lathe", "--workspace", folder, "run", folder + "/empty.lua"]
      var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
      arguments.append(nil)
      defer { for argument in arguments { free(argument) } }
      let begin = DispatchTime.now()
      var child: pid_t = 0
      guard posix_spawn(&child, program.path, nil, nil, &arguments, environ) == 0 else {
        throw CocoaError(.executableLoad)
      }
      var status: Int32 = 0
      waitpid(child, &status, 0)
      guard status == 0 else { throw ValidationError("'lathe run' failed") }
      seconds.append(Double(DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds) / 1e9)
    }
    return ["median_seconds": seconds.sorted()[runs / 2]]
  }

  private static func machine() throws -> LuaVM {
    let function = LuaFunction(
      "add", "Adds two numbers.", Parameter("left", Double.self, "a number"), Parameter("right", Double.self, "another"),
      returns: .value(Double.self, "their sum"), effect: .pure
    ) { left, right in left + right }
    return try LuaVM(LuaVM.Settings(modules: [LuaModule("bench", "For measuring.", functions: [function])]))
  }

  private func loop(_ vm: LuaVM, _ count: Int, _ body: String) throws -> [String: Double] {
    _ = try vm.run(LuaSource("local f = bench.add for i = 1, \(count) do \(body) end return 1", name: "loop"), as: Int.self)
    return [:]
  }

  /// All targets are of figures within the measurements, not of their whole seconds.
  private func report(_ bench: Bench) throws {
    var values: [String: Double] = [:]
    for task in ["run_empty", "host_round_trip"] {
      if let timing = bench.timings.first(where: { $0.task == task && $0.implementation == "lathe" }) {
        values[task] = timing.quality["median_seconds"]
      }
    }
    let calls = bench.timings.filter { $0.task == "call_microseconds" }
    if let call = calls.first(where: { $0.implementation == "lathe" }),
      let empty = calls.first(where: { $0.implementation == "empty_loop" })
    {
      values["call_microseconds"] = (call.median - empty.median) / Double(call.size) * 1e6
    }
    let targets = Self.targets.filter { values[$0.task] != nil }.map { target in
      var target = target
      target.value = values[target.task]
      return target
    }
    if !options.jsonOnly {
      for target in targets {
        let unit = target.task == "call_microseconds" ? "µs over an empty loop" : "s"
        print("\(target.isMet ? "met   " : "MISSED") \(target.task): \(target.value ?? 0) \(unit), at most \(target.atMostSeconds ?? 0)")
      }
      print("script: \(targets.count { $0.isMet }) of \(targets.count) targets met")
    }
    if options.check, !targets.allSatisfy(\.isMet) { throw CleanFailure() }
  }
}

/// A factory that has nothing.
private struct NoFactory: FactorySource {
  let name = "nothing"
  func featureColumns() -> [FeatureColumn] { [] }
  func itemCodes(withResultsIn window: Window?) -> [String] { [] }
  func items(_ codes: [String]?, columns: [String]?) -> Frame { Frame() }
  func routings(of codes: [String]?, validAt instant: Timestamp?) -> Frame { Frame() }
  func results(of codes: [String]?, since: Timestamp?, until: Timestamp) -> Frame { Frame() }
  func resultsOfOrders(of codes: [String], in window: Window) -> Frame { Frame() }
  func lastResults(of codes: [String], until: Timestamp) -> Frame { Frame() }
  func shareWithQuantity(until: Timestamp) -> Double { 0 }
  func counts(until: Timestamp?) -> RelationCounts { RelationCounts(items: 0, routings: 0, results: 0) }
}
