import ArgumentParser
import Configuration
import Ledger
import QualityCycle
import Scripting
import Tabular

/// Trains challengers, or the first version.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train challengers, compare them with the champion on later results, and deploy the winner.",
    discussion: """
      Challengers are fitted block by block in time and judged, beside the champion, by results later than the champion's training. The \
      comparison policy of the settings decides; the winner is fitted to everything up to the instant and put in force. With --baseline a \
      version of similar items' statistics alone is made and put in force without a comparison: that is how a workspace begins. With --job \
      a job of the queue is done again from its record, and what comes out is compared with it: rows, verdict, bytes; nothing changes.
      """)

  @OptionGroup var global: GlobalOptions
  @Flag(help: "Make the baseline and put it in force, whatever serves: similar items and per-operation statistics.") var baseline = false
  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Challengers; default: training.candidates.", valueName: "name"))
  var candidates: [String] = []
  @Option(help: ArgumentHelp("Comparison policy; default: comparison.policy.", valueName: "name")) var policy: String?
  @Option(help: ArgumentHelp("Learn from what was completed up to this instant; default: now.", valueName: "time")) var asOf: Timestamp?

  @Option(help: ArgumentHelp("Do this job again from its record, and say whether data, verdict and model are the same.", valueName: "id"))
  var job: Int64?

  func run() throws {
    if let job {
      if baseline || !candidates.isEmpty || policy != nil || asOf != nil {
        throw CommandFailure.usage(
          "--job takes everything from the job's record: --baseline, --candidates, --policy and --as-of do not go with it")
      }
      return try reproduce(job)
    }
    if baseline, !candidates.isEmpty || policy != nil {
      throw CommandFailure.usage("--baseline compares nothing: --candidates and --policy do not go with it")
    }
    var overrides: [ConfigurationOverride] = []
    if let policy { overrides.append(ConfigurationOverride("comparison.policy", policy, origin: "--policy")) }
    let workspace = try global.open(overrides, checksStrategies: !baseline)
    for candidate in candidates {
      do { _ = try TrainingCandidate(candidate).estimator() } catch { throw CommandFailure.usage("--candidates: \(error)") }
    }
    let bar = ProgressBar("training", quiet: global.quiet)
    if baseline {
      let manifest = try workspace.trainBaseline(until: asOf ?? workspace.surroundings.now(), progress: bar.show)
      if global.json { return try Terminal.output(json: manifest) }
      return Terminal.output("\(ModelsCommand.line(manifest, isActive: true))\n")
    }
    let retraining = try workspace.retrain(
      RetrainingRequest(asOf: asOf, candidates: candidates.isEmpty ? nil : candidates),
      policy: StrategyLibrary(workspace).comparisonPolicy(workspace.effective), progress: { bar.show($0.share, step: $0.step) })
    defer { workspace.notify(global) }
    if global.json { return try Terminal.output(json: retraining) }
    Terminal.output(Terminal.harmless(retraining.verdict.text()))
    if let deployment = retraining.deployment, deployment.isShadow {
      let cycles = counted(workspace.settings.comparison.shadowCycles, "cycle")
      Terminal.output(
        "\(deployment.version) (\(deployment.candidate)) predicts beside \(deployment.replaced) for \(cycles) before it may serve\n")
    } else if let deployment = retraining.deployment {
      Terminal.output(
        "\(deployment.version) (\(deployment.candidate)) serves now; 'lathe models rollback' brings \(deployment.replaced) back\n")
    } else {
      Terminal.output("\(retraining.verdict.plan.champion) stays\n")
    }
  }

  private func reproduce(_ id: Int64) throws {
    let workspace = try global.open()
    guard let job = try workspace.jobQueue().job(id) else { throw ReproductionError.noJob(id) }
    let asked = try workspace.asAsked(for: job, shouldStop: { Interruption.isRequested })
    let bar = ProgressBar("training", quiet: global.quiet)
    let found = try asked.reproduce(
      job, policy: StrategyLibrary(asked).comparisonPolicy(asked.effective), progress: { bar.show($0.share, step: $0.step) })
    if global.json { return try Terminal.output(json: found) }
    Terminal.output(Terminal.harmless(found.text()))
  }
}
