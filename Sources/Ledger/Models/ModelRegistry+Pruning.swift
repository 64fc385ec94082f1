import DataAccess
public import Tabular

/// What is kept of the versions, and what is not.
public struct Pruning: Hashable, Codable, Sendable {
  /// A version that is kept, and why.
  public struct Kept: Hashable, Codable, Sendable {
    /// The version.
    public var version: String
    /// `active`, `previous`, `pinned`, `shadow`, `recent`, `damaged`.
    public var reasons: [String]
  }

  /// A version that is removed, and the size of its files.
  public struct Removed: Hashable, Codable, Sendable {
    /// The version.
    public var version: String
    /// The size of its files.
    public var bytes: Int
  }

  /// Those that are kept, oldest first.
  public var kept: [Kept]
  /// Those that are removed, oldest first.
  public var removed: [Removed]
}

extension ModelRegistry {
  /// Keeps a version whatever its age.
  ///
  /// - Throws: ``ModelStoreError/unknownVersion(_:known:)``.
  public func pin(_ version: String, reason: String? = nil) throws {
    try requireHeld(version)
    try ledger.pin(version, reason: reason, at: now())
  }

  /// Keeps a version no longer than others; returns whether it was pinned.
  ///
  /// - Throws: ``ModelStoreError/unknownVersion(_:known:)`` for a version that there is none of and that was never pinned.
  public func unpin(_ version: String) throws -> Bool {
    if try ledger.unpin(version, at: now()) { return true }
    try requireHeld(version)
    return false
  }

  private func requireHeld(_ version: String) throws {
    if !models.holds(version) { throw ModelStoreError.unknownVersion(version, known: try models.list()) }
  }

  /// Removes all versions but the newest `keep` sound ones, the one in force, the one before it, those that are pinned, and damaged ones,
  /// which are set aside by ``tend(_:checkpoint:)``.
  ///
  /// Waits until nobody makes a version. Each removal is noted before it is done; one that is broken off is finished by the next.
  /// - Parameters:
  ///   - keep: ≥ 1.
  ///   - isTrial: Whether to tell only what would be removed.
  ///   - checkpoint: Called before each removal; what it throws ends the pruning.
  public func prune(
    keep: Int, isTrial: Bool, shouldStop: () -> Bool = { false }, checkpoint: () throws -> Void = {}
  ) throws -> Pruning {
    precondition(keep >= 1, "at least one version must be kept")
    if try models.list().isEmpty { return Pruning(kept: [], removed: []) }
    return try models.whileAlone(shouldStop: shouldStop) { current in
      try settle(current)
      let pruning = try pruning(keep: keep, current)
      if isTrial { return pruning }
      try models.finishRemovals()
      for version in pruning.removed.map(\.version) {
        try checkpoint()
        let id = try ledger.intend("remove", version, detail: "pruned, the newest \(keep) are kept", at: now())
        try models.remove(version)
        try ledger.settle(id, .done)
      }
      return pruning
    }
  }

  private func pruning(keep: Int, _ current: ActiveModel?) throws -> Pruning {
    let pinned = Set(try ledger.pinnedVersions().map(\.version))
    let shadows = Set(try ledger.shadows(limit: 1).filter { $0.state == .watching }.map(\.version))
    var pruning = Pruning(kept: [], removed: [])
    var recent = 0
    for version in try models.list().reversed() {
      var reasons: [String] = []
      if version == current?.version { reasons.append("active") }
      if version == current?.previous { reasons.append("previous") }
      if pinned.contains(version) { reasons.append("pinned") }
      if shadows.contains(version) { reasons.append("shadow") }
      var bytes = 0
      do {
        bytes = try models.verifyQuickly(version).files.reduce(0) { $0 + $1.byteCount }
        if recent < keep { reasons.append("recent") }
        recent += 1
      } catch is ModelStoreError { reasons.append("damaged") }
      if reasons.isEmpty {
        pruning.removed.insert(Pruning.Removed(version: version, bytes: bytes), at: 0)
      } else {
        pruning.kept.insert(Pruning.Kept(version: version, reasons: reasons), at: 0)
      }
    }
    return pruning
  }
}
