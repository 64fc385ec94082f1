import ArgumentParser
import Foundation
import Ledger
import QualityCycle
import Scripting
import Tabular

/// How soon the trigger rules find what changes, and how often they cry without a change.
struct DetectionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detection", abstract: "Delay and false alarms of a trigger rule, on plants of known truth.",
    discussion: """
      A baseline that has learnt from a plant's first year is watched in weekly cycles through the second. Steps of at least 25 % that touch at \
      least 5 % of the results count from their day, wear from the day it passes 10 %. An alarm counts as found when a reason names a job that \
      changed; every other one is false, and the champion learns anew.
      """)

  @OptionGroup var options: BenchOptions
  @Option(help: ArgumentHelp("The trigger rule.", valueName: "name")) var rule = "cusum"
  @Option(help: ArgumentHelp("Plants of each kind.", valueName: "count")) var seeds = 20
  @Option(help: ArgumentHelp("The first plant's seed.", valueName: "seed")) var firstSeed = 1
  @Option(help: ArgumentHelp("Items of a plant.", valueName: "count")) var items = 1500
  @Option(help: ArgumentHelp("Results of a plant in its two years.", valueName: "count")) var results = 60_000
  @Option(help: ArgumentHelp("Watch a sample of so many items instead of all results.", valueName: "items")) var sample: Int?
  @Option(help: ArgumentHelp("A parameter of the rule, as name=number; may be repeated.", valueName: "name=number")) var set: [String] = []

  func run() throws {
    let folder = try options.dataFolder() + "/detection-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let count = options.quick ? 2 : seeds
    var found: [DetectionPlant.Kind: [DetectionRun.Outcome]] = [:]
    for kind in DetectionPlant.Kind.allCases where options.includes(kind.rawValue) {
      for seed in firstSeed..<firstSeed + count {
        let plant = try DetectionPlant(kind, seed: UInt64(seed), items: items, results: results, folder: folder)
        let path = folder + "/ledger-\(kind.rawValue)-\(seed).sqlite"
        let rule = try StrategyLibrary(folder: folder).triggerRule(rule, parameters: parameters())
        let run = DetectionRun(
          plant: plant, rule: rule, ledger: try Ledger(path: path), watch: sample == nil ? .all : .sample, sampleSize: sample ?? 0)
        let outcome = try run.run()
        found[kind, default: []].append(outcome)
        print(line(plant, outcome))
        fflush(nil)
        try plant.close()
      }
    }
    let gates = gates(found)
    for (words, isMet) in gates { print("\(isMet ? "met   " : "MISSED") \(words)") }
    print("detection: \(gates.count { $0.1 }) of \(gates.count) targets met")
    if options.check, gates.contains(where: { !$0.1 }) { throw CleanFailure() }
  }

  private func parameters() throws -> [String: PlainValue] {
    var values: [String: PlainValue] = [:]
    for text in set {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let number = Double(parts[1]) else { throw ValidationError("--set \(text): expected name=number") }
      values[parts[0]] = number == number.rounded() ? .integer(Int64(number)) : .number(number)
    }
    return values
  }

  private func line(_ plant: DetectionPlant, _ outcome: DetectionRun.Outcome) -> String {
    var line = "\(plant.kind.rawValue) \(plant.seed): \(plant.words)"
    if plant.countsFrom != nil {
      line += " (\(shown(100 * plant.share)) % of the results), "
      line += outcome.delay.map { "found after \(shown($0)) days" } ?? "not found"
    }
    line += "; \(outcome.falseAlarms) false alarms in \(Int(outcome.quietDays)) days"
    return outcome.words.isEmpty ? line : line + "; \(outcome.words)"
  }

  /// The targets: what they say, and whether they are met.
  private func gates(_ found: [DetectionPlant.Kind: [DetectionRun.Outcome]]) -> [(String, Bool)] {
    var gates: [(String, Bool)] = []
    for kind in [DetectionPlant.Kind.step, .wear] {
      guard let outcomes = found[kind] else { continue }
      let delays = outcomes.map { $0.delay ?? .infinity }.sorted()
      let median = (delays[(delays.count - 1) / 2] + delays[delays.count / 2]) / 2
      let soon = Double(delays.count { $0 <= 28 }) / Double(delays.count)
      gates.append(("\(kind.rawValue): median delay \(shown(median)) days, at most 14", median <= 14))
      gates.append(("\(kind.rawValue): \(shown(100 * soon)) % found within 28 days, at least 90", soon >= 0.9))
    }
    if let quiet = found[.steady] {
      let years = quiet.reduce(0) { $0 + $1.quietDays } / 365.25
      let rate = Double(quiet.reduce(0) { $0 + $1.falseAlarms }) / years
      gates.append(("steady: \(shown(rate)) false alarms a year over \(shown(years)) years, at most 1", rate <= 1))
    }
    return gates
  }

  private func shown(_ value: Double) -> String { value.isFinite ? String((value * 10).rounded() / 10) : "–" }
}
