import DataAccess
import Learning
import LuaBridge
import Tabular

/// Vectors that can be searched, as scripts hold them.
struct ScriptIndex: LuaObject {
  /// How two vectors are compared.
  enum Metric: String, CaseIterable, LuaReadable {
    case cosine, dot
  }

  /// What is searched, and how.
  enum Kind {
    case exact(ExactIndex)
    case graph(HNSWIndex)
  }

  let kind: Kind
  let metric: Metric
  /// Whether its numbers are those of a file, where they lie.
  var isMapped = false

  static let luaName = "neighbor_index"
  static let luaClass = LuaClass<ScriptIndex>(
    "Vectors, one a row, of which those most similar to others are found. `#index` is their number.", methods: [search, add, save],
    properties: [
      LuaProperty("kind", "How it is searched: `exact` or `hnsw`.") { $0.kindName },
      LuaProperty("metric", "How vectors are compared: `cosine` or `dot`.") { $0.metric.rawValue },
      LuaProperty("dimension", "Numbers a vector.") { $0.index.dimension },
    ],
    count: { $0.index.count }, bytes: { $0.bytes },
    text: { index in
      "\(index.kindName) index of \(counted(index.index.count, "vector")) of \(counted(index.index.dimension, "number")), \(index.metric.rawValue)"
    })

  private var index: any NeighborIndex {
    switch kind {
    case .exact(let index): index
    case .graph(let index): index
    }
  }
  private var kindName: String {
    switch kind {
    case .exact: ExactIndex.kind
    case .graph: HNSWIndex.kind
    }
  }
  /// Bytes of its own: the numbers of a file are that file's.
  private var bytes: Int {
    switch kind {
    case .exact(let index): 4 * index.count * index.dimension
    case .graph(let index): isMapped ? 0 : index.count * (6 * (index.dimension + 31) + 8 * index.options.m + 32)
    }
  }

  private struct BuildOptions: WorkOptionsRecord {
    enum Choice: String, CaseIterable, LuaReadable {
      case auto, exact, hnsw
    }

    var work = WorkOptions()
    var search = Choice.auto
    var metric = Metric.cosine
    var queries: Int?
    var m: Int?
    var construction: Int?
    var ef: Int?

    static var fields: [LuaField<BuildOptions>] {
      let words = Dictionary(uniqueKeysWithValues: HNSWOptions.parameters.map { ($0.name, "of a graph: \($0.doc); \($0.expected)") })
      let defaults = HNSWOptions().values
      func shown(_ name: String) -> String? { defaults[name]?.description }
      return [
        LuaField(
          "search", \.search,
          """
          `exact` compares with every vector; `hnsw` walks a graph, which answers sooner among very many and now and then misses one; `auto` \
          takes what is done sooner, its making included
          """, default: "\"auto\""),
        LuaField(
          "metric", \.metric, "`cosine`: of the angle, 1 where directions are the same; `dot`: the inner product", default: "\"cosine\""),
        LuaField("queries", \.queries, "for `auto`: how many vectors will be searched for in all, ≥ 0; as many as there are vectors"),
        LuaField("m", \.m, words["m"] ?? "", default: shown("m")),
        LuaField("ef_construction", \.construction, words["ef_construction"] ?? "", default: shown("ef_construction")),
        LuaField("ef", \.ef, words["ef"] ?? "", default: shown("ef")), seedField, threadsField, progressField,
      ]
    }

    func graphOptions() throws -> HNSWOptions {
      let values = [("m", m), ("ef_construction", construction), ("ef", ef)].compactMap { name, value in
        value.map { (name, PlainValue.integer(Int64($0))) }
      }
      return try HNSWOptions(Dictionary(uniqueKeysWithValues: values))
    }
  }

  static let build = LuaFunction(
    "nearest",
    """
    Makes vectors searchable for the most similar ones: a frame's columns of numbers, or lists of numbers. Levels become numbers by \
    `learn.one_hot`, and numbers get one scale by `learn.standardise`.
    """, in: LuaVM.self, Parameter("vectors", VectorSource.self, "a row or a list a vector, without missing numbers"),
    Parameter("options", BuildOptions.self, "how to search"), returns: .value(ScriptIndex.self, "the vectors, to be searched"),
    effect: .pure
  ) { vm, vectors, options in
    try LearningRows.naming("learn.nearest") {
      let matrix = try vectors.matrix(options.metric, dimension: nil, in: vm)
      if let queries = options.queries, queries < 0 { throw LearningError.parameter("'queries' must be an integer ≥ 0, got \(queries)") }
      let (queries, search, graph) = (options.queries ?? matrix.rowCount, options.search, try options.graphOptions())
      if search != .exact { try vm.checkMemory(for: matrix.rowCount, each: 8 * (matrix.columnCount + 32) + 12 * graph.m) }
      let kind = try options.work.run(in: vm, step: { _ in "index" }) { context -> Kind in
        switch search {
        case .exact: return .exact(try ExactIndex(matrix))
        case .hnsw: return .graph(try HNSWIndex(matrix, options: graph, in: context))
        case .auto:
          let index = try NearestSearch.index(for: matrix, queries: queries, options: graph, in: context)
          if let index = index as? HNSWIndex { return .graph(index) }
          return .exact(try index as? ExactIndex ?? ExactIndex(matrix))
        }
      }
      return ScriptIndex(kind: kind, metric: options.metric)
    }
  }

  private struct SearchOptions: WorkOptionsRecord {
    var work = WorkOptions()
    var filter: ColumnSource?
    var ef: Int?

    static var fields: [LuaField<SearchOptions>] {
      [
        LuaField("filter", \.filter, "which vectors count: a truth value each; a missing one is false"),
        LuaField("ef", \.ef, "for `hnsw`: candidates that are kept, ≥ 1; more search slower and find more"), threadsField,
      ]
    }
  }

  private static let search = LuaFunction(
    "search", "Finds the vectors most similar to each of some others.", on: ScriptIndex.self, in: LuaVM.self,
    Parameter("queries", VectorSource.self, "a row or a list a vector, as for `learn.nearest`; features of a frame go by their order"),
    Parameter("k", Int.self, "how many to find for each, ≥ 1; all where there are fewer", default: 10),
    Parameter("options", SearchOptions.self, "which to look at, and how to work"),
    returns: .value(
      Frame.self,
      """
      `query` and `neighbor` are rows, from 1, `rank` is 1 for the most similar, `similarity` is higher for what is nearer; in order of queries and \
      ranks, ties by neighbor
      """), effect: .pure
  ) { index, vm, queries, k, options in
    try LearningRows.naming("neighbor_index:search") {
      let matrix = try queries.matrix(index.metric, dimension: index.index.dimension, in: vm)
      try vm.checkMemory(for: matrix.rowCount, each: 64 * max(1, min(k, index.index.count)))
      let passing = try options.filter.map { try index.filter($0.column) }
      return try index.found(matrix, k: k, among: passing, ef: options.ef, in: options.work.context(in: vm))
    }
  }

  private func filter(_ column: Column) throws -> Bitmap {
    guard case .bool(let flags) = column.values else {
      throw LearningError.data("'filter' must be truth values, got a column of \(column.type.rawValue)")
    }
    guard flags.count == index.count else {
      throw LearningError.data("'filter' has \(counted(flags.count, "row")), the index has \(counted(index.count, "vector"))")
    }
    return Bitmap(flags.indices.lazy.map { flags[$0] && !column.isMissing($0) })
  }

  private func found(_ queries: Matrix, k: Int, among passing: Bitmap?, ef: Int?, in context: FitContext) throws -> Frame {
    var (query, rank, neighbors, similarity) = ([Int64](), [Int64](), [Int64](), [Double]())
    // Some at a time, so that the script can be stopped between them.
    for start in stride(from: 0, to: max(1, queries.rowCount), by: 256) {
      try context.checkCancellation()
      let rows = start..<min(start + 256, queries.rowCount)
      let width = queries.columnCount
      let part = Matrix(
        rowCount: rows.count, columnCount: width, values: Array(queries.values[rows.lowerBound * width..<rows.upperBound * width]))
      let found: Neighbors
      switch kind {
      case .graph(let graph): found = try graph.search(part, k: k, ef: ef, among: passing, threads: context.threads)
      case .exact(let exact):
        if ef != nil { throw LearningError.parameter("'ef' is for an index of kind 'hnsw'; this one is 'exact'") }
        found =
          try passing.map { try exact.search(part, k: k, among: $0, threads: context.threads) }
          ?? exact.search(part, k: k, threads: context.threads)
      }
      for number in 0..<found.queryCount {
        for (place, neighbor) in found[number].enumerated() {
          query.append(Int64(start + number + 1))
          rank.append(Int64(place + 1))
          neighbors.append(Int64(neighbor.id + 1))
          similarity.append(Double(neighbor.similarity))
        }
      }
    }
    return try Frame([
      ("query", Column(query)), ("rank", Column(rank)), ("neighbor", Column(neighbors)), ("similarity", Column(similarity)),
    ])
  }

  private struct AddOptions: WorkOptionsRecord {
    var work = WorkOptions()

    static var fields: [LuaField<AddOptions>] { [threadsField, progressField] }
  }

  private static let add = LuaFunction(
    "add", "An index with more vectors, whose rows go on from the last; this one stays as it is.", on: ScriptIndex.self, in: LuaVM.self,
    Parameter("vectors", VectorSource.self, "a row or a list a vector, as for `learn.nearest`"),
    Parameter("options", AddOptions.self, "how to work"), returns: .value(ScriptIndex.self, "the index of all of them"), effect: .pure
  ) { index, vm, vectors, options in
    try LearningRows.naming("neighbor_index:add") {
      let matrix = try vectors.matrix(index.metric, dimension: index.index.dimension, in: vm)
      try vm.checkMemory(for: index.index.count + matrix.rowCount, each: 8 * (matrix.columnCount + 32))
      let kind = index.kind
      let grown = try options.work.run(in: vm, step: { _ in "index" }) { context -> Kind in
        switch kind {
        case .exact(let exact): return .exact(try exact.adding(matrix))
        case .graph(var graph):
          try graph.add(matrix, in: context)
          return .graph(graph)
        }
      }
      return ScriptIndex(kind: grown, metric: index.metric)
    }
  }

  private static let save = LuaFunction(
    "save", "Writes the index into a file, in place of one of that name; `learn.load` reads it.", on: ScriptIndex.self,
    in: ScriptFiles.self, Parameter("path", String.self, "the file, as seen from the workspace"), returns: .nothing, effect: .writes
  ) { index, files, path in
    try LearningRows.naming("neighbor_index:save") {
      var writer = ModelWriter()
      writer.add(LoadedFile.index) { file in
        file.add("kind", json: [index.kindName, index.metric.rawValue])
        switch index.kind {
        case .exact(let exact): exact.write(to: &file)
        case .graph(let graph): graph.write(to: &file)
        }
      }
      try AtomicFile.write(writer.bytes(), to: try files.writablePath(path))
    }
  }

  /// Reads an index that was saved.
  init(from file: ModelReader) throws(LearningError) {
    let words = try file.json("kind", [String].self)
    guard words.count == 2, let metric = Metric(rawValue: words[1]) else { throw file.fault("its kind of index is none") }
    self.metric = metric
    switch words[0] {
    case ExactIndex.kind: kind = .exact(try ExactIndex(from: file))
    case HNSWIndex.kind:
      kind = .graph(try HNSWIndex(from: file))
      isMapped = true
    default: throw file.fault("it has an index of kind '\(words[0])', which this Lathe does not know")
    }
  }

  private init(kind: Kind, metric: Metric) {
    self.kind = kind
    self.metric = metric
  }
}
