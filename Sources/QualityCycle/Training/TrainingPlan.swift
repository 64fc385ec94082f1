public import Configuration
public import Learning
public import Tabular

/// What trains, on what, and how it is judged: all that rooms 7 to 9 need besides the factory, so that a retraining can be repeated.
public struct TrainingPlan: Hashable, Codable, Sendable {
  /// The instant that may be known about: what is deployed has learnt from everything up to it.
  public var asOf: Timestamp
  /// The version to be challenged.
  public var champion: String
  /// What it knows up to: verdict rows are later.
  public var championTrainedUntil: Timestamp
  /// Seed of everything random.
  public var seed: UInt64
  /// The challengers.
  public var candidates: [TrainingCandidate]
  /// Blocks of time that the verdict rows are cut into.
  public var blocks: Int
  /// Fewest verdict rows: with fewer the champion stays.
  public var minRows: Int
  /// Rows that a challenger learns from at most; `nil`: all.
  public var maxRows: Int?
  /// Share of the errors that the trimmed error drops at each end, 0..<0.5.
  public var trimRatio: Double
  /// Threads that may work at a time.
  public var threads: Int
  /// The search of challengers' parameters; `nil`: none.
  public var tuning: TuningPlan?
  /// Whether the weights of items' features are learnt; `nil`: they are not.
  public var learnsWeights: Bool?

  /// Makes a plan.
  public init(
    asOf: Timestamp, champion: String, championTrainedUntil: Timestamp, seed: UInt64, candidates: [TrainingCandidate], blocks: Int = 5,
    minRows: Int = 200, maxRows: Int? = nil, trimRatio: Double = 0.1, threads: Int = 2,
    tuning: TuningPlan? = nil, learnsWeights: Bool? = nil
  ) {
    self.asOf = asOf
    self.champion = champion
    self.championTrainedUntil = championTrainedUntil
    self.seed = seed
    self.candidates = candidates
    self.blocks = blocks
    self.minRows = minRows
    self.maxRows = maxRows
    self.trimRatio = trimRatio
    self.threads = threads
    self.tuning = tuning
    self.learnsWeights = learnsWeights
  }
}

/// One challenger: an estimator with its parameters, or the baseline.
public struct TrainingCandidate: Hashable, Codable, Sendable {
  /// The estimator's name; ``baseline`` is the aggregation of similar items' results itself.
  public var name: String
  /// Parameters that are not the estimator's own defaults.
  public var parameters: [String: PlainValue]

  /// Makes a candidate.
  public init(_ name: String, _ parameters: [String: PlainValue] = [:]) {
    self.name = name
    self.parameters = parameters
  }

  /// The name of the aggregation of similar items' results.
  public static let baseline = "baseline"

  /// The estimator; `nil` for the baseline. Throws when the name or a parameter is wrong.
  public func estimator() throws(LearningError) -> (any Estimator)? {
    if name == Self.baseline {
      guard let wrong = parameters.keys.min() else { return nil }
      throw .parameter("baseline has no parameter '\(wrong)'; the settings under 'prediction' and 'features' are its own")
    }
    guard Self.complexities[name] != nil else {
      let known = [Self.baseline] + Estimators.all.map { $0.name }
      throw .parameter("there is no candidate '\(name)'" + suggestion(for: name, in: known))
    }
    return try Estimators.make(name, parameters)
  }

  /// How complex it is: of equals the simpler one wins. The baseline is 0; then linear models, neighbours, trees, networks, stacks.
  public var complexity: Int { Self.complexities[name] ?? 0 }

  private static let complexities: [String: Int] = [
    baseline: 0, "ridge": 1, "ridge_cv": 1, "elastic_net": 1, "knn": 2, "forest": 3, "boosting": 3, "mlp": 4, "stacking": 5,
  ]
}

extension TrainingCandidate {
  /// What is wrong with the candidates that settings name, and with the parameters of estimators, whether they are candidates or not.
  public static func faults(in effective: EffectiveSettings) -> [ConfigurationFault] {
    let training = effective.settings.training
    func fault(_ key: String, _ candidate: TrainingCandidate) -> ConfigurationFault? {
      do throws(LearningError) {
        _ = try candidate.estimator()
        return nil
      } catch {
        return ConfigurationFault(place: effective.place(of: key), keyPath: key, message: "'\(key)': \(error)")
      }
    }
    let unknown = training.candidates.compactMap { fault("training.candidates", TrainingCandidate($0)) }
    return unknown + Settings.Training.estimators.compactMap { fault("training.\($0)", TrainingCandidate($0, training.parameters(of: $0))) }
  }
}

/// How far a training is.
public struct TrainingProgress: Hashable, Codable, Sendable {
  /// What is being done.
  public var step: String
  /// The share of all that is done, 0…1.
  public var share: Double

  /// Makes a report.
  public init(_ step: String, _ share: Double) {
    self.step = step
    self.share = share
  }
}
