import DataAccess
public import Tabular

/// What a check of one version found, and what was done about it.
public struct VersionCheck: Hashable, Codable, Sendable {
  /// What became of the version.
  public enum State: String, Hashable, Codable, Sendable {
    case sound
    /// It is damaged, and lies where it lay.
    case damaged
    /// It was damaged, and lies in `quarantine/` now.
    case quarantined
    /// It is in force, and its folder is gone.
    case gone
  }

  /// The version.
  public var version: String
  /// How it stands now.
  public var state: State
  /// Number of its files; `nil` when it is not sound.
  public var files: Int?
  /// What is wrong with it, and what to do where nothing was done.
  public var message: String?
  /// The version that was put in force in its place.
  public var replacedBy: String?
}

extension ModelStore {
  /// Checks every byte of versions, and changes nothing.
  ///
  /// - Parameters:
  ///   - versions: Their names; `nil`: all, and the one in force.
  ///   - checkpoint: Called before each version; what it throws ends the check.
  /// - Returns: What was found, in order.
  /// - Throws: ``ModelStoreError/unknownVersion(_:known:)``, ``DataAccessError``.
  public func check(_ versions: [String]? = nil, checkpoint: () throws -> Void = {}) throws -> [VersionCheck] {
    // A damaged switch is no damage of a version.
    let active = try? active()
    return try namesToCheck(versions, active).compactMap { name in
      try checkpoint()
      return try examine(name, isNamed: versions != nil, active)?.check
    }
  }

  fileprivate func namesToCheck(_ versions: [String]?, _ active: ActiveModel?) throws -> [String] {
    if let versions { return versions }
    let names = try list()
    return names + (active.map { names.contains($0.version) ? [] : [$0.version] } ?? [])
  }

  /// Looks at one version; `nil` for one that was taken away since it was listed.
  fileprivate func examine(
    _ version: String, isNamed: Bool, _ active: ActiveModel?
  ) throws -> (check: VersionCheck, isUnreadable: Bool)? {
    do {
      return (VersionCheck(version: version, state: .sound, files: try verify(version).files.count), false)
    } catch let error as ModelStoreError {
      if case .damaged(_, let damages) = error {
        return (VersionCheck(version: version, state: .damaged, message: error.description), damages.allSatisfy(\.isUnreadable))
      }
      if active?.version == version {
        return (
          VersionCheck(version: version, state: .gone, message: "model version '\(version)' is in force, and its folder is gone"), false
        )
      }
      if isNamed { throw error }
      return nil
    }
  }
}

extension ModelRegistry {
  /// Checks every byte of versions, and sets damaged ones aside into `quarantine/`.
  ///
  /// For the one in force the last good one is put in force first: the one before it, else the newest sound one; where there is none it
  /// stays. A version of which a file could only not be read is not known to be damaged, and stays.
  /// - Parameters: As of ``ModelStore/check(_:checkpoint:)``.
  /// - Returns: What was found, and what was done about it, in order.
  /// - Throws: ``ModelStoreError/unknownVersion(_:known:)``, ``ModelStoreError/damagedSwitch(path:)``, ``DataAccessError``.
  public func tend(_ versions: [String]? = nil, checkpoint: () throws -> Void = {}) throws -> [VersionCheck] {
    let active = try models.active()
    return try models.namesToCheck(versions, active).compactMap { name in
      try checkpoint()
      let found = try models.examine(name, isNamed: versions != nil, active)?.check
      guard let found, found.state != .sound else { return found }
      return try setAsideDamaged(name, isNamed: versions != nil)
    }
  }

  private func setAsideDamaged(_ version: String, isNamed: Bool) throws -> VersionCheck? {
    try models.holdingSwitch(mending: false) { current, turn in
      try settle(current)
      // Once more: it may have been taken away, or made whole, since it was looked at.
      guard let found = try models.examine(version, isNamed: isNamed, current) else { return nil }
      var check = found.check
      guard let damage = check.message else { return check }
      if found.isUnreadable {
        check.message = damage + "; it could not be read, so it is not known to be damaged and stays: look at the disk and its permissions"
        return check
      }
      if let current, current.version == version {
        guard let good = lastGood(before: current) else {
          check.message = damage + "; no other version is sound, so it stays in force: train one with 'lathe train --baseline'"
          return check
        }
        let new = ActiveModel(version: good)
        let id = try intend(ServingDecision(.quarantine, reason: damage), current, new)
        try turn(new)
        try ledger.settle(id, .done)
        check.replacedBy = good
      } else if let current, current.previous == version {
        try turn(ActiveModel(version: current.version))
      }
      if check.state == .gone { return check }
      let id = try ledger.intend("set aside", version, detail: damage, at: now())
      let name = try models.setAside(version)
      try ledger.settle(id, .done)
      check.state = .quarantined
      check.message = damage + "; it lies in \(models.folder)/quarantine/\(name ?? version) now"
      return check
    }
  }

  /// The version before the one in force, else the newest one, that is sound in every byte.
  private func lastGood(before current: ActiveModel) -> String? {
    let others = (try? models.list().reversed().filter { $0 != current.version && $0 != current.previous }) ?? []
    return ((current.previous.map { [$0] } ?? []) + others).first { (try? models.verify($0)) != nil }
  }
}

extension ModelDamage {
  /// Whether the file could only not be read.
  fileprivate var isUnreadable: Bool { if case .unreadable = reason { true } else { false } }
}
