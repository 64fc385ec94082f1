public import Tabular

/// The versions of a workspace together with the ledger that knows each decision about them.
///
/// Whatever changes what serves, or takes a version away, is noted before it is done, and what became of it afterwards. When a process dies
/// between the two, whoever comes next settles it by what the disk says: while an act is not settled nobody else can act, so the switch
/// and the folders are still as that process left them.
public struct ModelRegistry: Sendable {
  /// The versions.
  public let models: ModelStore
  /// Where it is noted.
  public let ledger: Ledger
  let now: @Sendable () -> Timestamp

  /// Makes the registry; nothing is touched.
  ///
  /// - Parameter now: The time on the wall, for notes.
  public init(models: ModelStore, ledger: Ledger, now: @escaping @Sendable () -> Timestamp) {
    self.models = models
    self.ledger = ledger
    self.now = now
  }

  /// Puts a version in force, after checking every byte of it.
  ///
  /// - Parameters:
  ///   - expected: The version that must be in force until then; `nil`: any.
  ///   - decision: By which decision.
  /// - Returns: The new state; unchanged, and nothing is noted, when the version was in force already.
  /// - Throws: As ``ModelStore/activate(_:insteadOf:noting:)``; the version in force stays.
  @discardableResult
  public func activate(_ version: String, insteadOf expected: String? = nil, by decision: ServingDecision) throws -> ActiveModel {
    try carryOut(decision) { note in try models.activate(version, insteadOf: expected, noting: note) }
  }

  /// Puts the version that served before in force again; a second rollback takes it back.
  ///
  /// - Throws: As ``ModelStore/rollback(noting:)``; the version in force stays.
  @discardableResult
  public func rollback(reason: String? = nil) throws -> ActiveModel {
    try carryOut(ServingDecision(.rollback, reason: reason)) { note in try models.rollback(noting: note) }
  }

  /// Makes a version and puts it in force; the ledger notes it as a training as of `asOf`.
  ///
  /// - Parameters:
  ///   - expected: The version that must be in force until then; `nil`: any.
  ///   - writing: Writes the files of the version.
  /// - Returns: Its name.
  /// - Throws: What making and activating throw; the version in force stays then, and one that was made already is set aside.
  public func deploy(
    _ description: ModelDescription, asOf: Timestamp, insteadOf expected: String? = nil, by decision: ServingDecision,
    writing: (ModelDraft) throws -> Void
  ) throws -> String {
    try models.whileMaking {
      let version = try models.create(description, at: now(), writing: writing)
      do {
        try ledger.noteTraining(version, asOf: asOf, outcome: "trained", at: now())
        try activate(version, insteadOf: expected, by: decision)
        try ledger.noteTraining(version, asOf: asOf, outcome: "activated", at: now())
      } catch {
        // What serves is told by the switch alone: when that has been turned, the version stays, whatever the notes say.
        if (try? models.active())?.version != version { try? models.setAside(version) }
        throw error
      }
      return version
    }
  }

  /// Makes a version that does not serve; the ledger notes it as a training as of `asOf`.
  ///
  /// - Parameter keeping: Notes what the version is for, so that it is kept; what it throws sets the version aside.
  public func prepare(
    _ description: ModelDescription, asOf: Timestamp, writing: (ModelDraft) throws -> Void, keeping: (String) throws -> Void
  ) throws -> String {
    try models.whileMaking {
      let version = try models.create(description, at: now(), writing: writing)
      do {
        try ledger.noteTraining(version, asOf: asOf, outcome: "trained", at: now())
        try keeping(version)
      } catch {
        try? models.setAside(version)
        throw error
      }
      return version
    }
  }

  /// The decisions about what serves, newest first, those that were not carried out among them.
  ///
  /// While the switch is damaged nothing can be settled: what had been settled before is told, and what to activate can be seen from it.
  /// - Throws: ``DataAccessError``.
  public func history() throws -> [ServingEntry] {
    do {
      // Without a folder of versions there is nothing to hold.
      if try models.active() == nil, try models.list().isEmpty { return try ledger.servingEntries() }
      return try models.holdingSwitch(mending: false) { current, _ in
        try settle(current)
        return try ledger.servingEntries()
      }
    } catch ModelStoreError.damagedSwitch { return try ledger.servingEntries() }
  }

  /// The decision by which a version served at `instant`; `nil` when none did yet.
  public func serving(at instant: Timestamp) throws -> ServingEntry? {
    try history().first { $0.outcome == .done && $0.decidedAt <= instant }
  }

  private func carryOut(_ decision: ServingDecision, _ act: (ModelStore.TurnNote) throws -> ActiveModel) throws -> ActiveModel {
    var id: Int64?
    do {
      let active = try act { current, new in
        try settle(current)
        id = try intend(decision, current, new)
      }
      // The switch has been turned: a note that cannot be written is no failure, and is made up for by whoever comes next.
      if let id { try? ledger.settle(id, .done) }
      return active
    } catch {
      // What serves is told by the switch alone: a failure after it was turned does not take it back.
      if id != nil { try? models.holdingSwitch(mending: false) { current, _ in try settle(current, failure: "\(error)") } }
      throw error
    }
  }

  /// Notes that `new` is to serve, and returns the note's number.
  func intend(_ decision: ServingDecision, _ current: ActiveModel?, _ new: ActiveModel) throws -> Int64 {
    var decision = decision
    decision.replaced = current?.version
    decision.previous = new.previous
    return try ledger.intend(decision.kind.rawValue, new.version, decision, at: now())
  }

  /// Finds out what became of acts that were noted and not settled; to be called while the switch is held, before anything else is noted.
  ///
  /// - Parameters:
  ///   - current: What is in force.
  ///   - failure: Why an act was not carried out, if it was not.
  func settle(_ current: ActiveModel?, failure: String = "its process ended before it was done") throws {
    for act in try ledger.unsettled() {
      let isDone =
        act.decision.map { current == ActiveModel(version: act.version, previous: $0.previous) } ?? !models.holds(act.version)
      try ledger.settle(act.id, isDone ? .done : .failed, failure: isDone ? nil : failure)
    }
    // A ledger that was lost, or a switch that was turned by other means.
    guard let current else { return }
    let last = try ledger.servingEntries().first { $0.outcome == .done }
    guard last?.version != current.version else { return }
    var found = ServingDecision(.found)
    found.replaced = last?.version
    found.previous = current.previous
    try ledger.settle(ledger.intend(found.kind.rawValue, current.version, found, at: now()), .done)
  }
}
