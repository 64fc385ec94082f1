import CKernels
import Tabular

/// What a hidden unit makes of its weighted inputs.
public enum Activation: String, CaseIterable, Hashable, Sendable {
  /// The greater of 0 and the sum.
  case relu
  /// The hyperbolic tangent.
  case tanh
  /// 1 ÷ (1 + e^−sum).
  case logistic
  /// The sum as it is: the network is linear.
  case identity

  var kernel: lathe_activation {
    switch self {
    case .relu: LATHE_RELU
    case .tanh: LATHE_TANH
    case .logistic: LATHE_LOGISTIC
    case .identity: LATHE_IDENTITY
    }
  }
}

/// Units in layers, each fed by all of the layer before; the last layer sums only.
///
/// The weights of a layer lie row after row, one row an input of the layer and a last one of biases, each filled up with zeros to a
/// multiple of 16 numbers. All layers lie in one array, one after the other.
struct Network: Hashable, Sendable {
  /// Sizes and places of one layer.
  struct Layer: Hashable, Sendable {
    /// Inputs, units, and units filled up to a multiple of 16.
    let inputs, units, width: Int
    /// Where its weights begin.
    let offset: Int

    /// Weights and biases, filled up.
    var count: Int { (inputs + 1) * width }
    /// Where its biases begin.
    var biases: Int { offset + inputs * width }
  }

  let activation: Activation
  let layers: [Layer]
  /// All weights and biases.
  var weights: [Float]

  /// Makes a network of zeros; `sizes` are the inputs, the hidden layers' units and the outputs.
  init(sizes: [Int], activation: Activation) {
    self.activation = activation
    var (layers, offset): ([Layer], Int) = ([], 0)
    for (inputs, units) in zip(sizes, sizes.dropFirst()) {
      let width = (units + Int(LATHE_LANES) - 1) / Int(LATHE_LANES) * Int(LATHE_LANES)
      layers.append(Layer(inputs: inputs, units: units, width: width, offset: offset))
      offset += (inputs + 1) * width
    }
    self.layers = layers
    weights = Array(repeating: 0, count: offset)
  }

  /// Makes a network to train: weights and biases evenly spread over ±√(6 ÷ (inputs + units)), for the logistic function ±√(2 ÷ …).
  ///
  /// X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, equation 16, with
  /// biases and the factor for the logistic function as scikit-learn has them.
  init(sizes: [Int], activation: Activation, _ generator: inout SeededGenerator) {
    self.init(sizes: sizes, activation: activation)
    for layer in layers {
      let bound = ((activation == .logistic ? 2 : 6) / Double(max(1, layer.inputs + layer.units))).squareRoot()
      for row in 0...layer.inputs {
        for unit in 0..<layer.units { weights[layer.offset + row * layer.width + unit] = Float((generator.uniform() * 2 - 1) * bound) }
      }
    }
  }

  /// Number of inputs and of outputs.
  var inputCount: Int { layers.first?.inputs ?? 0 }
  var outputCount: Int { layers.last?.units ?? 0 }

  /// Adds sections `network.sizes`, and for each layer its weights, row after row, an input a row, the biases last.
  func write(to file: inout ModelWriter) {
    file.add("network.activation", json: [activation.rawValue])
    file.add("network.sizes", [Int64(inputCount)] + layers.map { Int64($0.units) })
    for (number, layer) in layers.enumerated() {
      file.add(
        "network.layer\(number + 1)",
        (0...layer.inputs).flatMap { row in weights[layer.offset + row * layer.width..<layer.offset + row * layer.width + layer.units] })
    }
  }

  /// Reads a network; throws when sizes and weights do not agree or a weight is no finite number.
  init(from file: ModelReader) throws(LearningError) {
    guard let activation = try file.json("network.activation", [String].self).first.flatMap(Activation.init(rawValue:)) else {
      throw file.fault("its activation is not known")
    }
    let sizes = try file.numbers("network.sizes", Int64.self)
    // Sizes are checked against what the file holds before anything is made from them.
    guard sizes.count >= 2, sizes.count <= 100, sizes[0] >= 0, sizes.dropFirst().allSatisfy({ $0 >= 1 }),
      sizes.allSatisfy({ $0 < 1 << 24 })
    else { throw file.fault("its layers have impossible sizes: \(sizes)") }
    var layers: [[Float]] = []
    for number in 1..<sizes.count {
      let weights = try file.numbers("network.layer\(number)", Float.self)
      guard weights.count == Int((sizes[number - 1] + 1) * sizes[number]) else {
        throw file.fault("layer \(number) has \(weights.count) weights, its sizes ask for \((sizes[number - 1] + 1) * sizes[number])")
      }
      guard weights.allSatisfy(\.isFinite) else { throw file.fault("layer \(number) has a weight that is no finite number") }
      layers.append(weights)
    }
    self.init(sizes: sizes.map { Int($0) }, activation: activation)
    for (layer, values) in zip(self.layers, layers) {
      for row in 0...layer.inputs {
        for unit in 0..<layer.units { weights[layer.offset + row * layer.width + unit] = values[row * layer.units + unit] }
      }
    }
  }
}
