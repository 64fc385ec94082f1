public import Tabular

/// How an item will be made, as far as a model version knows: candidate routings, the likeliest first.
public struct Prediction: Hashable, Codable, Sendable {
  /// The item.
  public var item: String
  /// The version that predicted.
  public var version: String
  /// The instant that the version knows up to.
  public var trainedUntil: Timestamp
  /// What run minutes are counted per.
  public var basis: Basis
  /// The estimator whose trained model gave the run minutes; `nil`: they are the evidence's.
  public var estimator: String?
  /// The estimator whose trained model gave the set-up minutes; `nil`: they are the evidence's.
  public var setupEstimator: String?
  /// What to know before trusting it.
  public var marks: [Mark]
  /// Likeliest first; the first is *the* predicted routing.
  public var candidates: [CandidateRouting]
  /// The items that the prediction rests on, most similar first; the item itself, with similarity 1, when it has evidence.
  public var neighbors: [Neighbor]

  /// What to know before trusting a prediction.
  public enum Mark: String, Codable, Sendable {
    /// No item reached the similarity floor: the nearest were used.
    case lowSimilarity = "low_similarity"
    /// No item with evidence was alike: this is the standard routing.
    case standardOnly = "standard_only"
  }

  /// An item that a prediction rests on.
  public struct Neighbor: Hashable, Codable, Sendable {
    /// Its code.
    public var item: String
    /// How alike it is, 0…1.
    public var similarity: Double
    /// Orders known of it.
    public var orders: Int
  }

  /// The predicted routing.
  public var routing: CandidateRouting { candidates[0] }
}

/// One way an item may be made.
public struct CandidateRouting: Hashable, Codable, Sendable {
  /// Share of the ranking's weight, 0…1; all candidates of a prediction together have at most 1.
  public var score: Double
  /// Orders, of the item and of similar ones, that went this way.
  public var orders: Int
  /// Its operations in order.
  public var operations: [PredictedOperation]

  /// The job codes in order: what makes two routings the same.
  public var signature: [String] { operations.map(\.job) }
}

/// One operation of a predicted routing. Minutes are `nil` where nothing is known of them.
public struct PredictedOperation: Hashable, Codable, Sendable {
  /// Its job code.
  public var job: String
  /// How often that job came before in this routing.
  public var occurrence: Int
  /// The machine or work centre it was mostly done on.
  public var resource: String?
  /// Whether it is done in the factory.
  public var inHouse: Bool?
  /// Minutes to set up, an order.
  public var setupMinutes: Double?
  /// Minutes to run, a piece or an order (``Prediction/basis``).
  public var runMinutes: Double?
  /// The same when all goes well: some deviations below, but not under the smallest observation.
  public var optimalMinutes: Double?
  /// The same to plan safely by: some deviations above.
  public var safeMinutes: Double?
  /// Standard deviation of the run minutes.
  public var standardDeviation: Double?
  /// Ratio of the deviation to the mean.
  public var cv: Double?
  /// Results that the run minutes come from.
  public var samples: Int
  /// Results left out as outliers.
  public var outliers: Int
  /// ½·n/(n+2) + ½·mean similarity of the evidence, 0…1; 0 without evidence.
  public var confidence: Double
  /// Whether the standard routing says outsourced and the evidence says in-house.
  public var outsourcingReplaced: Bool
  /// Where the run minutes come from: each item with the weight of its results; `nil` unless asked for.
  public var sources: [Source]?

  /// An item's part in a figure.
  public struct Source: Hashable, Codable, Sendable {
    /// The item.
    public var item: String
    /// How alike it is, 0…1.
    public var similarity: Double
    /// How many of its results count.
    public var samples: Int
    /// Its own run minutes.
    public var meanMinutes: Double
    /// Its share of the figure, 0…1; together 1.
    public var share: Double
    /// The results' identifiers, outliers included.
    public var results: [String]
  }

  /// Sets other run minutes; what is told around them keeps its ratio to them.
  mutating func setRunMinutes(_ minutes: Double) {
    if let before = runMinutes, before > 0 {
      let ratio = minutes / before
      optimalMinutes = optimalMinutes.map { $0 * ratio }
      safeMinutes = safeMinutes.map { $0 * ratio }
      standardDeviation = standardDeviation.map { $0 * ratio }
    }
    runMinutes = minutes
  }

  /// The largest order that minutes are told for: beyond it a figure says nothing.
  public static let largestQuantity = 1e9

  /// Set-up and run minutes of an order of `quantity` pieces; `nil` where the run minutes are not known.
  public func orderMinutes(quantity: Double, basis: Basis) -> Double? {
    runMinutes.map { (setupMinutes ?? 0) + (basis == .unit ? $0 * quantity : $0) }
  }
}

/// Why an item has no prediction.
public enum PredictionFailure: String, Codable, Sendable, Error {
  /// The source has no such item.
  case unknownItem = "unknown item"
  /// No item with evidence is alike and the item has no standard routing.
  case noEvidence = "no evidence and no standard routing"
  /// The source could not be read.
  case sourceFailed = "the source could not be read"
}

/// How a prediction is made from evidence.
public struct PredictionOptions: Hashable, Codable, Sendable {
  /// Similar items asked for.
  public var neighbors = 50
  /// The similarity that they should reach.
  public var similarityFloor = 0.85
  /// From so many results of its own on, an operation's minutes come from the item alone.
  public var ownSamplesMin = 3
  /// An order counts half after so many days.
  public var recencyHalfLifeDays = 180.0
  /// Candidate routings kept.
  public var candidates = 5
  /// Deviations below the mean of the optimal figure.
  public var optimalSigma = 0.67
  /// Deviations above the mean of the safe figure.
  public var safeSigma = 1.28

  /// Makes the default options.
  public init() {}
}
