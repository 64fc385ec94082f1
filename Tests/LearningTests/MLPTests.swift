import CKernels
import Foundation
import Synchronization
import Tabular
import Testing

@testable import Learning

/// The loss of a network in double precision, written as plainly as can be.
private func loss(
  _ network: Network, _ weights: [Double], _ inputs: Matrix, _ targets: Matrix, rowWeights: [Double], alpha: Double
) -> Double {
  var errors = 0.0
  for row in 0..<inputs.rowCount {
    var values = inputs.row(row).map { Double($0) }
    for (number, layer) in network.layers.enumerated() {
      values = (0..<layer.units).map { unit in
        var sum = weights[layer.biases + unit]
        for (input, value) in values.enumerated() { sum += value * weights[layer.offset + input * layer.width + unit] }
        guard number + 1 < network.layers.count else { return sum }
        switch network.activation {
        case .relu: return max(0, sum)
        case .tanh: return tanh(sum)
        case .logistic: return 1 / (1 + exp(-sum))
        case .identity: return sum
        }
      }
    }
    for (output, value) in values.enumerated() { errors += rowWeights[row] * pow(value - Double(targets[row, output]), 2) }
  }
  let penalty = network.layers.reduce(0.0) { sum, layer in
    weights[layer.offset..<layer.biases].reduce(sum) { $0 + $1 * $1 }
  }
  return (errors + alpha * penalty) / (2 * rowWeights.reduce(0, +))
}

@Suite("Multi-layer perceptron")
struct MLPTests {
  private static let cpus = [LATHE_BASELINE, LATHE_AVX2, LATHE_AVX512].filter { $0.rawValue <= lathe_best_cpu().rawValue }

  private func message(_ body: () throws -> some Any) -> String {
    do {
      _ = try body()
      return "nothing was refused"
    } catch { return "\(error)" }
  }

  private func matrix(_ rows: Int, _ columns: Int, _ generator: inout SeededGenerator) -> Matrix {
    Matrix(rowCount: rows, columnCount: columns, values: (0..<rows * columns).map { _ in Float(generator.uniform() * 4 - 2) })
  }

  private func bytes(_ model: some Model) -> [UInt8] {
    var file = ModelWriter()
    model.write(to: &file)
    return file.bytes()
  }

  /// Two numbers, one with gaps, and levels; two positive skewed targets that depend on them.
  private func data(_ count: Int, seed: UInt64 = 5, weights: Bool = false, groups: Bool = false) throws -> Dataset {
    var generator = SeededGenerator(seed: seed)
    var (a, b, c): ([Double], [Double], [Int32]) = ([], [], [])
    var targets: [[Double]] = [[], []]
    for _ in 0..<count {
      let (x, y, level) = (generator.uniform() * 2 - 1, generator.uniform() * 2 - 1, generator.integer(below: 4))
      a.append(x)
      b.append(generator.uniform() < 0.1 ? .nan : y)
      c.append(Int32(level) - (level == 3 ? 4 : 0))
      targets[0].append(exp(x + 0.5 * y * y + 0.3 * Double(level)))
      targets[1].append(exp(1 - x * y))
    }
    return try Dataset(
      features: FeatureTable([
        .init("a", .numeric(a)), .init("b", .numeric(b)), .init("c", .categorical(c, levels: ["p", "q", "r"])),
      ]), targets: targets, weights: weights ? (0..<count).map { Double($0 % 4) } : nil, groups: groups ? (0..<count).map { $0 / 3 } : nil)
  }

  private func error(_ model: some Model, _ data: Dataset, output: Int = 0) throws -> Double {
    let predicted = try model.predict(data.features)[output]
    return zip(predicted, data.targets[output]).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(data.rowCount)
  }

  // MARK: Gradients

  @Test(
    "Gradients are the finite differences of the loss, for every activation, number of layers and kind of CPU",
    arguments: Activation.allCases, [[], [5], [17, 3], [4, 33, 6]])
  func gradients(activation: Activation, hidden: [Int]) throws {
    var generator = SeededGenerator(seed: 11)
    let (inputs, targets) = (matrix(45, 7, &generator), matrix(45, 2, &generator))
    let rowWeights = (0..<45).map { $0 % 7 == 0 ? 0 : Double(1 + $0 % 3) }
    let network = Network(sizes: [7] + hidden + [2], activation: activation, &generator)
    // A seventh of the rows is not in the batch, which is in no order.
    let batch = (0..<45).map { Int32($0 * 2 % 45) }.filter { $0 % 7 != 3 }
    let chosen = (0..<45).map { batch.contains(Int32($0)) ? rowWeights[$0] : 0 }
    let exact = network.weights.map { Double($0) }
    let expected = loss(network, exact, inputs, targets, rowWeights: chosen, alpha: 0.3)
    // Some weights of each layer, its biases among them; this loss is slow.
    let places = network.layers.flatMap { layer in
      [layer.biases, layer.biases + layer.units - 1]
        + (0..<10).map { _ in
          layer.offset + generator.integer(below: layer.inputs + 1) * layer.width + generator.integer(below: layer.units)
        }
    }
    let differences = places.map { place in
      let sides = [-1e-5, 1e-5].map { step in
        var moved = exact
        moved[place] += step
        return loss(network, moved, inputs, targets, rowWeights: chosen, alpha: 0.3)
      }
      return (sides[1] - sides[0]) / 2e-5
    }
    #expect(differences.contains { abs($0) > 0.01 })
    for cpu in Self.cpus {
      let trainer = NetworkTrainer(
        network, rows: .init(inputs: inputs, targets: targets, weights: rowWeights.map { Float($0) }), batchLimit: 45, alpha: 0.3, cpu: cpu)
      let step = trainer.step(batch[...], solver: nil, rate: 0, time: 1, threads: 2) { false }
      // Single precision over some hundred additions.
      #expect(abs(step.loss - expected) < 1e-5 * expected)
      #expect(step.weight == chosen.reduce(0, +))
      let gradient = trainer.gradient
      for (place, difference) in zip(places, differences) {
        #expect(abs(Double(gradient[place]) - difference) < 2e-5 * (1 + abs(difference)), "weight \(place) on \(cpu)")
      }
    }
  }

  @Test("Predictions of every kind of CPU are those of plain double precision", arguments: Activation.allCases)
  func forward(activation: Activation) throws {
    var generator = SeededGenerator(seed: 12)
    let network = Network(sizes: [7, 19, 5, 3], activation: activation, &generator)
    for rows in [1, 35, 36, 37, 700] {
      // Beyond ±20 all activations are at their ends.
      var inputs = matrix(rows, 7, &generator)
      for place in inputs.values.indices { inputs.values[place] *= Float([0.01, 1, 30][place % 3]) }
      for cpu in Self.cpus {
        let outputs = network.outputs(for: inputs, threads: 2, cpu: cpu)
        for row in Set([0, rows / 2, rows - 1]) {
          let one = Matrix(rowCount: 1, columnCount: 7, values: Array(inputs.row(row)))
          for output in 0..<3 {
            var targets = Matrix(rowCount: 1, columnCount: 3)
            for other in 0..<3 where other != output { targets[0, other] = outputs[row, other] }
            // The loss against 0 is half of the output's square, as near as the others are right.
            let square = 2 * loss(network, network.weights.map { Double($0) }, one, targets, rowWeights: [1], alpha: 0)
            #expect(abs(abs(Double(outputs[row, output])) - square.squareRoot()) < 2e-5 * (1 + square.squareRoot()))
          }
          #expect(Array(network.outputs(for: one, threads: 1, cpu: cpu).values) == Array(outputs.row(row)), "the same bits alone")
        }
      }
    }
  }

  @Test("A step of each solver moves the weights as its formula says")
  func solvers() throws {
    var generator = SeededGenerator(seed: 13)
    let (inputs, targets) = (matrix(10, 3, &generator), matrix(10, 1, &generator))
    let network = Network(sizes: [3, 4, 1], activation: .tanh, &generator)
    let all = (0..<10).map { Int32($0) }
    let solvers: [NetworkTrainer.Solver] = [
      .adam(beta1: 0.8, beta2: 0.9, epsilon: 1e-3), .descent(momentum: 0.7, nesterov: true), .descent(momentum: 0.7, nesterov: false),
    ]
    for solver in solvers {
      let trainer = NetworkTrainer(network, rows: .init(inputs: inputs, targets: targets, weights: nil), batchLimit: 10, alpha: 0.1)
      var (first, second) = (Array(repeating: 0.0, count: network.weights.count), Array(repeating: 0.0, count: network.weights.count))
      for time in 1...3 {
        let before = trainer.network.weights.map { Double($0) }
        _ = trainer.step(all[...], solver: nil, rate: 0.05, time: time, threads: 1) { false }
        let gradient = trainer.gradient.map { Double($0) }
        _ = trainer.step(all[...], solver: solver, rate: 0.05, time: time, threads: 1) { false }
        for (place, weight) in trainer.network.weights.enumerated() {
          let g = gradient[place]
          var expected = before[place]
          switch solver {
          case .adam:
            first[place] = 0.8 * first[place] + 0.2 * g
            second[place] = 0.9 * second[place] + 0.1 * g * g
            let rate = 0.05 * (1 - pow(0.9, Double(time))).squareRoot() / (1 - pow(0.8, Double(time)))
            expected -= rate * first[place] / (second[place].squareRoot() + 1e-3)
          case .descent(_, let nesterov):
            first[place] = 0.7 * first[place] - 0.05 * g
            expected += nesterov ? 0.7 * first[place] - 0.05 * g : first[place]
          }
          // Adam's quotient is ill-conditioned where gradients are small.
          #expect(abs(Double(weight) - expected) < 2e-5, "\(solver), step \(time), weight \(place)")
        }
      }
    }
  }

  @Test("From the same weights the loss falls as in scikit-learn")
  func peer() throws {
    // Losses of 12 epochs of scikit-learn 1.9.1 in double precision, batches of all rows: MLPRegressor with layers 8 and 6, alpha 0.01.
    let cases: [(Activation, NetworkTrainer.Solver, Float, [Double])] = [
      (
        .relu, .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), 0.05,
        [
          0.330291353, 0.214240191, 0.189610763, 0.184513979, 0.18112287, 0.178048214, 0.172555924, 0.165368081, 0.158731207, 0.153331688,
          0.148201027, 0.140678007,
        ]
      ),
      (
        .tanh, .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), 0.05,
        [
          0.202901685, 0.23310227, 0.17749557, 0.168670149, 0.17339408, 0.168182061, 0.153035666, 0.138967083, 0.131100165, 0.125169374,
          0.118222402, 0.110870819,
        ]
      ),
      (
        .logistic, .descent(momentum: 0.9, nesterov: true), 0.2,
        [
          1.37123259, 0.194166932, 0.409386489, 0.361285909, 0.227899034, 0.186144898, 0.193239946, 0.195358433, 0.189879798, 0.186389379,
          0.186100302, 0.186457565,
        ]
      ),
      (
        .relu, .descent(momentum: 0.8, nesterov: false), 0.2,
        [
          0.330291353, 0.238755422, 0.20006919, 0.20069735, 0.20331456, 0.195903923, 0.182661705, 0.173506303, 0.175510216, 0.179797501,
          0.177685993, 0.17134359,
        ]
      ),
    ]
    let (count, features, sizes) = (300, 5, [5, 8, 6, 1])
    var (inputs, targets) = (Matrix(rowCount: count, columnCount: features), Matrix(rowCount: count, columnCount: 1))
    for i in 0..<count {
      let x = (0..<features).map { j in sin(0.7 * Double(i) + 1.3 * Double(j) + 0.01 * Double(i * j)) }
      for j in 0..<features { inputs[i, j] = Float(x[j]) }
      targets[i, 0] = Float(x[0] * x[1] + cos(2 * x[2]))
    }
    for (activation, solver, rate, expected) in cases {
      var network = Network(sizes: sizes, activation: activation)
      for (l, layer) in network.layers.enumerated() {
        for j in 0..<layer.units {
          for i in 0..<layer.inputs {
            network.weights[layer.offset + i * layer.width + j] = Float(0.5 * sin(3.1 * Double((i + 1) * (j + 2)) + Double(l)))
          }
          network.weights[layer.biases + j] = Float(0.2 * cos(1.7 * Double(j) + Double(l)))
        }
      }
      let trainer = NetworkTrainer(network, rows: .init(inputs: inputs, targets: targets, weights: nil), batchLimit: count, alpha: 0.01)
      for (epoch, value) in expected.enumerated() {
        let step = trainer.step((0..<count).map { Int32($0) }[...], solver: solver, rate: rate, time: epoch + 1, threads: 1) { false }
        // Single precision, and Adam divides by roots of small numbers.
        #expect(abs(step.loss - value) < 2e-5 * (1 + value), "\(activation), \(solver), epoch \(epoch + 1)")
      }
    }
  }

  @Test("Steps have the same bits on any number of threads, for batches of one group of rows and of many")
  func threadsOfSteps() throws {
    var generator = SeededGenerator(seed: 16)
    let (inputs, targets) = (matrix(1100, 9, &generator), matrix(1100, 2, &generator))
    let network = Network(sizes: [9, 70, 20, 2], activation: .relu, &generator)
    func trained(threads: Int) -> Network {
      let trainer = NetworkTrainer(network, rows: .init(inputs: inputs, targets: targets, weights: nil), batchLimit: 1100, alpha: 0.1)
      for (time, count) in [1, 95, 192, 250, 500, 1100].enumerated() {
        let batch = (0..<count).map { Int32($0 * 7 % 1100) }
        _ = trainer.step(
          batch[...], solver: .adam(beta1: 0.9, beta2: 0.99, epsilon: 1e-8), rate: 0.01, time: time + 1, threads: threads
        ) { false }
      }
      return trainer.network
    }
    let one = trained(threads: 1)
    #expect(one.weights != network.weights)
    for _ in 0..<5 { for threads in 2...4 { #expect(trained(threads: threads) == one) } }
  }

  @Test("The gradient of a large batch is the mean of its parts' gradients")
  func largeBatches() throws {
    var generator = SeededGenerator(seed: 17)
    let (inputs, targets) = (matrix(1500, 9, &generator), matrix(1500, 2, &generator))
    let network = Network(sizes: [9, 20, 2], activation: .tanh, &generator)
    let trainer = NetworkTrainer(network, rows: .init(inputs: inputs, targets: targets, weights: nil), batchLimit: 1500, alpha: 0.1)
    let all = (0..<1500).map { Int32($0) }
    func gradient(_ batch: ArraySlice<Int32>) -> [Float] {
      _ = trainer.step(batch, solver: nil, rate: 0, time: 1, threads: 2) { false }
      // Without the penalty, which is divided by the rows of each batch.
      return zip(trainer.gradient.indices, trainer.gradient).map { place, value in
        let isBias = network.layers.contains { place >= $0.biases && place < $0.biases + $0.width }
        return isBias ? value : value - 0.1 * network.weights[place] / Float(batch.count)
      }
    }
    let whole = gradient(all[...])
    var mean = [Float](repeating: 0, count: whole.count)
    for start in stride(from: 0, to: 1500, by: 50) { mean = zip(mean, gradient(all[start..<start + 50])).map { $0 + $1 / 30 } }
    // Sums in another order.
    for (a, b) in zip(whole, mean) { #expect(abs(a - b) < 1e-5) }
    #expect(whole.contains { abs($0) > 0.05 })
  }

  @Test("A row of weight 3 has the loss and gradient of three rows")
  func weightsAreRepetitions() throws {
    var generator = SeededGenerator(seed: 14)
    let (inputs, targets) = (matrix(30, 4, &generator), matrix(30, 2, &generator))
    let weights = (0..<30).map { Float($0 % 4) }
    let network = Network(sizes: [4, 9, 2], activation: .relu, &generator)
    let repeated = (0..<30).flatMap { Array(repeating: $0, count: $0 % 4) }
    func repeating(_ matrix: Matrix) -> Matrix {
      Matrix(rowCount: repeated.count, columnCount: matrix.columnCount, values: repeated.flatMap { matrix.row($0) })
    }
    let one = NetworkTrainer(network, rows: .init(inputs: inputs, targets: targets, weights: weights), batchLimit: 30, alpha: 0.2)
    let other = NetworkTrainer(
      network, rows: .init(inputs: repeating(inputs), targets: repeating(targets), weights: nil), batchLimit: 99, alpha: 0.2)
    let a = one.step((0..<30).map { Int32($0) }[...], solver: nil, rate: 0, time: 1, threads: 1) { false }
    let b = other.step(repeated.indices.map { Int32($0) }[...], solver: nil, rate: 0, time: 1, threads: 1) { false }
    #expect(a.weight == b.weight && abs(a.loss - b.loss) < 1e-6 * b.loss)
    // Sums in another order.
    for (x, y) in zip(one.gradient, other.gradient) { #expect(abs(x - y) < 1e-5) }
    #expect(one.gradient.contains { abs($0) > 0.01 })
  }

  @Test("Initial weights are spread over the bound of scikit-learn's rule", arguments: [Activation.relu, .logistic])
  func initialisation(activation: Activation) throws {
    var generator = SeededGenerator(seed: 15)
    let network = Network(sizes: [36, 128, 1], activation: activation, &generator)
    for layer in network.layers {
      let bound = ((activation == .logistic ? 2 : 6) / Double(layer.inputs + layer.units)).squareRoot()
      let values = (0...layer.inputs).flatMap { row in
        network.weights[layer.offset + row * layer.width..<layer.offset + row * layer.width + layer.units].map { Double($0) }
      }
      #expect(values.allSatisfy { abs($0) <= bound } && (values.map(abs).max() ?? 0) > 0.97 * bound)
      // The variance of an even spread is a third of the bound's square.
      let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      #expect(abs(variance / (bound * bound / 3) - 1) < 0.3)
    }
  }

  // MARK: Fits

  @Test(
    "The same seed gives the same bytes on one and two threads, another seed others",
    arguments: [
      ["hidden_layers": [128, 64], "max_epochs": 3, "batch_size": 1500],
      ["hidden_layers": [300], "max_epochs": 3, "batch_size": 77, "solver": "sgd", "early_stopping": true, "activation": "tanh"],
    ] as [[String: PlainValue]])
  func threads(parameters: [String: PlainValue]) throws {
    // The first has batches that are large enough for several threads.
    let data = try data(2000, weights: true)
    let mlp = try MLPRegressor(parameters)
    let one = try mlp.fit(data, in: FitContext(seed: 1, threads: 1))
    let two = try mlp.fit(data, in: FitContext(seed: 1, threads: 2))
    let three = try mlp.fit(data, in: FitContext(seed: 1, threads: 3))
    #expect(bytes(one) == bytes(two) && bytes(one) == bytes(three))
    #expect(try bytes(one) != bytes(mlp.fit(data, in: FitContext(seed: 2))))
    #expect(try one.predict(data.features, threads: 1) == one.predict(data.features, threads: 2))
    let some = try one.predict(data.features.selecting(rows: [1999, 7]))
    #expect(some == (try one.predict(data.features).map { [$0[1999], $0[7]] }))
  }

  @Test("It learns two targets of numbers, gaps and levels", arguments: Activation.allCases, MLPRegressor.Solver.allCases)
  func learns(activation: Activation, solver: MLPRegressor.Solver) throws {
    let data = try data(600)
    let mlp = try MLPRegressor([
      "activation": .text(activation.rawValue), "solver": .text(solver.rawValue), "hidden_layers": [24], "max_epochs": 60,
      "learning_rate": .number(solver == .sgd ? 0.05 : 0.01), "batch_size": 50,
    ])
    let model = try mlp.fit(data, in: FitContext())
    let curve = model.lossCurve
    #expect(try #require(curve.last) < 0.5 * curve[0] || activation == .identity)
    for output in 0..<2 {
      let mean = data.targets[output].reduce(0, +) / 600
      let spread = data.targets[output].reduce(0) { $0 + abs($1 - mean) } / 600
      let reached = try error(model, data, output: output)
      // A line finds nothing in the second target, a product of two features.
      #expect(reached < (activation == .identity ? (output == 0 ? 0.75 : 1.1) : 0.5) * spread, "output \(output): \(reached) of \(spread)")
    }
  }

  @Test("Without hidden layers it is linear least squares")
  func linear() throws {
    var generator = SeededGenerator(seed: 21)
    let x = (0..<200).map { _ in generator.uniform() }
    let data = try Dataset(features: FeatureTable([.init("x", .numeric(x))]), targets: [x.map { 3 * $0 - 1 }])
    let mlp = try MLPRegressor([
      "hidden_layers": [], "alpha": 0, "learning_rate": 0.05, "max_epochs": 100, "patience": 100, "batch_size": 20,
    ])
    let model = try mlp.fit(data, in: FitContext())
    let far = try model.predict(FeatureTable([.init("x", .numeric([-2, 5]))]))[0]
    #expect(abs(far[0] + 7) < 0.01 && abs(far[1] - 14) < 0.01)
  }

  @Test("Logarithms of a skewed target are fitted and turned back; what is predicted stays within ten times the targets")
  func logTarget() throws {
    let data = try data(600)
    let mlp = try MLPRegressor(hiddenLayers: [16], learningRate: 0.01, maxEpochs: 40, logTarget: true)
    let model = try mlp.fit(data, in: FitContext())
    let predicted = try model.predict(data.features)[0]
    let ratios = zip(predicted, data.targets[0]).map { abs(log($0 / $1)) }
    #expect(ratios.reduce(0, +) / 600 < 0.15)
    let far = try model.predict(
      FeatureTable([
        .init("a", .numeric([1e9, -1e9])), .init("b", .numeric([1e9, 1e9])), .init("c", .categorical([0, 0], levels: ["p"])),
      ]))[0]
    let (least, greatest) = (data.targets[0].min() ?? 0, data.targets[0].max() ?? 0)
    #expect(far.allSatisfy { $0 >= least / 10.001 && $0 <= greatest * 10.001 })
    let zero = try Dataset(features: data.features.selecting(rows: [0, 1]), targets: [[3, 0]], targetNames: ["run"])
    #expect(
      message { try mlp.fit(zero, in: FitContext()) } == "target 'run' is 0.0 at row 2; 'log_target' of mlp needs targets > 0")
    let unweighted = try Dataset(features: zero.features, targets: [[3, 0]], weights: [1, 0])
    #expect(try mlp.fit(unweighted, in: FitContext()).predict(zero.features)[0].allSatisfy { abs($0 - 3) < 1e-9 })
  }

  @Test("Weights are relative, and a row of weight 0 might as well not be there")
  func relativeWeights() throws {
    let data = try data(120, weights: true)
    let mlp = try MLPRegressor(hiddenLayers: [8], maxEpochs: 4)
    let model = try mlp.fit(data, in: FitContext())
    func scaled(_ factor: Double) throws -> Dataset {
      try Dataset(features: data.features, targets: data.targets, weights: data.weights?.map { $0 * factor })
    }
    for factor in [0x1p-900, 0x1p900] { #expect(try bytes(mlp.fit(scaled(factor), in: FitContext())) == bytes(model)) }
    let rows = (0..<120).filter { $0 % 4 != 0 }
    #expect(try bytes(mlp.fit(data.selecting(rows: rows), in: FitContext())) == bytes(model))
    let plain = try Dataset(features: data.features, targets: data.targets)
    #expect(try bytes(mlp.fit(plain, in: FitContext())) != bytes(model))
    let equal = try Dataset(features: data.features, targets: data.targets, weights: Array(repeating: 0.3, count: 120))
    #expect(try bytes(mlp.fit(equal, in: FitContext())) == bytes(mlp.fit(plain, in: FitContext())))
  }

  @Test("It stops when the loss falls no more, and with early stopping keeps the best epoch")
  func stopping() throws {
    let data = try data(300)
    let patient = try MLPRegressor(["hidden_layers": [8], "max_epochs": 50, "tolerance": 1e6, "patience": 3])
    // The first epoch sets the mark, and one more than patience goes by without progress.
    #expect(try patient.fit(data, in: FitContext()).lossCurve.count == 5)
    let adaptive = try MLPRegressor(["hidden_layers": [8], "max_epochs": 50, "tolerance": 1e6, "patience": 3, "schedule": "adaptive"])
    #expect(try adaptive.fit(data, in: FitContext()).lossCurve.count > 15)

    // Noise alone: what is learnt of it is soon worse on other rows.
    var generator = SeededGenerator(seed: 31)
    let noise = try Dataset(features: data.features, targets: [(0..<300).map { _ in generator.uniform() }])
    let parameters: [String: PlainValue] = [
      "hidden_layers": [64], "max_epochs": 200, "learning_rate": 0.01, "early_stopping": true, "validation_share": 0.3, "patience": 5,
    ]
    let early = try MLPRegressor(parameters).fit(noise, in: FitContext())
    #expect(early.lossCurve.count < 100 && early.lossCurve.count == early.validationCurve.count)
    // Trained up to the best epoch, it has the same weights.
    let best = try #require(early.validationCurve.indices.max { early.validationCurve[$0] < early.validationCurve[$1] })
    let short = try MLPRegressor(parameters.merging(["max_epochs": .integer(Int64(best + 1))]) { $1 }).fit(noise, in: FitContext())
    #expect(try short.predict(data.features) == early.predict(data.features))
  }

  @Test("Rows kept aside are about the share that was asked for, each once, and whole groups", arguments: 0..<10 as Range<UInt64>)
  func keptAside(seed: UInt64) throws {
    let mlp = try MLPRegressor(["early_stopping": true, "validation_share": 0.2])
    var generator = SeededGenerator(seed: seed)
    let rows = (0..<300).filter { $0 % 3 > 0 }
    let plain = try mlp.split(rows, nil, &generator)
    #expect(plain.validation.count == 40 && (plain.training + plain.validation).sorted() == rows.map { Int32($0) })
    let groups = (0..<300).map { $0 / 7 }
    let grouped = try mlp.split(rows, groups, &generator)
    #expect((40..<47).contains(grouped.validation.count) && (grouped.training + grouped.validation).sorted() == rows.map { Int32($0) })
    #expect(Set(grouped.training.map { groups[Int($0)] }).isDisjoint(with: grouped.validation.map { groups[Int($0)] }))
    #expect(try mlp.split([5], nil, &generator).training == [5])
    #expect(try mlp.split([5, 6], Array(repeating: 1, count: 7), &generator).training.count == 2)
    let one = try Dataset(features: FeatureTable([.init("a", .numeric([1, 2]))]), targets: [[1, 2]], groups: [4, 4])
    #expect(try mlp.fit(one, in: FitContext()).validationCurve.isEmpty)
  }

  @Test("Schedules change the steps as they say")
  func schedules() throws {
    let data = try data(200)
    func curve(_ schedule: String, epochs: Int = 6) throws -> [Double] {
      try MLPRegressor(["hidden_layers": [8], "max_epochs": .integer(Int64(epochs)), "schedule": .text(schedule), "solver": "sgd"])
        .fit(data, in: FitContext()).lossCurve
    }
    let constant = try curve("constant")
    #expect(try curve("adaptive") == constant)
    let scaled = try curve("inverse_scaling")
    #expect(scaled[0] == constant[0] && scaled[1] == constant[1] && scaled[5] > constant[5])
    let cosine = try curve("cosine")
    #expect(cosine[0] == constant[0] && cosine[5] > constant[5])
  }

  // MARK: Hard input

  @Test("Odd features give a defined result: nothing to learn from is the mean, all else finite")
  func oddFeatures() throws {
    let mlp = try MLPRegressor(hiddenLayers: [6], maxEpochs: 5)
    let codes = (0..<6).map { Int32($0 * 800) }
    let columns: [FeatureTable.Values] = [
      .numeric([1, 1, 1, 1, 1, 1]), .numeric([.nan, .nan, .nan, .nan, .nan, .nan]), .numeric([.infinity, -.infinity, 1, 2, .nan, 3]),
      .numeric([1e300, -1e300, 1e-300, 0, 5, .greatestFiniteMagnitude]), .categorical([0, 0, 0, 0, 0, 0], levels: ["x"]),
      .categorical(codes, levels: (0..<5000).map { "l\($0)" }), .categorical([-1, -1, -1, -1, -1, -1], levels: []),
    ]
    for values in columns {
      let features = try FeatureTable([.init("a", values)])
      let model = try mlp.fit(try Dataset(features: features, targets: [[1, 2, 3, 4, 5, 9]]), in: FitContext())
      #expect(try model.predict(features)[0].allSatisfy(\.isFinite), "\(values)")
    }
    let none = try FeatureTable([], rowCount: 6)
    let linear = try MLPRegressor(["hidden_layers": [], "learning_rate": 0.1, "patience": 150, "max_epochs": 150])
    let model = try linear.fit(try Dataset(features: none, targets: [[1, 2, 3, 4, 5, 9]]), in: FitContext())
    #expect(try model.predict(none)[0].allSatisfy { abs($0 - 4) < 0.01 })
    let row = try FeatureTable([.init("a", .numeric([3]))])
    #expect(try mlp.fit(try Dataset(features: row, targets: [[7]]), in: FitContext()).predict(row) == [[7]])
    #expect(try mlp.fit(try Dataset(features: row, targets: [[7]]), in: FitContext()).predict(row.selecting(rows: [])) == [[]])
  }

  @Test("Huge, tiny and constant targets are fitted in their own scale")
  func oddTargets() throws {
    let features = try FeatureTable([.init("a", .numeric([-1, -1, 1, 1]))])
    let mlp = try MLPRegressor(["hidden_layers": [8], "learning_rate": 0.05, "max_epochs": 200, "patience": 200])
    for size in [1e-300, 1, 1e300, .greatestFiniteMagnitude] {
      let data = try Dataset(features: features, targets: [[-size, -size, size, size]])
      let predicted = try mlp.fit(data, in: FitContext()).predict(features)[0]
      for (value, sign) in zip(predicted, [-1.0, -1, 1, 1]) { #expect(abs(value / size - sign) < 0.02, "\(value) for \(sign * size)") }
    }
    let constant = try Dataset(features: features, targets: [[0.1, 0.1, 0.1, 0.1]])
    #expect(try mlp.fit(constant, in: FitContext()).predict(features)[0].allSatisfy { abs($0 - 0.1) < 1e-15 })
    let raw = try MLPRegressor(["standardise_target": false])
    #expect(
      message { try raw.fit(try Dataset(features: features, targets: [[1, 2, 3, 1e300]]), in: FitContext()) }
        == "target 'y' has a value beyond ±1e15; set 'standardise_target' of mlp")
  }

  @Test("A training that diverges says so and what to change")
  func diverging() throws {
    let mlp = try MLPRegressor(["solver": "sgd", "learning_rate": 1e30, "activation": "identity", "standardise_target": false])
    let text = message { try mlp.fit(try data(400), in: FitContext()) }
    #expect(
      text.hasPrefix("mlp diverged in epoch 1: its loss is no finite number; lower 'learning_rate' (1e+30), set 'standardise_target'"))
  }

  @Test("Bad parameters and no rows are refused")
  func refusals() throws {
    #expect(message { try MLPRegressor(["hiden_layers": [3]]) } == "unknown parameter 'hiden_layers' of mlp; did you mean 'hidden_layers'?")
    #expect(message { try MLPRegressor(hiddenLayers: [0]) }.hasPrefix("'hidden_layers' of mlp must be a list of 0…8 integers 1…4096, got"))
    #expect(message { try MLPRegressor(learningRate: .nan) }.hasPrefix("'learning_rate' of mlp must be a number > 0, got"))
    #expect(message { try MLPRegressor(batchSize: 0) } == "'batch_size' of mlp must be an integer 1…65536, got 0")
    #expect(message { try MLPRegressor(["beta_1": 1]) } == "'beta_1' of mlp must be a number ≥ 0 and < 1, got 1")
    #expect(
      message { try MLPRegressor(["schedule": "step"]) }.hasPrefix(
        "'schedule' of mlp must be 'constant' or 'inverse_scaling' or 'cosine' or 'adaptive', got"))
    let empty = try Dataset(features: FeatureTable([.init("a", .numeric([]))]), targets: [[]])
    #expect(message { try MLPRegressor().fit(empty, in: FitContext()) } == "mlp cannot be fitted on no rows")
    #expect(try MLPRegressor(MLPRegressor().values) == MLPRegressor())
  }

  @Test("A fit can be cancelled at any moment, and tells how far it is")
  func cancellation() throws {
    let data = try data(200)
    let mlp = try MLPRegressor(["hidden_layers": [8], "max_epochs": 5, "batch_size": 50, "early_stopping": true])
    let asked = Atomic<Int>(0)
    let shares = Mutex<[Double]>([])
    let whole = FitContext(
      progress: { share in shares.withLock { $0.append(share) } },
      shouldStop: {
        asked.add(1, ordering: .relaxed)
        return false
      })
    let model = try mlp.fit(data, in: whole)
    #expect(shares.withLock { $0 } == [0.2, 0.4, 0.6, 0.8, 1])
    // Twice a batch and more: 4 batches of 5 epochs.
    let total = asked.load(ordering: .relaxed)
    #expect(total > 40)
    for moment in 0..<total {
      let count = Atomic<Int>(0)
      let context = FitContext(
        threads: 1, shouldStop: { count.add(1, ordering: .relaxed).oldValue == moment ? true : count.load(ordering: .relaxed) > moment })
      #expect(message { try mlp.fit(data, in: context) } == "cancelled")
    }
    #expect(try bytes(mlp.fit(data, in: FitContext())) == bytes(model))
  }

  // MARK: Files

  @Test("A model comes back from its bytes; one that does not fit together is refused and crashes nothing")
  func files() throws {
    let data = try data(60)
    let model = try MLPRegressor(hiddenLayers: [5, 17], maxEpochs: 2, earlyStopping: true).fit(data, in: FitContext())
    let reader = try ModelReader(bytes(model), name: "m.bin")
    let read = try MLPModel(from: reader)
    #expect(read == model)
    #expect(try read.predict(data.features) == model.predict(data.features))

    let sections = [
      "encoder.schema", "encoder", "network.activation", "network.sizes", "network.layer1", "network.layer2", "network.layer3", "names",
      "scales", "loss", "validation",
    ]
    /// A file with one section another.
    func altered(_ section: String, _ add: (inout ModelWriter) -> Void) throws -> String {
      var file = ModelWriter()
      for name in sections {
        if name == section {
          add(&file)
        } else if name.hasPrefix("network.layer") {
          file.add(name, try reader.numbers(name, Float.self))
        } else if name == "network.sizes" {
          file.add(name, try reader.numbers(name, Int64.self))
        } else if name == "loss" || name == "validation" {
          file.add(name, try reader.numbers(name, Double.self))
        } else {
          file.add(name, try reader.numbers(name, UInt8.self))
        }
      }
      let bytes = file.bytes()
      return message { try MLPModel(from: ModelReader(bytes, name: "m.bin")) }
    }
    #expect(try altered("none") { _ in } == "nothing was refused")
    for section in sections {
      #expect(try altered(section) { _ in } == "m.bin has no section '\(section)'")
      #expect(try altered(section) { $0.add(section, [UInt16(1)]) } == "section '\(section)' of m.bin has numbers of another type")
    }
    let inputs = try reader.numbers("network.sizes", Int64.self)[0]
    for sizes in [
      [], [inputs], [inputs, 5, 17, 0], [inputs, -5, 17, 2], [inputs, 5, 1 << 40, 2], [-1, 5, 17, 2], [inputs, .max, 17, 2],
    ] {
      #expect(try altered("network.sizes") { $0.add("network.sizes", sizes) } == "m.bin: its layers have impossible sizes: \(sizes)")
    }
    for sizes in [[inputs, 5, 16, 2], [inputs + 1, 5, 17, 2]] {
      #expect(try altered("network.sizes") { $0.add("network.sizes", sizes) }.hasPrefix("m.bin: layer "))
    }
    // Each size by itself is possible, and what they ask for is not there.
    #expect(try altered("network.sizes") { $0.add("network.sizes", [1 << 23, 1 << 23, 17, 2] as [Int64]) }.hasPrefix("m.bin: layer 1 has"))
    var weights = try reader.numbers("network.layer2", Float.self)
    for value in [Float.nan, .infinity] {
      weights[3] = value
      #expect(
        try altered("network.layer2") { $0.add("network.layer2", weights) } == "m.bin: layer 2 has a weight that is no finite number")
    }
    #expect(try altered("network.layer3") { $0.add("network.layer3", [Float(1)]) } == "m.bin: layer 3 has 1 weights, its sizes ask for 36")
    #expect(try altered("network.activation") { $0.add("network.activation", json: ["sine"]) } == "m.bin: its activation is not known")
    #expect(
      try altered("names") { $0.add("names", json: ["y"]) } == "m.bin: the network has 2 outputs and 2 scales for 1 target")
    let scales = String(decoding: try reader.numbers("scales", UInt8.self), as: UTF8.self)
    let broken = scales.replacing(/"scale":[0-9.e+-]+/, with: "\"scale\":\"nan\"")
    #expect(broken != scales)
    #expect(try altered("scales") { $0.add("scales", Array(broken.utf8)) } == "m.bin: the scale of a target does not fit together")
    let other = try DenseEncoder(fitting: try FeatureTable([.init("a", .numeric([1, 2]))]))
    var file = ModelWriter()
    other.write(to: &file)
    let schema = try ModelReader(file.bytes(), name: "o").numbers("encoder", UInt8.self)
    #expect(try altered("encoder") { $0.add("encoder", schema) } == "m.bin: 1 encodings for 3 features")
  }
}
