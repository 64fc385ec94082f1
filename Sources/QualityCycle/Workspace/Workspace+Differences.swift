import Configuration
import Ledger
public import Routing
import Tabular

extension Workspace {
  /// Compares two versions: their manifests, and what they predict of a seeded sample of items that one of them has evidence of.
  ///
  /// - Parameters:
  ///   - items: Items to predict at most, ≥ 1.
  ///   - changes: Operations to list at most.
  /// - Throws: ``ModelStoreError`` when a version is unknown or damaged, what reading the source throws, `CancellationError`.
  /// - Complexity: Two predictions an item.
  public func difference(_ a: String, _ b: String, items: Int = 500, changes: Int = 20) throws -> VersionDifference {
    var difference = VersionDifference(try models.verify(a), try models.verify(b))
    let source: SQLiteFactorySource
    do { source = try self.source() } catch WorkspaceError.noData { return difference }
    let (first, second) = (try load(a), try load(b))
    var codes = Array(Set(first.evidence.items.texts).union(second.evidence.items.texts)).sorted()
    var generator = SeededGenerator(seed: UInt64(settings.sampling.seed), stream: "predictions of two versions")
    for place in 0..<min(items, codes.count) { codes.swapAt(place, place + generator.integer(below: codes.count - place)) }
    codes = codes.prefix(items).sorted()
    try surroundings.checkCancellation()
    let before = try Predictor(first).predict(codes, from: source)
    try surroundings.checkCancellation()
    difference.predictions = VersionDifference.Predictions(before, try Predictor(second).predict(codes, from: source), listing: changes)
    return difference
  }
}

extension VersionDifference.Predictions {
  /// Compares the predictions of the same items by two versions, operation by operation of the likeliest routing.
  package init(_ a: [Result<Prediction, PredictionFailure>], _ b: [Result<Prediction, PredictionFailure>], listing count: Int) {
    self.init(items: 0, failures: 0, operations: 0, unchanged: 0, changes: [])
    var all: [(change: VersionDifference.Change, place: Int)] = []
    for (first, second) in zip(a, b) {
      guard case .success(let first) = first, case .success(let second) = second else {
        failures += 1
        continue
      }
      items += 1
      for change in Self.changes(first, second) {
        if let before = change.a, before == change.b { unchanged += 1 }
        all.append((change, all.count))
      }
    }
    operations = all.count
    let percents = all.compactMap { $0.change.percent.map(abs) }
    if !percents.isEmpty { meanAbsolutePercent = percents.reduce(0, +) / Double(percents.count) }
    let size = { (change: VersionDifference.Change) in change.a == change.b ? 0 : change.percent.map(abs) ?? .infinity }
    // Of equal changes that of the item whose code comes first.
    all.sort { (size($1.change), $0.place) < (size($0.change), $1.place) }
    changes = all.prefix(count).map(\.change).filter { size($0) > 0 }
  }

  private static func changes(_ a: Prediction, _ b: Prediction) -> [VersionDifference.Change] {
    struct Key: Hashable {
      var job: String
      var occurrence: Int
    }
    let key = { (operation: PredictedOperation) in Key(job: operation.job, occurrence: operation.occurrence) }
    let minutes = Dictionary(b.routing.operations.map { (key($0), $0.runMinutes) }) { first, _ in first }
    let known = Set(a.routing.operations.map(key))
    let both = a.routing.operations.map { (key($0), $0.runMinutes, minutes[key($0)] ?? nil) }
    let added = b.routing.operations.filter { !known.contains(key($0)) }.map { (key($0), Double?.none, $0.runMinutes) }
    return (both + added).map { key, before, after in
      var change = VersionDifference.Change(item: a.item, operation: key.job, occurrence: key.occurrence, a: before, b: after)
      if let before, let after, before != 0 { change.percent = (after - before) / before * 100 }
      return change
    }
  }
}
