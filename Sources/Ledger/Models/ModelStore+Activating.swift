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
  /// - Parameter expected: The version that must be in force until then; `nil`: any.
  /// - Returns: The new state; unchanged when the version was in force already.
  /// - Throws: ``ModelStoreError`` when it is unknown or damaged, or another version than `expected` is in force: that one stays.
  ///   ``DataAccessError`` when the disk fails.
  @discardableResult
  public func activate(_ version: String, insteadOf expected: String? = nil) throws -> ActiveModel {
    try verify(version)
    return try locked { current in
      if let expected, current?.version != expected { throw ModelStoreError.otherChampion(expected: expected, found: current?.version) }
      if let current, current.version == version { return current }
      return ActiveModel(version: version, previous: current?.version)
    }
  }

  /// Puts the version that served before in force again: the same switch; a second rollback takes it back.
  /// - Throws: ``ModelStoreError/noPrevious``, or as ``activate(_:)``.
  @discardableResult
  public func rollback() throws -> ActiveModel {
    try locked { current in
      guard let current, let previous = current.previous else { throw ModelStoreError.noPrevious }
      try verify(previous)
      return ActiveModel(version: previous, previous: current.version)
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

  /// Replaces the switch while no other process does.
  private func locked(_ change: (ActiveModel?) throws -> ActiveModel) throws -> ActiveModel {
    let lock = try FileLock(path: folder + "/" + Self.switchLockName, waits: true, activity: "activating a model version")
    defer { withExtendedLifetime(lock) {} }
    // A damaged switch says nothing about the version before.
    var current: ActiveModel?
    do { current = try active() } catch ModelStoreError.damagedSwitch { current = nil }
    let new = try change(current)
    if new == current { return new }
    let temporary = folder + "/" + Self.temporarySwitchName
    do {
      _ = try files.write(new.sealed, to: temporary, replacing: true)
      _ = try files.rename(temporary, to: switchPath)
    } catch {
      files.removeLeftover(temporary)
      throw error
    }
    try files.syncFolder(folder)
    return new
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
