/// How a graph of neighbours is built and searched, by the paper's names.
public struct HNSWOptions: Parameterised, Hashable, Codable {
  /// What it is called in scripts, settings and messages.
  public static let name = "hnsw"
  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .integer("m", \.m, 4...256, "links that a vector gets when it comes, and may have on upper levels; twice as many on the lowest"),
    .integer(
      "ef_construction", \.efConstruction, 1...10_000, "candidates from which a vector's links are chosen; more build slower and find more"),
    .integer("ef", \.ef, 1...10_000, "candidates that a search keeps; more search slower and find more; at least k are kept"),
  ]

  /// Links that a vector gets when it comes, and may have on upper levels; twice as many on the lowest.
  public private(set) var m = 32
  /// Candidates from which a vector's links are chosen.
  public private(set) var efConstruction = 200
  /// Candidates that a search keeps, unless it says otherwise.
  public private(set) var ef = 64

  /// Makes the default options.
  public init() {}

  /// Makes options; throws when one is out of its bounds.
  public init(m: Int = 32, efConstruction: Int = 200, ef: Int = 64) throws(LearningError) {
    self.m = m
    self.efConstruction = efConstruction
    self.ef = ef
    try check()
  }
}
