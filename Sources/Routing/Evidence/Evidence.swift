public import Tabular

/// What is known of each item's work up to one instant: its routings and the statistics of its operations. Frozen in a model version.
///
/// Flat arrays, item by item, so that a version of hundreds of thousands of items is written and read as blocks; the arrays are open to
/// this package for that alone.
public struct Evidence: Sendable {
  /// Items with evidence, by the bytes of their codes.
  public package(set) var items: TextDictionary
  /// Distinct job and resource codes.
  public package(set) var jobs, resources: TextDictionary
  /// What run minutes are counted per.
  public package(set) var basis: Basis

  /// Distinct routing signatures: job codes in order, from `signatureStarts[s]` to `signatureStarts[s + 1]` in `signatureJobs`.
  package var signatureStarts: [Int32] = [0]
  package var signatureJobs: [Int32] = []

  /// An item's signatures: `itemSignatureStarts[item]..<itemSignatureStarts[item + 1]` into these.
  package var itemSignatureStarts: [Int32] = [0]
  package var itemSignatures: [Int32] = []
  /// Orders of the item with that signature, and microseconds of the latest one's completion.
  package var itemSignatureOrders: [Int32] = []
  package var itemSignatureLatest: [Int64] = []

  /// An item's operations: `itemOperationStarts[item]..<itemOperationStarts[item + 1]` into these.
  package var itemOperationStarts: [Int32] = [0]
  package var operationJobs: [Int32] = []
  package var operationOccurrences: [Int32] = []
  /// Most frequent resource (−1: never reported), and the share of results done in-house (NaN: never reported).
  package var operationResources: [Int32] = []
  package var operationInHouse: [Double] = []
  /// Run minutes: observations that count, outliers left out, trimmed mean, standard deviation, smallest.
  package var runCounts: [Int32] = []
  package var runOutliers: [Int32] = []
  package var runMeans: [Double] = []
  package var runDeviations: [Double] = []
  package var runSmallest: [Double] = []
  /// Set-up minutes of an order: observations that count and trimmed mean.
  package var setupCounts: [Int32] = []
  package var setupMeans: [Double] = []

  /// Results behind each operation: `sourceStarts[operation]..<sourceStarts[operation + 1]` into these.
  package var sourceStarts: [Int64] = [0]
  package var sourceResults: [String] = []

  /// What training could not use, by reason.
  public package(set) var leftOut: [String: Int] = [:]
  /// Results that the evidence was made of.
  public package(set) var resultCount = 0
  /// Orders that the evidence was made of.
  public package(set) var orderCount = 0

  /// Makes evidence of nothing.
  public init(basis: Basis) {
    items = TextDictionary()
    jobs = TextDictionary()
    resources = TextDictionary()
    self.basis = basis
  }

  /// Number of items with evidence.
  public var itemCount: Int { items.count }

  func signatures(of item: Int) -> Range<Int> { Int(itemSignatureStarts[item])..<Int(itemSignatureStarts[item + 1]) }

  func operations(of item: Int) -> Range<Int> { Int(itemOperationStarts[item])..<Int(itemOperationStarts[item + 1]) }

  func jobs(ofSignature signature: Int32) -> ArraySlice<Int32> {
    signatureJobs[Int(signatureStarts[Int(signature)])..<Int(signatureStarts[Int(signature) + 1])]
  }

  func sources(of operation: Int) -> ArraySlice<String> {
    sourceResults[Int(sourceStarts[operation])..<Int(sourceStarts[operation + 1])]
  }
}

/// Collects evidence from blocks of work history, items in the order of their codes' bytes.
public struct EvidenceBuilder {
  private var evidence: Evidence
  private var signatureNumbers: [[Int32]: Int32] = [:]

  /// Makes a builder of evidence whose run minutes are counted per `basis`.
  public init(basis: Basis) { evidence = Evidence(basis: basis) }

  /// Adds the work of a block of items, all of whose codes come after those added before, as it stood at `cut`.
  mutating func add(_ history: WorkHistory, standard: StandardRoutings, at cut: Timestamp) {
    let jobCodes = history.jobs.texts.map { evidence.jobs.intern($0) }
    let resourceCodes = history.resources.texts.map { evidence.resources.intern($0) }
    let identifiers = history.results["result_id"]
    evidence.resultCount += history.results.rowCount
    evidence.orderCount += history.orders.count
    for (item, orders) in history.ordersOfItem.enumerated() {
      _ = evidence.items.intern(history.items[item])
      let planned = standard[history.items[item]].map { $0.map(\.job) }
      let done = orders.map { history.orders[$0] }.filter { !history.isUnderWay($0, standard: planned, at: cut) }
      if done.count < orders.count { evidence.leftOut["order under way", default: 0] += orders.count - done.count }
      addSignatures(of: done, in: history, jobCodes: jobCodes)

      struct Key: Hashable {
        var job, occurrence: Int32
      }
      var groups: [Key: [Int]] = [:]
      var keys: [Key] = []
      for order in orders {
        for operation in history.orders[order].operations {
          let key = Key(job: history.operations[operation].job, occurrence: history.operations[operation].occurrence)
          if groups[key] == nil { keys.append(key) }
          groups[key, default: []].append(operation)
        }
      }
      for key in keys {
        let group = (groups[key] ?? []).map { history.operations[$0] }
        append(group, job: jobCodes[Int(key.job)], occurrence: key.occurrence, resourceCodes: resourceCodes)
        for operation in group { for row in operation.rows { evidence.sourceResults.append(identifiers?.text(row) ?? "") } }
        evidence.sourceStarts.append(Int64(evidence.sourceResults.count))
      }
      evidence.itemOperationStarts.append(Int32(evidence.operationJobs.count))
    }
  }

  /// The evidence of all blocks added.
  public func build() -> Evidence { evidence }

  /// Counts each order's signature. Orders under way count for the minutes, but not here: they do not tell yet how they end.
  private mutating func addSignatures(of orders: [WorkHistory.Order], in history: WorkHistory, jobCodes: [Int32]) {
    let sequences = orders.map { order in history.jobs(of: order).map { jobCodes[Int($0)] } }
    var counts: [(signature: Int32, orders: Int32, latest: Int64)] = []
    for (position, sequence) in sequences.enumerated() {
      let signature = number(of: sequence)
      if let known = counts.firstIndex(where: { $0.signature == signature }) {
        counts[known].orders += 1
        counts[known].latest = max(counts[known].latest, orders[position].completedAt)
      } else {
        counts.append((signature, 1, orders[position].completedAt))
      }
    }
    for count in counts {
      evidence.itemSignatures.append(count.signature)
      evidence.itemSignatureOrders.append(count.orders)
      evidence.itemSignatureLatest.append(count.latest)
    }
    evidence.itemSignatureStarts.append(Int32(evidence.itemSignatures.count))
  }

  private mutating func number(of sequence: [Int32]) -> Int32 {
    if let known = signatureNumbers[sequence] { return known }
    let number = Int32(evidence.signatureStarts.count - 1)
    evidence.signatureJobs.append(contentsOf: sequence)
    evidence.signatureStarts.append(Int32(evidence.signatureJobs.count))
    signatureNumbers[sequence] = number
    return number
  }

  private mutating func append(_ group: [WorkHistory.Operation], job: Int32, occurrence: Int32, resourceCodes: [Int32]) {
    var run: [Double] = []
    for operation in group {
      if let reason = operation.reasonWithoutMinutes(per: evidence.basis) {
        evidence.leftOut[reason, default: 0] += 1
      } else {
        run.append(operation.runMinutes(per: evidence.basis))
      }
    }
    let runSummary = SampleSummary(run)
    let setupSummary = SampleSummary(group.map(\.setupMinutes).filter { $0.isFinite })
    evidence.operationJobs.append(job)
    evidence.operationOccurrences.append(occurrence)
    evidence.operationResources.append(mostFrequentResource(of: group).map { resourceCodes[Int($0)] } ?? -1)
    let reported = group.compactMap(\.inHouse)
    evidence.operationInHouse.append(reported.isEmpty ? .nan : Double(reported.count { $0 }) / Double(reported.count))
    evidence.runCounts.append(Int32(runSummary.count))
    evidence.runOutliers.append(Int32(runSummary.outlierCount))
    evidence.runMeans.append(runSummary.mean)
    evidence.runDeviations.append(runSummary.standardDeviation)
    evidence.runSmallest.append(runSummary.smallest)
    evidence.setupCounts.append(Int32(setupSummary.count))
    evidence.setupMeans.append(setupSummary.mean)
  }

  /// The most frequent resource; of several the one used last.
  private func mostFrequentResource(of group: [WorkHistory.Operation]) -> Int32? {
    var counts: [Int32: Int] = [:]
    for operation in group where operation.resource >= 0 { counts[operation.resource, default: 0] += 1 }
    guard let most = counts.values.max() else { return nil }
    return group.last { $0.resource >= 0 && counts[$0.resource] == most }?.resource
  }
}
