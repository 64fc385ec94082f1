import CKernels

extension Score {
  /// The mean of the absolute errors that remain between the trimmed ends, and the number of errors before trimming.
  ///
  /// Safe: the kernels write at most as many numbers as there are pairs, and the buffers, allocated for that many, are freed here.
  static func trimmedMeanOfErrors(_ actual: [Double], _ predicted: [Double], ratio: Double) -> (mean: Double?, count: Int) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, actual.count)) { errors in
      let count = lathe_absolute_errors(actual, predicted, actual.count, errors.baseAddress)
      if count == 0 { return (nil, 0) }
      let dropped = Int(Double(count) * ratio)
      let (first, last) = count > 2 * dropped ? (dropped, count - dropped - 1) : (0, count - 1)
      return withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { scratch in
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(LATHE_RANK_TABLE)) { table in
          let sum = lathe_sum_of_ranks(errors.baseAddress, count, first, last, scratch.baseAddress, table.baseAddress)
          return (sum / Double(last - first + 1), count)
        }
      }
    }
  }
}
