public import Configuration
public import DataAccess
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
  /// What happens outside: clock, waiting, being told to stop, the log.
  public let surroundings: Surroundings
  /// Reads the settings anew, with values over those of the file.
  let reading: @Sendable ([ConfigurationOverride]) throws -> EffectiveSettings
  private let opened = Mutex(Opened())

  private struct Opened {
    var source: SQLiteFactorySource?
    var ledger: Ledger?
    var champion: RoutingModel?
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

    /// Makes surroundings.
    public init(
      now: @escaping @Sendable () -> Timestamp, wait: @escaping @Sendable (Double) throws -> Void,
      shouldStop: @escaping @Sendable () -> Bool, logger: Logger, latheVersion: String
    ) {
      self.now = now
      self.wait = wait
      self.shouldStop = shouldStop
      self.logger = logger
      self.latheVersion = latheVersion
    }

    /// Throws `CancellationError` when the work under way is to stop.
    public func checkCancellation() throws { if shouldStop() { throw CancellationError() } }
  }

  /// Makes the workspace in `folder`, with the settings that `reading` reads.
  public init(
    folder: String, surroundings: Surroundings, reading: @escaping @Sendable ([ConfigurationOverride]) throws -> EffectiveSettings
  ) throws {
    self.folder = folder
    self.reading = reading
    effective = try reading([])
    self.surroundings = surroundings
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
    try opened.withLock { opened in
      if let source = opened.source { return source }
      let source = SQLiteFactorySource(try openDatabase(.readOnly))
      opened.source = source
      return source
    }
  }

  /// The factory's database, opened for writing; it is made when it is not there.
  public func database() throws -> SQLiteDatabase { try openDatabase(.readWrite) }

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
    try opened.withLock { opened in
      if let ledger = opened.ledger { return ledger }
      let ledger = try Ledger(path: path("ledger.sqlite"))
      opened.ledger = ledger
      return ledger
    }
  }

  /// The version that serves, loaded: the active one, or the one before when that is damaged (which is logged as an error).
  ///
  /// - Throws: ``WorkspaceError/noChampion`` when none was activated yet, or what is wrong when no version is sound.
  public func champion() throws -> RoutingModel {
    guard let (manifest, refused) = try models.serving() else { throw WorkspaceError.noChampion }
    if let known = opened.withLock({ $0.champion }), known.version == manifest.version { return known }
    if let refused { logDamage(refused, instead: manifest.version) }
    let model: RoutingModel
    do { model = try load(manifest.version) } catch let damage as SectionFileError {
      guard refused == nil, let previous = try models.active()?.previous else { throw damage }
      model = try load(previous)
      logDamage(damage, instead: previous)
    }
    opened.withLock { $0.champion = model }
    return model
  }

  private func logDamage(_ damage: any Error, instead version: String) {
    surroundings.logger.error("\(damage); \(version) serves instead", metadata: ["event": "model_damaged"])
  }

  /// Loads a version; its files are checked as they are read.
  public func load(_ version: String) throws -> RoutingModel {
    try RoutingModel(version: version, folder: models.path(of: version))
  }
}

/// What a workspace lacks for what was asked.
public enum WorkspaceError: Error, Hashable, CustomStringConvertible {
  case noData(path: String)
  case noChampion
  case noMapping
  case severalSources(count: Int)

  /// The message, with what to do.
  public var description: String {
    switch self {
    case .noData(let path): "there is no factory data yet (\(path)); import some with 'lathe data import', or make some with 'lathe demo'"
    case .noMapping:
      "the settings say nothing of importing: add a section 'import' to lathe.yaml (config/examples has two; docs/guide/importing.md explains)"
    case .severalSources(let count):
      "files can be named on the command line for a mapping with one source only, and import.sources has \(count); put the files where they "
        + "are named there"
    case .noChampion: "no model version serves yet; train one with 'lathe train --baseline'"
    }
  }
}
