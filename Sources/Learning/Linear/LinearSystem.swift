import Tabular

/// The normal equations of a weighted least-squares fit, centred, so that the intercept is out of them and never penalised.
///
/// Numbers are always encoded with mean 0 and deviation 1, in double precision before they are rounded to `Float`: that way a column of
/// 1e9 ± 1 keeps its digits. A penalty on the features' own scale is one on `scales` times the coefficient; see ``penalties(_:)``.
struct LinearSystem: Sendable {
  let encoder: DenseEncoder
  let matrix: Matrix
  /// The weights times a power of two, ≤ 2; `nil`: all 1.
  let weights: [Double]?
  /// That power of two: what a penalty, which is relative to the weights, must be multiplied by.
  let weightUnit: Double
  let totalWeight: Double
  /// What a coefficient, as it is penalised, is multiplied by to be one of the encoded column: 1 where columns are standardised.
  let scales: [Double]
  /// The columns' weighted means.
  let centers: [Double]
  /// For each output the power of two that its targets are multiplied by, so that no square overflows or vanishes.
  let targetUnits: [Double]
  /// The outputs' weighted means, multiplied by their units.
  let targetMeans: [Double]
  /// The targets times their units less the means, an output after the other in each row; 0 in rows without weight.
  let targets: [Double]
  /// Σ w x xᵀ of the centred columns, columnCount × columnCount.
  private(set) var gram: [Double] = []
  /// For each output Σ w x y.
  private(set) var moments: [[Double]] = []
  /// For each output Σ w y².
  private(set) var targetSquares: [Double] = []

  var columnCount: Int { encoder.columnCount }
  var outputCount: Int { targetUnits.count }

  /// The most columns: with them the sums take 128 MB.
  static let columnLimit = 4096

  init(_ data: Dataset, standardise: Bool, levelLimit: Int, estimator: String, in context: FitContext) throws(LearningError) {
    encoder = try DenseEncoder(
      fitting: data.features, weights: data.weights, options: .init(levelLimit: levelLimit), in: context)
    guard encoder.columnCount <= Self.columnLimit else {
      throw .data(
        "\(estimator) would have \(encoder.columnCount) columns, at most \(Self.columnLimit) are possible: lower 'level_limit', or encode "
          + "features of many levels by target")
    }
    try context.checkCancellation()
    matrix = try encoder.encode(data.features, in: context)
    try context.checkCancellation()
    let unit = powerOfTwo(near: data.weights?.max() ?? 1)
    let weights = data.weights.map { $0.map { $0 * unit } }
    let total = weights?.reduce(0, +) ?? Double(data.rowCount)
    self.weights = weights
    weightUnit = unit
    totalWeight = total
    scales = standardise ? Array(repeating: 1, count: encoder.columnCount) : encoder.columnScales

    func counts(_ row: Int) -> Bool { weights.map { $0[row] > 0 } ?? true }
    let rowCount = data.rowCount
    let outputCount = data.targets.count
    var centred = [Double](repeating: 0, count: rowCount * outputCount)
    var units: [Double] = [], means: [Double] = []
    for (output, target) in data.targets.enumerated() {
      let unit = powerOfTwo(near: target.indices.reduce(0) { counts($1) ? max($0, abs(target[$1])) : $0 })
      // In two steps, so that what rounding lost of the mean is found.
      var mean = 0.0
      for _ in 0..<2 {
        var sum = 0.0
        for row in 0..<rowCount where counts(row) { sum += (weights?[row] ?? 1) * (target[row] * unit - mean) }
        mean += sum / total
      }
      for row in 0..<rowCount where counts(row) { centred[row * outputCount + output] = target[row] * unit - mean }
      units.append(unit)
      means.append(mean)
    }
    targets = centred
    targetUnits = units
    targetMeans = means
    centers = columnMeans(matrix, weights: weights, total: total)

    let width = sumWidth(columnCount + outputCount)
    let sums = centredProducts(threads: context.threads, isCancelled: { context.isCancelled })
    try context.checkCancellation()
    let count = encoder.columnCount
    var gram = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in row..<count {
        gram[row * count + column] = sums[row * width + column]
        gram[column * count + row] = sums[row * width + column]
      }
    }
    self.gram = gram
    moments = (0..<outputCount).map { output in (0..<count).map { sums[$0 * width + count + output] } }
    targetSquares = (0..<outputCount).map { sums[(count + $0) * width + count + $0] }
  }

  /// What `strength` adds to the diagonal of ``gram``.
  func penalties(_ strength: Double) -> [Double] {
    scales.map { strength * weightUnit / $0 / $0 }
  }

  /// The coefficients of each output for the ridge penalty `alphas[output]`, and the number of directions that rows and penalty
  /// determine, the least of all outputs.
  ///
  /// Where the columns do not determine the coefficients, those of the least sum of squares among the best.
  func ridge(_ alphas: [Double], in context: FitContext) throws(LearningError) -> (coefficients: [[Double]], rank: Int) {
    var coefficients = moments
    var rank = columnCount
    for alpha in Set(alphas).sorted() {
      let outputs = alphas.indices.filter { alphas[$0] == alpha }
      let solved = try solve(alpha, outputs.map { moments[$0] }, in: context)
      for (output, answer) in zip(outputs, solved.answers) { coefficients[output] = answer }
      rank = min(rank, solved.rank)
    }
    return (coefficients, rank)
  }

  private func solve(_ alpha: Double, _ rightSides: [[Double]], in context: FitContext) throws(LearningError) -> (
    answers: [[Double]], rank: Int
  ) {
    let count = columnCount
    let penalties = penalties(alpha)
    var penalised = gram
    var rightSides = rightSides
    for column in 0..<count {
      let diagonal = gram[column * count + column]
      // A coefficient that is penalised out of sight is 0.
      if !(penalties[column] <= diagonal * 0x1p60), penalties[column] > 0 {
        for other in 0..<count {
          penalised[column * count + other] = 0
          penalised[other * count + column] = 0
        }
        penalised[column * count + column] = max(diagonal, totalWeight)
        for index in rightSides.indices { rightSides[index][column] = 0 }
      } else {
        penalised[column * count + column] += penalties[column]
      }
    }
    if let factor = try choleskyFactor(penalised, count, tolerance: Self.collinear, in: context) {
      return (rightSides.map { solveCholesky(factor, count, $0) }, count)
    }
    // In coordinates in which no penalty outweighs the data, so that rounding is small beside every column.
    let units = penalties.map { 1 / max(1, $0.isFinite ? $0 / totalWeight : 1).squareRoot() }
    for row in 0..<count { for column in 0..<count { penalised[row * count + column] *= units[row] * units[column] } }
    let eigen = try SymmetricEigen(penalised, count, in: context)
    let least = max(0, eigen.values.last ?? 0) * Self.collinear
    var answers: [[Double]] = []
    for side in rightSides {
      try context.checkCancellation()
      let scaled = zip(side, units).map { $0 * $1 }
      var answer = [Double](repeating: 0, count: count)
      for index in 0..<count where eigen.values[index] > least {
        let vector = eigen.vector(index)
        let along = zip(vector, scaled).reduce(0) { $0 + $1.0 * $1.1 } / eigen.values[index]
        for (place, entry) in zip(answer.indices, vector) { answer[place] += along * entry }
      }
      answers.append(zip(answer, units).map { $0 * $1 })
    }
    return (answers, eigen.values.count { $0 > least })
  }

  /// A column of which others leave less than this share of its variance unexplained says nothing of its own: a millionth of the
  /// deviation is about what rounding to `Float` leaves.
  static let collinear = 0x1p-40

  /// The model with these coefficients of encoded columns and scaled targets.
  func model(_ coefficients: [[Double]], data: Dataset, report: LinearModel.Report) -> LinearModel {
    let intercepts = coefficients.indices.map { output in
      targetMeans[output] - zip(coefficients[output], centers).reduce(0) { $0 + $1.0 * $1.1 }
    }
    func unscaled(_ value: Double, _ output: Int) -> Double { limited(value / targetUnits[output]) }
    return LinearModel(
      encoder: encoder, targetNames: data.targetNames,
      coefficients: coefficients.indices.map { output in coefficients[output].map { unscaled($0, output) } },
      intercepts: intercepts.indices.map { unscaled(intercepts[$0], $0) }, report: report)
  }
}

/// The power of two that brings numbers of size `size` near 1, as far as it is a number itself.
func powerOfTwo(near size: Double) -> Double {
  guard size > 0 else { return 1 }
  return Double(sign: .plus, exponent: min(1000, max(-1000, -size.exponent)), significand: 1)
}

/// The nearest finite number; 0 for what is none.
func limited(_ number: Double) -> Double {
  number.isNaN ? 0 : min(.greatestFiniteMagnitude, max(-.greatestFiniteMagnitude, number))
}
