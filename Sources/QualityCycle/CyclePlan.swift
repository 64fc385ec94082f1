public import Configuration
public import Routing
public import Tabular

/// All that a cycle is to do, fixed before it starts: with the same plan and data it gives the same bytes.
public struct CyclePlan: Hashable, Codable, Sendable {
  /// The results that are judged by; its end is the instant that may be known about.
  public var window: Window
  /// Seed of everything random.
  public var seed: UInt64
  /// The version that predicts.
  public var champion: String
  /// The instant that the version knows up to.
  public var trainedUntil: Timestamp
  /// What run minutes are counted per.
  public var basis: Basis
  /// Items wanted.
  public var size: Int
  /// Whether the whole population is looked at, and no strategy asked.
  public var takesAll = false
  /// Whose results are watched for drift; `nil`, as in plans of before it was known: the sample's.
  public var watch: WatchKind?
  /// Which items may be sampled.
  public var population: PopulationKind
  /// Fewer items than these to choose from are told as a warning.
  public var minPopulation: Int
  /// What raises alerts.
  public var thresholds: Settings.Thresholds
  /// Columns to report metrics by; those that the source lacks are left out.
  public var groupBy: [String]
  /// Jobs that may wait and run at a time.
  public var queueSize: Int
  /// What was wrong before the cycle began and did not stop it (another version serves, older settings are in force): its first alerts.
  public var troubles: [Alert] = []

  /// Makes a plan.
  public init(
    window: Window, seed: UInt64, champion: String, trainedUntil: Timestamp, basis: Basis, size: Int, population: PopulationKind,
    minPopulation: Int, thresholds: Settings.Thresholds, groupBy: [String], queueSize: Int
  ) {
    self.window = window
    self.seed = seed
    self.champion = champion
    self.trainedUntil = trainedUntil
    self.basis = basis
    self.size = size
    self.population = population
    self.minPopulation = minPopulation
    self.thresholds = thresholds
    self.groupBy = groupBy
    self.queueSize = queueSize
  }

  /// The instant that may be known about.
  public var asOf: Timestamp { window.until }
}

/// Which items may be sampled.
public enum PopulationKind: String, Codable, Sendable {
  /// Items with results in the window.
  case withResults = "with_results"
  /// All items.
  case all
}

/// Whose results are watched for drift.
public enum WatchKind: String, Codable, Sendable {
  /// Those of the sampled items: they are predicted and read anyway.
  case sample
  /// All results since the last cycle.
  case all
}
