import Tabular

/// How much each feature matters to a model: by how much its mean absolute error grows when the feature's values are dealt out anew among the
/// rows of `data`, which the model should not have seen. L. Breiman, "Random forests", 2001, section 10.
///
/// - Parameters:
///   - repeats: How often each feature is dealt out; the mean is told.
///   - judge: Brings a target or prediction of a row to the unit that errors are taken in; without, they are taken as they are.
/// - Returns: Names and growth of the error, in which a row counts by its weight, the most important first.
/// - Complexity: O(features × repeats) predictions of all rows.
public func permutationImportance(
  of model: some Model, on data: Dataset, repeats: Int = 5, in context: FitContext, judge: ((_ row: Int, _ value: Double) -> Double)? = nil
) throws(LearningError) -> [(feature: String, importance: Double)] {
  guard repeats >= 1 else { throw .parameter("'repeats' must be an integer ≥ 1, got \(repeats)") }
  guard data.rowCount > 0 else { throw .data("importance cannot be measured on no rows") }
  let table = try model.schema.aligned(data.features)
  // As shares of their mean, so that no sum overflows.
  let unit = data.weights.map { powerOfTwo(near: $0.max() ?? 1) } ?? 1
  let shares = data.weights.map { $0.map { $0 * unit } } ?? Array(repeating: 1, count: data.rowCount)
  let total = shares.reduce(0, +)
  let actual = data.targets[0].enumerated().map { judge?($0, $1) ?? $1 }
  func error(_ predicted: [Double]) -> Double {
    var sum = 0.0
    for (row, value) in predicted.enumerated() where shares[row] > 0 {
      sum += shares[row] * abs((judge?(row, value) ?? value) / 2 - actual[row] / 2)
    }
    return 2 * (sum / total)
  }
  let whole = error(try model.predict(table, in: context)[0])
  var found: [(feature: String, importance: Double)] = []
  for (number, column) in table.columns.enumerated() {
    var sum = 0.0
    for round in 0..<repeats {
      try context.checkCancellation()
      var random = SeededGenerator(seed: context.seed, stream: "importance of \(column.name), round \(round)")
      let order = (0..<table.rowCount).shuffled(using: &random)
      var columns = table.columns
      switch column.values {
      case .numeric(let numbers): columns[number].values = .numeric(order.map { numbers[$0] })
      case .categorical(let codes, let levels): columns[number].values = .categorical(order.map { codes[$0] }, levels: levels)
      }
      sum += error(try model.predict(try FeatureTable(columns, rowCount: table.rowCount), in: context)[0]) - whole
    }
    found.append((column.name, sum / Double(repeats)))
    context.progress(Double(number + 1) / Double(table.columns.count))
  }
  return found.sorted { (-$0.importance, $0.feature) < (-$1.importance, $1.feature) }
}
