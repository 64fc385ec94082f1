import Tabular

/// Estimates the operations of an item from its own results first, then from those of similar items.
struct OperationEstimator {
  private struct Key: Hashable {
    var job, occurrence: Int32
  }

  private struct Contribution {
    var operation, item: Int
    var similarity: Double
    var isOwn: Bool
  }

  private let contributions: [Key: [Contribution]]
  private let standard: [StandardRoutings.Operation]
  private let model: RoutingModel
  private let explaining: Bool

  init(
    _ neighbors: [(item: Int, similarity: Double)], own: Int?, standard: [StandardRoutings.Operation], model: RoutingModel, explaining: Bool
  ) {
    var contributions: [Key: [Contribution]] = [:]
    for (item, similarity) in neighbors {
      for operation in model.evidence.operations(of: item) {
        let key = Key(job: model.evidence.operationJobs[operation], occurrence: model.evidence.operationOccurrences[operation])
        contributions[key, default: []].append(
          Contribution(operation: operation, item: item, similarity: similarity, isOwn: item == own))
      }
    }
    self.contributions = contributions
    self.standard = standard
    self.model = model
    self.explaining = explaining
  }

  /// The operations of a signature, in order.
  func operations(of signature: Int32) -> [PredictedOperation] {
    var seen: [Int32: Int32] = [:]
    return model.evidence.jobs(ofSignature: signature).map { job in
      let occurrence = seen[job, default: 0]
      seen[job] = occurrence + 1
      return estimate(Key(job: job, occurrence: occurrence))
    }
  }

  /// The standard routing as it stands.
  func standardOperations() -> [PredictedOperation] {
    standard.map { operation in
      PredictedOperation(
        job: operation.job, occurrence: operation.occurrence, resource: operation.resource, inHouse: operation.inHouse,
        setupMinutes: operation.setupMinutes, runMinutes: operation.runMinutes(per: model.evidence.basis),
        optimalMinutes: nil, safeMinutes: nil, standardDeviation: nil, cv: nil, samples: 0, outliers: 0, confidence: 0,
        outsourcingReplaced: false, sources: explaining ? [] : nil)
    }
  }

  /// Run minutes of one operation, whether a routing has it or not; `nil` where nothing is known.
  func runMinutes(job: String, occurrence: Int) -> Double? {
    model.evidence.jobs.code(of: job).flatMap { estimate(Key(job: $0, occurrence: Int32(clamping: occurrence))).runMinutes }
  }

  private func estimate(_ key: Key) -> PredictedOperation {
    let evidence = model.evidence
    let all = contributions[key] ?? []
    let job = evidence.jobs[key.job]
    let planned = standard.first { $0.job == job && $0.occurrence == Int(key.occurrence) }
    let run = weights(all, counts: evidence.runCounts)
    let setup = weights(all, counts: evidence.setupCounts)
    let place = all.first { $0.isOwn } ?? all.max { ($0.similarity, $1.item) < ($1.similarity, $0.item) }

    var predicted = PredictedOperation(
      job: job, occurrence: Int(key.occurrence), resource: nil, inHouse: nil, setupMinutes: nil, runMinutes: nil, optimalMinutes: nil,
      safeMinutes: nil, standardDeviation: nil, cv: nil, samples: 0, outliers: 0, confidence: 0, outsourcingReplaced: false,
      sources: explaining ? [] : nil)
    if let place, evidence.operationResources[place.operation] >= 0 {
      predicted.resource = evidence.resources[evidence.operationResources[place.operation]]
    } else {
      predicted.resource = planned?.resource
    }
    let reported = place.map { evidence.operationInHouse[$0.operation] } ?? .nan
    predicted.inHouse = reported.isNaN ? planned?.inHouse : reported >= 0.5
    predicted.outsourcingReplaced = planned?.inHouse == false && reported >= 0.5
    predicted.setupMinutes =
      setup.isEmpty ? planned?.setupMinutes : setup.reduce(0) { $0 + $1.share * evidence.setupMeans[$1.from.operation] }
    guard !run.isEmpty else {
      predicted.runMinutes = planned?.runMinutes(per: evidence.basis)
      return predicted
    }

    let mean = run.reduce(0) { $0 + $1.share * evidence.runMeans[$1.from.operation] }
    // Spread within each item and between the items' means.
    let variance = run.reduce(0) {
      let (within, away) = (evidence.runDeviations[$1.from.operation], evidence.runMeans[$1.from.operation] - mean)
      return $0 + $1.share * (within * within + away * away)
    }
    let deviation = variance.squareRoot()
    let smallest = run.map { evidence.runSmallest[$0.from.operation] }.min() ?? mean
    predicted.runMinutes = mean
    predicted.standardDeviation = deviation
    predicted.cv = mean > 0 ? deviation / mean : nil
    predicted.optimalMinutes = max(mean - model.options.optimalSigma * deviation, min(smallest, mean))
    predicted.safeMinutes = mean + model.options.safeSigma * deviation
    predicted.samples = run.reduce(0) { $0 + Int(evidence.runCounts[$1.from.operation]) }
    predicted.outliers = run.reduce(0) { $0 + Int(evidence.runOutliers[$1.from.operation]) }
    let count = Double(predicted.samples)
    let similarity = run.reduce(0) { $0 + $1.share * $1.from.similarity }
    predicted.confidence = 0.5 * count / (count + 2) + 0.5 * similarity
    if explaining {
      predicted.sources = run.map { entry in
        PredictedOperation.Source(
          item: evidence.items[Int32(entry.from.item)], similarity: entry.from.similarity,
          samples: Int(evidence.runCounts[entry.from.operation]), meanMinutes: evidence.runMeans[entry.from.operation],
          share: entry.share, results: Array(evidence.sources(of: entry.from.operation)))
      }
    }
    return predicted
  }

  /// Each contribution with samples and its share of the figure, together 1.
  ///
  /// The item's own results count one each. While they are fewer than `ownSamplesMin`, similar items fill the gap: together they
  /// weigh as the missing results (as all they have, when the item has none), each by similarity × samples.
  private func weights(_ all: [Contribution], counts: [Int32]) -> [(from: Contribution, share: Double)] {
    let known = all.filter { counts[$0.operation] > 0 }
    let own = known.first { $0.isOwn }
    let ownCount = own.map { Double(counts[$0.operation]) } ?? 0
    let others = known.filter { !$0.isOwn }
    let support = others.reduce(0) { $0 + $1.similarity * Double(counts[$1.operation]) }
    let gap = own == nil ? support : min(support, max(0, Double(model.options.ownSamplesMin) - ownCount))
    let total = ownCount + gap
    var result: [(from: Contribution, share: Double)] = []
    if let own { result.append((own, ownCount / total)) }
    if gap > 0 {
      for other in others { result.append((other, gap / total * other.similarity * Double(counts[other.operation]) / support)) }
    }
    return result
  }
}
