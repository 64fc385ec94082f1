import DataAccess
import Tabular

/// A field of a mapping made ready: its regular expressions, formats and zone are compiled, its type is known.
struct CompiledField {
  let name: String
  let type: ColumnType
  let mapping: ImportMapping.Field
  let isRequired: Bool
  private let expression: TextExpression
  private let times: TimeReader
  private let columnName: String

  /// Compiles `mapping`, whose faults have been looked for before.
  init(
    _ name: String, _ mapping: ImportMapping.Field, in relation: FactorySchema.Relation, missing: Set<String>, times: TimeReader
  ) throws {
    self.name = name
    self.mapping = mapping
    type = relation.type(of: name) ?? mapping.featureType
    isRequired = relation.required.contains(name)
    expression = try TextExpression(mapping, missing: missing)
    self.times = times
    columnName =
      switch mapping.input {
      case .column(let column): column
      case .joined(let columns, _): columns.joined(separator: " + ")
      case .constant: name
      case .minutesBetween(let start, let end): "\(start) … \(end)"
      }
  }

  /// The columns of the file that the field looks at.
  static func columns(of mapping: ImportMapping.Field) -> [String] {
    let input =
      switch mapping.input {
      case .column(let column): [column]
      case .joined(let columns, _): columns
      case .constant: [String]()
      case .minutesBetween(let start, let end): [start, end]
      }
    return input + mapping.conditions.map(\.column) + (mapping.check.map { [$0.start, $0.end] } ?? [])
      + (mapping.orderedBy.map { [$0] } ?? [])
  }

  private var isMinutes: Bool { name.hasSuffix("_minutes") && type == .double }

  /// The values of a block's rows; rows that cannot be read are refused, rows that are refused or do not count have none.
  func evaluate(_ block: Frame, _ judge: inout RowJudge) -> Column {
    let applies = mapping.conditions.reduce(judge.good) { $0 & rowsMeeting($1, in: block) }
    var cells: [Cell]
    if case .minutesBetween(let start, let end) = mapping.input {
      cells = minutesBetween(times.read(start, of: block), times.read(end, of: block), applies, &judge)
    } else {
      cells = read(expression.texts(of: block), applies, &judge)
    }
    if let check = mapping.check { verify(&cells, check, block, &judge) }
    var builder = ColumnBuilder(type, capacity: cells.count)
    for cell in cells {
      do { try builder.append(cell) } catch { preconditionFailure("a field of \(type) was read as another type: \(error)") }
    }
    return builder.column()
  }

  /// For each row the instant by which `first` and `last` order it; `nil` when they go by the file.
  func order(of block: Frame, _ judge: inout RowJudge) -> [Int64]? {
    guard let column = mapping.orderedBy else { return nil }
    let read = times.read(column, of: block)
    return (0..<block.rowCount).map { row in
      if let instant = read.instants[Int(read.codes[row])] { return instant.microseconds }
      judge.refuse(
        row, ImportReport.Reason.time, column: column, value: read.raw[Int(read.codes[row])], expected: times.expectation)
      return 0
    }
  }

  private func read(_ texts: TextExpression.Texts, _ applies: Bitmap, _ judge: inout RowJudge) -> [Cell] {
    let values = texts.outcomes.map { outcome -> Parsed in
      switch outcome {
      case .text(let text): parse(text)
      case .missing: .cell(.missing)
      case .refused(let reason): .refused(reason, expected: "a text of the value map")
      }
    }
    return texts.codes.indices.map { row in
      guard applies[row] else { return .missing }
      let code = Int(texts.codes[row])
      switch values[code] {
      case .cell(.missing) where isRequired:
        judge.refuse(row, ImportReport.Reason.missingKey, column: columnName, value: texts.raw[code], expected: "a value for \(name)")
        return .missing
      case .cell(let cell): return cell
      case .refused(let reason, let expected):
        judge.refuse(row, reason, column: columnName, value: texts.raw[code], expected: expected)
        return .missing
      }
    }
  }

  private enum Parsed {
    case cell(Cell)
    case refused(String, expected: String)
  }

  private func parse(_ text: String) -> Parsed {
    switch type {
    case .text:
      // SQL functions, and programs in C, take it for the text's end: two keys would look like one.
      if isRequired, text.utf8.contains(0) { return .refused(ImportReport.Reason.zeroByte, expected: "a text without it") }
      return .cell(.text(text))
    case .timestamp:
      return times.instant(text).map { .cell(.timestamp($0)) } ?? .refused(ImportReport.Reason.time, expected: times.expectation)
    case .integer:
      guard let value = decimalNumber(text, decimalComma: mapping.decimalComma), let whole = Int64(exactly: value) else {
        return .refused(ImportReport.Reason.number, expected: "a whole number")
      }
      return .cell(.integer(whole))
    case .bool:
      if mapping.trueValues.contains(text) { return .cell(.bool(true)) }
      if mapping.falseValues?.contains(text) ?? true { return .cell(.bool(false)) }
      return .refused(ImportReport.Reason.flag, expected: "one of \(list(mapping.trueValues.union(mapping.falseValues ?? [])))")
    case .double where mapping.aggregate == .count: return .cell(.double(1))
    case .double where isMinutes:
      guard let minutes = mapping.duration.minutes(text, decimalComma: mapping.decimalComma) else {
        return .refused(ImportReport.Reason.duration, expected: expectation(of: mapping.duration))
      }
      return minutes < 0 ? .refused(ImportReport.Reason.negativeMinutes, expected: "0 or more") : .cell(.double(minutes))
    case .double:
      guard let value = decimalNumber(text, decimalComma: mapping.decimalComma) else {
        return .refused(ImportReport.Reason.number, expected: "a number")
      }
      let isQuantity = name.contains("quantity") && mapping.featureType == .text
      return value < 0 && isQuantity ? .refused(ImportReport.Reason.negativeQuantity, expected: "0 or more") : .cell(.double(value))
    }
  }

  private func minutesBetween(
    _ start: TimeReader.Read, _ end: TimeReader.Read, _ applies: Bitmap, _ judge: inout RowJudge
  ) -> [Cell] {
    (0..<start.codes.count).map { row in
      guard applies[row] else { return .missing }
      for (read, column) in [(start, 0), (end, 1)] where read.isUnparsable(row) {
        let name = CompiledField.columns(of: mapping)[column]
        judge.refuse(row, ImportReport.Reason.time, column: name, value: read.raw(row), expected: times.expectation)
      }
      guard let from = start.instant(row), let to = end.instant(row) else { return .missing }
      let minutes = to.seconds(since: from) / 60
      guard minutes >= 0 else {
        judge.refuse(
          row, ImportReport.Reason.negativeMinutes, column: columnName, value: "\(start.raw(row)) … \(end.raw(row))",
          expected: "an end after the start")
        return .missing
      }
      return .double(minutes)
    }
  }

  /// Refuses rows whose reported minutes do not agree with the time between two columns.
  private func verify(_ cells: inout [Cell], _ check: ImportMapping.SpanCheck, _ block: Frame, _ judge: inout RowJudge) {
    let (start, end) = (times.read(check.start, of: block), times.read(check.end, of: block))
    for (row, cell) in cells.enumerated() {
      guard case .double(let minutes) = cell, judge.good[row] else { continue }
      for (read, column) in [(start, check.start), (end, check.end)] where read.isUnparsable(row) {
        judge.refuse(row, ImportReport.Reason.time, column: column, value: read.raw(row), expected: times.expectation)
      }
      guard let from = start.instant(row), let to = end.instant(row) else { continue }
      let elapsed = to.seconds(since: from) / 60
      if abs(elapsed - minutes) > check.toleranceMinutes {
        judge.refuse(
          row, ImportReport.Reason.contradiction, column: columnName, value: "\(minutes)",
          expected: "\(elapsed) ± \(check.toleranceMinutes), the minutes from \(check.start) to \(check.end)")
        cells[row] = .missing
      }
    }
  }
}

/// The rows whose text in a column meets a condition.
func rowsMeeting(_ condition: ImportMapping.Condition, in block: Frame) -> Bitmap {
  guard case .text(let values)? = block[condition.column]?.values else { return Bitmap(count: block.rowCount) }
  let isMet = values.dictionary.texts.map { condition.isMet(by: trimmed($0)) }
  return Bitmap(values.codes.lazy.map { isMet[Int($0)] })
}

/// Reads times as one format and zone write them.
struct TimeReader {
  let format: TimeFormat
  let zone: ZoneRules
  let missing: Set<String>

  /// The times of a block's rows: each distinct text is read once.
  struct Read {
    var codes: [Int32]
    var raw: [String]
    var instants: [Timestamp?]
    var isMissing: [Bool]

    func instant(_ row: Int) -> Timestamp? { instants[Int(codes[row])] }
    func raw(_ row: Int) -> String { raw[Int(codes[row])] }
    func isUnparsable(_ row: Int) -> Bool { instants[Int(codes[row])] == nil && !isMissing[Int(codes[row])] }
  }

  /// What a message says it expects.
  var expectation: String { "a time as \(format.example) (\(format), \(zone.name))" }

  func instant(_ text: String) -> Timestamp? { format.instant(text, in: zone) }

  func read(_ column: String, of block: Frame) -> Read {
    guard case .text(let values)? = block[column]?.values else { preconditionFailure("columns were checked against the header") }
    let raw = values.dictionary.texts
    return Read(
      codes: values.codes, raw: raw, instants: raw.map { instant(trimmed($0)) }, isMissing: raw.map { missing.contains(trimmed($0)) })
  }
}

/// Texts as a message lists them: by their bytes, at most ten.
private func list(_ texts: Set<String>) -> String {
  let sorted = texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  return sorted.prefix(10).joined(separator: ", ") + (sorted.count > 10 ? ", …" : "")
}

/// A duration as a message says it is expected.
private func expectation(of format: DurationFormat) -> String {
  switch format {
  case .decimal(let unit): "a number of \(unit.rawValue)"
  case .clock(let hasSeconds): hasSeconds ? "H:MM:SS, as 1:02:30" : "HHH:MM, as 006:19"
  }
}
