import Configuration
public import DataAccess
import Foundation
public import Routing

extension Workspace {
  /// Imports CSV files by the mapping in the settings: everything in one transaction, or nothing.
  ///
  /// - Parameter files: Files to read in place of those that the mapping names; only for a mapping with one source.
  /// - Throws: `ConfigurationError` with every fault of the mapping, ``WorkspaceError``, `ImportError`.
  public func importData(files: [String] = []) throws -> ImportReport {
    // First: of a mapping without sources nothing else is worth saying.
    if settings.import.sources.isEmpty { throw WorkspaceError.noMapping }
    var mapping = try ImportMapping(effective)
    if !files.isEmpty {
      guard mapping.sources.count == 1 else { throw WorkspaceError.severalSources(count: mapping.sources.count) }
      mapping.sources[0].files = files
    }
    let importer = try Importer(mapping)
    do {
      return try fillSource { try importer.run(into: $0, locating: path, shouldStop: surroundings.shouldStop) }
    } catch ImportError.database(let error) where error.kind == .interrupted && surroundings.shouldStop() { throw CancellationError() }
  }

  /// Calls `body` with the factory's database, which is made when it is not there; one that was made for a `body` that throws goes again.
  ///
  /// One process at a time: the second waits, so that it never takes away a database that the first has filled.
  public func fillSource<Result>(_ body: (SQLiteDatabase) throws -> Result) throws -> Result {
    let lock = try FileLock(path: path(".source.lock"), waits: true, shouldStop: surroundings.shouldStop, activity: "filling \(sourcePath)")
    defer { withExtendedLifetime(lock) {} }
    let isNew = !FileManager.default.fileExists(atPath: sourcePath)
    let database = try database()
    do { return try body(database) } catch {
      if isNew {
        try? database.close()
        for ending in ["", "-journal", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: sourcePath + ending) }
      }
      throw error
    }
  }
}
