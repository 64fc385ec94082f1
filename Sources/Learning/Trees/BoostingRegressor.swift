import Tabular

#if canImport(Glibc)
  import Glibc
#endif

/// Gradient boosting: trees that each correct the sum of those before.
///
///     let boosting = try BoostingRegressor(treeCount: 500, loss: .absolute, validationShare: 0.1)
///     let model = try boosting.fit(dataset, in: FitContext(seed: 42))
/// J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001. Trees grow the leaf that
/// gains most first (H. Shi, "Best-first decision tree learning", 2007) on histograms of at most 255 bins a feature; missing values are
/// a bin whose side each split chooses; levels are put in the order of their mean gradients and split as numbers are, beyond 254 of them
/// the rarest count as one. Each output has trees of its own.
/// - Complexity: O(trees × log leaves × rows × features), about.
public struct BoostingRegressor: Estimator {
  /// What an error costs.
  public enum Loss: String, CaseIterable, Sendable {
    /// Its square: predicts means.
    case squared
    /// Its size: predicts medians.
    case absolute
    /// Its square up to a bound, beyond it only its size: means that gross outliers do not move.
    case huber
  }

  /// What it is called.
  public static let name = "boosting"
  /// What it is, in a sentence.
  public static let summary = "Small trees, each of what the ones before it missed."
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .integer("tree_count", \.treeCount, 1...100_000, "trees at most; early stopping may need fewer"),
    .integer("max_leaves", \.maxLeaves, 2...100_000, "leaves of a tree"),
    .optionalInteger("max_depth", \.maxDepth, 1...10_000, "splits between the root and a leaf; null: no limit but the leaves'"),
    .number("learning_rate", \.learningRate, .aboveUpTo(0, 1), "how much of its correction a tree makes"),
    .integer("min_samples_leaf", \.minSamplesLeaf, 1...1_000_000_000, "rows that a leaf has at least"),
    .number("l2", \.l2, .atLeast(0), "rows of weight 1 that a leaf is blended with which need no correction"),
    .choice("loss", \.loss, "what an error costs"),
    .number("huber_share", \.huberShare, .within(0.01...1), "errors whose square counts, as a share of all, the smallest first"),
    .number("feature_share", \.featureShare, .aboveUpTo(0, 1), "features looked at for a tree, as a share of all"),
    .number("sample_share", \.sampleShare, .aboveUpTo(0, 1), "rows drawn for a tree, as a share of all"),
    .number(
      "category_smoothing", \.categorySmoothing, .atLeast(0), "rows of weight 1 that a level is blended with before levels are compared"),
    .number(
      "validation_share", \.validationShare, .within(0...0.9), "rows held out to tell when to stop, as a share of all; 0: never stops"),
    .integer("patience", \.patience, 1...100_000, "trees without a gain on the rows held out before it stops"),
    .flag("log_target", \.logTarget, "whether the logarithms of the targets, which must be above 0, are learnt"),
  ]

  /// Trees at most.
  public private(set) var treeCount = 100
  /// Leaves of a tree.
  public private(set) var maxLeaves = 31
  /// Splits between the root and a leaf at most.
  public private(set) var maxDepth: Int?
  /// How much of its correction a tree makes.
  public private(set) var learningRate = 0.1
  /// Rows that a leaf has at least.
  public private(set) var minSamplesLeaf = 20
  /// Rows that a leaf is blended with which need no correction.
  public private(set) var l2 = 0.0
  /// What an error costs.
  public private(set) var loss = Loss.squared
  /// Errors whose square counts under the Huber loss, as a share of all.
  public private(set) var huberShare = 0.9
  /// Features looked at for a tree, as a share of all.
  public private(set) var featureShare = 1.0
  /// Rows drawn for a tree, as a share of all.
  public private(set) var sampleShare = 1.0
  /// Rows that a level is blended with before levels are compared.
  public private(set) var categorySmoothing = 10.0
  /// Rows held out to tell when to stop, as a share of all.
  public private(set) var validationShare = 0.0
  /// Trees without a gain on the rows held out before it stops.
  public private(set) var patience = 10
  /// Whether the logarithms of the targets are learnt.
  public private(set) var logTarget = false

  /// Makes one with the defaults.
  public init() {}

  /// Makes one; throws when a parameter is out of its bounds.
  public init(
    treeCount: Int = 100, maxLeaves: Int = 31, maxDepth: Int? = nil, learningRate: Double = 0.1, minSamplesLeaf: Int = 20, l2: Double = 0,
    loss: Loss = .squared, huberShare: Double = 0.9, featureShare: Double = 1, sampleShare: Double = 1, categorySmoothing: Double = 10,
    validationShare: Double = 0, patience: Int = 10, logTarget: Bool = false
  ) throws(LearningError) {
    self.treeCount = treeCount
    self.maxLeaves = maxLeaves
    self.maxDepth = maxDepth
    self.learningRate = learningRate
    self.minSamplesLeaf = minSamplesLeaf
    self.l2 = l2
    self.loss = loss
    self.huberShare = huberShare
    self.featureShare = featureShare
    self.sampleShare = sampleShare
    self.categorySmoothing = categorySmoothing
    self.validationShare = validationShare
    self.patience = patience
    self.logTarget = logTarget
    try check()
  }

  /// Learns from `data`.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> BoostingModel {
    try checkUsable(data)
    let counted = try CountedRows(data)
    let table = counted.data.features
    if logTarget { try checkPositive(data) }
    let targets = logTarget ? counted.data.targets.map { $0.map { log($0) } } : counted.data.targets
    let split = try heldOut(of: counted.data, seed: context.seed)
    let binner = try FeatureBinner(table, weights: counted.weights, in: context)
    guard let rows = BinnedRows(table, binner: binner, threads: context.threads, isCancelled: { context.isCancelled }) else {
      throw .cancelled
    }
    context.progress(0.02)
    var outputs: [BoostingModel.Output] = []
    for (index, target) in targets.enumerated() {
      let width = 0.98 / Double(targets.count)
      let part = context.part("output \(index)", from: 0.02 + width * Double(index), to: 0.02 + width * Double(index + 1))
      let booster = Booster(
        settings: self, rows: rows, binner: binner, target: ScaledNumbers(target), weights: counted.weights,
        l2: min(l2 * counted.unit, 1e150),
        smoothing: min(categorySmoothing * counted.unit, 1e150), split: split, context: part)
      outputs.append(try booster.output())
    }
    return BoostingModel(
      schema: table.schema, targetNames: data.targetNames, binner: binner, outputs: outputs, isLogarithmic: logTarget)
  }

  /// Refuses targets that have no logarithm; rows of weight 0 may have any.
  private func checkPositive(_ data: Dataset) throws(LearningError) {
    for (name, target) in zip(data.targetNames, data.targets) {
      for (row, value) in target.enumerated() where value <= 0 && data.weights?[row] != 0 {
        throw .data("target '\(name)' is \(value) at row \(row + 1); 'log_target' of boosting needs targets > 0")
      }
    }
  }

  /// The rows to learn from and those held out, ascending; what belongs to one group is on one side.
  private func heldOut(of data: Dataset, seed: UInt64) throws(LearningError) -> (training: [UInt32], validation: [UInt32]) {
    let all = (0..<UInt32(data.rowCount)).map { $0 }
    guard validationShare > 0 else { return (all, []) }
    var generator = SeededGenerator(seed: seed, stream: "validation")
    let groups = data.groups ?? Array(0..<data.rowCount)
    let names = Array(Set(groups)).sorted()
    let count = min(names.count - 1, max(1, Int((validationShare * Double(names.count)).rounded())))
    guard count > 0 else {
      throw .data("'validation_share' of boosting wants 2 \(data.groups == nil ? "rows" : "groups") at least, got 1")
    }
    let chosen = Set(generator.sample(count, of: names.count).map { names[$0] })
    return (all.filter { !chosen.contains(groups[Int($0)]) }, all.filter { chosen.contains(groups[Int($0)]) })
  }
}

/// Fitted gradient boosting.
public struct BoostingModel: Model {
  /// The trees of one output.
  struct Output: Hashable, Sendable {
    /// What the trees' sum is added to.
    var base: Double
    /// The sum is of the target divided by 2 to this.
    var exponent: Int
    /// Of a logarithmic target: what e to the sum is multiplied with.
    var factor: Double
    var ensemble: TreeEnsemble
  }

  /// What kind of model it is, in files.
  public static let kind = "boosting"

  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// Names of its outputs.
  public let targetNames: [String]
  private let binner: FeatureBinner
  private let outputs: [Output]
  private let isLogarithmic: Bool
  private let prepared: [PreparedTrees]

  init(schema: FeatureSchema, targetNames: [String], binner: FeatureBinner, outputs: [Output], isLogarithmic: Bool) {
    self.schema = schema
    self.targetNames = targetNames
    self.binner = binner
    self.outputs = outputs
    self.isLogarithmic = isLogarithmic
    prepared = outputs.map { PreparedTrees($0.ensemble) }
  }

  /// Number of trees of each output.
  public var treeCounts: [Int] { outputs.map(\.ensemble.treeCount) }

  /// What the splits by each feature gained, as a share of all that was gained, in the order of the schema, the mean over the outputs; all
  /// 0 when nothing was gained.
  public var featureGains: [Double] {
    var sums = [Double](repeating: 0, count: schema.features.count)
    for output in outputs { for (feature, share) in shares(of: output.ensemble.gains).enumerated() { sums[feature] += share } }
    return shares(of: sums)
  }

  /// The predictions for each row of `features`, an array an output.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let table = try schema.aligned(features)
    let sums = sums(of: prepared, outputCount: 1, over: table, binner: binner, threads: threads)
    return zip(outputs, sums).map { output, sums in
      sums.map { sum in
        let value = ScaledNumbers.restored(output.base + sum, exponent: output.exponent)
        return isLogarithmic ? min(exp(value) * output.factor, .greatestFiniteMagnitude) : value
      }
    }
  }

  /// Adds all that reading it back needs.
  public func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("target_names", json: targetNames)
    file.add("is_logarithmic", json: [isLogarithmic])
    binner.write(to: &file)
    file.add("bases", outputs.map(\.base))
    file.add("exponents", outputs.map { Int32($0.exponent) })
    file.add("factors", outputs.map(\.factor))
    for (index, output) in outputs.enumerated() { output.ensemble.write(to: &file, prefix: "output \(index).") }
  }

  /// Reads a model; throws when its parts do not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    schema = try readSchema(file)
    targetNames = try file.json("target_names")
    guard let flag = try file.json("is_logarithmic", [Bool].self).first else { throw file.fault("it lacks its kind of target") }
    isLogarithmic = flag
    binner = try FeatureBinner(from: file, schema: schema)
    let bases = try file.numbers("bases", Double.self)
    let exponents = try file.numbers("exponents", Int32.self).map(Int.init)
    let factors = try file.numbers("factors", Double.self)
    guard !targetNames.isEmpty, bases.count == targetNames.count, exponents.count == bases.count, factors.count == bases.count,
      bases.allSatisfy(\.isFinite), factors.allSatisfy({ $0 > 0 && $0.isFinite }),
      exponents.allSatisfy(ScaledNumbers.exponents.contains)
    else { throw file.fault("its outputs do not fit each other") }
    var outputs: [Output] = []
    for index in bases.indices {
      outputs.append(
        Output(
          base: bases[index], exponent: exponents[index], factor: factors[index],
          ensemble: try TreeEnsemble(from: file, prefix: "output \(index).", outputCount: 1, binner: binner)))
    }
    self.outputs = outputs
    prepared = outputs.map { PreparedTrees($0.ensemble) }
  }
}
