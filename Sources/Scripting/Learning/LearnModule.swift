internal import Foundation
internal import Learning
public import LuaBridge

/// The module `learn`.
public enum LearnModule {
  /// Its declaration: a constructor for each estimator that there is, and what is done with them.
  public static let module = LuaModule(
    "learn",
    """
    Learning from frames: estimators, which are compared on the same folds, searched for good parameters, fitted and kept. A fit is the \
    same for the same rows and seed, on any number of threads; it ends when the script is stopped, and then leaves nothing behind.
    """,
    functions: Estimators.all.map { constructor($0) } + [
      splitFunction, validationFunction, searchFunction, ScriptModel.load, ScriptMinutesRows.build,
    ],
    classes: [ScriptEstimator.luaClass.documentation, ScriptModel.luaClass.documentation, ScriptMinutesRows.luaClass.documentation])

  private static func constructor<Made: Estimator>(_ type: Made.Type) -> LuaFunction {
    LuaFunction(
      Made.name, Made.summary, Parameter("parameters", EstimatorParameters<Made>.self, "what is not to be at its default"),
      returns: .value(ScriptEstimator.self, "the estimator, to be fitted or compared")
    ) { ScriptEstimator(estimator: $0.estimator) }
  }

  /// Euler's number to the power of `value`.
  static func exponential(_ value: Double) -> Double { exp(value) }
}
