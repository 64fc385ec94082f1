public import Tabular

/// Something that changed in the plant from one day to the next, or slowly from one day on.
public struct PlantEvent: Hashable, Codable, Sendable {
  /// What changed.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// Jobs take `factor` times as long, on another machine.
    case newMachine = "new_machine"
    /// Jobs on some materials take `factor` times as long.
    case materialChange = "material_change"
    /// Jobs take longer and longer: `factor` times as long after a year.
    case wear
    /// Orders of some materials have one more operation before inspection.
    case routingChange = "routing_change"
    /// A job that a contractor did is done in the plant.
    case insourcing
  }

  /// What changed.
  public var kind: Kind
  /// When.
  public var at: Timestamp
  /// Codes of the jobs concerned.
  public var jobs: [String]
  /// Materials concerned; empty for all.
  public var materials: [String]
  /// How many times as long the jobs take; 1 where minutes do not change.
  public var factor: Double
  /// What happened, in a sentence.
  public var summary: String

  /// Makes an event.
  public init(_ kind: Kind, at: Timestamp, jobs: [String], materials: [String] = [], factor: Double = 1, summary: String) {
    self.kind = kind
    self.at = at
    self.jobs = jobs
    self.materials = materials
    self.factor = factor
    self.summary = summary
  }

  /// What happens in every plant unless told otherwise: in the last month compounds and blanks of seals come from another supplier and
  /// take twice as long to work, which a cycle at the end ought to find.
  public static func lastMonth(endsAt: Timestamp) -> [PlantEvent] {
    [
      PlantEvent(
        .materialChange, at: endsAt.advanced(bySeconds: -28 * 86_400), jobs: ["J020", "J030", "J040", "J050", "J120", "J170", "J900"],
        materials: ["NBR", "FKM", "EPDM", "VMQ", "HNBR", "PU", "PTFE"], factor: 2.1,
        summary: "compounds and blanks of seals come from another supplier: forming, turning, trimming and inspection take twice as long")
    ]
  }

  /// One event of every kind that shifts what a model has learnt, spread over the time before `endsAt`, beside that of the last month.
  public static func drift(endsAt: Timestamp) -> [PlantEvent] {
    func before(_ days: Double) -> Timestamp { endsAt.advanced(bySeconds: -days * 86_400) }
    return [
      PlantEvent(.wear, at: before(400), jobs: ["J150"], factor: 1.6, summary: "the grinders' spindles wear"),
      PlantEvent(
        .newMachine, at: before(240), jobs: ["J120"], factor: 0.6, summary: "a turning centre with bar feed replaces manual loading"),
      PlantEvent(
        .routingChange, at: before(150), jobs: ["J210"], materials: ["FKM", "HNBR", "PTFE"],
        summary: "customers ask for a leak test of every seal of high-grade material"),
    ] + lastMonth(endsAt: endsAt)
  }
}

/// What is true of a generated plant: what no source could tell, and what a model ought to find.
public struct PlantTruth: Hashable, Codable, Sendable {
  /// What the plant was made from: with these the same plant can be made again.
  public var seed: UInt64
  public var items, results: Int
  public var years, dirtyShare: Double
  /// The span of time.
  public var startsAt, endsAt: Timestamp
  /// Number of designs that the items are variants of.
  public var families: Int
  /// For each job code the standard deviation of the logarithm of run minutes a piece that nothing known explains: no prediction
  /// can be nearer.
  public var noise: [String: Double]
  /// Share of results whose run minutes are grossly wrong: reported too long by 3 to 8 times, or too short by as much.
  public var outlierShare: Double
  /// All events, by time.
  public var events: [PlantEvent]
}

/// What cannot be generated.
public struct DemoPlantError: Error, Hashable, CustomStringConvertible {
  /// The message for whoever asked.
  public var description: String
}
