public import Tabular

extension Settings {
  /// What challengers are trained, and how.
  public struct Training: Equatable, Sendable {
    /// The challengers, by name.
    public var candidates = ["baseline", "boosting"]
    /// Blocks of time that the verdict rows are cut into.
    public var cvFolds = 5
    /// Rows that a challenger learns from at most; `nil`: all.
    public var maxRows: Int? = 50_000
    /// Threads; `nil`: as many as the machine has processors.
    public var threads: Int?
    /// Versions that `models prune` keeps.
    public var keepVersions = 3
    /// Parameters of ridge, elastic_net and knn; those that are not here are the estimator's own defaults.
    public var ridge: [String: PlainValue] = [:], elasticNet: [String: PlainValue] = [:]
    /// Parameters of the nearest rows.
    public var knn: [String: PlainValue] = ["neighbor_count": 20, "weights": "distance"]
    /// Parameters of the random forest.
    public var forest: [String: PlainValue] = ["tree_count": 200, "min_samples_leaf": 10, "feature_share": 0.4, "leaf": "median"]
    /// Parameters of gradient boosting.
    public var boosting: [String: PlainValue] = [
      "loss": "huber", "tree_count": 300, "learning_rate": 0.05, "min_samples_leaf": 40, "feature_share": 0.6,
    ]
    /// Parameters of the network.
    public var mlp: [String: PlainValue] = [:]
    /// Parameters of stacking.
    public var stacking: [String: PlainValue] = ["bases": ["boosting", "knn", "ridge"], "folds": 3]

    /// The defaults.
    public init() {}

    /// The estimators that have parameters here.
    public static let estimators = ["ridge", "elastic_net", "knn", "forest", "boosting", "mlp", "stacking"]

    /// The parameters of the estimator called `name`.
    public func parameters(of name: String) -> [String: PlainValue] {
      switch name {
      case "ridge", "ridge_cv": ridge
      case "elastic_net": elasticNet
      case "knn": knn
      case "forest": forest
      case "boosting": boosting
      case "mlp": mlp
      case "stacking": stacking
      default: [:]
      }
    }
  }
}

extension Settings.Training: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(
      "candidates", \.candidates, .list(of: .text, unique: true, nonEmpty: true),
      "Challengers: baseline, ridge, ridge_cv, elastic_net, knn, forest, boosting, mlp, stacking."),
    Field("cv_folds", \.cvFolds, .integer(2...20), unit: "blocks", "Blocks of time that challengers and champion are compared on."),
    Field(
      "max_rows", \.maxRows, .optional(.integer(100...)), unit: "rows",
      "Rows that a challenger learns from at most: half the latest, half drawn from all before."),
    Field("threads", \.threads, .optional(.integer(1...64)), unit: "threads", "Threads of a training; absent: one a processor."),
    Field("keep_versions", \.keepVersions, .integer(2...100), unit: "versions", "Versions that 'models prune' keeps."),
    Field("ridge", \.ridge, .parameters, "Parameters of ridge and ridge_cv (docs/reference/learn.md has those of all estimators)."),
    Field("elastic_net", \.elasticNet, .parameters, "Parameters of elastic_net."),
    Field("knn", \.knn, .parameters, "Parameters of knn."),
    Field("forest", \.forest, .parameters, "Parameters of forest."),
    Field("boosting", \.boosting, .parameters, "Parameters of boosting."),
    Field("mlp", \.mlp, .parameters, "Parameters of mlp."),
    Field("stacking", \.stacking, .parameters, "Parameters of stacking."),
  ]
}

extension Settings {
  /// Whether challengers' parameters are searched for before they are judged, and how.
  public struct Tuning: Equatable, Sendable {
    /// Whether they are.
    public var enabled = false
    /// Which combinations are tried.
    public var method = Method.random
    /// Combinations that are tried for a challenger at most, with `random` and `halving`.
    public var maxTrials = 5
    /// Seconds that the searches of one training may take together.
    public var timeBudgetSeconds = 7200.0
    /// By challenger: the values to choose from, by parameter.
    public var space: [String: PlainValue] = [:]

    /// The defaults.
    public init() {}

    /// Ways to choose combinations.
    public enum Method: String, CaseIterable, Sendable {
      /// Drawn without repetition.
      case random
      /// All of them.
      case grid
      /// Drawn, on a part of the rows first; the better third goes on.
      case halving
    }
  }
}

extension Settings.Tuning: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("enabled", \.enabled, .bool, "Whether parameters are searched for, on results before the verdict rows, in each training."),
    Field(
      "method", \.method, .choice(of: Method.self), "Combinations tried: drawn, all, or drawn and halved on growing parts of the rows."),
    Field("max_trials", \.maxTrials, .integer(1...1000), unit: "trials", "Combinations drawn for a challenger (random, halving)."),
    Field(
      "time_budget_seconds", \.timeBudgetSeconds, .number(1...604_800), unit: "seconds",
      "Time of all searches of a training together; a challenger's first trial is always made."),
    Field("space", \.space, .parameters, "By challenger the values to choose from: {boosting: {max_leaves: [15, 31]}}."),
  ]
}
