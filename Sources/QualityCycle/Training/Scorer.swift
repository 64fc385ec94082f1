import Metrics

/// Turns predictions of the verdict rows into figures; the same for every contender.
struct Scorer {
  let actual: [Double]
  /// The block of each row, and how many blocks there are.
  let blocks: [Int]
  let blockCount: Int
  /// Whether each row's item had no result before its block.
  let isNew: [Bool]
  let trimRatio: Double
  let processMatch: Double?

  /// The scores of one contender.
  ///
  /// - Parameter rowCount: Rows that were predicted in `predictSeconds`.
  func scores(
    _ name: String, _ complexity: Int, _ predictions: [Double], fitSeconds: Double, predictSeconds: Double, rowCount: Int
  ) throws(MetricError) -> CandidateScores {
    var figures = try metrics(predictions, of: Array(actual.indices))
    figures["process_match"] = processMatch
    var ofBlocks: [[String: Double]] = []
    for block in 0..<blockCount { ofBlocks.append(try metrics(predictions, of: actual.indices.filter { blocks[$0] == block })) }
    let new = actual.indices.filter { isNew[$0] }
    var coldStart = try metrics(predictions, of: new)
    if !new.isEmpty { coldStart["rows"] = Double(new.count) }
    return CandidateScores(
      name: name, complexity: complexity, predictions: predictions, errors: zip(predictions, actual).map { abs($0 - $1) }, metrics: figures,
      blocks: ofBlocks, coldStart: coldStart, fitSeconds: fitSeconds,
      latencyMilliseconds: rowCount == 0 ? 0 : predictSeconds * 1e6 / Double(rowCount))
  }

  private func metrics(_ predictions: [Double], of rows: [Int]) throws(MetricError) -> [String: Double] {
    let (actual, predicted) = (rows.map { self.actual[$0] }, rows.map { predictions[$0] })
    let measured = [
      try Score.mae(actual, predicted), try Score.trimMae(actual, predicted, ratio: trimRatio), try Score.rmse(actual, predicted),
      try Score.bias(actual, predicted), try Score.wape(actual, predicted),
    ]
    var figures: [String: Double] = [:]
    for measurement in measured { figures[measurement.name] = measurement.value }
    return figures
  }
}
