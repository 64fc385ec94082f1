import Tabular

/// Predicts the mean target of the nearest rows, by Euclidean distance of the encoded features (``DenseEncoder``). T. Cover, P. Hart, "Nearest
/// neighbor pattern classification", 1967.
public struct KNNRegressor: Estimator {
  /// How neighbours count.
  public enum Weighting: String, CaseIterable, Sendable {
    /// All the same.
    case uniform
    /// By 1 ÷ distance; where some are at no distance, they alone.
    case distance
  }

  /// How neighbours are found.
  public enum Search: String, CaseIterable, Sendable {
    /// By comparing with every row: always the nearest.
    case exact
    /// Through a graph (``HNSWIndex``): of many rows much sooner, and now and then one of the nearest is missed.
    case hnsw
  }

  /// `knn`.
  public static let name = "knn"
  /// What it does.
  public static let summary = "Predicts the mean target of the nearest rows, by Euclidean distance of the features."
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .integer("neighbor_count", \.neighborCount, 1...1_000_000, "rows that a prediction is the mean of; all where there are fewer"),
    .choice("weights", \.weighting, "whether all neighbours count the same or by 1 ÷ distance"),
    .choice("search", \.search, "whether rows are compared one by one, or found through a graph, which pays from some 40,000 rows on"),
    .flag("standardise", \.standardise, "whether numbers are brought to one scale first; otherwise larger numbers count for more"),
    .integer("level_limit", \.levelLimit, 1...10_000, "levels of a feature that are told apart, the most frequent"),
    .numbersByName(
      "feature_weights", \.featureWeights, .within(0...1e6),
      "what differences in a feature are multiplied by; 0 leaves it out, and one that is not named has 1"),
  ]
  private(set) var neighborCount = 5
  private(set) var weighting = Weighting.uniform
  private(set) var search = Search.exact
  private(set) var standardise = true
  private(set) var levelLimit = 32
  private(set) var featureWeights: [String: Double] = [:]

  /// Makes one with the defaults.
  public init() {}

  /// Makes one.
  public init(
    neighborCount: Int = 5, weighting: Weighting = .uniform, search: Search = .exact, standardise: Bool = true, levelLimit: Int = 32,
    featureWeights: [String: Double] = [:]
  ) throws(LearningError) {
    (self.neighborCount, self.weighting, self.search) = (neighborCount, weighting, search)
    (self.standardise, self.levelLimit, self.featureWeights) = (standardise, levelLimit, featureWeights)
    try check()
  }

  /// Keeps the rows; those of weight 0 are left out.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> KNNModel {
    try checkUsable(data)
    let data = try data.withoutWeightlessRows()
    try context.checkCancellation()
    let encoder = try DenseEncoder(
      fitting: data.features, weights: data.weights,
      options: DenseEncoder.Options(standardise: standardise, levelLimit: levelLimit, featureWeights: featureWeights), in: context)
    let points = try encoder.encode(data.features, in: context)
    try context.checkCancellation()
    let model = try KNNModel(
      encoder: encoder, points: points, targets: data.targets, targetNames: data.targetNames, weights: data.weights,
      neighborCount: min(neighborCount, data.rowCount), weighting: weighting, search: search, graph: nil, in: context)
    context.progress(1)
    return model
  }
}

/// The rows of a fit, to be searched.
public struct KNNModel: Model {
  /// `knn`.
  public static let kind = "knn"
  /// The features that it was fitted on.
  public var schema: FeatureSchema { encoder.schema }
  /// Names of its outputs.
  public let targetNames: [String]
  private let encoder: DenseEncoder
  private let points: Matrix
  private let targets: [[Double]]
  private let weights: [Double]?
  private let neighborCount: Int
  private let weighting: KNNRegressor.Weighting
  private let lift: Lift
  private let index: any NeighborIndex

  /// Queries that are searched at a time.
  private static let blockSize = 1024
  /// Candidates beyond the neighbours asked for: single precision may swap those whose distances hardly differ, so more are found and their
  /// distances are taken anew.
  private static let reserve = 8

  init(
    encoder: DenseEncoder, points: Matrix, targets: [[Double]], targetNames: [String], weights: [Double]?, neighborCount: Int,
    weighting: KNNRegressor.Weighting, search: KNNRegressor.Search, graph: HNSWIndex?, in context: FitContext
  ) throws(LearningError) {
    self.encoder = encoder
    self.points = points
    self.targets = targets
    self.targetNames = targetNames
    self.weights = weights
    self.neighborCount = neighborCount
    self.weighting = weighting
    lift = try Lift(points, in: context)
    do throws(NeighborError) {
      if let graph {
        index = graph
      } else if search == .hnsw {
        index = try HNSWIndex(try lift.unitPoints(points, in: context), in: context)
      } else {
        index = try ExactIndex(try lift.points(points, in: context))
      }
    } catch {
      if case .cancelled = error { throw .cancelled }
      throw .data("knn cannot search these rows: \(error)")
    }
    guard index.count == points.rowCount, index.dimension == points.columnCount + (index is HNSWIndex ? 2 : 1) else {
      throw .data("a graph of \(index.count) rows does not fit \(points.rowCount)")
    }
  }

  /// Few where each is compared with much: a billion multiplications take 25 ms, without AVX2 four times as long.
  public var rowsBetweenChecks: Int {
    index is HNSWIndex ? 512 : max(16, min(512, 1_000_000_000 / max(1, points.rowCount * points.columnCount) / 16 * 16))
  }

  /// The predictions for each row of `features`.
  public func predict(_ features: FeatureTable, threads: Int) throws(LearningError) -> [[Double]] {
    let queries = try encoder.encode(features)
    var predictions = targets.map { _ in Array(repeating: 0.0, count: queries.rowCount) }
    for start in stride(from: 0, to: queries.rowCount, by: Self.blockSize) {
      let rows = start..<min(start + Self.blockSize, queries.rowCount)
      let block = lift.queries(queries, rows, width: index.dimension)
      let found: Neighbors
      do { found = try index.search(block, k: neighborCount + Self.reserve, threads: threads) } catch {
        throw .data("knn cannot search for these rows: \(error)")
      }
      for row in rows {
        let near = nearest(of: found[row - start].map(\.id), to: queries.row(row))
        for output in targets.indices { predictions[output][row] = mean(of: near, targets[output]) }
      }
    }
    return predictions
  }

  /// The nearest candidates with their distances, ties by position.
  private func nearest(of candidates: [Int], to query: ArraySlice<Float>) -> [(id: Int, distance: Double)] {
    let measured = candidates.map { id in
      (id: id, distance: zip(points.row(id), query).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) })
    }
    return measured.sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }.prefix(neighborCount).map { ($0.id, $0.distance.squareRoot()) }
  }

  private func mean(of near: [(id: Int, distance: Double)], _ target: [Double]) -> Double {
    let atPoint = near.contains { $0.distance == 0 }
    // Relative to the nearest and to the greatest weight, so that no share overflows; shares of targets, so that no sum does.
    let unit = near.first?.distance ?? 1
    let greatest = weights.map { weights in near.reduce(0) { max($0, weights[$1.id]) } } ?? 1
    let shares = near.map { id, distance in
      (weighting == .uniform ? 1 : atPoint ? (distance == 0 ? 1 : 0) : unit / distance) * (weights.map { $0[id] / greatest } ?? 1)
    }
    let total = shares.reduce(0, +)
    return zip(near, shares).reduce(0) { $0 + $1.1 / total * target[$1.0.id] }
  }

  /// Adds what ``init(from:)`` reads.
  public func write(to file: inout ModelWriter) {
    encoder.write(to: &file)
    file.add("points", points.values)
    file.add("targets", json: targetNames)
    for (number, target) in targets.enumerated() { file.add("target \(number)", target) }
    file.add("weights", weights ?? [])
    file.add("neighbors", [Int64(neighborCount)])
    file.add("weighting", json: [weighting.rawValue, (index is HNSWIndex ? KNNRegressor.Search.hnsw : .exact).rawValue])
    if let graph = index as? HNSWIndex { file.add("graph") { graph.write(to: &$0) } }
  }

  /// Reads a model; throws when something does not fit together.
  public init(from file: ModelReader) throws(LearningError) {
    let encoder = try DenseEncoder(from: file)
    let names = try file.json("targets", [String].self)
    var targets: [[Double]] = []
    for number in names.indices { targets.append(try file.numbers("target \(number)", Double.self)) }
    guard let count = targets.first?.count, count > 0, targets.allSatisfy({ $0.count == count && $0.allSatisfy(\.isFinite) }) else {
      throw file.fault("its targets do not fit together")
    }
    let values = try file.numbers("points", Float.self)
    guard values.count == count * encoder.columnCount, values.allSatisfy(\.isFinite) else {
      throw file.fault("its points do not fit its targets")
    }
    let weights = try file.numbers("weights", Double.self)
    guard weights.isEmpty || weights.count == count && weights.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw file.fault("its weights do not fit its targets")
    }
    guard let neighbors = try file.numbers("neighbors", Int64.self).first, (1...Int64(count)).contains(neighbors),
      case let words = try file.json("weighting", [String].self), words.count == 2,
      let weighting = KNNRegressor.Weighting(rawValue: words[0]), let search = KNNRegressor.Search(rawValue: words[1])
    else { throw file.fault("its number, weighting or search of neighbours is none") }
    try self.init(
      encoder: encoder, points: Matrix(rowCount: count, columnCount: encoder.columnCount, values: values), targets: targets,
      targetNames: names,
      weights: weights.isEmpty ? nil : weights, neighborCount: Int(neighbors), weighting: weighting,
      search: search, graph: search == .hnsw ? try HNSWIndex(from: file.part("graph")) : nil, in: FitContext())
  }
}

/// Makes distance an inner product, which is what indexes compare by: −½|p − q|² = p·q − ½|p|² − ½|q|² is the greater the greater
/// (cp, −½c²|p|²)·(cq, 1) is. With c = 1 ÷ the longest point's length all numbers are of one magnitude, so that little precision is lost.
private struct Lift {
  private let scale: Double
  /// Rows of some thousand columns take some milliseconds.
  private static let rowsBetweenChecks = 1024

  init(_ points: Matrix, in context: FitContext) throws(LearningError) {
    var longest = 0.0
    for row in 0..<points.rowCount {
      if row % Self.rowsBetweenChecks == 0 { try context.checkCancellation() }
      longest = max(longest, points.row(row).reduce(0.0) { $0 + Double($1) * Double($1) })
    }
    scale = longest > 0 ? 1 / longest.squareRoot() : 1
  }

  /// The points with one more number.
  func points(_ points: Matrix, in context: FitContext) throws(NeighborError) -> Matrix { try lifted(points, extra: 1, in: context) }

  /// The points with two more numbers, the last of which brings all of them to length 1, as a graph wants them. That it is 0 in queries
  /// keeps their order: B. Neyshabur, N. Srebro, "On symmetric and asymmetric LSHs for inner product search", 2015.
  func unitPoints(_ points: Matrix, in context: FitContext) throws(NeighborError) -> Matrix { try lifted(points, extra: 2, in: context) }

  private func lifted(_ points: Matrix, extra: Int, in context: FitContext) throws(NeighborError) -> Matrix {
    let width = points.columnCount
    var lifted = Matrix(rowCount: points.rowCount, columnCount: width + extra)
    // Of (cp, −½c²|p|²) the squared length is at most 1 + ¼.
    let shrink = extra == 1 ? 1 : 1 / 1.25.squareRoot()
    for row in 0..<points.rowCount {
      if row % Self.rowsBetweenChecks == 0 { try context.check() }
      let square = points.row(row).reduce(0.0) { $0 + Double($1) * Double($1) } * scale * scale
      for column in 0..<width { lifted[row, column] = Float(Double(points[row, column]) * scale * shrink) }
      lifted[row, width] = Float(-square / 2 * shrink)
      if extra == 2 { lifted[row, width + 1] = Float(max(0, 1 - (square + square * square / 4) * shrink * shrink).squareRoot()) }
    }
    return lifted
  }

  /// Some queries, with 1 and, for a graph, 0 as their further numbers, brought to length 1: of a query only the direction orders the points.
  func queries(_ queries: Matrix, _ rows: Range<Int>, width: Int) -> Matrix {
    var block = Matrix(rowCount: rows.count, columnCount: width)
    for row in rows {
      let square = queries.row(row).reduce(0.0) { $0 + Double($1) * Double($1) } * scale * scale
      let length = (square + 1).squareRoot()
      for column in 0..<queries.columnCount { block[row - rows.lowerBound, column] = Float(Double(queries[row, column]) * scale / length) }
      block[row - rows.lowerBound, queries.columnCount] = Float(1 / length)
    }
    return block
  }
}
