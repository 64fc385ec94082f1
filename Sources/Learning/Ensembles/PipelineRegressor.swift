import Tabular

/// Prepares features with transformers, one after the other, and learns from what comes out: one estimator, so that what preparing learns from
/// is never more than what a fold may know.
public struct PipelineRegressor: Estimator {
  /// `pipeline`.
  public static let name = "pipeline"
  /// What it does.
  public static let summary = """
    Prepares features with transformers, one after the other, and learns from what comes out. In cross-validation the transformers are \
    fitted on the rows to learn from alone. In Lua also as a list: `learn.pipeline{ learn.one_hot(), learn.standardise(), learn.knn() }`.
    """
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .transformers("steps", \.steps, "the transformers, in order"),
    .estimator("estimator", \.estimator, "the estimator that learns from what the last of them gives"),
  ]
  private(set) var steps: [EstimatorChoice] = []
  private(set) var estimator = EstimatorChoice("ridge")

  /// Makes one with the defaults.
  public init() {}

  /// Makes one.
  public init(steps: [EstimatorChoice], estimator: EstimatorChoice) throws(LearningError) {
    (self.steps, self.estimator) = (steps, estimator)
    try check()
  }

  /// Fits each transformer on what the one before it gives, and the estimator on what the last gives.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> PipelineModel {
    try checkUsable(data)
    var prepared = data
    var fitted: [FittedTransformer] = []
    for (number, step) in steps.enumerated() {
      try context.checkCancellation()
      let (transformer, features) = try step.makeTransformer().fitTransform(prepared, in: context.part("step \(number)").withoutProgress)
      fitted.append(transformer)
      prepared = try Dataset(
        features: features, targets: data.targets, targetNames: data.targetNames, weights: data.weights, groups: data.groups,
        times: data.times)
    }
    let model = try estimator.make().fitted(prepared, in: context.part("estimator", from: 0.05, to: 1))
    return PipelineModel(schema: data.features.schema, steps: fitted, model: model)
  }
}

/// Fitted transformers, and the model of what they give.
public struct PipelineModel: Model {
  /// `pipeline`.
  public static let kind = "pipeline"
  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// Names of its outputs.
  public var targetNames: [String] { model.targetNames }
  /// The transformers, in order.
  public let steps: [FittedTransformer]
  /// What learnt from the features that they give.
  public let model: any Model

  init(schema: FeatureSchema, steps: [FittedTransformer], model: any Model) {
    self.schema = schema
    self.steps = steps
    self.model = model
  }

  /// The predictions for each row of `features`.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    var table = try schema.aligned(features)
    for step in steps { table = try step.transform(table) }
    return try model.predict(table, threads: threads)
  }

  /// Adds what ``init(from:)`` reads.
  public func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("steps", [Int64(steps.count)])
    for (number, step) in steps.enumerated() { file.add("step \(number)") { step.write(to: &$0) } }
    file.add("last", model: model)
  }

  /// Reads a model; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    schema = try file.json("schema")
    guard let count = try file.numbers("steps", Int64.self).first, (0...1000).contains(count) else {
      throw file.fault("its number of steps is none")
    }
    var steps: [FittedTransformer] = []
    for number in 0..<Int(count) { steps.append(try FittedTransformer(from: file.part("step \(number)"))) }
    self.steps = steps
    model = try Estimators.model("last", in: file)
    do throws(LearningError) {
      // Rows without a value of anything go all the way.
      var table = try FeatureTable(
        schema.features.map { feature in
          FeatureTable.Column(feature.name, feature.levels.map { .categorical([], levels: $0) } ?? .numeric([]))
        }, rowCount: 0)
      for step in steps { table = try step.transform(table) }
      _ = try model.schema.aligned(table)
    } catch { throw file.fault("its steps do not fit together: \(error)") }
  }
}
