public import Tabular

/// Some records of a CSV file as texts, column by column.
public struct CSVBlock: Sendable {
  /// The asked columns as texts, none missing: an empty field is the empty text.
  public var frame: Frame
  /// The line on which each row begins.
  public var lines: [Int]
  /// A digest of each whole record, unasked columns included: equal for records with equal fields.
  public var digests: [Digest128]
  /// Records with another number of fields than the header, which are not in the frame.
  public var ragged: [RaggedRecord]

  /// A record with another number of fields than the header.
  public struct RaggedRecord: Hashable, Sendable {
    /// The line on which it begins.
    public var line: Int
    /// How many fields it has.
    public var fieldCount: Int
  }

  /// Number of records, ragged ones included.
  public var recordCount: Int { lines.count + ragged.count }
}

extension CSVReader {
  /// The next records, at most `rowLimit`, as texts; `nil` behind the last. Memory: one block.
  ///
  /// - Parameter columns: Positions in ``header`` of the columns to take, each once.
  public func nextBlock(columns: [Int], rowLimit: Int = 1 << 15) throws(CSVError) -> CSVBlock? {
    let sink = FrameSink(columns.map { _ in (.text, false) })
    var lines: [Int] = []
    var digests: [Digest128] = []
    var ragged: [CSVBlock.RaggedRecord] = []
    while lines.count + ragged.count < rowLimit, try next() {
      guard fieldCount == header.count else {
        ragged.append(CSVBlock.RaggedRecord(line: line, fieldCount: fieldCount))
        continue
      }
      let row = sink.startRow()
      // The record's bytes were found to be UTF-8 when it was read.
      for (index, column) in columns.enumerated() { sink.columns[index].put(utf8: bytes(column), at: row) }
      sink.finishRow()
      lines.append(line)
      digests.append(recordDigest())
    }
    if lines.isEmpty, ragged.isEmpty { return nil }
    return CSVBlock(frame: sink.frame(columns.map { header[$0] }), lines: lines, digests: digests, ragged: ragged)
  }

  private func recordDigest() -> Digest128 {
    var digest = Digest128.Builder()
    for index in 0..<fieldCount { digest.add(bytes(index)) }
    return digest.finished()
  }
}
