public import Ledger
import Metrics
import Tabular

extension WatchRoom {
  /// The figures of each job on each resource, by the bytes of their codes. O(n log n).
  public static func groups(of compared: [ComparedResult]) -> [DriftGroup] {
    struct Key: Hashable {
      var resource: String?
      var job: String
    }
    var rows: [Key: [ComparedResult]] = [:]
    for result in compared { rows[Key(resource: result.resource, job: result.job), default: []].append(result) }
    return rows.compactMap { key, results -> DriftGroup? in
      guard let figures = RobustMean(results.map(\.logRatio)), let first = results.map(\.completedAt).min(),
        let last = results.map(\.completedAt).max()
      else { return nil }
      return DriftGroup(
        resource: key.resource, job: key.job, results: figures.count, meanLogRatio: figures.mean, spread: figures.spread,
        firstCompletedAt: first, lastCompletedAt: last)
    }.sorted { left, right in
      let order = { (group: DriftGroup) in [group.job, group.resource ?? ""] }
      return order(left).lexicographicallyPrecedes(order(right)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }
}
