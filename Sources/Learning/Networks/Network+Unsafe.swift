import CKernels
import Tabular

extension Network {
  /// Rows that are computed together: what they need lies in the first-level cache, and there are enough of them for all threads.
  static let chunk = 36

  /// The outputs for each row of `inputs`: shape (rows, outputs). The same row has the same bits whatever is beside it.
  ///
  /// Safe: pointers are lent for the length of their closures, in which `inParallel` ends; each part reads and writes its own rows, and
  /// the buffers of a layer hold `rows × width` numbers.
  func outputs(for inputs: Matrix, threads: Int) -> Matrix {
    precondition(inputs.columnCount == inputCount)
    var outputs = Matrix(rowCount: inputs.rowCount, columnCount: outputCount)
    let widest = layers.map(\.width).max() ?? 0
    outputs.values.withUnsafeMutableBufferPointer { outputs in
      inputs.values.withUnsafeBufferPointer { inputs in
        weights.withUnsafeBufferPointer { weights in
          nonisolated(unsafe) let (inputs, outputs, weights) = (inputs, outputs, weights)
          let rowCount = outputs.count / outputCount
          // Several chunks a part, because each part makes its buffers.
          let height = 8 * Self.chunk
          inParallel((rowCount + height - 1) / height, threads: threads) { part in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * Self.chunk * widest) { buffer in
              guard let base = buffer.baseAddress, let weights = weights.baseAddress else { return }
              for first in stride(from: part * height, to: min(rowCount, (part + 1) * height), by: Self.chunk) {
                let rows = min(Self.chunk, min(rowCount, (part + 1) * height) - first)
                var (from, fromWidth) = (inputs.baseAddress.map { $0 + first * inputCount }, inputCount)
                for (number, layer) in layers.enumerated() {
                  let to = base + number % 2 * Self.chunk * widest
                  lathe_product(
                    rows, layer.width, layer.inputs, from, fromWidth, 1, weights + layer.offset, layer.width, weights + layer.biases,
                    to, layer.width, 0)
                  if number + 1 < layers.count { lathe_activate(activation.kernel, to, rows * layer.width) }
                  (from, fromWidth) = (UnsafePointer(to), layer.width)
                }
                for row in 0..<rows {
                  for output in 0..<outputCount {
                    outputs[(first + row) * outputCount + output] = from.map { $0[row * fromWidth + output] } ?? 0
                  }
                }
              }
            }
          }
        }
      }
    }
    return outputs
  }
}
