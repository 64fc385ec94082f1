public import Configuration
import DataAccess
import Foundation
import Ledger
public import Routing
public import Tabular

/// What a cycle is asked to do, beyond the settings.
public struct CycleRequest: Hashable, Sendable {
  /// The instant that may be known about; `nil`: now.
  public var asOf: Timestamp?
  /// The start of the window; `nil`: as late as the champion's knowledge or the settings' window allow.
  public var since: Timestamp?
  /// Whether to look at the whole population instead of a sample.
  public var takesAll: Bool

  /// Makes a request.
  public init(asOf: Timestamp? = nil, since: Timestamp? = nil, takesAll: Bool = false) {
    self.asOf = asOf
    self.since = since
    self.takesAll = takesAll
  }
}

/// Finds the strategies that settings name.
public protocol StrategyProviding {
  /// The sampling strategy and the trigger rule that the settings name, with their parameters; throws everything that is wrong with the
  /// strategies that the settings name.
  func strategies(_ effective: EffectiveSettings) throws -> (sampling: any SamplingStrategy, trigger: any TriggerRule)
}

extension Workspace {
  /// The plan of a cycle as `request` and the settings have it, for `champion`.
  public func plan(_ request: CycleRequest, champion: RoutingModel) -> CyclePlan {
    let asOf = request.asOf ?? surroundings.now()
    let since = request.since ?? max(champion.trainedUntil, asOf.advanced(bySeconds: -Double(settings.sampling.windowDays) * 86_400))
    var plan = CyclePlan(
      window: Window(since: since, until: asOf), seed: UInt64(settings.sampling.seed), champion: champion.version,
      trainedUntil: champion.trainedUntil, basis: champion.evidence.basis, size: settings.sampling.size,
      population: PopulationKind(rawValue: settings.sampling.population.rawValue) ?? .withResults,
      minPopulation: settings.sampling.minPopulation, thresholds: settings.thresholds, groupBy: settings.reports.groupBy,
      queueSize: settings.queue.maxSize)
    plan.watch = WatchKind(rawValue: settings.sampling.watch.rawValue)
    return plan
  }

  /// Runs a cycle with the champion that serves, writes its reports, and removes those that are too old to keep.
  ///
  /// - Returns: The report and the files that were written.
  /// - Throws: ``ReportsNotWritten`` when the cycle has ended well and only its files could not be written.
  public func runCycle(
    _ request: CycleRequest, strategies: any StrategyProviding
  ) throws -> (report: CycleReport, files: [String]) {
    let source = try source()
    if try source.counts(until: nil).items == 0 { throw TrainingError.noItems(source: source.name) }
    try checkColumns(of: source)
    let (champion, damage) = try serving()
    let (sampling, trigger) = try strategies.strategies(effective)
    let cycle = QualityCycle(
      source: source, ledger: try ledger(), predictor: Predictor(champion), sampling: sampling, trigger: trigger,
      surroundings: QualityCycle.Surroundings(
        now: surroundings.now, wait: surroundings.wait, checkCancellation: surroundings.checkCancellation, logger: surroundings.logger,
        latheVersion: surroundings.latheVersion, configuration: effective.canonicalText))
    let lock = try enterCycle()
    defer { withExtendedLifetime(lock) {} }
    var plan = plan(request, champion: champion)
    plan.takesAll = request.takesAll
    plan.troubles = troubles(damage)
    let report = try cycle.run(plan)
    do {
      let files = try write(report)
      removeOldReports()
      return (report, files)
    } catch  where !(error is CancellationError) {
      throw ReportsNotWritten(report: report, reason: error)
    }
  }

  /// What is wrong before a cycle begins, and does not stop it.
  private func troubles(_ damage: String?) -> [Alert] {
    var troubles: [Alert] = []
    if let damage { troubles.append(Alert(.modelDamaged, .critical, message: damage)) }
    if !refusedSettings.isEmpty {
      let faults = refusedSettings.map(\.description).joined(separator: "; ")
      troubles.append(Alert(.invalidConfiguration, .critical, message: "the last good settings stay in force: \(faults)"))
    }
    return troubles
  }
}

/// A cycle that is in the ledger whole, whose report files could not be written.
public struct ReportsNotWritten: Error, CustomStringConvertible {
  /// What the cycle found.
  public let report: CycleReport
  /// Why the files could not be written.
  public let reason: any Error

  /// The reason, and where the cycle can be read all the same.
  public var description: String {
    "\(reason)\ncycle \(report.cycle) itself is done and in the ledger: 'lathe report \(report.cycle)' shows it"
  }
}

extension Workspace {
  /// Holds a lock that running cycles share. When nobody has it, cycles that the ledger believes to run were killed, and are closed.
  private func enterCycle() throws -> FileLock {
    let path = path(".cycles.lock")
    if let alone = try? FileLock(path: path, activity: "looking for cycles that were killed") {
      try ledger().closeAbandonedCycles(at: surroundings.now())
      withExtendedLifetime(alone) {}
    }
    return try FileLock(path: path, shared: true, waits: true, shouldStop: surroundings.shouldStop, activity: "running a cycle")
  }
}
