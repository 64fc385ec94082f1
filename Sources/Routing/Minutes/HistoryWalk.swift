import Glibc
import Learning
import Tabular

/// Walks through a history in order of time: what was completed goes into memory before an order that starts later is looked at.
struct HistoryWalk {
  struct Row {
    var operation: Int
    var query: MinutesQuery
    var features: MinutesFeatures
  }

  private let history: WorkHistory
  private let basis: Basis
  private let alike: [[AlikeItem]]
  private let groups: [[Int32]]
  private let options: PredictionOptions
  private var memory: WorkMemory
  /// When each order started, as far as it is known, and the orders by that.
  private let starts: [Double], started: [Int]
  private(set) var rows: [Row] = []
  /// What was known at the instants asked for.
  private(set) var frozen: [FrozenWork] = []

  init(_ history: WorkHistory, basis: Basis, alike: [[AlikeItem]], groups: [[Int32]], options: PredictionOptions) {
    self.history = history
    self.basis = basis
    self.alike = alike
    self.groups = groups
    self.options = options
    memory = WorkMemory(itemCount: history.items.count, jobCount: history.jobs.count)
    let starts = Self.starts(of: history)
    self.starts = starts
    started = history.orders.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
  }

  /// The operation that will be each row.
  var rowOperations: [Int] { started.flatMap { history.orders[$0].operations } }

  /// When each order started, as far as earlier results tell: its own minutes are what is to be predicted.
  ///
  /// An operation lasts from the completion of the one before it in its order, or as long as was worked on it, whichever is longer: nights and
  /// queues count, because an order that is taken to start too late would know of results that came in meanwhile.
  private static func starts(of history: WorkHistory) -> [Double] {
    var starts = Array(repeating: 0.0, count: history.orders.count)
    var lasting = Array(repeating: LogarithmSpread(), count: history.jobs.count)
    var anything = LogarithmSpread()
    let completed = history.operations.indices.sorted {
      (history.operations[$0].completedAt, $0) < (history.operations[$1].completedAt, $1)
    }
    var sinceFormer = Array(repeating: 0.0, count: history.operations.count)
    for order in history.orders {
      for (former, place) in zip(order.operations, order.operations.dropFirst()) {
        sinceFormer[place] = Double(history.operations[place].completedAt - history.operations[former].completedAt) / 60e6
      }
    }
    // An order's beginning is told by its first report, and by what had been completed before that.
    let first = { (number: Int) in history.operations[history.orders[number].operations.lowerBound] }
    var next = 0
    for number in history.orders.indices.sorted(by: { (first($0).firstCompletedAt, $0) < (first($1).firstCompletedAt, $1) }) {
      let operation = first(number)
      while next < completed.count, history.operations[completed[next]].completedAt < operation.firstCompletedAt {
        let earlier = history.operations[completed[next]]
        let worked = [earlier.setupMinutes, earlier.runMinutes].reduce(0) { $0 + ($1.isFinite ? max(0, $1) : 0) }
        if worked > 0 {
          lasting[Int(earlier.job)].add(max(worked, sinceFormer[completed[next]]))
          anything.add(max(worked, sinceFormer[completed[next]]))
        }
        next += 1
      }
      let job = lasting[Int(operation.job)]
      let minutes = (job.count < fewest ? anything : job).ninetiethPercentile
      starts[number] = Double(operation.firstCompletedAt) / 1e6 - 60 * min(minutes, 60 * 24 * 30)
    }
    return starts
  }

  /// With fewer earlier operations of a job those of all jobs tell how long one lasts.
  private static let fewest = 5.0

  /// Goes through the whole history.
  ///
  /// - Parameters:
  ///   - instants: When to freeze what is known, ascending, in microseconds since 1970.
  ///   - isKept: For each row whether its features are wanted afterwards.
  mutating func run(freezingAt instants: [Int64], keeping isKept: [Bool], in context: FitContext) throws(LearningError) {
    let completed = history.operations.indices.sorted {
      (history.operations[$0].completedAt, $0) < (history.operations[$1].completedAt, $1)
    }
    var rowOfOperation = Array(repeating: 0, count: history.operations.count)
    rows.reserveCapacity(history.operations.count)
    var next = 0
    func catchUp(while isKnown: (Int64) -> Bool) {
      while next < completed.count, isKnown(history.operations[completed[next]].completedAt) {
        learn(rows[rowOfOperation[completed[next]]])
        next += 1
      }
    }
    func freeze(upTo time: Double) {
      while frozen.count < instants.count, Double(instants[frozen.count]) / 1e6 < time {
        catchUp { [instant = instants[frozen.count]] in $0 <= instant }
        frozen.append(known(of: Array(history.items.indices)))
      }
    }
    for (turn, number) in started.enumerated() {
      if turn % 256 == 0 { try context.checkCancellation() }
      let order = history.orders[number]
      freeze(upTo: starts[number])
      catchUp { [start = starts[number]] in Double($0) / 1e6 < start }
      for (position, place) in order.operations.enumerated() {
        let operation = history.operations[place]
        let query = MinutesQuery(
          item: order.item, job: operation.job, occurrence: operation.occurrence, resource: operation.resource, position: position,
          quantity: operation.quantity, time: starts[number])
        var features = MinutesFeatures(query, alike: alike[order.item], groups: groups(of: query), in: &memory, options: options)
        if !isKept[rows.count] { features.forgetValues() }
        rowOfOperation[place] = rows.count
        rows.append(Row(operation: place, query: query, features: features))
      }
    }
    freeze(upTo: .infinity)
    catchUp { _ in true }
  }

  /// What is known now of some items, by their numbers in the history.
  mutating func known(of items: [Int?]) -> FrozenWork { FrozenWork(&memory, items: items, jobCount: history.jobs.count) }

  /// What was known at the instant number `place` of those asked for about an operation; what was known when its order started, if that was before.
  mutating func features(of row: Row, at place: Int, _ instant: Int64) -> MinutesFeatures {
    if row.query.time <= Double(instant) / 1e6 { return row.features }
    return MinutesFeatures(
      row.query, alike: alike[row.query.item], groups: groups(of: row.query), in: &frozen[place], options: options)
  }

  /// Takes in what an operation took, against what was expected of it.
  private mutating func learn(_ row: Row) {
    let operation = history.operations[row.operation]
    memory.add(
      row.query, minutes: operation.runMinutes(per: basis), setup: operation.setupMinutes, level: row.features.level,
      expected: row.features.reference, groups: groups(of: row.query), at: Double(operation.completedAt) / 1e6)
  }

  private func groups(of query: MinutesQuery) -> [Int32] {
    WorkGroup.numbers(resource: query.resource) + groups[query.item]
  }
}

/// Mean and variance of the logarithms of positive numbers (B. Welford, "Note on a method for calculating corrected sums of squares and
/// products", 1962).
private struct LogarithmSpread {
  private(set) var count = 0.0
  private var mean = 0.0, squares = 0.0

  mutating func add(_ value: Double) {
    let apart = log(value) - mean
    count += 1
    mean += apart / count
    squares += apart * (log(value) - mean)
  }

  /// What nine in ten stay below, if the logarithms are normal; 0 without any.
  var ninetiethPercentile: Double {
    guard count > 0 else { return 0 }
    return exp(mean + 1.2816 * (count > 1 ? (squares / (count - 1)).squareRoot() : 0))
  }
}
