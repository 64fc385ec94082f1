extension DenseEncoder {
  /// The numbers of `rowCount` rows, filled by `fill` block after block from zeros; `nil`: it did not want to go on.
  ///
  /// Blocks are small enough to stay in the cache while column after column is written, and the memory of a block is not touched
  /// before its turn: half a million rows with all their levels are a gigabyte, which to fill with zeros takes most of a second.
  ///
  /// Safe: blocks lie one after the other within the capacity, each is initialised before it is lent for the length of a call, and the
  /// count is that of the blocks that are done.
  func filled(_ rowCount: Int, _ fill: (inout MutableSpan<Float>, Range<Int>) -> Bool) -> [Float]? {
    let height = 256
    let values = [Float](unsafeUninitializedCapacity: rowCount * columnCount) { buffer, count in
      count = 0
      for start in stride(from: 0, to: rowCount, by: height) {
        let rows = start..<min(start + height, rowCount)
        let block = UnsafeMutableBufferPointer(rebasing: buffer[rows.lowerBound * columnCount..<rows.upperBound * columnCount])
        block.initialize(repeating: 0)
        var span = block.mutableSpan
        guard fill(&span, rows) else { return }
        count = rows.upperBound * columnCount
      }
    }
    return values.count == rowCount * columnCount ? values : nil
  }
}
