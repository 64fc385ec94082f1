public import Tabular

extension Digest128 {
  /// The digest of frames in order: names, types and cells, row by row of each column. Numbers count by their bits, texts by their bytes, and
  /// neither the order of a column's dictionary nor how its missing cells are kept matters.
  ///
  /// - Complexity: O(cells + bytes of distinct texts).
  public init(of frames: [Frame]) {
    var builder = Builder()
    builder.add(UInt64(frames.count))
    for frame in frames {
      builder.add(UInt64(frame.rowCount))
      builder.add(UInt64(frame.columns.count))
      for (name, column) in zip(frame.names, frame.columns) {
        builder.add(Digest128(of: [name, column.type.rawValue]))
        builder.add(column)
      }
    }
    self = builder.finished()
  }
}

extension Digest128.Builder {
  fileprivate mutating func add(_ digest: Digest128) {
    add(digest.high)
    add(digest.low)
  }

  /// Adds the cells, each with a word that says whether there is one.
  fileprivate mutating func add(_ column: Column) {
    func word(_ row: Int, _ bits: UInt64) {
      let isMissing = column.isMissing(row)
      add(isMissing ? 0 : 1)
      if !isMissing { add(bits) }
    }
    switch column.values {
    case .double(let values): for row in values.indices { word(row, values[row].bitPattern) }
    case .integer(let values), .timestamp(let values): for row in values.indices { word(row, UInt64(bitPattern: values[row])) }
    case .bool(let values): for row in values.indices { word(row, values[row] ? 1 : 0) }
    case .text(let values):
      let digests = values.dictionary.texts.map { Digest128(of: [$0]) }
      for row in values.codes.indices {
        guard !column.isMissing(row) else {
          add(0)
          continue
        }
        add(1)
        add(digests[Int(values.codes[row])])
      }
    }
  }
}
