public import ArgumentParser
import Configuration
import Foundation
import Logging
import QualityCycle
import Routing
import Scripting
public import Tabular

/// Options that every command takes, before or after its name.
struct GlobalOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The workspace; default: the current folder, or LATHE_WORKSPACE.", valueName: "dir"))
  var workspace: String?
  @Option(name: .long, help: ArgumentHelp("Settings; default: lathe.yaml in the workspace.", valueName: "file"))
  var config: String?
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("A setting for this run, over the file's; may be repeated.", valueName: "key=value"))
  var assignments: [String] = []
  @Flag(name: .long, help: "Facts as JSON on stdout.")
  var json = false
  @Flag(name: .long, help: "No remarks on stderr but errors.")
  var quiet = false

  /// The workspace's folder.
  var folder: String {
    let given = workspace ?? ProcessInfo.processInfo.environment["LATHE_WORKSPACE"] ?? "."
    return URL(filePath: given).standardizedFileURL.path
  }

  /// The file with the settings.
  var settingsPath: String { config ?? folder + "/lathe.yaml" }

  /// Opens the workspace, with settings given on the command line over those of the file.
  ///
  /// - Parameter checksStrategies: Whether the strategies that the settings name are faults of the settings when they are wrong: for
  ///   what runs them.
  func open(_ overrides: [ConfigurationOverride] = [], checksStrategies: Bool = false) throws -> Workspace {
    let file = try configurationFile(checksStrategies: checksStrategies)
    let given = try self.overrides() + overrides
    let effective = try file.read(given).effective
    Terminal.redactRemarks(by: effective.redacting)
    let surroundings = surroundings(effective)
    return try Workspace(folder: folder, surroundings: surroundings) { more in try file.read(given + more) }
  }

  /// The settings in force.
  func settings(checksStrategies: Bool = false) throws -> EffectiveSettings {
    try configurationFile(checksStrategies: checksStrategies).read(overrides()).effective
  }

  /// The environment's variables that the settings name.
  var environmentNames: Set<String> { ConfigurationFile(path: settingsPath).environmentNames }

  private func configurationFile(checksStrategies: Bool) throws -> ConfigurationFile {
    guard FileManager.default.fileExists(atPath: settingsPath) else {
      if config != nil { throw CommandFailure.usage("\(settingsPath): no such file (--config)") }
      throw CommandFailure.usage(
        "\(folder) is no workspace: it has no lathe.yaml; make one with 'lathe init \(workspace ?? "DIR")', or give --workspace")
    }
    return ConfigurationFile.checkingAll(settingsPath, strategiesOf: checksStrategies ? folder : nil)
  }

  /// The settings given with `--set`.
  private func overrides() throws -> [ConfigurationOverride] {
    try assignments.map { assignment in
      guard let equals = assignment.firstIndex(of: "=") else {
        throw CommandFailure.usage("--set '\(assignment)': expected key=value, such as sampling.size=200")
      }
      return ConfigurationOverride(
        String(assignment[..<equals]), String(assignment[assignment.index(after: equals)...]), origin: "--set")
    }
  }

  private func surroundings(_ effective: EffectiveSettings) -> Workspace.Surroundings {
    Workspace.Surroundings(
      now: { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)) }, wait: Interruption.wait,
      shouldStop: { Interruption.isRequested }, logger: makeLogger(effective, folder: folder, quiet: quiet), latheVersion: latheVersion,
      // By this name, so that it is this very program, whatever stands at its path by now.
      strategyProgram: StrategyProgram(
        executable: "/proc/self/exe", arguments: [StrategyHostProgram.word], uptimeSeconds: { ProcessInfo.processInfo.systemUptime }))
  }
}

extension ConfigurationFile {
  /// The settings at `path`, with this process's environment, checked as a whole: keys, import mapping, and the strategies of a workspace.
  static func checkingAll(_ path: String, strategiesOf workspace: String? = nil) -> ConfigurationFile {
    ConfigurationFile(path: path, environment: ProcessInfo.processInfo.environment) { effective in
      ImportMapping.faults(in: effective) + TrainingCandidate.faults(in: effective) + TuningPlan.faults(in: effective)
        + ScheduleCommand.faults(in: effective)
        + (workspace.map { StrategyLibrary(folder: $0).faults(in: effective) } ?? [])
    }
  }
}

/// An instant as the command line takes it: ISO 8601, UTC unless it says otherwise.
extension Timestamp: ExpressibleByArgument {}
