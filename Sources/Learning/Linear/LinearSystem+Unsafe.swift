import CKernels
import Synchronization
import Tabular

// Safe throughout: pointers are lent by arrays for the length of their closures, the kernels get the sizes that their header asks for,
// `inParallel` returns only when all parts are done, and each part writes its own slot of the results alone.

/// The length of rows of sums over `count` columns.
func sumWidth(_ count: Int) -> Int { lathe_linear_width(count) }

/// The weighted mean of each column.
func columnMeans(_ matrix: Matrix, weights: [Double]?, total: Double) -> [Double] {
  var sums = [Double](repeating: 0, count: matrix.columnCount)
  matrix.values.withUnsafeBufferPointer { rows in
    withOptionalPointer(weights) { weights in
      lathe_column_sums(rows.baseAddress, matrix.rowCount, matrix.columnCount, weights, &sums)
    }
  }
  return sums.map { $0 / total }
}

private func withOptionalPointer(_ numbers: [Double]?, _ body: (UnsafePointer<Double>?) -> Void) {
  if let numbers { numbers.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
}

extension LinearSystem {
  /// Runs of rows that are summed up apart: how many depends on the size of the system alone, so that its sums do as well.
  private var parts: Int { matrix.rowCount < 4096 ? 1 : columnCount <= 512 ? 8 : 2 }

  /// Calls `body` for runs of rows that take some 10 ms each until none is left or the work is cancelled.
  private func forRuns(of part: Int, isCancelled: () -> Bool, _ body: (Range<Int>) -> Void) {
    let width = max(8, columnCount)
    let length = max(Int(LATHE_LINEAR_BLOCK), min(65536, 200_000_000 / (width * width)))
    let end = (part + 1) * matrix.rowCount / parts
    for start in stride(from: part * matrix.rowCount / parts, to: end, by: length) {
      if isCancelled() { return }
      body(start..<min(start + length, end))
    }
  }

  /// Σ w z zᵀ of the centred rows with their targets behind them, in rows of ``sumWidth(_:)``; the entries right of the diagonal count.
  func centredProducts(threads: Int, isCancelled: @Sendable () -> Bool) -> [Double] {
    let width = sumWidth(columnCount + outputCount)
    var sums = [[Double]](repeating: [], count: parts)
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let sums = sums
      inParallel(parts, threads: threads) { part in
        var scratch = [Double](repeating: 0, count: 2 * Int(LATHE_LINEAR_BLOCK) * width)
        var own = [Double](repeating: 0, count: width * width)
        withRows { rows, weights, targets in
          forRuns(of: part, isCancelled: isCancelled) { run in
            lathe_gram(
              rows + run.lowerBound * columnCount, run.count, columnCount, centers, weights.map { $0 + run.lowerBound },
              targets + run.lowerBound * outputCount, outputCount, &scratch, &own)
          }
        }
        sums[part] = own
      }
    }
    var total = sums[0]
    for part in sums.dropFirst() { for index in total.indices { total[index] += part[index] } }
    return total
  }

  /// The weighted sums of squared leave-one-out errors, candidates × outputs, and the least 1 − leverage a candidate.
  ///
  /// `vectors`, `shrinkage` and `answers` are as `lathe_ridge_path` wants them.
  func leaveOneOutSums(
    vectors: [Double], shrinkage: [Double], answers: [Double], candidates: Int, threads: Int, isCancelled: @Sendable () -> Bool
  ) -> (errors: [Double], slack: [Double]) {
    let width = sumWidth(columnCount)
    precondition(vectors.count == columnCount * width && shrinkage.count == candidates * width)
    precondition(answers.count == candidates * outputCount * width)
    var results = [([Double], [Double])](repeating: ([], []), count: parts)
    results.withUnsafeMutableBufferPointer { results in
      nonisolated(unsafe) let results = results
      inParallel(parts, threads: threads) { part in
        var scratch = [Double](repeating: 0, count: 2 * Int(LATHE_LINEAR_BLOCK) * width)
        var errors = [Double](repeating: 0, count: candidates * outputCount)
        var slack = [Double](repeating: 1, count: candidates)
        vectors.withUnsafeBufferPointer { vectors in
          shrinkage.withUnsafeBufferPointer { shrinkage in
            answers.withUnsafeBufferPointer { answers in
              var path = lathe_ridge_path(
                vectors: vectors.baseAddress, total_weight: totalWeight, candidates: candidates, outputs: outputCount,
                shrinkage: shrinkage.baseAddress, answers: answers.baseAddress)
              withRows { rows, weights, targets in
                forRuns(of: part, isCancelled: isCancelled) { run in
                  lathe_leave_one_out(
                    rows + run.lowerBound * columnCount, run.count, columnCount, centers, weights.map { $0 + run.lowerBound },
                    targets + run.lowerBound * outputCount, &path, &scratch, &errors, &slack)
                }
              }
            }
          }
        }
        results[part] = (errors, slack)
      }
    }
    var (errors, slack) = results[0]
    for (more, least) in results.dropFirst() {
      for index in errors.indices { errors[index] += more[index] }
      for index in slack.indices { slack[index] = min(slack[index], least[index]) }
    }
    return (errors, slack)
  }

  /// Takes row `row` of the Gram matrix times `factor` off `numbers`, of which there is one a column.
  func subtract(row: Int, times factor: Double, from numbers: inout [Double]) {
    gram.withUnsafeBufferPointer { gram in
      guard let base = gram.baseAddress else { return }
      lathe_add_multiple(&numbers, -factor, base + row * columnCount, columnCount)
    }
  }

  private func withRows(_ body: (UnsafePointer<Float>, UnsafePointer<Double>?, UnsafePointer<Double>) -> Void) {
    // An array without elements may have no address; nothing is read from there.
    let nothing = UnsafeMutablePointer<Double>.allocate(capacity: 1)
    defer { nothing.deallocate() }
    matrix.values.withUnsafeBufferPointer { rows in
      targets.withUnsafeBufferPointer { targets in
        withOptionalPointer(weights) { weights in
          body(
            rows.baseAddress ?? UnsafePointer(UnsafeRawPointer(nothing).assumingMemoryBound(to: Float.self)), weights,
            targets.baseAddress ?? UnsafePointer(nothing))
        }
      }
    }
  }
}

/// The upper factor U with Uᵀ U = `matrix` (size × size, symmetric, row after row), or `nil` when a pivot is not above `tolerance` times
/// its diagonal entry. Cholesky decomposition, outer-product form: G. Golub, C. Van Loan, "Matrix Computations", 4th edition, 4.2.
func choleskyFactor(_ matrix: [Double], _ size: Int, tolerance: Double, in context: FitContext) throws(LearningError) -> [Double]? {
  var factor = matrix
  for pivot in 0..<size {
    guard factor[pivot * size + pivot] > tolerance * matrix[pivot * size + pivot] else { return nil }
    try context.checkCancellation()
    factor.withUnsafeMutableBufferPointer { lathe_cholesky_step($0.baseAddress, size, pivot) }
  }
  return factor
}

/// The x of Uᵀ U x = `rightSide`.
func solveCholesky(_ factor: [Double], _ size: Int, _ rightSide: [Double]) -> [Double] {
  var x = rightSide
  factor.withUnsafeBufferPointer { factor in
    x.withUnsafeMutableBufferPointer { x in
      guard let u = factor.baseAddress, let x = x.baseAddress else { return }
      for row in 0..<size {
        x[row] /= u[row * size + row]
        lathe_add_multiple(x + row + 1, -x[row], u + row * size + row + 1, size - row - 1)
      }
      for row in (0..<size).reversed() {
        x[row] = (x[row] - lathe_dot(u + row * size + row + 1, x + row + 1, size - row - 1)) / u[row * size + row]
      }
    }
  }
  return x
}

/// For each output intercept + coefficients · row of each row of `matrix`.
func linearPredictions(_ matrix: Matrix, coefficients: [[Double]], intercepts: [Double], threads: Int) -> [[Double]] {
  let rowCount = matrix.rowCount
  let columnCount = matrix.columnCount
  return zip(coefficients, intercepts).map { coefficients, intercept in
    [Double](unsafeUninitializedCapacity: rowCount) { predictions, filled in
      nonisolated(unsafe) let predictions = predictions
      let length = 8192
      inParallel((rowCount + length - 1) / length, threads: threads) { part in
        let rows = part * length..<min((part + 1) * length, rowCount)
        guard let out = predictions.baseAddress else { return }
        matrix.values.withUnsafeBufferPointer { values in
          lathe_linear_predict(
            values.baseAddress.map { $0 + rows.lowerBound * columnCount }, rows.count, columnCount, coefficients, intercept,
            out + rows.lowerBound)
        }
      }
      filled = rowCount
    }
  }
}
