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
  }

  /// When each order started, as far as earlier results tell: its own minutes are what is to be predicted.
  private func starts() -> [Double] {
    var starts = Array(repeating: 0.0, count: history.orders.count)
    // Mean and variance of the logarithms of minutes on the machine, job by job (B. Welford, 1962).
    var known = Array(repeating: (count: 0.0, mean: 0.0, squares: 0.0), count: history.jobs.count)
    let completed = history.operations.indices.sorted {
      (history.operations[$0].completedAt, $0) < (history.operations[$1].completedAt, $1)
    }
    // An order's beginning is told by its first report, and by what had been completed before that.
    let first = { (number: Int) in history.operations[history.orders[number].operations.lowerBound] }
    var next = 0
    for number in history.orders.indices.sorted(by: { (first($0).firstCompletedAt, $0) < (first($1).firstCompletedAt, $1) }) {
      let operation = first(number)
      while next < completed.count, history.operations[completed[next]].completedAt < operation.firstCompletedAt {
        let earlier = history.operations[completed[next]]
        next += 1
        let worked = [earlier.setupMinutes, earlier.runMinutes].reduce(0) { $0 + ($1.isFinite ? max(0, $1) : 0) }
        guard worked > 0 else { continue }
        let job = known[Int(earlier.job)]
        let apart = log(worked) - job.mean
        let mean = job.mean + apart / (job.count + 1)
        known[Int(earlier.job)] = (job.count + 1, mean, job.squares + apart * (log(worked) - mean))
      }
      let job = known[Int(operation.job)]
      let deviation = job.count > 1 ? (job.squares / (job.count - 1)).squareRoot() : 0
      let minutes = job.count > 0 ? exp(job.mean + Self.ninetiethPercentile * deviation) : 0
      starts[number] = Double(operation.firstCompletedAt) / 1e6 - 60 * min(minutes, 60 * 24 * 30)
    }
    return starts
  }

  /// Of a standard normal distribution.
  private static let ninetiethPercentile = 1.2816

  /// Goes through the whole history.
  ///
  /// - Parameter instants: When to freeze what is known, ascending, in microseconds since 1970.
  mutating func run(freezingAt instants: [Int64], in context: FitContext) throws(LearningError) {
    let starts = self.starts()
    let started = history.orders.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
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
        rowOfOperation[place] = rows.count
        rows.append(
          Row(
            operation: place, query: query,
            features: MinutesFeatures(query, alike: alike[order.item], groups: groups(of: query), in: &memory, options: options)))
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
