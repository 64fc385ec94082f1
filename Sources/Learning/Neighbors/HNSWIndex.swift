public import Tabular

/// Finds most of the nearest vectors by walking a graph of neighbours, in a time that hardly grows with their number.
///
///     let index = try HNSWIndex(vectors, in: FitContext(seed: 42))      // 325,000 × 128 unit vectors
///     let nearest = try index.search(queries, k: 10)
///     let alike = try index.search(queries, k: 10, ef: 200, among: hasEvidence)
/// Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small world graphs",
/// 2016, with neighbours selected by Algorithm 4.
///
/// The graph is walked by codes of 16 bits a number, and what was found is compared anew in full precision: similarities have the same bits
/// as those of ``ExactIndex``. Vectors with equal codes are one node, so any number of equal vectors does no harm. Vectors come into the
/// graph in batches whose searches see the graph as it was before the batch; hence the same vectors, options and seed give the same
/// bytes, whatever the number of threads and the CPU.
public struct HNSWIndex: NeighborIndex {
  /// How it was built, and how it is searched unless a search says otherwise.
  public let options: HNSWOptions
  /// Seed of the vectors' levels and of the order in which they came.
  public let seed: UInt64
  /// Number of vectors.
  public internal(set) var count = 0
  /// Numbers a vector.
  public let dimension: Int

  /// The vectors by id.
  var vectors = IndexNumbers<Float>()
  /// What the vectors are multiplied with to become codes.
  var scale = 1.0
  var graph: HNSWGraph
  /// Where the members of each node start in ``members``, and at the end their number.
  var memberStarts = IndexNumbers<Int32>(own: [0])
  /// The ids of the vectors that each node stands for, node after node, ascending.
  var members = IndexNumbers<Int32>()
  /// Nodes by their codes' checksums, in a table of open addresses of which −1 are free; empty until vectors are added.
  var nodesByCode: [Int32] = []

  /// Builds the index of the rows of `vectors`, of which there may be none.
  ///
  /// - Parameters:
  ///   - vectors: One vector a row, of any length; the id is the row.
  ///   - context: Seed, threads, progress and cancellation; asked between parts of some milliseconds.
  /// - Throws: ``NeighborError`` when a row holds NaN, infinity or numbers too large to multiply, or when the build is cancelled.
  /// - Complexity: About O(vectors × log(vectors) × dimension).
  public init(_ vectors: Matrix, options: HNSWOptions = HNSWOptions(), in context: FitContext = FitContext()) throws(NeighborError) {
    guard vectors.columnCount >= 1 else { throw .dimension(expected: 1, got: 0) }
    self.options = options
    seed = context.seed
    dimension = vectors.columnCount
    graph = HNSWGraph(dimension: vectors.columnCount, m: options.m)
    try insert(vectors, in: context)
  }

  /// Makes an index of parts that were checked.
  init(
    options: HNSWOptions, seed: UInt64, count: Int, dimension: Int, vectors: IndexNumbers<Float>, scale: Double, graph: HNSWGraph,
    memberStarts: IndexNumbers<Int32>, members: IndexNumbers<Int32>
  ) {
    self.options = options
    self.seed = seed
    self.count = count
    self.dimension = dimension
    self.vectors = vectors
    self.scale = scale
    self.graph = graph
    self.memberStarts = memberStarts
    self.members = members
  }

  /// Adds the rows of `vectors`, whose ids go on from ``count``.
  ///
  /// When it throws, nothing was added.
  public mutating func add(_ vectors: Matrix, in context: FitContext = FitContext()) throws(NeighborError) {
    guard vectors.columnCount == dimension else { throw .dimension(expected: dimension, got: vectors.columnCount) }
    // What fits one batch is done before it could be cancelled; more is added to a copy, which is dropped when it is cancelled.
    if vectors.rowCount <= Self.batchSize {
      try context.check()
      try insert(vectors, in: FitContext(seed: context.seed, threads: context.threads))
    } else {
      var grown = self
      try grown.insert(vectors, in: context)
      self = grown
    }
  }

  /// Returns for each row of `queries` its `k` most similar vectors as far as they are found, best first, ties by lower id.
  public func search(_ queries: Matrix, k: Int, threads: Int) throws(NeighborError) -> Neighbors {
    try search(queries, k: k, ef: options.ef, among: nil, threads: threads)
  }

  /// Returns for each row of `queries` its `k` most similar vectors among those that pass a filter, as far as they are found.
  ///
  /// - Parameters:
  ///   - queries: One query a row; shape (queries, ``dimension``).
  ///   - k: Neighbours asked for, at least 1; more than there are gives all.
  ///   - ef: Candidates kept during the search, at least 1; `nil`: as the options say. At least `k` are kept.
  ///   - passing: The ids that count, a bit a vector; `nil`: all.
  ///   - threads: At most so many work at a time, at least 1.
  /// - Returns: Best first, ties by lower id; the same for a query whatever the batch and the threads.
  public func search(
    _ queries: Matrix, k: Int, ef: Int? = nil, among passing: Bitmap? = nil, threads: Int = 2
  ) throws(NeighborError) -> Neighbors {
    try check(queries, k: k, threads: threads)
    let ef = ef ?? options.ef
    guard ef >= 1 else { throw .argument(name: "ef", got: ef) }
    if let passing, passing.count != count { throw .filter(expected: count, got: passing.count) }
    let available = passing?.setCount ?? count
    let k = min(k, available)
    guard k > 0, queries.rowCount > 0 else {
      return Neighbors(offsets: Array(repeating: 0, count: queries.rowCount + 1), ids: [], similarities: [])
    }
    let isAll = available == count
    if Self.isExactFaster(among: available, of: count, ef: max(k, ef)) {
      return try exactSearch(queries, k: k, ids: isAll ? nil : passing?.indices ?? [], threads: threads)
    }
    return graphSearch(queries, k: k, ef: max(k, ef), among: isAll ? nil : passing, threads: threads)
  }

  /// Whether comparing with each of the `passing` vectors takes no longer than a walk that has to find `ef` of them among `total`.
  ///
  /// A walk keeps total / passing for each that passes, so it takes ef × total / passing steps, a scan takes passing. Measured with 325,000
  /// vectors of 128 numbers and `ef` 64 the two are even at 6 of 100 passing for a query alone and at 22 of 100 for a batch; the rule,
  /// which must be the same for both lest the answer depend on the batch, lies between them at 12.5.
  static func isExactFaster(among passing: Int, of total: Int, ef: Int) -> Bool {
    Double(passing) * Double(passing) <= 80 * Double(ef) * Double(total)
  }

  /// Nodes that come into the graph together.
  static let batchSize = 1024
}

extension FitContext {
  /// Throws when the work is to end.
  func check() throws(NeighborError) { if isCancelled { throw .cancelled } }
}

/// Numbers of an index: its own, or those of a file where they lie.
struct IndexNumbers<Number: ModelNumber>: Sendable {
  var own: [Number] = []
  var mapped: ModelNumbers<Number>?

  var count: Int { mapped?.count ?? own.count }

  /// Lends the numbers for the length of `body`.
  func withNumbers<Result, Failure: Error>(_ body: (UnsafeBufferPointer<Number>) throws(Failure) -> Result) throws(Failure) -> Result {
    if let mapped { return try mapped.withNumbers(body) }
    return try own.withUnsafeBufferPointer(body)
  }

  /// Copies what is mapped, so that ``own`` can be changed.
  mutating func makeOwn() {
    guard let mapped else { return }
    own = mapped.withNumbers { Array($0) }
    self.mapped = nil
  }
}

/// Nodes and their links; see `lathe_graph` for the layout.
struct HNSWGraph: Sendable {
  /// Numbers of a code: the dimension, rounded up.
  let stride: Int
  /// Links of a node on upper levels; twice as many on level 0.
  let m: Int
  var nodeCount = 0
  /// The codes' bits; whole numbers with sign.
  var codes = IndexNumbers<UInt16>()
  var links = IndexNumbers<Int32>()
  var upper = IndexNumbers<Int32>()
  var upperFirst = IndexNumbers<Int32>()
  var levels = IndexNumbers<UInt8>()
  var entry: Int32 = -1
  var top = 0

  init(dimension: Int, m: Int) {
    stride = (dimension + 31) / 32 * 32
    self.m = m
  }

  var width: Int { 2 * m }
}
