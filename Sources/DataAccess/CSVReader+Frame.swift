public import Tabular

/// How the fields of a CSV file are read as values.
public struct CSVOptions: Sendable {
  /// What separates fields; `nil`: whichever of `,` `;` tab and `|` occurs most in the header.
  public var delimiter: UInt8?
  /// The texts that mean "no value".
  public var missing: Set<String>
  /// Whether a field in quotes can be missing too; false tells `""` (an empty text) from nothing.
  public var missingInQuotes: Bool
  /// What columns hold, by name; the others are found out.
  public var types: [String: ColumnType]

  /// Makes options.
  public init(
    delimiter: UInt8? = nil, missing: Set<String> = CSVOptions.usualMissing, missingInQuotes: Bool = true, types: [String: ColumnType] = [:]
  ) {
    self.delimiter = delimiter
    self.missing = missing
    self.missingInQuotes = missingInQuotes
    self.types = types
  }

  /// The placeholders that exports are found to write for nothing.
  public static let usualMissing: Set<String> = ["", "-", "--", "nan", "NaN", "NULL", "null", "N/A"]
}

extension CSVReader {
  /// Returns a CSV file as a frame.
  ///
  /// A column whose type is not given holds the first of these that all its values are: integers (a leading zero makes a code,
  /// not a number), doubles, truth values (`true`, `false`), ISO 8601 instants, texts. One without values holds texts.
  ///
  /// - Throws: ``CSVError`` for a faulty file, a record with another number of fields than the header, an unknown name in
  ///   `types`, a value that is not of the given type: with line, column, what was expected and what came.
  public static func readFrame(
    path: String, options: CSVOptions = CSVOptions(), bufferByteCount: Int = 1 << 18
  ) throws(CSVError) -> Frame {
    let reader = try CSVReader(path: path, delimiter: options.delimiter, bufferByteCount: bufferByteCount)
    for name in options.types.keys.sorted() where !reader.header.contains(name) {
      throw CSVError(.header, path: path, line: 1, "there is no column '\(name)'\(suggestion(for: name, in: reader.header))")
    }
    let missing = MissingTexts(options)
    let sink = FrameSink(reader.header.map { (options.types[$0], options.types[$0] == nil) })
    var texts: Set<Int> = []
    while try reader.next() {
      try reader.checkFieldCount()
      let row = sink.startRow()
      for index in 0..<sink.columnCount {
        let field = reader.bytes(index)
        if missing.contains(field, isQuoted: reader.isQuoted(index)) || texts.contains(index) {
          sink.columns[index].putMissing(at: row)
        } else if !sink.columns[index].put(field, at: row) {
          guard sink.columns[index].isFlexible else { throw reader.valueError(index, sink.columns[index].type) }
          if !sink.columns[index].widenAndPut(field, at: row) {
            // Numbers do not tell how they were written: the column is read again as it stands.
            texts.insert(index)
            sink.columns[index].putMissing(at: row)
          }
        }
      }
      sink.finishRow()
    }
    var frame = sink.frame(reader.header)
    if !texts.isEmpty { try rereadTexts(texts.sorted(), of: reader, missing, bufferByteCount, into: &frame) }
    return frame
  }

  func checkFieldCount() throws(CSVError) {
    guard fieldCount == header.count else {
      throw CSVError(.fieldCount, path: path, line: line, "expected \(header.count) fields as in the header, got \(fieldCount)")
    }
  }

  private static func rereadTexts(
    _ columns: [Int], of first: CSVReader, _ missing: MissingTexts, _ bufferByteCount: Int, into frame: inout Frame
  ) throws(CSVError) {
    let reader = try CSVReader(path: first.path, delimiter: first.delimiter, bufferByteCount: bufferByteCount)
    let sink = FrameSink(columns.map { _ in (.text, false) })
    while try reader.next() {
      try reader.checkFieldCount()
      let row = sink.startRow()
      for (position, index) in columns.enumerated() {
        let field = reader.bytes(index)
        if missing.contains(field, isQuoted: reader.isQuoted(index)) {
          sink.columns[position].putMissing(at: row)
        } else {
          sink.columns[position].put(utf8: field, at: row)
        }
      }
      sink.finishRow()
    }
    for (position, index) in columns.enumerated() {
      do { try frame.set(frame.names[index], sink.columns[position].column(count: sink.rowCount)) } catch {
        throw CSVError(.file, path: first.path, line: nil, "\(first.path): changed while it was read; read it again")
      }
    }
  }

  private func valueError(_ index: Int, _ type: ColumnType?) -> CSVError {
    let expected =
      switch type {
      case .integer: "an integer"
      case .double: "a number"
      case .bool: "true or false"
      case .timestamp: "an ISO 8601 time such as 2012-03-01T06:30Z"
      case .text, nil: "a text"
      }
    return CSVError(.value, path: path, line: line, "column '\(header[index])': expected \(expected), got '\(text(index).prefix(60))'")
  }
}

/// The texts that mean "no value", tested by length and first byte before by content.
struct MissingTexts {
  private let texts: [[UInt8]]
  private let longest: Int
  private let inQuotes: Bool
  private let firstBytes: [Bool]

  init(_ options: CSVOptions) {
    texts = options.missing.map { Array($0.utf8) }
    longest = texts.map(\.count).max() ?? -1
    inQuotes = options.missingInQuotes
    let first = Set(texts.compactMap(\.first))
    firstBytes = (0..<256).map { first.contains(UInt8($0)) }
  }

  @inline(__always) func contains(_ field: UnsafeBufferPointer<UInt8>, isQuoted: Bool) -> Bool {
    guard field.count <= longest, field.isEmpty || firstBytes[Int(field[0])], inQuotes || !isQuoted else { return false }
    return texts.contains { $0.count == field.count && $0.elementsEqual(field) }
  }
}

extension ColumnSink {
  /// Puts the value that a field writes in the column's type; false when it writes none of that type.
  @inline(__always) fileprivate mutating func put(_ field: UnsafeBufferPointer<UInt8>, at row: Int) -> Bool {
    switch type {
    case .text:
      put(utf8: field, at: row)
      return true
    case .double:
      guard let value = NumberParsing.doubleOrSpecial(trimmed(field)), !isFlexible || !Self.isCode(field) else { return false }
      put(value, at: row)
    case .integer:
      guard let value = NumberParsing.integer(trimmed(field)), !isFlexible || !Self.isCode(field) else { return false }
      put(value, at: row)
    case .bool:
      guard let value = Self.truth(trimmed(field)) else { return false }
      put(value, at: row)
    case .timestamp:
      guard let value = Timestamp(iso8601: trimmed(field)) else { return false }
      put(value.microseconds, at: row)
    case nil: return false
    }
    return true
  }

  /// Puts a field that does not fit what the column has held so far, when a wider type holds both.
  fileprivate mutating func widenAndPut(_ field: UnsafeBufferPointer<UInt8>, at row: Int) -> Bool {
    switch type {
    case nil:
      for candidate in [ColumnType.integer, .double, .bool, .timestamp, .text] {
        convert(to: candidate, count: 0)
        if put(field, at: row) { break }
      }
      return true
    case .integer:
      guard NumberParsing.doubleOrSpecial(trimmed(field)) != nil, !Self.isCode(field) else { return false }
      convert(to: .double, count: row)
      return put(field, at: row)
    default: return false
    }
  }

  /// Whether a number is written like a code: `007`, `+5`.
  private static func isCode(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
    let text = trimmed(field)
    guard let first = text.first else { return false }
    let digits = first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
    if first == UInt8(ascii: "+") { return true }
    return digits.count > 1 && digits.first == 48 && (48...57).contains(digits[digits.startIndex + 1])
  }

  private static func truth(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
    guard text.count == 4 || text.count == 5 else { return nil }
    switch String(decoding: text, as: UTF8.self) {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }
}

/// A field without blanks and tabs around.
@inline(__always) private func trimmed(_ field: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
  guard let first = field.first, let last = field.last, first <= 32 || last <= 32 else { return field }
  var slice = field[...]
  while let byte = slice.first, byte == 32 || byte == 9 { slice = slice.dropFirst() }
  while let byte = slice.last, byte == 32 || byte == 9 { slice = slice.dropLast() }
  return UnsafeBufferPointer(rebasing: slice)
}
