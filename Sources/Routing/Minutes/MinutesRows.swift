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
/// completion as nine in ten earlier operations of that job lasted at most, nights and queues included.
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

  /// The rows that models are judged by; none unless asked for.
  public let judged: JudgedRows
  /// What is known at the end of it all, for the operations to come; `nil` unless asked for.
  public let state: MinutesState?
  /// Which rows are learnt from.
  let choice: LearningChoice
  /// The rows to learn from at each instant that they were drawn for.
  let drawn: [Timestamp: [Int]]

  /// Number of rows.
  public var count: Int { runMinutes.count }

  /// The minutes of each row, and what they are relative to.
  func outcomes(of target: MinutesTarget) -> (minutes: [Double], reference: [Double]) {
    target == .run ? (runMinutes, reference) : (setupMinutes, setupReference)
  }

  /// Rows completed after `since` and up to `until` whose minutes are known and could be predicted, in the order of their orders' starts.
  public func indices(of target: MinutesTarget = .run, since: Timestamp, until: Timestamp) -> [Int] {
    let (minutes, reference) = outcomes(of: target)
    return (0..<count).filter { row in
      completedAt[row] > since.seconds && completedAt[row] <= until.seconds && target.isUsable(minutes[row], reference[row])
    }
  }

  /// The rows as data: the target is that of ``MinutesTarget``, an item's rows are a group, the time is that of completion.
  public func dataset(of rows: [Int], target: MinutesTarget = .run) throws(LearningError) -> Dataset {
    let (minutes, reference) = outcomes(of: target)
    return try Dataset(
      features: features.selecting(rows: rows), targets: [rows.map { target.ratio(minutes[$0], to: reference[$0]) }],
      targetNames: [target.name], groups: rows.map { items[$0] }, times: rows.map { completedAt[$0] })
  }

  /// Minutes of `rows` as a model predicts them that was fitted on ``dataset(of:target:)``.
  public func minutes(of model: some Model, rows: [Int], target: MinutesTarget = .run, threads: Int = 2) throws(LearningError) -> [Double] {
    let reference = outcomes(of: target).reference
    return zip(rows, try model.predict(features.selecting(rows: rows), threads: threads)[0]).map { target.minutes($1, of: reference[$0]) }
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
  ///   - blocks: Ascending instants; the rows completed between the first and the last become ``judged``, a block between each two.
  ///   - choice: Which rows are learnt from. With a limit and blocks there are no other rows than those that it chooses at the blocks' bounds, and
  ///     the judged ones: of a long history most are neither.
  ///   - evidence: The items of a version that is to serve what is learnt from these rows, for ``state``.
  ///   - context: Whether to go on; asked again and again.
  /// - Complexity: O(results × neighbours + items with results² × dimension); beyond some 160,000 items a graph is searched
  ///   instead, which may miss some of the most alike.
  public init(
    items frame: Frame, results: Frame, basis: Basis, choices: [String: FeatureChoice] = [:],
    options: PredictionOptions = PredictionOptions(), dimension: Int = 128, judging blocks: [Timestamp] = [],
    learning choice: LearningChoice = LearningChoice(), freezing evidence: TextDictionary? = nil, in context: FitContext = FitContext()
  ) throws {
    let history = try WorkHistory(results)
    let rowOfItem = try Self.rows(of: history.items, in: frame)
    // Of all items, whether they have results or not: that an item has some later must not be seen by earlier rows.
    let encoder = FeatureEncoder(fitting: frame, choices: choices, dimension: dimension)
    let columns = ItemColumns(encoder.features, in: frame)
    let groups = FeatureGroups(columns)
    var walk = HistoryWalk(
      history, basis: basis,
      alike: try Self.alikeItems(encoder.encode(frame), rowOfItem: rowOfItem, count: 3 * options.neighbors, in: context),
      groups: groups.numbers(of: columns, rows: rowOfItem), options: options)
    let rowOperations = walk.rowOperations.map { history.operations[$0] }
    let drawn = Self.drawn(from: rowOperations, at: blocks, by: choice, basis)
    let isJudged = { (operation: WorkHistory.Operation) in
      operation.completedAt > blocks.first?.microseconds ?? .max && operation.completedAt <= blocks.last?.microseconds ?? .min
    }
    var isKept = rowOperations.map { drawn.isEmpty || isJudged($0) }
    for rows in drawn.values { for row in rows { isKept[row] = true } }
    try walk.run(freezingAt: blocks.dropLast().map(\.microseconds), keeping: isKept, in: context)
    let kept = isKept.indices.filter { isKept[$0] }

    let table = MinutesTable(jobs: history.jobs.texts, resources: history.resources.texts, columns: columns)
    features = try table.features(
      kept.map { (walk.rows[$0].query, walk.rows[$0].features) }, itemRows: kept.map { rowOfItem[walk.rows[$0].query.item] })
    let operations = kept.map { rowOperations[$0] }
    runMinutes = operations.map { $0.runMinutes(per: basis) }
    setupMinutes = operations.map(\.setupMinutes)
    baseline = kept.map { walk.rows[$0].features.baseline }
    reference = kept.map { exp(walk.rows[$0].features.reference) }
    setupReference = kept.map { walk.rows[$0].features.setup }
    startedAt = kept.map { walk.rows[$0].query.time }
    completedAt = operations.map { Double($0.completedAt) / 1e6 }
    items = kept.map { walk.rows[$0].query.item }
    itemCodes = history.items
    let identifiers = history.results["result_id"]
    self.results = operations.map { identifiers?.text($0.rows.lowerBound) ?? "" }
    self.choice = choice
    if drawn.isEmpty {
      self.drawn = [:]
    } else {
      var place = Array(repeating: 0, count: isKept.count)
      for (number, row) in kept.enumerated() { place[row] = number }
      self.drawn = drawn.mapValues { $0.map { place[$0] } }
    }

    var judged: [(row: Int, block: Int, features: MinutesFeatures)] = []
    for (block, (since, until)) in zip(blocks, blocks.dropFirst()).enumerated() {
      for (row, operation) in operations.enumerated()
      where operation.completedAt > since.microseconds && operation.completedAt <= until.microseconds {
        judged.append((row, block, walk.features(of: walk.rows[kept[row]], at: block, since.microseconds)))
      }
    }
    self.judged = JudgedRows(
      rows: judged.map(\.row), blocks: judged.map(\.block),
      features: try table.features(
        judged.map { (walk.rows[kept[$0.row]].query, $0.features) }, itemRows: judged.map { rowOfItem[walk.rows[kept[$0.row]].query.item] }),
      reference: judged.map { exp($0.features.reference) }, baseline: judged.map(\.features.baseline),
      setupReference: judged.map(\.features.setup))
    guard let evidence else {
      state = nil
      return
    }
    var numbers: [String: Int] = [:]
    for (number, item) in history.items.enumerated() { numbers[item] = number }
    state = MinutesState(
      walk.known(of: evidence.texts.map { numbers[$0] }), items: evidence, jobs: table.jobs,
      resources: table.resources, features: encoder.features, groups: groups, options: options)
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
    var itemOfRow: [Int: Int32] = [:]
    for item in asked { if let row = rowOfItem[item] { itemOfRow[row] = Int32(item) } }
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
          return AlikeItem(item: other, similarity: min(1, neighbor.similarity))
        }
      }
    }
    return alike
  }
}

/// The rows that models are judged by, with what was known about each when its block began, or when its order started if that was before: as a
/// version that was trained then would have known.
public struct JudgedRows: Sendable {
  /// The rows, as positions in ``MinutesRows``, and the number of each one's block.
  public let rows, blocks: [Int]
  /// As ``MinutesRows/features``.
  public let features: FeatureTable
  /// As ``MinutesRows/reference``, ``MinutesRows/baseline`` and ``MinutesRows/setupReference``.
  public let reference, baseline, setupReference: [Double]

  /// What minutes of each row are relative to.
  func reference(of target: MinutesTarget) -> [Double] { target == .run ? reference : setupReference }

  /// Minutes of the rows at `places` as a model predicts them that was fitted on ``MinutesRows/dataset(of:target:)``.
  public func minutes(of model: some Model, places: [Int], target: MinutesTarget = .run, threads: Int = 2) throws(LearningError) -> [Double]
  {
    let reference = reference(of: target)
    return zip(places, try model.predict(features.selecting(rows: places), threads: threads)[0]).map {
      target.minutes($1, of: reference[$0])
    }
  }
}
