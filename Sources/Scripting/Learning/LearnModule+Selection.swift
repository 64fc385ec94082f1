import Learning
import LuaBridge
import Tabular

/// How rows are cut, as scripts name it.
enum SplitKind: String, CaseIterable, LuaReadable {
  case kfold, grouped, stratified, forward
}

/// How rows are cut into folds.
struct SplitOptions {
  var kind: SplitKind?
  var folds = 5
  var since: LearningInstant?

  static let mostFolds = 100_000

  /// The split; where no kind is given, what is known about the rows says which.
  func split(of rows: RowOptions) throws -> Split {
    guard (1...SplitOptions.mostFolds).contains(folds) else {
      throw LearningError.parameter("'folds' must be an integer 1…\(SplitOptions.mostFolds), got \(folds)")
    }
    return switch kind ?? (rows.groups != nil ? .grouped : rows.times != nil || since != nil ? .forward : .kfold) {
    case .kfold: .kFold(folds)
    case .grouped: .grouped(folds)
    case .stratified: .stratified(folds)
    case .forward: .forward(folds, since: since?.value)
    }
  }
}

/// An instant among the times of rows: a number, or an ISO 8601 text.
struct LearningInstant: LuaReadable {
  var value: Double

  static var luaType: LuaType { LuaType("number|string") }

  static func read(from slot: LuaSlot) throws(LuaMismatch) -> LearningInstant {
    LearningInstant(value: slot.kind == .string ? try Timestamp.read(from: slot).seconds : try Double.read(from: slot))
  }
}

/// Options that say how rows are cut.
protocol SplitOptionsRecord: RowOptionsRecord, WorkOptionsRecord {
  var cut: SplitOptions { get set }
}

extension SplitOptionsRecord {
  static func kindField(_ name: String) -> LuaField<Self> {
    LuaField(
      name, \.cut.kind,
      """
      `kfold` deals rows out at random, `grouped` keeps groups whole, `stratified` gives each fold small and large targets alike, \
      `forward` cuts blocks of time, each judged by what was known before; by default `grouped` where groups are given, else `forward` \
      where times are, else `kfold`
      """)
  }
  static var foldsField: LuaField<Self> { LuaField("folds", \.cut.folds, "folds or blocks of time", default: "5") }
  static var sinceField: LuaField<Self> {
    LuaField("since", \.cut.since, "`forward` judges rows known after this time; without, all but the first block's share of rows")
  }
}

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
    for (_, one) in listed.sorted(by: { $0.0 < $1.0 }) {
      // The second of a name is called so: knn_2.
      let earlier = candidates.count { $0.name == one.name || $0.name.hasPrefix(one.name + "_") }
      candidates.append((earlier == 0 ? one.name : "\(one.name)_\(earlier + 1)", one.estimator))
    }
    return CandidateList(candidates: candidates + named.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
  }
}

extension LearnModule {
  private struct SplitFunctionOptions: SplitOptionsRecord {
    var rows = RowOptions()
    var work = WorkOptions()
    var cut = SplitOptions()
    var target: TargetSource?

    static var fields: [LuaField<SplitFunctionOptions>] {
      [
        kindField("kind"), foldsField, groupsField, timesField, sinceField,
        LuaField("y", \.target, "the target that `stratified` looks at, as for `fit`"), seedField,
      ]
    }
  }

  /// One fold, as positions from 1.
  private struct FoldResult: LuaPushable {
    var fold: Split.Fold

    static var luaType: LuaType { LuaType("{ training: column, test: column }") }

    func push(on stack: LuaStack) throws {
      try ["training": LearningRows.positions(fold.training), "test": LearningRows.positions(fold.test)].push(on: stack)
    }
  }

  static let splitFunction = LuaFunction(
    "split",
    """
    Cuts rows into parts to learn from and parts to be judged by: the same for the same seed. `X[fold.training]` is the frame of a part's \
    rows, `y[fold.test]` the column.
    """, in: LuaVM.self, Parameter("X", SamplePopulation.self, "a frame, a column, or a number of rows"),
    Parameter("options", SplitFunctionOptions.self, "how to cut"),
    returns: .value([FoldResult].self, "the folds: positions of rows from 1, ascending"), effect: .pure
  ) { vm, population, options in
    try LearningRows.naming("learn.split") {
      let count = population.count
      let split = try options.cut.split(of: options.rows)
      try vm.checkMemory(for: count, each: 8 * (3 + min(options.cut.folds, max(1, count))))
      // Only columns that are named are looked at.
      let names = Set(options.rows.usedNames + (options.target?.usedNames ?? []))
      let frame = if case .frame(let frame) = population { try frame.frame(names.sorted()) } else { Frame(rowCount: count) }
      if options.cut.kind == .stratified, options.target == nil {
        throw LearningError.data("stratified folds need a target: 'y' must be told")
      }
      let zero = TargetSource.columns([("y", Column(Array(repeating: 0.0, count: count)))])
      let data = try LearningRows.dataset(frame, options.target ?? zero, options.rows, in: vm)
      return try split.folds(of: data, seed: options.work.seed.value).map { FoldResult(fold: $0) }
    }
  }

  private struct ValidationOptions: SplitOptionsRecord {
    var rows = RowOptions()
    var work = WorkOptions()
    var cut = SplitOptions()
    var logOf: ColumnOrName?

    static var fields: [LuaField<ValidationOptions>] {
      [
        kindField("split"), foldsField, groupsField, timesField, sinceField, weightsField, LuaField("log_of", \.logOf, logOfWords),
        seedField,
        threadsField,
      ]
    }
  }

  private static let logOfWords = """
    numbers > 0, one a row, where the target is log(value ÷ number): errors are then taken in the unit of the value
    """

  /// Brings targets that are logarithms of ratios to values; `nil` where nothing is to be done.
  private static func judge(_ source: ColumnOrName?, _ frame: Frame) throws -> (@Sendable (Int, Double) -> Double)? {
    guard let source else { return nil }
    let numbers = try LearningRows.numbers(try LearningRows.column(source, in: frame), "'log_of'")
    guard numbers.count == frame.rowCount else {
      throw LearningError.data("'log_of' has \(counted(numbers.count, "row")), the features have \(frame.rowCount)")
    }
    if let row = numbers.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw LearningError.data("'log_of' is \(numbers[row]) at row \(row + 1); expected a finite number > 0")
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
    compared in pairs, as with `metrics.paired_test`. Errors are those of the first output.
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
      let context = try options.work.context(in: vm)
      let data = try LearningRows.dataset(features.frame, target, options.rows, in: vm)
      let split = try options.cut.split(of: options.rows)
      let folds = try split.folds(of: data, seed: context.seed)
      let copies = folds.count * (data.features.columns.count + data.targets.count) + list.candidates.count * data.targets.count
      try vm.checkMemory(for: data.rowCount, each: 8 * copies)
      let found = try crossValidate(
        list.candidates.map(\.estimator), on: data, split: split, in: context, judge: try judge(options.logOf, features.frame))
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

  private struct SearchOptions: SplitOptionsRecord {
    enum Method: String, CaseIterable, LuaReadable {
      case grid, random, halving
    }

    var rows = RowOptions()
    var work = WorkOptions()
    var cut = SplitOptions()
    var logOf: ColumnOrName?
    var method = Method.grid
    var trials: Int?
    var seconds: Double?
    var done: [TrialRecord] = []

    static var fields: [LuaField<SearchOptions>] {
      [
        LuaField(
          "method", \.method,
          """
          `grid` tries all combinations, `random` draws some, `halving` draws some, tries them on a part of the rows, and the better third \
          of them on three times as many, until all rows are used
          """, default: "\"grid\""),
        LuaField("trials", \.trials, "combinations that `random` and `halving` draw, ≥ 1; 20 when nothing is said"),
        LuaField("seconds", \.seconds, "no trial begins after so many seconds, but the first"),
        LuaField("done", \.done, "`done` of an earlier search, whose trials are not made again"), kindField("split"), foldsField,
        groupsField, timesField, sinceField, weightsField, LuaField("log_of", \.logOf, logOfWords), seedField, threadsField,
      ]
    }

    func searchMethod() throws -> Search.Method {
      if let trials, !(1...1_000_000).contains(trials) {
        throw LearningError.parameter("'trials' must be an integer 1…1000000, got \(trials)")
      }
      switch method {
      case .grid:
        if let trials { throw LearningError.parameter("'trials' (\(trials)) is for 'random' and 'halving': a grid tries all combinations") }
        return .grid
      case .random: return .random(trials: trials ?? 20)
      case .halving: return .halving(trials: trials ?? 20)
      }
    }
  }

  /// A trial as a table.
  private struct TrialRecord: LuaRecord, LuaPushable {
    var values: [String: PlainValue] = [:]
    var share = 1.0
    var error = Double.nan
    var folds: [Double] = []

    static var fields: [LuaField<TrialRecord>] {
      [
        LuaField("values", \.values, "the parameters", isRequired: true), LuaField("share", \.share, "share of the rows", isRequired: true),
        LuaField("error", \.error, "trimmed mean absolute error", isRequired: true), LuaField("folds", \.folds, "the folds' errors"),
      ]
    }

    func push(on stack: LuaStack) throws {
      let fields: [String: PlainValue] = [
        "values": .map(values), "share": .number(share), "error": .number(error), "folds": .list(folds.map(PlainValue.number)),
      ]
      try fields.push(on: stack)
    }
  }

  /// The values of each parameter.
  private struct SearchSpace: LuaReadable {
    var values: [String: [PlainValue]]

    static var luaType: LuaType { LuaType("table<string, any[]>") }

    static func read(from slot: LuaSlot) throws(LuaMismatch) -> SearchSpace {
      SearchSpace(values: try [String: [PlainValue]].read(from: slot))
    }
  }

  /// An estimator, whose parameters stay as they are unless they are searched, or the name of one.
  private struct SearchedEstimator: LuaReadable {
    var choice: EstimatorChoice

    static var luaType: LuaType { LuaType("string|estimator") }

    static func read(from slot: LuaSlot) throws(LuaMismatch) -> SearchedEstimator {
      if slot.kind == .userdata { return SearchedEstimator(choice: try ScriptEstimator.read(from: slot).choice) }
      guard slot.kind == .string else { throw LuaMismatch(expected: "estimator or an estimator's name", got: slot) }
      let choice = EstimatorChoice(try String.read(from: slot))
      do throws(LearningError) { _ = try choice.make() } catch { throw LuaMismatch("\(error)") }
      return SearchedEstimator(choice: choice)
    }
  }

  /// What a search found.
  private struct SearchResult: LuaPushable {
    var trials: Frame
    var best: ScriptEstimator
    var done: [TrialRecord]

    static var luaType: LuaType { LuaType("{ trials: frame, best: estimator, done: table[] }") }

    func push(on stack: LuaStack) throws { try FieldTable(fields: ["trials": trials, "best": best, "done": done]).push(on: stack) }
  }

  static let searchFunction = LuaFunction(
    "search",
    """
    Searches good parameters: each combination is cross-validated, its folds in parallel. Cut short, it goes on where it was when it is \
    given what is done. The same seed gives the same trials.
    """, in: LuaVM.self, Parameter("estimator", SearchedEstimator.self, "the estimator, or its name"),
    Parameter("space", SearchSpace.self, "the values to choose from, a list a parameter"),
    Parameter("X", FeatureSource.self, "features, a row a case"), Parameter("y", TargetSource.self, "what came of each row, as for `fit`"),
    Parameter("options", SearchOptions.self, "what to try, how to cut, and how to work"),
    returns: .value(
      SearchResult.self,
      """
      `trials`: the parameters, the `share` of the rows that each was tried on, and the `error`, the trimmed mean absolute error; `best`: \
      the estimator with the least error on the largest share; `done`: for going on
      """), effect: .reads
  ) { vm, searched, space, features, target, options in
    try LearningRows.naming("learn.search") {
      let start = ContinuousClock.now
      let context = try options.work.context(in: vm)
      // What the estimator was given stays: one value to choose from.
      let fixed = searched.choice.values.mapValues { [$0] }
      let search = try Search(
        searched.choice.name, space: fixed.merging(space.values) { $1 }, method: try options.searchMethod())
      if let seconds = options.seconds, !(seconds > 0) {
        throw LearningError.parameter("'seconds' must be a number > 0, got \(seconds)")
      }
      let data = try LearningRows.dataset(features.frame, target, options.rows, in: vm)
      let budget = options.seconds.map { seconds in { seconds - (ContinuousClock.now - start) / .seconds(1) } }
      let done = options.done.map { Search.Trial(values: $0.values, share: $0.share, error: $0.error, folds: $0.folds) }
      let trials = try search.run(
        on: data, split: try options.cut.split(of: options.rows), in: context, done: done, secondsLeft: budget,
        judge: try judge(options.logOf, features.frame))
      return try result(of: trials, estimator: searched.choice.name, names: Set(fixed.keys).union(space.values.keys).sorted())
    }
  }

  private static func result(of trials: [Search.Trial], estimator: String, names: [String]) throws -> SearchResult {
    let best = trials.filter(\.error.isFinite).min { (-$0.share, $0.error) < (-$1.share, $1.error) } ?? trials.first
    guard let best else { throw LearningError.parameter("there was nothing to try") }
    let parameters = names.map { name in (name, column(trials.map { $0.values[name] ?? .null })) }
    let frame = try Frame(
      parameters + [("share", Column(trials.map(\.share))), ("error", LearningRows.column(trials.map(\.error)))])
    return SearchResult(
      trials: frame, best: ScriptEstimator(estimator: try Estimators.make(estimator, best.values)),
      done: trials.map { TrialRecord(values: $0.values, share: $0.share, error: $0.error, folds: $0.folds) })
  }

  /// Values of a parameter as a column; those of several types, and lists, as they are written.
  private static func column(_ values: [PlainValue]) -> Column {
    let cells = values.map { value -> Cell in
      switch value {
      case .null: .missing
      case .bool(let flag): .bool(flag)
      case .integer(let number): .integer(number)
      case .number(let number): .double(number)
      case .text(let text): .text(text)
      case .list, .map: .text(value.luaText)
      }
    }
    for type in [ColumnType.integer, .double, .bool, .text] { if let column = try? Column(cells, as: type) { return column } }
    return Column(values.map { $0 == .null ? nil : $0.luaText })
  }
}

/// A table of results of several types.
struct FieldTable: LuaPushable {
  var fields: [String: any LuaPushable]

  static var luaType: LuaType { LuaType("table") }

  func push(on stack: LuaStack) throws { try fields.mapValues { AnyPushable(value: $0) }.push(on: stack) }
}

/// A result of any type.
private struct AnyPushable: LuaPushable {
  var value: any LuaPushable

  static var luaType: LuaType { LuaType("any") }

  func push(on stack: LuaStack) throws { try value.push(on: stack) }
}
