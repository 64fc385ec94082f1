import Foundation
import Tabular
import TestSupport
import Testing

@testable import Ledger

@Suite("Messages about alerts and verdicts")
struct NotificationTests {
  /// A ledger with cycles that raise alerts.
  private final class Fixture {
    let folder: TemporaryFolder
    let ledger: Ledger
    var now = Timestamp(microseconds: 1_700_000_000_000_000)
    let rule = NotificationRule(target: "team")

    init() throws {
      folder = try TemporaryFolder(inMemory: true)
      ledger = try Ledger(path: folder.path("ledger.sqlite"))
    }

    func alert(_ code: String, _ severity: String = "warning", item: String? = nil) -> RecordedAlert {
      RecordedAlert(
        code: code, severity: severity, value: 6, threshold: 5, item: item, operation: nil, message: "\(code) of \(item ?? "all") is high")
    }

    @discardableResult
    func cycle(_ alerts: [RecordedAlert], ends status: CycleStatus? = .done, failure: String? = nil) throws -> Int64 {
      now = now.advanced(bySeconds: 60)
      let start = CycleStart(asOf: now, since: now, seed: 1, champion: "v1", configuration: "", latheVersion: "test")
      let id = try ledger.begin(start, at: now)
      try ledger.record([], alerts, checks: [], asOf: now, in: id)
      if let status { try ledger.finish(id, as: status, failure: failure, at: now) }
      return id
    }

    /// The texts of new messages.
    func told(_ rules: [NotificationRule]? = nil) throws -> [String] {
      let before = try ledger.notifications(limit: 1000).first?.id ?? 0
      try ledger.compose(rules ?? [rule], at: now)
      return try ledger.notifications(limit: 1000).filter { $0.id > before && $0.status == .waiting }.reversed().map(\.message)
    }
  }

  @Test("are made of what happens after a target is there, once, whatever is composed again")
  func once() throws {
    let fixture = try Fixture()
    try fixture.cycle([fixture.alert("HIGH_MAE")])
    #expect(try fixture.told().isEmpty, "what was before the target is nobody's news")
    let cycle = try fixture.cycle([fixture.alert("HIGH_MAE"), fixture.alert("HIGH_CV", item: "I1"), fixture.alert("LOW_SAMPLES", "info")])
    #expect(
      try fixture.told() == [
        "cycle \(cycle): 2 alerts\n\(cycle).1 warning HIGH_MAE: HIGH_MAE of all is high\n\(cycle).2 warning HIGH_CV: HIGH_CV of I1 is high"
      ])
    #expect(try fixture.told().isEmpty)
    let message = try #require(try fixture.ledger.notifications(limit: 1).first)
    #expect(message.subject == "cycle \(cycle)" && message.severity == "warning" && message.facts["alerts"] != nil)
    #expect(message.facts["cycle"] == .integer(cycle) && message.facts["champion"] == "v1")
    // Another target knows nothing of it, and a cycle that runs is told of when it has ended.
    let other = NotificationRule(target: "boss", leastSeverity: 2)
    #expect(try fixture.told([fixture.rule, other]).isEmpty)
    let running = try fixture.cycle([fixture.alert("NEW", "critical")], ends: nil)
    #expect(try fixture.told([fixture.rule, other]).isEmpty)
    try fixture.ledger.finish(running, as: .failed, failure: "the disk is full", at: fixture.now)
    #expect(try fixture.told([fixture.rule, other]) == Array(repeating: "cycle \(running) failed: the disk is full", count: 2))
  }

  @Test("tell an alert that lasts once, again when it gets worse, when it has been long, and when it comes back")
  func lasting() throws {
    let fixture = try Fixture()
    _ = try fixture.told()
    try fixture.cycle([fixture.alert("HIGH_MAE")])
    #expect(try fixture.told().count == 1)
    try fixture.cycle([fixture.alert("HIGH_MAE")])
    #expect(try fixture.told().isEmpty)
    try fixture.cycle([fixture.alert("HIGH_MAE", "critical")])
    #expect(try fixture.told().count == 1)
    fixture.now = fixture.now.advanced(bySeconds: 86_400)
    try fixture.cycle([fixture.alert("HIGH_MAE", "critical")])
    #expect(try fixture.told().count == 1)
    try fixture.cycle([])
    #expect(try fixture.told().isEmpty)
    try fixture.cycle([fixture.alert("HIGH_MAE", "critical")])
    #expect(try fixture.told().count == 1)
  }

  @Test("are not made of what a person has judged, as long as it lasts")
  func judged() throws {
    let fixture = try Fixture()
    _ = try fixture.told()
    let first = try fixture.cycle([fixture.alert("HIGH_MAE"), fixture.alert("HIGH_CV", item: "I1")])
    #expect(try fixture.told().count == 1)
    let number = AlertNumber(cycle: first, position: 1)
    let entry = try fixture.ledger.judge(number, .acknowledged, by: "ann", note: "known", at: fixture.now)
    #expect(entry?.id == "\(first).1" && entry?.judgement == .acknowledged && entry?.judgedBy == "ann" && entry?.note == "known")
    // However bad it gets; the other one is told.
    fixture.now = fixture.now.advanced(bySeconds: 100_000)
    let second = try fixture.cycle([fixture.alert("HIGH_MAE", "critical"), fixture.alert("HIGH_CV", item: "I1")])
    let told = try fixture.told()
    #expect(told.count == 1 && told[0].contains("HIGH_CV") && !told[0].contains("HIGH_MAE"))
    try fixture.cycle([])
    #expect(try fixture.told().isEmpty)
    try fixture.cycle([fixture.alert("HIGH_MAE")])
    #expect(try fixture.told().count == 1, "it had gone, and came back")
    #expect(try fixture.ledger.judge(AlertNumber(cycle: second, position: 9), .false, by: "ann", note: nil, at: fixture.now) == nil)
  }

  @Test("over the bound of an hour are left out, and the next one says how many")
  func bound() throws {
    let fixture = try Fixture()
    let rule = NotificationRule(target: "team", maxPerHour: 2)
    _ = try fixture.told([rule])
    for number in 1...5 { try fixture.cycle([fixture.alert("CODE\(number)")]) }
    #expect(try fixture.told([rule]).count == 2)
    #expect(try fixture.ledger.notifications(.leftOut, limit: 10).count == 3)
    fixture.now = fixture.now.advanced(bySeconds: 3601)
    try fixture.cycle([fixture.alert("CODE9")])
    let told = try fixture.told([rule])
    #expect(told.count == 1 && told[0].hasSuffix("3 messages before this one left out: more than 2 an hour"))
  }

  @Test("tell of verdicts when they have been carried out, or had an hour for it")
  func verdicts() throws {
    let fixture = try Fixture()
    _ = try fixture.told()
    func decide(_ winner: String?) throws -> Int64 {
      let record = RecordedVerdict(job: nil, asOf: fixture.now, champion: "v1", winner: winner, policy: "bootstrap", sha256: "00")
      return try fixture.ledger.record(verdict: ["a": 1], of: record, at: fixture.now)
    }
    let stays = try decide(nil)
    #expect(try fixture.told() == ["verdict \(stays) by 'bootstrap': v1 stays"])
    let wins = try decide("boosting")
    #expect(try fixture.told().isEmpty)
    try fixture.ledger.noteDeployment(of: wins, version: "v2")
    #expect(try fixture.told() == ["verdict \(wins) by 'bootstrap': v2 (boosting) serves in place of v1"])
    let fails = try decide("mlp")
    fixture.now = fixture.now.advanced(bySeconds: 3601)
    #expect(try fixture.told() == ["verdict \(fails) by 'bootstrap': mlp was to replace v1, but was not put in force"])
    #expect(try fixture.told([NotificationRule(target: "quiet", wantsVerdicts: false)]).isEmpty)
  }

  @Test("are tried until they are sent or given up, and removed when they are old")
  func delivery() throws {
    let fixture = try Fixture()
    _ = try fixture.told()
    try fixture.cycle([fixture.alert("A")])
    _ = try fixture.told()
    let message = try #require(try fixture.ledger.notifications(limit: 5, dueAt: fixture.now).first)
    let later = fixture.now.advanced(bySeconds: 30)
    try fixture.ledger.noteDelivery(of: message.id, failure: "refused", retryAt: later, at: fixture.now)
    #expect(try fixture.ledger.notifications(limit: 5, dueAt: fixture.now).isEmpty)
    let again = try #require(try fixture.ledger.notifications(limit: 5, dueAt: later).first)
    #expect(again.id == message.id && again.attempts == 1 && again.detail == "refused")
    try fixture.ledger.noteDelivery(of: message.id, failure: nil, retryAt: nil, at: later)
    #expect(try fixture.ledger.notifications(.sent, limit: 5).map(\.id) == [message.id])
    // What is done with stays so.
    try fixture.ledger.noteDelivery(of: message.id, failure: "late", retryAt: nil, at: later)
    #expect(try fixture.ledger.notifications(.failed, limit: 5).isEmpty)
    try fixture.ledger.pruneNotifications(finishedBefore: later)
    #expect(try fixture.ledger.notifications(limit: 5).count == 1)
    try fixture.ledger.pruneNotifications(finishedBefore: later.advanced(bySeconds: 1))
    #expect(try fixture.ledger.notifications(limit: 5).isEmpty)
  }

  @Test("an alert's precision is of those that were judged, a rule's of retrainings with a verdict; of none there is none")
  func precision() throws {
    let fixture = try Fixture()
    let cycle = try fixture.cycle([fixture.alert("A"), fixture.alert("A", item: "I1"), fixture.alert("A", item: "I2"), fixture.alert("B")])
    for (position, judgement) in [(1, AlertJudgement.confirmed), (2, .false), (3, .acknowledged)] {
      _ = try fixture.ledger.judge(AlertNumber(cycle: cycle, position: Int64(position)), judgement, by: "ann", note: nil, at: fixture.now)
    }
    let (a, b) = (RulePrecision(rule: "A", right: 1, wrong: 1, open: 1), RulePrecision(rule: "B", right: 0, wrong: 0, open: 1))
    #expect(try fixture.ledger.alertPrecision() == [a, b] && a.precision == 0.5 && b.precision == nil)
    _ = try fixture.ledger.judge(AlertNumber(cycle: cycle, position: 2), nil, by: "ann", note: nil, at: fixture.now)
    #expect(try fixture.ledger.alertPrecision().first?.precision == 1)
    #expect(try fixture.ledger.alertEntries(limit: 9, onlyOpen: true).map(\.id) == ["\(cycle).2", "\(cycle).4"])
    #expect(try fixture.ledger.alertEntries(limit: 2).map(\.id) == ["\(cycle).1", "\(cycle).2"])
    #expect(AlertNumber("12.3") == AlertNumber(cycle: 12, position: 3))
    for wrong in ["", "12", "12.", "12.0", "a.1", "1.2.3", "-1.2"] { #expect(AlertNumber(wrong) == nil, "\(wrong)") }
    #expect(try fixture.ledger.triggerPrecision().isEmpty)
  }
}
