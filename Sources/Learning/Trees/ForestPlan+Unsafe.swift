import CKernels
import Synchronization

/// What all trees of a forest share.
struct ForestPlan: Sendable {
  let targets: [ScaledNumbers]
  let weights: [Double]?
  let rows: BinnedRows
  let binner: FeatureBinner
  let coding: GradientCoding
  let drawCount: Int
  /// What a weight of 1 is among the weights.
  private let weightUnit: Double
  /// What 1 of each output's gradients stands for, in units of its spread where there are several outputs.
  let units: [Double]
  let minimumGain: Double
  /// The features that have more than one bin with rows.
  let features: [Int]
  /// Each row's numbers, drawn once.
  private let codes: [Int64]

  init(
    targets: [ScaledNumbers], weights: [Double]?, rows: BinnedRows, binner: FeatureBinner, coding: GradientCoding, drawCount: Int,
    weightUnit: Double
  ) {
    self.targets = targets
    self.weights = weights
    self.rows = rows
    self.binner = binner
    self.coding = coding
    self.drawCount = drawCount
    self.weightUnit = weightUnit
    features = splittable(binner)
    let count = rows.rowCount
    let channels = coding.channelCount
    var codes = [Int64](repeating: 0, count: count * channels)
    var units: [Double] = []
    var minimumGain = 0.0
    if coding.isWeighted { encodeWeights(weights, count: count, coding: coding, into: &codes) }
    for (output, target) in targets.enumerated() {
      // About the mean, rounded to what the integers can say: whole targets stay exact.
      let scale = coding.scale(largest: 2, output: output)
      let center = (mean(target.values, weights: weights) * scale).rounded() / scale
      let gradients = target.values.map { $0 - center }
      var squares = 0.0
      var mass = 0.0
      for (row, gradient) in gradients.enumerated() {
        let weight = weights?[row] ?? 1
        squares += weight * gradient * gradient
        mass += weight
      }
      let spread = targets.count == 1 ? 1 : (squares / mass).squareRoot()
      units.append(spread > 0 ? 1 / scale / spread : 0)
      minimumGain += spread > 0 ? squares / (spread * spread) * 1e-14 : 0
      encode(gradients, weights: weights, output: output, scale: scale, coding: coding, into: &codes)
    }
    self.codes = codes
    self.units = units
    self.minimumGain = minimumGain
  }

  /// So many rows of weight 1, among the weights.
  func smoothing(_ rows: Double) -> Double { min(rows * weightUnit, 1e150) }

  /// Gives `grower` the rows that were drawn, each as often as `copies` says; returns their number.
  ///
  /// Safe: the grower's buffers have room for all rows, and `copies` and `codes` a place for each.
  func fill(_ grower: TreeGrower, copies: [UInt32]) -> Int {
    var filled = 0
    let channels = coding.channelCount
    copies.withUnsafeBufferPointer { copies in
      codes.withUnsafeBufferPointer { codes in
        for row in 0..<copies.count where copies[row] > 0 {
          grower.order[filled] = UInt32(row)
          filled += 1
          for channel in row * channels..<(row + 1) * channels { grower.values[channel] = codes[channel] &* Int64(copies[row]) }
        }
      }
    }
    return filled
  }

  /// The values of the leaves of `tree`, all outputs of one after the other.
  ///
  /// Safe: the tree's ranges lie within the rows that were drawn.
  func leafValues(of tree: GrownTree, in grower: TreeGrower, copies: [UInt32], leaf: ForestRegressor.Leaf) -> [Double] {
    var values: [Double] = []
    for node in tree.leaves {
      let order = UnsafeBufferPointer(
        rebasing: UnsafeBufferPointer(start: grower.order, count: tree.ranges[node].upperBound)[tree.ranges[node]])
      for target in targets {
        switch leaf {
        case .mean:
          var sum = 0.0
          var mass = 0.0
          for row in order {
            let weight = Double(copies[Int(row)]) * (weights?[Int(row)] ?? 1)
            sum += weight * target.values[Int(row)]
            mass += weight
          }
          values.append(sum / mass)
        case .median:
          var numbers: [Double] = []
          var masses: [Double]? = weights == nil ? nil : []
          for row in order {
            let value = target.values[Int(row)]
            if let weights {
              numbers.append(value)
              masses?.append(Double(copies[Int(row)]) * weights[Int(row)])
            } else {
              for _ in 0..<copies[Int(row)] { numbers.append(value) }
            }
          }
          values.append(median(&numbers, weights: masses))
        }
      }
    }
    return values
  }
}

/// The features that have something to split.
func splittable(_ binner: FeatureBinner) -> [Int] { binner.features.indices.filter { binner.binCount($0) > 1 } }

/// Writes the weights' integers, and a count of 1, to each row's first number; `nil`: all are 1.
func encodeWeights(_ weights: [Double]?, count: Int, coding: GradientCoding, into codes: UnsafeMutablePointer<Int64>) {
  let weights = weights ?? Array(repeating: 1, count: count)
  lathe_tree_encode(weights, nil, count, 1 / coding.weightUnit, Int32(coding.countBits), 1, codes, coding.channelCount)
}

/// Writes an output's weighted gradients to each row's numbers.
func encode(
  _ gradients: UnsafePointer<Double>, weights: UnsafePointer<Double>?, count: Int, output: Int, scale: Double, coding: GradientCoding,
  into codes: UnsafeMutablePointer<Int64>
) {
  let channel = output + (coding.isWeighted ? 1 : 0)
  lathe_tree_encode(
    gradients, weights, count, scale, channel == 0 ? Int32(coding.countBits) : 0, channel == 0 ? 1 : 0, codes + channel,
    coding.channelCount)
}

/// Writes an output's weighted gradients to each row's numbers.
func encode(
  _ gradients: [Double], weights: [Double]?, output: Int, scale: Double, coding: GradientCoding,
  into codes: UnsafeMutablePointer<Int64>
) {
  gradients.withUnsafeBufferPointer { gradients in
    guard let start = gradients.baseAddress else { return }
    if let weights {
      weights.withUnsafeBufferPointer {
        encode(start, weights: $0.baseAddress, count: gradients.count, output: output, scale: scale, coding: coding, into: codes)
      }
    } else {
      encode(start, weights: nil, count: gradients.count, output: output, scale: scale, coding: coding, into: codes)
    }
  }
}

/// A number that threads count up together.
final class SharedCount: Sendable {
  private let count = Atomic<Int>(0)

  /// Counts one more; returns how many it is now.
  func increased() -> Int { count.add(1, ordering: .relaxed).newValue }
}
