import Foundation
import Tabular

/// A multi-layer perceptron: layers of units that predict one or more numbers, trained by gradients of the squared error.
///
///     let mlp = try MLPRegressor(hiddenLayers: [128, 64], logTarget: true)
///     let model = try mlp.fit(data, in: FitContext(seed: 42))
/// Features are encoded as ``DenseEncoder`` says. Batches, initial weights, Adam, momentum and stopping are those of scikit-learn's
/// `MLPRegressor`, so that with `standardise` and `standardise_target` off the loss curves are alike. Row weights are relative: they are
/// brought to mean 1, so that a penalty means the same however they are scaled.
public struct MLPRegressor: Estimator {
  /// How weights follow their gradient.
  public enum Solver: String, CaseIterable, Hashable, Sendable {
    /// Steps of a size of their own for each weight: D. Kingma, J. Ba, "Adam", 2015.
    case adam
    /// Gradient descent with momentum.
    case sgd
  }

  /// How the learning rate changes.
  public enum Schedule: String, CaseIterable, Hashable, Sendable {
    /// Not at all.
    case constant
    /// Divided by the square root of the epoch's number.
    case inverseScaling = "inverse_scaling"
    /// Half a cosine down to 0 at `max_epochs`.
    case cosine
    /// Divided by 5 whenever patience is at its end, down to a millionth.
    case adaptive
  }

  /// What it is called.
  public static let name = "mlp"
  /// What it is, in a sentence.
  public static let summary = "A network of layers, trained by gradients."

  /// Its parameters.
  public static let parameters: [Parameter<Self>] = [
    .integers("hidden_layers", \.hiddenLayers, 1...4096, count: 0...8, "units of each hidden layer; none: a linear model"),
    .choice("activation", \.activation, "what a hidden unit makes of its weighted inputs"),
    .choice("solver", \.solver, "how weights follow their gradient: adam, or sgd with momentum"),
    .number("alpha", \.alpha, .atLeast(0), "strength of the penalty on squared weights, divided by the rows of a batch"),
    .integer("batch_size", \.batchSize, 1...65_536, "rows a step; all rows if there are fewer"),
    .number("learning_rate", \.learningRate, .above(0), "size of the steps at the beginning"),
    .choice("schedule", \.schedule, "how the learning rate changes from epoch to epoch"),
    .integer("max_epochs", \.maxEpochs, 1...100_000, "passes over all rows at most"),
    .number("tolerance", \.tolerance, .atLeast(0), "by how much an epoch's loss must fall, or the validation's R² rise, to be progress"),
    .integer("patience", \.patience, 1...100_000, "epochs without progress, one after the other, that are put up with"),
    .flag("early_stopping", \.earlyStopping, "whether progress is measured on rows kept aside, and the best epoch's weights are kept"),
    .number("validation_share", \.validationShare, .within(0.01...0.5), "share of rows kept aside, whole groups where there are groups"),
    .number("momentum", \.momentum, .fromBelow(0, 1), "share of the last step that sgd keeps"),
    .flag("nesterov", \.nesterov, "whether sgd looks ahead along its momentum"),
    .number("beta_1", \.beta1, .fromBelow(0, 1), "adam: decay of the gradient's mean"),
    .number("beta_2", \.beta2, .fromBelow(0, 1), "adam: decay of the squared gradient's mean"),
    .number("epsilon", \.epsilon, .within(1e-30...1), "adam: what keeps divisors from 0"),
    .flag("log_target", \.logTarget, "whether logarithms are fitted, for positive skewed minutes; what is predicted is then a median"),
    .flag("standardise_target", \.standardiseTarget, "whether targets are fitted with mean 0 and deviation 1"),
    .flag("standardise", \.standardise, "whether features of numbers are brought to mean 0 and deviation 1"),
    .integer("level_limit", \.levelLimit, 1...65_536, "most frequent levels of a feature that get an input of their own"),
  ]

  /// Units of each hidden layer.
  public private(set) var hiddenLayers = [128, 64]
  /// What a hidden unit makes of its weighted inputs.
  public private(set) var activation = Activation.relu
  /// How weights follow their gradient.
  public private(set) var solver = Solver.adam
  /// Strength of the penalty on squared weights.
  public private(set) var alpha = 1e-4
  /// Rows a step.
  public private(set) var batchSize = 200
  /// Size of the steps at the beginning.
  public private(set) var learningRate = 1e-3
  /// How the learning rate changes.
  public private(set) var schedule = Schedule.constant
  /// Passes over all rows at most.
  public private(set) var maxEpochs = 200
  /// What counts as progress.
  public private(set) var tolerance = 1e-4
  /// Epochs without progress that are put up with.
  public private(set) var patience = 10
  /// Whether progress is measured on rows kept aside.
  public private(set) var earlyStopping = false
  /// Share of rows kept aside.
  public private(set) var validationShare = 0.1
  /// Share of the last step that gradient descent keeps.
  public private(set) var momentum = 0.9
  /// Whether gradient descent looks ahead.
  public private(set) var nesterov = true
  /// Adam's decays, and what keeps its divisors from 0.
  public private(set) var beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8
  /// Whether logarithms are fitted.
  public private(set) var logTarget = false
  /// Whether targets are fitted with mean 0 and deviation 1.
  public private(set) var standardiseTarget = true
  /// Whether features of numbers are brought to mean 0 and deviation 1.
  public private(set) var standardise = true
  /// Most frequent levels of a feature that get an input of their own.
  public private(set) var levelLimit = 32

  /// Makes one with the defaults.
  public init() {}

  /// Makes one with the parameters that are set most often; the rest can be set by name.
  public init(
    hiddenLayers: [Int] = [128, 64], activation: Activation = .relu, solver: Solver = .adam, alpha: Double = 1e-4, batchSize: Int = 200,
    learningRate: Double = 1e-3, maxEpochs: Int = 200, earlyStopping: Bool = false, logTarget: Bool = false
  ) throws(LearningError) {
    self.hiddenLayers = hiddenLayers
    self.activation = activation
    self.solver = solver
    self.alpha = alpha
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.maxEpochs = maxEpochs
    self.earlyStopping = earlyStopping
    self.logTarget = logTarget
    try check()
  }

  /// Trains a network.
  ///
  /// - Complexity: O(epochs × rows × weights).
  public func fit(_ data: Dataset, in context: FitContext) throws(LearningError) -> MLPModel {
    try checkUsable(data)
    try context.checkCancellation()
    let weights = relativeWeights(data)
    let rows = weights.map { weights in weights.indices.filter { weights[$0] > 0 } } ?? Array(0..<data.rowCount)
    let encoder = try DenseEncoder(
      fitting: data.features, weights: weights, options: .init(standardise: standardise, levelLimit: levelLimit), in: context)
    let inputs = try encoder.encode(data.features, in: context)
    try context.checkCancellation()
    let scales = try data.targets.indices.map { (output) throws(LearningError) in
      try context.checkCancellation()
      return try TargetScale(
        data.targets[output], weights, name: data.targetNames[output], isLogarithmic: logTarget, isStandardised: standardiseTarget)
    }
    var targets = Matrix(rowCount: data.rowCount, columnCount: data.targets.count)
    for (output, scale) in scales.enumerated() {
      try context.checkCancellation()
      for row in rows { targets[row, output] = scale.scaled(data.targets[output][row]) }
    }

    try context.checkCancellation()
    var generator = SeededGenerator(seed: context.seed, stream: "mlp")
    let network = Network(
      sizes: [inputs.columnCount] + hiddenLayers + [data.targets.count], activation: activation, &generator)
    let (training, validation) = try split(rows, data.groups, &generator, in: context)
    try context.checkCancellation()
    var course = Course(
      self, network, NetworkTrainer.Rows(inputs: inputs, targets: targets, weights: weights?.map { Float($0) }), validation,
      threads: context.threads)
    try course.run(training, generator, context)
    if course.lossCurve.count < maxEpochs { context.progress(1) }
    return MLPModel(
      encoder: encoder, targetNames: data.targetNames, scales: scales, network: course.network, lossCurve: course.lossCurve,
      validationCurve: course.validationCurve)
  }

  /// Weights with mean 1; what is less than a 1e-30th of that is 0. `nil`: there are none, or all are the same.
  private func relativeWeights(_ data: Dataset) -> [Double]? {
    guard let weights = data.weights, let greatest = weights.max(), weights.contains(where: { $0 != greatest }) else { return nil }
    let shares = weights.map { $0 / greatest }
    let mean = shares.reduce(0, +) / Double(shares.count { $0 > 0 })
    return shares.map { $0 / mean < 1e-30 ? 0 : $0 / mean }
  }

  /// The rows to train on and those kept aside; groups are not split, and at least one row or group is trained on.
  func split(
    _ rows: [Int], _ groups: [Int]?, _ generator: inout SeededGenerator, in context: FitContext = FitContext()
  ) throws(LearningError) -> (training: [Int32], validation: [Int32]) {
    var order = rows.map { Int32($0) }
    guard earlyStopping else { return (order, []) }
    order.shuffle(using: &generator)
    let wanted = max(1, Int((validationShare * Double(rows.count)).rounded()))
    guard let groups else {
      let count = min(wanted, order.count - 1)
      return (Array(order[count...]), Array(order[..<count]))
    }
    // In the order of their first rows, so that what groups are called does not matter.
    var numbers: [Int: Int] = [:]
    var sizes: [Int] = []
    var labels: [Int] = []
    labels.reserveCapacity(order.count)
    for row in order {
      // Half a million of groups take a tenth of a second.
      if labels.count % 65_536 == 0 { try context.checkCancellation() }
      let number = numbers[groups[Int(row)], default: sizes.count]
      if number == sizes.count {
        numbers[groups[Int(row)]] = number
        sizes.append(0)
      }
      sizes[number] += 1
      labels.append(number)
    }
    // Groups are kept aside from the first on, until there are rows enough.
    var (kept, count) = (0, 0)
    while count < wanted, kept + 1 < sizes.count {
      count += sizes[kept]
      kept += 1
    }
    return (zip(order, labels).filter { $1 >= kept }.map(\.0), zip(order, labels).filter { $1 < kept }.map(\.0))
  }
}

/// A training from its first epoch to its last.
private struct Course {
  private let estimator: MLPRegressor
  private let trainer: NetworkTrainer
  private let rows: NetworkTrainer.Rows
  private let validation: [Int32]
  private let threads: Int
  private(set) var network: Network
  private(set) var lossCurve: [Double] = []
  private(set) var validationCurve: [Double] = []

  init(_ estimator: MLPRegressor, _ network: Network, _ rows: NetworkTrainer.Rows, _ validation: [Int32], threads: Int) {
    self.estimator = estimator
    self.network = network
    self.rows = rows
    self.validation = validation
    let batchLimit = min(estimator.batchSize, rows.inputs.rowCount)
    trainer = NetworkTrainer(
      network, rows: rows, batchLimit: batchLimit, alpha: estimator.alpha)
    self.threads = network.weights.count * batchLimit < Self.leastWork ? 1 : threads
  }

  /// Weights times rows of a batch below which a second thread gains nothing: with layers 36-128-64-1 an epoch in batches of 200 (3
  /// million) took 8.2 ms on one thread and 12 on two, because weights and gradients go from core to core for 80 µs of work; in batches
  /// of 1,000 (15 million) 7.9 and 6.4, and with layers 36-512-256-1 80 and 52. Threads are better spent on folds, where two do twice as
  /// much as one.
  private static let leastWork = 12_000_000

  mutating func run(_ training: [Int32], _ start: SeededGenerator, _ context: FitContext) throws(LearningError) {
    var (generator, order) = (start, training)
    var (best, epochsWithout) = (-Double.infinity, 0)
    var rate = estimator.learningRate
    var time = 0
    let solver = solver
    for epoch in 0..<estimator.maxEpochs {
      order.shuffle(using: &generator)
      var (loss, weight) = (0.0, 0.0)
      for first in stride(from: 0, to: order.count, by: estimator.batchSize) {
        try context.checkCancellation()
        time += 1
        let batch = order[first..<min(order.count, first + estimator.batchSize)]
        let share = (Double(epoch) + Double(first) / Double(order.count)) / Double(estimator.maxEpochs)
        let step = trainer.step(
          batch, solver: solver, rate: Float(scheduled(rate, epoch, share)), time: time, threads: threads,
          isCancelled: { context.isCancelled })
        try context.checkCancellation()
        guard step.loss.isFinite else { throw diverged(epoch) }
        loss += step.loss * step.weight
        weight += step.weight
      }
      lossCurve.append(loss / weight)
      var progress = -loss / weight
      if !validation.isEmpty {
        network = trainer.network
        progress = try score(context)
        validationCurve.append(progress)
      }
      context.progress(Double(epoch + 1) / Double(estimator.maxEpochs))
      epochsWithout = progress < best + estimator.tolerance ? epochsWithout + 1 : 0
      if progress > best {
        best = progress
        if !validation.isEmpty { bestNetwork = network }
      }
      guard epochsWithout > estimator.patience else { continue }
      guard estimator.schedule == .adaptive, rate > 1e-6 else { break }
      rate /= 5
      epochsWithout = 0
    }
    network = bestNetwork ?? trainer.network
    guard network.weights.allSatisfy(\.isFinite) else { throw diverged(lossCurve.count - 1) }
  }
  private var bestNetwork: Network?

  private var solver: NetworkTrainer.Solver {
    switch estimator.solver {
    case .adam: .adam(beta1: Float(estimator.beta1), beta2: Float(estimator.beta2), epsilon: Float(estimator.epsilon))
    case .sgd: .descent(momentum: Float(estimator.momentum), nesterov: estimator.nesterov)
    }
  }

  private func scheduled(_ rate: Double, _ epoch: Int, _ share: Double) -> Double {
    switch estimator.schedule {
    case .constant, .adaptive: rate
    case .inverseScaling: rate / Double(epoch + 1).squareRoot()
    case .cosine: rate * (1 + cos(.pi * share)) / 2
    }
  }

  private func diverged(_ epoch: Int) -> LearningError {
    .data(
      "mlp diverged in epoch \(epoch + 1): its loss is no finite number; lower 'learning_rate' (\(estimator.learningRate))"
        + (estimator.standardise ? "" : ", set 'standardise'") + (estimator.standardiseTarget ? "" : ", set 'standardise_target'")
        + ", or look for extreme values in features and targets")
  }

  /// R² on the rows kept aside, mean of the outputs: 1 − weighted squared errors by weighted squared distances from the mean.
  private func score(_ context: FitContext) throws(LearningError) -> Double {
    var sums = [(weight: Double, target: Double, squares: Double, errors: Double)](
      repeating: (0, 0, 0, 0), count: rows.targets.columnCount)
    for first in stride(from: 0, to: validation.count, by: 8192) {
      try context.checkCancellation()
      let some = validation[first..<min(validation.count, first + 8192)]
      let inputs = Matrix(
        rowCount: some.count, columnCount: rows.inputs.columnCount, values: some.flatMap { rows.inputs.row(Int($0)) })
      let predicted = network.outputs(for: inputs, threads: context.threads)
      for (place, row) in some.enumerated() {
        let weight = rows.weights.map { Double($0[Int(row)]) } ?? 1
        for output in sums.indices {
          let target = Double(rows.targets[Int(row), output])
          let error = Double(predicted[place, output]) - target
          sums[output].weight += weight
          sums[output].target += weight * target
          sums[output].squares += weight * target * target
          sums[output].errors += weight * error * error
        }
      }
    }
    let scores = sums.map { sum in
      let spread = sum.squares - sum.target * sum.target / sum.weight
      return spread > 1e-12 * sum.squares ? 1 - sum.errors / spread : -sum.errors / max(sum.weight, 1e-30)
    }
    return scores.reduce(0, +) / Double(scores.count)
  }
}
