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
  /// take twice as long to work, which a cycle at the end ought to find. In a plant of less than three months that is its last third.
  public static func lastMonth(years: Double = 2, endsAt: Timestamp) -> [PlantEvent] {
    let days = years * 365.25
    return [
      PlantEvent(
        .materialChange, at: endsAt.advanced(bySeconds: (-min(28, days / 3) * 86_400).rounded()),
        jobs: ["J020", "J030", "J040", "J050", "J120", "J170", "J900"],
        materials: ["NBR", "FKM", "EPDM", "VMQ", "HNBR", "PU", "PTFE"], factor: 2.1,
        summary: "compounds and blanks of seals come from another supplier: forming, turning, trimming and inspection take twice as long")
    ]
  }

  /// One event of every kind that shifts what a model has learnt, spread over 400 days before `endsAt`, beside that of the last month; in
  /// a plant of less than 500 days as much nearer to each other.
  public static func drift(years: Double = 2, endsAt: Timestamp) -> [PlantEvent] {
    let part = min(1, years * 365.25 / 500)
    func before(_ days: Double) -> Timestamp { endsAt.advanced(bySeconds: (-days * 86_400 * part).rounded()) }
    return [
      PlantEvent(.wear, at: before(400), jobs: ["J150"], factor: 1.6, summary: "the grinders' spindles wear"),
      PlantEvent(
        .newMachine, at: before(240), jobs: ["J120"], factor: 0.6, summary: "turning centres with bar feed replace manual loading"),
      PlantEvent(
        .routingChange, at: before(150), jobs: ["J210"], materials: ["FKM", "HNBR", "PTFE"],
        summary: "customers ask for a leak test of every seal of high-grade material"),
    ] + lastMonth(years: years, endsAt: endsAt)
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
