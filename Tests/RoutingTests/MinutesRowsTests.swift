import Foundation
import Learning
import Routing
import Tabular
import Testing

@Suite("Rows to learn minutes from")
struct MinutesRowsTests {
  /// What was known about each row, by its result, as text: NaN is equal to itself there.
  private func known(_ rows: MinutesRows) -> [String: String] {
    var known: [String: String] = [:]
    for row in 0..<rows.count {
      var figures = ["\(rows.baseline[row])", "\(rows.reference[row])", "\(rows.setupReference[row])"]
      for column in rows.features.columns {
        switch column.values {
        case .numeric(let numbers): figures.append("\(column.name) \(numbers[row])")
        case .categorical(let codes, let levels): figures.append("\(column.name) \(codes[row] < 0 ? "–" : levels[Int(codes[row])])")
        }
      }
      known[rows.results[row]] = figures.joined(separator: ", ")
    }
    return known
  }

  @Test("know nothing of results completed after their order started: a leak planted there changes no figure")
  func plantedLeak() throws {
    let history = MadeHistory()
    let rows = try history.rows()
    let before = known(rows)
    let started = Dictionary(uniqueKeysWithValues: zip(rows.results, rows.startedAt))
    for cut in stride(from: 20, to: history.results.count, by: 31) {
      let instant = Double(history.results[cut].completedAt)
      var altered = history
      for index in altered.results.indices where Double(altered.results[index].completedAt) >= instant {
        altered.results[index].run *= 1000
        altered.results[index].setup += 500
      }
      let after = known(try altered.rows())
      let (early, late) = (before.keys.filter { started[$0] ?? 0 <= instant }, before.keys.filter { started[$0] ?? 0 > instant + 864_000 })
      #expect(early.count > 20)
      for result in early { #expect(before[result] == after[result], "\(result) knows what happened after \(instant)") }
      // And the planted figures would be seen: they are, by those that come later.
      if late.count > 30 { #expect(late.contains { before[$0] != after[$0] }) }
    }
  }

  @Test("do not see whether there will be later results at all")
  func laterResults() throws {
    let history = MadeHistory(orders: 120, seed: 6)
    let whole = try history.rows()
    let (known, started) = (known(whole), Dictionary(uniqueKeysWithValues: zip(whole.results, whole.startedAt)))
    for cut in [60, 150, 240] {
      let instant = history.results[cut].completedAt
      var past = history
      past.results.removeAll { $0.completedAt > instant }
      let rows = try past.rows()
      #expect(rows.count > 40)
      for (row, result) in rows.results.enumerated() where (started[result] ?? 0) <= Double(instant) {
        #expect(self.known(rows)[result] == known[result], "row \(row)")
      }
    }
  }

  @Test("do not see their own result, nor those of their own order")
  func ownResult() throws {
    let history = MadeHistory()
    let before = known(try history.rows())
    for index in stride(from: 30, to: history.results.count, by: 17) {
      var altered = history
      let order = altered.results[index].order
      for other in altered.results.indices where altered.results[other].order == order {
        altered.results[other].run *= 50
      }
      let after = known(try altered.rows())
      for result in altered.results where result.order == order { #expect(before[result.id] == after[result.id]) }
    }
  }

  @Test("are the same whatever the order in which results come")
  func orderOfResults() throws {
    let history = MadeHistory()
    var shuffled = history
    var random = SeededGenerator(seed: 1)
    shuffled.results.shuffle(using: &random)
    let (rows, again) = (try history.rows(), try shuffled.rows())
    #expect(rows.results == again.results && known(rows) == known(again))
    #expect(zip(rows.startedAt, rows.startedAt.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test("tell what was known, to the figure")
  func figures() throws {
    var history = MadeHistory(orders: 0)
    func add(_ order: Int, item: Int, day: Int64, unit: Double, quantity: Double = 10, resource: String = "M1") {
      history.results.append(
        .init(
          id: "R\(order)", order: "W\(order)", item: "I\(item)", job: "MILL", resource: resource, sequence: 10,
          completedAt: 1_700_000_000 + day * 86_400, setup: 12, run: unit * quantity, quantity: quantity))
    }
    add(0, item: 0, day: 0, unit: 4)
    add(1, item: 2, day: 10, unit: 4.4)
    add(2, item: 0, day: 20, unit: 4.2, quantity: 20)
    add(3, item: 0, day: 30, unit: 4, resource: "M2")
    let rows = try history.rows()
    func figure(_ name: String, _ row: Int) throws -> Double {
      guard case .numeric(let numbers) = try #require(rows.features.columns.first { $0.name == name }).values else { return .nan }
      return numbers[row]
    }
    #expect(rows.results == ["R0", "R1", "R2", "R3"] && rows.items == [0, 1, 0, 0])
    // Nothing is known of the first; the second has the first's item to go by, the third its own and that of the alike item.
    #expect(rows.baseline[0].isNaN && rows.reference[0].isNaN)
    #expect(rows.baseline[1] == 4 && abs(rows.reference[1] - 4) < 1e-9)
    #expect(try figure("own_count", 2) == 1 && figure("own_count", 3) == 2 && figure("item_results", 3) == 2)
    // Own results count whole, alike ones fill up to three: (4 + 1 × 4.4) ÷ 2, then (4 + 4.2 + 4.4) ÷ 3.
    #expect(abs(rows.baseline[2] - 4.2) < 1e-6 && abs(rows.baseline[3] - 4.2) < 1e-6)
    #expect(try abs(figure("own_quantity_ratio", 2) - log(2)) < 1e-9)
    // Both earlier operations of the job, of 52 and 56 minutes, tell how long this one may have taken.
    let (mean, deviation) = ((log(52.0) + log(56)) / 2, (log(56.0) - log(52)) / 2.0.squareRoot())
    #expect(try abs(figure("own_age_days", 2) - (20 - exp(mean + 1.2816 * deviation) / 1440)) < 1e-9)
    #expect(try figure("resource_offset", 3).isNaN && !figure("resource_offset", 2).isNaN)
    #expect(abs(rows.setupReference[3] - 12) < 1e-9)
    #expect(rows.indices(since: .distantPast, until: Timestamp(microseconds: .max)) == [1, 2, 3])
    let data = try rows.dataset(of: [1, 2])
    #expect(abs(data.targets[0][0] - log(4.4 / rows.reference[1])) < 1e-12 && data.groups == [1, 0])
  }

  @Test("know of a change from some results on, and call it by its group")
  func drift() throws {
    var history = MadeHistory(orders: 400, seed: 9)
    let change = history.results[900].completedAt
    for index in history.results.indices
    where history.results[index].completedAt > change && ["I0", "I1", "I2", "I3"].contains(history.results[index].item) {
      history.results[index].run *= 2
    }
    let rows = try history.rows()
    let late = (0..<rows.count).filter { rows.startedAt[$0] > Double(change) + 30 * 86_400 }
    let changed = Set(rows.itemCodes.indices.filter { ["I0", "I1", "I2", "I3"].contains(rows.itemCodes[$0]) })
    let bias = { (isChanged: Bool) -> Double in
      let ratios = late.filter { changed.contains(rows.items[$0]) == isChanged }.map { log(rows.reference[$0] / rows.runMinutes[$0]) }
      return ratios.reduce(0, +) / Double(ratios.count)
    }
    #expect(late.count > 100)
    // A month after it the change of log 2 = 0.69 is known but for a tenth, and nothing else is thought to have changed.
    #expect(abs(bias(true)) < 0.15, "\(bias(true))")
    #expect(abs(bias(false)) < 0.08, "\(bias(false))")
  }

  @Test("take an order to have started before the nights and queues that its first operation may have lasted through")
  func starts() throws {
    var history = MadeHistory(orders: 200)
    // Work of an hour that is reported two days after the operation before it; which operation comes first changes from order to order.
    for place in history.results.indices {
      history.results[place].job = ["CUT", "MILL", "PACK"][(place + place / 3) % 3]
      history.results[place].run = 50
      history.results[place].completedAt = 1_700_000_000 + Int64(place / 3) * 86_400 + Int64(place % 3) * 172_800
    }
    let rows = try history.rows()
    let firsts = (0..<rows.count).filter { rows.results[$0].hasSuffix("-0") && rows.completedAt[$0] > 1_700_000_000 + 20 * 86_400 }
    #expect(firsts.count > 150)
    for row in firsts {
      let before = rows.completedAt[row] - rows.startedAt[row]
      #expect(before >= 172_800 && before <= 30 * 86_400)
    }
  }

  @Test("tell set-up minutes as well: of none, of many, and relative to what was to be expected")
  func setups() throws {
    var history = MadeHistory(orders: 120)
    for place in history.results.indices {
      history.results[place].setup = history.results[place].job == "MILL" ? 0 : history.results[place].quantity / 10
      if place % 10 == 0 { history.results[place].setup = .nan }
    }
    let rows = try history.rows()
    let end = Timestamp(microseconds: .max)
    let all = rows.indices(of: .setup, since: .distantPast, until: end)
    #expect(all.count > 250 && all.allSatisfy { rows.setupMinutes[$0].isFinite && rows.setupReference[$0].isFinite })
    #expect(all.contains { rows.setupMinutes[$0] == 0 } && rows.indices(since: .distantPast, until: end).count > all.count)
    let data = try rows.dataset(of: all, target: .setup)
    #expect(data.targetNames == ["log_setup_over_reference"])
    // What a model says is minutes again, of rows that it knows by heart those of the rows.
    let model = try KNNRegressor(neighborCount: 1).fit(data, in: FitContext())
    for (row, minutes) in zip(all, try rows.minutes(of: model, rows: all, target: .setup)) {
      #expect(abs(minutes - rows.setupMinutes[row]) < 1e-6)
    }
    #expect(rows.trainingRows(of: .setup, until: end) == all)
  }

  @Test("may be none, of items that nobody described, without quantities or minutes")
  func edges() throws {
    #expect(try MadeHistory(orders: 0).rows().count == 0)
    let history = MadeHistory(orders: 3)
    let none = try MinutesRows(items: try Frame([("item_code", Column([String?]()))]), results: history.frame, basis: .unit)
    #expect(none.count == 9 && none.features.columns.count == 2 + 25)
    var strange = history
    strange.results[1].run = .nan
    strange.results[2].run = -5
    strange.results[3].quantity = 0
    let rows = try strange.rows()
    #expect(rows.count == 9)
    #expect(!rows.indices(since: .distantPast, until: Timestamp(microseconds: .max)).contains { !(rows.runMinutes[$0] > 0) })
  }
}

@Suite("What trained estimators are held against")
struct MinutesEstimatorTests {
  @Test("tells the aggregation of similar items, and the median of the operation, to the minute")
  func figures() throws {
    let rows = try MadeHistory(orders: 120).rows()
    let all = rows.indices(since: .distantPast, until: Timestamp(microseconds: .max))
    let (past, next) = (Array(all.prefix(200)), Array(all.dropFirst(200)))
    let data = try rows.dataset(of: past)
    let baseline = try BaselineEstimator().fit(data, in: FitContext())
    for (row, minutes) in zip(next, try rows.minutes(of: baseline, rows: next)) {
      #expect(abs(minutes - (rows.baseline[row] > 0 ? rows.baseline[row] : rows.reference[row])) < 1e-9)
    }
    let median = try OperationMedianEstimator().fit(data, in: FitContext())
    guard case .categorical(let jobs, let levels) = rows.features.columns[0].values else { return #expect(Bool(false)) }
    for (row, minutes) in zip(next, try rows.minutes(of: median, rows: next)) {
      let of = past.filter { jobs[$0] == jobs[row] }.map { log(rows.runMinutes[$0]) }.sorted()
      #expect(abs(minutes - exp((of[(of.count - 1) / 2] + of[of.count / 2]) / 2)) < 1e-9)
    }
    #expect(levels.count == 3)
    var writer = ModelWriter()
    writer.add("baseline", model: baseline)
    writer.add("median", model: median)
    let file = try ModelReader(writer.bytes(), name: "m")
    #expect(try BaselineModel(from: file.model("baseline").file).predict(data.features) == baseline.predict(data.features))
    #expect(try OperationMedianModel(from: file.model("median").file).predict(data.features) == median.predict(data.features))
    // Errors of minutes would look like the baseline's, and be none.
    for (wrong, words) in [
      (past.map { rows.runMinutes[$0] }, "looks like minutes"), (past.map { log(rows.runMinutes[$0]) }, "looks like logarithms of minutes"),
    ] {
      let data = try Dataset(features: data.features, targets: [wrong])
      for estimator in [BaselineEstimator(), OperationMedianEstimator()] as [any Estimator] {
        let error = #expect(throws: LearningError.self) { try estimator.fitted(data, in: FitContext()) }
        #expect(error?.description.contains(words) == true)
      }
    }
    let others = try Dataset(features: try FeatureTable([.init("x", .numeric([1]))]), targets: [[1]])
    #expect(throws: LearningError.self) { try BaselineEstimator().fit(others, in: FitContext()) }
    #expect(throws: LearningError.self) { try OperationMedianEstimator().fit(others, in: FitContext()) }
  }
}
