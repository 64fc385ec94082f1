import CKernels
import Tabular

/// The bins of rows: feature after feature, for looking at one feature of many rows, and row after row, for looking at all of a row.
///
/// Safe to share: the bytes are written in `init` alone, freed in `deinit`, and lent for the length of a call while the owner is held.
final class BinnedRows: @unchecked Sendable {
  let rowCount: Int
  let featureCount: Int
  /// Bytes from one row to the next: whole words, so that eight bins can be read as one.
  let stride: Int
  /// Bytes from one feature to the next, so many that rows can be read by whole groups.
  let columnStride: Int
  /// Row r of feature f at `f × columnStride + r`.
  let columns: UnsafeMutablePointer<UInt8>
  /// Feature f of row r at `r × stride + f`.
  let rows: UnsafeMutablePointer<UInt8>

  /// Sorts the rows of `table`, all of whose features `binner` knows, into bins; of features that are not `used`, all is missing. With
  /// `byColumnsAlone` they are not laid out row after row.
  ///
  /// - Returns: `nil` when `isCancelled` said so.
  init?(
    _ table: FeatureTable, binner: FeatureBinner, used: [Bool]? = nil, rows range: Range<Int>? = nil, byColumnsAlone: Bool = false,
    threads: Int,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    let range = range ?? 0..<table.rowCount
    let rowCount = range.count
    let featureCount = table.columns.count
    let stride = (featureCount + 7) / 8 * 8
    self.rowCount = rowCount
    self.featureCount = featureCount
    self.stride = stride
    let columnStride = (rowCount + Int(LATHE_SMALL_ROWS) - 1) / Int(LATHE_SMALL_ROWS) * Int(LATHE_SMALL_ROWS)
    self.columnStride = columnStride
    columns = .allocate(capacity: max(1, columnStride * featureCount))
    rows = .allocate(capacity: byColumnsAlone ? 1 : max(1, rowCount * stride))
    // Each part writes bytes of its own.
    nonisolated(unsafe) let columns = columns
    nonisolated(unsafe) let rows = rows
    inParallel(featureCount, threads: threads) { feature in
      if isCancelled() { return }
      let column = columns + feature * columnStride
      (column + rowCount).update(repeating: 0, count: columnStride - rowCount)
      if let used, !used[feature] {
        column.update(repeating: 0, count: rowCount)
        return
      }
      switch (table.columns[feature].values, binner.features[feature]) {
      case (.numeric(let numbers), .numeric(let bounds)):
        numbers.withUnsafeBufferPointer { numbers in
          guard let first = numbers.baseAddress else { return }
          bounds.withUnsafeBufferPointer { lathe_bin_numbers(first + range.lowerBound, rowCount, $0.baseAddress, $0.count, column) }
        }
      case (.categorical(let codes, _), .categorical(let bins)):
        for (place, row) in range.enumerated() { column[place] = codes[row] < 0 ? 0 : bins[Int(codes[row])] }
      default: column.update(repeating: 0, count: rowCount)
      }
    }
    let blocks = byColumnsAlone ? 0 : (rowCount + 4095) / 4096
    inParallel(blocks, threads: threads) { block in
      if isCancelled() { return }
      let start = block * 4096
      lathe_transpose_bins(columns + start, columnStride, featureCount, min(4096, rowCount - start), rows + start * stride, stride)
      for row in start..<min(rowCount, start + 4096) {
        for padding in featureCount..<stride { rows[row * stride + padding] = 0 }
      }
    }
    if isCancelled() { return nil }
  }

  deinit {
    columns.deallocate()
    rows.deallocate()
  }
}

/// Places that threads fill, each its own.
///
/// Safe: `inParallel` hands out each index once and returns when all are done; the buffer lives as long as this does.
final class Slots<Element: Sendable>: @unchecked Sendable {
  private let buffer: UnsafeMutableBufferPointer<Element?>

  init(count: Int) {
    buffer = .allocate(capacity: count)
    buffer.initialize(repeating: nil)
  }

  deinit {
    buffer.deinitialize()
    buffer.deallocate()
  }

  subscript(index: Int) -> Element? {
    get { buffer[index] }
    set { buffer[index] = newValue }
  }

  /// What was filled, in order.
  func values() -> [Element] { buffer.compactMap { $0 } }
}

extension FeatureBinner {
  /// The distinct numbers among those that are there, ascending, and the weight of each.
  static func distinct(_ numbers: [Double], weights: [Double]?) -> (values: [Double], masses: [Double]) {
    var keys: [Double] = []
    keys.reserveCapacity(numbers.count)
    var payload: [Double] = []
    for (row, number) in numbers.enumerated() where !number.isNaN {
      let weight = weights?[row] ?? 1
      if weight == 0 { continue }
      // −0 is 0.
      keys.append(number + 0)
      if weights != nil { payload.append(weight) }
    }
    let count = keys.count
    var scratch = [Double](repeating: 0, count: count)
    if weights == nil {
      lathe_sort_numbers(&keys, nil, count, &scratch, nil)
    } else {
      var payloadScratch = scratch
      lathe_sort_numbers(&keys, &payload, count, &scratch, &payloadScratch)
    }
    var values: [Double] = []
    var masses: [Double] = []
    for (place, key) in keys.enumerated() {
      let mass = weights == nil ? 1 : payload[place]
      if let last = values.last, last == key {
        masses[masses.count - 1] += mass
      } else {
        values.append(key)
        masses.append(mass)
      }
    }
    return (values, masses)
  }
}
