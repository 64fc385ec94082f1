import CKernels
import Foundation
import Learning
import Synchronization
import Tabular
import Testing

/// A kernel of CKernels that has an instance for each kind of CPU, and a way to see what it computes.
private struct Kernel: CustomTestStringConvertible, Sendable {
  /// The instances' names without their ends.
  let names: [String]
  /// How far results may lie apart, as a share of the greatest: 0 where all must have the same bits.
  let tolerance: Double
  /// What comes out for `count` random numbers, or rows, or whatever is counted.
  let results: @Sendable (_ count: Int, _ generator: inout SeededGenerator) throws -> [Double]

  var testDescription: String { names.joined(separator: ", ") }

  init(
    _ names: String..., tolerance: Double = 0,
    results: @escaping @Sendable (_ count: Int, _ generator: inout SeededGenerator) throws -> [Double]
  ) {
    (self.names, self.tolerance, self.results) = (names, tolerance, results)
  }
}

private func floats(_ count: Int, _ generator: inout SeededGenerator) -> [Float] { numbers(count, &generator).map { Float($0) } }

/// Rows of numbers with gaps and of levels, with weights.
private func weightedRows(_ count: Int, seed: UInt64) throws -> Dataset {
  let (table, target) = try mixedRows(count, seed: seed)
  return try Dataset(
    features: table, targets: [target, target.map { sqrt(abs($0)) }], weights: (0..<count).map { 0.5 + Double($0 % 3) })
}

/// Sums in single precision, with and without fused operations: some hundred roundings of 6e-8.
private let single = 1e-5

private let kernels: [Kernel] = [
  Kernel("bin_numbers") { count, generator in
    let values = numbers(count, &generator).map { $0 > 0.9 ? .nan : $0 < -0.9 ? -.infinity : $0 }
    return [1, 5, 64, 254].flatMap { boundCount in
      var bins = [UInt8](repeating: 0, count: count)
      lathe_bin_numbers(values, count, numbers(boundCount, &generator).sorted(), boundCount, &bins)
      return bins.map { Double($0) }
    }
  },
  Kernel("gradients") { count, generator in
    let (residuals, weights) = (numbers(count, &generator), numbers(count, &generator).map(abs))
    return [LATHE_LOSS_SQUARED, LATHE_LOSS_ABSOLUTE, LATHE_LOSS_HUBER].flatMap { loss in
      [nil, weights].flatMap { weights in
        var gradients = [Double](repeating: 0, count: count)
        var squares = 0.0
        let largest = lathe_gradients(loss, 0.4, residuals, weights, count, &gradients, &squares)
        return gradients + [largest, squares]
      }
    }
  },
  Kernel("tree_encode") { count, generator in
    let (values, factors) = (numbers(count, &generator), numbers(count, &generator))
    return [(1, nil), (1, factors), (3, nil), (3, factors)].flatMap { (channels, factors) in
      var codes = [Int64](repeating: 0, count: count * channels)
      lathe_tree_encode(values, factors, count, 0x1p40, 5, 1, &codes, channels)
      return codes.map { Double($0) }
    }
  },
  Kernel("tree_subtract") { count, generator in
    var whole = numbers(count, &generator).map { Int64($0 * 1e15) }
    lathe_tree_subtract(&whole, numbers(count, &generator).map { Int64($0 * 1e15) }, count)
    return whole.map { Double($0) }
  },
  Kernel("tree_search", "small_trees_predict") { count, generator in
    let data = try weightedRows(4 * count, seed: UInt64(count))
    let forest = try ForestRegressor(treeCount: 2, minSamplesLeaf: 1).fit(data, in: FitContext(threads: 1))
    let boosting = try BoostingRegressor(treeCount: 3, maxLeaves: 8, minSamplesLeaf: 2).fit(data, in: FitContext(threads: 1))
    return try bytes(of: forest).map { Double($0) } + bytes(of: boosting).map { Double($0) }
      + boosting.predict(data.features, threads: 1).flatMap { $0 }
  },
  Kernel("column_sums", "gram", "linear_predict") { count, generator in
    [1, 8, 13].flatMap { columns in
      let (rows, weights) = (floats(count * columns, &generator), numbers(count, &generator).map(abs))
      let (centers, targets) = (numbers(columns, &generator), numbers(2 * count, &generator))
      return [nil, weights].flatMap { weights in
        var sums = [Double](repeating: 0, count: columns)
        lathe_column_sums(rows, count, columns, weights, &sums)
        let width = lathe_linear_width(columns + 2)
        var scratch = [Double](repeating: 0, count: 2 * Int(LATHE_LINEAR_BLOCK) * width)
        var gram = [Double](repeating: 0, count: width * width)
        lathe_gram(rows, count, columns, centers, weights, targets, 2, &scratch, &gram)
        var predictions = [Double](repeating: 0, count: count)
        lathe_linear_predict(rows, count, columns, centers, 0.3, &predictions)
        return sums + predictions + (0..<width).flatMap { row in gram[(row * width + row)..<(row + 1) * width] }
      }
    }
  },
  Kernel("leave_one_out") { count, generator in
    let data = try linearRows(UInt64(count), rows: count + 4, weights: true)
    let report = try RidgeCVRegressor(alphas: [0.1, 3]).fit(data, in: FitContext(threads: 1)).report
    return report.leaveOneOutErrors.flatMap { $0 ?? [-1] }
  },
  Kernel("dot", "add_multiple", "rotate") { count, generator in
    var (x, y) = (numbers(count, &generator), numbers(count, &generator))
    let dot = lathe_dot(x, y, count)
    lathe_add_multiple(&y, 0.3, x, count)
    lathe_rotate(&x, &y, 0.6, 0.8, count)
    return x + y + [dot]
  },
  Kernel("cholesky_step") { count, generator in
    let size = min(count, 40)
    var matrix = numbers(size * size, &generator)
    for place in 0..<size { matrix[place * size + place] = Double(size) }
    for pivot in 0..<size where matrix[pivot * size + pivot] > 0 { lathe_cholesky_step(&matrix, size, pivot) }
    return matrix
  },
  Kernel("sum_errors") { count, generator in
    let actual = numbers(count, &generator).map { $0 > 0.9 ? .nan : $0 }
    let sums = lathe_sum_errors(actual, numbers(count, &generator), count)
    return [Double(sums.count), sums.absolute, sums.difference, sums.squared, sums.actual]
  },
  Kernel("search", "similarities", tolerance: single) { count, generator in
    let dimension = 19
    let (points, queries) = (floats(count * dimension, &generator), floats(3 * dimension, &generator))
    var panels = [Float](repeating: 0, count: Int(LATHE_PANEL) * dimension)
    lathe_pack_queries(queries, 3, dimension, &panels)
    var (thresholds, sizes) = ([Float](repeating: 0, count: Int(LATHE_PANEL)), [Int32](repeating: 0, count: Int(LATHE_PANEL)))
    var (ids, found) = ([Int32](repeating: 0, count: 3 * count), [Float](repeating: 0, count: 3 * count))
    lathe_top_k(points, count, dimension, 0, panels, 3, count, &thresholds, &sizes, &ids, &found)
    var similarities = [Float](repeating: 0, count: count)
    lathe_similarities(points, dimension, queries, Array(ids[..<count]), count, &similarities)
    // Of one CPU both have the same bits.
    #expect(similarities == Array(found[..<count]))
    return found.map { Double($0) }
  },
  Kernel("nearest", "descend", "walk", "walk_passing", "link", "link_back") { count, generator in
    let vectors = Matrix(rowCount: 3 * count, columnCount: 33, values: floats(99 * count, &generator)).normalizingRows()
    let index = try HNSWIndex(vectors, options: try HNSWOptions(m: 4, efConstruction: 20), in: FitContext(threads: 1))
    let passing = Bitmap((0..<3 * count).map { $0 % 2 == 0 })
    var file = ModelWriter()
    index.write(to: &file)
    return try file.bytes().map { Double($0) } + index.search(vectors, k: 3, ef: 8, threads: 1).ids.map { Double($0) }
      + index.search(vectors, k: 3, ef: 8, among: passing, threads: 1).ids.map { Double($0) }
  },
  Kernel("product", tolerance: single) { count, generator in
    let (a, b, bias) = (floats(5 * count, &generator), floats(37 * count, &generator), floats(37, &generator))
    var c = [Float](repeating: 0, count: 5 * 37)
    lathe_product(5, 37, count, a, count, 1, b, 37, bias, &c, 37, 0)
    return c.map { Double($0) }
  },
  Kernel("activate", "activation_gradient", "add", tolerance: single) { count, generator in
    let filled = (count + 15) / 16 * 16
    let inputs = floats(filled, &generator).map { $0 * 8 }
    return [LATHE_IDENTITY, LATHE_RELU, LATHE_TANH, LATHE_LOGISTIC].flatMap { activation in
      var outputs = inputs
      lathe_activate(activation, &outputs, filled)
      var gradient = floats(filled, &generator)
      lathe_activation_gradient(activation, outputs, &gradient, filled)
      lathe_add(&gradient, inputs, filled)
      return (outputs + gradient).map { Double($0) }
    }
  },
  Kernel("adam", "descend", tolerance: single) { count, generator in
    let filled = (count + 15) / 16 * 16
    var update = lathe_update()
    (update.decay, update.scale, update.rate, update.momentum, update.nesterov) = (0.1, 0.5, 0.01, 0.9, 1)
    (update.beta_1, update.beta_2, update.epsilon) = (0.9, 0.99, 1e-3)
    var (weights, others) = (floats(filled, &generator), floats(filled, &generator))
    let gradient = floats(filled, &generator)
    let zeros = [Float](repeating: 0, count: filled)
    var (first, second, velocity) = (zeros, zeros, zeros)
    var squares: [Double] = []
    for _ in 0..<3 {
      squares.append(lathe_adam(&update, &weights, gradient, &first, &second, filled))
      squares.append(lathe_descend(&update, &others, gradient, &velocity, filled))
    }
    return squares + (weights + others + first + second + velocity).map { Double($0) }
  },
]

@Suite("Kernels")
struct KernelTests {
  private func expectNear(_ found: [Double], _ expected: [Double], tolerance: Double, _ words: String) {
    let size = expected.reduce(0) { max($0, abs($1)) }
    let isNear = found.count == expected.count && zip(found, expected).allSatisfy { $0 == $1 || abs($0 - $1) <= tolerance * size }
    #expect(isNear, "\(words)")
  }

  @Test("compute on every kind of CPU what they compute on any, around every register's width", arguments: kernels)
  fileprivate func instances(kernel: Kernel) throws {
    for count in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 300] {
      var expected: [Double]?
      try onEachCPU { cpu in
        var generator = SeededGenerator(seed: UInt64(count))
        let found = try kernel.results(count, &generator)
        #expect(!found.isEmpty && found.allSatisfy { !$0.isNaN })
        expectNear(found, expected ?? found, tolerance: kernel.tolerance, "\(kernel.testDescription), \(count) on \(cpu)")
        expected = expected ?? found
      }
    }
  }

  @Test("have all of them a place among those that are compared")
  func complete() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appending(path: "Sources/CKernels")
    var names: Set<String> = []
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".c") {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      for match in text.matches(of: /(?:CLONES|INSTANCES)\(\s*[\w ]+,\s*(\w+)/) { names.insert(String(match.1)) }
      for match in text.matches(of: /PICK\((\w+)/) { names.insert(String(match.1)) }
    }
    #expect(names.count > 20)
    #expect(names == Set(kernels.flatMap(\.names)))
  }

  @Test("of a kind of CPU are used by the thread that was told so, and by no other")
  func threads() {
    let best = lathe_best_cpu()
    let elsewhere = Mutex<lathe_cpu?>(nil)
    onEachCPU { cpu in
      #expect(lathe_current_cpu() == cpu)
      let thread = Thread { elsewhere.withLock { $0 = lathe_current_cpu() } }
      thread.start()
      while !thread.isFinished { sched_yield() }
      #expect(elsewhere.withLock { $0 } == best)
    }
    #expect(lathe_current_cpu() == best)
  }

  @Test("of every kind of CPU make the same model of the same rows", arguments: SmallEstimators.names)
  func models(name: String) throws {
    let data = try madeRows(120)
    // Few epochs: what rounds otherwise goes its own way in time.
    let estimator = name == "mlp" ? try MLPRegressor(hiddenLayers: [16], maxEpochs: 3) : try SmallEstimators.make(name)
    var expected: (bytes: [UInt8], predictions: [Double])?
    try onEachCPU { cpu in
      let model = try estimator.fitted(data, in: FitContext(seed: 2, threads: 1))
      let found = (bytes: Estimators.bytes(of: model), predictions: try model.predict(data.features, threads: 1)[0])
      guard let expected else { return expected = found }
      // Networks alone are made in single precision with fused operations where there are any.
      if name != "mlp" { #expect(found.bytes == expected.bytes, "\(cpu)") }
      expectNear(found.predictions, expected.predictions, tolerance: name == "mlp" ? single : 0, "\(name) on \(cpu)")
    }
  }
}
