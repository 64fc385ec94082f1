import Metrics
import Tabular

/// Holds predictions against the results of a window that the predictions knew nothing of.
public struct Evaluator: Sendable {
  /// The results that are judged by.
  public let window: Window
  /// What run minutes are counted per.
  public let basis: Basis

  /// Makes an evaluator.
  public init(window: Window, basis: Basis) {
    self.window = window
    self.basis = basis
  }

  /// Evaluates `predictions`, one for each of `codes` in order, against the results in `source`: two readings for each 2,000 items, of
  /// orders and of standard routings (which tell when an order is still under way).
  public func evaluate(
    _ codes: [String], _ predictions: [Result<Prediction, PredictionFailure>], against source: any FactorySource
  ) throws -> Evaluation {
    let history = try WorkHistory(source.resultsOfOrders(of: codes, in: window))
    let standard = try StandardRoutings(source.routings(of: codes, validAt: window.until))
    var rows = ObservationRows()
    var items: [EvaluatedItem] = []
    let positions = Dictionary(uniqueKeysWithValues: history.items.enumerated().map { ($1, $0) })
    for (code, result) in zip(codes, predictions) {
      switch result {
      case .failure(let failure): items.append(EvaluatedItem(code, leftOut: "no prediction: \(failure.rawValue)"))
      case .success(let prediction):
        guard let position = positions[code] else {
          items.append(EvaluatedItem(code, leftOut: "no actual results"))
          continue
        }
        let planned = standard[code].map { $0.map(\.job) }
        let done = history.ordersOfItem[position].map { order in
          !history.isUnderWay(history.orders[order], standard: planned, at: window.until)
        }
        items.append(evaluate(code, prediction, history.ordersOfItem[position], done, of: history, into: &rows))
      }
    }
    return Evaluation(
      basis: basis, window: window, items: items, operations: try rows.operations.frame(), orders: try rows.orders.frame(),
      leftOut: rows.leftOut, ordersLeftOut: rows.ordersLeftOut)
  }

  private func evaluate(
    _ code: String, _ prediction: Prediction, _ orders: Range<Int>, _ done: [Bool], of history: WorkHistory,
    into rows: inout ObservationRows
  ) -> EvaluatedItem {
    var item = EvaluatedItem(code, leftOut: nil)
    let routing = prediction.routing
    // Orders come by completion, so the last one done is the latest that completed in the window.
    let latest = done.lastIndex(of: true).map { orders.lowerBound + $0 } ?? orders.upperBound - 1
    item.isUnderWay = !done.contains(true)
    item.actual = history.jobs(of: history.orders[latest]).map { history.jobs[$0] }
    item.predicted = routing.signature
    item.candidate = prediction.candidates.firstIndex { $0.signature == item.actual }
    item.aligned = longestCommonSubsequence(item.predicted, item.actual).map { EvaluatedItem.Pair(predicted: $0.first, actual: $0.second) }

    // An operation's key is its job and occurrence; the alignment pairs predicted with actual ones of the latest order.
    var alignedOperations: [Key: Int] = [:]
    let actualKeys = Key.keys(of: item.actual)
    for pair in item.aligned { alignedOperations[actualKeys[pair.actual]] = pair.predicted }
    let predictedKeys = Set(Key.keys(of: item.predicted))
    var inHouse: [Int: (yes: Int, all: Int)] = [:]
    for (order, isDone) in zip(orders, done) {
      for operation in history.orders[order].operations.map({ history.operations[$0] }) {
        guard window.contains(Timestamp(microseconds: operation.completedAt)) else { continue }
        let key = Key(job: history.jobs[operation.job], occurrence: Int(operation.occurrence))
        guard let position = alignedOperations[key] else {
          let reason =
            predictedKeys.contains(key) ? "operation predicted, but not aligned with the latest order" : "operation not predicted"
          rows.leftOut[reason, default: 0] += 1
          continue
        }
        if let flag = operation.inHouse {
          inHouse[position, default: (0, 0)].all += 1
          if flag { inHouse[position, default: (0, 0)].yes += 1 }
        }
        rows.add(operation, predicted: routing.operations[position], item: code, basis: basis, of: history)
      }
      if isDone {
        rows.add(history.orders[order], predicted: routing, item: code, basis: basis, of: history)
      } else {
        rows.ordersLeftOut["still under way", default: 0] += 1
      }
    }
    for (position, operation) in routing.operations.enumerated() where operation.outsourcingReplaced {
      guard let seen = inHouse[position] else { continue }
      item.replacedOutsourcing += 1
      if seen.yes * 2 >= seen.all { item.confirmedOutsourcing += 1 }
    }
    return item
  }
}

extension Evaluation {
  /// The names of the columns of ``operations``.
  public static func operationColumns() throws -> [String] { try ObservationRows.Operations().frame().names }
}

private struct Key: Hashable {
  var job: String
  var occurrence: Int

  static func keys(of jobs: [String]) -> [Key] {
    var seen: [String: Int] = [:]
    return jobs.map { job in
      let occurrence = seen[job, default: 0]
      seen[job] = occurrence + 1
      return Key(job: job, occurrence: occurrence)
    }
  }
}

/// Rows of the frames of an evaluation.
private struct ObservationRows {
  struct Operations {
    var item = ColumnBuilder(.text), order = ColumnBuilder(.text), job = ColumnBuilder(.text), occurrence = ColumnBuilder(.integer)
    var resource = ColumnBuilder(.text), inHouse = ColumnBuilder(.bool), completedAt = ColumnBuilder(.timestamp)
    var quantity = ColumnBuilder(.double), actual = ColumnBuilder(.double), predicted = ColumnBuilder(.double)
    var actualSetup = ColumnBuilder(.double), predictedSetup = ColumnBuilder(.double), samples = ColumnBuilder(.integer)
    var replaced = ColumnBuilder(.bool)

    func frame() throws(FrameError) -> Frame {
      try Frame([
        ("item_code", item.column()), ("order_no", order.column()), ("job_code", job.column()), ("occurrence", occurrence.column()),
        ("resource_code", resource.column()), ("in_house", inHouse.column()), ("completed_at", completedAt.column()),
        ("quantity", quantity.column()), ("actual_minutes", actual.column()), ("predicted_minutes", predicted.column()),
        ("actual_setup", actualSetup.column()), ("predicted_setup", predictedSetup.column()), ("samples", samples.column()),
        ("outsourcing_replaced", replaced.column()),
      ])
    }
  }

  struct Orders {
    var item = ColumnBuilder(.text), order = ColumnBuilder(.text), quantity = ColumnBuilder(.double)
    var actual = ColumnBuilder(.double), predicted = ColumnBuilder(.double)

    func frame() throws(FrameError) -> Frame {
      try Frame([
        ("item_code", item.column()), ("order_no", order.column()), ("quantity", quantity.column()), ("actual_minutes", actual.column()),
        ("predicted_minutes", predicted.column()),
      ])
    }
  }

  var operations = Operations()
  var orders = Orders()
  var leftOut: [String: Int] = [:]
  var ordersLeftOut: [String: Int] = [:]

  mutating func add(
    _ operation: WorkHistory.Operation, predicted: PredictedOperation, item: String, basis: Basis, of history: WorkHistory
  ) {
    let actual = operation.runMinutes(per: basis)
    if let reason = operation.reasonWithoutMinutes(per: basis) {
      leftOut[reason, default: 0] += 1
      return
    }
    guard let expected = predicted.runMinutes else {
      leftOut["no minutes predicted", default: 0] += 1
      return
    }
    operations.item.append(item)
    operations.order.append(text: history.results["order_no"]?.text(operation.rows.lowerBound))
    operations.job.append(predicted.job)
    operations.occurrence.append(Int64(predicted.occurrence))
    operations.resource.append(text: operation.resource >= 0 ? history.resources[operation.resource] : nil)
    if let flag = operation.inHouse { operations.inHouse.append(flag) } else { operations.inHouse.appendMissing() }
    operations.completedAt.append(operation.completedAt)
    operations.quantity.append(number: operation.quantity)
    operations.actual.append(actual)
    operations.predicted.append(expected)
    operations.actualSetup.append(number: operation.setupMinutes)
    operations.predictedSetup.append(number: predicted.setupMinutes ?? .nan)
    operations.samples.append(Int64(predicted.samples))
    operations.replaced.append(predicted.outsourcingReplaced)
  }

  /// Adds an order that completed in the window, when all of its minutes are known and predicted; else counts why not.
  mutating func add(_ order: WorkHistory.Order, predicted routing: CandidateRouting, item: String, basis: Basis, of history: WorkHistory) {
    var actual = 0.0
    var quantity = Double.nan
    for operation in history.operations[order.operations] {
      guard operation.runMinutes.isFinite else {
        ordersLeftOut["an operation without run minutes", default: 0] += 1
        return
      }
      actual += operation.runMinutes + (operation.setupMinutes.isFinite ? operation.setupMinutes : 0)
      quantity = quantity.isNaN ? operation.quantity : operation.quantity.isNaN ? quantity : max(quantity, operation.quantity)
    }
    if basis == .unit, quantity.isNaN {
      ordersLeftOut["no quantity", default: 0] += 1
      return
    }
    var predicted = 0.0
    for operation in routing.operations {
      guard let minutes = operation.orderMinutes(quantity: quantity, basis: basis) else {
        ordersLeftOut["an operation predicted without run minutes", default: 0] += 1
        return
      }
      predicted += minutes
    }
    orders.item.append(item)
    orders.order.append(text: history.results["order_no"]?.text(history.operations[order.operations.lowerBound].rows.lowerBound))
    orders.quantity.append(number: quantity)
    orders.actual.append(actual)
    orders.predicted.append(predicted)
  }
}

extension ColumnBuilder {
  fileprivate mutating func append(text: String?) {
    if let text { append(text) } else { appendMissing() }
  }

  /// Adds a number; NaN is missing.
  fileprivate mutating func append(number: Double) {
    if number.isNaN { appendMissing() } else { append(number) }
  }
}
