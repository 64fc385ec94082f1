import Learning
import LuaBridge
import Synchronization
import Tabular

extension LearnModule {
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
        LuaField("done", \.done, "`done` of an earlier search of the same rows, folds and seed, whose trials are not made again"),
        kindField("split"), foldsField,
        groupsField, timesField, sinceField, weightsField, LuaField("log_of", \.logOf, logOfWords), seedField, threadsField,
        progressField,
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
    var origin = ""

    static var fields: [LuaField<TrialRecord>] {
      [
        LuaField("values", \.values, "the parameters", isRequired: true), LuaField("share", \.share, "share of the rows", isRequired: true),
        LuaField("error", \.error, "trimmed mean absolute error", isRequired: true), LuaField("folds", \.folds, "the folds' errors"),
        LuaField("origin", \.origin, "a digest of what the trial was made of", isRequired: true),
      ]
    }

    func push(on stack: LuaStack) throws {
      let fields: [String: PlainValue] = [
        "values": .map(values), "share": .number(share), "error": .number(error), "folds": .list(folds.map(PlainValue.number)),
        "origin": .text(origin),
      ]
      try fields.push(on: stack)
    }
  }

  /// The values of each parameter.
  private struct SearchSpace: LuaReadable {
    var values: [String: [PlainValue]]

    static var luaType: LuaType { LuaType("table<string, any[]>") }

    static func read(from slot: LuaSlot) throws(LuaMismatch) -> SearchSpace {
      SearchSpace(values: try [String: [DeclaredValue]].read(from: slot).mapValues { $0.map(\.plain) })
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
    given what is done; ended by `progress`, it gives the trials that were made. The same seed gives the same trials.
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
      // What the estimator was given stays: one value to choose from.
      let fixed = searched.choice.values.mapValues { [$0] }
      let search = try Search(
        searched.choice.name, space: fixed.merging(space.values) { $1 }, method: try options.searchMethod())
      if let seconds = options.seconds, !(seconds > 0) {
        throw LearningError.parameter("'seconds' must be a number > 0, got \(seconds.shown)")
      }
      let data = try LearningRows.dataset(features.frame, target, options.rows, without: options.cut.folds.usedNames, in: vm)
      let done = options.done.map { Search.Trial(values: $0.values, share: $0.share, error: $0.error, folds: $0.folds, origin: $0.origin) }
      let (split, judge) = (try options.cut.split(of: features.frame, options.rows, in: vm), try judge(options.logOf, features.frame))
      let (made, seconds) = (MadeTrials(), options.seconds)
      var trials: [Search.Trial]
      do {
        trials = try options.work.run(in: vm, step: { _ in "trial \(made.all.count + 1)" }) { context in
          let budget = seconds.map { seconds in { seconds - (ContinuousClock.now - start) / .seconds(1) } }
          return try search.run(
            on: data, split: split, in: context, done: done, secondsLeft: budget, judge: judge, report: { made.add($0) })
        }
      } catch let ended as WorkEnded {
        // Ended by the script, as by the time budget: with what there is.
        trials = done + made.all
        if trials.isEmpty { throw ended }
      }
      return try result(of: trials, estimator: searched.choice.name, names: Set(fixed.keys).union(space.values.keys).sorted())
    }
  }

  /// Trials as they end, of which the script's thread wants to know.
  private final class MadeTrials: Sendable {
    private let trials = Mutex<[Search.Trial]>([])

    var all: [Search.Trial] { trials.withLock { $0 } }

    func add(_ trial: Search.Trial) { trials.withLock { $0.append(trial) } }
  }

  private static func result(of trials: [Search.Trial], estimator: String, names: [String]) throws -> SearchResult {
    let best = trials.filter(\.error.isFinite).min { (-$0.share, $0.error) < (-$1.share, $1.error) } ?? trials.first
    guard let best else { throw LearningError.parameter("there was nothing to try") }
    let parameters = names.map { name in (name, column(trials.map { $0.values[name] ?? .null })) }
    let frame = try Frame(
      parameters + [("share", Column(trials.map(\.share))), ("error", LearningRows.column(trials.map(\.error)))])
    return SearchResult(
      trials: frame, best: ScriptEstimator(estimator: try Estimators.make(estimator, best.values)),
      done: trials.map { TrialRecord(values: $0.values, share: $0.share, error: $0.error, folds: $0.folds, origin: $0.origin) })
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
