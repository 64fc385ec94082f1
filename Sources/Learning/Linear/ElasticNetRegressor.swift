import Tabular

/// Linear regression with a penalty on the coefficients' sizes and squares, which makes many of them 0: ``LinearModel``s that minimise
/// Σ weight × (target − prediction)² ÷ (2 Σ weight) + alpha × (l1_ratio × Σ |coefficient| + (1 − l1_ratio) ÷ 2 × Σ coefficient²).
///
///     let model = try ElasticNetRegressor(alpha: 0.1, l1Ratio: 1).fit(data, in: FitContext())
///     if !model.report.hasConverged { … }
/// The intercept is not penalised. Coordinate descent with covariance updates: J. Friedman, T. Hastie, R. Tibshirani, "Regularization
/// paths for generalized linear models via coordinate descent", Journal of Statistical Software 33, 2010, 2.2. It ends when the duality gap,
/// which bounds how far the objective is from the best, is at most `tolerance` times the target's centred sum of squares: S.-J. Kim and
/// others, "An interior-point method for large-scale l1-regularized least squares", IEEE Journal of Selected Topics in Signal Processing
/// 1, 2007. A fit that has not come that far within `max_iterations` rounds says so in the model's report.
///
/// Only the ratios of weights count; a weight of 3 counts as three rows. Each output is fitted as if it were alone. Features are encoded
/// by ``DenseEncoder``.
/// - Complexity: O(rows × columns² + rounds × columns²).
public struct ElasticNetRegressor: Estimator {
  /// What it is called.
  public static let name = "elastic_net"
  /// What it is, in a sentence.
  public static let summary = "Least squares with penalties that leave features out."
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .number("alpha", \.alpha, .above(0), "strength of the penalty, in the target's unit"),
    .number("l1_ratio", \.l1Ratio, .within(0...1), "share of the penalty that is on sizes, not squares, of coefficients; 1: lasso"),
    .number("tolerance", \.tolerance, .aboveUpTo(0, 1), "duality gap at which it is done, as a share of the target's sum of squares"),
    .integer("max_iterations", \.maxIterations, 1...1_000_000, "most rounds over all columns"),
    .flag(
      "standardise", \.standardise,
      "whether numbers are penalised as if their standard deviation were 1, so that their unit does not matter"),
    .integer("level_limit", \.levelLimit, 1...1000, "most frequent levels of a feature that get a coefficient each"),
  ]

  /// Strength of the penalty, > 0.
  public private(set) var alpha = 1.0
  /// Share of the penalty that is on sizes of coefficients.
  public private(set) var l1Ratio = 0.5
  /// The duality gap at which it is done, as a share of the target's sum of squares.
  public private(set) var tolerance = 1e-4
  /// The most rounds over all columns.
  public private(set) var maxIterations = 1000
  /// Whether numbers are penalised as if their standard deviation were 1.
  public private(set) var standardise = true
  /// The most levels of a feature that get a coefficient each.
  public private(set) var levelLimit = 32

  /// Makes one with the defaults.
  public init() {}

  /// Makes one; throws when a parameter is out of its bounds.
  public init(
    alpha: Double = 1, l1Ratio: Double = 0.5, tolerance: Double = 1e-4, maxIterations: Int = 1000, standardise: Bool = true,
    levelLimit: Int = 32
  ) throws(LearningError) {
    (self.alpha, self.l1Ratio, self.tolerance, self.maxIterations) = (alpha, l1Ratio, tolerance, maxIterations)
    (self.standardise, self.levelLimit) = (standardise, levelLimit)
    try check()
  }

  /// Learns the coefficients from `data`, which has at least one row.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> LinearModel {
    try checkUsable(data)
    try context.checkCancellation()
    let system = try LinearSystem(data, standardise: standardise, levelLimit: levelLimit, estimator: Self.name, in: context)
    context.progress(0.5)
    var report = LinearModel.Report(estimator: Self.name, alphas: Array(repeating: alpha, count: data.targets.count))
    var coefficients: [[Double]] = []
    for output in data.targets.indices {
      let outcome = try system.elasticNet(
        output: output, alpha: alpha, l1Ratio: l1Ratio, tolerance: tolerance, maxIterations: maxIterations, in: context)
      coefficients.append(outcome.coefficients)
      report.iterations.append(outcome.iterations)
      report.dualityGaps.append(outcome.gap)
      report.hasConverged = report.hasConverged && outcome.gap <= tolerance
      context.progress(0.5 + 0.5 * Double(output + 1) / Double(data.targets.count))
    }
    return system.model(coefficients, data: data, report: report)
  }
}

extension LinearSystem {
  fileprivate func elasticNet(
    output: Int, alpha: Double, l1Ratio: Double, tolerance: Double, maxIterations: Int, in context: FitContext
  ) throws(LearningError) -> (coefficients: [Double], iterations: Int, gap: Double) {
    let count = columnCount
    let square = targetSquares[output]
    guard count > 0, square > 0 else { return (Array(repeating: 0, count: count), 0, 0) }
    // With the objective times Σ weight: |coefficient as penalised| = |coefficient| ÷ scale. What is no number left of a penalty is one
    // that no coefficient can bear, and 0 × ∞ is none at all.
    func strength(_ share: Double, _ factors: Double...) -> Double {
      guard share > 0 else { return 0 }
      let product = factors.reduce(alpha * share * totalWeight) { $0 / $1 }
      return product.isNaN ? .greatestFiniteMagnitude : min(product, .greatestFiniteMagnitude)
    }
    let sizes = scales.map { strength(l1Ratio * targetUnits[output], $0) }
    let squares = scales.map { strength(1 - l1Ratio, $0, $0) }
    var coefficients = [Double](repeating: 0, count: count)
    // Σ w x (y − prediction), kept up to date: the covariance updates.
    var left = moments[output]
    var iterations = 0
    var gap = dualityGap(output: output, coefficients, left, sizes, squares)
    while gap > tolerance, iterations < maxIterations {
      try context.checkCancellation()
      iterations += 1
      for column in 0..<count {
        let diagonal = gram[column * count + column]
        guard diagonal > 0 else { continue }
        let old = coefficients[column]
        let pull = left[column] + diagonal * old
        let new = abs(pull) <= sizes[column] ? 0 : (pull - (pull < 0 ? -sizes[column] : sizes[column])) / (diagonal + squares[column])
        guard new != old else { continue }
        coefficients[column] = new
        subtract(row: column, times: new - old, from: &left)
      }
      // Looked at after each round: it takes as long as the change of one coefficient.
      gap = dualityGap(output: output, coefficients, left, sizes, squares)
    }
    return (coefficients, iterations, gap)
  }

  /// The duality gap as a share of the target's sum of squares, for penalties of `sizes` |b| + `squares` ÷ 2 b² on each column.
  ///
  /// Of two bounds the lower. With r the residuals and u = Xᵀ r: Fenchel's dual at r, where squares are penalised, and for the lasso on
  /// columns extended by √squares the dual at r scaled down until it is feasible.
  private func dualityGap(output: Int, _ b: [Double], _ u: [Double], _ sizes: [Double], _ squares: [Double]) -> Double {
    let square = targetSquares[output]
    var explained = 0.0, fitted = 0.0, size = 0.0, ridge = 0.0, conjugate = 0.0, excess = 1.0
    for column in b.indices {
      explained += b[column] * moments[output][column]
      // b · Xᵀ X b, as Xᵀ X b = Xᵀ y − u.
      fitted += b[column] * (moments[output][column] - u[column])
      size += b[column] == 0 ? 0 : sizes[column] * abs(b[column])
      ridge += b[column] == 0 ? 0 : squares[column] * b[column] * b[column]
      let over = max(0, abs(u[column]) - sizes[column])
      if over > 0 { conjugate += squares[column] > 0 ? over / squares[column] * over / 2 : .infinity }
      let slope = abs(u[column] - (b[column] == 0 ? 0 : squares[column] * b[column]))
      if slope > sizes[column] { excess = max(excess, sizes[column] > 0 ? slope / sizes[column] : .infinity) }
    }
    let residual = max(0, square - 2 * explained + fitted)
    let aligned = square - explained
    let fenchel = residual + size + ridge / 2 - aligned + conjugate
    let share = 1 / excess
    let scaled = residual * (1 + share * share) / 2 + size - share * aligned + ridge * (1 + share * share) / 2
    return max(0, min(fenchel, scaled)) / square
  }
}
