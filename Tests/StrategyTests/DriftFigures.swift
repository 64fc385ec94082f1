import Tabular
import TestSupport

/// Figures of groups as a ledger would give them to a trigger rule.
struct DriftFigures {
  private var rows: [(cycle: Int64, asOf: Timestamp, resource: String?, job: String, results: Int64, mean: Double, spread: Double?)] = []

  /// Adds what the cycle of `day` saw of one group.
  mutating func add(day: Double, _ resource: String?, _ job: String, results: Int, mean: Double, spread: Double? = 0.2) {
    rows.append((Int64(day), FactoryBuilder.instant(day), resource, job, Int64(results), mean, spread))
  }

  func frame() throws -> Frame {
    try Frame([
      ("cycle_id", Column(rows.map(\.cycle))), ("as_of", Column(rows.map(\.asOf))), ("resource_code", Column(rows.map(\.resource))),
      ("job_code", Column(rows.map { $0.job as String? })), ("results", Column(rows.map(\.results))),
      ("mean_log_ratio", Column(rows.map(\.mean))),
      ("spread", Column(rows.map { $0.spread.map(Cell.double) ?? .missing }, as: .double)),
      ("first_completed_at", Column(rows.map { $0.asOf.advanced(bySeconds: -6 * 86_400) })),
      ("last_completed_at", Column(rows.map(\.asOf))),
    ])
  }
}
