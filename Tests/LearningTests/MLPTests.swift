import Foundation
import Tabular
import Testing

@testable import Learning

@Suite("Multi-layer perceptron")
struct MLPTests {
  private func error(_ model: some Model, _ data: Dataset, output: Int = 0) throws -> Double {
    let predicted = try model.predict(data.features)[output]
    return zip(predicted, data.targets[output]).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(data.rowCount)
  }
  @Test(
    "The same seed gives the same bytes on one and two threads, another seed others",
    arguments: [
      ["hidden_layers": [128, 64], "max_epochs": 3, "batch_size": 1500],
      ["hidden_layers": [300], "max_epochs": 3, "batch_size": 77, "solver": "sgd", "early_stopping": true, "activation": "tanh"],
    ] as [[String: PlainValue]])
  func threads(parameters: [String: PlainValue]) throws {
    // The first has batches that are large enough for several threads.
    let data = try skewedRows(2000, weights: true)
    let mlp = try MLPRegressor(parameters)
    let one = try mlp.fit(data, in: FitContext(seed: 1, threads: 1))
    let two = try mlp.fit(data, in: FitContext(seed: 1, threads: 2))
    let three = try mlp.fit(data, in: FitContext(seed: 1, threads: 3))
    #expect(sectionBytes(of: one) == sectionBytes(of: two) && sectionBytes(of: one) == sectionBytes(of: three))
    #expect(try sectionBytes(of: one) != sectionBytes(of: mlp.fit(data, in: FitContext(seed: 2))))
    #expect(try one.predict(data.features, threads: 1) == one.predict(data.features, threads: 2))
    let some = try one.predict(data.features.selecting(rows: [1999, 7]))
    #expect(some == (try one.predict(data.features).map { [$0[1999], $0[7]] }))
  }

  @Test("It learns two targets of numbers, gaps and levels", arguments: Activation.allCases, MLPRegressor.Solver.allCases)
  func learns(activation: Activation, solver: MLPRegressor.Solver) throws {
    let data = try skewedRows(600)
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
    let data = try skewedRows(600)
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
    let data = try skewedRows(120, weights: true)
    let mlp = try MLPRegressor(hiddenLayers: [8], maxEpochs: 4)
    let model = try mlp.fit(data, in: FitContext())
    func scaled(_ factor: Double) throws -> Dataset {
      try Dataset(features: data.features, targets: data.targets, weights: data.weights?.map { $0 * factor })
    }
    for factor in [0x1p-900, 0x1p900] {
      #expect(try sectionBytes(of: mlp.fit(scaled(factor), in: FitContext())) == sectionBytes(of: model))
    }
    let rows = (0..<120).filter { $0 % 4 != 0 }
    #expect(try sectionBytes(of: mlp.fit(data.selecting(rows: rows), in: FitContext())) == sectionBytes(of: model))
    let plain = try Dataset(features: data.features, targets: data.targets)
    #expect(try sectionBytes(of: mlp.fit(plain, in: FitContext())) != sectionBytes(of: model))
    let equal = try Dataset(features: data.features, targets: data.targets, weights: Array(repeating: 0.3, count: 120))
    #expect(try sectionBytes(of: mlp.fit(equal, in: FitContext())) == sectionBytes(of: mlp.fit(plain, in: FitContext())))
  }

  @Test("It stops when the loss falls no more, and with early stopping keeps the best epoch")
  func stopping() throws {
    let data = try skewedRows(300)
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
    let data = try skewedRows(200)
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
}
