public import Ledger
import Logging

extension Workspace {
  /// The model versions with the ledger that knows each decision about them; the ledger is made when it is not there.
  public func registry() throws -> ModelRegistry {
    ModelRegistry(models: models, ledger: try ledger(), now: surroundings.now)
  }

  /// Puts a version in force by a person's decision, after checking every byte of it.
  ///
  /// The ledger notes it before it is done: what serves is never something that the ledger does not know of.
  @discardableResult
  public func activate(_ version: String, reason: String? = nil) throws -> ActiveModel {
    // Before the ledger is made: nothing begins with a version that is none.
    try models.verify(version)
    return try registry().activate(version, by: ServingDecision(.activate, reason: reason))
  }

  /// Checks every byte of versions and sets damaged ones aside, as ``ModelRegistry/tend(_:checkpoint:)`` does; each damage is a critical
  /// line in the log, event `model_damaged`.
  ///
  /// - Throws: `CancellationError` among others.
  public func setDamagedVersionsAside(_ versions: [String]? = nil) throws -> [VersionCheck] {
    let checks = try registry().tend(versions, checkpoint: surroundings.checkCancellation)
    for check in checks where check.state != .sound {
      let outcome = check.replacedBy.map { "; \($0) serves instead" } ?? ""
      surroundings.logger.critical(
        "\(check.message ?? check.version)\(outcome)", metadata: ["event": "model_damaged", "version": "\(check.version)"])
    }
    return checks
  }

  /// What a timer does for the versions: moves away what killed processes left, checks every byte, and sets damaged versions aside, the one
  /// in force replaced by the last good one.
  ///
  /// - Complexity: O(bytes of all versions), some 1 GB a second.
  @discardableResult
  public func tendVersions() throws -> [VersionCheck] {
    _ = try models.sweep()
    return try setDamagedVersionsAside()
  }
}
