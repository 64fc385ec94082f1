import Configuration
import DataAccess
import Foundation
import Ledger
import Logging
import QualityCycle
import Routing
import Synchronization
import Tabular
import TestSupport
import Testing

struct FixedStrategies: StrategyProviding {
  func strategies(_ effective: EffectiveSettings) throws -> (sampling: any SamplingStrategy, trigger: any TriggerRule) {
    (FixedSampling(), FixedRule())
  }
}

@Suite("A workspace")
struct WorkspaceTests {
  private let folder: TemporaryFolder
  private let workspace: Workspace
  private let start = FactoryBuilder.start

  init() throws {
    folder = try TemporaryFolder()
    for name in ["data", "models"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
    }
    let surroundings = Workspace.Surroundings(
      now: { FactoryBuilder.instant(100) }, wait: { _ in }, shouldStop: { false },
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, latheVersion: "test")
    workspace = try Workspace(folder: folder.path, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(
        effective: try Settings.load("sampling: {min_population: 1}", named: "lathe.yaml", overrides: overrides))
    }
  }

  private func fill() throws {
    let memory = try RingFactory.make()
    try workspace.fillSource { database in
      try database.migrate(FactorySchema.migrations)
      try database.write { transaction in
        try transaction.execute("ALTER TABLE items ADD COLUMN part_type TEXT")
        try transaction.execute("ALTER TABLE items ADD COLUMN size REAL")
        try transaction.insert(memory.itemFrame, into: "items")
        try transaction.insert(memory.resultFrame, into: "work_results")
      }
    }
  }

  @Test("says what is missing, and what to do, before there is anything")
  func empty() throws {
    #expect(throws: WorkspaceError.noData(path: folder.path("data/factory.sqlite"))) { try workspace.source() }
    #expect(throws: WorkspaceError.noChampion) { try workspace.champion() }
    #expect(!FileManager.default.fileExists(atPath: folder.path("ledger.sqlite")))
  }

  @Test("loads a trained version that predicts what the trained model predicted, sources and all")
  func modelRoundTrip() throws {
    try fill()
    let manifest = try workspace.trainBaseline(until: FactoryBuilder.instant(50))
    #expect(try workspace.models.active()?.version == manifest.version)
    let source = try workspace.source()
    var model = try BaselineTrainer().train(on: source, until: FactoryBuilder.instant(50))
    model.version = manifest.version
    let codes = try source.itemCodes(withResultsIn: nil)
    let expected = try Predictor(model).predict(codes, from: source, explaining: true)
    let loaded = try Predictor(workspace.load(manifest.version)).predict(codes, from: source, explaining: true)
    #expect(loaded == expected)
    #expect(try workspace.ledger().lastTraining(asOf: FactoryBuilder.instant(60))?.asOf == FactoryBuilder.instant(50))
  }

  @Test("writes a cycle's reports, and one row of each cycle into the summary")
  func reports() throws {
    try fill()
    _ = try workspace.trainBaseline(until: FactoryBuilder.instant(50))
    for cycle in 1...2 {
      let (report, files) = try workspace.runCycle(
        CycleRequest(asOf: FactoryBuilder.instant(90), since: FactoryBuilder.instant(50)), strategies: FixedStrategies())
      #expect(report.cycle == Int64(cycle))
      #expect(
        files.map { ($0 as NSString).lastPathComponent } == [
          "cycle-\(cycle).json", "cycle-\(cycle).csv", "cycle-\(cycle).md", "cycle-\(cycle).html", "summary.csv",
        ])
      _ = try workspace.write(report)
    }
    let summary = String(decoding: try AtomicFile.read(folder.path("reports/summary.csv")), as: UTF8.self)
    #expect(summary.split(whereSeparator: \.isNewline).count == 3)
    let json = try JSONDecoder().decode(PlainValue.self, from: Data(AtomicFile.read(folder.path("reports/cycle-1.json"))))
    #expect(json["plan"]?["trained_until"] == .text(FactoryBuilder.instant(50).description))
    let (first, second) = (try AtomicFile.read(folder.path("reports/cycle-1.csv")), try AtomicFile.read(folder.path("reports/cycle-2.csv")))
    #expect(first == second)
  }

  @Test("keeps the files of the latest cycles only, and those that are not its own")
  func retention() throws {
    try fill()
    _ = try workspace.trainBaseline(until: FactoryBuilder.instant(50))
    let thrifty = try workspace.refreshed(overriding: [
      ConfigurationOverride("reports.keep_last", "2"), ConfigurationOverride("reports.formats", "[markdown, csv]"),
    ])
    try FileManager.default.createDirectory(atPath: folder.path("reports"), withIntermediateDirectories: false)
    for name in ["cycle-1.md.bak", "cycle-x.md", "cycle-0.txt", "notes.md"] {
      try Data().write(to: URL(filePath: folder.path("reports/\(name)")))
    }
    for _ in 1...4 {
      _ = try thrifty.runCycle(
        CycleRequest(asOf: FactoryBuilder.instant(90), since: FactoryBuilder.instant(50)), strategies: FixedStrategies())
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("reports")).sorted() == [
        "cycle-0.txt", "cycle-1.md.bak", "cycle-3.csv", "cycle-3.md", "cycle-4.csv", "cycle-4.md", "cycle-x.md", "notes.md", "summary.csv",
      ])
    let report = try CycleReport(finished: 1, in: thrifty.ledger())
    let again = try #require(try thrifty.write(report, as: [.html]).first)
    #expect(again == folder.path("reports/cycle-1.html") && FileManager.default.fileExists(atPath: again))
  }

  @Test("serves the version before a damaged one, and refuses to activate the damaged one")
  func damagedVersion() throws {
    try fill()
    let first = try workspace.trainBaseline(until: FactoryBuilder.instant(40))
    let second = try workspace.trainBaseline(until: FactoryBuilder.instant(50))
    #expect(first.version != second.version)
    let file = workspace.models.path(of: second.version) + "/evidence.sections"
    var bytes = try AtomicFile.read(file)
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(filePath: file))
    #expect(throws: ModelStoreError.self) { try workspace.activate(second.version) }
    #expect(try workspace.champion().version == first.version)
    let (report, _) = try workspace.runCycle(
      CycleRequest(asOf: FactoryBuilder.instant(90), since: FactoryBuilder.instant(50)), strategies: FixedStrategies())
    #expect(report.plan.champion == first.version)
    let alert = try #require(report.alerts.first)
    #expect(alert.code == .modelDamaged && alert.severity == .critical)
    #expect(alert.message.contains("evidence.sections") && alert.message.hasSuffix("; \(first.version) serves instead"))
  }

  @Test("goes on with the last good settings while their file is wrong, and raises an alert")
  func refusedSettings() throws {
    let path = folder.path("lathe.yaml")
    func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }
    let file = ConfigurationFile(path: path)
    try write("sampling: {min_population: 1, size: 11}")
    try fill()
    let first = try Workspace(folder: folder.path, surroundings: workspace.surroundings) { try file.read($0) }
    _ = try first.trainBaseline(until: FactoryBuilder.instant(50))
    try write("sampling: {size: many}")
    let second = try first.refreshed(overriding: [ConfigurationOverride("sampling.seed", "7")])
    #expect(second.settings.sampling.size == 11 && second.settings.sampling.seed == 7)
    let (report, _) = try second.runCycle(
      CycleRequest(asOf: FactoryBuilder.instant(90), since: FactoryBuilder.instant(50)), strategies: FixedStrategies())
    #expect(report.alerts.first?.code == .invalidConfiguration)
    #expect(report.alerts.first?.message.contains("lathe.yaml:1:18: 'sampling.size' must be an integer") == true)
    try write("sampling: {size: 12}")
    let third = try second.refreshed()
    #expect(third.settings.sampling.size == 12 && third.settings.sampling.seed == 42 && third.refusedSettings.isEmpty)
  }

  @Test("leaves no version behind that its ledger does not know, and no database that was not filled")
  func nothingHalfDone() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try workspace.fillSource { database in
        try database.migrate(FactorySchema.migrations)
        throw Stop()
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("data")).isEmpty)
    try fill()
    #expect(throws: Stop.self) { try workspace.fillSource { _ in throw Stop() } }
    #expect(try workspace.source().counts(until: nil).items > 0)

    try Data("no ledger at all, but long enough to be looked at as one".utf8).write(to: URL(filePath: folder.path("ledger.sqlite")))
    #expect(throws: DataAccessError.self) { try workspace.trainBaseline(until: FactoryBuilder.instant(50)) }
    #expect(try workspace.models.list().isEmpty)
  }

  @Test("keeps the champion when training has nothing to learn from")
  func trainingFails() throws {
    try fill()
    let manifest = try workspace.trainBaseline(until: FactoryBuilder.instant(50))
    #expect(throws: TrainingError.self) { try workspace.trainBaseline(until: FactoryBuilder.instant(-10)) }
    #expect(try workspace.models.active()?.version == manifest.version && workspace.models.list() == [manifest.version])
  }

  @Test("closes cycles whose process was killed, when the next one starts")
  func abandonedCycles() throws {
    try fill()
    _ = try workspace.trainBaseline(until: FactoryBuilder.instant(50))
    let start = CycleStart(
      asOf: FactoryBuilder.instant(90), since: FactoryBuilder.instant(50), seed: 1, champion: "x", configuration: "", latheVersion: "test")
    let killed = try workspace.ledger().begin(start, at: FactoryBuilder.instant(100))
    let (report, _) = try workspace.runCycle(
      CycleRequest(asOf: FactoryBuilder.instant(90), since: FactoryBuilder.instant(50)), strategies: FixedStrategies())
    let cycles = try workspace.ledger().cycles(limit: 10)
    #expect(cycles.map(\.id) == [report.cycle, killed])
    #expect(cycles.map(\.status) == [.done, .interrupted])
    #expect(cycles[1].failure == "its process ended after room plan")
  }
}
