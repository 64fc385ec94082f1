import Tabular

/// Ridge regression that chooses its penalty: of `alphas` the one with the least mean squared leave-one-out error.
///
///     let model = try RidgeCVRegressor(alphas: [0.1, 1, 10, 100]).fit(data, in: FitContext())
///     print(model.report.alphas, model.report.leaveOneOutErrors)
/// Leave-one-out errors come in closed form, error ÷ (1 − leverage), and for all strengths from one eigendecomposition of the normal
/// equations: G. Golub, M. Heath, G. Wahba, "Generalized cross-validation as a method for choosing a good ridge parameter", Technometrics
/// 21, 1979; R. Rifkin, R. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025. The encoding of the features is that of
/// all rows. Leaving out a row of weight 3 leaves out all of it, and its error counts three times.
///
/// All outputs share one strength, that of the least sum of their errors in their own units, unless `alpha_per_target` asks for one each.
/// Where several do equally well, the smallest is taken. A strength with which a row alone decides about a coefficient, so that nothing
/// is known without it, is passed over; if it is so with all, the greatest is taken.
/// - Complexity: O(rows × columns² + columns³ + rows × columns × alphas × outputs).
public struct RidgeCVRegressor: Estimator {
  /// What it is called.
  public static let name = "ridge_cv"
  /// What it is, in a sentence.
  public static let summary = "Ridge with the penalty that predicts left-out rows best."
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .numbers("alphas", \.alphas, .above(0), count: 1...1000, "strengths of the penalty on squared coefficients to choose from"),
    .flag("alpha_per_target", \.alphaPerTarget, "whether each output chooses for itself"),
    .flag(
      "standardise", \.standardise,
      "whether numbers are penalised as if their standard deviation were 1, so that their unit does not matter"),
    .integer("level_limit", \.levelLimit, 1...1000, "most frequent levels of a feature that get a coefficient each"),
  ]

  /// Strengths of the penalty to choose from, each > 0.
  public private(set) var alphas = [0.01, 0.1, 1, 10, 100, 1000]
  /// Whether each output chooses for itself.
  public private(set) var alphaPerTarget = false
  /// Whether numbers are penalised as if their standard deviation were 1.
  public private(set) var standardise = true
  /// The most levels of a feature that get a coefficient each.
  public private(set) var levelLimit = 32

  /// Makes one with the defaults.
  public init() {}

  /// Makes one; throws when a parameter is out of its bounds.
  public init(
    alphas: [Double], alphaPerTarget: Bool = false, standardise: Bool = true, levelLimit: Int = 32
  ) throws(LearningError) {
    (self.alphas, self.alphaPerTarget, self.standardise, self.levelLimit) = (alphas, alphaPerTarget, standardise, levelLimit)
    try check()
  }

  /// Chooses the strength and learns the coefficients from `data`, which has at least one row.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> LinearModel {
    try checkUsable(data)
    try context.checkCancellation()
    let system = try LinearSystem(data, standardise: standardise, levelLimit: levelLimit, estimator: Self.name, in: context)
    context.progress(0.4)
    let candidates = Set(alphas).sorted()
    let errors = try system.leaveOneOutErrors(candidates, in: context)
    context.progress(0.9)
    let outputs = Array(data.targets.indices)
    let chosen =
      alphaPerTarget
      ? outputs.map { candidates[best(errors, [$0])] } : Array(repeating: candidates[best(errors, outputs)], count: outputs.count)
    let (coefficients, rank) = try system.ridge(chosen, in: context)
    var report = LinearModel.Report(estimator: Self.name, alphas: chosen, rank: rank)
    report.candidates = candidates
    report.leaveOneOutErrors = errors
    context.progress(1)
    return system.model(coefficients, data: data, report: report)
  }

  /// The position of the candidate with the least sum of mean squared errors of `outputs`.
  private func best(_ errors: [[Double]?], _ outputs: [Int]) -> Int {
    // Relative to the greatest, so that no square overflows or vanishes.
    let greatest = errors.reduce(0) { greatest, errors in outputs.reduce(greatest) { max($0, errors?[$1] ?? 0) } }
    let unit = powerOfTwo(near: greatest)
    var best = errors.count - 1
    var least = Double.infinity
    for (candidate, errors) in errors.enumerated() {
      guard let errors else { continue }
      let sum = outputs.reduce(0) { $0 + (errors[$1] * unit) * (errors[$1] * unit) }
      if sum < least { (best, least) = (candidate, sum) }
    }
    return best
  }
}

extension LinearSystem {
  /// For each strength and output the root mean square of the leave-one-out errors, in the target's unit; `nil` where a row's leverage is
  /// next to 1, so that its error is 0 ÷ 0.
  func leaveOneOutErrors(_ alphas: [Double], in context: FitContext) throws(LearningError) -> [[Double]?] {
    let count = columnCount
    let width = sumWidth(count)
    // Relative to the greatest, so that no product overflows.
    let greatest = scales.max() ?? 1
    let units = scales.map { $0 / greatest }
    var scaled = gram
    for row in 0..<count { for column in 0..<count { scaled[row * count + column] *= units[row] * units[column] } }
    let eigen = try SymmetricEigen(scaled, count, in: context)
    // Below that, an eigenvalue is the rounding error of 0.
    let floor = max(0, eigen.values.last ?? 0) * .ulpOfOne * 8 * Double(max(1, count))

    var vectors = [Double](repeating: 0, count: count * width)
    var shrinkage = [Double](repeating: 0, count: alphas.count * width)
    var answers = [Double](repeating: 0, count: alphas.count * outputCount * width)
    for index in 0..<count where eigen.values[index] > floor {
      let vector = zip(eigen.vector(index), units).map { $0 * $1 }
      for column in 0..<count { vectors[column * width + index] = vector[column] }
      let sides = moments.map { zip(vector, $0).reduce(0) { $0 + $1.0 * $1.1 } }
      for (candidate, alpha) in alphas.enumerated() {
        let shrunk = 1 / (eigen.values[index] + alpha * weightUnit / greatest / greatest)
        shrinkage[candidate * width + index] = shrunk
        for (output, side) in sides.enumerated() { answers[(candidate * outputCount + output) * width + index] = side * shrunk }
      }
    }
    try context.checkCancellation()
    let (sums, slack) = leaveOneOutSums(
      vectors: vectors, shrinkage: shrinkage, answers: answers, candidates: alphas.count, threads: context.threads,
      isCancelled: { context.isCancelled })
    try context.checkCancellation()
    return alphas.indices.map { candidate in
      // With less left, rounding is what is divided by it.
      guard slack[candidate] > 1e-9 else { return nil }
      return (0..<outputCount).map { output in
        limited((sums[candidate * outputCount + output] / totalWeight).squareRoot() / targetUnits[output])
      }
    }
  }
}
