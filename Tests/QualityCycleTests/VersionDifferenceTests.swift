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

/// Keeps what is logged.
private struct KeepingHandler: LogHandler {
  final class Lines: Sendable { let all = Mutex<[(level: Logger.Level, text: String, event: String)]>([]) }
  let lines: Lines
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.all.withLock { $0.append((event.level, event.message.description, event.metadata?["event"]?.description ?? "")) }
  }
}

@Suite("Two versions of a workspace")
struct VersionDifferenceTests {
  private let folder: TemporaryFolder
  private let workspace: Workspace
  private let lines = KeepingHandler.Lines()
  private let first: String
  private let second: String

  init() throws {
    folder = try TemporaryFolder()
    for name in ["data", "models"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
    }
    let surroundings = Workspace.Surroundings(
      now: { FactoryBuilder.instant(100) }, wait: { _ in }, shouldStop: { false },
      logger: Logger(label: "test") { [lines] _ in KeepingHandler(lines: lines) }, latheVersion: "test")
    workspace = try Workspace(folder: folder.path, surroundings: surroundings) { overrides in
      ConfigurationFile.Reading(effective: try Settings.load("", named: "lathe.yaml", overrides: overrides))
    }
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
    first = try workspace.trainBaseline(until: FactoryBuilder.instant(40)).version
    second = try workspace.trainBaseline(until: FactoryBuilder.instant(90)).version
  }

  @Test("differ by what was learnt: facts, parameters, sizes, and the minutes of each operation")
  func difference() throws {
    let difference = try workspace.difference(first, second, items: 1000, changes: 1000)
    #expect(difference.a == first && difference.b == second)
    let until = try #require(difference.facts["trained_until"])
    #expect(until.a == FactoryBuilder.instant(40).description && until.b == FactoryBuilder.instant(90).description)
    let (parent, kind) = (try #require(difference.facts["parent"]), try #require(difference.facts["kind"]))
    #expect(parent.a == nil && parent.b == first && kind.a == "baseline" && kind.b == "baseline")
    let results = try #require(difference.parameters["results"])
    #expect(results.a != results.b && difference.features["part_type"]?.a?.hasPrefix("categorical, weight ") == true)
    #expect(difference.files.keys.sorted() == ["evidence.sections", "sources.sections", "vectors.sections"])
    let predictions = try #require(difference.predictions)
    #expect(predictions.items > 0 && predictions.operations > 0 && !predictions.changes.isEmpty)
    // Each change is that of the two versions' own predictions.
    let source = try workspace.source()
    for change in predictions.changes {
      let minutes = try [first, second].map { version in
        try Predictor(workspace.load(version)).predict([change.item], from: source)[0].get().routing.operations
          .first { $0.job == change.operation && $0.occurrence == change.occurrence }?.runMinutes
      }
      #expect(minutes == [change.a, change.b] && change.a != change.b)
      if let a = change.a, let b = change.b, a != 0 { #expect(change.percent == (b - a) / a * 100) }
    }
    let sizes = predictions.changes.map { $0.percent.map(abs) ?? .infinity }
    #expect(sizes == sizes.sorted(by: >) && predictions.unchanged + predictions.changes.count <= predictions.operations)
    let few = try #require(try workspace.difference(first, second, items: 1000, changes: 1).predictions)
    #expect(few.changes == Array(predictions.changes.prefix(1)) && few.operations == predictions.operations)
  }

  @Test("differ in nothing from themselves, and the sample is the same for the same seed")
  func same() throws {
    let predictions = try #require(try workspace.difference(second, second).predictions)
    #expect(predictions.changes.isEmpty && predictions.unchanged == predictions.operations && predictions.meanAbsolutePercent == 0)
    let some = try workspace.difference(first, second, items: 2)
    #expect(some.predictions?.items == 2)
    #expect(try workspace.difference(first, second, items: 2) == some)
    #expect(throws: ModelStoreError.self) { try workspace.difference(first, "version_20200101_000000") }
  }

  @Test("are tended: the damaged champion is set aside, the other serves, and a critical line says so")
  func tending() throws {
    #expect(try workspace.tendVersions().map(\.state) == [.sound, .sound] && lines.all.withLock { $0.isEmpty })
    let file = workspace.models.path(of: second) + "/evidence.sections"
    var bytes = try AtomicFile.read(file)
    bytes[bytes.count / 2] ^= 1
    try Data(bytes).write(to: URL(filePath: file))
    let checks = try workspace.tendVersions()
    #expect(checks.map(\.state) == [.sound, .quarantined] && checks[1].replacedBy == first)
    let line = try #require(lines.all.withLock { $0.first })
    #expect(line.level == .critical && line.event == "model_damaged" && lines.all.withLock { $0.count } == 1)
    for word in [second, "evidence.sections", "quarantine/\(second)", "\(first) serves instead"] { #expect(line.text.contains(word)) }
    #expect(try workspace.champion().version == first)
    let entries = try workspace.registry().history()
    #expect(entries.map(\.decision.kind) == [.quarantine, .baseline, .baseline])
  }
}
