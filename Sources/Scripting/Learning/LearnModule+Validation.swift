import Learning
import LuaBridge
import Tabular

/// One or several candidates, each under a name of its own.
struct CandidateList: LuaReadable {
  var candidates: [(name: String, estimator: any Estimator)]

  static var luaType: LuaType { LuaType("estimator|estimator[]|table<string, estimator>") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> CandidateList {
    if slot.kind == .userdata {
      let one = try ScriptEstimator.read(from: slot)
      return CandidateList(candidates: [(one.name, one.estimator)])
    }
    var listed: [(Int, ScriptEstimator)] = []
    var named: [(name: String, estimator: any Estimator)] = []
    try slot.forEachEntry(expected: "estimator, or a table of estimators") { (key, value) throws(LuaMismatch) in
      switch key {
      case .position(let position): listed.append((position, try ScriptEstimator.read(from: value)))
      case .name(let name): named.append((name, try ScriptEstimator.read(from: value).estimator))
      }
    }
    guard !listed.isEmpty || !named.isEmpty else { throw LuaMismatch("at least one estimator expected, got an empty table") }
    var candidates: [(name: String, estimator: any Estimator)] = []
    var counts: [String: Int] = [:]
    for (_, one) in listed.sorted(by: { $0.0 < $1.0 }) {
      // The second of a name is called so: knn_2.
      counts[one.name, default: 0] += 1
      candidates.append((counts[one.name] == 1 ? one.name : "\(one.name)_\(counts[one.name, default: 0])", one.estimator))
    }
    return CandidateList(candidates: candidates + named.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
  }
}

extension LearnModule {
  private struct ValidationOptions: SplitOptionsRecord {
    var rows = RowOptions()
    var work = WorkOptions()
    var cut = SplitOptions()
    var logOf: ColumnOrName?

    static var fields: [LuaField<ValidationOptions>] {
      [
        kindField("split"), foldsField, groupsField, timesField, sinceField, weightsField, LuaField("log_of", \.logOf, logOfWords),
        seedField, threadsField, progressField,
      ]
    }
  }

  static let logOfWords = """
    numbers > 0, one a row, where the target is log(value ÷ number): errors are then taken in the unit of the value
    """

  /// Brings targets that are logarithms of ratios to values; `nil` where nothing is to be done.
  static func judge(_ source: ColumnOrName?, _ frame: Frame) throws -> (@Sendable (Int, Double) -> Double)? {
    guard let source else { return nil }
    let numbers = try LearningRows.numbers(try LearningRows.column(source, in: frame), "'log_of'")
    guard numbers.count == frame.rowCount else {
      throw LearningError.data("'log_of' has \(counted(numbers.count, "row")), the features have \(frame.rowCount)")
    }
    if let row = numbers.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw LearningError.data("'log_of' is \(numbers[row].shown) at row \(row + 1); expected a finite number > 0")
    }
    return { row, value in numbers[row] * exponential(value) }
  }

  /// What cross-validation found.
  private struct ValidationResult: LuaPushable {
    var predictions, folds, overall: Frame

    static var luaType: LuaType { LuaType("{ predictions: frame, folds: frame, overall: frame }") }

    func push(on stack: LuaStack) throws { try ["predictions": predictions, "folds": folds, "overall": overall].push(on: stack) }
  }

  static let validationFunction = LuaFunction(
    "cross_validate",
    """
    Fits each candidate on each fold and has it predict the rows that it did not see: all on the same rows, so that the predictions can be \
    compared in pairs, as with `metrics.paired_test`. Errors are those of the first output, in which every judged row counts the same.
    """, in: LuaVM.self,
    Parameter("candidates", CandidateList.self, "an estimator, or several: a list, or a table with a name for each"),
    Parameter("X", FeatureSource.self, "features, a row a case"), Parameter("y", TargetSource.self, "what came of each row, as for `fit`"),
    Parameter("options", ValidationOptions.self, "how to cut, and how to work"),
    returns: .value(
      ValidationResult.self,
      """
      `predictions`: `fold` and a column a candidate, missing for rows that no fold judges; `folds`: `candidate`, `fold`, `count`, `mae`, \
      `trim_mae` (without the smallest and the largest tenth of errors), `rmse`, `bias`; `overall`: the same over all judged rows
      """), effect: .pure
  ) { vm, list, features, target, options in
    try LearningRows.naming("learn.cross_validate") {
      let data = try LearningRows.dataset(features.frame, target, options.rows, without: options.cut.folds.usedNames, in: vm)
      let split = try options.cut.split(of: features.frame, options.rows, in: vm)
      let folds = try split.folds(of: data, seed: options.work.seed.value)
      let copies = folds.count * (data.features.columns.count + data.targets.count) + list.candidates.count * data.targets.count
      try vm.checkMemory(for: data.rowCount, each: 8 * copies)
      let (estimators, judge) = (list.candidates.map(\.estimator), try judge(options.logOf, features.frame))
      let count = estimators.count * folds.count
      let found = try options.work.run(in: vm, step: { "fit \(min(count, Int($0 * Double(count)) + 1)) of \(count)" }) { context in
        try crossValidate(estimators, on: data, split: split, in: context, judge: judge)
      }
      return try result(of: found, names: list.candidates.map(\.name), folds: folds, data)
    }
  }

  private static func result(
    of found: [ValidatedCandidate], names: [String], folds: [Split.Fold], _ data: Dataset
  ) throws -> ValidationResult {
    var judgedIn = Array(repeating: Double.nan, count: data.rowCount)
    for (number, fold) in folds.enumerated() { for row in fold.test { judgedIn[row] = Double(number + 1) } }
    let numbers = Column(
      .integer(judgedIn.map { $0.isNaN ? 0 : Int64($0) }), validity: Bitmap(judgedIn.lazy.map { !$0.isNaN }))
    var predictions: [(String, Column)] = [("fold", numbers)]
    for (name, candidate) in zip(names, found) {
      for (target, values) in zip(data.targetNames, candidate.predictions) {
        predictions.append((data.targets.count == 1 ? name : "\(name)_\(target)", LearningRows.column(values)))
      }
    }
    let judged = zip(names, found).flatMap { name, candidate in candidate.folds.enumerated().map { (name, $0.offset + 1, $0.element) } }
    let overall = zip(names, found).map { ($0, $1.overall) }
    return ValidationResult(
      predictions: try Frame(predictions),
      folds: try Frame(
        [("candidate", Column(judged.map { $0.0 })), ("fold", Column(judged.map { Int64($0.1) }))] + errorColumns(judged.map { $0.2 })),
      overall: try Frame([("candidate", Column(overall.map { $0.0 }))] + errorColumns(overall.map { $0.1 })))
  }

  private static func errorColumns(_ errors: [ErrorSummary]) -> [(name: String, column: Column)] {
    [
      ("count", Column(errors.map { Int64($0.count) })), ("mae", LearningRows.column(errors.map(\.mae))),
      ("trim_mae", LearningRows.column(errors.map(\.trimMae))), ("rmse", LearningRows.column(errors.map(\.rmse))),
      ("bias", LearningRows.column(errors.map(\.bias))),
    ]
  }
}
