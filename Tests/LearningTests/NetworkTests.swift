import CKernels
import Foundation
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

@Suite("A network")
struct NetworkTests {
  private func matrix(_ rows: Int, _ columns: Int, _ generator: inout SeededGenerator) -> Matrix {
    Matrix(rowCount: rows, columnCount: columns, values: (0..<rows * columns).map { _ in Float(generator.uniform() * 4 - 2) })
  }

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
    onEachCPU { cpu in
      let trainer = NetworkTrainer(
        network, rows: .init(inputs: inputs, targets: targets, weights: rowWeights.map { Float($0) }), batchLimit: 45, alpha: 0.3)
      let step = trainer.step(batch[...], solver: nil, rate: 0, time: 1, threads: 1) { false }
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
      onEachCPU { cpu in
        let outputs = network.outputs(for: inputs, threads: 1)
        for row in Set([0, rows / 2, rows - 1]) {
          let one = Matrix(rowCount: 1, columnCount: 7, values: Array(inputs.row(row)))
          for output in 0..<3 {
            var targets = Matrix(rowCount: 1, columnCount: 3)
            for other in 0..<3 where other != output { targets[0, other] = outputs[row, other] }
            // The loss against 0 is half of the output's square, as near as the others are right.
            let square = 2 * loss(network, network.weights.map { Double($0) }, one, targets, rowWeights: [1], alpha: 0)
            #expect(abs(abs(Double(outputs[row, output])) - square.squareRoot()) < 2e-5 * (1 + square.squareRoot()))
          }
          #expect(Array(network.outputs(for: one, threads: 1).values) == Array(outputs.row(row)), "the same bits alone")
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
}
