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
  var folds = FoldsSource.count(5)
  var since: LearningInstant?

  static let mostFolds = 100_000

  /// The split of the rows of `frame`; where no kind is given, what is known about the rows says which.
  func split(of frame: Frame, _ rows: RowOptions, in vm: LuaVM) throws -> Split {
    if folds.isMadeByHand, kind != nil || since != nil {
      throw LearningError.parameter("'folds' made by hand are cut already: give no kind of split and no 'since' with them")
    }
    if let made = try folds.split(of: frame, in: vm) { return made }
    guard case .count(let folds) = folds else { preconditionFailure("folds are made by hand or counted") }
    guard (1...SplitOptions.mostFolds).contains(folds) else {
      throw LearningError.parameter("'folds' must be an integer 1…\(SplitOptions.mostFolds), got \(folds)")
    }
    try vm.checkMemory(for: frame.rowCount, each: 8 * (3 + min(folds, max(1, frame.rowCount))))
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
  static var foldsField: LuaField<Self> {
    LuaField(
      "folds", \.cut.folds,
      """
      how many folds or blocks of time; or folds made by hand: the fold of each row, in order of value and missing for rows that are not \
      judged (a column of X, by name, or any of that length), or a list with the rows that each fold is judged by, or with `test` and \
      `training` of each as `learn.split` gives them
      """, default: "5")
  }
  static var sinceField: LuaField<Self> {
    LuaField("since", \.cut.since, "`forward` judges rows known after this time; without, all but the first block's share of rows")
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
      // Only columns that are named are looked at.
      let names = Set(options.rows.usedNames + options.cut.folds.usedNames + (options.target?.usedNames ?? []))
      let frame = if case .frame(let frame) = population { try frame.frame(names.sorted()) } else { Frame(rowCount: count) }
      let split = try options.cut.split(of: frame, options.rows, in: vm)
      if options.cut.kind == .stratified, options.target == nil {
        throw LearningError.data("stratified folds need a target: 'y' must be told")
      }
      let zero = TargetSource.columns([("y", Column(Array(repeating: 0.0, count: count)))])
      let data = try LearningRows.dataset(frame, options.target ?? zero, options.rows, in: vm)
      return try split.folds(of: data, seed: options.work.seed.value).map { FoldResult(fold: $0) }
    }
  }
}
