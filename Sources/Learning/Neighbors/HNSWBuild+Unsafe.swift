import CKernels
import Foundation
import Synchronization
import Tabular

extension UnsafeMutableBufferPointer {
  /// The first of one or more.
  fileprivate var start: UnsafeMutablePointer<Element> {
    guard let baseAddress else { preconditionFailure("an empty array has no first element") }
    return baseAddress
  }
}

extension UnsafeBufferPointer {
  /// The first of one or more.
  fileprivate var start: UnsafePointer<Element> {
    guard let baseAddress else { preconditionFailure("an empty array has no first element") }
    return baseAddress
  }
}

extension UnsafeRawBufferPointer {
  /// Bits as whole numbers with sign.
  fileprivate var signed: UnsafePointer<Int16> {
    guard let baseAddress else { preconditionFailure("an empty array has no first element") }
    return baseAddress.assumingMemoryBound(to: Int16.self)
  }
}

extension HNSWIndex {
  /// Adds the rows of `rows`; what was there is lost when it throws.
  mutating func insert(_ rows: Matrix, in context: FitContext) throws(NeighborError) {
    guard count + rows.rowCount <= Int32.max / 2 else { throw .tooMany(count + rows.rowCount) }
    if let row = rows.firstUnusableRow { throw .unusableVector(row: row) }
    guard rows.rowCount > 0 else { return }
    try takeVectors(rows, in: context)
    let first = graph.nodeCount
    try addNodes(for: count..<count + rows.rowCount, in: context)
    count += rows.rowCount
    try link(from: first, in: context)
  }

  /// Makes room for vectors, and codes anew what is there when the new ones are longer than codes can be.
  private mutating func takeVectors(_ rows: Matrix, in context: FitContext) throws(NeighborError) {
    vectors.makeOwn()
    graph.codes.makeOwn()
    graph.links.makeOwn()
    graph.upper.makeOwn()
    graph.upperFirst.makeOwn()
    graph.levels.makeOwn()
    memberStarts.makeOwn()
    members.makeOwn()
    if vectors.own.isEmpty { vectors.own = rows.values } else { vectors.own += rows.values }
    var longest = 0.0
    for row in 0..<rows.rowCount {
      if row % 1024 == 0 { try context.check() }
      // Safe: each row lies in the values.
      longest = rows.values.withUnsafeBufferPointer {
        max(longest, Self.length(UnsafeBufferPointer(rebasing: $0[row * dimension..<(row + 1) * dimension])))
      }
    }
    if count == 0 {
      scale = longest > 0 ? Self.codeScale(length: longest) : 1
    } else if longest * scale > 46_000 {
      scale = Self.codeScale(length: longest)
      nodesByCode = []
      for node in 0..<graph.nodeCount { code(vector: Int(members.own[Int(memberStarts.own[node])]), as: node) }
    }
  }

  /// Writes the code of a vector. Safe: vector and node are there.
  private mutating func code(vector: Int, as node: Int) {
    vectors.own.withUnsafeBufferPointer { vectors in
      graph.codes.own.withUnsafeMutableBufferPointer { codes in
        lathe_code_row(
          vectors.start + vector * dimension, dimension, scale,
          UnsafeMutableRawPointer(codes.start + node * graph.stride).assumingMemoryBound(to: Int16.self), graph.stride)
      }
    }
  }

  /// Finds which of the vectors `ids` have the code of a node, and makes nodes of the others, without links yet.
  ///
  /// Safe: all places are computed from counts of rows and nodes for which there is room; parts write rows of their own.
  private mutating func addNodes(for ids: Range<Int>, in context: FitContext) throws(NeighborError) {
    let (stride, dimension, scale, old) = (graph.stride, dimension, scale, graph.nodeCount)
    var codes = [UInt16](repeating: 0, count: ids.count * stride)
    var sums = [UInt64](repeating: 0, count: ids.count)
    vectors.own.withUnsafeBufferPointer { vectors in
      codes.withUnsafeMutableBufferPointer { codes in
        sums.withUnsafeMutableBufferPointer { sums in
          nonisolated(unsafe) let (vectors, codes, sums) = (vectors, codes, sums)
          inParallel((ids.count + 4095) / 4096, threads: context.threads) { part in
            if context.isCancelled { return }
            for row in part * 4096..<min(ids.count, (part + 1) * 4096) {
              let code = codes.start + row * stride
              lathe_code_row(
                vectors.start + (ids.lowerBound + row) * dimension, dimension, scale,
                UnsafeMutableRawPointer(code).assumingMemoryBound(to: Int16.self), stride)
              sums[row] = lathe_checksum(code, stride * 2)
            }
          }
        }
      }
    }
    try context.check()

    // Which vectors are nodes: the first of each code. Members of a node that was there are looked up by its code, others by row.
    fillTable(for: ids.count)
    let mask = nodesByCode.count - 1
    var fresh: [Int] = []  // rows that become nodes, by place
    var nodeOfRow = [Int32](repeating: 0, count: ids.count)  // a node, or −2 − the place in `fresh`
    var table: [Int: Int] = [:]  // slots taken by new rows
    codes.withUnsafeBufferPointer { codes in
      graph.codes.own.withUnsafeBufferPointer { nodes in
        for row in 0..<ids.count {
          if row % 8192 == 0, context.isCancelled { return }
          let code = codes.start + row * stride
          var slot = Int(truncatingIfNeeded: sums[row]) & mask
          while true {
            let held = nodesByCode[slot]
            if held == -1 {
              nodesByCode[slot] = -2 - Int32(fresh.count)
              nodeOfRow[row] = -2 - Int32(fresh.count)
              table[slot] = fresh.count
              fresh.append(row)
              break
            }
            let other = held >= 0 ? nodes.start + Int(held) * stride : codes.start + fresh[Int(-2 - held)] * stride
            if memcmp(other, code, stride * 2) == 0 {
              nodeOfRow[row] = held
              break
            }
            slot = (slot + 1) & mask
          }
        }
      }
    }

    try context.check()
    let levels = fresh.map { level(of: ids.lowerBound + $0) }
    let order = storageOrder(of: fresh, levels: levels, codes: codes, in: context)
    try context.check()
    var nodeOfPlace = [Int32](repeating: 0, count: fresh.count)
    for (offset, place) in order.enumerated() { nodeOfPlace[place] = Int32(old + offset) }
    for (slot, place) in table { nodesByCode[slot] = nodeOfPlace[place] }

    // Room is asked for in large pages before anything is in it; adding a few to many keeps what grows by itself.
    if fresh.count > old {
      graph.codes.own.reserveCapacity((old + fresh.count) * stride)
      graph.codes.own.withUnsafeBufferPointer { lathe_prefer_large_pages($0.baseAddress, (old + fresh.count) * stride * 2) }
      graph.links.own.reserveCapacity((old + fresh.count) * graph.width)
      graph.links.own.withUnsafeBufferPointer { lathe_prefer_large_pages($0.baseAddress, (old + fresh.count) * graph.width * 4) }
    }
    for (number, place) in order.enumerated() {
      if number % 16_384 == 0 { try context.check() }
      let row = fresh[place]
      graph.codes.own += codes[row * stride..<(row + 1) * stride]
      graph.levels.own.append(levels[place])
      graph.upperFirst.own.append(Int32(graph.upper.own.count / graph.m))
      graph.upper.own += repeatElement(-1, count: Int(levels[place]) * graph.m)
    }
    graph.links.own += repeatElement(-1, count: fresh.count * graph.width)
    graph.nodeCount += fresh.count
    addMembers(ids, nodes: nodeOfRow.map { $0 >= 0 ? $0 : nodeOfPlace[Int(-2 - $0)] })
  }

  /// Makes the table of codes large enough for `more` nodes besides those there.
  private mutating func fillTable(for more: Int) {
    let needed = 2 * (graph.nodeCount + more)
    guard nodesByCode.count < needed else { return }
    var size = 16
    while size < needed { size *= 2 }
    nodesByCode = Array(repeating: -1, count: size)
    for node in 0..<graph.nodeCount {
      let sum = graph.codes.own[node * graph.stride..<(node + 1) * graph.stride].withUnsafeBytes {
        lathe_checksum($0.baseAddress, $0.count)
      }
      var slot = Int(truncatingIfNeeded: sum) & (size - 1)
      while nodesByCode[slot] != -1 { slot = (slot + 1) & (size - 1) }
      nodesByCode[slot] = Int32(node)
    }
  }

  /// The level of a vector, drawn as the paper says with 1 / ln(M) as the normaliser: a matter of seed and id alone.
  private func level(of id: Int) -> UInt8 {
    let bits = SeededGenerator.mixed(seed ^ SeededGenerator.mixed(UInt64(id) &+ 0x9e37_79b9_7f4a_7c15))
    let uniform = (Double(bits >> 11) + 0.5) * 0x1p-53
    return UInt8(min(30, -log(uniform) / log(Double(options.m))))
  }

  /// In which order the new nodes lie in memory: those of upper levels first, which every search goes through, and then those
  /// near each other together, for a search stays in one neighbourhood. Nearness is that to some of them, taken at random.
  private func storageOrder(of rows: [Int], levels: [UInt8], codes: [UInt16], in context: FitContext) -> [Int] {
    guard rows.count >= 2048 else { return Array(rows.indices) }
    var generator = SeededGenerator(seed: seed, stream: "hnsw places")
    let stride = graph.stride
    let pivotCount = min(256, rows.count / 64)
    var pivots: [UInt16] = []
    for _ in 0..<pivotCount {
      let row = rows[generator.integer(below: rows.count)]
      pivots += codes[row * stride..<(row + 1) * stride]
    }
    var places = [Int](repeating: 0, count: rows.count)
    // Safe: rows and pivots lie in their arrays, and parts write places of their own.
    places.withUnsafeMutableBufferPointer { places in
      codes.withUnsafeBytes { codes in
        pivots.withUnsafeBytes { pivots in
          nonisolated(unsafe) let (places, codes, pivots) = (places, codes, pivots)
          inParallel((rows.count + 1023) / 1024, threads: context.threads) { part in
            if context.isCancelled { return }
            for place in part * 1024..<min(rows.count, (part + 1) * 1024) {
              let nearest = lathe_nearest_code(
                codes.signed + rows[place] * stride,
                pivots.signed, pivotCount, stride)
              places[place] = (levels[place] > 0 ? 0 : pivotCount) + nearest
            }
          }
        }
      }
    }
    return rows.indices.sorted { (places[$0], $0) < (places[$1], $1) }
  }

  /// Adds `ids` to the members of `nodes`, in order.
  private mutating func addMembers(_ ids: Range<Int>, nodes: [Int32]) {
    var sizes = [Int32](repeating: 0, count: graph.nodeCount)
    for node in 0..<memberStarts.own.count - 1 { sizes[node] = memberStarts.own[node + 1] - memberStarts.own[node] }
    for node in nodes { sizes[Int(node)] += 1 }
    var starts: [Int32] = [0]
    starts.reserveCapacity(graph.nodeCount + 1)
    for size in sizes { starts.append(starts[starts.count - 1] + size) }
    var filled = starts
    var all = [Int32](repeating: 0, count: ids.upperBound)
    for node in 0..<memberStarts.own.count - 1 {
      for member in members.own[Int(memberStarts.own[node])..<Int(memberStarts.own[node + 1])] {
        all[Int(filled[node])] = member
        filled[node] += 1
      }
    }
    for (id, node) in zip(ids, nodes) {
      all[Int(filled[Int(node)])] = Int32(id)
      filled[Int(node)] += 1
    }
    memberStarts.own = starts
    members.own = all
  }

  /// Links the nodes from `first` on, a batch at a time: first each of a batch chooses its neighbours in the graph as it was and among
  /// those before it in the batch, then each node that was chosen takes up its choosers. Both go on in parallel, and neither sees what
  /// another thread does.
  ///
  /// Safe: the arrays are lent for the length of the closures, in which all parts are done. In the first step a part writes the lists of its
  /// own nodes, to which nobody has links yet; in the second each list belongs to one target, and each target to one part.
  private mutating func link(from first: Int, in context: FitContext) throws(NeighborError) {
    let nodeCount = graph.nodeCount
    guard first < nodeCount else { return }
    var sequence = (first..<nodeCount).map { Int32($0) }
    var generator = SeededGenerator(seed: seed, stream: "hnsw order \(first)")
    sequence.shuffle(using: &generator)
    let (stride, width, m) = (graph.stride, graph.width, graph.m)
    let efConstruction = max(options.efConstruction, m)
    let threads = context.threads
    var (entry, top) = (graph.entry, graph.top)
    var heads = [Int32](repeating: -1, count: nodeCount)
    var isCancelled = false
    let levels = graph.levels.own
    let upperFirst = graph.upperFirst.own
    graph.codes.own.withUnsafeMutableBufferPointer { codes in
      graph.links.own.withUnsafeMutableBufferPointer { links in
        graph.upper.own.withUnsafeMutableBufferPointer { upper in
          levels.withUnsafeBufferPointer { levels in
            upperFirst.withUnsafeBufferPointer { upperFirst in
              heads.withUnsafeMutableBufferPointer { heads in
                var start = 0
                while start < sequence.count {
                  let batch = sequence[start..<min(sequence.count, start + Self.batchSize)].sorted()
                  nonisolated(unsafe) let view = lathe_graph(
                    codes: UnsafeMutableRawPointer(codes.start).assumingMemoryBound(to: Int16.self), stride: stride,
                    links: links.baseAddress, width: width, upper: upper.baseAddress, upper_first: upperFirst.baseAddress,
                    upper_width: m, levels: levels.baseAddress, entry: entry, top: Int32(top), nodes: nodeCount)
                  let next = Atomic<Int>(0)
                  let stopped = Atomic<Bool>(false)
                  inParallel(threads, threads: threads) { _ in
                    let scratch = lathe_graph_scratch_make(view.nodes, efConstruction, batch.count)
                    defer { lathe_graph_scratch_free(scratch) }
                    while true {
                      let begin = next.add(16, ordering: .relaxed).oldValue
                      if begin >= batch.count { return }
                      if context.isCancelled {
                        stopped.store(true, ordering: .relaxed)
                        return
                      }
                      for position in begin..<min(batch.count, begin + 16) {
                        withUnsafePointer(to: view) { lathe_graph_link($0, batch, position, efConstruction, scratch) }
                      }
                    }
                  }
                  if stopped.load(ordering: .relaxed) {
                    isCancelled = true
                    return
                  }
                  let highest = Int(batch.reduce(0) { max($0, levels[Int($1)]) })
                  for level in 0...highest {
                    Self.linkBack(view, batch: batch, level: level, heads: heads, threads: threads)
                  }
                  if entry < 0 || highest > top {
                    top = highest
                    entry = batch.first { Int(levels[Int($0)]) == highest } ?? entry
                  }
                  start += batch.count
                  context.progress(Double(start) / Double(sequence.count))
                }
              }
            }
          }
        }
      }
    }
    if isCancelled { throw .cancelled }
    (graph.entry, graph.top) = (entry, top)
  }

  /// Lets every node that one of the batch chose on `level` take up those that chose it. `heads` is −1 throughout, before and after.
  private static func linkBack(
    _ view: lathe_graph, batch: [Int32], level: Int, heads: UnsafeMutableBufferPointer<Int32>, threads: Int
  ) {
    nonisolated(unsafe) let view = view
    var sources: [Int32] = []
    var nexts: [Int32] = []
    var targets: [Int32] = []
    let width = level == 0 ? Int(view.width) : Int(view.upper_width)
    // From the last to the first, each before those there: so a target's chain goes in order of the batch.
    for node in batch.reversed() where Int(view.levels[Int(node)]) >= level {
      let list =
        level == 0
        ? view.links + Int(node) * width : view.upper + (Int(view.upper_first[Int(node)]) + level - 1) * width
      for place in 0..<width {
        let target = list[place]
        if target < 0 { break }
        if heads[Int(target)] < 0 { targets.append(target) }
        nexts.append(heads[Int(target)])
        heads[Int(target)] = Int32(sources.count)
        sources.append(node)
      }
    }
    guard !targets.isEmpty else { return }
    targets.sort()
    let next = Atomic<Int>(0)
    let (chain, links, chosen) = (sources, nexts, targets)
    nonisolated(unsafe) let heads = heads
    inParallel(chosen.count > 64 ? threads : 1, threads: threads) { _ in
      let scratch = lathe_graph_scratch_make(0, 0, batch.count)
      defer { lathe_graph_scratch_free(scratch) }
      var comers: [Int32] = []
      while true {
        let begin = next.add(64, ordering: .relaxed).oldValue
        if begin >= chosen.count { return }
        for target in chosen[begin..<min(chosen.count, begin + 64)] {
          comers.removeAll(keepingCapacity: true)
          var place = heads[Int(target)]
          while place >= 0 {
            comers.append(chain[Int(place)])
            place = links[Int(place)]
          }
          heads[Int(target)] = -1
          withUnsafePointer(to: view) { lathe_graph_link_back($0, target, Int32(level), comers, comers.count, scratch) }
        }
      }
    }
  }
}
