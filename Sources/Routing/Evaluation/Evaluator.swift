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
  ///
  /// - Parameter minutes: Predicts each operation anew for the quantity, machine and time of its order, NaN where it cannot; `nil` or an
  ///   answer of `nil`: the predictions are the same for all orders.
  public func evaluate(
    _ codes: [String], _ predictions: [Result<Prediction, PredictionFailure>], against source: any FactorySource,
    minutes: (([OperationRequest]) throws -> [Double]?)? = nil
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
    if let minutes, let found = try minutes(rows.requests + rows.orderRequests) { rows.predict(found) }
    let (operations, orders) = try rows.frames()
    return Evaluation(
      basis: basis, window: window, items: items, operations: operations, orders: orders,
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
        rows.add(operation, of: history.orders[order], predicted: routing, at: position, item: code, basis: basis, in: history)
      }
      if isDone {
        rows.add(history.orders[order], predicted: routing, item: code, basis: basis, in: history)
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
  /// What is predicted of each row of ``operations``, and what it is asked as.
  private(set) var predictedMinutes: [Double] = [], requests: [OperationRequest] = []
  /// Of each row of ``orders`` the predicted operations, and how often the run minutes count; what they are asked as, one after the other.
  private var orderParts: [[(run: Double, setup: Double)]] = [], orderPieces: [Double] = []
  private(set) var orderRequests: [OperationRequest] = []
  var leftOut: [String: Int] = [:]
  var ordersLeftOut: [String: Int] = [:]

  mutating func add(
    _ operation: WorkHistory.Operation, of order: WorkHistory.Order, predicted routing: CandidateRouting, at position: Int, item: String,
    basis: Basis, in history: WorkHistory
  ) {
    let predicted = routing.operations[position]
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
    let resource = operation.resource >= 0 ? history.resources[operation.resource] : nil
    requests.append(
      OperationRequest(
        item: item, job: predicted.job, occurrence: predicted.occurrence, position: position, resource: resource ?? predicted.resource,
        quantity: operation.quantity.isNaN ? nil : operation.quantity, startsAt: start(of: order, routing, basis: basis, in: history)))
    operations.resource.append(text: resource)
    if let flag = operation.inHouse { operations.inHouse.append(flag) } else { operations.inHouse.appendMissing() }
    operations.completedAt.append(operation.completedAt)
    operations.quantity.append(number: operation.quantity)
    operations.actual.append(actual)
    predictedMinutes.append(expected)
    operations.actualSetup.append(number: operation.setupMinutes)
    operations.predictedSetup.append(number: predicted.setupMinutes ?? .nan)
    operations.samples.append(Int64(predicted.samples))
    operations.replaced.append(predicted.outsourcingReplaced)
  }

  /// When an order starts, as far as its first completion and what was predicted of the operation tell: the actual minutes are what is judged.
  private func start(of order: WorkHistory.Order, _ routing: CandidateRouting, basis: Basis, in history: WorkHistory) -> Double {
    let first = history.operations[order.operations.lowerBound]
    let planned = routing.operations.first { $0.job == history.jobs[first.job] }
    let minutes = planned?.orderMinutes(quantity: first.quantity.isNaN ? 1 : first.quantity, basis: basis) ?? 0
    return Double(first.firstCompletedAt) / 1e6 - 60 * min(minutes, 60 * 24 * 30)
  }

  /// Takes other run minutes for all requests, those of operations first; NaN leaves what was predicted.
  mutating func predict(_ minutes: [Double]) {
    for (place, found) in minutes.prefix(requests.count).enumerated() where found.isFinite { predictedMinutes[place] = found }
    var next = requests.count
    for order in orderParts.indices {
      for part in orderParts[order].indices {
        if minutes[next].isFinite { orderParts[order][part].run = minutes[next] }
        next += 1
      }
    }
  }

  /// The rows as the frames of an ``Evaluation``.
  func frames() throws(FrameError) -> (operations: Frame, orders: Frame) {
    var (operations, orders) = (operations, orders)
    for minutes in predictedMinutes { operations.predicted.append(minutes) }
    for (parts, pieces) in zip(orderParts, orderPieces) { orders.predicted.append(parts.reduce(0) { $0 + $1.setup + $1.run * pieces }) }
    return (try operations.frame(), try orders.frame())
  }

  /// Adds an order that completed in the window, when all of its minutes are known and predicted; else counts why not.
  mutating func add(_ order: WorkHistory.Order, predicted routing: CandidateRouting, item: String, basis: Basis, in history: WorkHistory) {
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
    guard routing.operations.allSatisfy({ $0.runMinutes != nil }) else {
      ordersLeftOut["an operation predicted without run minutes", default: 0] += 1
      return
    }
    let startsAt = start(of: order, routing, basis: basis, in: history)
    var parts: [(run: Double, setup: Double)] = []
    for (position, operation) in routing.operations.enumerated() {
      parts.append((operation.runMinutes ?? .nan, operation.setupMinutes ?? 0))
      orderRequests.append(
        OperationRequest(
          item: item, job: operation.job, occurrence: operation.occurrence, position: position, resource: operation.resource,
          quantity: quantity.isNaN ? nil : quantity, startsAt: startsAt))
    }
    orderParts.append(parts)
    orderPieces.append(basis == .unit ? quantity : 1)
    orders.item.append(item)
    orders.order.append(text: history.results["order_no"]?.text(history.operations[order.operations.lowerBound].rows.lowerBound))
    orders.quantity.append(number: quantity)
    orders.actual.append(actual)
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
