import Tabular

/// Brings numbers to mean 0 and standard deviation 1.
public struct Standardiser: Transformer {
  /// `standardise`.
  public static let name = "standardise"
  /// What it does.
  public static let summary = "Brings numbers to mean 0 and standard deviation 1; missing ones stay missing, constants become 0."
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .optionalTexts("columns", \.columns, "features of numbers to change; null: all of them")
  ]

  /// The features to change; `nil`: all that have numbers.
  public private(set) var columns: [String]?

  /// Makes one with the defaults.
  public init() {}

  /// Takes means and deviations of the finite numbers.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    let chosen = try chosen(data.features, columns, levels: false)
    let counted = WeighedRows(data)
    let changes = chosen.map { column -> FittedTransformer.Change in
      let values = counted.values(of: column).filter { $0.0.isFinite }
      guard !values.isEmpty else { return .scaled(center: 0, scale: 1) }
      let (mean, deviation) = moments(values)
      let size = values.reduce(0) { max($0, abs($1.0)) }
      // What is as small as rounding errors of the values is one of them.
      return .scaled(center: mean, scale: deviation > size * 1e-13 && deviation >= 4 * .leastNormalMagnitude ? deviation : 1)
    }
    return FittedTransformer(Self.name, inputs: try FeatureTable(chosen).schema, changes: changes)
  }
}

/// Puts values in the places of missing ones.
public struct Imputer: Transformer {
  /// What a missing value becomes.
  public enum Strategy: String, CaseIterable, Sendable {
    /// The median of the others.
    case median
    /// Their mean.
    case mean
    /// The most frequent one; the least of several.
    case mostFrequent = "most_frequent"
    /// Always the same.
    case constant
  }

  /// `impute`.
  public static let name = "impute"
  /// What it does.
  public static let summary = "Puts values in the places of missing ones: numbers as the strategy says, the most frequent level for levels."
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .optionalTexts("columns", \.columns, "features to change; null: all"),
    .choice("strategy", \.strategy, "what a missing number becomes; levels become the most frequent, but with 'constant'"),
    .number("fill_number", \.fillNumber, .within(-1e300...1e300), "what 'constant' puts for a number, as does a feature without any"),
    .text("fill_level", \.fillLevel, "what 'constant' puts for a level, as does a feature without any"),
    .flag("indicator", \.indicator, "whether a feature in which values miss gets a second one, `name missing`: 1 where it did"),
  ]

  /// The features to change; `nil`: all.
  public private(set) var columns: [String]?
  /// What a missing number becomes.
  public private(set) var strategy = Strategy.median
  /// The constants.
  public private(set) var fillNumber = 0.0, fillLevel = "missing"
  /// Whether features tell where values missed.
  public private(set) var indicator = false

  /// Makes one with the defaults.
  public init() {}

  /// Finds what misses are to become.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    for name in columns ?? [] where !data.features.columns.contains(where: { $0.name == name }) {
      throw .data("there is no feature '\(name)' for \(Self.name)" + suggestion(for: name, in: data.features.columns.map(\.name)))
    }
    let chosen = data.features.columns.filter { columns?.contains($0.name) ?? true }
    let counted = WeighedRows(data)
    let changes = chosen.map { column -> FittedTransformer.Change in
      switch column.values {
      case .numeric:
        let values = counted.values(of: column)
        let misses = indicator && values.contains { $0.0.isNaN } ? column.name + " missing" : nil
        return .filled(number(for: values.filter { $0.0.isFinite }), indicator: misses)
      case .categorical(let codes, let levels):
        var weights = Array(repeating: 0.0, count: levels.count)
        var misses: String?
        for (row, share) in zip(counted.rows, counted.shares) {
          if codes[row] >= 0 { weights[Int(codes[row])] += share } else if indicator { misses = column.name + " missing" }
        }
        let most = levels.indices.min { (-weights[$0], levels[$0]) < (-weights[$1], levels[$1]) }
        let level = most.flatMap { weights[$0] > 0 && strategy != .constant ? levels[$0] : nil }
        return .filledLevel(level ?? fillLevel, indicator: misses)
      }
    }
    return FittedTransformer(Self.name, inputs: try FeatureTable(chosen).schema, changes: changes)
  }

  private func number(for values: [(Double, Double)]) -> Double {
    guard !values.isEmpty else { return fillNumber }
    switch strategy {
    case .median: return weightedMedian(values)
    case .mean: return moments(values).mean
    case .constant: return fillNumber
    case .mostFrequent:
      var weights: [Double: Double] = [:]
      for (value, share) in values { weights[value, default: 0] += share }
      return weights.min { (-$0.value, $0.key) < (-$1.value, $1.key) }?.key ?? fillNumber
    }
  }
}

/// Takes logarithms of numbers.
public struct LogTransformer: Transformer {
  /// `log`.
  public static let name = "log"
  /// What it does.
  public static let summary = "Takes the natural logarithm of numbers; missing where there is none."
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .optionalTexts("columns", \.columns, "features of numbers to change; null: all of them"),
    .number("offset", \.offset, .atLeast(0), "what is added first, such as 1 for counts"),
  ]

  /// The features to change; `nil`: all that have numbers.
  public private(set) var columns: [String]?
  /// What is added first.
  public private(set) var offset = 0.0

  /// Makes one with the defaults.
  public init() {}

  /// Takes down what is to be changed.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    let chosen = try chosen(data.features, columns, levels: false)
    return FittedTransformer(
      Self.name, inputs: try FeatureTable(chosen).schema, changes: chosen.map { _ in .logarithm(offset: offset) })
  }
}

extension WeighedRows {
  /// The numbers of the rows with their shares.
  fileprivate func values(of column: FeatureTable.Column) -> [(Double, Double)] {
    guard case .numeric(let numbers) = column.values else { preconditionFailure("a feature of numbers was chosen") }
    return zip(rows, shares).map { (numbers[$0], $1) }
  }
}
