import Configuration
public import Metrics
public import Routing
public import Tabular

extension Workspace {
  /// How well a version predicts the results of a window, on all of its items or a seeded sample of them; nothing is recorded.
  ///
  /// - Parameters:
  ///   - version: The version; it must know nothing of the window.
  ///   - size: Items looked at; `nil`: all.
  /// - Returns: `mae`, `trim_mae`, `rmse`, `bias`, `wape` of run minutes, and `process_match`.
  /// - Throws: ``CycleError`` when the version has learnt from the window or the window is empty, what loading and reading throw.
  public func evaluate(_ version: String, in window: Window, size: Int? = nil, seed: UInt64 = 42) throws -> [Measurement] {
    guard window.since < window.until else { throw CycleError.emptyWindow(since: window.since, asOf: window.until) }
    let model = try load(version)
    guard window.since >= model.trainedUntil else {
      throw CycleError.windowBeforeTraining(since: window.since, trainedUntil: model.trainedUntil, champion: version)
    }
    let source = try source()
    var codes = try source.itemCodes(withResultsIn: window)
    if let size, size < codes.count {
      var generator = SeededGenerator(seed: seed, stream: "evaluated items")
      for place in 0..<size { codes.swapAt(place, place + generator.integer(below: codes.count - place)) }
      codes = codes.prefix(size).sorted()
    }
    let known = CutFactorySource(source, asOf: window.since)
    let predictor = Predictor(model)
    var parts: [Evaluation] = []
    for start in stride(from: 0, to: max(1, codes.count), by: 2000) {
      try surroundings.checkCancellation()
      let block = Array(codes[start..<min(start + 2000, codes.count)])
      parts.append(
        try Evaluator(window: window, basis: model.evidence.basis)
          .evaluate(block, predictor.predict(block, from: known), against: source) { try predictor.minutesOfOrders($0, from: known) })
    }
    let evaluation = try Evaluation.joining(parts)
    let (actual, predicted) = (
      try evaluation.operations.column("actual_minutes").numbers ?? [], try evaluation.operations.column("predicted_minutes").numbers ?? []
    )
    let counts = evaluation.items.filter { $0.leftOut == nil && !$0.isUnderWay }.map(\.alignment)
    return [
      try Score.mae(actual, predicted), try Score.trimMae(actual, predicted, ratio: settings.thresholds.trimRatio),
      try Score.rmse(actual, predicted), try Score.bias(actual, predicted), try Score.wape(actual, predicted),
      Score.processMatch(counts.reduce(AlignmentCounts(), +)),
    ]
  }
}
