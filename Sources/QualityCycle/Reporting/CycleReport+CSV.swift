import Ledger
import Metrics
import Routing
public import Tabular

extension CycleReport {
  /// A row for each predicted item and operation, and for each item without: what was predicted, and what came of it.
  public func rows() throws -> Frame {
    if plan.takesAll { return try rowsOfPopulation() }
    let figures = Dictionary(measured.operations.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let leftOut = Dictionary(evaluation.items.map { ($0.item, $0.leftOut) }, uniquingKeysWith: { first, _ in first })
    var rows = RowBuilder()
    for outcome in predicted.outcomes {
      let reason = leftOut[outcome.item] ?? nil
      guard let prediction = outcome.prediction else {
        rows.add(item: outcome.item, status: reason ?? "no prediction")
        continue
      }
      for (position, operation) in prediction.routing.operations.enumerated() {
        let figure = figures[OperationFigures.Name(item: outcome.item, job: operation.job, occurrence: operation.occurrence)]
        rows.add(
          item: outcome.item, status: reason ?? (figure == nil ? "no results of this operation" : "compared"),
          (prediction.marks, position + 1, operation), figure)
      }
    }
    return try rows.frame()
  }

  /// The same where predictions are not kept: what was compared, by item in the order of their codes.
  private func rowsOfPopulation() throws -> Frame {
    var rows = RowBuilder()
    let figures = Dictionary(grouping: OperationFigures.all(in: evaluation), by: \.item)
    for item in evaluation.items {
      if let reason = item.leftOut { rows.add(item: item.item, status: reason) }
      for figure in (figures[item.item] ?? []).sorted(by: { ($0.job, $0.occurrence) < ($1.job, $1.occurrence) }) {
        rows.add(item: item.item, status: "compared", nil, figure)
      }
    }
    return try rows.frame()
  }

  /// One row with what the cycle was and measured: what `summary.csv` has of every cycle.
  public func summary() throws -> Frame {
    var columns: [(name: String, column: Column)] = [
      ("cycle", Column([cycle])), ("as_of", Column([plan.asOf])), ("since", Column([plan.window.since])),
      ("champion", Column([plan.champion])),
      ("sampling", Column([sample.strategy.name])), ("seed", Column([String(plan.seed)])), ("items", Column([Int64(sample.items.count)])),
      ("basis", Column([evaluation.basis.rawValue])),
    ]
    for name in MeasurementRoom.historyMetrics {
      columns.append((name, try Column([measured[name]?.value.map(Cell.double) ?? .missing], as: .double)))
    }
    columns.append(("alerts", Column([Int64(alerts.count)])))
    columns.append(("retrain", Column([trigger.decision.retrain])))
    columns.append(("job", try Column([job.map { .integer($0.id) } ?? .missing], as: .integer)))
    return try Frame(columns)
  }
}

/// Collects the rows of the report by item and operation.
private struct RowBuilder {
  private static let layout: [(name: String, type: ColumnType)] = [
    ("item_code", .text), ("status", .text), ("marks", .text), ("position", .integer), ("job_code", .text), ("occurrence", .integer),
    ("resource_code", .text), ("in_house", .bool), ("outsourcing_replaced", .bool), ("samples", .integer), ("confidence", .double),
    ("predicted_setup", .double), ("predicted_minutes", .double), ("optimal_minutes", .double), ("safe_minutes", .double),
    ("results", .integer), ("actual_setup", .double), ("actual_minutes", .double), ("mae", .double), ("cv", .double),
  ]
  private var builders = layout.map { ColumnBuilder($0.type) }

  mutating func add(
    item: String, status: String, _ predicted: (marks: [Prediction.Mark], position: Int, operation: PredictedOperation)? = nil,
    _ figure: OperationFigures? = nil
  ) {
    let operation = predicted?.operation
    let cells: [Cell] = [
      .text(item), .text(status), text(predicted.flatMap { $0.marks.isEmpty ? nil : $0.marks.map(\.rawValue).joined(separator: " ") }),
      integer(predicted?.position), text(operation?.job ?? figure?.job), integer(operation?.occurrence ?? figure?.occurrence),
      text(operation?.resource ?? figure?.resource),
      operation?.inHouse.map(Cell.bool) ?? .missing, operation.map { .bool($0.outsourcingReplaced) } ?? .missing,
      integer(operation?.samples ?? figure?.samples), number(operation?.confidence),
      number(operation?.setupMinutes ?? figure?.predictedSetup), number(operation?.runMinutes ?? figure?.predictedMinutes),
      number(operation?.optimalMinutes), number(operation?.safeMinutes), integer(figure?.results), number(figure?.actualSetup),
      number(figure?.actualMinutes), number(figure?.mae), number(figure?.cv),
    ]
    for (index, cell) in cells.enumerated() {
      do { try builders[index].append(cell) } catch { preconditionFailure("\(Self.layout[index].name): \(error)") }
    }
  }

  func frame() throws -> Frame { try Frame(zip(Self.layout, builders).map { ($0.name, $1.column()) }) }

  private func text(_ value: String?) -> Cell { value.map(Cell.text) ?? .missing }
  private func integer(_ value: Int?) -> Cell { value.map { .integer(Int64($0)) } ?? .missing }
  private func number(_ value: Double?) -> Cell { value.map(Cell.double) ?? .missing }
}
