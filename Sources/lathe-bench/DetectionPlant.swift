import DataAccess
import DemoPlant
import Foundation
import Routing
import Tabular

/// A plant to watch, with the truth of what changes in it after the champion has learnt.
struct DetectionPlant {
  /// What happens.
  enum Kind: String, CaseIterable {
    case steady, step, wear
  }

  let kind: Kind
  let seed: UInt64
  let source: SQLiteFactorySource
  /// When the champion learns, and the last instant.
  let learnsAt, endsAt: Timestamp
  /// When the change begins, and from when on it is to be found; `nil` where nothing changes.
  let changesAt, countsFrom: Timestamp?
  /// Days that wear takes for 10 %; 0 of a step.
  let daysToTenth: Double
  /// The jobs that it touches.
  let jobs: [String]
  /// Share of the results after the change that it touches.
  let share: Double
  /// What changes, in words.
  let words: String

  static let days = 365.0

  /// Makes the plant of `seed` and writes it into `folder`, which is emptied of what an earlier one left.
  ///
  /// Its two years end with the bench's clock; the champion learns from the first. A step comes between 2 and 26 weeks later, as a new
  /// machine or another material, of a factor 1.25…1.6 or 0.6…0.75 on at least 5 % of the results; wear begins within the first 10
  /// weeks, at 30 to 60 % a year.
  init(_ kind: Kind, seed: UInt64, items: Int, results: Int, folder: String) throws {
    self.kind = kind
    self.seed = seed
    endsAt = PlantClock.end
    learnsAt = endsAt.advanced(bySeconds: -Self.days * 86_400)
    let calm = try DemoPlant(items: items, results: results, seed: seed, endsAt: endsAt, events: [])
    var plant = calm
    var random = SeededGenerator(seed: seed, stream: "detection.\(kind.rawValue)")
    var event: PlantEvent?
    let work = try Work(calm, since: learnsAt)
    var from: Timestamp?
    var days = 0.0
    switch kind {
    case .steady: break
    case .step:
      let at = learnsAt.advanced(bySeconds: (14 + 168 * random.uniform()) * 86_400)
      let factor = random.uniform() < 0.6 ? 1.25 + 0.35 * random.uniform() : 0.6 + 0.15 * random.uniform()
      let (jobs, materials) = seed % 2 == 0 ? (work.job(&random), []) : work.jobsAndMaterials(&random)
      event = PlantEvent(
        seed % 2 == 0 ? .newMachine : .materialChange, at: at, jobs: jobs, materials: materials, factor: factor, summary: "step")
      from = at
    case .wear:
      let at = learnsAt.advanced(bySeconds: 70 * random.uniform() * 86_400)
      let factor = 1.3 + 0.3 * random.uniform()
      event = PlantEvent(.wear, at: at, jobs: work.job(&random), factor: factor, summary: "wear")
      days = 365 * log(1.1) / log(factor)
      from = at.advanced(bySeconds: days * 86_400)
    }
    if let event { plant = try DemoPlant(items: items, results: results, seed: seed, endsAt: endsAt, events: [event]) }
    changesAt = event?.at
    jobs = event?.jobs ?? []
    countsFrom = from
    daysToTenth = days
    share = try from.map { from in try Work(plant, since: from).share(event?.jobs ?? [], event?.materials ?? []) } ?? 0
    words =
      event.map { event in
        "\(event.kind.rawValue) × \((event.factor * 100).rounded() / 100) \(event.kind == .wear ? "a year " : "")of "
          + event.jobs.joined(separator: ", ") + (event.materials.isEmpty ? "" : " on " + event.materials.joined(separator: ", "))
      } ?? "nothing"
    source = try Self.source(plant, folder + "/\(kind.rawValue)-\(seed).sqlite")
  }

  /// Whether the change is a cause of what a rule gives for a reason: it names a job that changed, or all work.
  func explains(_ reason: PlainValue) -> Bool {
    guard let job = reason["job"]?.text else { return true }
    return jobs.contains(job)
  }

  /// Ends the use of the plant's database.
  func close() throws { try source.database.close() }

  private static func source(_ plant: DemoPlant, _ path: String) throws -> SQLiteFactorySource {
    for ending in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: path + ending) }
    let database = try SQLiteDatabase(path: path, access: .readWrite)
    try BenchPlant.fill(database, with: plant)
    return SQLiteFactorySource(database)
  }

  /// What a plant works on: how many results each job has on each material.
  private struct Work {
    var counts: [String: [String: Int]] = [:]
    var total = 0

    init(_ plant: DemoPlant, since: Timestamp) throws {
      let items = plant.items()
      var materials: [String: String] = [:]
      for row in 0..<items.rowCount { materials[items["item_code"]?.text(row) ?? ""] = items["material"]?.text(row) ?? "" }
      let results = try plant.results()
      let (codes, jobs) = (try results.column("item_code"), try results.column("job_code"))
      let completed = try results.column("completed_at")
      for row in 0..<results.rowCount {
        guard let at = completed.timestamp(row), at > since else { continue }
        counts[jobs.text(row) ?? "", default: [:]][materials[codes.text(row) ?? ""] ?? "", default: 0] += 1
        total += 1
      }
    }

    /// The share of results of some jobs on some materials; of all where none is named.
    func share(_ jobs: [String], _ materials: [String]) -> Double {
      let touched = jobs.reduce(0) { sum, job in
        sum + (counts[job] ?? [:]).filter { materials.isEmpty || materials.contains($0.key) }.values.reduce(0, +)
      }
      return Double(touched) / Double(max(1, total))
    }

    /// A job that has at least 5.5 % of the results: with what chance does to them, at least 5 %.
    func job(_ random: inout SeededGenerator) -> [String] {
      let large = counts.keys.sorted().filter { share([$0], []) >= 0.055 }
      return [large[random.integer(below: large.count)]]
    }

    /// Two to four jobs on one kind of material that have 5.5 to 25 % of the results: a supplier's compound is another.
    func jobsAndMaterials(_ random: inout SeededGenerator) -> ([String], [String]) {
      let kinds = [["NBR", "FKM", "EPDM", "VMQ", "HNBR"], ["PU", "PTFE"], ["SUS304", "SUS316", "S45C", "BC6", "AL6061"]]
      let jobs = counts.keys.sorted()
      while true {
        let materials = kinds[random.integer(below: kinds.count)]
        let chosen = Set((0..<2 + random.integer(below: 3)).map { _ in jobs[random.integer(below: jobs.count)] }).sorted()
        if (0.055...0.25).contains(share(chosen, materials)) { return (chosen, materials) }
      }
    }
  }
}
