import ArgumentParser
import DataAccess
import DemoPlant
import Foundation
import Learning
import Routing
import Tabular

/// Whether trained estimators earn their place: forward in time, on the same rows as the baseline and the plain median of the operation.
struct GateBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract:
      "Compare trained estimators with the baseline and the median of each operation, forward in time, on the demo plant or a factory.",
    discussion: """
      The rows of the last days are cut into five blocks of time; each is predicted by what was learnt from all rows before it. On the demo \
      plant, whose truth is known, the best candidate must also close half of the gap between the baseline and the least possible error.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: ArgumentHelp("A factory database instead of the demo plant.", valueName: "file")) var source: String?
  @Option(help: ArgumentHelp("Judge by rows of so many days before the last one.", valueName: "days")) var days = 90.0
  @Flag(help: "Minutes an order instead of a piece, where quantities are not known.") var perOrder = false
  @Option(help: ArgumentHelp("Candidates.", valueName: "names")) var candidates = "boosting,forest,ridge,knn,mlp,stacking"

  func run() throws {
    let (rows, plant) = try rows()
    guard let last = rows.completedAt.max(), let until = Timestamp(seconds: last) else { throw CleanFailure() }
    let since = until.advanced(bySeconds: -days * 86_400)
    let all = rows.indices(since: .distantPast, until: until).filter { rows.baseline[$0] > 0 }
    let data = try rows.dataset(of: all)
    var estimators: [any Estimator] = [OperationMedianEstimator(), BaselineEstimator()]
    for name in candidates.split(separator: ",").map(String.init) { estimators.append(try Self.candidate(name)) }
    let reference = all.map { rows.reference[$0] }
    let context = FitContext(seed: 42, threads: 2)
    var results: [(name: String, errors: ErrorSummary)] = []
    for estimator in estimators {
      let start = Date()
      let found = try crossValidate([estimator], on: data, split: .forward(5, since: since.seconds), in: context) {
        reference[$0] * exp($1)
      }
      results.append((type(of: estimator).name, found[0].overall))
      print(line(type(of: estimator).name, found[0].overall, seconds: Date().timeIntervalSince(start)))
    }
    let floor = plant.map { $0.floor(since: since, until: until) }
    if let floor { print("least possible       mae \(shown(floor.mae))  trim_mae \(shown(floor.trimMae))  (\(floor.results) results)") }
    guard let best = results.dropFirst(2).min(by: { $0.errors.trimMae < $1.errors.trimMae }) else { return }
    let (median, baseline) = (results[0].errors.trimMae, results[1].errors.trimMae)
    var gates = [
      ("trim_mae of \(best.name) under that of the operation's median", best.errors.trimMae < median),
      ("trim_mae of \(best.name) under that of the baseline", best.errors.trimMae < baseline),
    ]
    if let floor {
      let closed = (baseline - best.errors.trimMae) / (baseline - floor.trimMae)
      gates.append(("\(shown(100 * closed)) % of the gap between baseline and least error closed, at least 50 %", closed >= 0.5))
    }
    for (words, isMet) in gates { print("\(isMet ? "met   " : "MISSED") \(words)") }
    print("gate: \(gates.count { $0.1 }) of \(gates.count) met")
    if options.check, gates.contains(where: { !$0.1 }) { throw CleanFailure() }
  }

  /// A candidate as a factory would train it: of the logarithm of minutes over the reference, so errors of the middle count.
  private static func candidate(_ name: String) throws -> any Estimator {
    let values: [String: [String: PlainValue]] = [
      "boosting": ["loss": "huber", "tree_count": 300, "learning_rate": 0.05, "min_samples_leaf": 40, "feature_share": 0.6],
      "forest": ["tree_count": 200, "min_samples_leaf": 10, "feature_share": 0.4, "leaf": "median"],
      "knn": ["neighbor_count": 20, "weights": "distance"],
      "stacking": ["bases": ["boosting", ["name": "forest", "min_samples_leaf": 10], "ridge"], "folds": 3],
    ]
    return try Estimators.make(name, values[name] ?? [:])
  }

  private func rows() throws -> (MinutesRows, DemoPlant?) {
    if let source {
      let factory = SQLiteFactorySource(try SQLiteDatabase(path: source, access: .readOnly))
      let items = try factory.items(nil, columns: nil)
      let results = try factory.results(of: nil, since: nil, until: Timestamp(microseconds: .max))
      return (try MinutesRows(items: items, results: results, basis: perOrder ? .order : .unit), nil)
    }
    let size = options.quick ? (300, 8000) : (5000, 100_000)
    let plant = try DemoPlant(
      items: size.0, results: size.1, seed: 42, endsAt: PlantClock.end, events: PlantEvent.drift(endsAt: PlantClock.end))
    return (try MinutesRows(items: plant.items(), results: plant.results(), basis: .unit), plant)
  }

  private func line(_ name: String, _ errors: ErrorSummary, seconds: Double) -> String {
    name.padding(toLength: 20, withPad: " ", startingAt: 0)
      + " mae \(shown(errors.mae))  trim_mae \(shown(errors.trimMae))  bias \(shown(errors.bias))  (\(errors.count) rows, \(shown(seconds)) s)"
  }

  private func shown(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
}
