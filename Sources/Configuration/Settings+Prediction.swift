extension Settings {
  /// Where the relations are read from.
  public struct Source: Equatable, Sendable {
    /// What kind of database it is.
    public var driver = Driver.sqlite
    /// The database file; a relative path starts at the workspace.
    public var path = "data/factory.sqlite"

    /// The defaults.
    public init() {}

    /// A kind of database.
    public enum Driver: String, CaseIterable, Sendable {
      case sqlite
    }
  }

  /// How items are compared.
  public struct Features: Equatable, Sendable {
    /// The columns of `items` that count, by name. Empty: all of them, each of the kind that its type says.
    public var columns: [String: Column] = [:]
    /// Where the weights of columns come from.
    public var weights = Weights.fixed
    /// Numbers in an item's embedding.
    public var embeddingDim = 128
    /// Least cosine at which an item counts as similar, 0…1.
    public var similarityFloor = 0.85
    /// Most similar items looked at.
    public var neighbors = 50

    /// The defaults.
    public init() {}

    /// One column of `items`.
    public struct Column: Equatable, Sendable {
      /// How its values are compared; `nil`: as its type says.
      public var kind: Kind?
      /// Its share in the similarity, ≥ 0, relative to the other columns.
      public var weight = 1.0

      /// The defaults.
      public init() {}
    }

    /// Where the weights of columns come from.
    public enum Weights: String, CaseIterable, Sendable {
      /// From the settings.
      case fixed
      /// From results: how much each column tells of the minutes, times the settings' weight.
      case learnt
    }

    /// How the values of a column are compared.
    public enum Kind: String, CaseIterable, Sendable {
      /// Equal or not.
      case categorical
      /// By scaled distance.
      case numeric
      /// Not at all.
      case ignore
    }
  }

  /// How minutes are predicted from evidence.
  public struct Prediction: Equatable, Sendable {
    /// Standard deviations under the mean of the `optimal` minutes.
    public var optimalSigma = 0.67
    /// Standard deviations over the mean of the `safe` minutes.
    public var safeSigma = 1.28
    /// Results of the item itself from which on similar items are left out.
    public var ownSamplesMin = 3
    /// Age at which a result counts half.
    public var recencyHalfLifeDays = 180.0
    /// Whether minutes grow with quantity.
    public var basis = Basis.auto

    /// The defaults.
    public init() {}

    /// What run minutes are counted by.
    public enum Basis: String, CaseIterable, Sendable {
      /// Per unit where quantities are known, else per order.
      case auto
      /// Per unit.
      case unit
      /// Per order.
      case order
    }
  }
}

extension Settings.Source: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("driver", \.driver, .choice(of: Driver.self), "Kind of database."),
    Field("path", \.path, .path, "Database file; a relative path starts at the workspace."),
  ]

  func faultsAcrossKeys() -> [(key: String, message: String)] {
    path == "ledger.sqlite" ? [("path", "must not be 'ledger.sqlite': that file is the workspace's own ledger")] : []
  }
}

extension Settings.Features: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(
      "columns", \.columns, .map(of: .record(Column.self, or: \.kind, .optional(.choice(of: Kind.self))), naming: "COLUMN"),
      "Item columns that count: a kind, or {kind, weight}. Empty: all columns, kinds by type."),
    Field(
      "weights", \.weights, .choice(of: Weights.self),
      "Weights of columns: those set here, or learnt at each training from what each column tells of minutes, times those set here."),
    Field("embedding_dim", \.embeddingDim, .integer(oneOf: [32, 64, 128, 256, 512]), "Numbers in an item's embedding."),
    Field("similarity_floor", \.similarityFloor, .number(0...1), "Least cosine at which an item counts as similar."),
    Field("neighbors", \.neighbors, .integer(1...1000), unit: "items", "Most similar items looked at."),
  ]

  func faultsAcrossKeys() -> [(key: String, message: String)] {
    !columns.isEmpty && columns.values.allSatisfy { $0.kind == .ignore || $0.weight == 0 }
      ? [("columns", "must leave a column to compare items by: all are ignored or have weight 0")] : []
  }
}

extension Settings.Features.Column: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field(
      "kind", \.kind, .optional(.choice(of: Settings.Features.Kind.self)), "How values are compared; absent: as the column's type says."),
    Field("weight", \.weight, .number(0...), "Share in the similarity, relative to the other columns."),
  ]
}

extension Settings.Prediction: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("optimal_sigma", \.optimalSigma, .number(0...10), unit: "standard deviations", "How far the optimal minutes lie under the mean."),
    Field("safe_sigma", \.safeSigma, .number(0...10), unit: "standard deviations", "How far the safe minutes lie over the mean."),
    Field("own_samples_min", \.ownSamplesMin, .integer(1...1000), unit: "results", "Own results from which on similar items are left out."),
    Field("recency_half_life_days", \.recencyHalfLifeDays, .number(above: 0), unit: "days", "Age at which a result counts half."),
    Field("basis", \.basis, .choice(of: Basis.self), "Minutes per unit, per order, or per unit where quantities are known (auto)."),
  ]
}
