package import Configuration
import Learning
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
    let registry = try registry()
    var (trainer, weights) = (BaselineTrainer(settings), LearntWeights?.none)
    if settings.features.weights == .learnt {
      let context = FitContext(
        seed: UInt64(settings.sampling.seed), threads: settings.training.threads ?? 2, shouldStop: surroundings.shouldStop)
      do {
        let learnt = try trainer.learningWeights(from: CutFactorySource(source, asOf: instant), until: instant, in: context)
        (trainer, weights) = (learnt.trainer, learnt.weights)
      } catch LearningError.cancelled { throw CancellationError() }
    }
    let model = try trainer.train(on: source, until: instant) { share in
      try surroundings.checkCancellation()
      progress(share)
    }
    let parent = try? models.active()?.version
    var description = ModelDescription(model, kind: "baseline", parent: parent ?? nil, latheVersion: surroundings.latheVersion)
    if let weights { description.parameters["feature_weights"] = weights.record }
    let version = try registry.deploy(description, asOf: instant, by: ServingDecision(.baseline)) { draft in
      try model.write(to: draft)
    }
    return try models.manifest(of: version)
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
