import Tabular

/// Linear regression with a penalty on the squares of the coefficients: ``LinearModel``s that minimise
/// Σ weight × (target − prediction)² + alpha × Σ coefficient². The intercept is not penalised.
///
///     let model = try RidgeRegressor(alpha: 10).fit(data, in: FitContext())
/// A. Hoerl, R. Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12, 1970. By the normal equations
/// and Cholesky's decomposition. Where columns depend on each other and the penalty does not decide (alpha 0, or next to it), the
/// coefficients are those of the least sum of squares among the best, by an eigendecomposition; the report's rank tells.
///
/// A weight of 3 counts as three rows. Several outputs are fitted at once, each as if it were alone. Features are encoded by
/// ``DenseEncoder``.
/// - Complexity: O(rows × columns² + columns³).
public struct RidgeRegressor: Estimator {
  /// What it is called.
  public static let name = "ridge"
  /// What it is, in a sentence.
  public static let summary = "Least squares with a penalty on the squared coefficients."
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .number("alpha", \.alpha, .atLeast(0), "strength of the penalty on squared coefficients; 0: none"),
    .flag(
      "standardise", \.standardise,
      "whether numbers are penalised as if their standard deviation were 1, so that their unit does not matter"),
    .integer("level_limit", \.levelLimit, 1...1000, "most frequent levels of a feature that get a coefficient each"),
  ]

  /// Strength of the penalty, ≥ 0.
  public private(set) var alpha = 1.0
  /// Whether numbers are penalised as if their standard deviation were 1.
  public private(set) var standardise = true
  /// The most levels of a feature that get a coefficient each.
  public private(set) var levelLimit = 32

  /// Makes one with the defaults.
  public init() {}

  /// Makes one; throws when a parameter is out of its bounds.
  public init(alpha: Double = 1, standardise: Bool = true, levelLimit: Int = 32) throws(LearningError) {
    (self.alpha, self.standardise, self.levelLimit) = (alpha, standardise, levelLimit)
    try check()
  }

  /// Learns the coefficients from `data`, which has at least one row.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> LinearModel {
    try checkUsable(data)
    try context.checkCancellation()
    let system = try LinearSystem(data, standardise: standardise, levelLimit: levelLimit, estimator: Self.name, in: context)
    context.progress(0.9)
    let alphas = Array(repeating: alpha, count: data.targets.count)
    let (coefficients, rank) = try system.ridge(alphas, in: context)
    context.progress(1)
    return system.model(coefficients, data: data, report: .init(estimator: Self.name, alphas: alphas, rank: rank))
  }
}
