public import Configuration
import DataAccess
import Learning
public import Ledger
public import Logging
public import Routing
import Synchronization
public import Tabular

/// A factory's folder: its configuration, data, ledger, model versions, strategies, reports and logs.
///
/// Nothing is opened before it is asked for, so that a command that needs no data starts at once.
public final class Workspace: Sendable {
  /// The folder.
  public let folder: String
  /// The settings in force, with their origins.
  public let effective: EffectiveSettings
  /// Why the settings' file as it is now is not what is in force; empty when it is.
  public let refusedSettings: [ConfigurationFault]
  /// What happens outside: clock, waiting, being told to stop, the log.
  public let surroundings: Surroundings
  private let reading: @Sendable ([ConfigurationOverride]) throws -> ConfigurationFile.Reading
  private let opened: Opened

  /// What was opened so far.
  private final class Opened: Sendable {
    let source = Mutex<SQLiteFactorySource?>(nil)
    let ledger = Mutex<Ledger?>(nil)
    let model = Mutex<RoutingModel?>(nil)
  }

  /// What happens outside of a workspace.
  public struct Surroundings: Sendable {
    /// The time on the wall.
    public var now: @Sendable () -> Timestamp
    /// Waits so many seconds; throws `CancellationError` when told to stop.
    public var wait: @Sendable (Double) throws -> Void
    /// Whether the work under way is to stop.
    public var shouldStop: @Sendable () -> Bool
    /// Where log lines go.
    public var logger: Logger
    /// Lathe's version.
    public var latheVersion: String
    /// The program that strategies run in apart from this process; `nil`: there is none, and they run in this one.
    public var strategyProgram: StrategyProgram?

    /// Makes surroundings.
    public init(
      now: @escaping @Sendable () -> Timestamp, wait: @escaping @Sendable (Double) throws -> Void,
      shouldStop: @escaping @Sendable () -> Bool, logger: Logger, latheVersion: String, strategyProgram: StrategyProgram? = nil
    ) {
      self.now = now
      self.wait = wait
      self.shouldStop = shouldStop
      self.logger = logger
      self.latheVersion = latheVersion
      self.strategyProgram = strategyProgram
    }

    /// Throws `CancellationError` when the work under way is to stop.
    public func checkCancellation() throws { if shouldStop() { throw CancellationError() } }
  }

  /// Makes the workspace in `folder`, with the settings that `reading` reads when it is given values over those of their file.
  public convenience init(
    folder: String, surroundings: Surroundings, reading: @escaping @Sendable ([ConfigurationOverride]) throws -> ConfigurationFile.Reading
  ) throws {
    self.init(folder: folder, surroundings: surroundings, reading: reading, try reading([]), Opened())
  }

  private init(
    folder: String, surroundings: Surroundings, reading: @escaping @Sendable ([ConfigurationOverride]) throws -> ConfigurationFile.Reading,
    _ settings: ConfigurationFile.Reading, _ opened: Opened
  ) {
    self.folder = folder
    self.reading = reading
    self.surroundings = surroundings
    self.opened = opened
    effective = settings.effective
    refusedSettings = settings.refused
  }

  /// The same workspace with its settings read anew, `overrides` over those of the file; what was opened stays open.
  ///
  /// While the file is wrong its last good settings stay in force: ``refusedSettings`` says so, and the next cycle raises an alert.
  /// - Throws: `ConfigurationError` with everything that is wrong with the overrides.
  public func refreshed(overriding overrides: [ConfigurationOverride] = []) throws -> Workspace {
    let settings = try reading(overrides)
    let opened = settings.effective.settings.source == self.settings.source ? opened : Opened()
    return Workspace(folder: folder, surroundings: surroundings, reading: reading, settings, opened)
  }

  /// The same workspace, whose work stops when `shouldStop` says so.
  public func stopping(_ shouldStop: @escaping @Sendable () -> Bool) -> Workspace {
    var surroundings = surroundings
    surroundings.shouldStop = shouldStop
    return Workspace(
      folder: folder, surroundings: surroundings, reading: reading,
      ConfigurationFile.Reading(effective: effective, refused: refusedSettings), Opened())
  }

  /// The settings in force.
  public var settings: Settings { effective.settings }

  /// The path of something in the workspace; an absolute one stays.
  public func path(_ relative: String) -> String { relative.hasPrefix("/") ? relative : folder + "/" + relative }

  /// The embedded source database's file.
  public var sourcePath: String { path(settings.source.path) }
  /// Where reports are written.
  public var reportFolder: String { path(settings.reports.directory) }
  /// Where log files are written.
  public var logFolder: String { path("logs") }
  /// Where the model versions are.
  public var models: ModelStore { ModelStore(folder: path("models")) }

  /// The factory's data, opened for reading.
  ///
  /// - Throws: ``WorkspaceError/noData(path:)`` when nothing was imported yet, or what is wrong with the file.
  public func source() throws -> SQLiteFactorySource {
    try opened.source.withLock { opened in
      if let opened { return opened }
      let source = SQLiteFactorySource(try openDatabase(.readOnly))
      // An import whose process was killed before its first commit leaves an empty file.
      let missing = try source.missingRelations()
      if missing.count == FactorySchema.relationNames.count { throw WorkspaceError.noData(path: sourcePath) }
      if let first = missing.first {
        throw DataAccessError(
          .refused, path: sourcePath, activity: "opening it",
          detail: "it has no table '\(first)', so it is no factory's data; check source.path, or import into another file")
      }
      opened = source
      return source
    }
  }

  /// The factory's database, opened for writing; it is made when it is not there.
  func database() throws -> SQLiteDatabase { try openDatabase(.readWrite) }

  private func openDatabase(_ access: SQLiteDatabase.Access) throws -> SQLiteDatabase {
    do throws(DataAccessError) {
      return try SQLiteDatabase(path: sourcePath, access: access, shouldStop: surroundings.shouldStop)
    } catch {
      if error.kind == .noSuchFile, access == .readOnly { throw WorkspaceError.noData(path: sourcePath) }
      throw error
    }
  }

  /// The ledger; it is made when it is not there.
  public func ledger() throws -> Ledger {
    try opened.ledger.withLock { opened in
      if let opened { return opened }
      let ledger = try Ledger(path: path("ledger.sqlite"))
      opened = ledger
      return ledger
    }
  }

  /// The version that serves, loaded: the active one, or the one before when that is damaged (which is logged as an error).
  ///
  /// - Throws: ``WorkspaceError/noChampion`` when none was activated yet, or what is wrong when no version is sound.
  public func champion() throws -> RoutingModel { try serving().model }

  /// The version that serves, and what is wrong with the active one when it is another.
  func serving() throws -> (model: RoutingModel, damage: String?) {
    guard let (manifest, refused) = try models.serving() else { throw WorkspaceError.noChampion }
    if let refused { return (try model(manifest.version), told(refused, instead: manifest.version)) }
    do { return (try model(manifest.version), nil) } catch let damage where damage is SectionFileError || damage is LearningError {
      guard let previous = try models.active()?.previous, let sound = try? model(previous) else { throw damage }
      return (sound, told(damage, instead: previous))
    }
  }

  /// A version, kept in memory until another one serves.
  func model(_ version: String) throws -> RoutingModel {
    if let known = opened.model.withLock({ $0 }), known.version == version { return known }
    let model = try load(version)
    opened.model.withLock { $0 = model }
    return model
  }

  private func told(_ damage: any Error, instead version: String) -> String {
    let message = "\(damage); \(version) serves instead"
    surroundings.logger.error("\(message)", metadata: ["event": "model_damaged"])
    return message
  }

  /// Loads a version; its files are checked as they are read.
  public func load(_ version: String) throws -> RoutingModel {
    try models.verifyQuickly(version)
    return try RoutingModel(version: version, folder: models.path(of: version))
  }
}

/// What a workspace lacks for what was asked.
public enum WorkspaceError: Error, Hashable, CustomStringConvertible {
  case noData(path: String)
  case noChampion
  case noMapping
  case severalSources(count: Int)
  case noFinishedCycle(Int64?, newest: Int64?)

  /// The message, with what to do.
  public var description: String {
    switch self {
    case .noData(let path): "there is no factory data yet (\(path)); import some with 'lathe data import', or make some with 'lathe demo'"
    case .noMapping:
      "the settings say nothing of importing: add a section 'import' to lathe.yaml (config/examples has two; docs/guide/importing.md explains)"
    case .severalSources(let count):
      "files can be named on the command line for a mapping with one source only, and import.sources has \(count); put the files where they "
        + "are named there"
    case .noFinishedCycle(let cycle, let newest):
      (cycle.map { "there is no finished cycle \($0)" } ?? "no cycle has come to its end yet")
        + (newest.map { "; the newest is \($0)" } ?? "; run one with 'lathe cycle'")
    case .noChampion: "no model version serves yet; train one with 'lathe train --baseline'"
    }
  }
}
