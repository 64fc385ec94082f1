public import Tabular

/// A source as it was known at one instant: nothing completed, or changed, later than that exists in it.
///
/// What strategies are given to read. Item features carry no history: their values are today's, but a change that came later is not told.
public struct CutFactorySource: FactorySource {
  private let source: any FactorySource
  /// The last instant that is known of.
  public let asOf: Timestamp

  /// Makes a view of `source` as of `asOf`.
  public init(_ source: any FactorySource, asOf: Timestamp) {
    self.source = source
    self.asOf = asOf
  }

  /// The source's name.
  public var name: String { source.name }

  /// The source's feature columns.
  public func featureColumns() throws -> [FeatureColumn] { try source.featureColumns() }

  /// The codes of items, or of those with results in the part of `window` that is known.
  public func itemCodes(withResultsIn window: Window?) throws -> [String] {
    try source.itemCodes(withResultsIn: window.map(cut))
  }

  /// The items; a `created_at` or `updated_at` after the cut is missing.
  public func items(_ codes: [String]?, columns: [String]?) throws -> Frame {
    var items = try source.items(codes, columns: columns)
    for name in ["created_at", "updated_at"] {
      guard let column = items[name], case .timestamp(let times) = column.values else { continue }
      let known = Bitmap(times.indices.lazy.map { !column.isMissing($0) && times[$0] <= asOf.microseconds })
      try items.set(name, Column(column.values, validity: known))
    }
    return items
  }

  /// The standard routings valid at `instant`, or at the cut when that is earlier or `instant` is `nil`.
  public func routings(of codes: [String]?, validAt instant: Timestamp?) throws -> Frame {
    try source.routings(of: codes, validAt: instant.map { min($0, asOf) } ?? asOf)
  }

  /// The results that are known.
  public func results(of codes: [String]?, since: Timestamp?, until: Timestamp) throws -> Frame {
    try source.results(of: codes, since: since, until: min(until, asOf))
  }

  /// The results that are known of the orders with results in the window.
  public func resultsOfOrders(of codes: [String], in window: Window) throws -> Frame {
    try source.resultsOfOrders(of: codes, in: cut(window))
  }

  /// The last results that are known.
  public func lastResults(of codes: [String], until: Timestamp) throws -> Frame {
    try source.lastResults(of: codes, until: min(until, asOf))
  }

  /// The share of the known results that tell their quantity.
  public func shareWithQuantity(until: Timestamp) throws -> Double { try source.shareWithQuantity(until: min(until, asOf)) }

  /// The numbers of rows, results as far as they are known.
  public func counts(until: Timestamp?) throws -> RelationCounts { try source.counts(until: min(until ?? asOf, asOf)) }

  private func cut(_ window: Window) -> Window { Window(since: min(window.since, asOf), until: min(window.until, asOf)) }
}
