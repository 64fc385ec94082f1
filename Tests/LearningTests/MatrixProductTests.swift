import CKernels
import Tabular
import Testing

@Suite("Matrix products")
struct MatrixProductTests {
  private func numbers(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float(generator.uniform() * 2 - 1) }
  }

  /// Sizes around every edge: rows of tiles, vectors of columns, nothing to add up.
  private static let sizes: [(m: Int, n: Int, k: Int)] = {
    var sizes = [(1, 1, 1), (3, 5, 7), (200, 128, 36), (36, 128, 200), (2, 16, 0), (0, 16, 3), (5, 0, 3)]
    for m in [1, 2, 3, 5, 6, 7, 11, 12, 13, 14, 15, 25, 27, 29] {
      for n in [1, 15, 16, 17, 32, 33, 47, 48, 64, 79] { sizes.append((m, n, 1 + (m * 7 + n) % 19)) }
    }
    return sizes
  }()

  @Test(
    "are those of a double loop, for odd sizes, a transposed left side, rows that lie apart, and each way to start",
    arguments: [
      false, true,
    ])
  func naive(isTransposed: Bool) throws {
    var generator = SeededGenerator(seed: isTransposed ? 2 : 1)
    onEachCPU { cpu in
      for (m, n, k) in Self.sizes {
        let (bRow, cRow) = (n + generator.integer(below: 5), n + generator.integer(below: 5))
        let aGap = generator.integer(below: 3)
        let (aRow, aColumn) = isTransposed ? (1, m + aGap) : (k + aGap, 1)
        let a = numbers((m + aGap) * (k + aGap) + 1, &generator)
        let b = numbers(k * bRow, &generator)
        let bias = numbers(n, &generator)
        let (hasBias, adds) = (generator.integer(below: 2) == 0, generator.integer(below: 3) == 0)
        var c = [Float](repeating: -7, count: m * cRow)
        lathe_product(m, n, k, a, aRow, aColumn, b, bRow, hasBias ? bias : nil, &c, cRow, adds ? 1 : 0)
        for row in 0..<m {
          for column in 0..<cRow {
            guard column < n else {
              #expect(c[row * cRow + column] == -7, "\(m) × \(n) × \(k) writes beyond its rows")
              continue
            }
            var sum = adds ? -7 : hasBias ? Double(bias[column]) : 0
            for p in 0..<k { sum += Double(a[row * aRow + p * aColumn]) * Double(b[p * bRow + column]) }
            // k products of numbers below 1 and a start, each rounded to 24 bits.
            let isNear = abs(Double(c[row * cRow + column]) - sum) <= Double(k + 1) * 6e-8 * (8 + Double(k) / 4)
            #expect(isNear, "\(m) × \(n) × \(k) on \(cpu) at \(row), \(column)")
          }
        }
      }
    }
  }

  @Test("have the same bits for a part of the rows or columns by itself")
  func parts() throws {
    var generator = SeededGenerator(seed: 3)
    let (m, n, k) = (61, 96, 37)
    let (a, b, bias) = (numbers(m * k, &generator), numbers(k * n, &generator), numbers(n, &generator))
    onEachCPU { cpu in
      var whole = [Float](repeating: 0, count: m * n)
      lathe_product(m, n, k, a, k, 1, b, n, bias, &whole, n, 0)
      for _ in 0..<40 {
        let (row, column) = (generator.integer(below: m), 16 * generator.integer(below: 6))
        let rows = 1 + generator.integer(below: m - row)
        let columns = 1 + generator.integer(below: n - column)
        var part = [Float](repeating: 0, count: rows * columns)
        lathe_product(
          rows, columns, k, Array(a[(row * k)...]), k, 1, Array(b[column...]), n, Array(bias[column...]), &part, columns, 0)
        let same = (0..<rows * columns).allSatisfy { part[$0] == whole[(row + $0 / columns) * n + column + $0 % columns] }
        #expect(same, "\(rows) × \(columns) at \(row), \(column) on \(cpu)")
      }
    }
  }
}
