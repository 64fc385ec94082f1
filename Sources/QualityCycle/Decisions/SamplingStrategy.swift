public import Routing
import Synchronization
public import Tabular

/// Decides which items a cycle looks at.
public protocol SamplingStrategy {
  /// Which strategy it is.
  var identity: StrategyIdentity { get }

  /// Chooses items of the population. Throws ``StrategyFailure`` when the strategy fails, or `CancellationError`.
  func sample(_ context: SamplingContext) throws -> SamplingDecision
}

/// What a sampling strategy may know.
public struct SamplingContext: Sendable {
  /// The instant that may be known about, and the start of the window.
  public var asOf, since: Timestamp
  /// Seed of everything random.
  public var seed: UInt64
  /// Items wanted.
  public var size: Int
  /// The items to choose from.
  public var population: Population
  /// Earlier cycles: `cycle_id`, `as_of`, each metric, `retrained`; oldest first.
  public var history: Frame
  /// The factory's data, cut at `asOf`.
  public var source: CutFactorySource

  /// Makes a context.
  public init(
    asOf: Timestamp, since: Timestamp, seed: UInt64, size: Int, population: Population, history: Frame, source: CutFactorySource
  ) {
    self.asOf = asOf
    self.since = since
    self.seed = seed
    self.size = size
    self.population = population
    self.history = history
    self.source = source
  }
}

/// What a sampling strategy decided.
public struct SamplingDecision: Hashable, Codable, Sendable {
  /// Codes of the chosen items.
  public var items: [String]
  /// Why an item was chosen, for those of which something was said.
  public var reasons: [String: String]

  /// Makes a decision.
  public init(items: [String], reasons: [String: String] = [:]) {
    self.items = items
    self.reasons = reasons
  }
}

/// The items that a sample is drawn from, by the bytes of their codes; a column is read when it is first asked for.
public final class Population: Sendable {
  /// The items' codes.
  public let codes: [String]
  /// Columns that can be asked for: the items' own, then `last_result`, `last_checked`, `last_error`.
  public let columnNames: [String]
  private let read: @Sendable (String) throws -> Column
  private let known = Mutex<[String: Column]>([:])

  /// Makes a population whose columns are read by `read`, aligned with `codes`.
  public init(codes: [String], columnNames: [String], read: @escaping @Sendable (String) throws -> Column) {
    self.codes = codes
    self.columnNames = columnNames
    self.read = read
  }

  /// The column called `name`, a value an item.
  public func column(_ name: String) throws -> Column {
    if name == "item_code" { return Column(codes) }
    guard columnNames.contains(name) else { throw FrameError.unknownColumn(name, known: ["item_code"] + columnNames) }
    if let column = known.withLock({ $0[name] }) { return column }
    let column = try read(name)
    known.withLock { $0[name] = column }
    return column
  }
}
