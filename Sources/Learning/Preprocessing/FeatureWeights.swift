import Tabular

/// Multiplies numbers by weights, so that what compares rows by their distance minds some features more than others.
///
///     let weights = try FeatureWeights(["diameter": 2, "thickness": 0.5])
/// Trees do not mind it; of linear models with a penalty the weighted features are penalised less. Features of levels have to be numbers first.
public struct FeatureWeights: Transformer {
  /// `weigh`.
  public static let name = "weigh"
  /// What it does.
  public static let summary = """
    Multiplies numbers by weights, so that `knn` and other estimators that compare rows mind some features more: put it after `standardise`. \
    Levels must have been made numbers before, as by `one_hot`.
    """
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .numbersByName(
      "weights", \.weights, .within(0...1e6), "what a feature of numbers is multiplied by; features without one stay as they are")
  ]

  /// Factors by feature.
  public private(set) var weights: [String: Double] = [:]

  /// Makes one that changes nothing.
  public init() {}

  /// Makes one with factors in 0…1,000,000 by feature.
  public init(_ weights: [String: Double]) throws(LearningError) {
    self.weights = weights
    try check()
  }

  /// Takes down what is to be changed; throws when a feature lacks or has levels.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    let names = weights.keys.sorted()
    let chosen = try chosen(data.features, names, levels: false)
    return FittedTransformer(
      Self.name, inputs: try FeatureTable(chosen, rowCount: data.rowCount).schema,
      changes: names.map { .weighted(weights[$0] ?? 1) })
  }
}
