public import Tabular

/// A search for good parameters of one estimator.
///
///     let search = try Search("boosting", space: ["max_leaves": [15, 31, 63], "learning_rate": [0.05, 0.1]])
///     let trials = try search.run(on: data, split: .grouped(5), in: context)
///     trials.min { $0.error < $1.error }
/// The same for the same seed. A search that was cut short goes on where it was: give it the trials that are done.
public struct Search: Sendable {
  /// Which combinations are tried.
  public enum Method: Hashable, Sendable {
    /// All of them, in order.
    case grid
    /// So many, drawn without repetition.
    case random(trials: Int)
    /// So many on a part of the rows; the better third of them on three times as many, and so on until all rows are used. K. Jamieson,
    /// A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016.
    case halving(trials: Int)
  }

  /// One combination that was tried.
  public struct Trial: Hashable, Codable, Sendable {
    /// The parameters that were set.
    public var values: [String: PlainValue]
    /// Share of the rows that it was tried on.
    public var share: Double
    /// Trimmed mean absolute error over all judged rows, and fold by fold.
    public var error: Double
    /// Its folds' trimmed mean absolute errors.
    public var folds: [Double]
    /// What it was made of, as a digest: estimator, rows, target, folds and seed.
    public var origin: String

    /// Makes a trial that was made earlier.
    public init(values: [String: PlainValue], share: Double, error: Double, folds: [Double], origin: String) {
      self.origin = origin
      self.values = values
      self.share = share
      self.error = error
      self.folds = folds
    }
  }

  /// The estimator.
  public let estimator: String
  /// The values to choose from, by parameter.
  public let space: [String: [PlainValue]]
  /// Which combinations are tried.
  public let method: Method

  /// Makes a search; throws when a parameter or value is none of the estimator's.
  public init(_ estimator: String, space: [String: [PlainValue]], method: Method = .grid) throws(LearningError) {
    self.estimator = estimator
    self.space = space
    self.method = method
    for (name, values) in space.sorted(by: { $0.key < $1.key }) {
      guard !values.isEmpty else { throw .parameter("'\(name)' has no values to search") }
      for value in values { _ = try Estimators.make(estimator, [name: value]) }
    }
    switch method {
    case .random(let trials), .halving(let trials):
      guard trials >= 1 else { throw .parameter("the budget of trials must be an integer ≥ 1, got \(trials)") }
    case .grid: break
    }
    guard combinationCount <= 1_000_000 || method != .grid else {
      throw .parameter("a grid of \(combinationCount) combinations is too large: draw some at random")
    }
  }

  private var combinationCount: Int {
    space.values.reduce(1) { product, values in
      let (result, overflow) = product.multipliedReportingOverflow(by: values.count)
      return overflow ? Int.max : result
    }
  }

  /// Tries the combinations, one after the other, each with its folds in parallel.
  ///
  /// - Parameters:
  ///   - done: Trials of an earlier run on the same rows with the same folds and seed, which are not made again; those of another space are
  ///     left out. One that was made of anything else is an error: its figures say nothing here.
  ///   - secondsLeft: The time budget: asked before each trial; the search ends, with what it has, when it is 0 or less. At least one trial is
  ///     made.
  ///   - report: Told each trial as it ends.
  /// - Returns: All trials, those of `done` first.
  public func run(
    on data: Dataset, split: Split, in context: FitContext, done: [Trial] = [], secondsLeft: (() -> Double)? = nil,
    judge: (@Sendable (_ row: Int, _ value: Double) -> Double)? = nil, report: (Trial) -> Void = { _ in }
  ) throws(LearningError) -> [Trial] {
    // A trial of another space says nothing about this one.
    var trials = done.filter { trial in
      trial.values.count == space.count && trial.values.allSatisfy { space[$0.key]?.contains($0.value) ?? false }
    }
    let origin = origin(of: data, split, seed: context.seed, isJudged: judge != nil)
    if let stranger = trials.firstIndex(where: { $0.origin != origin }) {
      throw .data(
        "trial \(stranger + 1) of 'done' was made of another estimator, other rows, another target, other folds or another seed; "
          + "leave it out, or go on with what it was made of")
    }
    var candidates = combinations(seed: context.seed)
    let rungs = try shares(of: data, candidates: candidates.count)
    // A trial takes as long as it has rows; of each rung a third goes on.
    let costs = rungs.indices.map { rung in rungs[rung] * Double((0..<rung).reduce(candidates.count) { count, _ in max(1, count / 3) }) }
    let total = costs.reduce(0, +)
    for (step, share) in rungs.enumerated() {
      let rows = Self.rows(share, of: data, seed: context.seed)
      let part = share == 1 ? data : try data.selecting(rows: rows)
      let split = share == 1 ? split : split.selecting(rows: rows)
      let begun = costs[..<step].reduce(0, +) / total
      var rung: [Trial] = []
      for (number, values) in candidates.enumerated() {
        if let known = trials.first(where: { $0.values == values && $0.share == share }) {
          rung.append(known)
          continue
        }
        if let secondsLeft, !trials.isEmpty, secondsLeft() <= 0 { return trials }
        try context.checkCancellation()
        let candidate = try Estimators.make(estimator, values)
        var judgeOfPart: (@Sendable (Int, Double) -> Double)?
        if let judge { judgeOfPart = { row, value in judge(rows[row], value) } }
        let width = costs[step] / total / Double(candidates.count)
        let stretch = context.stretch(from: begun + width * Double(number), to: begun + width * Double(number + 1))
        let found: [ValidatedCandidate] = try crossValidate([candidate], on: part, split: split, in: stretch, judge: judgeOfPart)
        let validated = found[0]
        let trial = Trial(
          values: values, share: share, error: validated.overall.trimMae, folds: validated.folds.map { $0.trimMae },
          origin: origin)
        rung.append(trial)
        trials.append(trial)
        report(trial)
      }
      // The better third goes on; a trial without a finite error is the worst.
      let order = rung.indices.sorted {
        (rung[$0].error.isFinite ? rung[$0].error : .infinity, $0) < (rung[$1].error.isFinite ? rung[$1].error : .infinity, $1)
      }
      candidates = order.prefix(max(1, candidates.count / 3)).sorted().map { rung[$0].values }
    }
    context.progress(1)
    return trials
  }

  /// A digest of all that a trial's error depends on besides its values and share.
  private func origin(of data: Dataset, _ split: Split, seed: UInt64, isJudged: Bool) -> String {
    var file = ModelWriter()
    file.add("what", json: [estimator, "\(split)", "\(seed)", "\(isJudged)"] + data.targetNames)
    for (number, target) in data.targets.enumerated() { file.add("target \(number)", target) }
    for (number, column) in data.features.columns.enumerated() {
      file.add("name \(number)", json: [column.name])
      switch column.values {
      case .numeric(let numbers): file.add("column \(number)", numbers)
      case .categorical(let codes, let levels):
        file.add("column \(number)", codes)
        file.add("levels \(number)", json: levels)
      }
    }
    if let weights = data.weights { file.add("weights", weights) }
    if let groups = data.groups { file.add("groups", groups.map { Double($0) }) }
    if let times = data.times { file.add("times", times) }
    let digest = file.bytes().withUnsafeBytes { ModelFormat.checksum($0) }
    return String(digest, radix: 16)
  }

  /// The combinations to begin with.
  private func combinations(seed: UInt64) -> [[String: PlainValue]] {
    let names = space.keys.sorted()
    func combination(_ number: Int) -> [String: PlainValue] {
      var rest = number
      var values: [String: PlainValue] = [:]
      for name in names.reversed() {
        let choices = space[name] ?? []
        values[name] = choices[rest % choices.count]
        rest /= choices.count
      }
      return values
    }
    switch method {
    case .grid: return (0..<combinationCount).map(combination)
    case .random(let trials), .halving(let trials):
      var random = SeededGenerator(seed: seed, stream: "search")
      if combinationCount - trials <= trials { return (0..<combinationCount).shuffled(using: &random).prefix(trials).map(combination) }
      var drawn: Set<Int> = []
      var numbers: [Int] = []
      while numbers.count < trials {
        let number = random.integer(below: combinationCount)
        if drawn.insert(number).inserted { numbers.append(number) }
      }
      return numbers.map(combination)
    }
  }

  /// Shares of the rows, rung by rung.
  private func shares(of data: Dataset, candidates: Int) throws(LearningError) -> [Double] {
    guard case .halving = method else { return [1] }
    var rungs = 1
    var left = candidates
    while left >= 3 {
      left /= 3
      rungs += 1
    }
    // A rung of fewer than 200 rows tells nothing, nor does one of a few groups, which are not cut.
    let groups = data.groups.map { Set($0).count } ?? .max
    let shares = (0..<rungs).map { 1 / Double(repeating3: rungs - 1 - $0) }
    return shares.filter { $0 == 1 || $0 * Double(data.rowCount) >= 200 && $0 * Double(groups) >= 20 }
  }

  /// Rows of a share; those of a group stay together, and shares grow by adding.
  private static func rows(_ share: Double, of data: Dataset, seed: UInt64) -> [Int] {
    if share == 1 { return Array(0..<data.rowCount) }
    return (0..<data.rowCount).filter { row in
      let key = UInt64(bitPattern: Int64(data.groups?[row] ?? row))
      return Double(SeededGenerator.mixed(key &+ SeededGenerator.mixed(seed)) >> 11) * 0x1p-53 < share
    }
  }
}

extension Double {
  /// 3 to the power of a small whole number.
  fileprivate init(repeating3 power: Int) { self = (0..<power).reduce(1) { product, _ in product * 3 } }
}
