import Learning
import Tabular

/// What a ``WorkMemory`` knew at one instant, as flat arrays: what a version keeps to look operations up that are still to be done.
struct FrozenWork: WorkKnowledge, Sendable {
  /// Places of an item's operations: `starts[item]..<starts[item + 1]`; its results, and when the first was completed.
  private var starts: [Int32] = [0]
  private var results: [Int32] = []
  private var firsts: [Double] = []
  /// By place.
  private var jobs: [Int32] = [], occurrences: [Int32] = [], counts: [Int32] = [], summaryCounts: [Int32] = []
  private var latest: [Double] = []
  private var logarithms: [Float] = [], middles: [Float] = [], logQuantities: [Float] = [], setups: [Float] = []
  private var surprises: [Float] = [], surpriseWeights: [Float] = [], summaries: [Float] = []
  /// By job.
  private var jobLogarithms: [Double] = [], jobSurprises: [Double] = [], jobSetups: [Double] = []
  /// By job the offsets of resources and the effects of groups, each by number.
  private var offsets: [[Int32: Double]] = [], effects: [[Int32: Double]] = []
  private var everything = Double.nan

  /// Freezes `memory`.
  ///
  /// - Parameter order: For each item of the result its number in `memory`, or `nil` when it is not known there; all others are left out.
  /// - Complexity: O(results).
  init(_ memory: inout WorkMemory, items order: [Int?], jobCount: Int) {
    for item in order {
      for place in item.map({ memory.places($0) }) ?? [] {
        let (cell, figures, summary) = (memory.cell(place), memory.figures(place), memory.summary(place))
        jobs.append(cell.job)
        occurrences.append(cell.occurrence)
        counts.append(Int32(clamping: figures.count))
        latest.append(figures.latest)
        logarithms.append(Float(figures.logarithm))
        middles.append(Float(memory.middle(place)))
        logQuantities.append(Float(figures.logQuantity))
        setups.append(Float(figures.setup))
        surprises.append(Float(figures.surprise))
        surpriseWeights.append(Float(figures.surpriseWeight))
        summaries.append(Float(summary.mean))
        summaryCounts.append(Int32(clamping: Int(summary.count)))
      }
      starts.append(Int32(jobs.count))
      results.append(Int32(clamping: item.map { memory.resultCount($0) } ?? 0))
      firsts.append(item.map { -memory.age($0, at: 0) } ?? .nan)
    }
    for job in 0..<Int32(jobCount) {
      jobLogarithms.append(memory.jobLogarithm(job))
      jobSurprises.append(memory.jobSurprise(job))
      jobSetups.append(memory.jobSetup(job))
      let known = memory.numbers(of: job)
      offsets.append(Dictionary(uniqueKeysWithValues: known.resources.map { ($0, memory.resourceOffset(job, $0)) }))
      effects.append(Dictionary(uniqueKeysWithValues: known.groups.map { ($0, memory.drift(job, groups: [$0])) }))
    }
    everything = memory.everythingLogarithm
  }

  /// Number of items.
  var itemCount: Int { starts.count - 1 }
  /// Number of jobs.
  var jobCount: Int { jobLogarithms.count }

  func place(item: Int, job: Int32, occurrence: Int32) -> Int? {
    guard item >= 0 else { return nil }
    return (Int(starts[item])..<Int(starts[item + 1])).first { jobs[$0] == job && occurrences[$0] == occurrence }
  }

  func resultCount(_ item: Int) -> Int { item < 0 ? 0 : Int(results[item]) }

  func age(_ item: Int, at time: Double) -> Double { item < 0 ? .nan : time - firsts[item] }

  func figures(_ place: Int) -> WorkFigures {
    WorkFigures(
      count: Int(counts[place]), latest: latest[place], logarithm: Double(logarithms[place]), logQuantity: Double(logQuantities[place]),
      setup: Double(setups[place]), surprise: Double(surprises[place]), surpriseWeight: Double(surpriseWeights[place]))
  }

  func middle(_ place: Int) -> Double { Double(middles[place]) }

  func summary(_ place: Int) -> (mean: Double, count: Double) { (Double(summaries[place]), Double(summaryCounts[place])) }

  func jobLogarithm(_ job: Int32) -> Double { job < 0 ? everything : jobLogarithms[Int(job)] }

  func jobSurprise(_ job: Int32) -> Double { job < 0 ? .nan : jobSurprises[Int(job)] }

  func jobSetup(_ job: Int32) -> Double { job < 0 ? .nan : jobSetups[Int(job)] }

  func resourceOffset(_ job: Int32, _ resource: Int32) -> Double { job < 0 ? .nan : offsets[Int(job)][resource] ?? .nan }

  func drift(_ job: Int32, groups numbers: [Int32]) -> Double {
    job < 0 ? 0 : numbers.reduce(0) { $0 + (effects[Int(job)][$1] ?? 0) }
  }
}

extension FrozenWork {
  private static var integers: [(String, WritableKeyPath<FrozenWork, [Int32]>)] {
    [
      ("starts", \.starts), ("results", \.results), ("jobs", \.jobs), ("occurrences", \.occurrences), ("counts", \.counts),
      ("summary_counts", \.summaryCounts),
    ]
  }
  private static var floats: [(String, WritableKeyPath<FrozenWork, [Float]>)] {
    [
      ("logarithms", \.logarithms), ("middles", \.middles), ("log_quantities", \.logQuantities), ("setups", \.setups),
      ("surprises", \.surprises), ("surprise_weights", \.surpriseWeights), ("summaries", \.summaries),
    ]
  }
  private static var doubles: [(String, WritableKeyPath<FrozenWork, [Double]>)] {
    [
      ("firsts", \.firsts), ("latest", \.latest), ("job_logarithms", \.jobLogarithms), ("job_surprises", \.jobSurprises),
      ("job_setups", \.jobSetups),
    ]
  }
  private static var tables: [(String, WritableKeyPath<FrozenWork, [[Int32: Double]]>)] {
    [("offsets", \.offsets), ("effects", \.effects)]
  }

  /// Adds what ``init(from:)`` reads: a section an array, and of each table the job, the number and the value of its entries.
  func write(to file: inout ModelWriter) {
    for (name, path) in Self.integers { file.add(name, self[keyPath: path]) }
    for (name, path) in Self.floats { file.add(name, self[keyPath: path]) }
    for (name, path) in Self.doubles { file.add(name, self[keyPath: path]) }
    for (name, path) in Self.tables {
      let entries = self[keyPath: path].enumerated().flatMap { job, table in
        table.sorted { $0.key < $1.key }.map { (job: Int32(job), number: $0.key, value: $0.value) }
      }
      file.add(name + ".jobs", entries.map(\.job))
      file.add(name + ".numbers", entries.map(\.number))
      file.add(name + ".values", entries.map(\.value))
    }
    file.add("everything", [everything])
  }

  /// Reads what was written; throws when something does not fit together.
  init(from file: ModelReader) throws(LearningError) {
    for (name, path) in Self.integers { self[keyPath: path] = try file.numbers(name) }
    for (name, path) in Self.floats { self[keyPath: path] = try file.numbers(name) }
    for (name, path) in Self.doubles { self[keyPath: path] = try file.numbers(name) }
    everything = try file.numbers("everything", Double.self).first ?? .nan
    let cells = jobs.count
    guard starts.first == 0, Int(starts[starts.count - 1]) == cells, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }),
      results.count == itemCount, firsts.count == itemCount, occurrences.count == cells, counts.count == cells,
      summaryCounts.count == cells, latest.count == cells, Self.floats.allSatisfy({ self[keyPath: $0.1].count == cells }),
      jobSurprises.count == jobCount, jobSetups.count == jobCount, jobs.allSatisfy({ $0 >= 0 && Int($0) < jobLogarithms.count })
    else { throw file.fault("what is known of operations does not add up") }
    for (name, path) in Self.tables {
      let (jobs, numbers) = (try file.numbers(name + ".jobs", Int32.self), try file.numbers(name + ".numbers", Int32.self))
      let values = try file.numbers(name + ".values", Double.self)
      guard jobs.count == values.count, numbers.count == values.count, jobs.allSatisfy({ $0 >= 0 && Int($0) < jobCount }) else {
        throw file.fault("what is known of '\(name)' does not add up")
      }
      var table = Array(repeating: [Int32: Double](), count: jobCount)
      for (place, job) in jobs.enumerated() { table[Int(job)][numbers[place]] = values[place] }
      self[keyPath: path] = table
    }
  }
}
