import FoundationEssentials
import Learning
public import Ledger
public import Routing
import Tabular

/// All of a model that is not a big array; kept as one text, so that its checksum is that of a section.
private struct ModelHeader: Codable {
  var trainedUntil: Timestamp
  var options: PredictionOptions
  var encoder: FeatureEncoder
  var basis: Basis
  var leftOut: [String: Int]
  var resultCount: Int
  var orderCount: Int
}

extension RoutingModel {
  private static let vectorsName = "vectors.sections"
  private static let graphName = "vectors.graph", regressorName = "minutes.model"
  private static let evidenceName = "evidence.sections"
  private static let sourcesName = "sources.sections"

  /// Writes the model's files into a version that is being made.
  public func write(to draft: ModelDraft) throws {
    let header = ModelHeader(
      trainedUntil: trainedUntil, options: options, encoder: encoder, basis: evidence.basis, leftOut: evidence.leftOut,
      resultCount: evidence.resultCount, orderCount: evidence.orderCount)
    let json = JSONEncoder()
    json.keyEncodingStrategy = .convertToSnakeCase
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try json.encode(header), as: UTF8.self)
    if let graph = index as? HNSWIndex {
      var file = ModelWriter()
      graph.write(to: &file)
      try draft.write(bytes: file.bytes(), to: Self.graphName)
    } else if let exact = index as? ExactIndex {
      try draft.write([Section("vectors", exact.vectors.values)], to: Self.vectorsName)
    }
    if let regressor { try draft.write(bytes: regressor.bytes(), to: Self.regressorName) }
    try draft.write(
      [
        Section(texts: "header", [text]), Section("items", evidence.items), Section("jobs", evidence.jobs),
        Section("resources", evidence.resources),
        Section("signature_starts", evidence.signatureStarts), Section("signature_jobs", evidence.signatureJobs),
        Section("item_signature_starts", evidence.itemSignatureStarts), Section("item_signatures", evidence.itemSignatures),
        Section("item_signature_orders", evidence.itemSignatureOrders), Section("item_signature_latest", evidence.itemSignatureLatest),
        Section("item_operation_starts", evidence.itemOperationStarts), Section("operation_jobs", evidence.operationJobs),
        Section("operation_occurrences", evidence.operationOccurrences), Section("operation_resources", evidence.operationResources),
        Section("operation_in_house", evidence.operationInHouse), Section("run_counts", evidence.runCounts),
        Section("run_outliers", evidence.runOutliers), Section("run_means", evidence.runMeans),
        Section("run_deviations", evidence.runDeviations), Section("run_smallest", evidence.runSmallest),
        Section("setup_counts", evidence.setupCounts), Section("setup_means", evidence.setupMeans),
      ], to: Self.evidenceName)
    try draft.write(
      [Section("starts", evidence.sourceStarts), Section(texts: "results", evidence.sourceResults)], to: Self.sourcesName)
  }

  /// Reads the model of a version's folder; each file is checked as it is read, and a damaged one is refused by name.
  public init(version: String, folder: String) throws {
    let file = try SectionFile(path: folder + "/" + Self.evidenceName)
    let json = JSONDecoder()
    json.keyDecodingStrategy = .convertFromSnakeCase
    let header = try json.decode(ModelHeader.self, from: Data((file.texts("header").first ?? "").utf8))
    var evidence = Evidence(basis: header.basis)
    evidence.items = try file.dictionary("items")
    evidence.jobs = try file.dictionary("jobs")
    evidence.resources = try file.dictionary("resources")
    evidence.signatureStarts = try Array(file.values("signature_starts"))
    evidence.signatureJobs = try Array(file.values("signature_jobs"))
    evidence.itemSignatureStarts = try Array(file.values("item_signature_starts"))
    evidence.itemSignatures = try Array(file.values("item_signatures"))
    evidence.itemSignatureOrders = try Array(file.values("item_signature_orders"))
    evidence.itemSignatureLatest = try Array(file.values("item_signature_latest"))
    evidence.itemOperationStarts = try Array(file.values("item_operation_starts"))
    evidence.operationJobs = try Array(file.values("operation_jobs"))
    evidence.operationOccurrences = try Array(file.values("operation_occurrences"))
    evidence.operationResources = try Array(file.values("operation_resources"))
    evidence.operationInHouse = try Array(file.values("operation_in_house"))
    evidence.runCounts = try Array(file.values("run_counts"))
    evidence.runOutliers = try Array(file.values("run_outliers"))
    evidence.runMeans = try Array(file.values("run_means"))
    evidence.runDeviations = try Array(file.values("run_deviations"))
    evidence.runSmallest = try Array(file.values("run_smallest"))
    evidence.setupCounts = try Array(file.values("setup_counts"))
    evidence.setupMeans = try Array(file.values("setup_means"))
    evidence.leftOut = header.leftOut
    evidence.resultCount = header.resultCount
    evidence.orderCount = header.orderCount
    let sources = try SectionFile(path: folder + "/" + Self.sourcesName)
    evidence.sourceStarts = try Array(sources.values("starts"))
    evidence.sourceResults = try sources.texts("results")
    let index = try Self.index(folder, count: evidence.itemCount, dimension: header.encoder.dimension)
    var regressor: MinutesRegressor?
    if FileManager.default.fileExists(atPath: folder + "/" + Self.regressorName) {
      regressor = try MinutesRegressor(from: ModelReader(mapping: folder + "/" + Self.regressorName), items: evidence.items)
    }
    self.init(
      version: version, trainedUntil: header.trainedUntil, options: header.options, encoder: header.encoder, evidence: evidence,
      index: index, regressor: regressor)
  }

  /// The index of a version: its graph where it has one, which is searched where it lies in the file, else its vectors.
  private static func index(_ folder: String, count: Int, dimension: Int) throws -> any NeighborIndex {
    let path = folder + "/" + graphName
    guard FileManager.default.fileExists(atPath: path) else {
      let vectors = try SectionFile(path: folder + "/" + vectorsName)
      return try ExactIndex(
        Matrix(rowCount: count, columnCount: dimension, values: Array(vectors.values("vectors", as: Float.self))))
    }
    let file = try ModelReader(mapping: path)
    let graph = try HNSWIndex(from: file)
    guard graph.count == count, graph.dimension == dimension else {
      throw file.fault("it has \(graph.count) × \(graph.dimension) numbers, the version \(count) × \(dimension)")
    }
    return graph
  }
}
