import Metrics
import Routing
import Tabular

extension EvaluatedItem {
  /// How the predicted sequence fits the actual one, in counts that add up.
  var alignment: AlignmentCounts {
    var counts = AlignmentCounts()
    counts.aligned = aligned.count
    counts.predicted = predicted.count
    counts.actual = actual.count
    counts.items = 1
    counts.identical = predicted == actual ? 1 : 0
    return counts
  }
}

extension OperationFigures {
  private struct Key: Hashable {
    var item, job: Int32
    var occurrence: Int64
  }

  /// The group of each row of an evaluation's operations, one for each item and operation, in order of first appearance.
  static func grouping(of operations: Frame) -> (row: [Int], count: Int) {
    guard case .text(let items)? = operations["item_code"]?.values, case .text(let jobs)? = operations["job_code"]?.values,
      case .integer(let occurrences)? = operations["occurrence"]?.values
    else { return ([], 0) }
    var groups: [Key: Int] = [:]
    let row = occurrences.indices.map { row in
      let key = Key(item: items.codes[row], job: jobs.codes[row], occurrence: occurrences[row])
      let group = groups[key] ?? groups.count
      groups[key] = group
      return group
    }
    return (row, groups.count)
  }

  /// Which operation of which item some figures are of.
  struct Name: Hashable {
    var item, job: String
    var occurrence: Int
  }

  var key: Name { Name(item: item, job: job, occurrence: occurrence) }

  /// The rows of each item and operation in an evaluation's operations.
  static func rows(in evaluation: Evaluation) -> [Name: [Int]] {
    let frame = evaluation.operations
    var rows: [Name: [Int]] = [:]
    for row in 0..<frame.rowCount {
      guard let item = frame["item_code"]?.text(row), let job = frame["job_code"]?.text(row),
        let occurrence = frame["occurrence"]?.number(row)
      else { continue }
      rows[Name(item: item, job: job, occurrence: Int(occurrence)), default: []].append(row)
    }
    return rows
  }

  /// The figures of each item and operation of `evaluation`, the largest sum of errors first.
  static func all(in evaluation: Evaluation) -> [OperationFigures] {
    let frame = evaluation.operations
    let (groups, count) = grouping(of: frame)
    var rows = [[Int]](repeating: [], count: count)
    for (row, group) in groups.enumerated() { rows[group].append(row) }
    let numbers = { (name: String) in frame[name]?.numbers ?? [] }
    let (actual, predicted) = (numbers("actual_minutes"), numbers("predicted_minutes"))
    let (actualSetup, predictedSetup) = (numbers("actual_setup"), numbers("predicted_setup"))
    let samples = numbers("samples")
    let figures = rows.map { rows in
      let first = rows[0]
      let mean = { (values: [Double]) in values.isEmpty ? nil : values.reduce(0, +) / Double(values.count) }
      let minutes = rows.map { actual[$0] }
      let average = mean(minutes) ?? 0
      let squares = minutes.reduce(0) { $0 + ($1 - average) * ($1 - average) }
      let deviation = minutes.count > 1 ? (squares / Double(minutes.count - 1)).squareRoot() : nil
      return OperationFigures(
        item: frame["item_code"]?.text(first) ?? "", job: frame["job_code"]?.text(first) ?? "",
        occurrence: frame["occurrence"]?.number(first).map { Int($0) } ?? 0, resource: frame["resource_code"]?.text(first),
        results: rows.count, samples: Int(samples[first]), actualMinutes: average, predictedMinutes: predicted[first],
        mae: mean(rows.map { abs(predicted[$0] - actual[$0]) }) ?? 0, cv: deviation.flatMap { average > 0 ? $0 / average : nil },
        actualSetup: mean(rows.map { actualSetup[$0] }.filter(\.isFinite)),
        predictedSetup: mean(rows.map { predictedSetup[$0] }.filter(\.isFinite)))
    }
    return figures.sorted { left, right in
      let (leftSum, rightSum) = (left.mae * Double(left.results), right.mae * Double(right.results))
      if leftSum != rightSum { return leftSum > rightSum }
      return (left.item, left.job, left.occurrence) < (right.item, right.job, right.occurrence)
    }
  }

  /// The operation as a person names it: its job, with a number from its second occurrence on.
  var operationName: String { occurrence == 0 ? job : "\(job) (\(occurrence + 1))" }
}
