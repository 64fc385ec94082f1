import Glibc
public import Learning

/// The estimators that are for ``MinutesRows`` alone.
public enum MinutesEstimators {
  /// Makes them known by name to ``Estimators``, for stacks, pipelines and files.
  public static func add() {
    Estimators.add(BaselineEstimator.self)
    Estimators.add(OperationMedianEstimator.self)
  }

  /// Refuses a target that is not what these estimators tell: the logarithm of minutes over the reference. Minutes or their logarithms would
  /// make figures that look like errors of the baseline and are none.
  fileprivate static func checkTarget(of data: Dataset, for name: String) throws(LearningError) {
    guard let target = data.targets.first, data.targets.count == 1, target.count >= 20 else { return }
    for column in data.features.columns where column.name == "reference_log" {
      guard case .numeric(let references) = column.values else { return }
      func apart(_ distance: (Double, Double) -> Double) -> Double {
        let all = zip(target, references).map { abs(distance($0, $1)) }.filter { !$0.isNaN }.sorted()
        return all.isEmpty ? .infinity : all[all.count / 2]
      }
      let own = apart { value, _ in value }
      for (words, other) in [
        ("minutes", apart { value, reference in value > 0 ? log(value) - reference : .infinity }),
        ("logarithms of minutes", apart { value, reference in value - reference }),
      ] where other < own / 3 {
        throw .data("\(name) wants the logarithm of run minutes over the reference as target, got what looks like \(words)")
      }
    }
  }
}

/// The aggregation of similar items' results, as an estimator of ``MinutesRows``: what is served while nothing was trained, on the same rows
/// and with the same evidence as what is to replace it. It learns nothing: the aggregation is a feature of each row.
public struct BaselineEstimator: Estimator {
  /// `baseline`.
  public static let name = "baseline"
  /// What it does.
  public static let summary = """
    Tells what the aggregation of similar items' results estimates, which stands in each of the rows of `learn.minutes_rows`: what anything \
    learnt has to beat. The target is `(rows.run_minutes / rows.reference):log()`.
    """
  /// None.
  public static let parameters: [Parameter<Self>] = []

  /// Makes one.
  public init() {}

  /// Looks for the aggregation among the features.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> BaselineModel {
    let model = try BaselineModel(schema: data.features.schema, targetNames: data.targetNames)
    try MinutesEstimators.checkTarget(of: data, for: Self.name)
    context.progress(1)
    return model
  }
}

/// Tells the aggregation that stands in each row; where nothing was known, the reference.
public struct BaselineModel: Model {
  /// `baseline`.
  public static let kind = "baseline"
  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// Names of its outputs.
  public let targetNames: [String]

  fileprivate init(schema: FeatureSchema, targetNames: [String]) throws(LearningError) {
    guard schema.features.contains(where: { $0.name == "baseline_ratio" && $0.levels == nil }), targetNames.count == 1 else {
      throw .data("the baseline wants rows of operations, with a feature 'baseline_ratio' and one target")
    }
    self.schema = schema
    self.targetNames = targetNames
  }

  /// The predictions for each row of `features`.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    for column in try schema.aligned(features).columns where column.name == "baseline_ratio" {
      if case .numeric(let ratios) = column.values { return [ratios.map { $0.isNaN ? 0 : $0 }] }
    }
    throw .data("the baseline wants a feature 'baseline_ratio'")
  }

  /// Adds what ``init(from:)`` reads.
  public func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("targets", json: targetNames)
  }

  /// Reads a model.
  public init(from file: ModelReader) throws(LearningError) {
    try self.init(schema: file.json("schema"), targetNames: file.json("targets"))
  }
}

/// The median of an operation's minutes over the rows of the fit, whatever the item: what anybody would try first.
public struct OperationMedianEstimator: Estimator {
  /// `operation_median`.
  public static let name = "operation_median"
  /// What it does.
  public static let summary = """
    Tells the median minutes of an operation, whatever the item, for rows of `learn.minutes_rows`: what anybody would try first. \
    The target is `(rows.run_minutes / rows.reference):log()`.
    """
  /// None.
  public static let parameters: [Parameter<Self>] = []

  /// Makes one.
  public init() {}

  /// Takes the medians, of rows of a weight above 0 whose reference is known; half of the weight lies on either side.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> OperationMedianModel {
    let (jobs, levels, references) = try OperationMedianModel.parts(of: data.features)
    try MinutesEstimators.checkTarget(of: data, for: Self.name)
    guard data.rowCount > 0, data.targets.count == 1 else { throw .data("operation_median wants rows, and one target") }
    var ofJob = Array(repeating: [(value: Double, weight: Double)](), count: levels.count)
    var all: [(value: Double, weight: Double)] = []
    for row in 0..<data.rowCount {
      let (value, weight) = (data.targets[0][row] + references[row], data.weights?[row] ?? 1)
      guard value.isFinite, weight > 0 else { continue }
      all.append((value, weight))
      if jobs[row] >= 0 { ofJob[Int(jobs[row])].append((value, weight)) }
    }
    guard !all.isEmpty else { throw .data("operation_median wants a row with 'reference_log'") }
    let median = Self.median(all)
    context.progress(1)
    return OperationMedianModel(
      schema: data.features.schema, targetNames: data.targetNames,
      medians: ofJob.map { $0.isEmpty ? median : Self.median($0) } + [median])
  }

  /// The value that half of the weight lies below; between two, their middle.
  private static func median(_ values: [(value: Double, weight: Double)]) -> Double {
    let sorted = values.sorted { $0.value < $1.value }
    let half = sorted.reduce(0) { $0 + $1.weight } / 2
    var below = 0.0
    for (place, entry) in sorted.enumerated() {
      below += entry.weight
      if below > half { return entry.value }
      if below == half, place + 1 < sorted.count { return entry.value / 2 + sorted[place + 1].value / 2 }
    }
    return sorted[sorted.count - 1].value
  }
}

/// The medians of the logarithms of operations' minutes.
public struct OperationMedianModel: Model {
  /// `operation_median`.
  public static let kind = "operation_median"
  /// The features that it was fitted on.
  public let schema: FeatureSchema
  /// Names of its outputs.
  public let targetNames: [String]
  /// By level of `job`, and at the end that of all.
  private let medians: [Double]

  fileprivate init(schema: FeatureSchema, targetNames: [String], medians: [Double]) {
    self.schema = schema
    self.targetNames = targetNames
    self.medians = medians
  }

  /// Jobs, their levels, and the logarithms of the references of the rows.
  fileprivate static func parts(of table: FeatureTable) throws(LearningError) -> (jobs: [Int32], levels: [String], references: [Double]) {
    var (jobs, levels, references): ([Int32]?, [String], [Double]?) = (nil, [], nil)
    for column in table.columns {
      switch column.values {
      case .categorical(let codes, let names) where column.name == "job": (jobs, levels) = (codes, names)
      case .numeric(let numbers) where column.name == "reference_log": references = numbers
      default: continue
      }
    }
    guard let jobs, let references else {
      throw .data("operation_median wants rows of operations, with features 'job' and 'reference_log'")
    }
    return (jobs, levels, references)
  }

  /// The predictions for each row of `features`.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let (jobs, _, references) = try Self.parts(of: schema.aligned(features))
    return [
      zip(jobs, references).map { job, reference in medians[job < 0 ? medians.count - 1 : Int(job)] - (reference.isNaN ? 0 : reference) }
    ]
  }

  /// Adds what ``init(from:)`` reads.
  public func write(to file: inout ModelWriter) {
    file.add("schema", json: schema)
    file.add("targets", json: targetNames)
    file.add("medians", medians)
  }

  /// Reads a model; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    schema = try file.json("schema")
    targetNames = try file.json("targets")
    medians = try file.numbers("medians", Double.self)
    let levels = schema.features.first { $0.name == "job" }?.levels
    guard levels?.count == medians.count - 1, medians.allSatisfy(\.isFinite), targetNames.count == 1 else {
      throw file.fault("its medians do not fit its features")
    }
  }
}
