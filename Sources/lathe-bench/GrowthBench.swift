import ArgumentParser
import Foundation
import Learning
import Tabular

/// How fits and predictions grow with the rows.
struct GrowthBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth", abstract: "Each estimator's fit and prediction at 20,000, 100,000 and 500,000 rows of 36 features.")

  @OptionGroup var options: BenchOptions
  @Option(help: ArgumentHelp("Threads.", valueName: "count")) var threads = 2

  func run() throws {
    var bench = Bench("growth", options)
    let sizes = options.quick ? [500, 1000, 2000] : [20_000, 100_000, 500_000]
    let values: [String: [String: PlainValue]] = [
      "forest": ["tree_count": 50, "max_depth": 10, "min_samples_leaf": 20], "mlp": ["max_epochs": 5, "patience": 6],
      "knn": ["search": "hnsw"],
    ]
    for size in sizes {
      let (data, asked) = (try Self.rows(size), try Self.rows(5000, seed: 2).features)
      for name in ["ridge", "elastic_net", "forest", "boosting", "mlp", "knn"] where options.includes(name) {
        // A graph of 500,000 rows of some 900 encoded numbers takes a quarter of an hour: other sizes tell how it grows.
        if name == "knn", size > 100_000 { continue }
        let estimator = try Estimators.make(name, values[name] ?? [:])
        var model: (any Model)?
        try bench.measure(
          name + "_fit", size: size, threads: threads,
          [
            (
              "lathe",
              {
                model = try estimator.fitted(data, in: FitContext(seed: 1, threads: threads))
                return [:]
              }
            )
          ])
        guard let model else { continue }
        try bench.measure(
          name + "_predict", size: size, threads: threads,
          [("lathe", { ["rows": Double(try model.predict(asked, threads: threads)[0].count)] })])
      }
    }
    try bench.finish([])
  }

  /// Rows of 28 features of levels and 8 of numbers, and skewed minutes that depend on some of them.
  private static func rows(_ count: Int, seed: UInt64 = 1) throws -> Dataset {
    var random = SeededGenerator(seed: seed)
    var columns: [FeatureTable.Column] = []
    var logarithm = (0..<count).map { _ in 2 + 0.3 * (random.uniform() + random.uniform() + random.uniform() - 1.5) }
    for column in 0..<28 {
      let levels = 2 + column * column
      let codes = (0..<count).map { _ in Int32(Double(levels) * random.uniform() * random.uniform()) }
      if column % 6 == 0 { for row in 0..<count { logarithm[row] += 0.3 * Double(SeededGenerator.mixed(UInt64(codes[row])) % 100) / 100 } }
      columns.append(FeatureTable.Column("level\(column)", .categorical(codes, levels: (0..<levels).map { "L\($0)" })))
    }
    for column in 0..<8 {
      let numbers = (0..<count).map { _ in random.uniform() < 0.05 ? Double.nan : exp(2 * random.uniform()) }
      if column < 2 { for row in 0..<count where !numbers[row].isNaN { logarithm[row] += 0.5 * log(numbers[row]) } }
      columns.append(FeatureTable.Column("number\(column)", .numeric(numbers)))
    }
    return try Dataset(features: try FeatureTable(columns), targets: [logarithm.map(exp)])
  }
}
