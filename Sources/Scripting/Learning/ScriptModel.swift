import DataAccess
import Learning
import LuaBridge
import Tabular

/// A model as scripts hold it.
struct ScriptModel: LuaObject {
  let model: any Model
  /// Bytes of the model, about those of its file.
  let size: Int

  /// Makes one of what was just learnt.
  init(_ model: any Model) { self.init(model, size: Estimators.bytes(of: model).count) }

  /// Makes one whose size is known.
  init(_ model: any Model, size: Int) {
    self.model = model
    self.size = size
  }

  static let luaName = "model"
  static let luaClass = LuaClass<ScriptModel>(
    "What an estimator learnt: predicts, says which features matter to it, and can be kept in a file for `learn.load`.",
    methods: [predict, importance, save],
    properties: [
      LuaProperty("kind", "What kind of model it is: `knn`.") { type(of: $0.model).kind },
      LuaProperty("features", "Names of the features that it asks for.") { $0.model.schema.features.map(\.name) },
      LuaProperty(
        "inside",
        """
        What there is to see inside, as a table: `coefficients`, `intercepts`, `alphas` and how the fit went of linear models, `gains` of trees, \
        `loss_curve` of networks, `bases` and `final` of stacks, `model` of pipelines. Empty where there is nothing to read.
        """
      ) { $0.model.inside },
      LuaProperty("outputs", "Names of what it predicts; `y` where the target had no name.") { $0.model.targetNames },
    ],
    bytes: { $0.size },
    text: { model in
      let features = model.model.schema.features.count
      return "\(type(of: model.model).kind) model of \(counted(features, "feature")): \(model.model.targetNames.joined(separator: ", "))"
    })

  private struct PredictOptions: WorkOptionsRecord {
    var work = WorkOptions()

    static var fields: [LuaField<PredictOptions>] { [threadsField] }
  }

  private static let predict = LuaFunction(
    "predict",
    """
    Predicts each row. Features are found by name, other columns do not matter; a level that the model never saw counts as missing.
    """, on: ScriptModel.self, in: LuaVM.self, Parameter("X", FeatureSource.self, "features, a row a case"),
    Parameter("options", PredictOptions.self, "how to work"),
    returns: .value(PredictionResult.self, "a number a row; a frame with a column an output where there are several"), effect: .pure
  ) { model, vm, features, options in
    try LearningRows.naming("model:predict") {
      let context = try options.work.context(in: vm)
      try model.model.schema.check(names: features.frame.names)
      let known = Set(model.model.schema.features.map(\.name))
      let table = try FeatureTable(features.frame, columns: features.frame.names.filter(known.contains))
      try vm.checkMemory(for: table.rowCount, each: 16 * (table.columns.count + model.model.targetNames.count))
      return try PredictionResult(model.model.predict(table, in: context), names: model.model.targetNames)
    }
  }

  private struct ImportanceOptions: WorkOptionsRecord, RowOptionsRecord {
    var work = WorkOptions()
    var rows = RowOptions()
    var logOf: ColumnOrName?
    var repeats = 5

    static var fields: [LuaField<ImportanceOptions>] {
      [
        LuaField("repeats", \.repeats, "how often each feature is dealt out, ≥ 1; the mean is told", default: "5"), weightsField,
        LuaField("log_of", \.logOf, LearnModule.logOfWords), seedField, threadsField, progressField,
      ]
    }
  }

  private static let importance = LuaFunction(
    "importance",
    """
    How much each feature matters: by how much the mean absolute error of the first output grows when the feature's values are dealt out \
    anew among the rows, which the model should not have seen. Rows count by their weight.
    """, on: ScriptModel.self, in: LuaVM.self, Parameter("X", FeatureSource.self, "features, a row a case"),
    Parameter("y", TargetSource.self, "what came of each row, as for `fit`"),
    Parameter("options", ImportanceOptions.self, "how to work"),
    returns: .value(Frame.self, "`feature` and `importance`, the most important first"), effect: .pure
  ) { model, vm, features, target, options in
    try LearningRows.naming("model:importance") {
      let data = try LearningRows.dataset(features.frame, target, options.rows, in: vm)
      let (model, repeats) = (model.model, options.repeats)
      let judge = try LearnModule.judge(options.logOf, features.frame)
      let found = try options.work.run(in: vm, step: { _ in "importance" }) {
        try permutationImportance(of: model, on: data, repeats: repeats, in: $0, judge: judge)
      }
      return try Frame([("feature", Column(found.map { $0.feature })), ("importance", Column(found.map { $0.importance }))])
    }
  }

  private static let save = LuaFunction(
    "save", "Writes the model into a file, in place of one of that name; `learn.load` reads it.", on: ScriptModel.self,
    in: ScriptFiles.self,
    Parameter("path", String.self, "the file, as seen from the workspace"), returns: .nothing, effect: .writes
  ) { model, files, path in
    try LearningRows.naming("model:save") { try AtomicFile.write(Estimators.bytes(of: model.model), to: try files.writablePath(path)) }
  }
}

/// Predictions of one output, or of several by name.
enum PredictionResult: LuaPushable {
  case column(Column)
  case frame(Frame)

  init(_ outputs: [[Double]], names: [String]) throws {
    if outputs.count == 1 {
      self = .column(Column(outputs[0]))
    } else {
      self = .frame(try Frame(zip(names, outputs).map { ($0, Column($1)) }))
    }
  }

  static var luaType: LuaType { LuaType("column|frame") }

  func push(on stack: LuaStack) throws {
    switch self {
    case .column(let column): try column.push(on: stack)
    case .frame(let frame): try frame.push(on: stack)
    }
  }
}
