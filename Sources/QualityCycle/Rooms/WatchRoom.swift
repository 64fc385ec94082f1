import Glibc
public import Ledger
public import Routing
public import Tabular

/// One operation of an order held against what the champion says of it.
public struct ComparedResult: Hashable, Sendable {
  /// Where it was done (`nil`: not reported), and what was done.
  public var resource: String?, job: String
  /// When it was completed.
  public var completedAt: Timestamp
  /// ln(actual ÷ predicted run minutes): above 0 it took longer.
  public var logRatio: Double

  /// Makes the comparison, or none where either figure is no positive number.
  public init?(resource: String?, job: String, completedAt: Timestamp, actual: Double, predicted: Double) {
    guard actual > 0, predicted > 0, actual.isFinite, predicted.isFinite else { return nil }
    self.resource = resource
    self.job = job
    self.completedAt = completedAt
    logRatio = log(actual / predicted)
    guard logRatio.isFinite else { return nil }
  }
}

/// The end of the third room: keeps how much longer each job took on each resource than predicted, where drift shows.
///
/// Every result counts once in a champion's life: only what was completed since the champion was last watched is compared, although the
/// windows of cycles overlap. So the figures of different cycles are independent, as charts over them must assume, and watching all
/// results costs the same in all whether cycles are run daily or monthly: one prediction a result. A result that is reported after the
/// cycle that should have seen it is not looked at again.
public struct WatchRoom {
  /// Items whose results are read and predicted at a time: what bounds the memory.
  static let blockSize = 2000

  /// The factory.
  public let source: any FactorySource
  /// What earlier cycles left.
  public let ledger: Ledger
  /// The champion.
  public let predictor: any SamplePredicting
  /// Throws `CancellationError` when the work is to stop; asked block by block.
  public let checkCancellation: () throws -> Void

  /// Makes the room.
  public init(
    source: any FactorySource, ledger: Ledger, predictor: any SamplePredicting, checkCancellation: @escaping () throws -> Void = {}
  ) {
    self.source = source
    self.ledger = ledger
    self.predictor = predictor
    self.checkCancellation = checkCancellation
  }

  /// What cycle `cycle` is to keep: the groups of what came since the champion was last watched.
  ///
  /// A plan that watches the sample, or takes all items anyway, has its comparisons in `evaluation`; one that watches all results makes
  /// them here, which is cheaper than evaluating all items (no candidates are ranked, no routings aligned): three readings and a search
  /// for each 2,000 items that have new results.
  public func enter(_ evaluation: Evaluation, _ plan: CyclePlan, cycle: Int64) throws -> DriftWatch {
    let watched = try ledger.watchedUntil(champion: plan.champion, asOf: plan.asOf, before: cycle)
    let window = Window(since: max(plan.window.since, min(watched ?? .distantPast, plan.asOf)), until: plan.asOf)
    let all = plan.watch == .all
    let compared = all && !plan.takesAll ? try results(in: window, plan) : try Self.results(of: evaluation, in: window)
    return DriftWatch(
      since: window.since, until: window.until, covers: all || plan.takesAll ? "all" : "sample", groups: Self.groups(of: compared))
  }

  /// All results of `window` against what the champion says of them, block by block.
  public func results(in window: Window, _ plan: CyclePlan) throws -> [ComparedResult] {
    let codes = try source.itemCodes(withResultsIn: window)
    // As everywhere, the champion may know the standard routings of the beginning of the cycle's window, and nothing of its results.
    let known = CutFactorySource(source, asOf: plan.window.since)
    var compared: [ComparedResult] = []
    for start in stride(from: 0, to: codes.count, by: Self.blockSize) {
      try checkCancellation()
      let block = Array(codes[start..<min(start + Self.blockSize, codes.count)])
      let history = try WorkHistory(source.resultsOfOrders(of: block, in: window))
      let (requests, operations) = history.requests(in: window, basis: plan.basis)
      let minutes = try predictor.runMinutes(of: requests, from: known)
      for (place, operation) in operations.enumerated() {
        let result = ComparedResult(
          resource: requests[place].resource, job: requests[place].job, completedAt: Timestamp(microseconds: operation.completedAt),
          actual: operation.runMinutes(per: plan.basis), predicted: minutes[place])
        if let result { compared.append(result) }
      }
    }
    return compared
  }

  /// The results of an evaluation that were completed in `window`.
  static func results(of evaluation: Evaluation, in window: Window) throws -> [ComparedResult] {
    let frame = evaluation.operations
    let (resources, jobs) = (try frame.column("resource_code"), try frame.column("job_code"))
    let (actual, predicted) = (try frame.column("actual_minutes"), try frame.column("predicted_minutes"))
    let completed = try frame.column("completed_at")
    return (0..<frame.rowCount).compactMap { row in
      guard let at = completed.timestamp(row), window.contains(at), let job = jobs.text(row), let minutes = actual.number(row),
        let expected = predicted.number(row)
      else { return nil }
      return ComparedResult(resource: resources.text(row), job: job, completedAt: at, actual: minutes, predicted: expected)
    }
  }
}

extension WorkHistory {
  /// The operations that were completed in `window` with run minutes, and each as what a predictor is asked: of its own quantity, machine and time.
  func requests(in window: Window, basis: Basis) -> (requests: [OperationRequest], operations: [Operation]) {
    var requests: [OperationRequest] = []
    var found: [Operation] = []
    for order in orders {
      for (position, number) in order.operations.enumerated() {
        let operation = operations[number]
        guard window.contains(Timestamp(microseconds: operation.completedAt)), operation.runMinutes(per: basis) > 0 else { continue }
        found.append(operation)
        requests.append(
          OperationRequest(
            item: items[order.item], job: jobs[operation.job], occurrence: Int(operation.occurrence), position: position,
            resource: operation.resource >= 0 ? resources[operation.resource] : nil,
            quantity: operation.quantity.isNaN ? nil : operation.quantity,
            // Its first completion is the earliest that is known of an order, without what is to be judged.
            startsAt: Double(operations[order.operations.lowerBound].completedAt) / 1e6))
      }
    }
    return (requests, found)
  }
}
