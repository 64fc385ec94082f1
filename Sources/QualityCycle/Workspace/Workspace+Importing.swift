import Configuration
public import Routing

extension Workspace {
  /// Imports CSV files by the mapping in the settings: everything in one transaction, or nothing.
  ///
  /// - Parameter files: Files to read in place of those that the mapping names; only for a mapping with one source.
  /// - Throws: `ConfigurationError` with every fault of the mapping, ``WorkspaceError``, `ImportError`.
  public func importData(files: [String] = []) throws -> ImportReport {
    var mapping = try ImportMapping(effective)
    if mapping.sources.isEmpty { throw WorkspaceError.noMapping }
    if !files.isEmpty {
      guard mapping.sources.count == 1 else { throw WorkspaceError.severalSources(count: mapping.sources.count) }
      mapping.sources[0].files = files
    }
    let importer = try Importer(mapping)
    // Before the database is opened: a mistake must not leave an empty one.
    try importer.checkHeaders(locating: path)
    return try importer.run(into: database(), locating: path, shouldStop: surroundings.shouldStop)
  }
}
