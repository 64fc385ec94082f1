public import Tabular

/// Compares each query with every vector: always the true neighbours, and the measure of every approximate index.
///
///     let index = try ExactIndex(vectors)             // 325,000 × 128 unit vectors
///     let nearest = try index.search(queries, k: 50)  // their cosines
/// The same query gives the same bits whatever the batch and the number of threads; on a CPU without fused multiply-add the last bit
/// of a similarity may differ from that of other CPUs.
/// - Complexity: O(queries × vectors × dimension) for a search; the vectors are read from memory once a batch.
public struct ExactIndex: NeighborIndex, Hashable {
  /// The vectors, one a row.
  public let vectors: Matrix

  /// Makes the index of the rows of `vectors`, of which there may be none. Throws when one holds NaN or infinity.
  public init(_ vectors: Matrix) throws(NeighborError) {
    guard vectors.columnCount >= 1 else { throw .dimension(expected: 1, got: 0) }
    guard vectors.rowCount <= Int32.max else { throw .tooMany(vectors.rowCount) }
    if let row = vectors.firstUnusableRow { throw .unusableVector(row: row) }
    self.vectors = vectors
  }

  /// Makes the index of vectors that were checked.
  init(checked vectors: Matrix) { self.vectors = vectors }

  /// Number of vectors.
  public var count: Int { vectors.rowCount }
  /// Numbers a vector.
  public var dimension: Int { vectors.columnCount }

  /// Returns for each row of `queries` its `min(k, count)` most similar vectors, best first, ties by lower id.
  public func search(_ queries: Matrix, k: Int, threads: Int) throws(NeighborError) -> Neighbors {
    try check(queries, k: k, threads: threads)
    guard count > 0, queries.rowCount > 0 else {
      return Neighbors(offsets: Array(repeating: 0, count: queries.rowCount + 1), ids: [], similarities: [])
    }
    // Below some millions of multiplications a second thread costs more than it saves; each part must hold k vectors or more.
    let work = queries.rowCount * count * dimension
    let parts = max(1, min(threads, work / 4_000_000, count / min(k, count)))
    return Self.mergedParts(nearest(to: queries, k: min(k, count), parts: parts), k: min(k, count))
  }

  /// Returns for each row of `queries` its most similar vectors among those that pass a filter, a bit a vector, best first, ties by lower id.
  ///
  /// - Complexity: As a search among the vectors that pass, which are brought together first.
  public func search(_ queries: Matrix, k: Int, among passing: Bitmap, threads: Int) throws(NeighborError) -> Neighbors {
    guard passing.count == count else { throw .filter(expected: count, got: passing.count) }
    if passing.isAllSet { return try search(queries, k: k, threads: threads) }
    let ids = passing.indices
    let rows = Matrix(rowCount: ids.count, columnCount: dimension, values: ids.flatMap { vectors.row($0) })
    let found = try ExactIndex(checked: rows).search(queries, k: k, threads: threads)
    return Neighbors(offsets: found.offsets, ids: found.ids.map { Int32(ids[Int($0)]) }, similarities: found.similarities)
  }

  /// The index with the rows of `vectors` added, whose ids go on from ``count``.
  public func adding(_ vectors: Matrix) throws(NeighborError) -> ExactIndex {
    guard vectors.columnCount == dimension else { throw .dimension(expected: dimension, got: vectors.columnCount) }
    guard vectors.rowCount <= Int(Int32.max) - count else { throw .tooMany(count + vectors.rowCount) }
    if let row = vectors.firstUnusableRow { throw .unusableVector(row: row) }
    let values = self.vectors.values + vectors.values
    return ExactIndex(checked: Matrix(rowCount: count + vectors.rowCount, columnCount: dimension, values: values))
  }

  /// What kind of index it is, in files.
  public static let kind = "exact"

  /// Adds all that ``init(from:)`` needs: sections `shape` (Int64: vectors, numbers a vector) and `vectors` (Float, by id).
  public func write(to file: inout ModelWriter) {
    file.add("shape", [Int64(count), Int64(dimension)])
    file.add("vectors", vectors.values)
  }

  /// Reads an index.
  public init(from file: ModelReader) throws(LearningError) {
    let shape = try file.numbers("shape", Int64.self).map(Int.init)
    let values = try file.numbers("vectors", Float.self)
    guard shape.count == 2, shape[0] >= 0, (1...Int(Int32.max)).contains(shape[1]), shape[0] <= Int(Int32.max),
      values.count == shape[0] * shape[1]
    else { throw file.fault("the vectors of the index do not fit its shape") }
    do throws(NeighborError) {
      try self.init(Matrix(rowCount: shape[0], columnCount: shape[1], values: values))
    } catch { throw file.fault("\(error)") }
  }

  /// Joins the best of each part of the vectors; parts come in order of ids, so among equals the earlier part wins.
  private static func mergedParts(_ parts: [Neighbors], k: Int) -> Neighbors {
    if parts.count == 1 { return parts[0] }
    let queryCount = parts[0].queryCount
    var ids: [Int32] = []
    var similarities: [Float] = []
    ids.reserveCapacity(queryCount * k)
    similarities.reserveCapacity(queryCount * k)
    for query in 0..<queryCount {
      var positions = parts.map { $0.range(of: query).lowerBound }
      for _ in 0..<k {
        var best: Int?
        for part in parts.indices where positions[part] < parts[part].range(of: query).upperBound {
          if best.map({ parts[part].similarities[positions[part]] > parts[$0].similarities[positions[$0]] }) ?? true { best = part }
        }
        guard let best else { break }
        ids.append(parts[best].ids[positions[best]])
        similarities.append(parts[best].similarities[positions[best]])
        positions[best] += 1
      }
    }
    return Neighbors(offsets: (0...queryCount).map { $0 * k }, ids: ids, similarities: similarities)
  }
}
