extension HNSWIndex {
  /// What kind of model it is, in files.
  public static let kind = "hnsw"

  private struct Header: Codable {
    var options: HNSWOptions
    var seed: UInt64
    var count, dimension, nodes, top: Int
    var entry: Int32
    var scale: Double
  }

  /// Adds all that ``init(from:)`` needs.
  ///
  /// Sections: `header` (JSON: options, seed, count, dimension, nodes, entry, top, scale); `vectors` (Float, by id); `codes` (whole numbers
  /// of 16 bits with sign, two's complement, the vector × scale rounded, by node, each code filled with zeros to a multiple of 32); `links`
  /// (Int32, 2 M a node: its neighbours on level 0, −1 after the last); `levels` (UInt8 a node); `upper_first` (Int32 a node) and
  /// `upper` (Int32): neighbours on level l ≥ 1 are the M numbers from M × (`upper_first` + l − 1) on; `member_starts` (Int32, nodes + 1)
  /// and `members` (Int32): ids of the vectors that a node stands for.
  public func write(to file: inout ModelWriter) {
    file.add(
      "header",
      json: Header(
        options: options, seed: seed, count: count, dimension: dimension, nodes: graph.nodeCount, top: graph.top, entry: graph.entry,
        scale: scale))
    vectors.add("vectors", to: &file)
    graph.codes.add("codes", to: &file)
    graph.links.add("links", to: &file)
    graph.levels.add("levels", to: &file)
    graph.upperFirst.add("upper_first", to: &file)
    graph.upper.add("upper", to: &file)
    memberStarts.add("member_starts", to: &file)
    members.add("members", to: &file)
  }

  /// Reads an index where it lies in the file: nothing large is copied. Every number that a search follows is checked here.
  public init(from file: ModelReader) throws(LearningError) {
    let header = try file.json("header", Header.self)
    let (nodes, count, dimension) = (header.nodes, header.count, header.dimension)
    guard dimension >= 1, dimension <= Int(Int32.max), count >= 0, count <= Int(Int32.max) / 2, nodes >= 0, nodes <= count,
      (nodes == 0) == (count == 0), header.scale.isFinite, header.scale > 0
    else { throw file.fault("the header of the index has impossible numbers") }
    let options = try HNSWOptions(m: header.options.m, efConstruction: header.options.efConstruction, ef: header.options.ef)
    var graph = HNSWGraph(dimension: dimension, m: options.m)
    graph.nodeCount = nodes
    graph.entry = header.entry
    graph.top = header.top
    func section<Number: ModelNumber>(_ name: String, _ expected: Int, of type: Number.Type) throws(LearningError) -> IndexNumbers<Number> {
      let found = try file.view(name, Number.self)
      guard found.count == expected else { throw file.fault("section '\(name)' has \(found.count) numbers, expected \(expected)") }
      return IndexNumbers(mapped: found)
    }
    let vectors = try section("vectors", count * dimension, of: Float.self)
    graph.codes = try section("codes", nodes * graph.stride, of: UInt16.self)
    graph.links = try section("links", nodes * graph.width, of: Int32.self)
    graph.levels = try section("levels", nodes, of: UInt8.self)
    graph.upperFirst = try section("upper_first", nodes, of: Int32.self)
    let starts = try section("member_starts", nodes + 1, of: Int32.self)
    let members = try section("members", count, of: Int32.self)
    let blocks = graph.levels.withNumbers { $0.reduce(0) { $0 + Int($1) } }
    graph.upper = try section("upper", blocks * graph.m, of: Int32.self)
    guard graph.isSound else { throw file.fault("the index's graph has links to nowhere") }
    guard Self.areSound(starts: starts, members: members, count: count) else { throw file.fault("the index's members do not add up") }
    guard vectors.allAreFinite else { throw file.fault("a vector of the index holds NaN or infinity") }
    self.init(
      options: options, seed: header.seed, count: count, dimension: dimension, vectors: vectors, scale: header.scale, graph: graph,
      memberStarts: starts, members: members)
  }

  /// Whether the members are cut into a run of one or more a node, and lie below `count`.
  private static func areSound(starts: IndexNumbers<Int32>, members: IndexNumbers<Int32>, count: Int) -> Bool {
    starts.withNumbers { starts in
      members.withNumbers { members in
        guard starts.first == 0, Int(starts[starts.count - 1]) == count else { return false }
        var isSound = true
        for node in 1..<starts.count { isSound = isSound && starts[node] > starts[node - 1] }
        for member in members { isSound = isSound && member >= 0 && member < count }
        return isSound
      }
    }
  }
}

extension IndexNumbers {
  fileprivate func add(_ name: String, to file: inout ModelWriter) {
    if let mapped { file.add(name, mapped.withNumbers { Array($0) }) } else { file.add(name, own) }
  }
}
