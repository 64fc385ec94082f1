public import Learning
public import Tabular

/// What a source must have before anything can be learnt from it.
public enum TrainingError: Error, Hashable, CustomStringConvertible {
  case noItems(source: String)
  case noResults(source: String, until: Timestamp)

  /// The message for whoever asked for training.
  public var description: String {
    switch self {
    case .noItems(let source): "\(source) has no items; import some first ('lathe data import')"
    case .noResults(let source, let until):
      "\(source) has no work results completed up to \(until); import some first ('lathe data import') or train as of a later time"
    }
  }
}

/// Trains the baseline: encoder, vectors and per-operation statistics of what was completed up to one instant.
public struct BaselineTrainer: Sendable {
  /// How features are compared, by name.
  public var features: [String: FeatureChoice] = [:]
  /// Numbers of an item's vector.
  public var dimension = 128
  /// What run minutes are counted per; `nil`: a piece when at least half of the results tell their quantity.
  public var basis: Basis?
  /// How the model will predict.
  public var options = PredictionOptions()

  /// Makes a trainer with default settings.
  public init() {}

  /// Items whose results are read at a time: what bounds the memory.
  private static let blockSize = 2000

  /// Trains on all results completed up to `trainedUntil`.
  ///
  /// - Parameters:
  ///   - context: Seed, threads and cancellation of building a graph of similar items, where there are many.
  ///   - progress: Called with the share done, 0…1, after each block; may throw to cancel.
  /// - Throws: ``TrainingError`` when there is nothing to learn from, what the source throws, and what `progress` throws.
  public func train(
    on source: any FactorySource, until trainedUntil: Timestamp, in context: FitContext = FitContext(),
    progress: (Double) throws -> Void = { _ in }
  ) throws -> RoutingModel {
    if try source.counts(until: nil).items == 0 { throw TrainingError.noItems(source: source.name) }
    let codes = try source.itemCodes(withResultsIn: Window(since: .distantPast, until: trainedUntil))
    if codes.isEmpty { throw TrainingError.noResults(source: source.name, until: trainedUntil) }
    let basis = try basis ?? (source.shareWithQuantity(until: trainedUntil) >= 0.5 ? .unit : .order)
    var builder = EvidenceBuilder(basis: basis)
    for start in stride(from: 0, to: codes.count, by: Self.blockSize) {
      let block = Array(codes[start..<min(start + Self.blockSize, codes.count)])
      let history = try WorkHistory(source.results(of: block, since: nil, until: trainedUntil))
      builder.add(history, standard: try StandardRoutings(source.routings(of: block, validAt: trainedUntil)), at: trainedUntil)
      try progress(0.8 * Double(min(start + Self.blockSize, codes.count)) / Double(codes.count))
    }
    let evidence = builder.build()
    let (encoder, vectors) = try encode(evidence.items.texts, from: source)
    try progress(0.85)
    let index = try NearestSearch.lastingIndex(for: vectors, batch: 500, in: context)
    try progress(1)
    return RoutingModel(
      version: "", trainedUntil: trainedUntil, options: options, encoder: encoder, evidence: evidence, index: index)
  }

  /// Items that have results but no row of their own are kept with a vector of zeros: their own evidence still counts for them.
  private func encode(_ codes: [String], from source: any FactorySource) throws -> (FeatureEncoder, Matrix) {
    let items = try source.items(codes, columns: nil)
    let encoder = FeatureEncoder(fitting: items, choices: features, dimension: dimension)
    let encoded = encoder.encode(items)
    let known = try items.column("item_code")
    var rows: [String: Int] = [:]
    for row in 0..<items.rowCount { if let code = known.text(row) { rows[code] = row } }
    var vectors = Matrix(rowCount: codes.count, columnCount: dimension)
    for (position, code) in codes.enumerated() {
      guard let row = rows[code] else { continue }
      vectors.values.replaceSubrange(position * dimension..<(position + 1) * dimension, with: encoded.row(row))
    }
    return (encoder, vectors)
  }
}
