import ArgumentParser
import Foundation
import LuaBridge

/// What a script costs before it does anything, and what a call into Swift costs.
struct ScriptBench: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "script", abstract: "Start-up of 'lathe run', and a documented call.")

  @OptionGroup var options: BenchOptions

  private static let targets = [
    Target(task: "run_empty", atMostSeconds: 0.03), Target(task: "call_microseconds", atMostSeconds: 0.12),
  ]

  func run() throws {
    var bench = Bench("script", options)
    if options.includes("run_empty") {
      let folder = try options.dataFolder() + "/script"
      try? FileManager.default.removeItem(atPath: folder)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: folder + "/lathe.yaml"))
      try Data().write(to: URL(filePath: folder + "/empty.lua"))
      let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "lathe")
      guard FileManager.default.isExecutableFile(atPath: program.path) else {
        throw ValidationError("there is no program 'lathe' beside lathe-bench: build it first")
      }
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
    try bench.finish([])
    try report(bench)
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

  /// Both targets are of figures within the measurements, not of their whole seconds.
  private func report(_ bench: Bench) throws {
    var values: [String: Double] = [:]
    if let start = bench.timings.first(where: { $0.task == "run_empty" }) { values["run_empty"] = start.quality["median_seconds"] }
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
        let unit = target.task == "run_empty" ? "s" : "µs over an empty loop"
        print("\(target.isMet ? "met   " : "MISSED") \(target.task): \(target.value ?? 0) \(unit), at most \(target.atMostSeconds ?? 0)")
      }
      print("script: \(targets.count { $0.isMet }) of \(targets.count) targets met")
    }
    if options.check, !targets.allSatisfy(\.isMet) { throw CleanFailure() }
  }
}
