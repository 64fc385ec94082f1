import Tabular

/// A random forest: the mean of trees, each grown on rows drawn anew, each split among features drawn anew.
///
///     let forest = try ForestRegressor(treeCount: 200, minSamplesLeaf: 5)
///     let model = try forest.fit(dataset, in: FitContext(seed: 42))
/// L. Breiman, "Random forests", Machine Learning 45, 2001. Splits are between at most 255 bins of a feature; missing values are a bin
/// whose side each split chooses; levels are put in the order of their mean targets and split as numbers are (W. Fisher, "On grouping
/// for maximum homogeneity", 1958), beyond 254 of them the rarest count as one. Several outputs share the trees: what a split gains is
/// the sum over the outputs, each in units of its own spread.
/// - Complexity: O(trees × depth × rows × features) at most; each tree needs memory for the rows' order and a few histograms.
public struct ForestRegressor: Estimator {
  /// What a leaf predicts.
  public enum Leaf: String, CaseIterable, Sendable {
    /// The mean of its rows.
    case mean
    /// The median of its rows, which gross outliers do not move.
    case median
  }

  /// What it is called.
  public static let name = "forest"
  /// What it is, in a sentence.
  public static let summary = "Many deep trees, each on other rows and features, averaged."
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .integer("tree_count", \.treeCount, 1...100_000, "trees; more are steadier and slower"),
    .optionalInteger("max_depth", \.maxDepth, 1...10_000, "splits between the root and a leaf; null: as many as there are"),
    .optionalInteger("max_leaves", \.maxLeaves, 2...1_000_000, "leaves of a tree, the most gainful splits first; null: no limit"),
    .integer("min_samples_leaf", \.minSamplesLeaf, 1...1_000_000_000, "rows that a leaf has at least, one drawn twice counted twice"),
    .flag("bootstrap", \.bootstrap, "whether a tree's rows are drawn with replacement"),
    .number("sample_share", \.sampleShare, .aboveUpTo(0, 1), "rows drawn for a tree, as a share of all"),
    .number("feature_share", \.featureShare, .aboveUpTo(0, 1), "features looked at for a split, as a share of all"),
    .number(
      "category_smoothing", \.categorySmoothing, .atLeast(0),
      "rows of weight 1 and of their node's mean target that levels are blended with before they are compared"),
    .choice("leaf", \.leaf, "what a leaf predicts of its rows"),
  ]

  /// Number of trees.
  public private(set) var treeCount = 100
  /// Splits between the root and a leaf at most.
  public private(set) var maxDepth: Int?
  /// Leaves of a tree at most.
  public private(set) var maxLeaves: Int?
  /// Rows that a leaf has at least.
  public private(set) var minSamplesLeaf = 5
  /// Whether a tree's rows are drawn with replacement.
  public private(set) var bootstrap = true
  /// Rows drawn for a tree, as a share of all.
  public private(set) var sampleShare = 1.0
  /// Features looked at for a split, as a share of all.
  public private(set) var featureShare = 1.0
  /// Rows of the mean target that a level is blended with before levels are compared.
  public private(set) var categorySmoothing = 10.0
  /// What a leaf predicts of its rows.
  public private(set) var leaf = Leaf.mean

  /// Makes a forest with the defaults.
  public init() {}

  /// Makes a forest; throws when a parameter is out of its bounds.
  public init(
    treeCount: Int = 100, maxDepth: Int? = nil, maxLeaves: Int? = nil, minSamplesLeaf: Int = 5, bootstrap: Bool = true,
    sampleShare: Double = 1, featureShare: Double = 1, categorySmoothing: Double = 10, leaf: Leaf = .mean
  ) throws(LearningError) {
    self.treeCount = treeCount
    self.maxDepth = maxDepth
    self.maxLeaves = maxLeaves
    self.minSamplesLeaf = minSamplesLeaf
    self.bootstrap = bootstrap
    self.sampleShare = sampleShare
    self.featureShare = featureShare
    self.categorySmoothing = categorySmoothing
    self.leaf = leaf
    try check()
  }

  /// Learns from `data`.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> ForestModel {
    try checkUsable(data)
    let counted = try CountedRows(data)
    let table = counted.data.features
    let count = counted.data.rowCount
    let binner = try FeatureBinner(table, weights: counted.weights, in: context)
    guard let rows = BinnedRows(table, binner: binner, threads: context.threads, isCancelled: { context.isCancelled }) else {
      throw .cancelled
    }
    let drawCount = min(count, max(1, Int((sampleShare * Double(count)).rounded())))
    let coding = GradientCoding(drawCount: drawCount, outputCount: counted.data.targets.count, isWeighted: counted.weights != nil)
    let plan = ForestPlan(
      targets: counted.data.targets.map(ScaledNumbers.init), weights: counted.weights, rows: rows, binner: binner, coding: coding,
      drawCount: drawCount, weightUnit: counted.unit)
    try context.checkCancellation()
    context.progress(0.02)

    // A thread works on one tree; where there are more threads than trees, each tree gets some.
    let trees = Slots<(GrownTree, [Double])>(count: treeCount)
    let done = SharedCount()
    inParallel(treeCount, threads: context.threads) { index in
      if context.isCancelled { return }
      do throws(LearningError) {
        trees[index] = try grow(index, plan: plan, context: context)
        context.progress(0.02 + 0.98 * Double(done.increased()) / Double(treeCount))
      } catch {
        // Only cancellation throws there; it is asked for again below.
      }
    }
    let grown = trees.values()
    guard grown.count == treeCount else { throw .cancelled }
    var ensemble = TreeEnsemble(featureCount: table.columns.count, outputCount: coding.outputCount)
    guard grown.reduce(0, { $0 + $1.0.features.count }) < Int(Int32.max) else {
      throw .data("the forest has more than 2147483646 nodes; ask for fewer trees, less depth or larger leaves")
    }
    for (tree, values) in grown { ensemble.append(tree, values: values) }
    return ForestModel(
      schema: table.schema, targetNames: data.targetNames, binner: binner, ensemble: ensemble, exponents: plan.targets.map(\.exponent))
  }

  private func grow(_ index: Int, plan: ForestPlan, context: FitContext) throws(LearningError) -> (GrownTree, [Double]) {
    var generator = SeededGenerator(seed: context.seed, stream: "tree \(index)")
    let count = plan.rows.rowCount
    var copies = [UInt32](repeating: bootstrap || plan.drawCount < count ? 0 : 1, count: count)
    if bootstrap {
      for _ in 0..<plan.drawCount { copies[generator.integer(below: count)] += 1 }
    } else if plan.drawCount < count {
      for row in generator.sample(plan.drawCount, of: count) { copies[row] = 1 }
    }
    let limits = TreeLimits(
      maxDepth: maxDepth ?? .max, maxLeaves: maxLeaves, minSamplesLeaf: minSamplesLeaf, featureShare: featureShare,
      smoothing: plan.smoothing(categorySmoothing), blendsWithMean: true)
    var alone = context
    alone.threads = max(1, context.threads / treeCount)
    let grower = TreeGrower(plan.rows, binner: plan.binner, coding: plan.coding, limits: limits, context: alone)
    let rowCount = plan.fill(grower, copies: copies)
    let tree = try grower.grow(
      count: rowCount, drawCount: plan.drawCount, units: plan.units, features: plan.features, minimumGain: plan.minimumGain,
      generator: &generator)
    return (tree, plan.leafValues(of: tree, in: grower, copies: copies, leaf: leaf))
  }
}

/// A fitted forest.
public struct ForestModel: Model {
  /// What kind of model it is, in files.
  public static let kind = "forest"

  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// Names of its outputs.
  public let targetNames: [String]
  private let binner: FeatureBinner
  private let ensemble: TreeEnsemble
  private let exponents: [Int]
  private let prepared: PreparedTrees

  init(schema: FeatureSchema, targetNames: [String], binner: FeatureBinner, ensemble: TreeEnsemble, exponents: [Int]) {
    self.schema = schema
    self.targetNames = targetNames
    self.binner = binner
    self.ensemble = ensemble
    self.exponents = exponents
    prepared = PreparedTrees(ensemble)
  }

  /// Number of trees.
  public var treeCount: Int { ensemble.treeCount }

  /// What the splits by each feature gained, as a share of all that was gained, in the order of the schema; all 0 when nothing was.
  public var featureGains: [Double] { shares(of: ensemble.gains) }

  /// The predictions for each row of `features`, an array an output.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let table = try schema.aligned(features)
    let outputs = targetNames.count
    let sums = sums(of: [prepared], outputCount: outputs, over: table, binner: binner, threads: threads)[0]
    let trees = Double(ensemble.treeCount)
    return (0..<outputs).map { output in
      (0..<table.rowCount).map { ScaledNumbers.restored(sums[$0 * outputs + output] / trees, exponent: exponents[output]) }
    }
  }

  /// Adds all that reading it back needs.
  public func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("target_names", json: targetNames)
    file.add("target_exponents", exponents.map(Int32.init))
    binner.write(to: &file)
    ensemble.write(to: &file)
  }

  /// Reads a model; throws when its parts do not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    schema = try readSchema(file)
    targetNames = try file.json("target_names")
    exponents = try file.numbers("target_exponents", Int32.self).map(Int.init)
    guard !targetNames.isEmpty, exponents.count == targetNames.count, exponents.allSatisfy(ScaledNumbers.exponents.contains) else {
      throw file.fault("its outputs do not fit each other")
    }
    binner = try FeatureBinner(from: file, schema: schema)
    ensemble = try TreeEnsemble(from: file, outputCount: targetNames.count, binner: binner)
    guard ensemble.treeCount > 0 else { throw file.fault("a forest without a tree") }
    prepared = PreparedTrees(ensemble)
  }
}

/// Reads a schema whose features a table can have.
func readSchema(_ file: ModelReader) throws(LearningError) -> FeatureSchema {
  let schema = try file.json("schema", FeatureSchema.self)
  guard schema.features.count <= 65_536, Set(schema.features.map(\.name)).count == schema.features.count,
    schema.features.allSatisfy({ $0.levels.map { Set($0).count == $0.count } ?? true })
  else { throw file.fault("its features are not distinct") }
  return schema
}

/// Each number's share of their sum; all 0 when that is 0.
func shares(of gains: [Double]) -> [Double] {
  let sum = gains.reduce(0, +)
  return gains.map { sum > 0 ? $0 / sum : 0 }
}
