import DataAccess
import Tabular

/// Which rows of a block are still good, and of all rows so far why the others are not: the first fault of a row counts.
struct RowJudge {
  private var tally: [String: ImportReport.Refusal] = [:]
  private var order: [String] = []
  /// A set bit for each row of the current block that is good.
  private(set) var good = Bitmap(count: 0)
  private var lines: [Int] = []

  /// Begins a block whose rows stand on `lines`.
  mutating func begin(lines: [Int]) {
    self.lines = lines
    good = Bitmap(repeating: true, count: lines.count)
  }

  /// Refuses a row of the block that is good so far.
  mutating func refuse(
    _ row: Int, _ reason: String, column: String? = nil, value: @autoclosure () -> String? = nil, expected: @autoclosure () -> String? = nil
  ) {
    guard good[row] else { return }
    good[row] = false
    count(reason, line: lines[row], column: column, value: value(), expected: expected())
  }

  /// Counts refused rows that are in no block.
  mutating func count(
    _ reason: String, line: Int, column: String? = nil, value: @autoclosure () -> String? = nil,
    expected: @autoclosure () -> String? = nil
  ) {
    var refusal = tally[reason] ?? ImportReport.Refusal(reason: reason, count: 0, line: .max)
    if tally[reason] == nil { order.append(reason) }
    refusal.count += 1
    // Fields are read one after the other: the first row found is not always the first in the file.
    if line < refusal.line {
      refusal.line = line
      refusal.column = column
      refusal.value = value().map { $0.count > 100 ? $0.prefix(100) + "…" : $0 }
      refusal.expected = expected()
    }
    tally[reason] = refusal
  }

  /// Number of good rows of the block.
  var goodCount: Int { good.setCount }

  /// The refusals so far, the commonest first, equal ones by first occurrence.
  var refusals: [ImportReport.Refusal] {
    order.enumerated().compactMap { index, reason in tally[reason].map { (index, $0) } }
      .sorted { ($1.1.count, $0.0) < ($0.1.count, $1.0) }.map(\.1)
  }
}
