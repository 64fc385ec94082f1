import ArgumentParser
import Configuration
import Logging
import QualityCycle
import Scripting
import Tabular

/// Runs a cycle.
struct CycleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cycle", abstract: "Sample items, predict them, compare with their results, measure, decide whether to retrain, report.")

  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("Sampling strategy; default: sampling.strategy.", valueName: "name")) var strategy: String?
  @Option(help: ArgumentHelp("Trigger rule; default: trigger.rule.", valueName: "name")) var rule: String?
  @Option(help: ArgumentHelp("Items to look at; default: sampling.size.", valueName: "count")) var size: Int?
  @Flag(help: "Look at the whole population instead of a sample: every result of the window is judged by.") var all = false
  @Option(help: ArgumentHelp("Seed of everything random; default: sampling.seed.", valueName: "number")) var seed: Int?
  @Option(help: ArgumentHelp("Judge by results completed up to this instant; default: now.", valueName: "time")) var asOf: Timestamp?
  @Option(help: ArgumentHelp("Judge by results completed after this instant.", valueName: "time")) var since: Timestamp?
  @Flag(help: "Exit with 3 when an alert of severity warning or critical is raised.") var failOnAlert = false

  func run() throws {
    if all, strategy != nil || size != nil { throw CommandFailure.usage("--all takes everything: --strategy and --size do not go with it") }
    var overrides: [ConfigurationOverride] = []
    if let strategy { overrides.append(ConfigurationOverride("sampling.strategy", strategy, origin: "--strategy")) }
    if let rule { overrides.append(ConfigurationOverride("trigger.rule", rule, origin: "--rule")) }
    if let size { overrides.append(ConfigurationOverride("sampling.size", String(size), origin: "--size")) }
    if let seed { overrides.append(ConfigurationOverride("sampling.seed", String(seed), origin: "--seed")) }
    let workspace = try global.open(overrides, checksStrategies: true)
    defer { workspace.notify(global) }
    let report: CycleReport
    do {
      let files: [String]
      (report, files) = try workspace.runCycle(
        CycleRequest(asOf: asOf, since: since, takesAll: all), strategies: StrategyLibrary(workspace))
      try show(report)
      try workspace.tellShadow(report.plan.asOf)
      if !global.quiet, !global.json { Terminal.remark("reports: " + files.joined(separator: " ")) }
    } catch let failure as ReportsNotWritten {
      // What the cycle found is worth reading all the same.
      try show(failure.report)
      throw failure
    }
    if failOnAlert, report.alerts.contains(where: { $0.severity != .info }) { throw ExitCode(3) }
  }

  private func show(_ report: CycleReport) throws {
    if global.json { Terminal.output(try report.json()) } else { Terminal.output(report.markdown()) }
  }
}

extension Workspace {
  /// Sees to the shadow after a cycle, and tells how it stands. What goes wrong is a warning: it is watched on.
  func tellShadow(_ asOf: Timestamp) throws {
    do {
      guard let standing = try tendShadow(asOf: asOf, policy: StrategyLibrary(self).comparisonPolicy(effective)) else { return }
      surroundings.logger.notice("\(standing.words)", metadata: ["event": "shadow"])
    } catch let error as CancellationError { throw error } catch {
      surroundings.logger.warning("the shadow was not looked at: \(error)", metadata: ["event": "shadow"])
    }
  }
}
