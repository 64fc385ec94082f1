import CKernels

/// Eigenvalues, ascending, and eigenvectors of a symmetric matrix.
///
/// Householder reduction to tridiagonal form, then QL iterations with implicit shifts: G. Golub, C. Van Loan, "Matrix Computations", 4th
/// edition, 8.3; A. Dubrulle, R. S. Martin, J. H. Wilkinson, "The implicit QL algorithm", Numerische Mathematik 12, 1968.
/// - Complexity: O(size³).
struct SymmetricEigen {
  private(set) var values: [Double]
  private var vectors: [Double]
  private let size: Int

  /// The unit vector that belongs to `values[index]`.
  func vector(_ index: Int) -> ArraySlice<Double> { vectors[index * size..<(index + 1) * size] }

  /// Decomposes `matrix`, size × size finite numbers, row after row.
  init(_ matrix: [Double], _ size: Int, in context: FitContext) throws(LearningError) {
    precondition(matrix.count == size * size)
    self.size = size
    var work = matrix
    var diagonal = [Double](repeating: 0, count: size)
    var besides = [Double](repeating: 0, count: size)
    // Row i is to become the i-th vector: Zᵀ of A = Z Λ Zᵀ, so that rotations mix two rows, whose numbers lie side by side.
    var rows = [Double](repeating: 0, count: size * size)
    for index in 0..<size { rows[index * size + index] = 1 }
    var reflections: [[Double]] = []

    for step in 0..<max(0, size - 2) {
      try context.checkCancellation()
      let first = step + 1
      let count = size - first
      var v = Array(work[step * size + first..<(step + 1) * size])
      let largest = v.reduce(0) { max($0, abs($1)) }
      diagonal[step] = work[step * size + step]
      guard largest > 0, v.dropFirst().contains(where: { $0 != 0 }) else {
        besides[step] = v[0]
        reflections.append([])
        continue
      }
      let length = v.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot() * largest
      let signed = v[0] > 0 ? -length : length
      besides[step] = signed
      // H = I − v vᵀ with |v|² = 2.
      v[0] -= signed
      let scale = v.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot() * largest / 2.0.squareRoot()
      for index in v.indices { v[index] /= scale }
      // Safe: rows `first...` of `work` from column `first` on have `count` numbers, as `v`, `p` have; all lent for the closure alone.
      work.withUnsafeMutableBufferPointer { work in
        guard let base = work.baseAddress else { return }
        var p = [Double](repeating: 0, count: count)
        for row in 0..<count { p[row] = lathe_dot(base + (first + row) * size + first, v, count) }
        let share = lathe_dot(p, v, count) / 2
        lathe_add_multiple(&p, -share, v, count)
        for row in 0..<count {
          lathe_add_multiple(base + (first + row) * size + first, -v[row], p, count)
          lathe_add_multiple(base + (first + row) * size + first, -p[row], v, count)
        }
      }
      reflections.append(v)
    }
    for index in max(0, size - 2)..<size { diagonal[index] = work[index * size + index] }
    if size >= 2 { besides[size - 2] = work[(size - 2) * size + size - 1] }

    for (step, v) in reflections.enumerated().reversed() where !v.isEmpty {
      try context.checkCancellation()
      let first = step + 1
      let count = size - first
      // Safe: as above, for `rows`.
      rows.withUnsafeMutableBufferPointer { rows in
        guard let base = rows.baseAddress else { return }
        for row in first..<size {
          let along = lathe_dot(base + row * size + first, v, count)
          lathe_add_multiple(base + row * size + first, -along, v, count)
        }
      }
    }

    for index in 0..<size {
      // Far more turns than were ever needed; rounding cannot keep it from ending.
      for _ in 0..<100 {
        try context.checkCancellation()
        var end = index
        while end < size - 1 {
          let around = abs(diagonal[end]) + abs(diagonal[end + 1])
          if abs(besides[end]) <= .ulpOfOne / 2 * around || abs(besides[end]) < .leastNormalMagnitude { break }
          end += 1
        }
        if end == index { break }
        let half = (diagonal[index + 1] - diagonal[index]) / (2 * besides[index])
        let hypotenuse = (half * half + 1).squareRoot()
        var g = diagonal[end] - diagonal[index] + besides[index] / (half + (half < 0 ? -hypotenuse : hypotenuse))
        var (s, c, p) = (1.0, 1.0, 0.0)
        var isSplit = false
        // Safe: rows `place` and `place + 1` are distinct rows of `size` numbers each, lent for the closure alone.
        rows.withUnsafeMutableBufferPointer { rows in
          guard let base = rows.baseAddress else { return }
          for place in (index..<end).reversed() {
            let f = s * besides[place]
            let b = c * besides[place]
            let r = (f * f + g * g).squareRoot()
            besides[place + 1] = r
            if r == 0 {
              diagonal[place + 1] -= p
              besides[end] = 0
              isSplit = true
              break
            }
            s = f / r
            c = g / r
            g = diagonal[place + 1] - p
            let t = (diagonal[place] - g) * s + 2 * c * b
            p = s * t
            diagonal[place + 1] = g + p
            g = c * t - b
            lathe_rotate(base + place * size, base + (place + 1) * size, c, s, size)
          }
        }
        if isSplit { continue }
        diagonal[index] -= p
        besides[index] = g
        besides[end] = 0
      }
    }
    let order = diagonal.indices.sorted { (diagonal[$0], $0) < (diagonal[$1], $1) }
    values = order.map { diagonal[$0] }
    vectors = order.flatMap { rows[$0 * size..<($0 + 1) * size] }
  }
}
