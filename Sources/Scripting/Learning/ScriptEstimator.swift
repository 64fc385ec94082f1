import Learning
import LuaBridge
import Tabular

/// An estimator as scripts hold it: parameters that were checked, not fitted yet.
struct ScriptEstimator: LuaObject {
  let estimator: any Estimator

  static let luaName = "estimator"
  static let luaClass = LuaClass<ScriptEstimator>(
    "A way to learn with its parameters, which were checked when it was made. Fitting gives a model and leaves the estimator as it is.",
    methods: [fit],
    properties: [
      LuaProperty("name", "Which estimator it is: `knn`.") { $0.name },
      LuaProperty("parameters", "All its parameters by name; one that is not set has no field.") { $0.estimator.values },
    ], text: { $0.text })

  var name: String { type(of: estimator).name }

  /// The parameters that are not at their defaults.
  var choice: EstimatorChoice { estimator.choice }

  /// As a script makes it: `learn.knn{ neighbor_count = 7 }`.
  var text: String { choice.luaCall }

  private struct FitOptions: RowOptionsRecord, WorkOptionsRecord {
    var rows = RowOptions()
    var work = WorkOptions()

    static var fields: [LuaField<FitOptions>] {
      [weightsField, groupsField, timesField, seedField, threadsField, progressField]
    }
  }

  private static let fit = LuaFunction(
    "fit",
    """
    Learns from rows: the same rows, parameters and seed give the same model. Columns of X that `y` and the options name are no features. \
    Texts are levels, truth values 0 and 1, instants epoch seconds; a missing feature is data, a missing target an error.
    """, on: ScriptEstimator.self, in: LuaVM.self, Parameter("X", FeatureSource.self, "features, a row a case"),
    Parameter("y", TargetSource.self, "numbers, one a row; a frame, or columns by name, for several outputs; or names of columns of X"),
    Parameter("options", FitOptions.self, "what is known about the rows, and how to work"),
    returns: .value(ScriptModel.self, "what was learnt"), effect: .pure
  ) { estimator, vm, features, target, options in
    try LearningRows.naming("estimator:fit") {
      let data = try LearningRows.dataset(features.frame, target, options.rows, in: vm)
      let (name, estimator) = (estimator.name, estimator.estimator)
      return ScriptModel(try options.work.run(in: vm, step: { _ in name }) { try estimator.fitted(data, in: $0) })
    }
  }
}
