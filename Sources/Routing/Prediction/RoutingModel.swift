public import Learning
public import Tabular

/// Everything a prediction is made from, frozen at one instant: encoder, items' vectors and evidence, and a trained model of minutes if there is one.
public struct RoutingModel: Sendable {
  /// The version's name; empty before it has one.
  public var version: String
  /// What it knows up to.
  public let trainedUntil: Timestamp
  /// How predictions are made.
  public let options: PredictionOptions
  /// How items are encoded.
  public let encoder: FeatureEncoder
  /// What is known of each item.
  public let evidence: Evidence
  /// Finds items with evidence by their vectors; ids are the evidence's.
  public let index: any NeighborIndex
  /// Gives the run minutes; `nil`: the evidence does.
  public var regressor: MinutesRegressor?

  /// Makes a model; `index` has a vector for each item of `evidence`.
  public init(
    version: String, trainedUntil: Timestamp, options: PredictionOptions, encoder: FeatureEncoder, evidence: Evidence,
    index: any NeighborIndex, regressor: MinutesRegressor? = nil
  ) {
    precondition(index.count == evidence.itemCount, "\(index.count) vectors for \(evidence.itemCount) items")
    self.version = version
    self.trainedUntil = trainedUntil
    self.options = options
    self.encoder = encoder
    self.evidence = evidence
    self.index = index
    self.regressor = regressor
  }
}
