import Glibc
public import Learning
public import Tabular

/// Predictions of the judged rows.
public struct JudgedMinutes: Sendable {
  /// Minutes a row; NaN where nothing was known.
  public fileprivate(set) var minutes: [Double]
  /// Seconds that fitting, once for each block, and predicting took.
  public fileprivate(set) var fitSeconds = 0.0, predictSeconds = 0.0
}

/// Which rows models learn from.
public struct LearningChoice: Hashable, Sendable {
  /// At most so many; of more, half are the latest and half are drawn from all before, so that what holds for long and what has changed lately
  /// are both among them. `nil`: all.
  public var limit: Int?
  /// Of the drawing.
  public var seed: UInt64

  /// Makes a choice.
  public init(limit: Int? = nil, seed: UInt64 = 42) {
    self.limit = limit
    self.seed = seed
  }

  /// Those of `rows` that are learnt from, ascending.
  func drawn(from rows: [Int]) -> [Int] {
    guard let limit, rows.count > limit else { return rows }
    let latest = limit / 2
    var earlier = Array(rows.dropLast(latest))
    var generator = SeededGenerator(seed: seed, stream: "training rows")
    for place in 0..<limit - latest { earlier.swapAt(place, place + generator.integer(below: earlier.count - place)) }
    return (earlier.prefix(limit - latest) + rows.suffix(latest)).sorted()
  }
}

extension MinutesRows {
  /// Rows to learn from of what was completed up to an instant, as the rows' own choice has it: positions, ascending.
  public func trainingRows(of target: MinutesTarget = .run, until instant: Timestamp) -> [Int] {
    guard let rows = drawn[instant] else { return choice.drawn(from: indices(of: target, since: .distantPast, until: instant)) }
    let (minutes, reference) = outcomes(of: target)
    return rows.filter { target.isUsable(minutes[$0], reference[$0]) }
  }

  /// For each instant the rows of `operations` to learn from; empty when all are wanted.
  static func drawn(
    from operations: [WorkHistory.Operation], at instants: [Timestamp], by choice: LearningChoice, _ basis: Basis
  ) -> [Timestamp: [Int]] {
    guard let limit = choice.limit, operations.count > limit else { return [:] }
    var drawn: [Timestamp: [Int]] = [:]
    for instant in instants {
      drawn[instant] = choice.drawn(
        from: operations.indices.filter {
          operations[$0].completedAt <= instant.microseconds && MinutesTarget.run.isUsable(operations[$0].runMinutes(per: basis), 1)
        })
    }
    return drawn
  }

  /// Minutes of the ``judged`` rows as `estimator` predicts them when it is fitted anew at the beginning of each block on what was
  /// completed before it, as it would have been trained then.
  ///
  /// - Parameters:
  ///   - target: What is learnt.
  ///   - starts: When the blocks begin.
  ///   - chosen: The blocks to judge, by number; `nil`: all.
  /// - Returns: A number for each judged row, NaN where nothing was known; and what it took.
  /// - Throws: what fitting throws, a block without any row before it included.
  public func judgedMinutes(
    by estimator: any Estimator, of target: MinutesTarget = .run, blocksFrom starts: [Timestamp], only chosen: Range<Int>? = nil,
    in context: FitContext
  ) throws(LearningError) -> JudgedMinutes {
    var result = JudgedMinutes(minutes: Array(repeating: .nan, count: judged.rows.count))
    let reference = judged.reference(of: target)
    for (block, start) in starts.enumerated() where chosen?.contains(block) ?? true {
      try context.checkCancellation()
      let places = judged.rows.indices.filter { judged.blocks[$0] == block && target.isKnown(reference[$0]) }
      if places.isEmpty { continue }
      let begin = ContinuousClock.now
      let data = try dataset(of: trainingRows(of: target, until: start), target: target)
      let share = { (block: Int) in Double(block) / Double(starts.count) }
      let model = try estimator.fitted(data, in: context.part("block \(block)", from: share(block), to: share(block + 1)))
      let fitted = ContinuousClock.now
      let found = try judged.minutes(of: model, places: places, target: target, threads: context.threads)
      result.fitSeconds += (fitted - begin) / .seconds(1)
      result.predictSeconds += (ContinuousClock.now - fitted) / .seconds(1)
      for (place, value) in zip(places, found) { result.minutes[place] = value }
    }
    context.progress(1)
    return result
  }

  /// Instants that cut the rows completed after `since` and up to `until` into `count` blocks of about equally many rows; the first is `since`,
  /// the last `until`. Fewer blocks when there are fewer instants of completion.
  public static func blocks(of completedAt: [Double], since: Timestamp, until: Timestamp, count: Int) -> [Timestamp] {
    let times = completedAt.filter { $0 > since.seconds && $0 <= until.seconds }.sorted()
    var cuts = [since]
    for block in 1..<max(1, count) where !times.isEmpty {
      let cut = Timestamp(microseconds: Int64((times[times.count * block / count] * 1e6).rounded()))
      if cut > cuts[cuts.count - 1], cut < until { cuts.append(cut) }
    }
    return cuts + [until]
  }
}

extension MinutesRows {
  /// The rows as what a predictor is asked: of their own quantity, machine and time.
  public func requests(_ rows: [Int]) -> [OperationRequest] {
    var numbers: [String: [Double]] = [:]
    var levels: [String: (codes: [Int32], texts: [String])] = [:]
    for column in features.columns {
      switch column.values {
      case .numeric(let values): numbers[column.name] = values
      case .categorical(let codes, let texts): levels[column.name] = (codes, texts)
      }
    }
    func text(_ name: String, _ row: Int) -> String? {
      levels[name].flatMap { $0.codes[row] < 0 ? nil : $0.texts[Int($0.codes[row])] }
    }
    return rows.map { row in
      let quantity = exp(numbers["log_quantity"]?[row] ?? .nan)
      return OperationRequest(
        item: itemCodes[items[row]], job: text("job", row) ?? "", occurrence: Int(numbers["occurrence"]?[row] ?? 0),
        position: Int(numbers["position"]?[row] ?? 0), resource: text("resource", row), quantity: quantity.isNaN ? nil : quantity,
        startsAt: startedAt[row])
    }
  }
}
