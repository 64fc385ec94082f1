import CKernels
import Tabular

/// Weights on their way: what a network learns from batches of rows.
///
/// A batch is worked on in two regions. In the first each part takes some rows forward through all layers and back; in the second each
/// takes some weights, sums up their gradient over the whole batch, and moves them. Every number is thus computed by one thread in one
/// order, so that the bits do not depend on how many threads there are, and no thread waits for another but at the regions' ends.
/// (Splitting by rows alone, with gradients added up afterwards, would have as many regions and move as much between the cores.)
///
/// `@unchecked Sendable` is safe: a method of it runs at a time (the fit owns it), and within a region parts write to disjoint rows of
/// the batch or disjoint weights, and read only what no part of that region writes. Pointers come from `allocate` with the sizes that
/// the kernels ask for and are given back in `deinit` alone.
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

  private struct WeightPart {
    /// Which layer; rows of its weights, of which the last may be the biases alone; columns.
    let layer: Int
    let rows, columns: Range<Int>
    var isBias: Bool
  }

  private let shape: Network
  private let rows: Rows
  private let alpha: Double
  private let batchLimit: Int
  private let cpu: lathe_cpu
  private let weightParts: [WeightPart]
  /// Weights, their gradient without the penalty, and the solver's moments; weights once more, with rows and columns exchanged.
  private let weights, gradients, first, second, transposed: UnsafeMutablePointer<Float>
  private let transposedOffsets: [Int]
  /// The batch: its inputs, each layer's outputs and their gradients, `batchLimit` rows each.
  private let inputs: UnsafeMutablePointer<Float>
  private let outputs, deltas: [UnsafeMutablePointer<Float>]
  private let losses, squares: UnsafeMutablePointer<Double>
  private let one: UnsafeMutablePointer<Float>

  /// Makes a trainer of `network`.
  ///
  /// - Parameter alpha: Strength of the penalty on squared weights (not biases), divided by the batch's weight as in scikit-learn.
  init(_ network: Network, rows: Rows, batchLimit: Int, alpha: Double, cpu: lathe_cpu = .best) {
    precondition(rows.inputs.columnCount == network.inputCount && rows.targets.columnCount == network.outputCount)
    precondition(rows.inputs.rowCount == rows.targets.rowCount && rows.weights.map { $0.count == rows.inputs.rowCount } ?? true)
    shape = network
    self.rows = rows
    self.alpha = alpha
    self.batchLimit = batchLimit
    self.cpu = cpu
    func buffer(_ count: Int) -> UnsafeMutablePointer<Float> {
      let buffer = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count))
      buffer.initialize(repeating: 0, count: max(1, count))
      return buffer
    }
    weights = buffer(network.weights.count)
    gradients = buffer(network.weights.count)
    first = buffer(network.weights.count)
    second = buffer(network.weights.count)
    inputs = buffer(batchLimit * network.inputCount)
    outputs = network.layers.map { buffer(batchLimit * $0.width) }
    deltas = network.layers.map { buffer(batchLimit * $0.width) }
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
      stride(from: 0, to: layer.width, by: 256).flatMap { column -> [WeightPart] in
        let columns = column..<min(layer.width, column + 256)
        return stride(from: 0, to: layer.inputs, by: 24).map {
          WeightPart(layer: number, rows: $0..<min(layer.inputs, $0 + 24), columns: columns, isBias: false)
        } + [WeightPart(layer: number, rows: layer.inputs..<layer.inputs + 1, columns: columns, isBias: true)]
      }
    }
    losses = .allocate(capacity: batchLimit / Network.chunk + 1)
    losses.initialize(repeating: 0, count: batchLimit / Network.chunk + 1)
    squares = .allocate(capacity: weightParts.count)
    squares.initialize(repeating: 0, count: weightParts.count)
    setWeights(network.weights)
  }

  deinit {
    for buffer in [weights, gradients, first, second, transposed, inputs, one] + outputs + deltas { buffer.deallocate() }
    losses.deallocate()
    squares.deallocate()
  }

  /// The network with the weights of now.
  var network: Network {
    var network = shape
    network.weights = Array(UnsafeBufferPointer(start: weights, count: network.weights.count))
    return network
  }

  /// Gradient of the last batch's loss, laid out like the weights, with the penalty.
  var gradient: [Float] {
    var all = Array(UnsafeBufferPointer(start: gradients, count: shape.weights.count))
    for layer in shape.layers {
      for place in layer.offset..<layer.biases { all[place] += Float(alpha) * weights[place] }
    }
    return all.map { $0 / Float(batchWeight) }
  }
  private var batchWeight = 1.0

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
    _ batch: ArraySlice<Int32>, solver: Solver?, rate: Float, time: Int, threads: Int, isCancelled: @Sendable () -> Bool
  ) -> (loss: Double, weight: Double) {
    precondition(!batch.isEmpty && batch.count <= batchLimit)
    let weight = rows.weights.map { weights in batch.reduce(0) { $0 + Double(weights[Int($1)]) } } ?? Double(batch.count)
    batchWeight = weight
    let chunks = (batch.count + Network.chunk - 1) / Network.chunk
    // As equal as can be, and the same however many threads there are.
    inParallel(chunks, threads: threads) { chunk in
      if isCancelled() { return }
      let places = chunk * batch.count / chunks..<(chunk + 1) * batch.count / chunks
      losses[chunk] = passThrough(batch, places)
    }
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
    inParallel(weightParts.count, threads: threads) { [update] part in
      if isCancelled() { return }
      squares[part] = move(weightParts[part], batchCount: batch.count, solver, update)
    }
    var (error, penalty) = (0.0, 0.0)
    for chunk in 0..<chunks { error += losses[chunk] }
    for (part, place) in weightParts.enumerated() where !place.isBias { penalty += squares[part] }
    return ((error + alpha * penalty) / (2 * weight), weight)
  }

  /// Takes the rows of `batch` at `places` through the layers and their errors back; returns the sum of weighted squared errors.
  private func passThrough(_ batch: ArraySlice<Int32>, _ places: Range<Int>) -> Double {
    let (start, count, inputCount) = (places.lowerBound, places.count, shape.inputCount)
    rows.inputs.values.withUnsafeBufferPointer { all in
      for place in places {
        let row = Int(batch[batch.startIndex + place])
        if let base = all.baseAddress { (inputs + place * inputCount).update(from: base + row * inputCount, count: inputCount) }
      }
    }
    var (from, width) = (inputs + start * inputCount, inputCount)
    for (number, layer) in shape.layers.enumerated() {
      let to = outputs[number] + start * layer.width
      lathe_product(
        cpu, count, layer.width, layer.inputs, from, width, 1, weights + layer.offset, layer.width, weights + layer.biases, to, layer.width)
      if number + 1 < shape.layers.count { lathe_activate(cpu, shape.activation.kernel, to, count * layer.width) }
      (from, width) = (to, layer.width)
    }
    let last = shape.layers.count - 1
    var loss = 0.0
    for place in places {
      let row = Int(batch[batch.startIndex + place])
      let weight = rows.weights?[row] ?? 1
      for output in 0..<shape.outputCount {
        let at = place * width + output
        let error = outputs[last][at] - rows.targets[row, output]
        deltas[last][at] = error * weight
        loss += Double(error) * Double(error) * Double(weight)
      }
    }
    for number in stride(from: last, to: 0, by: -1) {
      let (layer, before) = (shape.layers[number], shape.layers[number - 1])
      let to = deltas[number - 1] + start * before.width
      lathe_product(
        cpu, count, before.width, layer.units, deltas[number] + start * layer.width, layer.width, 1, transposed + transposedOffsets[number],
        before.width, nil, to, before.width)
      lathe_activation_gradient(cpu, shape.activation.kernel, outputs[number - 1] + start * before.width, to, count * before.width)
    }
    return loss
  }

  /// Sums up the gradient of some weights over the batch and moves them; returns the sum of their squares before.
  private func move(_ part: WeightPart, batchCount: Int, _ solver: Solver?, _ update: lathe_update) -> Double {
    let layer = shape.layers[part.layer]
    let below = part.layer > 0 ? outputs[part.layer - 1] : inputs
    let belowWidth = part.layer > 0 ? shape.layers[part.layer - 1].width : shape.inputCount
    let place = layer.offset + part.rows.lowerBound * layer.width + part.columns.lowerBound
    // Biases are the weights of an input that is always 1.
    let from = part.isBias ? one : below + part.rows.lowerBound
    lathe_product(
      cpu, part.rows.count, part.columns.count, batchCount, from, part.isBias ? 0 : 1, part.isBias ? 0 : belowWidth,
      deltas[part.layer] + part.columns.lowerBound, layer.width, nil, gradients + place, layer.width)
    var update = update
    update.decay = part.isBias ? 0 : Float(alpha)
    var squares = 0.0
    // Rows that lie one after the other are moved at once.
    let isWhole = part.columns.count == layer.width
    for row in 0..<(isWhole ? 1 : part.rows.count) {
      let at = place + row * layer.width
      let count = isWhole ? part.rows.count * layer.width : part.columns.count
      switch solver {
      case nil: squares += UnsafeBufferPointer(start: weights + at, count: count).reduce(0) { $0 + Double($1) * Double($1) }
      case .adam: squares += lathe_adam(cpu, &update, weights + at, gradients + at, first + at, second + at, count)
      case .descent: squares += lathe_descend(cpu, &update, weights + at, gradients + at, first + at, count)
      }
    }
    if part.layer > 0, !part.isBias {
      let units = min(layer.units, part.columns.upperBound) - part.columns.lowerBound
      lathe_transpose(
        part.rows.count, units, weights + place, layer.width,
        transposed + transposedOffsets[part.layer] + part.columns.lowerBound * belowWidth + part.rows.lowerBound, belowWidth)
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
