public import Configuration
import Glibc
public import Learning
import Routing
public import Tabular

/// How challengers' parameters are searched for before they are judged.
public struct TuningPlan: Hashable, Codable, Sendable {
  /// `random`, `grid` or `halving`.
  public var method: String
  /// Combinations that are drawn for a challenger.
  public var maxTrials: Int
  /// Seconds that all searches of a training may take together.
  public var timeBudgetSeconds: Double
  /// By challenger the values to choose from, by parameter.
  public var space: [String: [String: [PlainValue]]]
  /// Trials that an earlier run made, by challenger: as many are made again, however long they take. `nil`: the time budget holds.
  public var trialsMade: [String: Int]?

  /// The plan that `settings` describe; `nil` when nothing is searched for.
  ///
  /// - Throws: `LearningError` for a challenger, parameter or value that does not exist.
  public init?(_ settings: Settings.Tuning) throws(LearningError) {
    guard settings.enabled else { return nil }
    (method, maxTrials, timeBudgetSeconds) = (settings.method.rawValue, settings.maxTrials, settings.timeBudgetSeconds)
    space = [:]
    for (name, values) in settings.space.sorted(by: { $0.key < $1.key }) { space[name] = try Self.values(values, of: name, settings) }
  }

  /// What is wrong with the space that settings name.
  public static func faults(in effective: EffectiveSettings) -> [ConfigurationFault] {
    let tuning = effective.settings.tuning
    return tuning.space.sorted { $0.key < $1.key }.compactMap { name, values in
      do throws(LearningError) {
        _ = try Self.values(values, of: name, tuning)
        return nil
      } catch {
        let key = "tuning.space.\(name)"
        return ConfigurationFault(place: effective.place(of: "tuning.space"), keyPath: key, message: "'\(key)': \(error)")
      }
    }
  }

  private static func values(
    _ value: PlainValue, of name: String, _ settings: Settings.Tuning
  ) throws(LearningError) -> [String: [PlainValue]] {
    guard try TrainingCandidate(name).estimator() != nil else {
      throw .parameter("the baseline has no parameters to search; leave it out")
    }
    guard case .map(let entries) = value else {
      throw .parameter("must be a map of lists of values, such as {max_leaves: [15, 31]}, got \(value)")
    }
    var space: [String: [PlainValue]] = [:]
    for (parameter, values) in entries.sorted(by: { $0.key < $1.key }) {
      guard case .list(let list) = values else {
        throw .parameter("'\(parameter)' must be a list of values to choose from, got \(values)")
      }
      space[parameter] = list
    }
    _ = try Search(name, space: space, method: method(settings.method.rawValue, settings.maxTrials))
    return space
  }

  /// The search for one challenger, its other parameters as they are.
  func search(for candidate: TrainingCandidate) throws(LearningError) -> Search? {
    guard let own = space[candidate.name], !own.isEmpty else { return nil }
    let space = candidate.parameters.mapValues { [$0] }.merging(own) { $1 }
    return try Search(candidate.name, space: space, method: Self.method(method, maxTrials))
  }

  private static func method(_ name: String, _ trials: Int) -> Search.Method {
    switch name {
    case "grid": .grid
    case "halving": .halving(trials: trials)
    default: .random(trials: trials)
    }
  }
}

/// What a search for one challenger's parameters found.
public struct TuningRecord: Hashable, Codable, Sendable {
  /// How it searched.
  public var method: String
  /// Rows that it searched on, all completed before the first verdict row.
  public var rows: Int
  /// What was tried; the errors are trimmed means, in minutes, over later blocks of those rows.
  public var trials: [Search.Trial]
  /// The parameters that the challenger is judged with.
  public var chosen: [String: PlainValue]
  /// Whether the time budget ended it.
  public var ranOutOfTime: Bool
  /// Why nothing could be searched; the challenger keeps its parameters then.
  public var failure: String?

  /// In words, for a terminal.
  var words: String {
    if let failure { return "not tuned, \(failure)" }
    let end = ranOutOfTime ? ", ended by the time budget" : ""
    let varied = chosen.filter { entry in trials.contains { $0.values[entry.key] != entry.value } || trials.count == 1 }
    return "\(counted(trials.count, "trial")) (\(method)\(end)) on \(counted(rows, "earlier row")) chose \(PlainValue.map(varied))"
  }

  /// As a version's manifest keeps it.
  var record: PlainValue {
    var record: [String: PlainValue] = [
      "method": .text(method), "rows": .integer(Int64(rows)), "chosen": .map(chosen), "ran_out_of_time": .bool(ranOutOfTime),
      "trials": .list(
        trials.map { trial in
          ["values": .map(trial.values), "share": .number(trial.share), "trim_mae": trial.error.isFinite ? .number(trial.error) : .null]
        }),
    ]
    if let failure { record["failure"] = .text(failure) }
    return .map(record)
  }
}

/// The searches of one training, one challenger after the other.
struct Tuning {
  private let plan: TuningPlan?
  private let data: (rows: [Int], minutes: MinutesRows)
  private var spent = Duration.zero
  private(set) var records: [String: TuningRecord] = [:]

  /// Blocks of time, each judged by what was fitted on the ones before.
  private static let blocks = 3

  /// Searches on the rows completed before `instant` alone: what is judged later must not have been seen.
  init(_ plan: TrainingPlan, _ rows: MinutesRows, before instant: Timestamp) {
    self.plan = plan.tuning
    data = (plan.tuning == nil ? [] : rows.trainingRows(until: instant), rows)
  }

  /// Whether there is something to search for a challenger.
  func isWanted(for candidate: TrainingCandidate) -> Bool { !(plan?.space[candidate.name] ?? [:]).isEmpty }

  /// The parameters that a challenger is to be judged with; noted in ``records``.
  mutating func parameters(
    of candidate: TrainingCandidate, in context: FitContext
  ) throws(LearningError) -> [String: PlainValue] {
    guard let plan, let search = try plan.search(for: candidate) else { return candidate.parameters }
    let start = ContinuousClock.now
    let limit = plan.trialsMade.map { $0[candidate.name] ?? 0 }
    let budget = plan.timeBudgetSeconds - spent / .seconds(1)
    var made = 0
    var isOver = false
    var record = TuningRecord(
      method: plan.method, rows: data.rows.count, trials: [], chosen: candidate.parameters, ranOutOfTime: false)
    do {
      let (minutes, rows) = (data.minutes, data.rows)
      let references = rows.map { minutes.reference[$0] }
      record.trials = try search.run(
        on: minutes.dataset(of: rows), split: .forward(Self.blocks, since: nil), in: context,
        secondsLeft: {
          let left = limit.map { Double($0 - made) } ?? budget - (ContinuousClock.now - start) / .seconds(1)
          if left <= 0 { isOver = true }
          return left
        },
        judge: { row, value in references[row] * exp(value) }, report: { _ in made += 1 })
      record.ranOutOfTime = isOver
      // Of trials on the most rows the best; the earlier of equals.
      let share = record.trials.map(\.share).max() ?? 1
      let best = record.trials.filter { $0.share == share && $0.error.isFinite }.min { $0.error < $1.error }
      if let best { record.chosen = best.values } else { record.failure = "no trial had a finite error" }
    } catch {
      if case .cancelled = error { throw error }
      record.failure = error.description
    }
    spent += ContinuousClock.now - start
    records[candidate.name] = record
    return record.chosen
  }
}
