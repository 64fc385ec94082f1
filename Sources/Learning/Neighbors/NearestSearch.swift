public import Tabular

/// Chooses between comparing with every vector and walking a graph.
public enum NearestSearch {
  /// Returns the index that answers soonest, its build included: ``ExactIndex`` for few vectors or few queries, else ``HNSWIndex``.
  ///
  /// - Parameters:
  ///   - vectors: One vector a row; the id is the row.
  ///   - queries: How many queries the index will answer in its life, as far as can be told.
  ///   - options: Of the graph, should there be one.
  ///   - context: Seed, threads, progress and cancellation of its build.
  /// - Throws: ``NeighborError`` when a row cannot be searched, or when the build is cancelled.
  public static func index(
    for vectors: Matrix, queries: Int, options: HNSWOptions = HNSWOptions(), in context: FitContext = FitContext()
  ) throws(NeighborError) -> any NeighborIndex {
    if isExactFaster(count: vectors.rowCount, queries: queries) { return try ExactIndex(vectors) }
    return try HNSWIndex(vectors, options: options, in: context)
  }

  /// Whether to compare each of `queries` with each of `count` vectors takes no longer than to build a graph and walk it.
  ///
  /// Measured on one thread of a CPU with 512-bit registers at 128 numbers a vector: a comparison in a batch takes 2.8 ns, a walk with `ef` 64
  /// some 40 µs, and a vector's way into the graph some 100 µs. Both sides grow alike with the dimension and shrink alike with threads,
  /// so neither is in the rule. A graph also misses a neighbour now and then, so it has to be faster by half to be chosen.
  static func isExactFaster(count: Int, queries: Int) -> Bool {
    let exact = 2.8e-9 * Double(count) * Double(queries)
    let graph = 40e-6 * Double(queries) + 100e-6 * Double(count)
    return exact <= 1.5 * graph
  }
}
