import ArgumentParser
import Ledger
import QualityCycle
import Tabular

/// Trains a model version.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model version on the results up to an instant, and activate it.")

  @OptionGroup var global: GlobalOptions
  @Flag(help: "Train the baseline: similar items and per-operation statistics.") var baseline = false
  @Option(help: ArgumentHelp("Learn from what was completed up to this instant; default: now.", valueName: "time")) var asOf: Timestamp?

  func run() throws {
    guard baseline else { throw CommandFailure.usage("say what to train: --baseline") }
    let workspace = try global.open()
    let bar = ProgressBar("training", quiet: global.quiet)
    let manifest = try workspace.trainBaseline(until: asOf ?? workspace.surroundings.now(), progress: bar.show)
    if global.json {
      try Terminal.output(json: manifest)
    } else {
      Terminal.output("\(ModelsCommand.line(manifest, isActive: true))\n")
    }
  }
}
