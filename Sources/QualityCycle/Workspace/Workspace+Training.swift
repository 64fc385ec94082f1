package import Configuration
public import Ledger
import Routing
public import Tabular

extension Workspace {
  /// Trains the baseline on what was completed up to `instant`, keeps it as a new version, and activates it.
  ///
  /// A failure leaves the version that serves in force, and no version that the ledger does not know.
  /// - Parameter progress: Called with the share done, 0…1.
  /// - Returns: The version's manifest.
  public func trainBaseline(until instant: Timestamp, progress: (Double) -> Void = { _ in }) throws -> ModelManifest {
    let source = try source()
    try checkColumns(of: source)
    // Before training, so that a ledger that cannot be used is found before the work is done.
    let ledger = try ledger()
    let trainer = BaselineTrainer(settings)
    let model = try trainer.train(on: source, until: instant) { share in
      try surroundings.checkCancellation()
      progress(share)
    }
    let parent = try? models.active()?.version
    let description = ModelDescription(model, kind: "baseline", parent: parent ?? nil, latheVersion: surroundings.latheVersion)
    let version = try models.create(description, at: surroundings.now()) { draft in try model.write(to: draft) }
    do { try ledger.noteTraining(version, asOf: instant, outcome: "trained", at: surroundings.now()) } catch {
      try? models.setAside(version)
      throw error
    }
    try activate(version)
    try ledger.noteTraining(version, asOf: instant, outcome: "activated", at: surroundings.now())
    return try models.manifest(of: version)
  }

  /// Puts a version in force, after checking every byte of it.
  ///
  /// The ledger notes it before it is done: what serves is never something that the ledger does not know of.
  @discardableResult
  public func activate(_ version: String) throws -> ActiveModel {
    try models.verify(version)
    let before = try? models.active()
    if let before, before.version == version { return before }
    let ledger = try ledger()
    try ledger.note("activate", subject: version, detail: before.map { "instead of \($0.version)" }, at: surroundings.now())
    do { return try models.activate(version) } catch {
      try? ledger.note("activation failed", subject: version, detail: "\(error)", at: surroundings.now())
      throw error
    }
  }
}

extension BaselineTrainer {
  /// The trainer that `settings` describe.
  package init(_ settings: Settings) {
    self.init()
    features = settings.features.columns.mapValues { column in
      FeatureChoice(
        kind: column.kind.flatMap { FeatureKind(rawValue: $0.rawValue) }, weight: column.weight, isIgnored: column.kind == .ignore)
    }
    dimension = settings.features.embeddingDim
    basis = Basis(rawValue: settings.prediction.basis.rawValue)
    options.neighbors = settings.features.neighbors
    options.similarityFloor = settings.features.similarityFloor
    options.ownSamplesMin = settings.prediction.ownSamplesMin
    options.recencyHalfLifeDays = settings.prediction.recencyHalfLifeDays
    options.optimalSigma = settings.prediction.optimalSigma
    options.safeSigma = settings.prediction.safeSigma
  }
}
