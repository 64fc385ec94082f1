import FoundationEssentials
import Ledger
import Routing
import Tabular

extension CycleReport {
  /// The report as JSON: everything, keys sorted, the same bytes for the same cycle. The compared results and orders are lists, a list a
  /// column: every metric can be computed again from them. A cycle over a whole population leaves them, and what was predicted of each
  /// item, to the ledger.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let document = Document(
      cycle: cycle, plan: plan, sample: sample, predictions: predicted.outcomes, predictionFailure: predicted.failure,
      evaluation: Document.Evaluation(
        basis: evaluation.basis, items: plan.takesAll ? nil : evaluation.items, operationsLeftOut: evaluation.leftOut,
        ordersLeftOut: evaluation.ordersLeftOut,
        resultCount: evaluation.operations.rowCount, orderCount: evaluation.orders.rowCount,
        results: plan.takesAll ? nil : Columns(evaluation.operations), orders: plan.takesAll ? nil : Columns(evaluation.orders)),
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
      var items: [EvaluatedItem]?
      var operationsLeftOut, ordersLeftOut: [String: Int]
      var resultCount, orderCount: Int
      var results, orders: Columns?
    }
  }

  /// A frame as lists by name; a missing value is `null`.
  private struct Columns: Encodable {
    let frame: Frame

    init(_ frame: Frame) { self.frame = frame }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Name.self)
      for (name, column) in zip(frame.names, frame.columns) {
        var list = container.nestedUnkeyedContainer(forKey: Name(stringValue: name))
        for row in 0..<frame.rowCount {
          switch column[row] {
          case .missing: try list.encodeNil()
          case .bool(let value): try list.encode(value)
          case .integer(let value): try list.encode(value)
          case .double(let value): if value.isFinite { try list.encode(value) } else { try list.encode("\(value)") }
          case .text(let value): try list.encode(value)
          case .timestamp(let value): try list.encode(value)
          }
        }
      }
    }

    private struct Name: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
  }
}
