public import Tabular

/// Chooses between comparing with every vector and walking a graph.
public enum NearestSearch {
  /// Returns the index that answers soonest, its build included: ``ExactIndex`` for few vectors or few queries, else ``HNSWIndex``.
  ///
  /// - Parameters:
  ///   - vectors: One vector a row; the id is the row.
  ///   - queries: How many queries the index will answer in its life, as far as can be told.
  ///   - batch: How many of them it is asked at a time.
  ///   - options: Of the graph, should there be one.
  ///   - context: Seed, threads, progress and cancellation of its build.
  /// - Throws: ``NeighborError`` when a row cannot be searched, or when the build is cancelled.
  public static func index(
    for vectors: Matrix, queries: Int, batch: Int = 1000, options: HNSWOptions = HNSWOptions(), in context: FitContext = FitContext()
  ) throws(NeighborError) -> any NeighborIndex {
    if isExactFaster(count: vectors.rowCount, queries: queries, batch: batch) { return try ExactIndex(vectors) }
    return try HNSWIndex(vectors, options: options, in: context)
  }

  /// Returns the index that answers soonest once it is there: for vectors that are kept, whose graph is built once and in the background.
  ///
  /// - Parameter batch: How many queries come at a time.
  public static func lastingIndex(
    for vectors: Matrix, batch: Int = 1000, options: HNSWOptions = HNSWOptions(), in context: FitContext = FitContext()
  ) throws(NeighborError) -> any NeighborIndex {
    // So many queries that the build counts nothing beside them.
    if isExactFaster(count: vectors.rowCount, queries: 1 << 40, batch: batch) { return try ExactIndex(vectors) }
    return try HNSWIndex(vectors, options: options, in: context)
  }

  /// Whether to compare each of `queries` with each of `count` vectors takes no longer than to build a graph and walk it.
  ///
  /// Measured on one thread of a CPU with 512-bit registers, 20,000 to 325,000 vectors of 128 numbers: a comparison takes 1.2 ns in a large
  /// batch and 23 ns for a query alone, which waits for memory; a walk with `ef` 64 takes 19 to 32 µs; a vector's way into the graph 40 to
  /// 105 µs. Both sides grow alike with the dimension and shrink alike with threads, so neither is in the rule. A graph also misses a
  /// neighbour now and then, so it has to be faster by half to be chosen: with a graph for nothing, from 38,000 vectors on in batches
  /// and from 2,000 on one by one; with one query a vector, from some 160,000 on.
  static func isExactFaster(count: Int, queries: Int, batch: Int = 1000) -> Bool {
    let exact = max(1.2e-9, 23e-9 / Double(max(1, batch))) * Double(count) * Double(queries)
    let graph = 30e-6 * Double(queries) + 100e-6 * Double(count)
    return exact <= 1.5 * graph
  }
}
