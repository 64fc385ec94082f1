import ArgumentParser
import Foundation
import QualityCycle
import Routing
import Tabular

/// Predicts one item.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Predict how an item will be made, and from what evidence.")

  @OptionGroup var global: GlobalOptions
  @Argument(help: "The item's code.") var item: String
  @Option(name: [.short, .long], help: ArgumentHelp("Pieces of the order; default: minutes a piece only.", valueName: "pieces"))
  var quantity: Double?
  @Option(help: ArgumentHelp("Version to predict with; default: the one that serves.", valueName: "version")) var model: String?

  func run() throws {
    if let quantity, !(quantity > 0 && quantity <= PredictedOperation.largestQuantity) {
      throw CommandFailure.usage("--quantity must be a number above 0, up to a billion, got \(quantity)")
    }
    let workspace = try global.open()
    let source = try workspace.source()
    let predictor = Predictor(try model.map(workspace.load) ?? workspace.champion())
    let prediction: Prediction
    do { prediction = try predictor.predict([item], from: source, quantity: quantity, explaining: true)[0].get() } catch PredictionFailure
      .unknownItem
    {
      let codes = try source.itemCodes(withResultsIn: nil)
      throw CommandFailure("unknown item '\(item.escapedForTerminal)'" + suggestion(for: item, in: codes.prefix(20_000)))
    } catch let failure as PredictionFailure {
      throw CommandFailure("item '\(item.escapedForTerminal)': \(failure.rawValue)")
    }
    if global.json { return try Terminal.output(json: prediction) }
    Terminal.output(Terminal.harmless(try text(prediction)))
  }

  private func text(_ prediction: Prediction) throws -> String {
    let unit = prediction.basis == .unit ? "a piece" : "an order (quantities are not known)"
    var text = "\(prediction.item), predicted by \(prediction.version), which knows up to \(prediction.trainedUntil)\n"
    text += "run minutes are \(unit); set-up minutes an order\n"
    if let estimator = prediction.estimator {
      text +=
        "\(prediction.setupEstimator == nil ? "run" : "run and set-up") minutes by the trained model (\(estimator)), the rest from the evidence\n"
    }
    for mark in prediction.marks {
      switch mark {
      case .lowSimilarity: text += "! no item with evidence is as alike as wanted: the nearest were used (low_similarity)\n"
      case .standardOnly: text += "! no evidence at all: this is the standard routing (standard_only)\n"
      }
    }
    let routing = prediction.routing
    let number = { (value: Double?) -> Cell in value.map { .double(($0 * 100).rounded() / 100) } ?? .missing }
    var columns: [(name: String, column: Column)] = [
      ("operation", Column(routing.operations.map { $0.occurrence == 0 ? $0.job : "\($0.job) (\($0.occurrence + 1))" })),
      ("resource", Column(routing.operations.map(\.resource))),
      ("in_house", try Column(routing.operations.map { $0.inHouse.map(Cell.bool) ?? .missing }, as: .bool)),
      ("setup", try Column(routing.operations.map { number($0.setupMinutes) }, as: .double)),
      ("run", try Column(routing.operations.map { number($0.runMinutes) }, as: .double)),
      ("optimal", try Column(routing.operations.map { number($0.optimalMinutes) }, as: .double)),
      ("safe", try Column(routing.operations.map { number($0.safeMinutes) }, as: .double)),
      ("samples", Column(routing.operations.map { Int64($0.samples) })),
      ("confidence", try Column(routing.operations.map { number($0.confidence) }, as: .double)),
    ]
    if let quantity {
      let minutes = routing.operations.map { $0.orderMinutes(quantity: quantity, basis: prediction.basis) }
      columns.append(("order of \(quantity.formatted())", try Column(minutes.map(number), as: .double)))
    }
    text += try Frame(columns).rendered() + "\n"
    if let quantity, routing.operations.allSatisfy({ $0.runMinutes != nil }) {
      let total = routing.operations.reduce(0) { $0 + ($1.orderMinutes(quantity: quantity, basis: prediction.basis) ?? 0) }
      text += "an order of \(quantity.formatted()): \(((total * 10).rounded() / 10).formatted()) minutes\n"
    }
    let alike = prediction.neighbors.prefix(5).map {
      "\($0.item) (\(($0.similarity * 100).rounded() / 100), \(counted($0.orders, "order")))"
    }
    if !alike.isEmpty {
      text +=
        "similar items with results: " + alike.joined(separator: ", ") + (prediction.neighbors.count > 5 ? ", …" : "")
        + "; routing.explain tells what each figure rests on\n"
    }
    for candidate in prediction.candidates.dropFirst() {
      text += "else (\((candidate.score * 100).rounded() / 100)): " + candidate.signature.joined(separator: " → ") + "\n"
    }
    return text
  }
}
