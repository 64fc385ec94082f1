import CKernels
import Dispatch
import Tabular

extension ExactIndex {
  /// The `min(k, part)` nearest of each query in each of `parts` runs of vectors of about equal length, the runs in parallel.
  ///
  /// Safe: every pointer is lent by an array for the length of its closure, `concurrentPerform` returns only when all parts are done,
  /// each part writes its own slot of `answers` alone, and all sizes are those that the kernel's header asks for.
  func nearest(to queries: Matrix, k: Int, parts: Int) -> [Neighbors] {
    let queryCount = queries.rowCount
    let padded = (queryCount + Int(LATHE_PANEL) - 1) / Int(LATHE_PANEL) * Int(LATHE_PANEL)
    let panels = [Float](unsafeUninitializedCapacity: padded * dimension) { buffer, count in
      queries.values.withUnsafeBufferPointer {
        lathe_pack_queries($0.baseAddress, queryCount, dimension, buffer.baseAddress)
      }
      count = padded * dimension
    }
    var answers = [Neighbors?](repeating: nil, count: parts)
    answers.withUnsafeMutableBufferPointer { answers in
      nonisolated(unsafe) let answers = answers
      DispatchQueue.concurrentPerform(iterations: parts) { part in
        let range = part * count / parts..<(part + 1) * count / parts
        let width = min(k, range.count)
        var ids = [Int32](repeating: 0, count: queryCount * width)
        var thresholds = [Float](repeating: 0, count: padded)
        var sizes = [Int32](repeating: 0, count: padded)
        let similarities = [Float](unsafeUninitializedCapacity: queryCount * width) { similarities, filled in
          vectors.values.withUnsafeBufferPointer { points in
            panels.withUnsafeBufferPointer { panels in
              lathe_top_k(
                points.baseAddress.map { $0 + range.lowerBound * dimension }, range.count, dimension, Int32(range.lowerBound),
                panels.baseAddress, queryCount, width, &thresholds, &sizes, &ids, similarities.baseAddress)
            }
          }
          filled = queryCount * width
        }
        answers[part] = Neighbors(offsets: (0...queryCount).map { $0 * width }, ids: ids, similarities: similarities)
      }
    }
    return answers.compactMap { $0 }
  }
}
