import Tabular

/// Predicts each output as an intercept plus a coefficient times each column of the encoded features: what ``RidgeRegressor``,
/// ``RidgeCVRegressor`` and ``ElasticNetRegressor`` learn.
///
///     for part in model.coefficients(output: 0) { print(part.column, part.perUnit) }
public struct LinearModel: Model {
  /// What a column adds to a prediction.
  public struct Coefficient: Hashable, Sendable {
    /// The column: `diameter`, `diameter missing`, `material=steel`, ….
    public let column: String
    /// What one standard deviation of a feature of numbers adds; for the other columns what their 1 adds.
    public let perDeviation: Double
    /// What one unit of a feature of numbers adds; for the other columns what their 1 adds.
    public let perUnit: Double
  }

  /// How the fit went.
  public struct Report: Hashable, Codable, Sendable {
    /// The estimator's name.
    public var estimator: String
    /// The penalty's strength, one an output.
    public var alphas: [Double]
    /// The number of directions of the columns that rows and penalty determine; below the number of columns, the coefficients are those
    /// of least squares among the best. `nil` for `elastic_net`.
    public var rank: Int?
    /// `ridge_cv`: the strengths that were tried, …
    public var candidates: [Double] = []
    /// … and for each, for each output, the root mean square of the leave-one-out errors; `nil` where rows without which nothing is known
    /// about a coefficient leave it open.
    public var leaveOneOutErrors: [[Double]?] = []
    /// `elastic_net`: for each output the rounds over all columns, …
    public var iterations: [Int] = []
    /// … and the duality gap that was reached, as a share of the target's sum of squares; at most `tolerance` when it converged.
    public var dualityGaps: [Double] = []
    /// Whether all outputs came as near to the best as was asked for. If not, the model is usable but not the best one: more iterations
    /// or a greater penalty help.
    public var hasConverged = true

    init(estimator: String, alphas: [Double], rank: Int? = nil) {
      self.estimator = estimator
      self.alphas = alphas
      self.rank = rank
    }

    fileprivate func fits(outputs: Int, columns: Int) -> Bool {
      alphas.count == outputs && alphas.allSatisfy { $0 >= 0 && $0.isFinite } && (rank.map { (0...columns).contains($0) } ?? true)
        && candidates.count == leaveOneOutErrors.count && candidates.allSatisfy { $0 > 0 && $0.isFinite }
        && leaveOneOutErrors.allSatisfy { $0?.count ?? outputs == outputs && ($0 ?? []).allSatisfy { $0 >= 0 && $0.isFinite } }
        && iterations.count == dualityGaps.count && (iterations.isEmpty || iterations.count == outputs)
        && iterations.allSatisfy { $0 >= 0 } && dualityGaps.allSatisfy(\.isFinite)
    }
  }

  /// What the model is called in files.
  public static let kind = "linear"

  private let encoder: DenseEncoder
  /// Names of its outputs.
  public let targetNames: [String]
  private let coefficients: [[Double]]
  /// For each output what is predicted where every column is 0: features of numbers at their mean, no level known.
  public let intercepts: [Double]
  /// How the fit went.
  public let report: Report

  init(encoder: DenseEncoder, targetNames: [String], coefficients: [[Double]], intercepts: [Double], report: Report) {
    self.encoder = encoder
    self.targetNames = targetNames
    self.coefficients = coefficients
    self.intercepts = intercepts
    self.report = report
  }

  /// The features that it was fitted on.
  public var schema: FeatureSchema { encoder.schema }

  /// What each column adds to the predictions of the output at `output`, in the order of the features.
  public func coefficients(output: Int) -> [Coefficient] {
    zip(zip(encoder.columnNames, encoder.columnScales), coefficients[output]).map { column, value in
      Coefficient(column: column.0, perDeviation: value, perUnit: limited(value / column.1))
    }
  }

  /// The predictions for each row of `features`: one array an output. What would be beyond the range of numbers is the last in range.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let table = try schema.aligned(features)
    // In blocks, so that many columns of many rows need not be in memory at once.
    let length = max(1024, 32_000_000 / max(1, encoder.columnCount))
    if table.rowCount <= length { return predictions(try encoder.encode(table), threads: threads) }
    var results = [[Double]](repeating: [], count: targetNames.count)
    for start in stride(from: 0, to: table.rowCount, by: length) {
      let block = table.selecting(rows: Array(start..<min(start + length, table.rowCount)))
      let part = predictions(try encoder.encode(block), threads: threads)
      for output in results.indices { results[output] += part[output] }
    }
    return results
  }

  private func predictions(_ matrix: Matrix, threads: Int) -> [[Double]] {
    var results = linearPredictions(matrix, coefficients: coefficients, intercepts: intercepts, threads: threads)
    for output in results.indices {
      for row in results[output].indices where !results[output][row].isFinite {
        // Small enough that no sum overflows, and a power of two, so that nothing else changes.
        let unit = 0x1p-100
        let sum = zip(matrix.row(row), coefficients[output]).reduce(intercepts[output] * unit) { $0 + Double($1.0) * ($1.1 * unit) }
        results[output][row] = limited(sum / unit)
      }
    }
    return results
  }

  /// Adds the encoder and sections `targets`, `coefficients` (outputs × columns), `intercepts` and `report`.
  public func write(to file: inout ModelWriter) {
    encoder.write(to: &file)
    file.add("targets", json: targetNames)
    file.add("coefficients", coefficients.flatMap { $0 })
    file.add("intercepts", intercepts)
    file.add("report", json: report)
  }

  /// Reads a model; throws when something lacks or does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    encoder = try DenseEncoder(from: file)
    targetNames = try file.json("targets")
    intercepts = try file.numbers("intercepts")
    report = try file.json("report")
    let numbers = try file.numbers("coefficients", Double.self)
    let columnCount = encoder.columnCount
    guard !targetNames.isEmpty else { throw file.fault("it has no output") }
    guard intercepts.count == targetNames.count else {
      throw file.fault("\(counted(intercepts.count, "intercept")) for \(counted(targetNames.count, "output"))")
    }
    guard numbers.count == targetNames.count * columnCount else {
      throw file.fault(
        "\(counted(numbers.count, "coefficient")) for \(counted(targetNames.count, "output")) of \(counted(columnCount, "column"))")
    }
    guard numbers.allSatisfy(\.isFinite), intercepts.allSatisfy(\.isFinite) else { throw file.fault("a coefficient is no number") }
    guard report.fits(outputs: targetNames.count, columns: columnCount) else { throw file.fault("the report of the fit does not fit it") }
    coefficients = targetNames.indices.map { Array(numbers[$0 * columnCount..<($0 + 1) * columnCount]) }
  }
}
