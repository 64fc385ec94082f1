public import Routing
import Tabular

/// What the second room hands over: a prediction, or why there is none, for each sampled item.
public struct PredictedSample: Codable, Sendable {
  /// The sampled items with what was predicted, in the sample's order; of a whole population those without a prediction.
  public var outcomes: [Outcome]
  /// How many items were predicted.
  public var predictedCount: Int
  /// How often predicting was tried.
  public var attempts: Int
  /// What the last failure said when all tries failed.
  public var failure: String?

  /// One item's prediction or failure.
  public struct Outcome: Codable, Sendable {
    /// The item.
    public var item: String
    /// What was predicted.
    public var prediction: Prediction?
    /// Why nothing was predicted.
    public var failure: PredictionFailure?
  }

  /// The outcomes as results, aligned with the sample.
  var results: [Result<Prediction, PredictionFailure>] {
    outcomes.map { outcome in outcome.prediction.map { .success($0) } ?? .failure(outcome.failure ?? .noEvidence) }
  }
}

/// Predicts items in one go.
public protocol SamplePredicting: Sendable {
  /// The prediction of each of `codes`, in order; `explaining` lists the results behind each operation.
  func predict(
    _ codes: [String], from source: any FactorySource, explaining: Bool
  ) throws -> [Result<Prediction, PredictionFailure>]

  /// Run minutes of operations of orders, NaN where they cannot be predicted; `nil` when the predictions are the same for all orders of an item.
  func minutesOfOrders(_ requests: [OperationRequest], from source: any FactorySource) throws -> [Double]?

  /// Run minutes of operations of orders, with or without a trained model; NaN where they cannot be predicted.
  func runMinutes(of requests: [OperationRequest], from source: any FactorySource) throws -> [Double]
}

extension Predictor: SamplePredicting {
  /// The prediction of each of `codes`, in order; `explaining` lists the results behind each operation.
  public func predict(
    _ codes: [String], from source: any FactorySource, explaining: Bool
  ) throws -> [Result<Prediction, PredictionFailure>] {
    try predict(codes, from: source, quantity: nil, explaining: explaining)
  }

  /// What the trained model says of each order; `nil` when the version has none.
  public func minutesOfOrders(_ requests: [OperationRequest], from source: any FactorySource) throws -> [Double]? {
    model.regressor == nil ? nil : try runMinutes(of: requests, from: source)
  }
}

/// Room 2: predicts the sample with the frozen champion, from what it knew when it was trained.
public struct PredictionRoom {
  /// Tries in all, and how long to wait before the second; the wait doubles.
  public static let attempts = 3
  static let firstWaitSeconds = 0.5

  /// The factory.
  public let source: any FactorySource
  /// The champion.
  public let predictor: any SamplePredicting
  /// Waits so many seconds; may throw to cancel.
  public let wait: (Double) throws -> Void

  /// Makes the room.
  public init(source: any FactorySource, predictor: any SamplePredicting, wait: @escaping (Double) throws -> Void) {
    self.source = source
    self.predictor = predictor
    self.wait = wait
  }

  /// The predictions of some items with what is behind each operation; none of those that cannot be predicted.
  func explained(_ items: [String], _ plan: CyclePlan) throws -> [Prediction] {
    if items.isEmpty { return [] }
    return try predictor.predict(items, from: CutFactorySource(source, asOf: plan.window.since), explaining: true).compactMap {
      try? $0.get()
    }
  }

  /// Run minutes of operations of orders in the window, from what the champion knew at its beginning.
  func minutes(of requests: [OperationRequest], _ plan: CyclePlan) throws -> [Double]? {
    try predictor.minutesOfOrders(requests, from: CutFactorySource(source, asOf: plan.window.since))
  }

  /// Predicts the items of `sample`. A source that fails is tried again; after the last try every item has failed, and the cycle goes on.
  public func enter(_ sample: Sample, _ plan: CyclePlan) throws -> PredictedSample {
    // The champion was frozen before the window: it may know standard routings up to its beginning, and nothing of its results.
    let known = CutFactorySource(source, asOf: plan.window.since)
    var attempt = 1
    while true {
      do {
        // Sources are not listed: of the few operations that a report explains they are looked up again.
        let results = try predictor.predict(sample.items, from: known, explaining: false)
        let outcomes = zip(sample.items, results).map { item, result in
          switch result {
          case .success(let prediction): PredictedSample.Outcome(item: item, prediction: prediction)
          case .failure(let failure): PredictedSample.Outcome(item: item, failure: failure)
          }
        }
        return PredictedSample(outcomes: outcomes, predictedCount: outcomes.count { $0.prediction != nil }, attempts: attempt)
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        if attempt == Self.attempts {
          return PredictedSample(
            outcomes: sample.items.map { PredictedSample.Outcome(item: $0, failure: .sourceFailed) }, predictedCount: 0, attempts: attempt,
            failure: "\(error)")
        }
        try wait(Self.firstWaitSeconds * Double(1 << (attempt - 1)))
        attempt += 1
      }
    }
  }
}
