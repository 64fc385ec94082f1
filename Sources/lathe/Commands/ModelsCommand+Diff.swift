import ArgumentParser
import Ledger
import QualityCycle
import Tabular

extension ModelsCommand {
  /// Compares two versions.
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare two versions: what they were made with and of, and the predictions that changed most.",
      discussion: """
        The predictions are of a sample of items that one of them has evidence of, drawn by sampling.seed; minutes are those of the \
        likeliest routing, a piece or an order as the version says.
        """)
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The first version.") var first: String
    @Argument(help: "The second version; default: the one that serves.") var second: String?
    @Option(help: ArgumentHelp("Items to predict at most.", valueName: "count")) var items = 500
    @Option(help: ArgumentHelp("Changes to list at most.", valueName: "count")) var top = 20

    func run() throws {
      guard (1...100_000).contains(items) else { throw CommandFailure.usage("--items must be 1 to 100000, got \(items)") }
      guard (0...100_000).contains(top) else { throw CommandFailure.usage("--top must be 0 to 100000, got \(top)") }
      let workspace = try global.open()
      let difference = try workspace.difference(
        first, ModelsCommand.chosen(second, in: workspace.models), items: items, changes: top)
      if global.json { return try Terminal.output(json: difference) }
      Terminal.output(Terminal.harmless(try text(difference)))
    }

    private func text(_ difference: VersionDifference) throws -> String {
      var text = "A \(difference.a)\nB \(difference.b)\n"
      text += try table("fact", difference.facts) { $0 }
      text += try table("parameter", difference.parameters) { $0.description }
      text += try table("feature", difference.features) { $0 }
      text += try table("metric", difference.metrics) { Self.rounded($0).description }
      text += try table("file", difference.files) { counted($0, "byte") }
      guard let predictions = difference.predictions else {
        return text + "\nno factory data to predict from; import some with 'lathe data import'\n"
      }
      text += "\n\(counted(predictions.items, "item")), \(counted(predictions.operations, "operation")), \(predictions.unchanged) unchanged"
      if let mean = predictions.meanAbsolutePercent { text += ", by \(Self.rounded(mean)) % on average" }
      text += predictions.failures == 0 ? "\n" : "; \(counted(predictions.failures, "item")) could not be predicted by both\n"
      if predictions.changes.isEmpty { return text }
      let numbers = { (values: [Double?]) in try Column(values.map { $0.map { Cell.double(Self.rounded($0)) } ?? .missing }, as: .double) }
      let changes = predictions.changes
      let frame = try Frame([
        ("item", Column(changes.map(\.item))),
        ("operation", Column(changes.map { $0.occurrence == 0 ? $0.operation : "\($0.operation) (\($0.occurrence + 1))" })),
        ("A", numbers(changes.map(\.a))), ("B", numbers(changes.map(\.b))), ("change %", numbers(changes.map(\.percent))),
      ])
      return text + Self.rendered(frame)
    }

    private func table<Value>(
      _ title: String, _ pairs: [String: VersionDifference.Pair<Value>], _ words: (Value) -> String
    ) throws -> String {
      if pairs.isEmpty { return "" }
      let names = pairs.keys.sorted().filter { pairs[$0]?.a != pairs[$0]?.b }
      let same = "\(counted(pairs.count - names.count, title)) the same\n"
      if names.isEmpty { return "\n" + same }
      let frame = try Frame([
        (title, Column(names)), ("A", Column(names.map { pairs[$0]?.a.map(words) })), ("B", Column(names.map { pairs[$0]?.b.map(words) })),
      ])
      return "\n" + Self.rendered(frame) + (names.count == pairs.count ? "" : same)
    }

    /// All rows: what a person asked to see is not left out.
    private static func rendered(_ frame: Frame) -> String {
      frame.rendered(FrameLayout(rows: max(1, frame.rowCount), textWidth: 80))
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
  }
}
