import Learning
public import Tabular

/// Everything a prediction is made from, frozen at one instant: encoder, items' vectors and evidence.
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
  /// The vectors of the items with evidence, in the evidence's order. Shape (items, dimension).
  public let vectors: Matrix
  let index: any NeighborIndex

  /// Makes a model; the index is built over `vectors`.
  public init(
    version: String, trainedUntil: Timestamp, options: PredictionOptions, encoder: FeatureEncoder, evidence: Evidence, vectors: Matrix
  ) throws {
    precondition(vectors.rowCount == evidence.itemCount, "\(vectors.rowCount) vectors for \(evidence.itemCount) items")
    self.version = version
    self.trainedUntil = trainedUntil
    self.options = options
    self.encoder = encoder
    self.evidence = evidence
    self.vectors = vectors
    index = try ExactIndex(vectors)
  }
}
