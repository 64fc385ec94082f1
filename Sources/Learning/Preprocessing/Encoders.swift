/// Makes a feature of 0 and 1 of each level.
public struct OneHotEncoder: Transformer {
  /// `one_hot`.
  public static let name = "one_hot"
  /// What it does.
  public static let summary = """
    Makes a feature of 0 and 1 of each level: `material=steel`, `material other` for rarer levels, `material missing` where values were \
    missing. A feature that is the same in all rows is left out.
    """
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .optionalTexts("columns", \.columns, "features of levels to change; null: all of them"),
    .integer("level_limit", \.levelLimit, 1...10_000, "levels of a feature that are told apart, the most frequent"),
  ]

  /// The features to change; `nil`: all that have levels.
  public private(set) var columns: [String]?
  /// Levels that are told apart.
  public private(set) var levelLimit = 32

  /// Makes one with the defaults.
  public init() {}

  /// Finds the most frequent levels.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    let chosen = try chosen(data.features, columns, levels: true)
    let counted = WeighedRows(data)
    let changes = chosen.map { column -> FittedTransformer.Change in
      guard case .categorical(let codes, let levels) = column.values else { preconditionFailure("a feature of levels was chosen") }
      let encoding = CategoricalEncoding(counted.rows.map { codes[$0] }, counted.shares, levels, limit: levelLimit, weight: 1)
      let places = [encoding.missing] + encoding.columns.map { $0 < 0 ? encoding.missing : $0 }
      return .indicators(names: encoding.names(of: column.name, levels: levels), places: places)
    }
    return FittedTransformer(Self.name, inputs: try FeatureTable(chosen).schema, changes: changes)
  }
}

/// Makes a number of each level: its place in an order.
public struct OrdinalEncoder: Transformer {
  /// `ordinal`.
  public static let name = "ordinal"
  /// What it does.
  public static let summary = """
    Makes a number of each level: its place in an order, from 0. For levels that have an order, such as tolerance classes; of others it \
    says nothing.
    """
  /// The parameters.
  public static let parameters: [Parameter<Self>] = [
    .textsByName("orders", \.orders, "the levels of a feature in their order, by name; a level that is not there is missing"),
    .optionalTexts(
      "columns", \.columns, "features of levels to change; null: those that have an order, or all where none has; without an order by name"),
  ]

  /// The levels of features in their order.
  public private(set) var orders: [String: [String]] = [:]
  /// The features to change.
  public private(set) var columns: [String]?

  /// Makes one with the defaults.
  public init() {}

  /// Takes the levels' places.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    let ordered = orders.keys.sorted()
    let names = columns.map { columns in columns + ordered.filter { !columns.contains($0) } } ?? (ordered.isEmpty ? nil : ordered)
    let chosen = try chosen(data.features, names, levels: true)
    let counted = WeighedRows(data)
    let inputs = chosen.map { column -> FeatureTable.Column in
      guard case .categorical(let codes, let levels) = column.values else { preconditionFailure("a feature of levels was chosen") }
      // Of a given order all levels are known, whether they occur or not.
      let seen = Set(counted.rows.map { codes[$0] })
      let order = orders[column.name] ?? levels.indices.filter { seen.contains(Int32($0)) }.map { levels[$0] }.sorted()
      return FeatureTable.Column(column.name, .categorical([], levels: order))
    }
    let changes = inputs.map { column -> FittedTransformer.Change in
      guard case .categorical(_, let levels) = column.values else { preconditionFailure("a feature of levels was chosen") }
      return .numbers(names: [column.name], values: [[.nan] + levels.indices.map { Double($0) }])
    }
    return FittedTransformer(Self.name, inputs: try FeatureTable(inputs).schema, changes: changes)
  }
}

extension TargetEncoder: Transformer {
  /// What it does.
  public static let summary = """
    Makes a number of each level: the mean target of its rows, drawn towards the mean of all rows where it is rare. Rows of the fit are \
    encoded from other rows alone.
    """
  /// It does.
  public static var needsTarget: Bool { true }

  /// Learns from all rows how others are encoded.
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> FittedTransformer {
    try checkUsable(data)
    if let columns { _ = try chosen(data.features, columns, levels: true) }
    return try fit(data).transformer
  }

  /// Learns from all rows, and encodes them out of fold.
  public func fitTransform(
    _ data: Dataset, in context: FitContext
  ) throws(LearningError) -> (fitted: FittedTransformer, features: FeatureTable) {
    try checkUsable(data)
    if let columns { _ = try chosen(data.features, columns, levels: true) }
    let (encoding, features) = try fitOutOfFold(data, in: context)
    return (encoding.transformer, features)
  }
}

extension TargetEncoding {
  /// The encoding of those features that are encoded.
  fileprivate var transformer: FittedTransformer {
    let encoded = schema.features.indices.filter { values[$0] != nil }
    return FittedTransformer(
      TargetEncoder.name, inputs: FeatureSchema(features: encoded.map { schema.features[$0] }),
      changes: encoded.map { place in
        let feature = schema.features[place].name
        return .numbers(names: targetNames.count == 1 ? [feature] : targetNames.map { "\(feature): \($0)" }, values: values[place] ?? [])
      })
  }
}
