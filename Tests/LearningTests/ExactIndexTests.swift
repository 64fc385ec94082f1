import Learning
import Tabular
import Testing

@Suite("Exact neighbour search")
struct ExactIndexTests {
  /// Rows of normal-ish numbers; some rows are zero and some equal an earlier one, so that ties occur.
  static func vectors(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed, stream: "vectors")
    var matrix = Matrix(rowCount: rows, columnCount: columns)
    for row in 0..<rows {
      let copied = row > 0 && generator.uniform() < 0.2 ? generator.integer(below: row) : nil
      let isZero = generator.uniform() < 0.05
      for column in 0..<columns {
        matrix[row, column] = copied.map { matrix[$0, column] } ?? (isZero ? 0 : Float(generator.uniform() - 0.5))
      }
    }
    return matrix.normalizingRows()
  }

  /// Every similarity in double precision, sorted.
  static func bruteForce(_ vectors: Matrix, _ query: ArraySlice<Float>) -> [(id: Int, similarity: Double)] {
    (0..<vectors.rowCount).map { id in (id, zip(vectors.row(id), query).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }) }
      .sorted { ($1.similarity, $0.id) < ($0.similarity, $1.id) }
  }

  @Test("finds what brute force in double precision finds, for sizes around every tile and block edge", arguments: 0..<24 as Range<UInt64>)
  func agreesWithBruteForce(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: "sizes")
    let count = [1, 2, 13, 14, 15, 255, 256, 257, 300, 520, 777, 1031][generator.integer(below: 12)]
    let dimension = [1, 2, 3, 7, 16, 33, 128][generator.integer(below: 7)]
    let k = [1, 2, 10, 50, 2000][generator.integer(below: 5)]
    let vectors = Self.vectors(count, dimension, seed: seed)
    let queries = Self.vectors([1, 5, 16, 17, 40][generator.integer(below: 5)], dimension, seed: seed + 1000)
    let found = try ExactIndex(vectors).search(queries, k: k)
    #expect(found.queryCount == queries.rowCount)
    for query in 0..<queries.rowCount {
      let expected = Self.bruteForce(vectors, queries.row(query))
      let neighbors = found[query]
      #expect(neighbors.count == min(k, count))
      #expect(Set(neighbors.map(\.id)).count == neighbors.count)
      for (rank, neighbor) in neighbors.enumerated() {
        // Sums of 128 products of unit vectors' parts in single precision: errors stay far below 1e-5.
        #expect(abs(Double(neighbor.similarity) - expected[rank].similarity) < 1e-5)
        let own = zip(vectors.row(neighbor.id), queries.row(query)).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(Double(neighbor.similarity) - own) < 1e-5)
        if rank > 0 {
          let before = neighbors[rank - 1]
          #expect((before.similarity, -before.id) > (neighbor.similarity, -neighbor.id))
        }
      }
    }
  }

  @Test("gives equal vectors in order of their ids, also where k cuts through them")
  func tiesGoToTheLowerID() throws {
    let index = try ExactIndex(Matrix(rowCount: 600, columnCount: 2, values: Array(repeating: [0.6, 0.8], count: 600).flatMap { $0 }))
    let query = Matrix(rowCount: 1, columnCount: 2, values: [0.6, 0.8])
    for threads in [1, 2, 7] { #expect(try index.search(query, k: 300, threads: threads)[0].map(\.id) == Array(0..<300)) }
  }

  @Test("gives the same bits whatever the number of threads and the batch")
  func isIndependentOfThreadsAndBatch() throws {
    let index = try ExactIndex(Self.vectors(20_000, 64, seed: 1))
    let queries = Self.vectors(50, 64, seed: 2)
    let whole = try index.search(queries, k: 30, threads: 1)
    for threads in [2, 3, 8] { #expect(try index.search(queries, k: 30, threads: threads) == whole) }
    for query in [0, 15, 16, 49] {
      let alone = try index.search(Matrix(rowCount: 1, columnCount: 64, values: Array(queries.row(query))), k: 30)
      #expect(alone.ids[...] == whole.ids[whole.range(of: query)])
      #expect(alone.similarities[...] == whole.similarities[whole.range(of: query)])
    }
  }

  @Test("takes zero vectors as similar to nothing, and finds nothing in an empty index")
  func zeroAndEmpty() throws {
    let index = try ExactIndex(Matrix(rowCount: 3, columnCount: 2, values: [0, 0, 0, 1, 0, -1]))
    let found = try index.search(Matrix(rowCount: 2, columnCount: 2, values: [0, 1, 0, 0]), k: 9)
    #expect(found.ids == [1, 0, 2, 0, 1, 2])
    #expect(found.similarities == [1, 0, -1, 0, 0, 0])
    let empty = try ExactIndex(Matrix(rowCount: 0, columnCount: 2)).search(Matrix(rowCount: 2, columnCount: 2), k: 3)
    #expect(empty.queryCount == 2 && empty[0].isEmpty && empty[1].isEmpty)
    #expect(try index.search(Matrix(rowCount: 0, columnCount: 2), k: 3).queryCount == 0)
  }

  @Test("refuses NaN, infinity and products beyond them, by row", arguments: [Float.nan, .infinity, -.infinity, 3e19])
  func refusesUnusableNumbers(bad: Float) throws {
    let matrix = Matrix(rowCount: 2, columnCount: 2, values: [0, 1, bad, 0])
    #expect(throws: NeighborError.unusableVector(row: 1)) { try ExactIndex(matrix) }
    let index = try ExactIndex(Matrix(repeating: 0.5, rowCount: 4, columnCount: 2))
    #expect(throws: NeighborError.unusableVector(row: 1)) { try index.search(matrix, k: 1) }
  }

  @Test("says what is wrong with a request")
  func refusesBadRequests() throws {
    let index = try ExactIndex(Matrix(repeating: 0.5, rowCount: 4, columnCount: 2))
    let error = #expect(throws: NeighborError.self) { try index.search(Matrix(rowCount: 1, columnCount: 3), k: 1) }
    #expect(error?.description == "neighbour search expects vectors of 2 numbers, got 3")
    let count = #expect(throws: NeighborError.self) { try index.search(Matrix(rowCount: 1, columnCount: 2), k: 0) }
    #expect(count?.description == "'k' of a neighbour search must be an integer ≥ 1, got 0")
  }
}
