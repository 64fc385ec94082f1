import Metrics
import Tabular
import Testing

@Suite("Charts of drift")
struct DriftChartTests {
  private struct Row {
    var day: Double
    var resource: String?, job: String
    var results = 40
    var mean = 0.0
  }

  private func frame(_ rows: [Row]) throws -> Frame {
    let instant = { (day: Double) in Timestamp(microseconds: Int64(1_700_000_000_000_000 + day * 86_400e6)) }
    return try Frame([
      ("as_of", Column(rows.map { instant($0.day) })), ("resource_code", Column(rows.map(\.resource))),
      ("job_code", Column(rows.map { $0.job as String? })), ("results", Column(rows.map { Int64($0.results) })),
      ("mean_log_ratio", Column(rows.map(\.mean))), ("spread", Column(rows.map { _ in 0.2 })),
      ("first_completed_at", Column(rows.map { _ in instant(0.1) })),
    ])
  }

  /// Twenty weeks of two machines that turn and one that washes; `change` alters a row.
  private func weeks(_ count: Int = 20, _ change: (inout Row) -> Void = { _ in }) -> [Row] {
    var rows: [Row] = []
    for week in 1...count {
      for (resource, job) in [("m1", "turn"), ("m2", "turn"), ("w", "wash")] {
        var row = Row(day: Double(7 * week), resource: resource, job: job)
        change(&row)
        rows.append(row)
      }
    }
    return rows
  }

  private func name(_ chart: DriftChart) -> String {
    [chart.level.rawValue, chart.job, chart.resource].compactMap { $0 }.joined(separator: " ")
  }

  @Test("come for all work, each job and each resource, with their shares")
  func levels() throws {
    let charts = try DriftChart.charts(of: frame(weeks()))
    #expect(charts.map(name) == ["all", "job turn", "group turn m1", "group turn m2", "job wash", "group wash w"])
    #expect(charts.map(\.results) == [2400, 1600, 800, 800, 800, 800])
    #expect(agrees(charts[1].share, 2.0 / 3) && charts.allSatisfy { $0.ends.count == 20 && $0.deviations.count == 20 })
    #expect(charts.allSatisfy { $0.deviations.allSatisfy { $0 == 0 } && $0.errors.allSatisfy { $0 > 0.02 && $0 < 0.2 } })
  }

  @Test("hold a group against what is usual for it, and leave out what is too small")
  func usual() throws {
    let rows = weeks { row in
      if row.resource == "m2" { row.mean = 0.08 }
      if row.resource == "w" { row.results = 2 }
    }
    let charts = try DriftChart.charts(of: frame(rows))
    #expect(charts.map(name) == ["all", "job turn", "group turn m1", "group turn m2"])
    // Six weeks of forty results outweigh what was believed before, though not wholly.
    for chart in charts { #expect(abs(chart.deviations[19]) < 0.02, "\(name(chart)) \(chart.deviations[19])") }
  }

  @Test("show a step of one machine there, and half of it in its job")
  func step() throws {
    let rows = weeks { if $0.resource == "m1", $0.day > 70 { $0.mean = 0.3 } }
    let charts = try DriftChart.charts(of: frame(rows))
    let last = Dictionary(uniqueKeysWithValues: charts.map { (name($0), $0.deviations[19]) })
    #expect(agrees(last["group turn m1"], 0.3) && last["group turn m2"] == 0)
    #expect(agrees(last["job turn"], 0.15) && last["job wash"] == 0 && agrees(last["all"], 0.1))
  }

  @Test("hold a machine that comes new against its job")
  func newMachine() throws {
    let rows = weeks {
      if $0.job == "turn" { $0.mean = 0.05 }
      if $0.resource == "m1", $0.day > 70 { ($0.resource, $0.mean) = ("n1", -0.4) }
    }
    let chart = try #require(try DriftChart.charts(of: frame(rows)).first { $0.resource == "n1" })
    #expect(chart.deviations.count == 10 && chart.deviations.allSatisfy { $0 < -0.42 && $0 > -0.46 })
  }

  @Test("take the cycles of a period together: daily ones say what weekly ones do")
  func periods() throws {
    let rows = weeks { if $0.day > 70 { $0.mean = 0.1 } }
    let daily = rows.flatMap { row in
      (0..<4).map { part in
        Row(day: row.day - Double(part), resource: row.resource, job: row.job, results: row.results / 4, mean: row.mean)
      }
    }.sorted { $0.day < $1.day }
    let (weekly, merged) = (try DriftChart.charts(of: frame(rows)), try DriftChart.charts(of: frame(daily)))
    for (one, other) in zip(weekly, merged) {
      #expect(one.ends == other.ends && one.results == other.results)
      for (left, right) in zip(one.deviations, other.deviations) { #expect(abs(left - right) < 0.003) }
    }
  }

  @Test("are none of nothing, and say what a frame lacks and which option is wrong")
  func faults() throws {
    #expect(try DriftChart.charts(of: frame([])).isEmpty)
    #expect(throws: FrameError.self) { try DriftChart.charts(of: Frame([("as_of", Column([1.0]))])) }
    var options = DriftChart.Options()
    options.periodDays = 0
    #expect(throws: FrameError.self) { try DriftChart.charts(of: frame([]), options) }
  }
}
