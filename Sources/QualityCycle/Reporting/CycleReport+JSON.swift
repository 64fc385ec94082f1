import FoundationEssentials
import Ledger
import Routing
import Tabular

extension CycleReport {
  /// The report as JSON: everything, keys sorted, the same bytes for the same cycle.
  ///
  /// Numbers of results are given as figures of each item's operations; the compared results themselves are in the ledger.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(
      cycle: cycle, plan: plan, sample: sample, predictions: predicted.outcomes, predictionFailure: predicted.failure,
      evaluation: Document.Evaluation(
        basis: evaluation.basis, items: evaluation.items, operationsLeftOut: evaluation.leftOut,
        results: evaluation.operations.rowCount, orders: evaluation.orders.rowCount),
      measured: measured, alerts: alerts, trigger: trigger, job: job, notes: Self.notes)
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }

  /// What every reader of a report should know.
  static let notes = [
    "Predictions were made by a version frozen before the window; they knew none of the results that judge them.",
    "Item features carry no history: the current ones were used.",
  ]

  private struct Document: Encodable {
    var cycle: Int64
    var plan: CyclePlan
    var sample: Sample
    var predictions: [PredictedSample.Outcome]
    var predictionFailure: String?
    var evaluation: Evaluation
    var measured: MetricReport
    var alerts: [Alert]
    var trigger: TriggerOutcome
    var job: QueuedJob?
    var notes: [String]

    struct Evaluation: Encodable {
      var basis: Basis
      var items: [EvaluatedItem]
      var operationsLeftOut: [String: Int]
      var results, orders: Int
    }
  }
}
