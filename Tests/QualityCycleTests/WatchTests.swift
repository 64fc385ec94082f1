import Foundation
import Ledger
import Metrics
import QualityCycle
import Routing
import Tabular
import TestSupport
import Testing

@Suite("What a cycle keeps of drift")
struct WatchTests {
  private func day(_ day: Double) -> Timestamp { FactoryBuilder.instant(day) }

  private func groups(_ fixture: CycleFixture, _ cycle: Int64, asOf: Double = 100) throws -> Frame {
    try fixture.ledger.driftGroups(champion: "version_1", asOf: day(asOf), cycle: cycle)
  }

  @Test("is for each job and resource what the results themselves tell", arguments: [WatchKind.sample, .all])
  func figures(watch: WatchKind) throws {
    let fixture = try CycleFixture(later: 3)
    let report = try fixture.run(fixture.plan { $0.watch = watch })
    let frame = try groups(fixture, report.cycle)
    #expect(frame["job_code"]?.texts == ["turn", "wash"] && frame["resource_code"]?.texts == ["m1", "m2"])
    let results = fixture.source.resultFrame
    for (row, (job, predicted)) in [("turn", 2.0), ("wash", 1)].enumerated() {
      var ratios: [Double] = []
      var times: [Timestamp] = []
      for place in 0..<results.rowCount where results["job_code"]?.text(place) == job {
        let at = try #require(results["completed_at"]?.timestamp(place))
        guard at > day(50), at <= day(100) else { continue }
        let minutes = try #require(results["run_minutes"]?.number(place)) / #require(results["good_quantity"]?.number(place))
        ratios.append(log(minutes / predicted))
        times.append(at)
      }
      let expected = try #require(RobustMean(ratios))
      #expect(frame["results"]?.number(row) == Double(ratios.count) && ratios.count == 30)
      #expect(abs((frame["mean_log_ratio"]?.number(row) ?? .nan) - expected.mean) < 1e-12)
      #expect(abs((frame["spread"]?.number(row) ?? .nan) - (expected.spread ?? .nan)) < 1e-12)
      #expect(frame["first_completed_at"]?.timestamp(row) == times.min() && frame["last_completed_at"]?.timestamp(row) == times.max())
      #expect(frame["as_of"]?.timestamp(row) == day(100))
    }
  }

  @Test("counts every result once, although the windows of cycles overlap")
  func once() throws {
    let fixture = try CycleFixture(later: 3)
    var last: Int64 = 0
    for until in [65.0, 75, 75, 90, 100] {
      last = try fixture.run(
        fixture.plan {
          $0.watch = .all
          $0.window.until = day(until)
        }
      ).cycle
    }
    let frame = try groups(fixture, last)
    #expect(frame["results"]?.numbers?.reduce(0, +) == 60)
    #expect(Set(frame["as_of"]?.numbers ?? []).count == 3)
    // Orders of all rings were finished on three days; the cycle that was run again and the last one saw nothing new.
    #expect(frame["cycle_id"]?.numbers == [1, 1, 2, 2, 4, 4] && last == 5)
  }

  @Test("covers all results though only some items are sampled, when told to")
  func coverage() throws {
    let fixture = try CycleFixture(later: 3)
    let results = { (watch: WatchKind, size: Int) -> Double? in
      let fixture = try CycleFixture(later: 3)
      let report = try fixture.run(
        fixture.plan {
          $0.watch = watch
          $0.size = size
        })
      return try groups(fixture, report.cycle)["results"]?.numbers?.reduce(0, +)
    }
    #expect(try results(.sample, 2) == 12)
    #expect(try results(.all, 2) == 60)
    // Plans of before it was known watch the sample.
    #expect(fixture.plan().watch == nil)
  }

  @Test("costs the same number of readings whatever the number of items")
  func setBased() throws {
    let fixture = try CycleFixture()
    let before = fixture.source.readingCount
    _ = try fixture.run(fixture.plan { $0.size = 1 })
    let sampled = fixture.source.readingCount - before
    _ = try fixture.run(
      fixture.plan {
        $0.size = 1
        $0.champion = "version_2"
        $0.watch = .all
      })
    // Its items, their orders' results (as a factory in memory reads them: twice), their features and standard routings.
    #expect(fixture.source.readingCount - before - 2 * sampled == 5)
  }

  @Test("is given to the trigger rule, this cycle's last, and to none of another champion")
  func context() throws {
    let fixture = try CycleFixture(later: 3)
    nonisolated(unsafe) var seen: [Frame] = []
    fixture.rule.choose = { context in
      seen.append(context.groups)
      return TriggerDecision(retrain: false)
    }
    _ = try fixture.run(fixture.plan { $0.window.until = day(75) })
    _ = try fixture.run()
    _ = try fixture.run(fixture.plan { $0.champion = "version_2" })
    #expect(seen.map { Set($0["cycle_id"]?.numbers ?? []) } == [[1], [1, 2], [3]])
  }

  @Test("stays what a cycle saw, whatever cycles come later: a decision can be made again")
  func replay() throws {
    let fixture = try CycleFixture(later: 3)
    let second = { (until: Double) in
      try fixture.run(
        fixture.plan {
          $0.watch = .all
          $0.window.until = day(until)
        })
    }
    _ = try second(70)
    let cycle = try second(85).cycle
    let before = try groups(fixture, cycle, asOf: 85)
    _ = try second(100)
    _ = try second(60)
    let after = try groups(fixture, cycle, asOf: 85)
    #expect(zip(before.columns, after.columns).allSatisfy { $0 == $1 } && before.rowCount == 4)
  }

  @Test("is forgotten of a cycle that failed: the next one sees its results")
  func failed() throws {
    let fixture = try CycleFixture(later: 3)
    struct Broken: Error {}
    fixture.rule.choose = { _ in throw CancellationError() }
    #expect(throws: CancellationError.self) { try fixture.run(fixture.plan { $0.window.until = day(75) }) }
    fixture.rule.choose = { _ in TriggerDecision(retrain: false) }
    let cycle = try fixture.run().cycle
    #expect(Set(try groups(fixture, cycle)["cycle_id"]?.numbers ?? []) == [Double(cycle)])
    #expect(try groups(fixture, cycle)["results"]?.numbers?.reduce(0, +) == 60)
  }
}
