import Configuration
import DataAccess
import Foundation
import Learning
import Logging
import Metrics
import QualityCycle
import Routing
import Tabular
import TestSupport
import Testing

/// Folder of real data that lies beside the checkout on the project's own machines, and nowhere else.
private let realData: String? = {
  let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  let given = ProcessInfo.processInfo.environment["LATHE_SHARED"].map { URL(filePath: $0) }
  let beside = package.deletingLastPathComponent().appending(path: "shared")
  return [given, beside].compactMap { $0?.appending(path: "data").path }
    .first { FileManager.default.fileExists(atPath: $0 + "/production_4tu.csv") }
}()

@Suite("The production log", .enabled(if: realData != nil, "production_4tu.csv is not on this machine"))
struct ProductionLogTests {
  private let folder: TemporaryFolder
  private let workspace: Workspace

  init() throws {
    folder = try TemporaryFolder()
    for name in ["data", "models"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
    }
    let log = try #require(realData) + "/production_4tu.csv"
    try FileManager.default.createSymbolicLink(atPath: folder.path("data/production_4tu.csv"), withDestinationPath: log)
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let settings = package.appending(path: "config/examples/production-log.yaml").path
    workspace = try Workspace(
      folder: folder.path,
      surroundings: Workspace.Surroundings(
        now: { FactoryBuilder.start }, wait: { _ in }, shouldStop: { false },
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, latheVersion: "test")
    ) { overrides in try ConfigurationFile(path: settings).read(overrides) }
  }

  private func instant(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

  @Test("is imported with every one of its 4,543 rows accounted for, and importing it again changes nothing")
  func imports() throws {
    let report = try workspace.importData()
    let file = try #require(report.files.first)
    #expect(file.rows == 4543 && file.rows == file.used + file.refusals.reduce(0) { $0 + $1.count })
    let reasons = Dictionary(uniqueKeysWithValues: file.refusals.map { ($0.reason, $0.count) })
    // Counted in the file with a few lines of Python: report type B, exact repeats, rework, spans that contradict their timestamps.
    #expect(
      reasons == [
        "filtered: breakdown": 53, "filtered: rework": 32, "duplicate": 22, "contradicting minutes": 35, "unparsable duration": 1,
      ])
    #expect(try workspace.importData().isUnchanged)
  }

  @Test("is predicted from what was known before March, and judged by March")
  func cycle() throws {
    _ = try workspace.importData()
    _ = try workspace.trainBaseline(until: instant("2012-03-01"))
    let request = CycleRequest(asOf: try instant("2012-03-31"), since: try instant("2012-03-01"))
    let (report, _) = try workspace.runCycle(request, strategies: FixedStrategies())
    #expect(report.measured["coverage"]?.value == 1 && report.sample.items.count == 27)
    let trimMae = try #require(report.measured["trim_mae"]?.value)
    let match = try #require(report.measured["process_match"]?.value)
    #expect(trimMae > 3 && trimMae < 5.8 && match > 0.4)

    // Nothing that happened in March moves a prediction: without its results they are the same.
    let source = try workspace.source()
    let until = try instant("2012-03-01")
    let before = try Predictor(workspace.champion()).predict(report.sample.items, from: source, explaining: true)
    _ = try workspace.fillSource { database in
      try database.write { try $0.execute("DELETE FROM work_results WHERE completed_at > ?", [.timestamp(until)]) }
    }
    let again = try BaselineTrainer(workspace.settings).train(on: source, until: until)
    var model = again
    model.version = try workspace.champion().version
    #expect(try Predictor(model).predict(report.sample.items, from: source, explaining: true) == before)
  }

  @Test("has minutes that trained estimators predict better than the baseline and the operation's median, forward in time")
  func gate() throws {
    _ = try workspace.importData()
    let source = try workspace.source()
    let results = try source.results(of: nil, since: nil, until: instant("2013-01-01"))
    let rows = try MinutesRows(items: source.items(nil, columns: nil), results: results, basis: .unit)
    let all = rows.indices(since: .distantPast, until: try instant("2013-01-01")).filter { rows.baseline[$0] > 0 }
    let reference = all.map { rows.reference[$0] }
    let candidates = try [
      Estimators.make(
        "boosting", ["loss": "huber", "tree_count": 300, "learning_rate": 0.05, "min_samples_leaf": 40, "feature_share": 0.6]),
      Estimators.make("forest", ["min_samples_leaf": 10, "feature_share": 0.4, "leaf": "median"]),
    ]
    let found = try crossValidate(
      [OperationMedianEstimator(), BaselineEstimator()] + candidates, on: rows.dataset(of: all),
      split: .forward(5, since: instant("2012-02-15").seconds), in: FitContext(seed: 1)
    ) { reference[$0] * exp($1) }
    #expect(found[0].overall.count > 400)
    for candidate in found.dropFirst(2) {
      // Seen: medians 4.9, the baseline 6.0, trained 3.7 to 3.9 minutes a piece.
      #expect(candidate.overall.trimMae < 0.9 * min(found[0].overall.trimMae, found[1].overall.trimMae))
    }
  }
}
