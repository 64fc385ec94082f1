public import Configuration
import DataAccess
import Foundation
import Logging
import LuaBridge
public import QualityCycle
public import Tabular

/// The strategies of a workspace: its own files, and those that come with Lathe for names that it has no file of.
public struct StrategyLibrary: StrategyProviding {
  private let folder: String
  private let host: StrategyHost

  /// Makes the library of `workspace`.
  ///
  /// - Parameter isolates: Whether its strategies run in processes of their own where the settings want that and there is a program for it.
  public init(_ workspace: Workspace, isolates: Bool = true) {
    folder = workspace.folder
    let isApart = isolates && workspace.settings.scripting.isolation == .process
    host = StrategyHost(
      limits: workspace.scriptLimits, logger: workspace.surroundings.logger, shouldStop: workspace.surroundings.shouldStop,
      program: isApart ? workspace.surroundings.strategyProgram : nil)
  }

  /// Makes the library of a folder, to look at what is in it: without a workspace's limits and log.
  public init(folder: String) {
    self.folder = folder
    host = StrategyHost(limits: LuaLimits(), logger: Logger(label: "lathe"))
  }

  /// A strategy's place.
  public struct Entry: Hashable, Codable, Sendable {
    /// What it decides, and its name.
    public var kind: StrategyKind
    /// Its name.
    public var name: String
    /// Its path, relative to the workspace.
    public var path: String
    /// Whether the text is Lathe's own.
    public var isBundled: Bool
  }

  /// All strategies, by kind and name.
  public func entries() -> [Entry] {
    StrategyKind.allCases.flatMap { kind in
      names(of: kind).map { name in
        let path = "strategies/\(kind.folder)/\(name).lua"
        let isBundled = bundledStrategies[path].map { bundled in (try? text(at: path)) == bundled } ?? false
        return Entry(kind: kind, name: name, path: path, isBundled: isBundled)
      }
    }
  }

  /// Loads and checks the strategy called `name`.
  ///
  /// - Throws: ``StrategyFaults`` when there is none of that name (with the nearest one), or with everything that is wrong with it.
  public func load(_ kind: StrategyKind, _ name: String) throws(StrategyFaults) -> StrategyFile {
    let path = "strategies/\(kind.folder)/\(name).lua"
    if let unknown = unknownName(kind, name) { throw StrategyFaults(faults: [StrategyFault(path: path, line: nil, message: unknown)]) }
    return try StrategyFile(kind: kind, name: name, path: path, source: text(at: path))
  }

  /// The sampling strategy and the trigger rule that the settings name.
  ///
  /// - Throws: `ConfigurationError` with everything that ``faults(in:)`` finds.
  public func strategies(_ effective: EffectiveSettings) throws -> (sampling: any SamplingStrategy, trigger: any TriggerRule) {
    let faults = faults(in: effective)
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
    let settings = effective.settings
    return (
      try samplingStrategy(settings.sampling.strategy, parameters: settings.sampling.parameters),
      try triggerRule(settings.trigger.rule, parameters: settings.trigger.parameters)
    )
  }

  /// What is wrong with the strategies that the settings name and with the parameters that they are given: at its place in the settings,
  /// or in the strategy's file.
  public func faults(in effective: EffectiveSettings) -> [ConfigurationFault] {
    let settings = effective.settings
    let chosen = [
      (StrategyKind.sampling, "sampling", "strategy", settings.sampling.strategy, settings.sampling.parameters),
      (.trigger, "trigger", "rule", settings.trigger.rule, settings.trigger.parameters),
      (.comparison, "comparison", "policy", settings.comparison.policy, settings.comparison.parameters),
    ]
    return chosen.flatMap { kind, section, key, name, parameters in
      func fault(_ key: String, _ message: (String) -> String) -> ConfigurationFault {
        let key = "\(section).\(key)"
        return ConfigurationFault(place: effective.place(of: key), keyPath: key, message: message(key))
      }
      if let unknown = unknownName(kind, name) { return [fault(key) { "'\($0)': \(unknown)" }] }
      do throws(StrategyFaults) {
        return try load(kind, name).parameterFaults(parameters).map { wrong in
          fault("parameters.\(wrong.name)", wrong.message)
        }
      } catch {
        return error.faults.map { fault in
          ConfigurationFault(place: ConfigurationPlace(fault.path, line: fault.line), keyPath: "\(section).\(key)", message: fault.message)
        }
      }
    }
  }

  /// Why there is no strategy of a name, and the nearest one; `nil` where there is one.
  private func unknownName(_ kind: StrategyKind, _ name: String) -> String? {
    let known = names(of: kind)
    if known.contains(name) { return nil }
    let near = suggestion(for: name, in: known)
    return "there is no \(kind.rawValue) strategy '\(name.escapedForTerminal)'"
      + (near.isEmpty ? "; there are \(known.joined(separator: ", "))" : near)
  }

  /// The sampling strategy called `name`.
  public func samplingStrategy(_ name: String, parameters: [String: PlainValue]) throws -> any SamplingStrategy {
    LuaSamplingStrategy(run: try run(.sampling, name, parameters))
  }

  /// The trigger rule called `name`.
  public func triggerRule(_ name: String, parameters: [String: PlainValue]) throws -> any TriggerRule {
    LuaTriggerRule(run: try run(.trigger, name, parameters))
  }

  /// The comparison policy called `name`.
  public func comparisonPolicy(_ name: String, parameters: [String: PlainValue]) throws -> any ComparisonPolicy {
    LuaComparisonPolicy(run: try run(.comparison, name, parameters))
  }

  /// The comparison policy that the settings name; where it declares them, the settings' own least improvement and rows are its parameters.
  ///
  /// - Throws: `ConfigurationError` with everything that ``faults(in:)`` finds.
  public func comparisonPolicy(_ effective: EffectiveSettings) throws -> any ComparisonPolicy {
    let faults = faults(in: effective)
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
    let comparison = effective.settings.comparison
    var parameters = comparison.parameters
    let declared = Set(try load(.comparison, comparison.policy).parameters.map(\.name))
    let own: [(String, PlainValue)] = [
      ("min_improvement_pct", .number(comparison.minImprovementPct)), ("min_rows", .integer(Int64(comparison.minRows))),
    ]
    for (name, value) in own where declared.contains(name) && parameters[name] == nil { parameters[name] = value }
    return try comparisonPolicy(comparison.policy, parameters: parameters)
  }

  private func run(_ kind: StrategyKind, _ name: String, _ parameters: [String: PlainValue]) throws -> StrategyRun {
    let file = try load(kind, name)
    return StrategyRun(file: file, values: try file.values(parameters), host: host)
  }

  private func names(of kind: StrategyKind) -> [String] {
    let folder = "strategies/\(kind.folder)"
    var names = Set(bundledStrategies.keys.filter { $0.hasPrefix(folder + "/") })
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path(folder))) ?? []
    for file in files where file.hasSuffix(".lua") && !file.hasPrefix(".") { names.insert(folder + "/" + file) }
    return names.map { String($0.dropFirst(folder.count + 1).dropLast(4)) }.sorted()
  }

  private func path(_ relative: String) -> String { folder + "/" + relative }

  /// The workspace's file, or else the bundled text.
  private func text(at path: String) throws(StrategyFaults) -> String {
    let full = self.path(path)
    if FileManager.default.fileExists(atPath: full) || bundledStrategies[path] == nil {
      let bytes: [UInt8]
      do { bytes = try AtomicFile.read(full) } catch {
        throw StrategyFaults(faults: [StrategyFault(path: path, line: nil, message: "cannot be read: \(error)")])
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw StrategyFaults(faults: [StrategyFault(path: path, line: nil, message: "is not UTF-8; save the file as UTF-8")])
      }
      return text
    }
    return bundledStrategies[path] ?? ""
  }
}

extension Workspace {
  /// What a script or strategy may use up, by the settings.
  var scriptLimits: LuaLimits {
    LuaLimits(memoryBytes: settings.scripting.memoryMb << 20, time: .seconds(settings.scripting.timeLimitSeconds))
  }
}
