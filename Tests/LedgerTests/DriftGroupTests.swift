import Foundation
import Ledger
import Tabular
import Testing

@Suite("Groups of drift in the ledger")
struct DriftGroupTests {
  private let ledger: Ledger

  init() throws {
    let folder = NSTemporaryDirectory() + "lathe-drift-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    ledger = try Ledger(path: folder + "/ledger.sqlite")
  }

  private func at(_ second: Int64) -> Timestamp { Timestamp(microseconds: second * 1_000_000) }

  private func cycle(_ since: Int64, _ until: Int64, champion: String = "a", groups: [DriftGroup]? = nil, ends: Bool = true) throws -> Int64
  {
    let cycle = try ledger.begin(
      CycleStart(asOf: at(until), since: at(since), seed: 1, champion: champion, configuration: "", latheVersion: ""), at: at(until))
    let group = DriftGroup(
      resource: nil, job: "turn", results: 3, meanLogRatio: 0.25, spread: nil, firstCompletedAt: at(since + 1), lastCompletedAt: at(until))
    try ledger.keep(
      DriftWatch(since: at(since), until: at(until), covers: "all", groups: groups ?? [group]), of: champion, in: cycle)
    if ends { try ledger.finish(cycle, as: .done, retrain: false, at: at(until)) }
    return cycle
  }

  private func cycles(asOf: Int64, _ cycle: Int64, champion: String = "a") throws -> [Double] {
    try ledger.driftGroups(champion: champion, asOf: at(asOf), cycle: cycle)["cycle_id"]?.numbers ?? []
  }

  @Test("come back as they were kept, without a resource or a spread too")
  func roundTrip() throws {
    let kept = [
      DriftGroup(
        resource: "CN-01", job: "선삭", results: 12, meanLogRatio: -0.125, spread: 0.5, firstCompletedAt: at(1), lastCompletedAt: at(9)),
      DriftGroup(resource: nil, job: "turn", results: 1, meanLogRatio: 2, spread: nil, firstCompletedAt: at(3), lastCompletedAt: at(3)),
    ]
    let number = try cycle(0, 10, groups: kept)
    let frame = try ledger.driftGroups(champion: "a", asOf: at(10), cycle: number)
    #expect(frame.names.prefix(4) == ["cycle_id", "as_of", "resource_code", "job_code"])
    let read = (0..<frame.rowCount).compactMap { row -> DriftGroup? in
      guard let job = frame["job_code"]?.text(row), let results = frame["results"]?.number(row),
        let mean = frame["mean_log_ratio"]?.number(row), let first = frame["first_completed_at"]?.timestamp(row),
        let last = frame["last_completed_at"]?.timestamp(row)
      else { return nil }
      return DriftGroup(
        resource: frame["resource_code"]?.text(row), job: job, results: Int(results), meanLogRatio: mean,
        spread: frame["spread"]?.number(row), firstCompletedAt: first, lastCompletedAt: last)
    }
    #expect(read == kept)
    #expect(try ledger.watchedUntil(champion: "a", asOf: at(10), before: number + 1) == at(10))
    #expect(try ledger.watchedUntil(champion: "b", asOf: at(10), before: number + 1) == nil)
    #expect(try ledger.watchedUntil(champion: "a", asOf: at(9), before: number + 1) == nil)
    #expect(try ledger.watchedUntil(champion: "a", asOf: at(10), before: number) == nil)
  }

  @Test("are one chain of times that do not overlap, whatever cycles were run when")
  func chain() throws {
    let first = try cycle(0, 10)
    let earlier = try cycle(0, 5)
    let again = try cycle(0, 10)
    let second = try cycle(10, 20)
    #expect(try cycles(asOf: 20, second) == [Double(again), Double(second)])
    #expect(try cycles(asOf: 10, first) == [Double(first)])
    #expect(try cycles(asOf: 9, second) == [Double(earlier)])
  }

  @Test("are those of finished cycles, of the champion's alone, and of the one that is asked for")
  func states() throws {
    let done = try cycle(0, 10)
    let open = try cycle(10, 20, ends: false)
    let other = try cycle(0, 20, champion: "b")
    #expect(try cycles(asOf: 20, open) == [Double(done), Double(open)])
    #expect(try cycles(asOf: 20, other) == [Double(done)])
    #expect(try cycles(asOf: 20, other, champion: "b") == [Double(other)])
  }
}
