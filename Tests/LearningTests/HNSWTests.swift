import CKernels
import Foundation
import Synchronization
import Tabular
import Testing

@testable import Learning

@Suite("Neighbour search by a graph")
struct HNSWTests {
  /// Unit vectors in clusters of uneven size, as parts of families are.
  static func clustered(_ rows: Int, _ columns: Int, seed: UInt64, stream: String = "rows") -> Matrix {
    var centers = SeededGenerator(seed: 7, stream: "centers")
    var generator = SeededGenerator(seed: seed, stream: stream)
    let families = (0..<60).map { _ in (0..<columns).map { _ in Float(centers.uniform() - 0.5) } }
    var values: [Float] = []
    values.reserveCapacity(rows * columns)
    for _ in 0..<rows {
      let share = generator.uniform()
      let family = families[Int(share * share * 60)]
      for component in 0..<columns { values.append(family[component] + Float(generator.uniform() - 0.5) * 0.5) }
    }
    return Matrix(rowCount: rows, columnCount: columns, values: values).normalizingRows()
  }

  /// The share of the true neighbours' places that `found` fills with vectors no less similar than the last of them.
  static func recall(of found: Neighbors, against exact: Neighbors) -> Double {
    var hits = 0
    for query in 0..<exact.queryCount {
      guard let worst = exact[query].last?.similarity else { continue }
      hits += found[query].count { $0.similarity >= worst }
    }
    return Double(hits) / Double(max(1, exact.ids.count))
  }

  private static let vectors = clustered(9000, 32, seed: 1)
  private static let queries = clustered(300, 32, seed: 2)
  /// Built once for the tests that only read it.
  private static let index = Result { try HNSWIndex(vectors, in: FitContext(seed: 1)) }

  private static func bytes(_ index: HNSWIndex) -> [UInt8] {
    var file = ModelWriter()
    index.write(to: &file)
    return file.bytes()
  }

  @Test("finds at least 95 of 100 true neighbours at the defaults, and nearly all with more candidates")
  func recallAtDefaults() throws {
    let index = try Self.index.get()
    let exact = try ExactIndex(Self.vectors).search(Self.queries, k: 10)
    // At the defaults the rule holds the graph worth it for this many vectors.
    #expect(!HNSWIndex.isExactFaster(among: 9000, of: 9000, ef: 64))
    #expect(Self.recall(of: try index.search(Self.queries, k: 10), against: exact) >= 0.95)
    #expect(Self.recall(of: index.graphSearch(Self.queries, k: 10, ef: 12, among: nil, threads: 2), against: exact) >= 0.8)
    #expect(Self.recall(of: index.graphSearch(Self.queries, k: 10, ef: 300, among: nil, threads: 2), against: exact) >= 0.99)
  }

  @Test("orders what it finds as the exact search does, with the same bits")
  func similaritiesAreExact() throws {
    let exact = try ExactIndex(Self.vectors).search(Self.queries, k: 9000, threads: 2)
    let found = try Self.index.get().graphSearch(Self.queries, k: 20, ef: 40, among: nil, threads: 2)
    for query in 0..<Self.queries.rowCount {
      let similarities = Dictionary(uniqueKeysWithValues: exact[query].map { ($0.id, $0.similarity) })
      let neighbors = found[query]
      #expect(neighbors.count == 20 && Set(neighbors.map(\.id)).count == 20)
      for neighbor in neighbors { #expect(similarities[neighbor.id] == neighbor.similarity) }
      for (one, next) in zip(neighbors, neighbors.dropFirst()) { #expect((one.similarity, -one.id) > (next.similarity, -next.id)) }
    }
  }

  @Test("gives a query the same answer whatever the batch and the threads")
  func isIndependentOfBatch() throws {
    let index = try Self.index.get()
    let passing = Bitmap((0..<9000).map { $0 % 3 != 0 })
    for filter in [nil, passing] {
      let whole = index.graphSearch(Self.queries, k: 10, ef: 30, among: filter, threads: 1)
      #expect(index.graphSearch(Self.queries, k: 10, ef: 30, among: filter, threads: 3) == whole)
      for query in [0, 63, 64, 299] {
        let alone = Matrix(rowCount: 1, columnCount: 32, values: Array(Self.queries.row(query)))
        let found = index.graphSearch(alone, k: 10, ef: 30, among: filter, threads: 2)
        #expect(found.ids[...] == whole.ids[whole.range(of: query)])
        #expect(found.similarities[...] == whole.similarities[whole.range(of: query)])
      }
    }
  }

  @Test("keeps its recall when half, a twentieth or a thousandth of the vectors pass", arguments: [2, 20, 1000])
  func filtered(every: Int) throws {
    let index = try Self.index.get()
    let passing = Bitmap((0..<9000).map { SeededGenerator.mixed(UInt64($0)) % UInt64(every) == 0 })
    let ids = passing.indices
    let kept = Matrix(rowCount: ids.count, columnCount: 32, values: ids.flatMap { Array(Self.vectors.row($0)) })
    let exact = try ExactIndex(kept).search(Self.queries, k: 10)
    let found = try index.search(Self.queries, k: 10, among: passing)
    #expect(found.ids.allSatisfy { passing[Int($0)] })
    #expect(Self.recall(of: found, against: exact) >= 0.95)
    // The walk alone, too, finds what passes, however little it is.
    let walked = index.graphSearch(Self.queries, k: min(10, ids.count), ef: 64, among: passing, threads: 2)
    #expect(walked.ids.allSatisfy { passing[Int($0)] })
    #expect(Self.recall(of: walked, against: exact) >= 0.95)
    // One by one and in a batch, the exact way gives the same.
    let alone = try index.search(Matrix(rowCount: 1, columnCount: 32, values: Array(Self.queries.row(5))), k: 10, among: passing)
    #expect(alone.ids[...] == found.ids[found.range(of: 5)] && alone.similarities[...] == found.similarities[found.range(of: 5)])
  }

  @Test("is the same to the byte on 1, 2 and 3 threads, and another with another seed")
  func isDeterministic() throws {
    let vectors = Self.clustered(3000, 16, seed: 3)
    let one = Self.bytes(try HNSWIndex(vectors, in: FitContext(seed: 5, threads: 1)))
    for threads in [2, 3] { #expect(Self.bytes(try HNSWIndex(vectors, in: FitContext(seed: 5, threads: threads))) == one) }
    #expect(Self.bytes(try HNSWIndex(vectors, in: FitContext(seed: 6))) != one)
  }

  @Test(
    "is the same to the byte whatever the CPU offers, for dimensions around every register's width", arguments: [1, 8, 31, 33, 70, 128])
  func isPortable(dimension: Int) throws {
    let vectors = Self.clustered(1500, dimension, seed: 8)
    let queries = Self.clustered(40, dimension, seed: 9)
    var answers: Set<[Int32]> = []
    var files: Set<[UInt8]> = []
    try onEachCPU { _ in
      let index = try HNSWIndex(vectors, in: FitContext(threads: 1))
      files.insert(Self.bytes(index))
      answers.insert(index.graphSearch(queries, k: 10, ef: 20, among: nil, threads: 1).ids)
    }
    #expect(files.count == 1 && answers.count == 1)
  }

  @Test("finds as much after vectors were added one by one and by the thousand as after one build")
  func incremental() throws {
    let vectors = Self.clustered(7000, 32, seed: 4)
    func rows(_ range: Range<Int>) -> Matrix {
      Matrix(rowCount: range.count, columnCount: 32, values: Array(vectors.values[range.lowerBound * 32..<range.upperBound * 32]))
    }
    var index = try HNSWIndex(rows(0..<3000))
    for row in 3000..<3050 { try index.add(rows(row..<row + 1)) }
    try index.add(rows(3050..<4000))
    try index.add(rows(4000..<7000))
    #expect(index.count == 7000)
    let exact = try ExactIndex(vectors).search(Self.queries, k: 10)
    #expect(Self.recall(of: index.graphSearch(Self.queries, k: 10, ef: 64, among: nil, threads: 2), against: exact) >= 0.95)
    // A loaded index grows as the one that was saved does.
    var loaded = try HNSWIndex(from: ModelReader(Self.bytes(index), name: "test"))
    let more = Self.clustered(500, 32, seed: 5)
    try index.add(more)
    try loaded.add(more)
    #expect(Self.bytes(loaded) == Self.bytes(index))
  }

  @Test("adds vectors that are much longer than those before")
  func longerVectors() throws {
    var index = try HNSWIndex(Self.clustered(2000, 8, seed: 1))
    var long = Self.clustered(500, 8, seed: 2)
    for position in long.values.indices { long.values[position] *= 1000 }
    try index.add(long)
    let all = Matrix(rowCount: 2500, columnCount: 8, values: Self.clustered(2000, 8, seed: 1).values + long.values)
    let queries = Self.clustered(50, 8, seed: 3)
    let exact = try ExactIndex(all).search(queries, k: 5)
    #expect(Self.recall(of: index.graphSearch(queries, k: 5, ef: 64, among: nil, threads: 2), against: exact) >= 0.9)
  }

  @Test("answers from a mapped file as from memory")
  func mapped() throws {
    let index = try Self.index.get()
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("hnsw-\(UUID().uuidString).model").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(Self.bytes(index)).write(to: URL(fileURLWithPath: path))
    let mapped = try HNSWIndex(from: ModelReader(mapping: path))
    #expect(mapped.options == index.options && mapped.count == 9000 && mapped.dimension == 32)
    #expect(try mapped.search(Self.queries, k: 10) == index.search(Self.queries, k: 10))
    #expect(try mapped.search(Self.queries, k: 9001, threads: 2) == ExactIndex(Self.vectors).search(Self.queries, k: 9000, threads: 2))
    #expect(Self.bytes(mapped) == Self.bytes(index))
  }

  @Test("refuses a file that was cut short or altered anywhere, by name")
  func damaged() throws {
    let bytes = Self.bytes(try HNSWIndex(Self.clustered(200, 8, seed: 1)))
    var generator = SeededGenerator(seed: 1)
    func message(_ bytes: [UInt8]) -> String {
      do {
        _ = try HNSWIndex(from: ModelReader(bytes, name: "some.model"))
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message(bytes) == "accepted")
    for length in [0, 1, 63, 64, 1000, bytes.count / 2, bytes.count - 1] {
      #expect(message(Array(bytes[..<length])).hasPrefix("some.model is no model"))
    }
    for _ in 0..<300 {
      var altered = bytes
      let place = generator.integer(below: bytes.count)
      altered[place] ^= UInt8(1 << generator.integer(below: 8))
      // Bytes between sections belong to none of them.
      let answer = message(altered)
      #expect(answer == "accepted" || answer.hasPrefix("some.model is no model"))
    }
  }

  /// An index with some parts wrong, written with checksums that are right.
  private func refusal(_ change: (inout HNSWIndex) -> Void) throws -> String {
    var index = try HNSWIndex(Self.clustered(2000, 8, seed: 1))
    change(&index)
    do {
      _ = try HNSWIndex(from: ModelReader(Self.bytes(index), name: "some.model"))
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test("refuses numbers that lead nowhere although all checksums are right")
  func forged() throws {
    #expect(try refusal { _ in } == "accepted")
    let links = "some.model: the index's graph has links to nowhere"
    #expect(try refusal { $0.graph.links.own[100] = 2000 } == links)
    #expect(try refusal { $0.graph.links.own[5] = -2 } == links)
    #expect(try refusal { $0.graph.links.own[127_999] = .max } == links)
    #expect(try refusal { $0.graph.upper.own[0] = 2000 } == links)
    // The last node has no upper level.
    #expect(try refusal { $0.graph.upper.own[0] = 1999 } == links)
    #expect(try refusal { $0.graph.upper.own[0] = -7 } == links)
    #expect(try refusal { $0.graph.upperFirst.own[3] += 1 } == links)
    #expect(try refusal { $0.graph.entry = 2000 } == links)
    #expect(try refusal { $0.graph.entry = -1 } == links)
    #expect(try refusal { $0.graph.entry = 1999 } == links)
    #expect(try refusal { $0.graph.top += 1 } == links)
    #expect(try refusal { $0.graph.levels.own[1999] = 1 }.hasPrefix("some.model: section 'upper' has"))
    #expect(try refusal { $0.graph.nodeCount = 1999 }.hasPrefix("some.model: section 'codes' has"))
    #expect(try refusal { $0.graph.nodeCount = -1 } == "some.model: the header of the index has impossible numbers")
    #expect(try refusal { $0.scale = .infinity } == "some.model: the header of the index has impossible numbers")
    #expect(try refusal { $0.count = 1 << 60 } == "some.model: the header of the index has impossible numbers")
    let members = "some.model: the index's members do not add up"
    #expect(try refusal { $0.members.own[7] = 2000 } == members)
    #expect(try refusal { $0.members.own[7] = -1 } == members)
    #expect(try refusal { $0.memberStarts.own[7] = $0.memberStarts.own[8] } == members)
    #expect(try refusal { $0.memberStarts.own[2000] = 1999 } == members)
    #expect(try refusal { $0.vectors.own[7] = .nan } == "some.model: a vector of the index holds NaN or infinity")
  }

  @Test("takes thousands of equal vectors as one, finds them all in order of their ids, and finds the others as well")
  func duplicates() throws {
    let others = Self.clustered(2000, 8, seed: 1)
    var values: [Float] = []
    for row in 0..<2000 { values += Array(others.row(row)) + Array(others.row(0)) + Array(others.row(row % 4)) }
    let vectors = Matrix(rowCount: 6000, columnCount: 8, values: values)
    let index = try HNSWIndex(vectors)
    #expect(index.graph.nodeCount == 2000)
    let exact = try ExactIndex(vectors)
    let query = Matrix(rowCount: 1, columnCount: 8, values: Array(others.row(0)))
    #expect(index.graphSearch(query, k: 50, ef: 50, among: nil, threads: 1) == (try exact.search(query, k: 50)))
    #expect(index.graphSearch(query, k: 2600, ef: 2600, among: nil, threads: 1) == (try exact.search(query, k: 2600)))
    let queries = Self.clustered(100, 8, seed: 2)
    let found = index.graphSearch(queries, k: 10, ef: 64, among: nil, threads: 2)
    #expect(Self.recall(of: found, against: try exact.search(queries, k: 10)) >= 0.95)
    var grown = try HNSWIndex(others)
    try grown.add(vectors)
    #expect(grown.graph.nodeCount == 2000 && grown.count == 8000)
    let same = try HNSWIndex(Matrix(repeating: 0.5, rowCount: 5000, columnCount: 4))
    let four = Matrix(repeating: 1, rowCount: 1, columnCount: 4)
    #expect(same.graphSearch(four, k: 300, ef: 300, among: nil, threads: 1).ids == Array(0..<300))
  }

  @Test("reaches every vector where numbers are few and ties many")
  func ties() throws {
    var values: [Float] = []
    for row in 0..<3000 { values += [Float(row % 3 - 1), Float(row / 3 % 10 - 5), Float(row / 30 % 10), Float(row / 300)] }
    let vectors = Matrix(rowCount: 3000, columnCount: 4, values: values)
    let index = try HNSWIndex(vectors)
    let found = index.graphSearch(vectors, k: 10, ef: 100, among: nil, threads: 2)
    #expect(Self.recall(of: found, against: try ExactIndex(vectors).search(vectors, k: 10)) >= 0.9)
  }

  @Test("takes no vectors, one vector, zero vectors and fewer than k of them")
  func edges() throws {
    let query = Matrix(rowCount: 2, columnCount: 2, values: [0, 1, 0, 0])
    var index = try HNSWIndex(Matrix(rowCount: 0, columnCount: 2))
    #expect(try index.search(query, k: 3).offsets == [0, 0, 0])
    #expect(try HNSWIndex(from: ModelReader(Self.bytes(index), name: "empty")).count == 0)
    try index.add(Matrix(rowCount: 1, columnCount: 2, values: [0, 2]))
    #expect(try index.search(query, k: 3).similarities == [2, 0])
    #expect(index.graphSearch(query, k: 1, ef: 1, among: nil, threads: 1).similarities == [2, 0])
    try index.add(Matrix(rowCount: 3, columnCount: 2, values: [0, 0, 0, -1, 0, 0]))
    #expect(try index.search(query, k: 9).ids == [0, 1, 3, 2, 0, 1, 2, 3])
    #expect(try index.search(query, k: 9, among: Bitmap([false, true, true, false])).ids == [1, 2, 1, 2])
    #expect(try index.search(query, k: 9, among: Bitmap(count: 4)).ids == [])
    #expect(try index.search(Matrix(rowCount: 0, columnCount: 2), k: 1).queryCount == 0)
    let zeros = try HNSWIndex(Matrix(rowCount: 3000, columnCount: 2))
    #expect(zeros.graphSearch(query, k: 3, ef: 3, among: nil, threads: 1).ids == [0, 1, 2, 0, 1, 2])
    // Fewer candidates than neighbours: k are kept.
    #expect(try Self.index.get().search(Self.queries, k: 200, ef: 1)[0].count == 200)
  }

  @Test("refuses NaN, infinity and products beyond them, by row", arguments: [Float.nan, .infinity, -.infinity, 3e19])
  func refusesUnusableNumbers(bad: Float) throws {
    let matrix = Matrix(rowCount: 2, columnCount: 2, values: [0, 1, bad, 0])
    #expect(throws: NeighborError.unusableVector(row: 1)) { try HNSWIndex(matrix) }
    var index = try HNSWIndex(Matrix(repeating: 0.5, rowCount: 4, columnCount: 2))
    let before = Self.bytes(index)
    #expect(throws: NeighborError.unusableVector(row: 1)) { try index.search(matrix, k: 1) }
    #expect(throws: NeighborError.unusableVector(row: 1)) { try index.add(matrix) }
    #expect(Self.bytes(index) == before)
  }

  @Test("says what is wrong with a request")
  func refusesBadRequests() throws {
    let query = Matrix(repeating: 0.5, rowCount: 1, columnCount: 2)
    var index = try HNSWIndex(Matrix(repeating: 0.5, rowCount: 4, columnCount: 2))
    func message(_ body: () throws -> some Any) -> String {
      do {
        _ = try body()
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(message { try index.search(query, k: 0) } == "'k' of a neighbour search must be an integer ≥ 1, got 0")
    #expect(message { try index.search(query, k: 1, ef: 0) } == "'ef' of a neighbour search must be an integer ≥ 1, got 0")
    #expect(message { try index.search(Self.queries, k: 1) } == "neighbour search expects vectors of 2 numbers, got 32")
    #expect(message { try index.add(Self.queries) } == "neighbour search expects vectors of 2 numbers, got 32")
    #expect(
      message { try index.search(query, k: 1, among: Bitmap(count: 5)) }
        == "a filter of a neighbour search must have a bit for each of the 4 vectors, got 5")
    #expect(message { try HNSWIndex(Matrix(rowCount: 3, columnCount: 0)) } == "neighbour search expects vectors of 1 numbers, got 0")
    #expect(message { try HNSWOptions(m: 3) } == "'m' of hnsw must be an integer 4…256, got 3")
    #expect(
      message { try HNSWOptions(["ef_constructoin": 1]) }
        == "unknown parameter 'ef_constructoin' of hnsw; did you mean 'ef_construction'?")
  }

  @Test("stops when it is told to, leaves nothing behind, and tells how far it is")
  func cancellation() throws {
    let vectors = Self.clustered(4000, 16, seed: 1)
    let shares = Mutex<[Double]>([])
    _ = try HNSWIndex(vectors, in: FitContext(progress: { share in shares.withLock { $0.append(share) } }))
    shares.withLock { shares in
      #expect(shares.last == 1 && shares == shares.sorted() && shares.count > 2)
    }
    for limit in [0, 1, 2, 3, 40, 100] {
      let asked = Atomic<Int>(0)
      let context = FitContext(shouldStop: { asked.add(1, ordering: .relaxed).oldValue >= limit })
      #expect(throws: NeighborError.cancelled) { try HNSWIndex(vectors, in: context) }
      asked.store(0, ordering: .relaxed)
      var index = try HNSWIndex(Self.clustered(100, 16, seed: 2))
      let before = Self.bytes(index)
      #expect(throws: NeighborError.cancelled) { try index.add(vectors, in: context) }
      #expect(Self.bytes(index) == before)
    }
  }

  @Test("graph and exact search are chosen by size and number of queries")
  func choice() throws {
    #expect(NearestSearch.isExactFaster(count: 5000, queries: 1_000_000))
    #expect(NearestSearch.isExactFaster(count: 1_000_000, queries: 10))
    #expect(!NearestSearch.isExactFaster(count: 300_000, queries: 300_000))
    #expect(!NearestSearch.isExactFaster(count: 100_000, queries: 10_000_000))
    #expect(NearestSearch.isExactFaster(count: 20_000, queries: 10_000_000))
    #expect(!NearestSearch.isExactFaster(count: 20_000, queries: 10_000_000, batch: 1))
    let vectors = Self.clustered(500, 8, seed: 1)
    #expect(try NearestSearch.index(for: vectors, queries: 100) is ExactIndex)
    #expect(throws: NeighborError.self) {
      try NearestSearch.index(for: Matrix(repeating: .nan, rowCount: 2, columnCount: 2), queries: 1)
    }
  }
}
