import LuaBridge
import QualityCycle
import Routing
import Tabular

private struct PredictOptions: LuaRecord {
  var quantity: Double?
  var version: String?

  static let fields: [LuaField<PredictOptions>] = [
    LuaField("quantity", \.quantity, "pieces of the order; adds order_minutes to each operation and to the whole"),
    LuaField("version", \.version, "version to predict with; the one that serves when left out"),
  ]
}

private let predictFunction = LuaFunction(
  "predict", "How an item will be made: ranked candidate routings with minutes and what they rest on.", in: Workspace.self,
  Parameter("item", String.self, "the item's code"), Parameter("options", PredictOptions.self, "quantity and version"),
  returns: .value(PlainValue.self, "item, version, trained_until, basis, marks, candidates { score, orders, operations }, neighbors"),
  effect: .reads
) { workspace, item, options in
  if let quantity = options.quantity, !(quantity > 0 && quantity <= PredictedOperation.largestQuantity) {
    throw LuaError("'quantity' must be a number above 0, up to a billion, got \(quantity)")
  }
  return predicted(
    try prediction(of: item, quantity: options.quantity, version: options.version, in: workspace), quantity: options.quantity)
}

private let similarFunction = LuaFunction(
  "similar", "The items with evidence that are most like an item.", in: Workspace.self,
  Parameter("item", String.self, "the item's code"), Parameter("k", Int.self, "how many, at least 1", default: 10),
  returns: .value(ScriptFrame.self, "item_code and similarity 0…1, most similar first"), effect: .reads
) { workspace, item, count in
  guard count >= 1 else { throw LuaError("'k' must be at least 1, got \(count)") }
  let source = try workspace.source()
  guard let found = try Predictor(workspace.champion()).similar(to: item, count: count, from: source) else {
    throw try unknownItem(item, in: source)
  }
  return ScriptFrame(try Frame([("item_code", Column(found.map(\.item))), ("similarity", Column(found.map(\.similarity)))]))
}

private struct PredictionName: LuaRecord {
  var item = ""
  var version: String?
  var rest: PlainValue = .null

  static let fields: [LuaField<PredictionName>] = [
    LuaField("item", \.item, "the item's code", isRequired: true), LuaField("version", \.version, "the version that predicted"),
    LuaField("trained_until", \.rest, "not used"), LuaField("basis", \.rest, "not used"),
    LuaField("estimator", \.rest, "not used"), LuaField("setup_estimator", \.rest, "not used"), LuaField("marks", \.rest, "not used"),
    LuaField("candidates", \.rest, "not used"), LuaField("neighbors", \.rest, "not used"), LuaField("quantity", \.rest, "not used"),
    LuaField("order_minutes", \.rest, "not used"),
  ]
}

private let explainFunction = LuaFunction(
  "explain", "Where each figure of a prediction comes from: the items and results behind every operation.", in: Workspace.self,
  Parameter("prediction", PredictionName.self, "what routing.predict gave"),
  returns: .value(ScriptFrame.self, "operation, item_code, similarity, samples, mean_minutes, share (of the figure), results"),
  effect: .reads
) { workspace, name in
  let operations = try prediction(of: name.item, version: name.version, in: workspace).routing.operations
  let rows = operations.flatMap { operation in
    (operation.sources ?? []).map { (operation.occurrence == 0 ? operation.job : "\(operation.job) (\(operation.occurrence + 1))", $0) }
  }
  let frame = try Frame([
    ("operation", Column(rows.map(\.0))), ("item_code", Column(rows.map(\.1.item))), ("similarity", Column(rows.map(\.1.similarity))),
    ("samples", Column(rows.map { Int64($0.1.samples) })), ("mean_minutes", Column(rows.map(\.1.meanMinutes))),
    ("share", Column(rows.map(\.1.share))), ("results", Column(rows.map { $0.1.results.joined(separator: " ") })),
  ])
  return ScriptFrame(frame)
}

/// `routing`: predictions and their reasons.
let routingModule = LuaModule(
  "routing", "Predictions of how items will be made, and what they rest on.",
  functions: [predictFunction, similarFunction, explainFunction])

private func prediction(of item: String, quantity: Double? = nil, version: String?, in workspace: Workspace) throws -> Prediction {
  let source = try workspace.source()
  let model = try version.map(workspace.load) ?? workspace.champion()
  do { return try Predictor(model).predict([item], from: source, quantity: quantity, explaining: true)[0].get() } catch PredictionFailure
    .unknownItem
  {
    throw try unknownItem(item, in: source)
  } catch let failure as PredictionFailure {
    throw LuaError("item '\(item.escapedForTerminal)': \(failure.rawValue)")
  }
}

private func unknownItem(_ item: String, in source: any FactorySource) throws -> LuaError {
  LuaError("unknown item '\(item.escapedForTerminal)'" + suggestion(for: item, in: try source.itemCodes(withResultsIn: nil).prefix(20_000)))
}

private func predicted(_ prediction: Prediction, quantity: Double?) -> PlainValue {
  let number = { (value: Double?) in value.map(PlainValue.number) ?? .null }
  var result: [String: PlainValue] = [
    "item": .text(prediction.item), "version": .text(prediction.version), "trained_until": .number(prediction.trainedUntil.seconds),
    "basis": .text(prediction.basis.rawValue), "estimator": prediction.estimator.map { .text($0) } ?? .null,
    "setup_estimator": prediction.setupEstimator.map { .text($0) } ?? .null,
    "marks": .list(prediction.marks.map { .text($0.rawValue) }),
    "neighbors": .list(
      prediction.neighbors.map {
        ["item": .text($0.item), "similarity": .number($0.similarity), "orders": .integer(Int64($0.orders))]
      }),
    "candidates": .list(
      prediction.candidates.map { candidate in
        [
          "score": .number(candidate.score), "orders": .integer(Int64(candidate.orders)),
          "operations": .list(
            candidate.operations.map { operation in
              [
                "job": .text(operation.job), "occurrence": .integer(Int64(operation.occurrence)),
                "resource": operation.resource.map(PlainValue.text) ?? .null, "in_house": operation.inHouse.map(PlainValue.bool) ?? .null,
                "setup_minutes": number(operation.setupMinutes), "run_minutes": number(operation.runMinutes),
                "optimal_minutes": number(operation.optimalMinutes), "safe_minutes": number(operation.safeMinutes),
                "standard_deviation": number(operation.standardDeviation), "cv": number(operation.cv),
                "samples": .integer(Int64(operation.samples)), "outliers": .integer(Int64(operation.outliers)),
                "confidence": .number(operation.confidence), "outsourcing_replaced": .bool(operation.outsourcingReplaced),
                "order_minutes": number(quantity.flatMap { operation.orderMinutes(quantity: $0, basis: prediction.basis) }),
              ]
            }),
        ]
      }),
  ]
  if let quantity {
    result["quantity"] = .number(quantity)
    let minutes = prediction.routing.operations.map { $0.orderMinutes(quantity: quantity, basis: prediction.basis) }
    if !minutes.contains(nil) { result["order_minutes"] = .number(minutes.compactMap { $0 }.reduce(0, +)) }
  }
  return .map(result)
}
