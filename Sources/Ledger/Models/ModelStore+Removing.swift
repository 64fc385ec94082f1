import DataAccess

extension ModelStore {
  /// Calls `body` while no version is being made, put in force or removed by anybody else.
  ///
  /// Waits for those who make one.
  /// - Parameter shouldStop: Asked while waiting; true throws ``DataAccessError/Kind/interrupted``.
  func whileAlone<Result>(shouldStop: () -> Bool, _ body: (_ current: ActiveModel?) throws -> Result) throws -> Result {
    // The locks in the order in which those take them who make a version and put it in force.
    let lock = try FileLock(path: folder + "/" + Self.lockName, waits: true, shouldStop: shouldStop, activity: "removing model versions")
    defer { withExtendedLifetime(lock) {} }
    return try holdingSwitch(mending: false) { current, _ in try body(current) }
  }

  /// Removes a version: to be called by ``whileAlone(shouldStop:_:)`` alone.
  ///
  /// It gets a name that no reader looks at, in one durable step, and is deleted then; what a killed process leaves of it is deleted by
  /// the next removal or sweep.
  func remove(_ version: String) throws {
    let leaving = folder + "/" + Self.removalPrefix + version
    guard try files.rename(path(of: version), to: leaving) else {
      throw DataAccessError(.refused, path: leaving, activity: "removing \(version)", detail: "something of that name is there already")
    }
    try files.syncFolder(folder)
    files.removeLeftover(leaving)
    try files.syncFolder(folder)
  }

  /// Deletes what is left of versions whose removal was broken off. Nobody else may be removing any.
  func finishRemovals() throws {
    for name in try removals() { files.removeLeftover(folder + "/" + name) }
  }

  /// What is left of versions whose removal was broken off.
  func removals() throws -> [String] { try files.names(in: folder).filter { $0.hasPrefix(Self.removalPrefix) } }

  /// Whether there is a version of that name, sound or not.
  public func holds(_ version: String) -> Bool { Self.order(of: version) != nil && files.isFolder(path(of: version)) }

  private static let removalPrefix = ".removing-"
}
