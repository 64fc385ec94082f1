import ArgumentParser
import DataAccess
import DemoPlant
import Foundation
import QualityCycle
import Routing
import Tabular

/// Makes a factory's data up.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Make up the data of a believable plant for seals: into the workspace, or as CSV files.",
    discussion: """
      The same seed gives the same bytes. What is true of the plant (noise, events) is written beside the data, to demo-truth.json, \
      which only --truth reads: it prints the best error that any predictor could reach on the results of a window.
      """)

  @OptionGroup var global: GlobalOptions
  @Option(help: ArgumentHelp("Items.", valueName: "count")) var items = 5000
  @Option(help: ArgumentHelp("Work results, about.", valueName: "count")) var results = 100_000
  @Option(help: ArgumentHelp("Years of results.", valueName: "years")) var years = 2.0
  @Option(help: ArgumentHelp("Where all numbers come from.", valueName: "number")) var seed: UInt64 = 42
  @Option(help: ArgumentHelp("The last instant.", valueName: "time")) var until = Timestamp(microseconds: 1_782_864_000_000_000)
  @Option(help: ArgumentHelp("Share of results to spoil, 0…1: negative minutes, an unknown item, entered twice.", valueName: "share"))
  var dirty = 0.0
  @Flag(help: "More changes with known dates: slow wear, a new machine, a routing.") var drift = false
  @Flag(help: "No new supplier in the last month, which other plants have: nothing to be found at the end.") var steady = false
  @Flag(help: "Make nothing; tell the least error that any predictor could have had on this workspace's plant.") var truth = false
  @Option(help: ArgumentHelp("With --truth: judge by results completed after this instant.", valueName: "time")) var since: Timestamp?
  @Option(help: ArgumentHelp("With --truth: judge by results completed up to this instant.", valueName: "time")) var asOf: Timestamp?
  @Option(help: ArgumentHelp("Write items.csv, routing_operations.csv and work_results.csv into this folder instead.", valueName: "dir"))
  var csv: String?

  func run() throws {
    if truth { return try showTruth() }
    if since != nil || asOf != nil { throw CommandFailure.usage("--since and --as-of go with --truth") }
    if drift, steady { throw CommandFailure.usage("--steady and --drift exclude each other") }
    let plant: DemoPlant
    do {
      plant = try DemoPlant(
        items: items, results: results, years: years, seed: seed, endsAt: until,
        events: drift ? PlantEvent.drift(years: years, endsAt: until) : steady ? [] : nil,
        dirtyShare: dirty)
    } catch { throw CommandFailure.usage(error.description) }
    let counts = try csv.map { try writeCSV(plant, into: $0) } ?? writeDatabase(plant)
    if global.json { return try Terminal.output(json: counts) }
    let span = [counts.firstResult, counts.lastResult].compactMap { $0.map(String.init(describing:)) }
    Terminal.output(
      "\(counted(counts.items, "item")), \(counted(counts.routings, "routing operation")), \(counted(counts.results, "result"))"
        + (span.isEmpty ? "" : " from \(span.joined(separator: " to "))") + ", in \(counts.place)\n")
    if !global.quiet { for event in plant.events { Terminal.remark("\(event.at): \(event.summary)") } }
  }

  /// Tells what no predictor could have beaten, on this workspace's plant.
  private func showTruth() throws {
    let folder = try csv ?? (global.open().sourcePath as NSString).deletingLastPathComponent
    let path = "\(folder)/\(PlantTruth.fileName)"
    guard FileManager.default.fileExists(atPath: path) else {
      throw CommandFailure(
        "there is no \(path): the truth lies beside the data that 'lathe demo' made; where that was --csv DIR, say so here too")
    }
    let truth: PlantTruth
    do { truth = try PlantTruth(path: path) } catch let error as DemoPlantError { throw CommandFailure(error.description) }
    let (since, until) = (since ?? truth.endsAt.advanced(bySeconds: -30 * 86_400), asOf ?? truth.endsAt)
    guard since < until else { throw CommandFailure.usage("the window is empty: it begins at \(since) and ends at \(until)") }
    let floor = try DemoPlant(truth).floor(since: since, until: until)
    if global.json { return try Terminal.output(json: Truth(since: since, until: until, floor: floor, events: truth.events)) }
    Terminal.output("\(floor.results) results after \(since) up to \(until); least errors, minutes a piece:\n")
    if floor.results == 0 { return }
    let all = PlantFloor.Job(job: "all", results: floor.results, mae: floor.mae, trimMae: floor.trimMae)
    let rows = [all] + floor.jobs
    let rounded = { (value: Double) in (value * 1000).rounded() / 1000 }
    let table = try Frame([
      ("job", Column(rows.map(\.job))), ("results", Column(rows.map { Int64($0.results) })), ("mae", Column(rows.map { rounded($0.mae) })),
      ("trim_mae", Column(rows.map { rounded($0.trimMae) })),
    ])
    Terminal.output(table.rendered(FrameLayout(rows: 100)) + "\n")
    for event in truth.events { Terminal.output("\(event.at): \(event.summary)\n") }
  }

  private struct Truth: Encodable {
    var since, until: Timestamp
    var floor: PlantFloor
    var events: [PlantEvent]
  }

  private struct Counts: Encodable {
    var place: String
    var items, routings: Int
    var results = 0
    var firstResult, lastResult: Timestamp?

    mutating func add(_ block: Frame) {
      results += block.rowCount
      guard let times = block["completed_at"], block.rowCount > 0 else { return }
      firstResult = firstResult ?? times.timestamp(0)
      lastResult = times.timestamp(block.rowCount - 1)
    }
  }

  private func writeDatabase(_ plant: DemoPlant) throws -> Counts {
    let workspace = try global.open()
    let (items, routings) = (plant.items(), plant.routings())
    var counts = Counts(place: workspace.sourcePath, items: items.rowCount, routings: routings.rowCount)
    let bar = ProgressBar("making results", quiet: global.quiet)
    try workspace.fillSource { database in
      try database.migrate(FactorySchema.migrations)
      try database.write { transaction in
        guard try transaction.rowCount(of: "items") == 0, try transaction.rowCount(of: "work_results") == 0 else {
          throw CommandFailure("\(database.path) has data already; nothing was changed. Use another workspace, or --csv")
        }
        let features = zip(items.names, items.columns).filter { FactorySchema.items.type(of: $0.0) == nil }
        try FactorySchema.addFeatureColumns(features.map { (name: $0.0, type: $0.1.type) }, in: transaction)
        try transaction.insert(items, into: "items")
        try transaction.insert(routings, into: "routing_operations")
        try plant.forEachResultBlock { block in
          try workspace.surroundings.checkCancellation()
          try transaction.insert(block, into: "work_results")
          counts.add(block)
          bar.show(min(1, Double(counts.results) / Double(results)))
        }
      }
    }
    // After the commit, which may fail too. A plant without its truth is whole but for --truth, and says so.
    let folder = (workspace.sourcePath as NSString).deletingLastPathComponent
    try AtomicFile.write(plant.truth.bytes(), to: "\(folder)/\(PlantTruth.fileName)")
    bar.show(1)
    return counts
  }

  private func writeCSV(_ plant: DemoPlant, into folder: String) throws -> Counts {
    try AtomicFile.makeFolder(folder)
    let writer = CSVWriter()
    let (items, routings) = (plant.items(), plant.routings())
    var counts = Counts(place: folder, items: items.rowCount, routings: routings.rowCount)
    // No file gets its name before all are written, so a full disk leaves what was there.
    let streams = try ["items.csv", "routing_operations.csv", "work_results.csv", PlantTruth.fileName].map {
      try AtomicFile.Stream("\(folder)/\($0)")
    }
    for (stream, relation) in zip(streams, [items, routings]) {
      try stream.append(writer.header(relation.names))
      try stream.append(writer.rows(relation))
    }
    try plant.forEachResultBlock { block in
      if Interruption.isRequested { throw CancellationError() }
      if counts.results == 0 { try streams[2].append(writer.header(block.names)) }
      try streams[2].append(writer.rows(block))
      counts.add(block)
    }
    try streams[3].append(plant.truth.bytes())
    for stream in streams { try stream.finish() }
    return counts
  }
}
