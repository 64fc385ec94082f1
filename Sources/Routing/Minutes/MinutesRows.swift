import Glibc
public import Learning
public import Tabular

/// Operations that were done, as rows to learn minutes from: what was known when each one's order started, and what it took.
///
///     let rows = try MinutesRows(items: items, results: results, basis: .unit)
///     let data = try rows.dataset(of: rows.indices(since: since, until: until))
///     let model = try boosting.fit(data, in: FitContext(seed: 42))
///     let minutes = try rows.minutes(of: model, rows: rows.indices(since: until, until: end))
/// A row sees results completed before its order started, never its own nor a later one: neither the statistics nor the order of rows
/// depend on them. When an order started is not told by its own minutes either: it is taken to have started as long before its first
/// completion as nine in ten earlier operations of that job took at most.
public struct MinutesRows: Sendable {
  /// What is known about each row: `job` and `resource` as levels, the statistics of its own and alike items' results as of the
  /// order's start, and the item's features, named `item.` and their name.
  public let features: FeatureTable
  /// Run minutes, per piece or order as the basis says, and set-up minutes of the order; NaN where not reported.
  public let runMinutes, setupMinutes: [Double]
  /// What the aggregation of similar items' results (domain: the baseline) estimates as of the order's start, and what the `…_ratio` features
  /// and the target are relative to; minutes, NaN where nothing was known.
  public let baseline, reference: [Double]
  /// The set-up minutes to expect; NaN where nothing was known.
  public let setupReference: [Double]
  /// When each row's order started as far as it is known, and when the row was completed; seconds since 1970.
  public let startedAt, completedAt: [Double]
  /// The item of each row, as a position in ``itemCodes``.
  public let items: [Int]
  /// Codes of the items that have results.
  public let itemCodes: [String]
  /// The identifier of the first result of each row.
  public let results: [String]

  /// Number of rows.
  public var count: Int { runMinutes.count }

  /// Rows completed after `since` and up to `until` whose run minutes are known and could be predicted, in the order of their orders' starts.
  public func indices(since: Timestamp, until: Timestamp) -> [Int] {
    (0..<count).filter { row in
      completedAt[row] > since.seconds && completedAt[row] <= until.seconds && runMinutes[row] > 0 && reference[row] > 0
    }
  }

  /// The rows as data: the target is the logarithm of run minutes over the reference, an item's rows are a group, the time is that of completion.
  public func dataset(of rows: [Int]) throws(LearningError) -> Dataset {
    try Dataset(
      features: features.selecting(rows: rows), targets: [rows.map { log(runMinutes[$0] / reference[$0]) }],
      targetNames: ["log_run_over_reference"], groups: rows.map { items[$0] }, times: rows.map { completedAt[$0] })
  }

  /// Run minutes of `rows` as a model predicts them that was fitted on ``dataset(of:)``.
  public func minutes(of model: some Model, rows: [Int], threads: Int = 2) throws(LearningError) -> [Double] {
    zip(rows, try model.predict(features.selecting(rows: rows), threads: threads)[0]).map { reference[$0] * exp($1) }
  }

  /// Builds the rows.
  ///
  /// - Parameters:
  ///   - items: `item_code` and feature columns; results of items that are not among them have no alike items.
  ///   - results: The work_results relation, in any order.
  ///   - basis: What run minutes are counted per.
  ///   - choices: How features are compared, by name.
  ///   - options: How many alike items are asked for and how similar they must be.
  ///   - dimension: Numbers of an item's vector.
  ///   - context: Whether to go on; asked again and again.
  /// - Complexity: O(results × neighbours + items with results² × dimension); beyond some 160,000 items a graph is searched
  ///   instead, which may miss some of the most alike.
  public init(
    items frame: Frame, results: Frame, basis: Basis, choices: [String: FeatureChoice] = [:],
    options: PredictionOptions = PredictionOptions(), dimension: Int = 128, in context: FitContext = FitContext()
  ) throws {
    let history = try WorkHistory(results)
    let rowOfItem = try Self.rows(of: history.items, in: frame)
    // Of all items, whether they have results or not: that an item has some later must not be seen by earlier rows.
    let encoder = FeatureEncoder(fitting: frame, choices: choices, dimension: dimension)
    let columns = Self.itemColumns(encoder.features, in: frame)
    var walk = HistoryWalk(
      history, basis: basis,
      alike: try Self.alikeItems(encoder.encode(frame), rowOfItem: rowOfItem, count: 3 * options.neighbors, in: context),
      groups: Self.groups(of: columns, rowOfItem: rowOfItem), options: options)
    try walk.run(in: context)

    let jobs = (0..<history.jobs.count).map { history.jobs[Int32($0)] }
    let resources = (0..<history.resources.count).map { history.resources[Int32($0)] }
    let queries = walk.rows.map(\.query)
    var features = [
      FeatureTable.Column("job", .categorical(queries.map(\.job), levels: jobs)),
      FeatureTable.Column("resource", .categorical(queries.map(\.resource), levels: resources)),
    ]
    for (position, name) in MinutesFeatures.names.enumerated() {
      features.append(FeatureTable.Column(name, .numeric(walk.rows.map { $0.features.values[position] })))
    }
    let itemRows = queries.map { rowOfItem[$0.item] }
    for column in columns {
      switch column.values {
      case .numeric(let numbers):
        features.append(FeatureTable.Column(column.name, .numeric(itemRows.map { $0.map { numbers[$0] } ?? .nan })))
      case .categorical(let codes, let levels):
        features.append(FeatureTable.Column(column.name, .categorical(itemRows.map { $0.map { codes[$0] } ?? -1 }, levels: levels)))
      }
    }
    self.features = try FeatureTable(features, rowCount: walk.rows.count)
    let operations = walk.rows.map { history.operations[$0.operation] }
    runMinutes = operations.map { $0.runMinutes(per: basis) }
    setupMinutes = operations.map(\.setupMinutes)
    baseline = walk.rows.map(\.features.baseline)
    reference = walk.rows.map { exp($0.features.reference) }
    setupReference = walk.rows.map(\.features.setup)
    startedAt = queries.map(\.time)
    completedAt = operations.map { Double($0.completedAt) / 1e6 }
    self.items = queries.map(\.item)
    itemCodes = history.items
    let identifiers = history.results["result_id"]
    self.results = operations.map { identifiers?.text($0.rows.lowerBound) ?? "" }
  }

  /// For each item its row in `frame`, or `nil`.
  private static func rows(of codes: [String], in frame: Frame) throws -> [Int?] {
    let column = try frame.column("item_code")
    var places: [String: Int] = [:]
    for row in 0..<frame.rowCount { if let code = column.text(row) { places[code] = row } }
    return codes.map { places[$0] }
  }

  /// For each item those of all items most like it. More are looked for than are used: not all have results yet when they are asked for, and
  /// which ones ever will must not be seen.
  private static func alikeItems(_ vectors: Matrix, rowOfItem: [Int?], count: Int, in context: FitContext) throws -> [[AlikeItem]] {
    let asked = rowOfItem.indices.filter { rowOfItem[$0] != nil }
    var alike = Array(repeating: [AlikeItem](), count: rowOfItem.count)
    guard !asked.isEmpty else { return alike }
    var itemOfRow: [Int: Int] = [:]
    for item in asked { if let row = rowOfItem[item] { itemOfRow[row] = item } }
    let index = try NearestSearch.index(for: vectors, queries: asked.count, in: context)
    // In parts, so that it can be stopped between them.
    for start in stride(from: 0, to: asked.count, by: 1024) {
      try context.checkCancellation()
      let items = Array(asked[start..<min(start + 1024, asked.count)])
      let rows = items.compactMap { rowOfItem[$0] }
      let queries = Matrix(rowCount: rows.count, columnCount: vectors.columnCount, values: rows.flatMap { vectors.row($0) })
      let found = try index.search(queries, k: count + 1, threads: context.threads)
      for (place, item) in items.enumerated() {
        alike[item] = found[place].compactMap { neighbor in
          guard neighbor.id != rows[place], neighbor.similarity > 0, let other = itemOfRow[neighbor.id] else { return nil }
          return AlikeItem(item: other, similarity: min(1, Double(neighbor.similarity)))
        }
      }
    }
    return alike
  }

  /// The features of all items, row by row; what stands for "no value" in factory data is missing.
  private static func itemColumns(_ features: [Feature], in frame: Frame) -> [FeatureTable.Column] {
    features.compactMap { feature in
      guard let column = frame[feature.name] else { return nil }
      let name = "item." + feature.name
      if feature.kind == .numeric {
        let numbers = FeatureEncoder.numbers(column)
        return FeatureTable.Column(name, .numeric(numbers.map { $0.isFinite ? $0 : .nan }))
      }
      var levels: [String] = []
      var codes: [String: Int32] = [:]
      let codeOfRow = (0..<column.count).map { row -> Int32 in
        guard let text = level(of: column[row]) else { return -1 }
        if let code = codes[text] { return code }
        codes[text] = Int32(levels.count)
        levels.append(text)
        return Int32(levels.count - 1)
      }
      return FeatureTable.Column(name, .categorical(codeOfRow, levels: levels))
    }
  }

  private static func level(of cell: Cell) -> String? {
    switch cell {
    case .missing: nil
    case .text(let text): FeatureEncoder.isPlaceholder(text) ? nil : text
    case .bool(let flag): String(flag)
    case .integer(let number): String(number)
    case .double(let number): String(number)
    case .timestamp(let instant): String(describing: instant)
    }
  }

  /// For each item the groups that it belongs to: a number for each level of each feature of two to sixty levels.
  private static func groups(of columns: [FeatureTable.Column], rowOfItem: [Int?]) -> [[Int32]] {
    var groups = Array(repeating: [Int32](), count: rowOfItem.count)
    var next = HistoryWalk.firstFeatureGroup
    for column in columns {
      guard case .categorical(let codes, let levels) = column.values, (2...60).contains(levels.count) else { continue }
      for (item, row) in rowOfItem.enumerated() { if let row, codes[row] >= 0 { groups[item].append(next + codes[row]) } }
      next += Int32(levels.count)
    }
    return groups
  }
}

/// Walks through a history in order of time: what was completed goes into memory before an order that starts later is looked at.
private struct HistoryWalk {
  struct Row {
    var operation: Int
    var query: MinutesQuery
    var features: MinutesFeatures
  }

  /// Numbers of groups: all of a job, work without a resource, then the resources' own numbers, and from here on levels of features.
  private static let everything: Int32 = -2, noResource: Int32 = -1
  static let firstFeatureGroup: Int32 = 1 << 24

  private let history: WorkHistory
  private let basis: Basis
  private let alike: [[AlikeItem]]
  private let groups: [[Int32]]
  private let options: PredictionOptions
  private var memory: WorkMemory
  private(set) var rows: [Row] = []

  init(_ history: WorkHistory, basis: Basis, alike: [[AlikeItem]], groups: [[Int32]], options: PredictionOptions) {
    self.history = history
    self.basis = basis
    self.alike = alike
    self.groups = groups
    self.options = options
    memory = WorkMemory(itemCount: history.items.count, jobCount: history.jobs.count)
  }

  /// When each order started, as far as earlier results tell: its own minutes are what is to be predicted.
  private func starts() -> [Double] {
    var starts = Array(repeating: 0.0, count: history.orders.count)
    // Mean and variance of the logarithms of minutes on the machine, job by job (B. Welford, 1962).
    var known = Array(repeating: (count: 0.0, mean: 0.0, squares: 0.0), count: history.jobs.count)
    var orderOf: [Int: Int] = [:]
    for (number, order) in history.orders.enumerated() { orderOf[order.operations.lowerBound] = number }
    for place in history.operations.indices.sorted(by: {
      (history.operations[$0].completedAt, $0) < (history.operations[$1].completedAt, $1)
    }) {
      let operation = history.operations[place]
      let job = known[Int(operation.job)]
      if let number = orderOf[place] {
        let deviation = job.count > 1 ? (job.squares / (job.count - 1)).squareRoot() : 0
        let minutes = job.count > 0 ? exp(job.mean + Self.ninetiethPercentile * deviation) : 0
        starts[number] = Double(operation.completedAt) / 1e6 - 60 * min(minutes, 60 * 24 * 30)
      }
      let worked = [operation.setupMinutes, operation.runMinutes].reduce(0) { $0 + ($1.isFinite ? max(0, $1) : 0) }
      guard worked > 0 else { continue }
      let apart = log(worked) - job.mean
      let mean = job.mean + apart / (job.count + 1)
      known[Int(operation.job)] = (job.count + 1, mean, job.squares + apart * (log(worked) - mean))
    }
    return starts
  }

  /// Of a standard normal distribution.
  private static let ninetiethPercentile = 1.2816

  mutating func run(in context: FitContext) throws(LearningError) {
    let starts = self.starts()
    let started = history.orders.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
    let completed = history.operations.indices.sorted {
      (history.operations[$0].completedAt, $0) < (history.operations[$1].completedAt, $1)
    }
    var rowOfOperation = Array(repeating: 0, count: history.operations.count)
    rows.reserveCapacity(history.operations.count)
    var next = 0
    for (turn, number) in started.enumerated() {
      if turn % 256 == 0 { try context.checkCancellation() }
      let order = history.orders[number]
      while next < completed.count, Double(history.operations[completed[next]].completedAt) / 1e6 < starts[number] {
        learn(rows[rowOfOperation[completed[next]]])
        next += 1
      }
      for (position, place) in order.operations.enumerated() {
        let operation = history.operations[place]
        let query = MinutesQuery(
          item: order.item, job: operation.job, occurrence: operation.occurrence, resource: operation.resource, position: position,
          quantity: operation.quantity, time: starts[number])
        rowOfOperation[place] = rows.count
        rows.append(
          Row(
            operation: place, query: query,
            features: MinutesFeatures(query, alike: alike[order.item], groups: groups(of: query), in: &memory, options: options)))
      }
    }
  }

  /// Takes in what an operation took, against what was expected of it.
  private mutating func learn(_ row: Row) {
    let operation = history.operations[row.operation]
    memory.add(
      row.query, minutes: operation.runMinutes(per: basis), setup: operation.setupMinutes, level: row.features.level,
      expected: row.features.reference, groups: groups(of: row.query), at: Double(operation.completedAt) / 1e6)
  }

  private func groups(of query: MinutesQuery) -> [Int32] {
    [Self.everything, query.resource < 0 ? Self.noResource : query.resource] + groups[query.item]
  }
}
