public import Tabular

/// The three relations of a factory, read set by set.
///
/// Every reading takes a list of items and costs a number of statements that depends on the length of that list alone: never one
/// statement an item. Rows come ordered by the bytes of their keys, so that every database gives the same bits.
public protocol FactorySource: Sendable {
  /// What the source is, for messages: a file's path or a connection's name.
  var name: String { get }

  /// The columns of the items relation beside `item_code`, `created_at` and `updated_at`, in the source's order.
  func featureColumns() throws -> [FeatureColumn]

  /// Item codes by their bytes: all of them, or those `with` results in a window.
  func itemCodes(withResultsIn window: Window?) throws -> [String]

  /// The items with `codes` (all when `nil`): `item_code`, then `columns` (all when `nil`). Unknown codes have no row.
  func items(_ codes: [String]?, columns: [String]?) throws -> Frame

  /// The standard routings of the items with `codes` (all when `nil`) that are valid at `instant` (those of any time when `nil`),
  /// by item, routing number and sequence.
  func routings(of codes: [String]?, validAt instant: Timestamp?) throws -> Frame

  /// The results of the items with `codes` (all when `nil`) completed after `since` (from the beginning when `nil`) and not after `until`.
  func results(of codes: [String]?, since: Timestamp?, until: Timestamp) throws -> Frame

  /// The results, up to the window's end, of every order of these items that has a result in the window: an order's earlier
  /// results say what its routing was, although they are no evidence in the window.
  func resultsOfOrders(of codes: [String], in window: Window) throws -> Frame

  /// When each of these items last had a result, up to `until`: `item_code`, `completed_at`. Items without one have no row.
  func lastResults(of codes: [String], until: Timestamp) throws -> Frame

  /// Share of the results up to `until` that tell how many pieces were made, 0…1; 0 when there are no results.
  func shareWithQuantity(until: Timestamp) throws -> Double

  /// Number of rows in items, routing_operations and work_results, the latter up to `until` when given.
  func counts(until: Timestamp?) throws -> RelationCounts
}

/// A column of the items relation.
public struct FeatureColumn: Hashable, Sendable {
  /// Its name.
  public var name: String
  /// What it holds.
  public var type: ColumnType

  /// Makes the description of a column.
  public init(name: String, type: ColumnType) {
    self.name = name
    self.type = type
  }
}

/// Number of rows of each relation.
public struct RelationCounts: Hashable, Codable, Sendable {
  /// Rows of items, routing_operations and work_results.
  public var items, routings, results: Int

  /// Makes the counts.
  public init(items: Int, routings: Int, results: Int) {
    self.items = items
    self.routings = routings
    self.results = results
  }
}

/// The results that are judged by: those completed after `since` and not after `until`.
public struct Window: Hashable, Codable, Sendable {
  /// The instant after which the window begins; it is outside.
  public var since: Timestamp
  /// The window's last instant; it is inside.
  public var until: Timestamp

  /// Makes the window (since, until].
  public init(since: Timestamp, until: Timestamp) {
    self.since = since
    self.until = until
  }

  /// Whether `instant` lies in the window.
  public func contains(_ instant: Timestamp) -> Bool { instant > since && instant <= until }
}
