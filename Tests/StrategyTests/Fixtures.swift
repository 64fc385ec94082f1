import Configuration
import Foundation
import Logging
import Metrics
import QualityCycle
import Routing
import Scripting
import Synchronization
import Tabular
import TestSupport
import Testing

/// A workspace with strategies of a test's own, in which time, data and the wish to stop are the test's.
final class StrategyFixture {
  let folder: TemporaryFolder
  let workspace: Workspace
  var library: StrategyLibrary { StrategyLibrary(workspace) }
  /// What strategies logged and printed.
  let lines = LoggedLines()
  /// Day 90, when results up to day 70 are there.
  static let now = FactoryBuilder.instant(90)

  init(seconds: Double = 60, megabytes: Int = 64, shouldStop: @escaping @Sendable () -> Bool = { false }, program: StrategyProgram? = nil)
    throws
  {
    folder = try TemporaryFolder()
    let lines = lines
    let surroundings = Workspace.Surroundings(
      now: { Self.now }, wait: { _ in }, shouldStop: shouldStop, logger: Logger(label: "test") { _ in lines }, latheVersion: "test",
      strategyProgram: program)
    workspace = try Workspace(folder: folder.path, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(
        effective: try Settings.load(
          "scripting: {time_limit_seconds: \(seconds), memory_mb: \(megabytes)}", named: "lathe.yaml", overrides: overrides))
    }
  }

  /// Puts a strategy into the workspace.
  func write(_ text: String, _ kind: StrategyKind, _ name: String = "mine") throws { try write(Data(text.utf8), kind, name) }

  func write(_ bytes: Data, _ kind: StrategyKind, _ name: String = "mine") throws {
    let folder = workspace.path("strategies/\(kind.folder)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try bytes.write(to: URL(filePath: folder + "/\(name).lua"))
  }

  /// What is wrong with a trigger rule of that text.
  func faults(_ text: String) throws -> [String] { try faults(Data(text.utf8)) }

  func faults(_ bytes: Data) throws -> [String] {
    try write(bytes, .trigger)
    do throws(StrategyFaults) {
      _ = try library.load(.trigger, "mine")
      return []
    } catch { return error.faults.map(\.description) }
  }

  /// What a trigger rule with this body of `decide` decides; line 1 is the body's first.
  func decide(_ body: String, _ context: TriggerContext? = nil, parameters: String = "", given: [String: PlainValue] = [:]) throws
    -> TriggerDecision
  {
    try write(Self.strategy(body, parameters: parameters), .trigger)
    return try library.triggerRule("mine", parameters: given).decide(context ?? Contexts.trigger())
  }

  /// What a sampling strategy with this body of `decide` decides.
  func sample(_ body: String, _ context: SamplingContext? = nil) throws -> SamplingDecision {
    try write(Self.strategy(body), .sampling)
    return try library.samplingStrategy("mine", parameters: [:]).sample(context ?? Contexts.sampling())
  }

  /// What a comparison policy with this body of `decide` decides.
  func compare(_ body: String, _ context: ComparisonContext) throws -> ComparisonDecision {
    try write(Self.strategy(body), .comparison)
    return try library.comparisonPolicy("mine", parameters: [:]).compare(context)
  }

  /// What a trigger rule says of itself by its first reason.
  func told(_ expression: String, _ context: TriggerContext? = nil) throws -> PlainValue? {
    try decide("return { retrain = false, reasons = { \(expression) } }", context).reasons.first
  }

  /// The message of the failure of a trigger rule with this body.
  func failure(_ body: String) throws -> StrategyFailure? {
    do {
      _ = try decide(body)
      return nil
    } catch let failure as StrategyFailure { return failure }
  }

  static func strategy(_ body: String, parameters: String = "") -> String {
    "local function decide(ctx, p) \(body)\nend\nreturn { interface = 1, summary = 's', parameters = { \(parameters) }, decide = decide }"
  }
}

/// Keeps the messages of a log.
final class LoggedLines: LogHandler, Sendable {
  private let kept = Mutex<[String]>([])
  var texts: [String] { kept.withLock { $0 } }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) { kept.withLock { $0.append("\(event.level) \(event.message)") } }
}

/// What strategies are given in tests.
enum Contexts {
  static func history() throws -> Frame {
    try Frame([("cycle_id", Column([Int64(1), 2])), ("mae", Column([1.5, 2.5])), ("retrained", Column([false, true]))])
  }

  static func trigger(
    alerts: [Alert] = [], metrics: [(Metric, Double?)] = [], lastTraining: (asOf: Timestamp, outcome: String)? = nil, seed: UInt64 = 42,
    asOf: Timestamp = StrategyFixture.now, history: Frame? = nil, groups: Frame? = nil, on source: MemoryFactorySource? = nil
  ) throws -> TriggerContext {
    let source = try source ?? RingFactory.make()
    return TriggerContext(
      asOf: asOf, seed: seed, report: report(metrics, alerts), lastTraining: lastTraining, history: try history ?? Contexts.history(),
      groups: try groups ?? DriftFigures().frame(),
      source: CutFactorySource(source, asOf: asOf))
  }

  static func sampling(_ population: Population? = nil, size: Int = 3, seed: UInt64 = 42) throws -> SamplingContext {
    SamplingContext(
      asOf: StrategyFixture.now, since: FactoryBuilder.instant(50), seed: seed, size: size,
      population: population ?? Contexts.population(["a", "b", "c", "d", "e"]), history: try history(),
      source: CutFactorySource(try RingFactory.make(), asOf: StrategyFixture.now))
  }

  static func comparison(
    _ champion: ComparisonContext.Contender, _ candidates: [ComparisonContext.Contender], seed: UInt64 = 42
  ) throws -> ComparisonContext {
    ComparisonContext(
      asOf: StrategyFixture.now, seed: seed, champion: champion, candidates: candidates, items: Array(champion.errors.indices),
      history: try history(), source: CutFactorySource(try RingFactory.make(), asOf: StrategyFixture.now))
  }

  static func population(
    _ codes: [String], _ columns: [String: Column] = [:], reading: @escaping @Sendable (String) -> Void = { _ in }
  ) -> Population {
    Population(codes: codes, columnNames: columns.keys.sorted()) { name in
      reading(name)
      return try #require(columns[name])
    }
  }

  /// A report in which only the metrics and alerts are filled.
  private static func report(_ metrics: [(Metric, Double?)], _ alerts: [Alert]) -> MetricReport {
    var result = MetricReport(basis: .unit)
    result.metrics = metrics.map { Measurement($0.0, value: $0.1, count: 1) }
    result.alerts = alerts
    return result
  }
}
