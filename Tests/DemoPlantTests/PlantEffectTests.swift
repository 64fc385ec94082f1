import DemoPlant
import Foundation
import Learning
import Metrics
import Routing
import Tabular
import TestSupport
import Testing

@Suite("What can be found in the demo plant")
struct PlantEffectTests {
  /// One result's logarithm of run minutes a piece, less the median of its item's operation over results before `split`; and that of
  /// its quantity, less their mean.
  struct Residual {
    var job, material: String
    var at: Timestamp
    var quantity, value: Double
  }

  static func residuals(_ sample: SamplePlant, before split: Timestamp) throws -> [Residual] {
    let frame = try sample.results.joined(try sample.items.selecting(["item_code", "material"]), on: ["item_code"])
    let (run, good) = (try frame.column("run_minutes"), try frame.column("good_quantity"))
    let bad = try frame.column("bad_quantity")
    var residuals: [Residual] = []
    for rows in try frame.grouped(by: ["item_code", "job_code"]).rows() {
      let all = try rows.map { row in
        let quantity = try #require(good.number(row)) + #require(bad.number(row))
        return Residual(
          job: try #require(frame["job_code"]?.text(row)), material: try #require(frame["material"]?.text(row)),
          at: try #require(frame["completed_at"]?.timestamp(row)), quantity: quantity,
          value: log(try #require(run.number(row)) / quantity))
      }
      // Medians bear the gross errors.
      let before = all.filter { $0.at < split }.map(\.value)
      guard before.count >= 4, let centre = try Distribution.quantiles(before, [0.5])[0] else { continue }
      let quantity = all.reduce(0) { $0 + log($1.quantity) } / Double(all.count)
      residuals += all.map { residual in
        var residual = residual
        residual.value -= centre
        residual.quantity = log(residual.quantity) - quantity
        return residual
      }
    }
    return residuals
  }

  static func median(_ residuals: some Sequence<Residual>) throws -> Double {
    try #require(try Distribution.quantiles(residuals.map(\.value), [0.5])[0])
  }

  @Test("each event's factor, and nothing where there was none")
  func events() throws {
    let end = SamplePlant.end
    let events = [
      PlantEvent(.newMachine, at: end.advanced(bySeconds: -240 * 86_400), jobs: ["J120"], factor: 0.6, summary: "machine"),
      PlantEvent(
        .materialChange, at: end.advanced(bySeconds: -180 * 86_400), jobs: ["J030"], materials: ["NBR"], factor: 1.7, summary: "material"),
    ]
    let sample = try SamplePlant(seed: 11, events: events)
    let residuals = try Self.residuals(sample, before: events[0].at)
    func shift(_ job: String, _ materials: [String]?, after: Timestamp) throws -> Double {
      // Orders under way at the time of the event are left out.
      try Self.median(
        residuals.filter {
          $0.job == job && materials?.contains($0.material) ?? true && $0.at > after.advanced(bySeconds: 15 * 86_400)
        })
    }
    // Some hundred results a median: standard error of a logarithm about 0.02; practice makes later ones a little faster, and where the
    // work grows, more of it goes to machines that are not the usual ones, a few hundredths faster or slower.
    #expect(abs(try shift("J120", nil, after: events[0].at) - log(0.6)) < 0.08)
    #expect(abs(try shift("J030", ["NBR"], after: events[1].at) - log(1.7)) < 0.08)
    #expect(abs(try shift("J030", ["FKM", "EPDM", "VMQ"], after: events[1].at)) < 0.1)
    #expect(abs(try shift("J900", nil, after: events[1].at)) < 0.08)
  }

  @Test("slow wear, and operations that a changed routing adds")
  func wearAndRouting() throws {
    let end = SamplePlant.end
    let change = end.advanced(bySeconds: -200 * 86_400)
    let events = [
      PlantEvent(.wear, at: end.advanced(bySeconds: -365 * 86_400), jobs: ["J900"], factor: 2, summary: "wear"),
      PlantEvent(.routingChange, at: change, jobs: ["J210"], materials: ["NBR"], summary: "test"),
    ]
    let sample = try SamplePlant(seed: 12, events: events)
    let residuals = try Self.residuals(sample, before: events[0].at).filter { $0.job == "J900" }
    // In the last month the wear is about 11.5 months old: 2^(11.5/12).
    let late = try Self.median(residuals.filter { $0.at > end.advanced(bySeconds: -30 * 86_400) })
    #expect(abs(late - log(2) * 11.5 / 12) < 0.1)
    let tests = try sample.results.joined(try sample.items.selecting(["item_code", "material"]), on: ["item_code"])
    var found = 0
    for row in 0..<tests.rowCount where tests["job_code"]?.text(row) == "J210" {
      #expect(tests["material"]?.text(row) == "NBR")
      #expect(try #require(tests["completed_at"]?.timestamp(row)) > change)
      found += 1
    }
    #expect(found > 200)
  }

  @Test("the noise that no prediction can beat, and that larger batches go faster")
  func noise() throws {
    let sample = try SamplePlant.quiet.get()
    let residuals = try Self.residuals(sample, before: SamplePlant.end)
    for job in ["J010", "J030", "J120", "J900"] {
      let values = residuals.filter { $0.job == job }.map(\.value)
      let quartiles = try Distribution.quantiles(values, [0.25, 0.75])
      // Interquartile range in units of a normal distribution's deviation; machines, batches and the medians' own error come on top.
      let spread = (try #require(quartiles[1]) - #require(quartiles[0])) / 1.349
      let floor = try #require(sample.plant.truth.noise[job])
      #expect(spread > 0.8 * floor && spread < 1.35 * floor, "\(job): \(spread) against \(floor)")
    }
    // Least squares within groups, gross errors left out; −0.074 in truth, standard error about 0.002.
    let regular = residuals.filter { abs($0.value) < 0.7 }
    let slope = regular.reduce(0) { $0 + $1.quantity * $1.value } / regular.reduce(0) { $0 + $1.quantity * $1.quantity }
    #expect(abs(slope + 0.074) < 0.012, "\(slope)")
    let gross = Double(residuals.count { abs($0.value) > 0.9 }) / Double(residuals.count)
    #expect((0.014...0.026).contains(gross), "\(gross)")
  }

  @Test("that the items most alike by features are made alike, in about the same time")
  func neighbors() throws {
    let sample = try SamplePlant.quiet.get()
    let vectors = FeatureEncoder(fitting: sample.items, choices: [:], dimension: 128).encode(sample.items)
    let near = try ExactIndex(vectors).search(vectors, k: 21)
    let first = try Column.comparison(.column(try sample.routings.column("routing_no")), .equal, .scalar(.text("1")))
    let plan = try sample.routings.filtering(try first.mask())
    let codes = try #require(try sample.items.column("item_code").texts)
    var jobs: [String: [String]] = [:]
    for row in 0..<plan.rowCount { jobs[plan["item_code"]?.text(row) ?? "", default: []].append(plan["job_code"]?.text(row) ?? "") }
    var means: [String: [String: Double]] = [:]
    let unit = try Column.arithmetic(
      .column(try sample.results.column("run_minutes")), .divide, .column(try sample.results.column("good_quantity")))
    let table = try sample.results.with("unit", unit).grouped(by: ["item_code", "job_code"])
      .aggregating([Aggregation(.quantile(0.5), of: "unit", as: "unit")])
    for row in 0..<table.rowCount {
      means[table["item_code"]?.text(row) ?? "", default: [:]][table["job_code"]?.text(row) ?? ""] = table["unit"]?.number(row)
    }

    func distances(_ partner: (Int, Int) -> Int) -> [Double] {
      var result: [Double] = []
      for item in codes.indices {
        guard let own = codes[item].flatMap({ means[$0] }) else { continue }
        for rank in 1...20 {
          guard let other = codes[partner(item, rank)].flatMap({ means[$0] }) else { continue }
          for (job, minutes) in own { if let theirs = other[job] { result.append(abs(log(minutes / theirs))) } }
        }
      }
      return result
    }
    let alike = try #require(try Distribution.quantiles(distances { near[$0][$1].id }, [0.5])[0])
    let anyone = try #require(try Distribution.quantiles(distances { ($0 + $1 * 97) % codes.count }, [0.5])[0])
    #expect(alike < 0.2 && anyone > 1.8 * alike, "\(alike) against \(anyone)")
    var same = 0
    for item in codes.indices { same += near[item].dropFirst().count { jobs[codes[$0.id] ?? ""] == jobs[codes[item] ?? ""] } }
    #expect(Double(same) > 0.75 * Double(20 * codes.count), "\(same)")
    // The similarity floor that predictions use lets most of them in.
    let twentieth = try Distribution.quantiles(codes.indices.map { Double(near[$0][20].similarity) }, [0.1])[0]
    #expect(try #require(twentieth) > 0.85)
  }

  @Test("that quiet months raise no alert and the last one does", arguments: [42, 1] as [UInt64])
  func cycles(seed: UInt64) throws {
    let sample = seed == 42 ? try SamplePlant.standard.get() : try SamplePlant(seed: seed)
    let factory = MemoryFactorySource(items: sample.items, routings: sample.routings, results: sample.results)
    for back in [365.0, 120, 31, 0] {
      let asOf = SamplePlant.end.advanced(bySeconds: -back * 86_400)
      let window = Window(since: asOf.advanced(bySeconds: -30 * 86_400), until: asOf)
      let codes = try factory.itemCodes(withResultsIn: window)
      let model = try BaselineTrainer().train(on: factory, until: window.since)
      let evaluation = try Evaluator(window: window, basis: .unit)
        .evaluate(codes, Predictor(model).predict(codes, from: factory), against: factory)
      let actual = try #require(try evaluation.operations.column("actual_minutes").numbers)
      let predicted = try #require(try evaluation.operations.column("predicted_minutes").numbers)
      let (mae, trimMae) = (try #require(try Score.mae(actual, predicted).value), try #require(try Score.trimMae(actual, predicted).value))
      var counts = AlignmentCounts()
      for item in evaluation.items where item.leftOut == nil { counts += AlignmentCounts(predicted: item.predicted, actual: item.actual) }
      let groups = try evaluation.operations.grouped(by: ["item_code", "job_code"])
      let cv = try Score.cv(actual, groups: groups.codes.map(Int.init), groupCount: groups.count)
      // The default thresholds: mae 5.0, trim_mae 3.5, process_match 0.80, mean cv 0.3.
      #expect(try #require(Score.processMatch(counts).value) > 0.9)
      #expect(try #require(cv.value) < 0.3)
      if back > 0 {
        #expect((1...3.5).contains(mae) && trimMae < 2.5, "\(back) days before the end: \(mae), \(trimMae)")
      } else {
        #expect(mae > 5 && trimMae > 3.5, "\(mae), \(trimMae)")
      }
    }
  }

  @Test("more than the baseline and the operation's median find, and half of what separates the baseline from the least possible error")
  func gate() throws {
    let plant = try DemoPlant(
      items: 900, results: 24_000, seed: 5, endsAt: SamplePlant.end, events: PlantEvent.drift(endsAt: SamplePlant.end))
    let rows = try MinutesRows(items: plant.items(), results: plant.results(), basis: .unit)
    let since = SamplePlant.end.advanced(bySeconds: -60 * 86_400)
    let all = rows.indices(since: .distantPast, until: SamplePlant.end).filter { rows.baseline[$0] > 0 }
    let reference = all.map { rows.reference[$0] }
    let boosting = try Estimators.make(
      "boosting", ["loss": "huber", "tree_count": 150, "learning_rate": 0.05, "min_samples_leaf": 40, "feature_share": 0.6])
    let found = try crossValidate(
      [OperationMedianEstimator(), BaselineEstimator(), boosting], on: rows.dataset(of: all), split: .forward(5, since: since.seconds),
      in: FitContext(seed: 1)
    ) { reference[$0] * exp($1) }
    let (median, baseline, trained) = (found[0].overall.trimMae, found[1].overall.trimMae, found[2].overall.trimMae)
    let floor = plant.floor(since: since, until: SamplePlant.end).trimMae
    #expect(found[0].overall.count > 1500 && floor < trained && baseline < median)
    #expect(trained < baseline - (baseline - floor) / 2, "\(trained) of \(floor) … \(baseline) … \(median)")
  }
}
