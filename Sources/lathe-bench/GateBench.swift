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
      The rows of the last days are cut into five blocks of time; each is predicted by what was trained at its beginning, as it would serve. On the demo \
      plant, whose truth is known, the best candidate must also close half of the gap between the baseline and the least possible error.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: ArgumentHelp("A factory database instead of the demo plant.", valueName: "file")) var source: String?
  @Option(help: ArgumentHelp("Judge by rows of so many days before the last one.", valueName: "days")) var days = 90.0
  @Option(help: ArgumentHelp("Learn from so many rows at most.", valueName: "rows")) var maxRows: Int?
  @Flag(help: "Minutes an order instead of a piece, where quantities are not known.") var perOrder = false
  @Option(help: ArgumentHelp("Candidates.", valueName: "names")) var candidates = "boosting,forest,ridge,knn,mlp,stacking"

  func run() throws {
    let (items, work, plant) = try data()
    guard case .timestamp(let instants) = try work.column("completed_at").values, let last = instants.max() else { throw CleanFailure() }
    let until = Timestamp(microseconds: last)
    let since = until.advanced(bySeconds: -days * 86_400)
    let blocks = MinutesRows.blocks(of: instants.map { Double($0) / 1e6 }, since: since, until: until, count: 5)
    let rows = try MinutesRows(
      items: items, results: work, basis: perOrder ? .order : .unit, judging: blocks, learning: LearningChoice(limit: maxRows))
    var estimators: [any Estimator] = [OperationMedianEstimator(), BaselineEstimator()]
    for name in candidates.split(separator: ",").map(String.init) { estimators.append(try Self.candidate(name)) }
    let context = FitContext(seed: 42, threads: 2)
    var found: [(name: String, minutes: [Double], seconds: Double)] = []
    for estimator in estimators {
      let start = Date()
      let minutes = try rows.judgedMinutes(by: estimator, blocksFrom: Array(blocks.dropLast()), in: context).minutes
      found.append((type(of: estimator).name, minutes, Date().timeIntervalSince(start)))
    }
    let judged = rows.judged.rows.indices.filter { rows.judged.baseline[$0] > 0 && rows.runMinutes[rows.judged.rows[$0]] > 0 }
    let actual = judged.map { rows.runMinutes[rows.judged.rows[$0]] }
    let results: [(name: String, errors: ErrorSummary)] = found.map { entry in
      let errors = ErrorSummary(actual: actual, predicted: judged.map { entry.minutes[$0] })
      print(line(entry.name, errors, seconds: entry.seconds))
      return (entry.name, errors)
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

  private func data() throws -> (items: Frame, results: Frame, plant: DemoPlant?) {
    if let source {
      let factory = SQLiteFactorySource(try SQLiteDatabase(path: source, access: .readOnly))
      return (
        try factory.items(nil, columns: nil), try factory.results(of: nil, since: nil, until: Timestamp(microseconds: .max)), nil
      )
    }
    let size = options.quick ? (300, 8000) : (5000, 100_000)
    let plant = try DemoPlant(
      items: size.0, results: size.1, seed: 42, endsAt: PlantClock.end, events: PlantEvent.drift(endsAt: PlantClock.end))
    return (try plant.items(), try plant.results(), plant)
  }

  private func line(_ name: String, _ errors: ErrorSummary, seconds: Double) -> String {
    name.padding(toLength: 20, withPad: " ", startingAt: 0)
      + " mae \(shown(errors.mae))  trim_mae \(shown(errors.trimMae))  bias \(shown(errors.bias))  (\(errors.count) rows, \(shown(seconds)) s)"
  }

  private func shown(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
}
