import ArgumentParser
import Foundation
import Learning
import Tabular

/// Learning and searching on the data that scripts/bench/peers writes for both sides.
struct PeerBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers", abstract: "Forests, boosting, networks, neighbours and a whole comparison, on given data.",
    discussion: "scripts/bench/peers makes the data and runs these tasks and those of other libraries in turn.")

  @OptionGroup var options: BenchOptions
  @Option(help: ArgumentHelp("Rows to learn from.", valueName: "count")) var rows = 100_000
  @Option(help: ArgumentHelp("Threads.", valueName: "count")) var threads = 1
  @Option(help: ArgumentHelp("Seeds that errors are the mean of.", valueName: "count")) var seeds = 1

  func run() throws {
    var bench = Bench("peers", options)
    let folder = try options.dataFolder()
    let width = 36
    let all = try Self.read(folder + "/rows.f64", as: Double.self)
    let target = try Self.read(folder + "/minutes.f64", as: Double.self)
    func table(_ range: Range<Int>) throws -> FeatureTable {
      try FeatureTable(
        (0..<width).map { column in FeatureTable.Column("x\(column)", .numeric(range.map { all[$0 * width + column] })) })
    }
    let test = target.count * 4 / 5..<target.count
    let (training, held) = (try table(0..<rows), try table(test))
    let data = try Dataset(features: training, targets: [Array(target[0..<rows])])
    let actual = Array(target[test])

    let trees: [(String, [String: PlainValue])] = [
      ("forest", ["tree_count": 50, "max_depth": 10, "min_samples_leaf": 20]),
      ("boosting", ["tree_count": 100, "max_leaves": 31, "learning_rate": 0.1]),
    ]
    for (name, values) in trees where options.includes(name + "_fit") || options.includes(name + "_predict") {
      let estimator = try Estimators.make(name, values)
      var model = try estimator.fitted(data, in: FitContext(seed: 0, threads: threads))
      try bench.measure(
        name + "_fit", size: rows, threads: threads,
        [
          (
            "lathe",
            {
              model = try estimator.fitted(data, in: FitContext(seed: 0, threads: threads))
              return [:]
            }
          )
        ])
      try bench.measure(
        name + "_predict", size: held.rowCount, threads: threads,
        [("lathe", { try quality(actual, model.predict(held, threads: threads)[0]) })])
      try errors(of: estimator, named: name + "_errors", data, held, actual)
    }
    if options.includes("knn") {
      let estimator = try Estimators.make("knn", ["neighbor_count": 5, "standardise": false])
      try bench.measure(
        "knn", size: rows, threads: threads,
        [("lathe", { try quality(actual, estimator.fitted(data, in: FitContext(threads: threads)).predict(held, threads: threads)[0]) })])
    }
    let network: [String: PlainValue] = [
      "hidden_layers": [128, 64], "batch_size": 200, "max_epochs": 20, "patience": 21, "standardise": false, "standardise_target": false,
    ]
    if options.includes("mlp_fit") {
      let estimator = try Estimators.make("mlp", network)
      try bench.measure(
        "mlp_fit", size: rows, threads: threads,
        [
          (
            "lathe",
            {
              let model = try estimator.fitted(data, in: FitContext(seed: 0, threads: threads))
              return try quality(actual, model.predict(held, threads: threads)[0])
            }
          )
        ])
    }
    if options.includes("comparison_mlp") || options.includes("comparison_stacking") {
      let stack = try StackingRegressor(
        bases: [
          EstimatorChoice("knn", ["neighbor_count": 5, "standardise": false]),
          EstimatorChoice("forest", ["tree_count": 50, "max_depth": 10, "min_samples_leaf": 20]), EstimatorChoice("mlp", network),
        ], final: EstimatorChoice("ridge"), folds: 3)
      let candidates: [(String, any Estimator)] = [("mlp", try Estimators.make("mlp", network)), ("stacking", stack)]
      for (name, estimator) in candidates {
        try bench.measure(
          "comparison_" + name, size: rows, threads: threads,
          [
            (
              "lathe",
              {
                let found = try crossValidate([estimator], on: data, split: .kFold(5), in: FitContext(seed: 0, threads: threads))[0]
                return ["mae": mean(found.folds.map(\.mae)), "trim_mae": mean(found.folds.map(\.trimMae))]
              }
            )
          ])
      }
    }
    try bench.finish([])
  }

  /// The mean errors over some seeds, as a line of its own: one seed says little.
  private func errors(
    of estimator: any Estimator, named name: String, _ data: Dataset, _ held: FeatureTable, _ actual: [Double]
  ) throws {
    guard options.includes(name), seeds > 1 else { return }
    var found: [ErrorSummary] = []
    for seed in 0..<seeds {
      let model = try estimator.fitted(data, in: FitContext(seed: UInt64(seed), threads: threads))
      found.append(ErrorSummary(actual: actual, predicted: try model.predict(held, threads: threads)[0]))
    }
    print(#"{"task":"\#(name)","implementation":"lathe","mae":\#(mean(found.map(\.mae))),"trim_mae":\#(mean(found.map(\.trimMae)))}"#)
  }

  private func quality(_ actual: [Double], _ predicted: [Double]) throws -> [String: Double] {
    let errors = ErrorSummary(actual: actual, predicted: predicted)
    return ["mae": errors.mae, "trim_mae": errors.trimMae]
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// Little-endian numbers of a file, one after the other.
  static func read<Number: ModelNumber>(_ path: String, as type: Number.Type) throws -> [Number] {
    let bytes = try Data(contentsOf: URL(filePath: path))
    return [Number](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Number>.stride) { buffer, count in
      count = bytes.copyBytes(to: buffer) / MemoryLayout<Number>.stride
    }
  }
}
