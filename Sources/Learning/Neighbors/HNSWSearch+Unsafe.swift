import CKernels
import Synchronization
import Tabular

/// The numbers of an index as the kernels take them.
///
/// Safe: made by ``HNSWIndex/withView(_:)`` alone, which lends the arrays or the mapped file for as long as it lives; nobody writes through it.
struct HNSWView: @unchecked Sendable {
  let graph: lathe_graph
  let vectors: UnsafeBufferPointer<Float>
  let memberStarts: UnsafeBufferPointer<Int32>
  let members: UnsafeBufferPointer<Int32>
}

/// Memory that the parts of a search write to, each to places of its own.
///
/// Safe: given back when the last owner goes; no two parts write the same place, and it is read when all are done.
private final class Places<Number: BitwiseCopyable>: @unchecked Sendable {
  let start: UnsafeMutablePointer<Number>
  let count: Int

  init(repeating value: Number, count: Int) {
    start = .allocate(capacity: max(1, count))
    start.initialize(repeating: value, count: count)
    self.count = count
  }

  deinit { start.deallocate() }

  var array: [Number] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

extension HNSWIndex {
  /// Lends the index to the kernels for the length of `body`, to read.
  ///
  /// Safe: the pointers are those of arrays or of a mapped file; the graph's ids were checked when it was loaded, or made by the kernels.
  /// That the graph is writable in C is for the build; the kernels that search write nothing of it.
  func withView<Result>(_ body: (HNSWView) -> Result) -> Result {
    graph.codes.withNumbers { codes in
      graph.links.withNumbers { links in
        graph.upper.withNumbers { upper in
          graph.upperFirst.withNumbers { upperFirst in
            graph.levels.withNumbers { levels in
              let view = lathe_graph(
                codes: UnsafeMutableRawPointer(mutating: codes.baseAddress)?.assumingMemoryBound(to: Int16.self), stride: graph.stride,
                links: UnsafeMutablePointer(mutating: links.baseAddress), width: graph.width,
                upper: UnsafeMutablePointer(mutating: upper.baseAddress), upper_first: upperFirst.baseAddress, upper_width: graph.m,
                levels: levels.baseAddress, entry: graph.entry, top: Int32(graph.top), nodes: graph.nodeCount)
              return vectors.withNumbers { vectors in
                memberStarts.withNumbers { memberStarts in
                  members.withNumbers { members in
                    body(HNSWView(graph: view, vectors: vectors, memberStarts: memberStarts, members: members))
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// Walks the graph for each query, then compares what was found in full precision.
  ///
  /// Safe: each query has places of its own in codes, starts and answers, which have room for all queries; every worker has a scratch of
  /// its own; the view is used within its closure.
  func graphSearch(_ queries: Matrix, k: Int, ef: Int, among passing: Bitmap?, threads: Int) -> Neighbors {
    let (queryCount, dimension, stride) = (queries.rowCount, dimension, graph.stride)
    let codes = Places<Int16>(repeating: 0, count: queryCount * stride)
    let starts = Places<Int32>(repeating: 0, count: queryCount)
    let sizes = Places<Int32>(repeating: 0, count: queryCount)
    let ids = Places<Int32>(repeating: 0, count: queryCount * k)
    let similarities = Places<Float>(repeating: 0, count: queryCount * k)
    let part = 64
    withView { view in
      inParallel((queryCount + part - 1) / part, threads: threads) { index in
        for query in index * part..<min(queryCount, (index + 1) * part) {
          let code = codes.start + query * stride
          queries.values.withUnsafeBufferPointer { rows in
            let row = UnsafeBufferPointer(rebasing: rows[query * dimension..<(query + 1) * dimension])
            lathe_code_row(row.baseAddress, dimension, Self.codeScale(length: Self.length(row)), code, stride)
          }
          starts.start[query] = withUnsafePointer(to: view.graph) { lathe_graph_descend($0, code) }
        }
      }
      // Queries that begin at the same place walk through the same rows: one after the other, they find them in the cache.
      let order = starts.array.enumerated().sorted { ($0.element, $0.offset) < ($1.element, $1.offset) }.map(\.offset)
      let next = Atomic<Int>(0)
      inParallel(threads, threads: min(threads, (queryCount + part - 1) / part)) { _ in
        var begin = next.add(part, ordering: .relaxed).oldValue
        guard begin < queryCount else { return }
        let scratch = lathe_graph_scratch_make(view.graph.nodes, ef, 0)
        defer { lathe_graph_scratch_free(scratch) }
        var found = [Int32](repeating: 0, count: ef)
        var scores = [Int32](repeating: 0, count: ef)
        var precise: [Float] = []
        while begin < queryCount {
          for query in order[begin..<min(queryCount, begin + part)] {
            let size = withUnsafePointer(to: view.graph) { graph in
              let code = codes.start + query * stride
              guard let passing else { return lathe_graph_search(graph, code, starts.start[query], ef, nil, scratch, &found, &scores) }
              return passing.words.withUnsafeBufferPointer { words in
                var filter = lathe_graph_filter(
                  bits: words.baseAddress, starts: view.memberStarts.baseAddress, members: view.members.baseAddress)
                return lathe_graph_search(graph, code, starts.start[query], ef, &filter, scratch, &found, &scores)
              }
            }
            let candidates = candidates(in: view, nodes: found[..<size], scores: scores, k: k, passing: passing)
            if precise.count < candidates.count { precise = Array(repeating: 0, count: max(candidates.count, 2 * precise.count)) }
            queries.values.withUnsafeBufferPointer { rows in
              let row = UnsafeBufferPointer(rebasing: rows[query * dimension..<(query + 1) * dimension])
              lathe_similarities(view.vectors.baseAddress, dimension, row.baseAddress, candidates, candidates.count, &precise)
            }
            lathe_keep_best(candidates, precise, candidates.count, k, ids.start + query * k, similarities.start + query * k)
            sizes.start[query] = Int32(min(k, candidates.count))
          }
          begin = next.add(part, ordering: .relaxed).oldValue
        }
      }
    }
    return Self.packed(ids: ids.array, similarities: similarities.array, sizes: sizes.array, k: k)
  }

  /// The members of the nodes found that may be among the `k` nearest.
  private func candidates(in view: HNSWView, nodes: ArraySlice<Int32>, scores: [Int32], k: Int, passing: Bitmap?) -> [Int32] {
    var candidates: [Int32] = []
    candidates.reserveCapacity(nodes.count)
    var worst = Int64.min
    for (position, node) in nodes.enumerated() {
      if Int64(scores[position]) < worst { break }
      for member in view.members[Int(view.memberStarts[Int(node)])..<Int(view.memberStarts[Int(node) + 1])]
      where passing?[Int(member)] ?? true { candidates.append(member) }
      // Codes are not the vectors: what is further behind the k-th than they can err is behind it indeed.
      if worst == .min, candidates.count >= k { worst = Int64(scores[position]) - 2 * Self.codeErrorBound(dimension: dimension) }
    }
    return candidates
  }

  /// Compares each query with each vector of `ids` (`nil`: all), which lie below ``count``.
  ///
  /// Safe: the answers have room for `k` a query, and the vectors are lent for the length of the closure.
  func exactSearch(_ queries: Matrix, k: Int, ids: [Int]?, threads: Int) throws(NeighborError) -> Neighbors {
    // For few queries it is not worth bringing the rows together. Both ways sum in the same order: the same bits.
    if queries.rowCount < 8 {
      let candidates = ids.map { $0.map(Int32.init) } ?? Array(0..<Int32(count))
      let best = Places<Int32>(repeating: 0, count: queries.rowCount * k)
      let similarities = Places<Float>(repeating: 0, count: queries.rowCount * k)
      vectors.withNumbers { vectors in
        inParallel(queries.rowCount, threads: threads) { [vectors = UncheckedBuffer(vectors)] query in
          let found = Places<Float>(repeating: 0, count: candidates.count)
          lathe_similarities(vectors.start, dimension, Array(queries.row(query)), candidates, candidates.count, found.start)
          lathe_keep_best(candidates, found.start, candidates.count, k, best.start + query * k, similarities.start + query * k)
        }
      }
      return Neighbors(offsets: (0...queries.rowCount).map { $0 * k }, ids: best.array, similarities: similarities.array)
    }
    let values = vectors.withNumbers { vectors in
      guard let ids else { return self.vectors.mapped == nil ? self.vectors.own : Array(vectors) }
      var values: [Float] = []
      values.reserveCapacity(ids.count * dimension)
      for id in ids { values.append(contentsOf: vectors[id * dimension..<(id + 1) * dimension]) }
      return values
    }
    let rows = Matrix(rowCount: ids?.count ?? count, columnCount: dimension, values: values)
    let found = try ExactIndex(checked: rows).search(queries, k: k, threads: threads)
    guard let ids else { return found }
    return Neighbors(offsets: found.offsets, ids: found.ids.map { Int32(ids[Int($0)]) }, similarities: found.similarities)
  }

  private static func packed(ids: [Int32], similarities: [Float], sizes: [Int32], k: Int) -> Neighbors {
    if sizes.allSatisfy({ Int($0) == k }) {
      return Neighbors(offsets: (0...sizes.count).map { $0 * k }, ids: ids, similarities: similarities)
    }
    var offsets = [0]
    var kept: [Int] = []
    for (query, size) in sizes.enumerated() {
      kept += query * k..<query * k + Int(size)
      offsets.append(kept.count)
    }
    return Neighbors(offsets: offsets, ids: kept.map { ids[$0] }, similarities: kept.map { similarities[$0] })
  }

  /// By how much the inner product of two codes may differ from what it stands for: each number of a code is off by up to a half, so each
  /// code by up to √dimension / 2, and a code's own length is below 46,341.
  private static func codeErrorBound(dimension: Int) -> Int64 {
    Int64((46_341 * Double(dimension).squareRoot() + Double(dimension)).rounded(.up))
  }

  /// What brings a vector of `length` to codes of the length 32,767.
  static func codeScale(length: Double) -> Double { length > 0 ? 32_767 / length : 0 }

  /// The Euclidean length of a row.
  static func length(_ row: UnsafeBufferPointer<Float>) -> Double {
    row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

/// The start of an array that is lent to several threads at once, to read. Safe where the loan outlives them.
struct UncheckedBuffer<Number>: @unchecked Sendable {
  let start: UnsafePointer<Number>?

  init(_ buffer: UnsafeBufferPointer<Number>) { start = buffer.baseAddress }
}
