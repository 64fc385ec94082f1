public import Tabular

/// Writes frames as CSV: the same frame gives the same bytes everywhere.
///
/// A missing value is an empty field, an empty text `""`. Quotes stand only where a reader would otherwise see another text:
/// around delimiters, quotes, line ends, blanks at the ends, and placeholders such as `-`. Doubles have the fewest digits that
/// read back as the same number, instants are ISO 8601 in UTC, lines end with LF.
public struct CSVWriter: Sendable {
  private let delimiter: UInt8
  private let placeholders: Set<[UInt8]>

  /// Makes a writer.
  public init(delimiter: UInt8 = UInt8(ascii: ",")) {
    self.delimiter = delimiter
    placeholders = Set(CSVOptions.usualMissing.map { Array($0.utf8) })
  }

  /// Replaces the file at `path` by a header and the rows of `frame`, in one step.
  public func write(_ frame: Frame, to path: String) throws(DataAccessError) {
    try AtomicFile.write(header(frame.names) + rows(frame), to: path)
  }

  /// The line of the columns' names.
  public func header(_ names: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, name) in names.enumerated() {
      if index > 0 { bytes.append(delimiter) }
      append(Array(name.utf8), to: &bytes)
    }
    bytes.append(10)
    return bytes
  }

  /// The lines of the rows of `frame`.
  public func rows(_ frame: Frame) -> [UInt8] {
    var bytes: [UInt8] = []
    // Quoting is decided once for each distinct text.
    let texts: [[[UInt8]]] = frame.columns.map { column in
      guard case .text(let values) = column.values else { return [] }
      return (0..<values.dictionary.count).map { code in
        var field: [UInt8] = []
        values.dictionary.withBytes(of: Int32(code)) { append(Array($0), to: &field) }
        return field
      }
    }
    for row in 0..<frame.rowCount {
      for (index, column) in frame.columns.enumerated() {
        if index > 0 { bytes.append(delimiter) }
        if column.isMissing(row) { continue }
        switch column.values {
        case .double(let values): bytes.append(contentsOf: writtenDouble(values[row]).utf8)
        case .integer(let values): bytes.append(contentsOf: values[row].description.utf8)
        case .bool(let values): bytes.append(contentsOf: (values[row] ? "true" : "false").utf8)
        case .timestamp(let values): bytes.append(contentsOf: Timestamp(microseconds: values[row]).description.utf8)
        case .text(let values): bytes.append(contentsOf: texts[index][Int(values.codes[row])])
        }
      }
      bytes.append(10)
    }
    return bytes
  }

  private func append(_ text: [UInt8], to bytes: inout [UInt8]) {
    let isPlain =
      !text.contains { $0 == delimiter || $0 == 34 || $0 == 10 || $0 == 13 } && text.first != 32 && text.last != 32 && text.first != 9
      && text.last != 9 && !text.starts(with: [0xef, 0xbb, 0xbf]) && !placeholders.contains(text)
    if isPlain { return bytes.append(contentsOf: text) }
    bytes.append(34)
    for byte in text {
      if byte == 34 { bytes.append(34) }
      bytes.append(byte)
    }
    bytes.append(34)
  }
}
