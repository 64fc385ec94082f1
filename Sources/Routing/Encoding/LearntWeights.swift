import Glibc
public import Learning
public import Tabular

/// What each feature of the items was found to tell of run minutes, and the weights that follow.
///
/// A forest learns the logarithm of run minutes from the job, the quantity and the items' features; how much its error on later results of
/// other items grows when a feature's values are dealt out anew is the feature's importance (L. Breiman, "Random forests", 2001, section
/// 10). Weights by what a feature tells of the target make neighbours better where features differ in that (D. Wettschereck, D. Aha,
/// T. Mohri, "A review and empirical evaluation of feature weighting methods for a class of lazy learning algorithms", 1997). Of features
/// that tell the same each gets a part.
public struct LearntWeights: Hashable, Codable, Sendable {
  /// By feature: its importance, the growth of the mean absolute error of the logarithm; and its weight in the similarity.
  public var importances, weights: [String: Double]
  /// Rows that the forest learnt from and that it was asked about.
  public var learntRows, judgedRows: Int
  /// Why the weights stayed those of the settings; `nil` when they did not.
  public var reason: String?

  /// As a version's manifest keeps it.
  public var record: PlainValue {
    var record: [String: PlainValue] = [
      "importances": .map(importances.mapValues { .number($0) }), "weights": .map(weights.mapValues { .number($0) }),
      "learnt_rows": .integer(Int64(learntRows)), "judged_rows": .integer(Int64(judgedRows)),
    ]
    if let reason { record["reason"] = .text(reason) }
    return .map(record)
  }

  /// The least share of the settings' weight that a feature keeps: items alike in all features stay more alike than others.
  static let least = 0.1
  /// Rows of each kind with fewer of which nothing is learnt, and the latest rows that are looked at.
  static let (leastRows, mostRows) = (50, 20_000)
}

extension BaselineTrainer {
  /// The trainer with weights of items' features learnt from the results completed up to `instant`. Agreement on a feature adds its weight²
  /// to the similarity, so a weight is that of the settings times the root of the importance over the mean one.
  ///
  /// - Returns: The trainer, unchanged when there are too few results; and what was found. The same for the same rows and seed.
  /// - Throws: What `source` throws, ``TrainingError``, `LearningError.cancelled`.
  public func learningWeights(
    from source: any FactorySource, until instant: Timestamp, in context: FitContext
  ) throws -> (trainer: BaselineTrainer, weights: LearntWeights) {
    let items = try source.items(nil, columns: nil)
    let encoder = FeatureEncoder(fitting: items, choices: features, dimension: dimension)
    var found = LearntWeights(
      importances: [:], weights: Dictionary(uniqueKeysWithValues: encoder.features.map { ($0.name, $0.weight) }), learntRows: 0,
      judgedRows: 0)
    let history = try WorkHistory(source.results(of: nil, since: nil, until: instant))
    let counted = try basis ?? (source.shareWithQuantity(until: instant) >= 0.5 ? .unit : .order)
    let data = try Self.rows(of: history, items: items, features: encoder.features, basis: counted)
    let (learnt, judged) = Self.parts(of: data, seed: context.seed)
    (found.learntRows, found.judgedRows) = (learnt.count, judged.count)
    guard min(learnt.count, judged.count) >= LearntWeights.leastRows else {
      found.reason = "too few results: at least \(LearntWeights.leastRows) to learn from and as many later ones of other items are needed"
      return (self, found)
    }
    let forest = try Estimators.make("forest", ["tree_count": 50, "min_samples_leaf": 5, "feature_share": 0.5])
    let part = context.part("features' weights")
    let model = try forest.fitted(data.selecting(rows: learnt), in: part)
    let importances = try Self.importances(of: model, on: data.selecting(rows: judged), in: part)
    found.importances = importances.filter { encoder.features.map(\.name).contains($0.key) }
    let positive = encoder.features.map { max(0, found.importances[$0.name] ?? 0) }
    let mean = positive.reduce(0, +) / Double(max(1, positive.count))
    guard mean > 0, mean.isFinite else {
      found.reason = "no feature tells anything of later results of other items"
      return (self, found)
    }
    var trainer = self
    for (feature, importance) in zip(encoder.features, positive) {
      let weight = feature.weight * max(LearntWeights.least, (importance / mean).squareRoot())
      found.weights[feature.name] = weight
      var choice = trainer.features[feature.name] ?? FeatureChoice(kind: feature.kind)
      choice.weight = weight
      trainer.features[feature.name] = choice
    }
    return (trainer, found)
  }

  private static func importances(of model: some Model, on data: Dataset, in context: FitContext) throws -> [String: Double] {
    let found = try permutationImportance(of: model, on: data, in: context)
    return Dictionary(
      uniqueKeysWithValues: found.compactMap { entry in
        entry.feature.hasPrefix("item.") ? (String(entry.feature.dropFirst("item.".count)), entry.importance) : nil
      })
  }

  /// Operations as rows: job, quantity and the item's features; the latest ones.
  private static func rows(
    of history: WorkHistory, items: Frame, features: [Feature], basis: Basis
  ) throws -> Dataset {
    let codes = try items.column("item_code")
    var places: [String: Int] = [:]
    for row in 0..<items.rowCount { if let code = codes.text(row) { places[code] = row } }
    var rows: [(place: Int, item: Int, operation: WorkHistory.Operation)] = []
    for (item, orders) in history.ordersOfItem.enumerated() {
      guard let place = places[history.items[item]] else { continue }
      for operation in orders.flatMap({ history.orders[$0].operations }).map({ history.operations[$0] })
      where operation.runMinutes(per: basis) > 0 && operation.runMinutes(per: basis).isFinite {
        rows.append((place, item, operation))
      }
    }
    let latest = rows.indices.sorted { (rows[$0].operation.completedAt, $0) < (rows[$1].operation.completedAt, $1) }
    rows = latest.suffix(LearntWeights.mostRows).map { rows[$0] }
    var columns = [
      FeatureTable.Column("job", .categorical(rows.map(\.operation.job), levels: history.jobs.texts)),
      FeatureTable.Column("log_quantity", .numeric(rows.map { log($0.operation.quantity) })),
    ]
    for column in ItemColumns(features, in: items).columns {
      switch column.values {
      case .numeric(let numbers): columns.append(FeatureTable.Column(column.name, .numeric(rows.map { numbers[$0.place] })))
      case .categorical(let codes, let levels):
        columns.append(FeatureTable.Column(column.name, .categorical(rows.map { codes[$0.place] }, levels: levels)))
      }
    }
    return try Dataset(
      features: FeatureTable(columns, rowCount: rows.count), targets: [rows.map { log($0.operation.runMinutes(per: basis)) }],
      groups: rows.map(\.item), times: rows.map { Double($0.operation.completedAt) })
  }

  /// The earlier two thirds of the rows, of two thirds of the items; and the later rows of the other items.
  private static func parts(of data: Dataset, seed: UInt64) -> (learnt: [Int], judged: [Int]) {
    let cut = data.rowCount * 2 / 3
    let isHeldOut = (0..<data.rowCount).map { row in
      SeededGenerator.mixed(UInt64(data.groups?[row] ?? row) &+ SeededGenerator.mixed(seed)) % 3 == 0
    }
    // Rows are in the order of their times; those of the instant of the cut are on its later side.
    let times = data.times ?? []
    let learnt = (0..<cut).filter { !isHeldOut[$0] && times[$0] < times[cut] }
    return (learnt, (cut..<data.rowCount).filter { isHeldOut[$0] })
  }
}
