import Glibc
import Learning
import Metrics
import Tabular

/// Predicts routings from a frozen model.
public struct Predictor: Sendable {
  /// What it predicts from.
  public let model: RoutingModel

  /// Makes a predictor.
  public init(_ model: RoutingModel) { self.model = model }

  /// Predicts each of `codes`, in order, from what the model knows and the items' features and standard routings in `source`.
  ///
  /// Standard routings are those valid at the model's own instant. Two statements for each 2,000 items, one search for all. Where the version
  /// has a trained model, the run minutes are its; those of an operation that several candidates have are of its place in the first.
  /// - Parameters:
  ///   - quantity: Pieces of the order; `nil`: as many as usual. It matters to trained models only.
  ///   - explaining: Whether to list where each figure comes from.
  /// - Throws: what reading the source throws; an item that cannot be predicted is a failure in its place.
  public func predict(
    _ codes: [String], from source: any FactorySource, quantity: Double? = nil, explaining: Bool = false
  ) throws -> [Result<Prediction, PredictionFailure>] {
    let asked = try Asked(codes, from: source, model)
    let standard = try StandardRoutings(source.routings(of: codes, validAt: model.trainedUntil))
    var results = codes.map { code -> Result<Prediction, PredictionFailure> in
      guard let row = asked.rows[code] else { return .failure(.unknownItem) }
      return predict(code, neighbors: asked.neighbors[row], standard: standard[code], explaining: explaining)
    }
    if let regressor = model.regressor { try Self.improve(&results, asked, by: regressor, quantity: quantity, model) }
    return results
  }

  /// Run minutes of each request, per piece or order as the basis says; NaN where nothing is known. What an order's own quantity, machine and
  /// time change is known to trained models only: the aggregation of similar items' results is the same for all orders of an item.
  ///
  /// - Complexity: One statement and one search for each 2,000 items.
  public func runMinutes(of requests: [OperationRequest], from source: any FactorySource) throws -> [Double] {
    var minutes = Array(repeating: Double.nan, count: requests.count)
    var codes: [String] = []
    var ofItem: [String: [Int]] = [:]
    for (place, request) in requests.enumerated() {
      if ofItem[request.item] == nil { codes.append(request.item) }
      ofItem[request.item, default: []].append(place)
    }
    for start in stride(from: 0, to: codes.count, by: 2000) {
      let block = Array(codes[start..<min(start + 2000, codes.count)])
      let asked = try Asked(block, from: source, model)
      let places = block.flatMap { ofItem[$0] ?? [] }
      let found: [Double]
      if let regressor = model.regressor {
        found = try asked.minutes(of: places.map { requests[$0] }, by: regressor, model).run
      } else {
        let standard = try StandardRoutings(source.routings(of: block, validAt: model.trainedUntil))
        found = block.flatMap { code -> [Double] in
          let requests = (ofItem[code] ?? []).map { requests[$0] }
          guard let row = asked.rows[code] else { return requests.map { _ in .nan } }
          let used = used(asked.neighbors[row], by: code)
          let estimator = OperationEstimator(
            used.neighbors, own: used.own, standard: standard[code] ?? [], model: model, explaining: false)
          return requests.map { estimator.runMinutes(job: $0.job, occurrence: $0.occurrence) ?? .nan }
        }
      }
      for (place, value) in zip(places, found) { minutes[place] = value }
    }
    return minutes
  }

  /// Items that are asked about: their features, the row of each, and for each row the items with evidence most similar to it.
  private struct Asked {
    let items: Frame
    let rows: [String: Int]
    let neighbors: [[(item: Int, similarity: Double)]]

    init(_ codes: [String], from source: any FactorySource, _ model: RoutingModel) throws {
      items = try source.items(codes, columns: model.encoder.features.map(\.name))
      let column = try items.column("item_code")
      var rows: [String: Int] = [:]
      for row in 0..<items.rowCount { if let code = column.text(row) { rows[code] = row } }
      self.rows = rows
      neighbors = try Self.neighbors(of: items, model)
    }

    func minutes(
      of requests: [OperationRequest], by regressor: MinutesRegressor, _ model: RoutingModel, withSetups: Bool = false
    ) throws -> (run: [Double], setup: [Double]?) {
      try regressor.minutes(
        of: requests, items: items, itemRows: requests.map { rows[$0.item] }, alike: neighbors, at: model.trainedUntil.seconds,
        withSetups: withSetups, threads: 2)
    }

    /// The items with evidence most similar to each row of `items`: the item itself first, with similarity 1, when it has evidence.
    private static func neighbors(of items: Frame, _ model: RoutingModel) throws -> [[(item: Int, similarity: Double)]] {
      guard items.rowCount > 0, model.evidence.itemCount > 0 else { return Array(repeating: [], count: items.rowCount) }
      let found = try model.index.search(model.encoder.encode(items), k: model.options.neighbors)
      let codes = try items.column("item_code")
      return (0..<items.rowCount).map { row in
        let own = codes.text(row).flatMap { model.evidence.items.code(of: $0) }.map(Int.init)
        var result: [(item: Int, similarity: Double)] = own.map { [($0, 1)] } ?? []
        for neighbor in found[row] where neighbor.id != own && neighbor.similarity > 0 {
          result.append((neighbor.id, min(1, Double(neighbor.similarity))))
        }
        return Array(result.prefix(model.options.neighbors))
      }
    }
  }

  /// Puts the minutes of a trained model in place of those of the evidence; what is told around them keeps its ratio to them.
  private static func improve(
    _ results: inout [Result<Prediction, PredictionFailure>], _ asked: Asked, by regressor: MinutesRegressor, quantity: Double?,
    _ model: RoutingModel
  ) throws {
    var requests: [OperationRequest: Int] = [:]
    var ordered: [OperationRequest] = []
    var predictions = results.map { try? $0.get() }
    /// For each operation of each candidate the number of its request.
    var numbers: [[[Int]]] = []
    for prediction in predictions {
      var places: [String: Int] = [:]
      numbers.append(
        (prediction?.candidates ?? []).map { candidate in
          candidate.operations.enumerated().map { position, operation in
            let place = places["\(operation.occurrence) \(operation.job)", default: position]
            places["\(operation.occurrence) \(operation.job)"] = place
            let request = OperationRequest(
              item: prediction?.item ?? "", job: operation.job, occurrence: operation.occurrence, position: place,
              resource: operation.resource, quantity: quantity)
            if let known = requests[request] { return known }
            requests[request] = ordered.count
            ordered.append(request)
            return ordered.count - 1
          }
        })
    }
    let (minutes, setups) = try asked.minutes(of: ordered, by: regressor, model, withSetups: true)
    for (place, prediction) in predictions.enumerated() {
      guard var prediction else { continue }
      prediction.estimator = regressor.name
      prediction.setupEstimator = setups == nil ? nil : regressor.name
      for candidate in prediction.candidates.indices {
        for operation in prediction.candidates[candidate].operations.indices {
          let number = numbers[place][candidate][operation]
          let found = minutes[number]
          if let setup = setups?[number], setup.isFinite { prediction.candidates[candidate].operations[operation].setupMinutes = setup }
          if found.isFinite { prediction.candidates[candidate].operations[operation].setRunMinutes(found) }
        }
      }
      predictions[place] = prediction
      results[place] = .success(prediction)
    }
  }

  /// The items with evidence most similar to `code`, most similar first, without itself, or `nil` when the source has no such item.
  public func similar(to code: String, count: Int, from source: any FactorySource) throws -> [(item: String, similarity: Double)]? {
    let items = try source.items([code], columns: model.encoder.features.map(\.name))
    guard items.rowCount == 1 else { return nil }
    guard model.evidence.itemCount > 0 else { return [] }
    let found = try model.index.search(model.encoder.encode(items), k: min(count, model.evidence.itemCount) + 1)
    return found[0].map { (model.evidence.items[Int32($0.id)], Double($0.similarity)) }.filter { $0.0 != code }.prefix(count).map { $0 }
  }

  /// The neighbours that an item's prediction rests on, the item itself if it is among them, and whether they are less alike than wanted.
  private func used(
    _ found: [(item: Int, similarity: Double)], by code: String
  ) -> (neighbors: [(item: Int, similarity: Double)], own: Int?, isLow: Bool) {
    var used = found.filter { $0.similarity >= model.options.similarityFloor }
    // One whose orders are all under way has no routing to give: where the alike ones are such, the nearest are asked too.
    let isLow = !used.contains { !model.evidence.signatures(of: $0.item).isEmpty } && found.count > used.count
    if isLow { used = found }
    let own = model.evidence.items.code(of: code).map(Int.init)
    return (used, used.first?.item == own ? own : nil, isLow)
  }

  private func predict(
    _ code: String, neighbors found: [(item: Int, similarity: Double)], standard: [StandardRoutings.Operation]?, explaining: Bool
  ) -> Result<Prediction, PredictionFailure> {
    var prediction = Prediction(
      item: code, version: model.version, trainedUntil: model.trainedUntil, basis: model.evidence.basis, marks: [], candidates: [],
      neighbors: [])
    let (used, own, isLow) = used(found, by: code)
    if isLow { prediction.marks.append(.lowSimilarity) }
    let ranking = SignatureRanking(used, own: own, in: model)
    prediction.neighbors = used.map {
      Prediction.Neighbor(
        item: model.evidence.items[Int32($0.item)], similarity: $0.similarity,
        orders: model.evidence.signatures(of: $0.item).reduce(0) { $0 + Int(model.evidence.itemSignatureOrders[$1]) })
    }
    let estimator = OperationEstimator(used, own: own, standard: standard ?? [], model: model, explaining: explaining)
    prediction.candidates = ranking.best(model.options.candidates).map { entry in
      CandidateRouting(score: entry.score, orders: entry.orders, operations: estimator.operations(of: entry.signature))
    }
    if prediction.candidates.isEmpty {
      guard let standard, !standard.isEmpty else { return .failure(.noEvidence) }
      prediction.marks = [.standardOnly]
      prediction.neighbors = []
      prediction.candidates = [CandidateRouting(score: 0, orders: 0, operations: estimator.standardOperations())]
    }
    return .success(prediction)
  }
}

/// Ranks the routing signatures of similar items.
///
/// Each order of a similar item votes with similarity × recency, so a signature's votes are similarity × support × recency. The votes
/// of other items are scaled to weigh together as one order, and the item's own orders are added whole: the mean of a Dirichlet
/// distribution with the neighbours as prior. So one own order already counts as much as all neighbours, and more leave them behind.
///
/// Where no signature has a third of the votes, because hardly two orders went the same way, the first candidates also get what other
/// signatures lend them by likeness: the squared share of operations in common (twice the longest common subsequence over both
/// lengths). The one in the middle of them all then comes first, not the one that happened last.
struct SignatureRanking {
  struct Entry {
    var signature: Int32
    var score: Double
    var orders: Int
  }

  private var entries: [Entry] = []

  init(_ neighbors: [(item: Int, similarity: Double)], own: Int?, in model: RoutingModel) {
    let evidence = model.evidence
    var positions: [Int32: Int] = [:]
    var ownVotes: [Double] = []
    var otherVotes: [Double] = []
    for (item, similarity) in neighbors {
      for index in evidence.signatures(of: item) {
        let signature = evidence.itemSignatures[index]
        let orders = Int(evidence.itemSignatureOrders[index])
        let age = Double(model.trainedUntil.microseconds - evidence.itemSignatureLatest[index]) / 86_400e6
        let vote = similarity * Double(orders) * exp2(-age / model.options.recencyHalfLifeDays)
        let position = positions[signature] ?? entries.count
        if position == entries.count {
          positions[signature] = position
          entries.append(Entry(signature: signature, score: 0, orders: 0))
          ownVotes.append(0)
          otherVotes.append(0)
        }
        entries[position].orders += orders
        if item == own { ownVotes[position] += vote } else { otherVotes[position] += vote }
      }
    }
    let others = otherVotes.reduce(0, +)
    let total = ownVotes.reduce(0, +) + (others > 0 ? 1 : 0)
    for position in entries.indices where total > 0 {
      entries[position].score = (ownVotes[position] + (others > 0 ? otherVotes[position] / others : 0)) / total
    }
    // Equal scores: the shorter list of job codes by bytes first, so that the order does not hang on the order of items.
    entries.sort { left, right in
      if left.score != right.score { return left.score > right.score }
      let names = { (signature: Int32) in evidence.jobs(ofSignature: signature).map { evidence.jobs[$0] } }
      return names(left.signature).lexicographicallyPrecedes(names(right.signature)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    lend(evidence)
  }

  private static let lendingBelow = 1.0 / 3
  private static let lendingTo = 20

  /// Ranks anew by votes with what alike signatures lend, when no signature stands out.
  private mutating func lend(_ evidence: Evidence) {
    guard let first = entries.first, first.score < Self.lendingBelow, entries.count > 1 else { return }
    let jobs = entries.map { Array(evidence.jobs(ofSignature: $0.signature)) }
    var ranked = entries.prefix(Self.lendingTo).enumerated().map { position, entry in
      var entry = entry
      entry.score = entries.indices.reduce(0) { sum, other in
        let shared =
          2 * Double(longestCommonSubsequence(jobs[position], jobs[other]).count) / Double(jobs[position].count + jobs[other].count)
        return sum + entries[other].score * shared * shared
      }
      return entry
    }
    let order = ranked.indices.sorted { (ranked[$1].score, $0) < (ranked[$0].score, $1) }
    ranked = order.map { ranked[$0] }
    entries = ranked + entries.dropFirst(Self.lendingTo)
  }

  func best(_ count: Int) -> ArraySlice<Entry> { entries.prefix(count) }
}
