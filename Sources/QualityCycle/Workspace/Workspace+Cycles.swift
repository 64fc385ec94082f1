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

  /// Makes a request.
  public init(asOf: Timestamp? = nil, since: Timestamp? = nil) {
    self.asOf = asOf
    self.since = since
  }
}

/// Finds the strategies that settings name.
public protocol StrategyProviding {
  /// The sampling strategy and the trigger rule that `settings` name, with their parameters; throws everything that is wrong with both.
  func strategies(_ settings: Settings) throws -> (sampling: any SamplingStrategy, trigger: any TriggerRule)
}

extension Workspace {
  /// The plan of a cycle as `request` and the settings have it, for `champion`.
  public func plan(_ request: CycleRequest, champion: RoutingModel) -> CyclePlan {
    let asOf = request.asOf ?? surroundings.now()
    let since = request.since ?? max(champion.trainedUntil, asOf.advanced(bySeconds: -Double(settings.sampling.windowDays) * 86_400))
    return CyclePlan(
      window: Window(since: since, until: asOf), seed: UInt64(settings.sampling.seed), champion: champion.version,
      trainedUntil: champion.trainedUntil, basis: champion.evidence.basis, size: settings.sampling.size,
      population: PopulationKind(rawValue: settings.sampling.population.rawValue) ?? .withResults,
      minPopulation: settings.sampling.minPopulation, thresholds: settings.thresholds, groupBy: settings.reports.groupBy,
      queueSize: settings.queue.maxSize)
  }

  /// Runs a cycle with the champion that serves, and writes its reports.
  ///
  /// - Returns: The report and the files that were written.
  public func runCycle(
    _ request: CycleRequest, strategies: any StrategyProviding
  ) throws -> (report: CycleReport, files: [String]) {
    let source = try source()
    if try source.counts(until: nil).items == 0 { throw TrainingError.noItems(source: source.name) }
    let (champion, damage) = try serving()
    let (sampling, trigger) = try strategies.strategies(settings)
    let cycle = QualityCycle(
      source: source, ledger: try ledger(), predictor: Predictor(champion), sampling: sampling, trigger: trigger,
      surroundings: QualityCycle.Surroundings(
        now: surroundings.now, wait: surroundings.wait, checkCancellation: surroundings.checkCancellation, logger: surroundings.logger,
        latheVersion: surroundings.latheVersion, configuration: effective.canonicalText))
    let lock = try enterCycle()
    defer { withExtendedLifetime(lock) {} }
    var plan = plan(request, champion: champion)
    plan.troubles = troubles(damage)
    let report = try cycle.run(plan)
    return (report, try write(report))
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

  /// Writes the reports of a cycle in the formats of the settings, and its row into `summary.csv`; returns the files' paths.
  public func write(_ report: CycleReport) throws -> [String] {
    try makeFolder(reportFolder)
    let base = reportFolder + "/cycle-\(report.cycle)"
    var files: [String] = []
    for format in settings.reports.formats {
      switch format {
      case .json:
        try AtomicFile.write(report.json(), to: base + ".json")
        files.append(base + ".json")
      case .csv:
        try CSVWriter().write(report.rows(), to: base + ".csv")
        files.append(base + ".csv")
      case .markdown:
        try AtomicFile.write(report.markdown(), to: base + ".md")
        files.append(base + ".md")
      }
    }
    let summary = reportFolder + "/summary.csv"
    try appendSummary(report.summary(), cycle: report.cycle, to: summary)
    return files + [summary]
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

  private func makeFolder(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw DataAccessError(.inputOutput, path: path, activity: "making the folder", detail: "\(error)")
    }
  }

  /// Adds the row of a cycle to the summary of all cycles; a second writing of one cycle replaces nothing and adds nothing.
  private func appendSummary(_ row: Frame, cycle: Int64, to path: String) throws {
    // Read, extended and replaced whole, under a lock: two cycles may end at once, and a full disk must not leave half a row.
    let lock = try FileLock(path: self.path(".reports.lock"), waits: true, activity: "adding a row to \(path)")
    defer { withExtendedLifetime(lock) {} }
    let writer = CSVWriter()
    guard FileManager.default.fileExists(atPath: path) else { return try writer.write(row, to: path) }
    let existing = try AtomicFile.read(path)
    let known = String(decoding: existing, as: UTF8.self).split(whereSeparator: \.isNewline)
    if known.contains(where: { $0.hasPrefix("\(cycle),") }) { return }
    try AtomicFile.write(existing + writer.rows(row), to: path)
  }
}
