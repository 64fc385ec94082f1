public import ArgumentParser
import Configuration
import Foundation
import Logging
import QualityCycle
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
  func open(_ overrides: [ConfigurationOverride] = []) throws -> Workspace {
    let surroundings = surroundings(try settings(overrides))
    return try Workspace(folder: folder, surroundings: surroundings) { more in try settings(overrides + more) }
  }

  /// The settings in force.
  func settings(_ overrides: [ConfigurationOverride] = []) throws -> EffectiveSettings {
    guard FileManager.default.fileExists(atPath: settingsPath) else {
      if config != nil { throw CommandFailure.usage("\(settingsPath): no such file (--config)") }
      throw CommandFailure.usage(
        "\(folder) is no workspace: it has no lathe.yaml; make one with 'lathe init \(workspace ?? "DIR")', or give --workspace")
    }
    var all: [ConfigurationOverride] = []
    for assignment in assignments {
      guard let equals = assignment.firstIndex(of: "=") else {
        throw CommandFailure.usage("--set '\(assignment)': expected key=value, such as sampling.size=200")
      }
      all.append(
        ConfigurationOverride(String(assignment[..<equals]), String(assignment[assignment.index(after: equals)...]), origin: "--set"))
    }
    return try ConfigurationFile(path: settingsPath, environment: ProcessInfo.processInfo.environment, overrides: all + overrides).effective
  }

  private func surroundings(_ effective: EffectiveSettings) -> Workspace.Surroundings {
    Workspace.Surroundings(
      now: { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6)) }, wait: Interruption.wait,
      shouldStop: { Interruption.isRequested }, logger: makeLogger(effective, folder: folder, quiet: quiet), latheVersion: latheVersion)
  }
}

/// An instant as the command line takes it: ISO 8601, UTC unless it says otherwise.
extension Timestamp: ExpressibleByArgument {}
