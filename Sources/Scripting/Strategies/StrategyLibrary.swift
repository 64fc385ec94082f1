public import Configuration
import DataAccess
import Foundation
import LuaBridge
public import QualityCycle
public import Tabular

/// The strategies of a workspace: its own files, and those that come with Lathe for names that it has no file of.
public struct StrategyLibrary: StrategyProviding {
  private let workspace: Workspace

  /// Makes the library of `workspace`.
  public init(_ workspace: Workspace) { self.workspace = workspace }

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
  public func entries() throws -> [Entry] {
    try StrategyKind.allCases.flatMap { kind in
      try names(of: kind).map { name in
        let path = "strategies/\(kind.folder)/\(name).lua"
        let text = try text(at: path)
        return Entry(kind: kind, name: name, path: path, isBundled: text == bundledStrategies[path])
      }
    }
  }

  /// Loads and checks the strategy called `name`.
  ///
  /// - Throws: ``StrategyFaults`` when there is none of that name (with the nearest one), or with everything that is wrong with it.
  public func load(_ kind: StrategyKind, _ name: String) throws -> StrategyFile {
    let path = "strategies/\(kind.folder)/\(name).lua"
    let known = try names(of: kind)
    guard known.contains(name) else {
      let near = suggestion(for: name, in: known)
      throw StrategyFaults(faults: [
        StrategyFault(
          path: path, line: nil,
          message: "there is no \(kind.rawValue) strategy '\(name)'"
            + (near.isEmpty ? "; there are \(known.joined(separator: ", "))" : near))
      ])
    }
    return try StrategyFile(kind: kind, name: name, path: path, source: text(at: path))
  }

  /// The sampling strategy and the trigger rule that `settings` name.
  ///
  /// - Throws: ``StrategyFaults`` with everything that is wrong with both and with their parameters.
  public func strategies(_ settings: Settings) throws -> (sampling: any SamplingStrategy, trigger: any TriggerRule) {
    var faults: [StrategyFault] = []
    func found<Strategy>(_ strategy: () throws -> Strategy) throws -> Strategy? {
      do { return try strategy() } catch let error as StrategyFaults { faults += error.faults }
      return nil
    }
    let sampling = try found { try samplingStrategy(settings.sampling.strategy, parameters: settings.sampling.parameters) }
    let trigger = try found { try triggerRule(settings.trigger.rule, parameters: settings.trigger.parameters) }
    guard let sampling, let trigger else { throw StrategyFaults(faults: faults) }
    return (sampling, trigger)
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

  private func run(_ kind: StrategyKind, _ name: String, _ parameters: [String: PlainValue]) throws -> StrategyRun {
    let file = try load(kind, name)
    return StrategyRun(
      file: file, values: try file.values(parameters),
      host: StrategyHost(
        limits: workspace.scriptLimits, logger: workspace.surroundings.logger, shouldStop: workspace.surroundings.shouldStop))
  }

  private func names(of kind: StrategyKind) throws -> [String] {
    let folder = "strategies/\(kind.folder)"
    var names = Set(bundledStrategies.keys.filter { $0.hasPrefix(folder + "/") })
    let files = (try? FileManager.default.contentsOfDirectory(atPath: workspace.path(folder))) ?? []
    for file in files where file.hasSuffix(".lua") && !file.hasPrefix(".") { names.insert(folder + "/" + file) }
    return names.map { String($0.dropFirst(folder.count + 1).dropLast(4)) }.sorted()
  }

  /// The workspace's file, or else the bundled text.
  private func text(at path: String) throws -> String {
    let full = workspace.path(path)
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
