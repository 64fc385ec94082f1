public import Tabular

/// A way to prepare features: parameters, checked when they were set. Fitting makes another type, which changes rows of any table.
///
///     let fitted = try Standardiser().fit(training, in: context)
///     let prepared = try fitted.transform(test.features)
/// What is learnt rests on rows of a weight above 0 alone. Features that it does not change are passed on as they are.
public protocol Transformer: Parameterised, Hashable {
  /// What it does, in a sentence, for whoever chooses one.
  static var summary: String { get }
  /// Whether it learns from targets; of data for another one the targets mean nothing.
  static var needsTarget: Bool { get }

  /// Learns from `data`, which has at least one row, how rows that are not in it are changed.
  func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer

  /// Learns from `data`, and changes its rows so that a model may be fitted on them: where targets are learnt from, each row without its own.
  func fitTransform(_ data: Dataset, in context: FitContext) throws(LearningError) -> (fitted: FittedTransformer, features: FeatureTable)
}

extension Transformer {
  /// It does not.
  public static var needsTarget: Bool { false }

  /// Learns from `data`, and changes its rows as any others.
  public func fitTransform(
    _ data: Dataset, in context: FitContext
  ) throws(LearningError) -> (fitted: FittedTransformer, features: FeatureTable) {
    let fitted = try fit(data, in: context)
    return (fitted, try fitted.transform(data.features))
  }

  /// Refuses data that nothing can be learnt from.
  func checkUsable(_ data: Dataset) throws(LearningError) {
    guard data.rowCount > 0 else { throw .data("\(Self.name) cannot be fitted on no rows") }
  }

  /// The features called `names`, which must be of numbers, or of levels; without names all that are. A column without any value is of
  /// either kind.
  func chosen(_ table: FeatureTable, _ names: [String]?, levels wanted: Bool) throws(LearningError) -> [FeatureTable.Column] {
    guard let names else { return table.columns.filter { $0.hasLevels == wanted } }
    var chosen: [FeatureTable.Column] = []
    for name in names {
      guard let column = table.columns.first(where: { $0.name == name }) else {
        throw .data("there is no feature '\(name)' for \(Self.name)" + suggestion(for: name, in: table.columns.map(\.name)))
      }
      switch column.values {
      case .numeric(let numbers) where wanted:
        guard numbers.allSatisfy(\.isNaN) else { throw .data("\(Self.name) wants features of levels, '\(name)' has numbers") }
        chosen.append(FeatureTable.Column(name, .categorical(numbers.map { _ in -1 }, levels: [])))
      case .categorical(let codes, _) where !wanted:
        guard codes.allSatisfy({ $0 < 0 }) else { throw .data("\(Self.name) wants features of numbers, '\(name)' has levels") }
        chosen.append(FeatureTable.Column(name, .numeric(codes.map { _ in .nan })))
      default: chosen.append(column)
      }
    }
    return chosen
  }
}

extension FeatureTable.Column {
  /// Whether its values are levels.
  var hasLevels: Bool { if case .categorical = values { true } else { false } }
}

/// Rows of a weight above 0 with their shares.
struct WeighedRows {
  let rows: [Int]
  let shares: [Double]

  init(_ data: Dataset) {
    // Relative to the greatest, so that no sum of weights overflows; by a power of two, so that equal sums stay equal.
    let unit = powerOfTwo(near: data.weights?.max() ?? 1)
    rows = data.weights.map { weights in weights.indices.filter { weights[$0] > 0 } } ?? Array(0..<data.rowCount)
    shares = rows.map { (data.weights?[$0] ?? 1) * unit }
  }
}

/// All transformers by name: what scripts and settings choose from.
public enum Transformers {
  /// The transformers, in the order in which they are explained.
  public static let all: [any Transformer.Type] = [
    OneHotEncoder.self, OrdinalEncoder.self, TargetEncoder.self, Standardiser.self, FeatureWeights.self, Imputer.self,
    LogTransformer.self,
  ]

  /// Makes the transformer called `name`; parameters that are not given have their defaults.
  public static func make(_ name: String, _ values: [String: PlainValue] = [:]) throws(LearningError) -> any Transformer {
    guard let type = all.first(where: { $0.name == name }) else {
      if Estimators.all.contains(where: { $0.name == name }) {
        throw .parameter("a transformer is wanted, '\(name)' is an estimator: it comes last in a pipeline")
      }
      throw .parameter("unknown transformer '\(name)'" + suggestion(for: name, in: all.map { $0.name }))
    }
    return try type.init(values)
  }
}
