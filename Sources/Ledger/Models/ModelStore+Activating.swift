import DataAccess

/// The version in force, and the one before it.
public struct ActiveModel: Hashable, Sendable {
  /// The version that serves.
  public var version: String
  /// The version that served before, if any: where a rollback goes.
  public var previous: String?

  /// Makes the pair.
  public init(version: String, previous: String? = nil) {
    self.version = version
    self.previous = previous
  }
}

extension ModelStore {
  /// The version in force, or `nil` when none was activated yet.
  ///
  /// Reads the switch anew each time (some microseconds), so a running process notices a change. It is replaced as a whole: a reader
  /// gets the old or the new one.
  /// - Throws: ``ModelStoreError/damagedSwitch(path:)`` or ``DataAccessError``.
  public func active() throws -> ActiveModel? {
    guard let bytes = try files.text(of: switchPath) else { return nil }
    guard let active = ActiveModel(sealed: String(decoding: bytes, as: UTF8.self)) else {
      throw ModelStoreError.damagedSwitch(path: switchPath)
    }
    return active
  }

  /// Puts a version in force, after checking every byte of it.
  /// - Parameters:
  ///   - expected: The version that must be in force until then; `nil`: any.
  ///   - noting: Called just before the switch is turned, while no other process can turn it; what it throws leaves the switch as it is.
  /// - Returns: The new state; unchanged when the version was in force already.
  /// - Throws: ``ModelStoreError`` when it is unknown or damaged, or another version than `expected` is in force: that one stays.
  ///   ``DataAccessError`` when the disk fails.
  @discardableResult
  public func activate(_ version: String, insteadOf expected: String? = nil, noting: TurnNote = { _, _ in }) throws -> ActiveModel {
    try holdingSwitch(mending: true) { current, turn in
      // Within, so that nobody can take the version away between the check and the turn.
      try verify(version)
      if let expected, current?.version != expected { throw ModelStoreError.otherChampion(expected: expected, found: current?.version) }
      if let current, current.version == version { return current }
      let new = ActiveModel(version: version, previous: current?.version)
      try noting(current, new)
      try turn(new)
      return new
    }
  }

  /// Puts the version that served before in force again: the same switch; a second rollback takes it back.
  /// - Parameter noting: As of ``activate(_:insteadOf:noting:)``.
  /// - Throws: ``ModelStoreError/noPrevious``, ``ModelStoreError/cannotRollBack(to:reason:)`` when the version before is damaged or gone.
  @discardableResult
  public func rollback(noting: TurnNote = { _, _ in }) throws -> ActiveModel {
    try holdingSwitch(mending: false) { current, turn in
      guard let current, let previous = current.previous else { throw ModelStoreError.noPrevious }
      do { try verify(previous) } catch let error as ModelStoreError {
        throw ModelStoreError.cannotRollBack(to: previous, reason: error.description)
      }
      let new = ActiveModel(version: previous, previous: current.version)
      try noting(current, new)
      try turn(new)
      return new
    }
  }

  /// The version to serve: the one in force, or, when that is damaged, the one before it.
  ///
  /// Checks quickly (``verifyQuickly(_:)``); the sections of big files are checked when they are first used.
  /// - Returns: The manifest, and what is wrong with the version in force when another one is given in its place; `nil` when none was
  ///   activated yet.
  /// - Throws: ``ModelStoreError`` when there is no sound one.
  public func serving() throws -> (manifest: ModelManifest, refused: ModelStoreError?)? {
    guard let active = try active() else { return nil }
    do {
      return (try verifyQuickly(active.version), nil)
    } catch let error as ModelStoreError {
      guard let previous = active.previous, let manifest = try? verifyQuickly(previous) else { throw error }
      return (manifest, error)
    }
  }

  /// What is done just before the switch is turned: gets what is in force, and what will be.
  public typealias TurnNote = (_ current: ActiveModel?, _ new: ActiveModel) throws -> Void

  /// Calls `body` with what is in force and a function that turns the switch, while no other process can turn it.
  ///
  /// - Parameter mending: Whether a damaged switch, which says nothing of the version before, is the same as none; else it is an error.
  func holdingSwitch<Result>(
    mending: Bool, _ body: (_ current: ActiveModel?, _ turn: (ActiveModel) throws -> Void) throws -> Result
  ) throws -> Result {
    let lock = try FileLock(path: folder + "/" + Self.switchLockName, waits: true, activity: "activating a model version")
    defer { withExtendedLifetime(lock) {} }
    var current: ActiveModel?
    do { current = try active() } catch ModelStoreError.damagedSwitch where mending {}
    return try body(current, turn)
  }

  /// Replaces the switch in one step.
  private func turn(to new: ActiveModel) throws {
    let temporary = folder + "/" + Self.temporarySwitchName
    do {
      _ = try files.write(new.sealed, to: temporary, replacing: true)
      _ = try files.rename(temporary, to: switchPath)
    } catch {
      files.removeLeftover(temporary)
      throw error
    }
    try files.syncFolder(folder)
  }

  private var switchPath: String { folder + "/ACTIVE" }
  static let switchLockName = ".lock-active"
  static let temporarySwitchName = ".activating"
}

extension ActiveModel {
  /// Two lines a person can read, and their SHA-256.
  fileprivate var sealed: String {
    let lines = "active \(version)\nprevious \(previous ?? "-")\n"
    return lines + "sha256 \(sha256Text(lines.utf8))\n"
  }

  fileprivate init?(sealed text: String) {
    let words = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" }
    guard words.count == 3 else { return nil }
    self.init(version: words[0], previous: words[1] == "-" ? nil : words[1])
    // Whatever else the text says, it must be the one that this value writes.
    guard sealed == text, ModelStore.order(of: version) != nil else { return nil }
  }
}
