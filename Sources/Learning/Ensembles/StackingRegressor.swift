import Tabular

/// Learns from the predictions of other estimators, each made for rows that it had not seen. D. Wolpert, "Stacked generalization", 1992.
public struct StackingRegressor: Estimator {
  /// `stacking`.
  public static let name = "stacking"
  /// What it does.
  public static let summary = "Learns from the predictions of other estimators, each made for rows that it had not seen."
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .estimators("bases", \.bases, "the estimators whose predictions are learnt from"),
    .estimator("final", \.final, "the estimator that learns from them"),
    .integer("folds", \.folds, 2...100, "folds in which the bases predict rows that they have not seen; rows of a group stay together"),
    .flag("passthrough", \.passthrough, "whether the final estimator sees the features too"),
  ]
  private(set) var bases = [EstimatorChoice("knn"), EstimatorChoice("forest"), EstimatorChoice("mlp")]
  private(set) var final = EstimatorChoice("ridge")
  private(set) var folds = 3
  private(set) var passthrough = false

  /// Makes one with the defaults.
  public init() {}

  /// Makes one.
  public init(
    bases: [EstimatorChoice], final: EstimatorChoice = EstimatorChoice("ridge"), folds: Int = 3, passthrough: Bool = false
  ) throws(LearningError) {
    (self.bases, self.final, self.folds, self.passthrough) = (bases, final, folds, passthrough)
    try check()
  }

  /// Fits each base on each fold, the final estimator on their predictions, and each base again on all rows.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> StackedModel {
    try checkUsable(data)
    var estimators: [any Estimator] = []
    for base in bases { estimators.append(try base.make()) }
    let finalEstimator = try final.make()
    // Without them no fold can be without weight.
    let data = try data.withoutWeightlessRows()
    let split: Split = data.groups == nil ? .kFold(folds) : .grouped(folds)
    let units = data.groups.map { Set($0).count } ?? data.rowCount
    guard units >= folds else {
      throw .data("stacking needs \(folds) \(data.groups == nil ? "rows" : "groups") of a weight above 0 for its 'folds', got \(units)")
    }
    let made = Set((0..<bases.count * data.targets.count).map(StackedModel.metaName))
    if passthrough, let taken = data.features.columns.first(where: { made.contains($0.name) }) {
      throw .data(
        "feature '\(taken.name)' has the name that stacking gives to what a base predicts: rename it, or leave 'passthrough' out")
    }
    let parts = try split.folds(of: data, seed: context.part("stacking folds").seed)
    var sets: [(training: Dataset, test: FeatureTable)] = []
    for part in parts {
      try context.checkCancellation()
      sets.append((try data.selecting(rows: part.training), data.features.selecting(rows: part.test)))
    }

    // Fold by fold and base by base, then every base on all rows: one queue, so that no thread waits for the slowest base of a fold.
    let tasks = estimators.count * (parts.count + 1)
    let threadsEach = max(1, context.threads / tasks)
    let shares = ProgressShares(tasks, end: 0.95)
    let fitted = try inParallel(tasks, threads: context.threads) { [sets, estimators] task throws(LearningError) -> Part in
      try context.checkCancellation()
      // The fits on all rows are the longest, so they come first.
      let (fold, base) = (task / estimators.count - 1, task % estimators.count)
      let part = context.part("base \(base), fold \(fold)", threads: threadsEach, number: task, of: shares)
      let result: Part
      if fold < 0 {
        result = Part(model: try estimators[base].fitted(data, in: part))
      } else {
        let model = try estimators[base].fitted(sets[fold].training, in: part)
        result = Part(predictions: try model.predict(sets[fold].test, in: part))
      }
      part.progress(1)
      return result
    }
    var meta = Array(repeating: Array(repeating: 0.0, count: data.rowCount), count: estimators.count * data.targets.count)
    for (fold, part) in parts.enumerated() {
      for base in estimators.indices {
        for output in data.targets.indices {
          let predictions = fitted[(fold + 1) * estimators.count + base].predictions[output]
          for (row, value) in zip(part.test, predictions) { meta[base * data.targets.count + output][row] = value }
        }
      }
    }
    let table = try StackedModel.metaTable(meta, features: passthrough ? data.features : nil)
    let learnt = try Dataset(
      features: table, targets: data.targets, targetNames: data.targetNames, weights: data.weights, groups: data.groups, times: data.times)
    let last = try finalEstimator.fitted(learnt, in: context.part("final", from: 0.95))
    context.progress(1)
    return StackedModel(
      schema: data.features.schema, targetNames: data.targetNames, bases: fitted.prefix(estimators.count).compactMap(\.model), final: last,
      passthrough: passthrough)
  }

  private struct Part: Sendable {
    var model: (any Model)?
    var predictions: [[Double]] = []
  }
}

/// Base models, and the one that learnt from their predictions.
public struct StackedModel: Model {
  /// `stacking`.
  public static let kind = "stacking"
  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// Names of its outputs.
  public let targetNames: [String]
  /// The base models.
  public let bases: [any Model]
  /// The model of their predictions.
  public let final: any Model
  private let passthrough: Bool

  init(schema: FeatureSchema, targetNames: [String], bases: [any Model], final: any Model, passthrough: Bool) {
    self.schema = schema
    self.targetNames = targetNames
    self.bases = bases
    self.final = final
    self.passthrough = passthrough
  }

  /// What the slowest of its models can do.
  public var rowsBetweenChecks: Int { bases.reduce(final.rowsBetweenChecks) { min($0, $1.rowsBetweenChecks) } }

  /// The name of a base's predictions of one output, which are numbered from 0 base by base.
  static func metaName(_ place: Int) -> String { "base \(place + 1)" }

  /// The predictions of the bases as features `base 1`, …, output by output, then the features themselves.
  static func metaTable(_ predictions: [[Double]], features: FeatureTable?) throws(LearningError) -> FeatureTable {
    try FeatureTable(
      predictions.enumerated().map { FeatureTable.Column(metaName($0), .numeric($1)) } + (features?.columns ?? []),
      rowCount: predictions.first?.count ?? features?.rowCount)
  }

  /// The predictions for each row of `features`.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let table = try schema.aligned(features)
    var meta: [[Double]] = []
    for base in bases { meta += try base.predict(table, threads: threads) }
    return try final.predict(try Self.metaTable(meta, features: passthrough ? table : nil), threads: threads)
  }

  /// Adds what ``init(from:)`` reads.
  public func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("targets", json: targetNames)
    file.add("shape", [Int64(bases.count), passthrough ? 1 : 0])
    for (number, base) in bases.enumerated() { file.add("base \(number)", model: base) }
    file.add("final", model: final)
  }

  /// Reads a model; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    schema = try file.json("schema")
    targetNames = try file.json("targets")
    let shape = try file.numbers("shape", Int64.self)
    guard shape.count == 2, (1...1000).contains(shape[0]) else { throw file.fault("its number of bases is none") }
    var bases: [any Model] = []
    for number in 0..<Int(shape[0]) { bases.append(try Estimators.model("base \(number)", in: file)) }
    self.bases = bases
    final = try Estimators.model("final", in: file)
    passthrough = shape[1] == 1
    let known = Set(schema.features.map(\.name))
    let outputs = targetNames.count
    let meta = (0..<bases.count * outputs).map(Self.metaName)
    guard outputs > 0, bases.allSatisfy({ $0.targetNames.count == outputs && known.isSuperset(of: $0.schema.features.map(\.name)) }),
      final.targetNames.count == outputs,
      Set(meta + (passthrough ? schema.features.map(\.name) : [])).isSuperset(of: final.schema.features.map(\.name))
    else { throw file.fault("its parts do not fit together") }
  }
}
