import Synchronization
public import Tabular

/// All estimators by name: what scripts and settings choose from.
public enum Estimators {
  /// The estimators, in the order in which they are explained.
  public static let all: [any Estimator.Type] = [
    KNNRegressor.self, RidgeRegressor.self, RidgeCVRegressor.self, ElasticNetRegressor.self, ForestRegressor.self, BoostingRegressor.self,
    MLPRegressor.self, StackingRegressor.self, PipelineRegressor.self,
  ]

  private static let models: [any Model.Type] = [
    KNNModel.self, LinearModel.self, ForestModel.self, BoostingModel.self, MLPModel.self, StackedModel.self, PipelineModel.self,
  ]

  /// What other targets have added.
  private static let added = Mutex<(estimators: [any Estimator.Type], models: [any Model.Type])>(([], []))

  /// Makes an estimator of another target known by its name, and its models by their kind: inside of stacks and pipelines, and in files. To add
  /// it again does nothing.
  public static func add<Added: Estimator>(_ type: Added.Type) {
    added.withLock { added in
      if added.estimators.contains(where: { $0 == type }) { return }
      let isNew = !(all + added.estimators).contains { $0.name == type.name }
      precondition(isNew, "two estimators are called '\(type.name)'")
      added.estimators.append(type)
      added.models.append(Added.Fitted.self)
    }
  }

  private static var known: [any Estimator.Type] { all + added.withLock { $0.estimators } }

  /// Makes the estimator called `name`; parameters that are not given have their defaults.
  public static func make(_ name: String, _ values: [String: PlainValue] = [:]) throws(LearningError) -> any Estimator {
    let known = known
    guard let type = known.first(where: { $0.name == name }) else {
      if Transformers.all.contains(where: { $0.name == name }) {
        throw .parameter("an estimator is wanted, '\(name)' is a transformer: it belongs before one in a pipeline")
      }
      throw .parameter("unknown estimator '\(name)'" + suggestion(for: name, in: known.map { $0.name }))
    }
    return try type.init(values)
  }

  /// Reads a model of any kind that was added to a file under `name`.
  public static func model(_ name: String, in file: ModelReader) throws(LearningError) -> any Model {
    let (kind, part) = try file.model(name)
    guard let type = (models + added.withLock { $0.models }).first(where: { $0.kind == kind }) else {
      throw file.fault("it has a model of kind '\(kind)', which this Lathe does not know")
    }
    return try type.init(from: part)
  }

  /// The bytes of a file with `model`, for ``model(from:)``.
  public static func bytes(of model: some Model) -> [UInt8] {
    var writer = ModelWriter()
    writer.add("model", model: model)
    return writer.bytes()
  }

  /// Reads the model of a file that ``bytes(of:)`` made.
  public static func model(from file: ModelReader) throws(LearningError) -> any Model { try model("model", in: file) }
}

/// An estimator, or a transformer, by its name and the parameters that are not at their defaults: as a value that can be written down.
public struct EstimatorChoice: Hashable, Sendable {
  /// Its name.
  public var name: String
  /// Its parameters.
  public var values: [String: PlainValue]

  /// Makes a choice.
  public init(_ name: String, _ values: [String: PlainValue] = [:]) {
    self.name = name
    self.values = values
  }

  /// The estimator.
  public func make() throws(LearningError) -> any Estimator { try Estimators.make(name, values) }

  /// The transformer of that name.
  public func makeTransformer() throws(LearningError) -> any Transformer { try Transformers.make(name, values) }

  /// Reads `"knn"`, or `{ name = "knn", … }` with its parameters.
  init?(_ plain: PlainValue) {
    if let name = plain.text {
      self.init(name)
      return
    }
    guard case .map(var fields) = plain, let name = fields.removeValue(forKey: "name")?.text else { return nil }
    self.init(name, fields)
  }

  var plain: PlainValue { values.isEmpty ? .text(name) : .map(values.merging(["name": .text(name)]) { $1 }) }
}

extension Parameter {
  /// An estimator: its name, or a table with `name` and its parameters.
  static func estimator(_ name: String, _ path: any WritableKeyPath<Owner, EstimatorChoice> & Sendable, _ doc: String) -> Self {
    Self(
      name: name, doc: doc, expected: "an estimator's name, or a table with 'name' and its parameters", get: { $0[keyPath: path].plain },
      read: { (owner, value) throws(LearningError) in
        guard let choice = EstimatorChoice(value) else { return false }
        _ = try choice.make()
        owner[keyPath: path] = choice
        return true
      })
  }

  /// Transformers, any number of them.
  static func transformers(_ name: String, _ path: any WritableKeyPath<Owner, [EstimatorChoice]> & Sendable, _ doc: String) -> Self {
    Self(
      name: name, doc: doc, expected: "a list of 0…100 transformers, each a name or a table with 'name' and its parameters",
      get: { .list($0[keyPath: path].map(\.plain)) },
      read: { (owner, value) throws(LearningError) in
        guard let choices = choices(value, 0...100) else { return false }
        for choice in choices { _ = try choice.makeTransformer() }
        owner[keyPath: path] = choices
        return true
      })
  }

  /// The entries of a list; an empty table is one without.
  private static func choices(_ value: PlainValue, _ count: ClosedRange<Int>) -> [EstimatorChoice]? {
    if value == .map([:]), count.contains(0) { return [] }
    guard case .list(let entries) = value, count.contains(entries.count) else { return nil }
    let choices = entries.compactMap { EstimatorChoice($0) }
    return choices.count == entries.count ? choices : nil
  }

  /// Estimators, at least one.
  static func estimators(_ name: String, _ path: any WritableKeyPath<Owner, [EstimatorChoice]> & Sendable, _ doc: String) -> Self {
    Self(
      name: name, doc: doc, expected: "a list of 1…100 estimators, each a name or a table with 'name' and its parameters",
      get: { .list($0[keyPath: path].map(\.plain)) },
      read: { (owner, value) throws(LearningError) in
        guard let choices = choices(value, 1...100) else { return false }
        for choice in choices { _ = try choice.make() }
        owner[keyPath: path] = choices
        return true
      })
  }
}
