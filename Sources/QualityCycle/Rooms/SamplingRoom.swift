public import Ledger
public import Routing
import Tabular

/// What the first room hands over: the items that the cycle looks at.
public struct Sample: Hashable, Codable, Sendable {
  /// Codes of the items, in the strategy's order.
  public var items: [String]
  /// Why an item was chosen, for those of which something was said.
  public var reasons: [String: String]
  /// Items that could have been chosen.
  public var populationCount: Int
  /// Which strategy chose.
  public var strategy: StrategyIdentity
  /// Why the strategy failed and a uniform sample was taken instead; `nil` when it did not.
  public var failure: StrategyFailure?
  /// What a reader of the sample should know: taken all, small population, nothing to choose from.
  public var remarks: [String]
}

/// Room 1: chooses items. The strategy decides; when it fails, a uniform sample of the same size is taken.
public struct SamplingRoom {
  /// The factory.
  public let source: any FactorySource
  /// What earlier cycles left.
  public let ledger: Ledger
  /// Who decides.
  public let strategy: any SamplingStrategy

  /// Makes the room.
  public init(source: any FactorySource, ledger: Ledger, strategy: any SamplingStrategy) {
    self.source = source
    self.ledger = ledger
    self.strategy = strategy
  }

  /// Chooses items for `plan`.
  public func enter(_ plan: CyclePlan) throws -> Sample {
    let cut = CutFactorySource(source, asOf: plan.asOf)
    let codes = try cut.itemCodes(withResultsIn: plan.population == .withResults ? plan.window : nil)
    var sample = Sample(
      items: [], reasons: [:], populationCount: codes.count, strategy: strategy.identity, failure: nil, remarks: [])
    if codes.isEmpty {
      sample.remarks.append(plan.population == .withResults ? "no item has results in the window" : "the source has no items")
      return sample
    }
    if plan.takesAll {
      sample.strategy = StrategyIdentity(kind: .sampling, name: "all", sha256: "", parameters: [:])
      sample.items = codes
      return sample
    }
    if codes.count < plan.minPopulation {
      sample.remarks.append("only \(codes.count) items to choose from, fewer than sampling.min_population (\(plan.minPopulation))")
    }
    if codes.count <= plan.size { sample.remarks.append("all \(codes.count) items taken: \(plan.size) were asked for") }
    let population = try population(codes, from: cut)
    let size = min(plan.size, codes.count)
    let history = try ledger.history(until: plan.asOf, metrics: MeasurementRoom.historyMetrics)
    let context = SamplingContext(
      asOf: plan.asOf, since: plan.window.since, seed: plan.seed, size: size, population: population, history: history, source: cut)
    do {
      let decision = try decide(context)
      sample.items = decision.items
      sample.reasons = decision.reasons
    } catch let failure as StrategyFailure {
      sample.failure = failure
      let rows = try Sampling.uniform(population: codes.count, size: size, seed: plan.seed)
      sample.items = rows.map { codes[$0] }
    }
    return sample
  }

  /// What the strategy decides, checked: it may choose known items only, each once, at least one and at most as many as asked for.
  private func decide(_ context: SamplingContext) throws -> SamplingDecision {
    let decision: SamplingDecision
    do { decision = try strategy.sample(context) } catch let error where error is StrategyFailure || error is CancellationError {
      throw error
    } catch { throw StrategyFailure(message: "\(error)") }
    let path = strategy.identity.path
    let known = Set(context.population.codes)
    let unknown = decision.items.filter { !known.contains($0) }
    if let first = unknown.first {
      throw StrategyFailure(
        message: "\(path): chose \(unknown.count) items that are not in the population, such as '\(first)'"
          + suggestion(for: first, in: context.population.codes.prefix(10_000)))
    }
    var seen: Set<String> = []
    if let twice = decision.items.first(where: { !seen.insert($0).inserted }) {
      throw StrategyFailure(message: "\(path): chose '\(twice)' twice; each item may be chosen once")
    }
    if decision.items.isEmpty { throw StrategyFailure(message: "\(path): chose nothing of \(known.count) items") }
    if decision.items.count > context.size {
      throw StrategyFailure(message: "\(path): chose \(decision.items.count) items, \(context.size) were asked for")
    }
    return decision
  }

  private func population(_ codes: [String], from source: CutFactorySource) throws -> Population {
    let features = try source.featureColumns().map(\.name)
    return Population(
      codes: codes, columnNames: features + ["created_at", "updated_at", "last_result", "last_checked", "last_error"]
    ) { [ledger] name in
      switch name {
      case "last_result": try Self.align(source.lastResults(of: codes, until: source.asOf), "completed_at", with: codes)
      case "last_checked": try Self.align(ledger.checks(of: codes, until: source.asOf), "checked_at", with: codes)
      case "last_error": try Self.align(ledger.checks(of: codes, until: source.asOf), "error", with: codes)
      default: try Self.align(source.items(codes, columns: [name]), name, with: codes)
      }
    }
  }

  /// The values of `name` in the order of `codes`; an item without a row is missing.
  private static func align(_ frame: Frame, _ name: String, with codes: [String]) throws -> Column {
    let keys = try frame.column("item_code")
    let values = try frame.column(name)
    var rows: [String: Int] = [:]
    for row in 0..<frame.rowCount { if let code = keys.text(row) { rows[code] = row } }
    var builder = ColumnBuilder(values.type, capacity: codes.count)
    for code in codes { try builder.append(rows[code].map { values[$0] } ?? .missing) }
    return builder.column()
  }
}
