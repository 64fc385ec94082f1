public import Tabular

/// A searchable set of vectors of one dimension, each with an id: its row when the index was made, from 0.
///
/// Similarity is the inner product, which for unit vectors is the cosine; higher is nearer. Callers that want cosines bring vectors
/// and queries to unit length first (``Tabular/Matrix/normalizingRows()``).
public protocol NeighborIndex: Sendable {
  /// Number of vectors; their ids are `0..<count`.
  var count: Int { get }
  /// Numbers a vector.
  var dimension: Int { get }

  /// Returns for each row of `queries` its `k` most similar vectors, best first, ties by lower id.
  ///
  /// An approximate index may miss some of them, but what it returns is ordered so, and the same query gets the same answer
  /// whatever else is in the batch and however many threads work.
  /// - Parameters:
  ///   - queries: One query a row; shape (queries, ``dimension``).
  ///   - k: Neighbours asked for, at least 1; more than ``count`` gives all.
  ///   - threads: At most so many work at a time, at least 1.
  func search(_ queries: Matrix, k: Int, threads: Int) throws(NeighborError) -> Neighbors
}

extension NeighborIndex {
  /// Returns for each row of `queries` its `k` most similar vectors, best first, ties by lower id, on up to two threads.
  public func search(_ queries: Matrix, k: Int) throws(NeighborError) -> Neighbors { try search(queries, k: k, threads: 2) }

  /// Refuses queries that no index can answer.
  func check(_ queries: Matrix, k: Int, threads: Int) throws(NeighborError) {
    guard k >= 1 else { throw .argument(name: "k", got: k) }
    guard threads >= 1 else { throw .argument(name: "threads", got: threads) }
    guard queries.columnCount == dimension else { throw .dimension(expected: dimension, got: queries.columnCount) }
    if let row = queries.firstUnusableRow { throw .unusableVector(row: row) }
  }
}

/// The nearest vectors of several queries.
public struct Neighbors: Hashable, Sendable {
  /// Where each query's neighbours start, and at the end their number: those of query `q` lie at `offsets[q]..<offsets[q + 1]`.
  public let offsets: [Int]
  /// The neighbours' ids, query after query, best first.
  public let ids: [Int32]
  /// The neighbours' similarities, as in ``ids``.
  public let similarities: [Float]

  /// Makes an answer of its parts; `offsets` ascends from 0 to the number of ids.
  public init(offsets: [Int], ids: [Int32], similarities: [Float]) {
    precondition(offsets.first == 0 && offsets.last == ids.count && ids.count == similarities.count, "offsets do not fit")
    self.offsets = offsets
    self.ids = ids
    self.similarities = similarities
  }

  /// Number of queries.
  public var queryCount: Int { offsets.count - 1 }

  /// Where the neighbours of `query` lie in ``ids`` and ``similarities``.
  public func range(of query: Int) -> Range<Int> { offsets[query]..<offsets[query + 1] }

  /// The neighbours of `query`, best first.
  public subscript(query: Int) -> [(id: Int, similarity: Float)] { range(of: query).map { (Int(ids[$0]), similarities[$0]) } }
}

/// Why vectors cannot be indexed or searched.
public enum NeighborError: Error, Hashable, CustomStringConvertible {
  case argument(name: String, got: Int)
  case dimension(expected: Int, got: Int)
  case unusableVector(row: Int)
  case tooMany(Int)
  case filter(expected: Int, got: Int)
  case cancelled

  /// The message for whoever asked.
  public var description: String {
    switch self {
    case .argument(let name, let got): "'\(name)' of a neighbour search must be an integer ≥ 1, got \(got)"
    case .dimension(let expected, let got): "neighbour search expects vectors of \(expected) numbers, got \(got)"
    case .unusableVector(let row): "vector \(row) of a neighbour search holds NaN, infinity or numbers too large to multiply"
    case .filter(let expected, let got): "a filter of a neighbour search must have a bit for each of the \(expected) vectors, got \(got)"
    case .cancelled: "cancelled"
    case .tooMany(let count): "an index holds at most \(Int32.max) vectors, got \(count)"
    }
  }
}

extension Matrix {
  /// The matrix with each row divided by its Euclidean length; a row of zeros stays, and is similar to nothing.
  public func normalizingRows() -> Matrix {
    var result = self
    for row in 0..<rowCount {
      let range = row * columnCount..<(row + 1) * columnCount
      let length = range.reduce(0.0) { $0 + Double(values[$1]) * Double(values[$1]) }.squareRoot()
      if length > 0 { for position in range { result.values[position] = Float(Double(values[position]) / length) } }
    }
    return result
  }

  /// The first row whose squared length is no finite number, or `nil`. Two rows that pass have a finite inner product (Cauchy-Schwarz).
  var firstUnusableRow: Int? {
    (0..<rowCount).first { row in
      var sum: Float = 0
      for position in row * columnCount..<(row + 1) * columnCount { sum += values[position] * values[position] }
      return !sum.isFinite
    }
  }
}
