import Tabular

/// Errors of predictions: what candidates are compared by.
public struct ErrorSummary: Hashable, Codable, Sendable {
  /// Pairs that were looked at.
  public var count: Int
  /// Mean absolute error; the same without the smallest and largest tenth of errors; root of the mean square; mean of predicted − actual.
  public var mae, trimMae, rmse, bias: Double

  /// Looks at pairs; without any, and where a number is not finite, the errors are NaN.
  public init(actual: [Double], predicted: [Double]) {
    precondition(actual.count == predicted.count, "\(predicted.count) predictions for \(actual.count) rows")
    let errors = zip(actual, predicted).map { abs($1 - $0) }.sorted()
    count = errors.count
    let size = Double(errors.count)
    mae = errors.reduce(0, +) / size
    let cut = errors.count / 10
    let rest = errors[cut..<max(cut, errors.count - cut)]
    trimMae = rest.isEmpty ? mae : rest.reduce(0, +) / Double(rest.count)
    rmse = (errors.reduce(0) { $0 + $1 * $1 } / size).squareRoot()
    bias = zip(actual, predicted).reduce(0) { $0 + ($1.1 - $1.0) } / size
  }
}

/// What cross-validation found about one candidate.
public struct ValidatedCandidate: Sendable {
  /// The candidate.
  public let estimator: any Estimator
  /// Out-of-fold predictions, one array an output; NaN for rows that no fold judges.
  public let predictions: [[Double]]
  /// Errors of the first output, fold by fold and over all judged rows together.
  public let folds: [ErrorSummary]
  /// Errors over all judged rows.
  public let overall: ErrorSummary
}

/// Fits each of `candidates` on each fold and has it predict the rows that it did not see: all on the same rows, so that the predictions can
/// be compared in pairs.
///
/// Weights count in fits alone; every judged row counts the same in the errors.
///
/// Fits run in parallel within the context's threads; where there are fewer fits than threads each gets its share. The result does not
/// depend on that.
/// - Parameters:
///   - judge: Brings target and prediction of a row to the unit in which errors are taken, such as minutes from a logarithm; called with the
///     row, the actual and the predicted value; by default they are taken as they are.
public func crossValidate(
  _ candidates: [any Estimator], on data: Dataset, split: Split, in context: FitContext,
  judge: (@Sendable (_ row: Int, _ value: Double) -> Double)? = nil
) throws(LearningError) -> [ValidatedCandidate] {
  guard !candidates.isEmpty else { throw .parameter("there is no candidate to validate") }
  let folds = try split.folds(of: data, seed: context.seed)
  var parts: [(training: Dataset, test: FeatureTable)] = []
  for fold in folds { parts.append((try data.selecting(rows: fold.training), data.features.selecting(rows: fold.test))) }
  let count = candidates.count * folds.count
  let threadsEach = max(1, context.threads / count)
  let shares = ProgressShares(count)
  let found = try inParallel(count, threads: context.threads) { [parts] task throws(LearningError) -> [[Double]] in
    try context.checkCancellation()
    let (candidate, fold) = (candidates[task / folds.count], task % folds.count)
    // Each candidate and fold draws from a stream of its own, whoever comes first.
    let part = context.part("candidate \(task / folds.count), fold \(fold)", threads: threadsEach, number: task, of: shares)
    let model = try candidate.fitted(parts[fold].training, in: part.stretch(from: 0, to: 0.95))
    let predictions = try model.predict(parts[fold].test, in: part)
    part.progress(1)
    return predictions
  }
  return candidates.enumerated().map { number, candidate in
    var predictions = data.targets.map { _ in Array(repeating: Double.nan, count: data.rowCount) }
    for (fold, rows) in folds.enumerated() {
      for output in predictions.indices {
        for (row, value) in zip(rows.test, found[number * folds.count + fold][output]) { predictions[output][row] = value }
      }
    }
    let summary = { (rows: [Int]) -> ErrorSummary in
      let value = { (row: Int, value: Double) in judge.map { $0(row, value) } ?? value }
      return ErrorSummary(actual: rows.map { value($0, data.targets[0][$0]) }, predicted: rows.map { value($0, predictions[0][$0]) })
    }
    return ValidatedCandidate(
      estimator: candidate, predictions: predictions, folds: folds.map { summary($0.test) },
      overall: summary(folds.flatMap(\.test).sorted()))
  }
}
