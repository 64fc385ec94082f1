import CKernels
import Tabular

/// Weights on their way: what a network learns from batches of rows.
///
/// A batch is worked on in two regions. In the first each part takes a group of rows forward through all layers and back, and sums up
/// the weights' gradients over them; in the second each part takes some weights, adds up the groups' gradients, and moves them. How
/// rows are grouped depends on the batch alone, so that the bits do not depend on how many threads there are. Splitting the sums by
/// weights, so that there is nothing to add up, moves more between cores: all activations go from one to the other, 340 kB a batch of
/// 200 with layers 36-128-64-1, while the gradients have 52 kB.
///
/// `@unchecked Sendable` is safe: a method of it runs at a time (the fit owns it), and within a region parts write to the gradients of
/// their group, its buffers, or disjoint weights, and read only what no other part of that region writes. Pointers come
/// from `allocate` with the sizes that the kernels ask for and are given back in `deinit` alone.
final class NetworkTrainer: @unchecked Sendable {
  /// What is learnt from; all three have a row each.
  struct Rows {
    let inputs, targets: Matrix
    /// How much each row counts; `nil`: 1.
    let weights: [Float]?
  }

  /// How weights follow their gradient.
  enum Solver: Hashable {
    case adam(beta1: Float, beta2: Float, epsilon: Float)
    case descent(momentum: Float, nesterov: Bool)
  }

  /// What a step is about.
  private struct Job {
    var batch: ArraySlice<Int32> = []
    var groups = 0
    var solver: Solver?
    var update = lathe_update()
    var isCancelled: @Sendable () -> Bool = { false }
  }

  /// Some rows of a layer's weights, or its biases.
  private struct WeightPart {
    let layer: Int
    let rows: Range<Int>
    let isBias: Bool
  }

  /// What a group needs for a block of rows: their inputs, each layer's outputs and the gradients of these.
  private struct Buffers {
    let inputs: UnsafeMutablePointer<Float>
    let outputs, deltas: [UnsafeMutablePointer<Float>]
  }

  /// The most groups of a batch, rows of a group that are worth a thread, and rows that go through the layers together.
  private static let mostGroups = 8, leastRows = 96, block = 128

  private let shape: Network
  private let rows: Rows
  private let alpha: Double
  private let batchLimit: Int
  private let weightParts: [WeightPart]
  /// Weights and the solver's moments; weights once more, with rows and columns exchanged.
  private let weights, first, second, transposed: UnsafeMutablePointer<Float>
  private let transposedOffsets: [Int]
  /// Each group's gradient without the penalty; after a step the first has their sum.
  private let gradients: [UnsafeMutablePointer<Float>]
  private let buffers: [Buffers]
  /// Each group's weighted squared errors, and each weight part's squares.
  private let losses, squares: UnsafeMutablePointer<Double>
  private let one: UnsafeMutablePointer<Float>
  /// Written between regions alone.
  private var job = Job()
  private var batchWeight = 1.0

  /// Makes a trainer of `network`.
  ///
  /// - Parameter alpha: Strength of the penalty on squared weights (not biases), divided by the batch's weight as in scikit-learn.
  init(_ network: Network, rows: Rows, batchLimit: Int, alpha: Double) {
    precondition(rows.inputs.columnCount == network.inputCount && rows.targets.columnCount == network.outputCount)
    precondition(rows.inputs.rowCount == rows.targets.rowCount && rows.weights.map { $0.count == rows.inputs.rowCount } ?? true)
    shape = network
    self.rows = rows
    self.alpha = alpha
    self.batchLimit = batchLimit
    func buffer(_ count: Int) -> UnsafeMutablePointer<Float> {
      let buffer = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count))
      buffer.initialize(repeating: 0, count: max(1, count))
      return buffer
    }
    weights = buffer(network.weights.count)
    first = buffer(network.weights.count)
    second = buffer(network.weights.count)
    let groups = Self.groups(batchLimit)
    gradients = (0..<groups).map { _ in buffer(network.weights.count) }
    let height = min(batchLimit, Self.block)
    buffers = (0..<groups).map { _ in
      Buffers(
        inputs: buffer(height * network.inputCount), outputs: network.layers.map { buffer(height * $0.width) },
        deltas: network.layers.map { buffer(height * $0.width) })
    }
    one = buffer(1)
    one[0] = 1
    var offsets: [Int] = []
    var size = 0
    for (number, layer) in network.layers.enumerated() {
      offsets.append(size)
      // The first layer's inputs want no gradient.
      if number > 0 { size += layer.units * network.layers[number - 1].width }
    }
    transposedOffsets = offsets
    transposed = buffer(size)
    weightParts = network.layers.enumerated().flatMap { number, layer -> [WeightPart] in
      let height = max(1, 2048 / layer.width)
      return stride(from: 0, to: layer.inputs, by: height).map {
        WeightPart(layer: number, rows: $0..<min(layer.inputs, $0 + height), isBias: false)
      } + [WeightPart(layer: number, rows: layer.inputs..<layer.inputs + 1, isBias: true)]
    }
    losses = .allocate(capacity: groups)
    losses.initialize(repeating: 0, count: groups)
    squares = .allocate(capacity: weightParts.count)
    squares.initialize(repeating: 0, count: weightParts.count)
    setWeights(network.weights)
  }

  deinit {
    for buffer in [weights, first, second, transposed, one] + gradients { buffer.deallocate() }
    for buffer in buffers.flatMap({ [$0.inputs] + $0.outputs + $0.deltas }) { buffer.deallocate() }
    losses.deallocate()
    squares.deallocate()
  }

  private static func groups(_ rows: Int) -> Int { max(1, min(mostGroups, rows / leastRows)) }

  /// The network with the weights of now.
  var network: Network {
    var network = shape
    network.weights = Array(UnsafeBufferPointer(start: weights, count: network.weights.count))
    return network
  }

  /// Gradient of the last batch's loss, laid out like the weights, with the penalty.
  var gradient: [Float] {
    var all = Array(UnsafeBufferPointer(start: gradients[0], count: shape.weights.count))
    for layer in shape.layers {
      for place in layer.offset..<layer.biases { all[place] += Float(alpha) * weights[place] }
    }
    return all.map { $0 / Float(batchWeight) }
  }

  private func setWeights(_ values: [Float]) {
    weights.update(from: values, count: values.count)
    for (number, layer) in shape.layers.enumerated() where number > 0 {
      for row in 0..<layer.inputs {
        for unit in 0..<layer.units {
          transposed[transposedOffsets[number] + unit * shape.layers[number - 1].width + row] =
            weights[layer.offset + row * layer.width + unit]
        }
      }
    }
  }

  /// Learns from the rows `batch`, at least 1 and at most the limit; returns their loss before, and their weight.
  ///
  /// The loss is half of the weighted mean of squared errors, summed over the outputs, and half of alpha times the sum of squared
  /// weights by the batch's weight. Without a solver the gradient alone is computed. `isCancelled` is asked between parts; what was
  /// computed then is of no use.
  func step(
    _ batch: ArraySlice<Int32>, solver: Solver?, rate: Float, time: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool
  ) -> (loss: Double, weight: Double) {
    precondition(!batch.isEmpty && batch.count <= batchLimit)
    let weight = rows.weights.map { weights in batch.reduce(0) { $0 + Double(weights[Int($1)]) } } ?? Double(batch.count)
    batchWeight = weight
    var update = lathe_update()
    update.scale = Float(1 / weight)
    update.rate = rate
    switch solver {
    case .adam(let beta1, let beta2, let epsilon)?:
      (update.beta_1, update.beta_2, update.epsilon) = (beta1, beta2, epsilon)
      update.rate = Float(
        Double(rate) * (1 - power(Double(beta2), time)).squareRoot() / (1 - power(Double(beta1), time)))
    case .descent(let momentum, let nesterov)?: (update.momentum, update.nesterov) = (momentum, nesterov ? 1 : 0)
    case nil: break
    }
    let groups = Self.groups(batch.count)
    job = Job(batch: batch, groups: groups, solver: solver, update: update, isCancelled: isCancelled)
    inParallel(groups, threads: threads) { self.learn($0) }
    inParallel(weightParts.count, threads: threads) { part in
      if !self.job.isCancelled() { self.squares[part] = self.move(self.weightParts[part]) }
    }
    var (error, penalty) = (0.0, 0.0)
    for group in 0..<groups { error += losses[group] }
    for (part, place) in weightParts.enumerated() where !place.isBias { penalty += squares[part] }
    return ((error + alpha * penalty) / (2 * weight), weight)
  }

  /// Sums up errors and gradients of a group of the batch's rows.
  private func learn(_ part: Int) {
    let group = part * job.batch.count / job.groups..<(part + 1) * job.batch.count / job.groups
    losses[part] = 0
    for start in stride(from: group.lowerBound, to: group.upperBound, by: Self.block) {
      if job.isCancelled() { return }
      let places = start..<min(group.upperBound, start + Self.block)
      losses[part] += passThrough(places, buffers[part])
      addGradients(places.count, buffers[part], gradients[part], isFirst: start == group.lowerBound)
    }
  }

  /// Takes the batch's rows at `places` through the layers and their errors back; returns the sum of weighted squared errors.
  private func passThrough(_ places: Range<Int>, _ buffers: Buffers) -> Double {
    let (count, inputCount, batch) = (places.count, shape.inputCount, job.batch)
    rows.inputs.values.withUnsafeBufferPointer { all in
      guard let base = all.baseAddress else { return }
      for (place, row) in batch[batch.startIndex + places.lowerBound..<batch.startIndex + places.upperBound].enumerated() {
        (buffers.inputs + place * inputCount).update(from: base + Int(row) * inputCount, count: inputCount)
      }
    }
    var (from, width) = (buffers.inputs, inputCount)
    for (number, layer) in shape.layers.enumerated() {
      let to = buffers.outputs[number]
      lathe_product(
        count, layer.width, layer.inputs, from, width, 1, weights + layer.offset, layer.width, weights + layer.biases, to, layer.width,
        0)
      if number + 1 < shape.layers.count { lathe_activate(shape.activation.kernel, to, count * layer.width) }
      (from, width) = (to, layer.width)
    }
    let last = shape.layers.count - 1
    var loss = 0.0
    for place in 0..<count {
      let row = Int(batch[batch.startIndex + places.lowerBound + place])
      let weight = rows.weights?[row] ?? 1
      for output in 0..<shape.outputCount {
        let at = place * width + output
        let error = buffers.outputs[last][at] - rows.targets[row, output]
        buffers.deltas[last][at] = error * weight
        loss += Double(error) * Double(error) * Double(weight)
      }
    }
    for number in stride(from: last, to: 0, by: -1) {
      let (layer, before) = (shape.layers[number], shape.layers[number - 1])
      let to = buffers.deltas[number - 1]
      lathe_product(
        count, before.width, layer.units, buffers.deltas[number], layer.width, 1, transposed + transposedOffsets[number], before.width,
        nil, to, before.width, 0)
      lathe_activation_gradient(shape.activation.kernel, buffers.outputs[number - 1], to, count * before.width)
    }
    return loss
  }

  /// Adds the gradients of all weights over a block of rows to those of their group.
  private func addGradients(_ count: Int, _ buffers: Buffers, _ gradients: UnsafeMutablePointer<Float>, isFirst: Bool) {
    for (number, layer) in shape.layers.enumerated() {
      let (below, belowWidth) = number > 0 ? (buffers.outputs[number - 1], shape.layers[number - 1].width) : (buffers.inputs, layer.inputs)
      lathe_product(
        layer.inputs, layer.width, count, below, 1, belowWidth, buffers.deltas[number], layer.width, nil, gradients + layer.offset,
        layer.width, isFirst ? 0 : 1)
      // Biases are the weights of an input that is always 1.
      lathe_product(
        1, layer.width, count, one, 0, 0, buffers.deltas[number], layer.width, nil, gradients + layer.biases, layer.width,
        isFirst ? 0 : 1)
    }
  }

  /// Adds up the groups' gradients of some weights and moves these; returns the sum of their squares before.
  private func move(_ part: WeightPart) -> Double {
    let layer = shape.layers[part.layer]
    let at = layer.offset + part.rows.lowerBound * layer.width
    let count = part.rows.count * layer.width
    for group in 1..<max(1, job.groups) { lathe_add(gradients[0] + at, gradients[group] + at, count) }
    var update = job.update
    update.decay = part.isBias ? 0 : Float(alpha)
    let squares: Double
    switch job.solver {
    case nil: return UnsafeBufferPointer(start: weights + at, count: count).reduce(0) { $0 + Double($1) * Double($1) }
    case .adam: squares = lathe_adam(&update, weights + at, gradients[0] + at, first + at, second + at, count)
    case .descent: squares = lathe_descend(&update, weights + at, gradients[0] + at, first + at, count)
    }
    if part.layer > 0, !part.isBias {
      let belowWidth = shape.layers[part.layer - 1].width
      lathe_transpose(
        part.rows.count, layer.units, weights + at, layer.width, transposed + transposedOffsets[part.layer] + part.rows.lowerBound,
        belowWidth)
    }
    return squares
  }
}

/// `base` to the power of a whole number, by multiplications: the same bits whatever the machine's library.
private func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, factor, rest) = (1.0, base, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result *= factor }
    factor *= factor
    rest >>= 1
  }
  return result
}
