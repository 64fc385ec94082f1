import CKernels
import Tabular

#if canImport(Glibc)
  import Glibc
#endif

/// Boosts the trees of one output.
///
/// Safe: pointers are lent by arrays for the length of a call, or are the grower's, whose buffers have a place for each row; rows come
/// from `split`, which has rows of the table alone, and from the grower's order of them.
struct Booster {
  let settings: BoostingRegressor
  let rows: BinnedRows
  let binner: FeatureBinner
  let target: ScaledNumbers
  let weights: [Double]?
  let l2: Double
  let smoothing: Double
  let split: (training: [UInt32], validation: [UInt32])
  let context: FitContext

  /// The fitted output; throws when the fit was cancelled.
  func output() throws(LearningError) -> BoostingModel.Output {
    let base = firstValue()
    var residuals = target.values.map { $0 - base }
    let kept = try boost(&residuals)
    var ensemble = TreeEnsemble(featureCount: rows.featureCount, outputCount: 1)
    guard kept.reduce(0, { $0 + $1.tree.features.count }) < Int(Int32.max) else {
      throw .data("the trees have more than 2147483646 nodes; ask for fewer trees or leaves")
    }
    for (tree, values) in kept { ensemble.append(tree, values: values) }
    return BoostingModel.Output(
      base: base, exponent: target.exponent, factor: settings.logTarget ? factor(base: base, residuals: residuals) : 1, ensemble: ensemble)
  }

  private func firstValue() -> Double {
    var values = split.training.map { target.values[Int($0)] }
    let own = weights.map { weights in split.training.map { weights[Int($0)] } }
    return settings.loss == .squared ? mean(values, weights: own) : median(&values, weights: own)
  }

  /// What e to a predicted logarithm is multiplied with.
  ///
  /// A median's logarithm is the logarithms' median: 1. A mean's is not: N. Duan, "Smearing estimate: a nonparametric retransformation
  /// method", JASA 78, 1983, takes the mean of e to the residuals, here of the rows that trees were fitted to.
  private func factor(base: Double, residuals: [Double]) -> Double {
    guard settings.loss == .squared else { return 1 }
    var sum = 0.0
    var mass = 0.0
    for row in split.training {
      let weight = weights?[Int(row)] ?? 1
      sum += weight * exp(ScaledNumbers.restored(residuals[Int(row)], exponent: target.exponent))
      mass += weight
    }
    return min(max(sum / mass, .leastNormalMagnitude), .greatestFiniteMagnitude)
  }

  /// Boosts on `residuals`, which afterwards are those of all trees that are kept.
  private func boost(_ residuals: inout [Double]) throws(LearningError) -> [(tree: GrownTree, values: [Double])] {
    let count = rows.rowCount
    let training = split.training
    let drawCount = min(training.count, max(1, Int((settings.sampleShare * Double(training.count)).rounded())))
    let coding = GradientCoding(drawCount: drawCount, outputCount: 1, isWeighted: weights != nil)
    let limits = TreeLimits(
      maxDepth: settings.maxDepth ?? .max, maxLeaves: settings.maxLeaves, minSamplesLeaf: settings.minSamplesLeaf, l2: l2,
      smoothing: smoothing)
    let grower = TreeGrower(rows, binner: binner, coding: coding, limits: limits, context: context)
    if coding.isWeighted { encodeWeights(weights, count: count, coding: coding, into: grower.values) }
    let allFeatures = splittable(binner)
    let featureCount = max(1, Int((settings.featureShare * Double(allFeatures.count)).rounded()))
    let isWhole = drawCount == training.count && split.validation.isEmpty
    var generator = SeededGenerator(seed: context.seed, stream: "boosting")
    var gradients = [Double](repeating: 0, count: count)
    var leafOfRow = [Int32](repeating: 0, count: isWhole ? 0 : count)
    var kept: [(tree: GrownTree, values: [Double])] = []
    var best = (loss: Double.infinity, count: 0, residuals: [Double]())
    var validationBound = 0.0

    for round in 0..<settings.treeCount {
      try context.checkCancellation()
      let bound = settings.loss == .huber ? huberBound(residuals) : 0
      if round == 0, !split.validation.isEmpty {
        validationBound = bound
        best = (validationLoss(residuals, bound: validationBound), 0, residuals)
      }
      var squares = 0.0
      var largest = lathe_gradients(
        settings.loss.kernelLoss, bound, residuals, nil, count, &gradients, &squares)
      if !split.validation.isEmpty || weights != nil {
        // Rows held out have no say, not even in how finely numbers are rounded.
        for row in split.validation { gradients[Int(row)] = 0 }
        squares = 0
        largest = 0
        for (row, gradient) in gradients.enumerated() {
          squares += gradient * gradient * (weights?[row] ?? 1)
          largest = max(largest, abs(gradient))
        }
      }
      let scale = coding.scale(largest: largest, output: 0)
      encode(gradients, weights: weights, output: 0, scale: scale, coding: coding, into: grower.values)

      fill(grower.order, drawCount: drawCount, generator: &generator)
      let features =
        featureCount < allFeatures.count
        ? generator.sample(featureCount, of: allFeatures.count).map { allFeatures[$0] } : allFeatures
      var tree = try grower.grow(
        count: drawCount, drawCount: drawCount, units: [1 / scale], features: features, minimumGain: squares * 1e-14,
        generator: &generator)
      let isStump = tree.features.count == 1
      // Where nothing is drawn, the next tree would find nothing either.
      if isStump, drawCount == training.count, featureCount >= allFeatures.count { break }
      let values = leafValues(of: tree, order: grower.order, residuals: residuals, bound: bound)
      if isWhole {
        for (leaf, value) in zip(tree.leaves, values) {
          for place in tree.ranges[leaf] { residuals[Int(grower.order[place])] -= value }
        }
      } else {
        update(&residuals, by: tree, values: values, leafOfRow: &leafOfRow)
      }
      tree.ranges = []
      kept.append((tree, values))
      context.progress(Double(round + 1) / Double(settings.treeCount))
      if !split.validation.isEmpty {
        let loss = validationLoss(residuals, bound: validationBound)
        if loss < best.loss { best = (loss, kept.count, residuals) }
        if kept.count - best.count >= settings.patience { break }
      }
    }
    if !split.validation.isEmpty {
      kept.removeSubrange(best.count...)
      residuals = best.residuals
    }
    return kept
  }

  private func fill(_ order: UnsafeMutablePointer<UInt32>, drawCount: Int, generator: inout SeededGenerator) {
    let training = split.training
    if drawCount == training.count {
      training.withUnsafeBufferPointer { if let start = $0.baseAddress { order.update(from: start, count: drawCount) } }
    } else {
      for (place, index) in generator.sample(drawCount, of: training.count).enumerated() { order[place] = training[index] }
    }
  }

  private func update(_ residuals: inout [Double], by tree: GrownTree, values: [Double], leafOfRow: inout [Int32]) {
    var single = TreeEnsemble(featureCount: rows.featureCount, outputCount: 1)
    single.append(tree, values: values)
    PreparedTrees(single).findLeaves(of: rows, in: &leafOfRow)
    var valueOfNode = [Double](repeating: 0, count: tree.features.count)
    for (leaf, value) in zip(tree.leaves, values) { valueOfNode[leaf] = value }
    for row in residuals.indices { residuals[row] -= valueOfNode[Int(leafOfRow[row])] }
  }

  /// What each leaf adds: the loss's best constant for its rows' residuals, times the learning rate.
  private func leafValues(
    of tree: GrownTree, order: UnsafeMutablePointer<UInt32>, residuals: [Double], bound: Double
  ) -> [Double] {
    residuals.withUnsafeBufferPointer { residuals in
      tree.leaves.map { leaf in
        let places = tree.ranges[leaf]
        if settings.loss == .squared {
          var sum = 0.0
          if let weights {
            var mass = 0.0
            for place in places {
              let row = Int(order[place])
              sum += weights[row] * residuals[row]
              mass += weights[row]
            }
            return settings.learningRate * sum / (mass + l2)
          }
          for place in places { sum += residuals[Int(order[place])] }
          return settings.learningRate * sum / (Double(places.count) + l2)
        }
        var own = places.map { residuals[Int(order[$0])] }
        let ownWeights = weights.map { weights in places.map { weights[Int(order[$0])] } }
        let middle = median(&own, weights: ownWeights)
        guard settings.loss == .huber else { return settings.learningRate * middle }
        // One step from the median towards Huber's location: Friedman, 2001, algorithm 4.
        var sum = 0.0
        var mass = 0.0
        for place in places {
          let row = Int(order[place])
          let weight = weights?[row] ?? 1
          sum += weight * min(max(residuals[row] - middle, -bound), bound)
          mass += weight
        }
        return settings.learningRate * (middle + sum / mass)
      }
    }
  }

  /// The size of residual beyond which only the size counts: anew for each tree, as Friedman has it.
  private func huberBound(_ residuals: [Double]) -> Double {
    var sizes = split.training.map { abs(residuals[Int($0)]) }
    let bound = quantile(&sizes, weights: weights.map { weights in split.training.map { weights[Int($0)] } }, share: settings.huberShare)
    // Where most residuals are 0, the others must still count.
    return bound > 0 ? bound : sizes.reduce(0, max)
  }

  private func validationLoss(_ residuals: [Double], bound: Double) -> Double {
    var sum = 0.0
    for row in split.validation {
      let size = abs(residuals[Int(row)])
      let cost: Double =
        switch settings.loss {
        case .squared: size * size
        case .absolute: size
        case .huber: size <= bound ? size * size / 2 : bound * (size - bound / 2)
        }
      sum += cost * (weights?[Int(row)] ?? 1)
    }
    return sum
  }
}

extension BoostingRegressor.Loss {
  fileprivate var kernelLoss: lathe_loss {
    switch self {
    case .squared: LATHE_LOSS_SQUARED
    case .absolute: LATHE_LOSS_ABSOLUTE
    case .huber: LATHE_LOSS_HUBER
    }
  }
}
