import Configuration
import DataAccess
import Foundation
import Logging
public import LuaBridge
public import QualityCycle
import Tabular

/// What a strategy sees while it is loaded and checked: nothing that reads.
let pureModules: [LuaModule] = [JSONModule.module, LogModule.module, MetricsModule.module, SampleModule.module, TimeModule.module]

/// What a strategy sees when it decides: the data besides, cut at the cycle's instant.
let strategyModules: [LuaModule] = pureModules + [FrameModule.module, LearnModule.module, strategyDataModule]

/// What scripts and the REPL see.
public let scriptModules: [LuaModule] =
  ScriptSession.generalModules + [cycleModule, dataModule, jobsModule, modelsModule, reportModule, routingModule]

extension ScriptLog {
  /// A log that passes on to `logger`.
  convenience init(_ logger: Logger) {
    self.init { level, message, fields in
      let level: Logger.Level =
        switch level {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
      logger.log(level: level, "\(message)\(fields.map { " \($0)" } ?? "")", metadata: ["event": "script"])
    }
  }
}

extension ScriptSession {
  /// Makes a session in which all of `workspace` is at hand.
  ///
  /// Nothing of the workspace is opened before a script asks for it.
  /// - Parameters:
  ///   - seed: Seed of `math.random`.
  ///   - print: Takes what scripts print.
  public convenience init(_ workspace: Workspace, print: @escaping (String) -> Void) throws {
    let settings = workspace.settings.scripting
    try self.init(
      LuaVM.Settings(
        profile: settings.trusted ? .trustedScripts : .scripts,
        // A person waits for a script and can stop it; strategies run unwatched.
        limits: LuaLimits(memoryBytes: settings.memoryMb << 20, time: nil), seed: UInt64(workspace.settings.sampling.seed),
        modules: scriptModules, print: print, load: { name in try workspace.scriptSource(of: name) }))
    vm.provide(workspace)
    vm.provide(ScriptLog(workspace.surroundings.logger))
    vm.provide(ScriptClock(now: workspace.surroundings.now))
    vm.provide(
      ScriptFiles(
        folder: workspace.folder, allowsAnywhere: settings.trusted,
        kept: ["lathe.yaml", "ledger.sqlite", "models", "strategies", "logs", workspace.sourcePath]))
    vm.provide(FactoryData(workspace))
  }
}

extension Workspace {
  /// The source of a module that scripts `require` by `name`: `scripts/NAME.lua`, points for folders; `nil` when there is none.
  fileprivate func scriptSource(of name: String) throws -> LuaSource? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ part in !part.isEmpty && part.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) } }) else {
      throw LuaError("'\(name)' is no module name: letters, digits and _ expected, with points between")
    }
    let relative = "scripts/" + parts.joined(separator: "/") + ".lua"
    guard FileManager.default.fileExists(atPath: path(relative)) else { return nil }
    return LuaSource(String(decoding: try AtomicFile.read(path(relative)), as: UTF8.self), name: relative)
  }
}
