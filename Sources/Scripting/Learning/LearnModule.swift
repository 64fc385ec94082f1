internal import Foundation
internal import Learning
public import LuaBridge
internal import Routing

/// The module `learn`.
public enum LearnModule {
  /// Its declaration: a constructor for each estimator and transformer that there is, and what is done with them.
  public static let module = {
    MinutesEstimators.add()
    return LuaModule(
      "learn",
      """
      Learning from frames: estimators, which are compared on the same folds, searched for good parameters, fitted and kept, and transformers \
      that prepare features for them. A fit is the same for the same rows and seed, on any number of threads; it ends when the script is \
      stopped, and then leaves nothing behind.
      """,
      functions: Estimators.all.map { constructor($0) } + [constructor(BaselineEstimator.self), constructor(OperationMedianEstimator.self)]
        + Transformers.all.map { transformer($0) } + [
          splitFunction, validationFunction, searchFunction, ScriptIndex.build, LoadedFile.load, ScriptMinutesRows.build,
        ],
      classes: [
        ScriptEstimator.luaClass.documentation, ScriptModel.luaClass.documentation, ScriptTransformer.luaClass.documentation,
        ScriptFittedTransformer.luaClass.documentation, ScriptIndex.luaClass.documentation, ScriptMinutesRows.luaClass.documentation,
      ])
  }()

  private static func constructor<Made: Estimator>(_ type: Made.Type) -> LuaFunction {
    LuaFunction(
      Made.name, Made.summary, Parameter("parameters", DeclaredParameters<Made>.self, "what is not to be at its default"),
      returns: .value(ScriptEstimator.self, "the estimator, to be fitted or compared")
    ) { ScriptEstimator(estimator: $0.made) }
  }

  private static func transformer<Made: Transformer>(_ type: Made.Type) -> LuaFunction {
    LuaFunction(
      Made.name, Made.summary, Parameter("parameters", DeclaredParameters<Made>.self, "what is not to be at its default"),
      returns: .value(ScriptTransformer.self, "the transformer, to be fitted")
    ) { ScriptTransformer(transformer: $0.made) }
  }

  /// Euler's number to the power of `value`.
  static func exponential(_ value: Double) -> Double { exp(value) }
}
