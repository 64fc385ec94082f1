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

    // Rows are drawn, and leaves bounded, as the peer that is to be beaten does both.
    let forest: [String: PlainValue] = [
      "tree_count": 50, "max_depth": 10, "min_samples_leaf": 20, "bootstrap": false, "sample_share": 0.632,
    ]
    let trees: [(String, [String: PlainValue])] = [
      ("forest", forest),
      ("boosting", ["tree_count": 100, "max_leaves": 31, "learning_rate": 0.1]),
    ]
    for (name, values) in trees where ["_fit", "_predict", "_errors"].contains(where: { options.includes(name + $0) }) {
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
    try neighbors(&bench, folder)
    try bench.finish([])
  }

  /// Building the graph of the given vectors, and searching it at the least `ef` that reaches a recall; exact search in batches.
  private func neighbors(_ bench: inout Bench, _ folder: String) throws {
    guard ["hnsw_build", "hnsw_query_95", "hnsw_query_99", "exact_search", "hnsw_load"].contains(where: options.includes) else { return }
    let width = 128
    let base = try Self.read(folder + "/base.f32", as: Float.self), asked = try Self.read(folder + "/queries.f32", as: Float.self)
    let vectors = Matrix(rowCount: base.count / width, columnCount: width, values: base)
    let queries = Matrix(rowCount: asked.count / width, columnCount: width, values: asked)
    let context = FitContext(seed: 1, threads: threads)
    let exact = try ExactIndex(vectors)
    if options.includes("exact_search") {
      let batch = Matrix(rowCount: 1000, columnCount: width, values: Array(asked[..<(1000 * width)]))
      try bench.measure(
        "exact_search", size: vectors.rowCount, threads: threads,
        [("lathe", { ["found": Double(try exact.search(batch, k: 10, threads: threads).ids.count)] })])
    }
    guard ["hnsw_build", "hnsw_query_95", "hnsw_query_99", "hnsw_load"].contains(where: options.includes) else { return }
    var graph = try HNSWIndex(Matrix(rowCount: 1, columnCount: width, values: Array(base[..<width])))
    try bench.measure(
      "hnsw_build", size: vectors.rowCount, threads: threads,
      [
        (
          "lathe",
          {
            graph = try HNSWIndex(vectors, in: context)
            return [:]
          }
        )
      ], rounds: 1)
    if options.includes("hnsw_load") {
      let path = folder + "/graph.lathe"
      var writer = ModelWriter()
      graph.write(to: &writer)
      try Data(writer.bytes()).write(to: URL(filePath: path))
      try bench.measure(
        "hnsw_load", size: vectors.rowCount, threads: 2,
        [("lathe", { ["count": Double(try HNSWIndex(from: try ModelReader(mapping: path)).count)] })])
    }
    let truth = try exact.search(queries, k: 10, threads: 2)
    for (name, recall) in [("hnsw_query_95", 0.95), ("hnsw_query_99", 0.99)] where options.includes(name) {
      for ef in [10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256] {
        let found = try graph.search(queries, k: 10, ef: ef, threads: threads)
        // By similarity, so that equal vectors count as equal.
        let reached = (0..<queries.rowCount).reduce(0) { sum, query in
          let least = truth[query].last?.similarity ?? -1
          return sum + found[query].count { $0.similarity >= least }
        }
        let share = Double(reached) / Double(10 * queries.rowCount)
        guard share >= recall else { continue }
        try bench.measure(
          name, size: queries.rowCount, threads: threads,
          [
            (
              "lathe",
              {
                _ = try graph.search(queries, k: 10, ef: ef, threads: threads)
                return ["recall": share, "ef": Double(ef)]
              }
            )
          ], rounds: 5)
        break
      }
    }
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
