import ArgumentParser
import Configuration
import DemoPlant
import Foundation
import Ledger
import Metrics
import QualityCycle
import Routing
import Scripting
import Tabular

/// A year of weekly cycles with their retrainings: how long it takes, and how much of what the drift cost is won back.
struct RetrainingBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retraining",
    abstract: "Walk a plant that drifts through a year of weekly cycles, retraining when the rule asks for it.",
    discussion: """
      The walk is what scripts/drift.lua does, without the comparison with a plant that never retrains; that is made afterwards, over the \
      weeks after each deployment. Won back is the share of the error that the drift added (to that of the first version, over the least \
      possible error) which the deployed version takes away.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: ArgumentHelp("Trigger rule.", valueName: "name")) var rule = "threshold"
  @Option(help: ArgumentHelp("Weeks.", valueName: "count")) var weeks = 52
  @Option(help: ArgumentHelp("More settings, as YAML.", valueName: "yaml")) var settings = ""

  private static let week = 7 * 86_400.0
  private static let mostSeconds = 600.0, leastWonBack = 0.6

  func run() throws {
    let size = options.quick ? (items: 1000, results: 30_000) : (items: 20_000, results: 400_000)
    let events = PlantEvent.drift(endsAt: PlantClock.end)
    let folder = try options.dataFolder() + "/retraining-\(size.items)"
    let text = settings.isEmpty ? "training: {max_rows: 20000}\nthresholds: {trim_mae_max: 2.5}\n" : settings
    let workspace = try BenchPlant.workspace(folder, size, events: events, settings: text)
    let first = PlantClock.end.advanced(bySeconds: -Double(weeks) * Self.week)
    let original = try workspace.trainBaseline(until: first).version
    var deployed: [(at: Timestamp, version: String)] = []
    var asked = 0
    let start = ContinuousClock.now
    let cycles = try workspace.refreshed(overriding: [ConfigurationOverride("trigger.rule", rule)])
    for number in 1...weeks {
      let now = first.advanced(bySeconds: Double(number) * Self.week)
      let since = now.advanced(bySeconds: -Self.week)
      let (report, _) = try cycles.runCycle(CycleRequest(asOf: now, since: since), strategies: StrategyLibrary(cycles))
      guard report.trigger.decision.retrain else { continue }
      asked += 1
      let policy = try StrategyLibrary(cycles).comparisonPolicy(cycles.effective)
      if let job = try cycles.workOff(worker: "bench", policy: policy), job.status == .succeeded, let active = try cycles.models.active() {
        deployed.append((now, active.version))
        print("\(now): \(active.version) serves after \(seconds(since: start)) s")
      }
    }
    let took = seconds(since: start)
    print("\(weeks) weeks, \(size.items) items, \(size.results) results: \(took) s, asked \(asked) times, deployed \(deployed.count)")
    var met = [took <= Self.mostSeconds]
    print("\(met[0] ? "met   " : "MISSED") \(took) s for the walk, at most \(Self.mostSeconds)")
    let plant = try DemoPlant(
      items: size.items, results: size.results, seed: 42, endsAt: PlantClock.end, events: events)
    for event in events where event.at > first && [.newMachine, .materialChange].contains(event.kind) {
      guard let answer = deployed.last(where: { $0.at > event.at && $0.at.seconds(since: event.at) < 8 * Self.week }) else { continue }
      let until = deployed.first { $0.at > answer.at }?.at ?? PlantClock.end
      guard until > answer.at else { continue }
      let share = try wonBack(of: event, original, answer, until: until, workspace, plant)
      met.append(share >= Self.leastWonBack)
      print(
        "\(met[met.count - 1] ? "met   " : "MISSED") \(shown(share)) of what '\(event.summary)' cost is won back, at least \(Self.leastWonBack)"
      )
    }
    print("retraining: \(met.count { $0 }) of \(met.count) targets met")
    if options.check, met.contains(false) { throw CleanFailure() }
  }

  /// The share of the error that `event` added to the first version which the version deployed after it takes away, over the weeks after that.
  private func wonBack(
    of event: PlantEvent, _ original: String, _ answer: (at: Timestamp, version: String), until: Timestamp, _ workspace: Workspace,
    _ plant: DemoPlant
  ) throws -> Double {
    func excess(_ version: String, _ window: Window) throws -> Double {
      let error = try workspace.evaluate(version, in: window).first { $0.name == "trim_mae" }?.value ?? .nan
      return error - plant.floor(since: window.since, until: window.until).trimMae
    }
    let before = Window(since: event.at.advanced(bySeconds: -4 * Self.week), until: event.at)
    let after = Window(since: answer.at, until: until)
    let (usual, without) = (try excess(original, before), try excess(original, after))
    return (without - (try excess(answer.version, after))) / (without - usual)
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double { shown((ContinuousClock.now - start) / .seconds(1)) }
  private func shown(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
