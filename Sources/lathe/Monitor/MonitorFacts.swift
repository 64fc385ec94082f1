import Foundation
import Ledger
import QualityCycle
import Scheduling
import Tabular

/// What the monitor shows, as the ledger has it at one instant.
struct MonitorFacts: Codable, Equatable {
  /// A job that runs.
  struct Running: Codable, Equatable {
    var id: Int64
    var kind: String
    var percent: Double
    var step: String
    var elapsedSeconds: Double?, remainingSeconds: Double?
  }

  /// A cycle that is done.
  struct Cycle: Codable, Equatable {
    var id: Int64
    var asOf: Timestamp
    var trimMAE: Double?, processMatch: Double?
    var retrained: Bool
  }

  /// An open alert.
  struct Alert: Codable, Equatable {
    var id: String
    var severity: String
    var code: String
    /// Item and operation; empty for the whole cycle.
    var about: String
    var message: String
  }

  var workspace: String
  var at: Timestamp
  var champion: String?
  var servesSince: Timestamp?
  /// Jobs by status.
  var jobs: [String: Int]
  var running: [Running]
  /// Oldest first.
  var cycles: [Cycle]
  /// The latest cycle, done or not.
  var latest: String?
  var alerts: [Alert]
  /// Messages to targets that wait, and that were given up.
  var waitingMessages: Int, failedMessages: Int
  var nextCycle: Timestamp?

  /// Cycles that are looked at, and alerts.
  private static let cycleCount = 60, alertCount = 50

  /// Reads them: some ten statements, none of which holds a writer up for longer than it takes.
  init(_ workspace: Workspace) throws {
    let (ledger, queue) = (try workspace.ledger(), try workspace.jobQueue())
    at = workspace.surroundings.now()
    self.workspace = workspace.folder
    let serving = try ledger.servingEntries().first { $0.outcome == .done }
    champion = serving?.version
    servesSince = serving?.decidedAt
    let all = try queue.jobs(limit: 500)
    jobs = Dictionary(grouping: all, by: \.status.rawValue).mapValues(\.count)
    running = all.filter { $0.status == .running }.map { [at] job in
      Running(
        id: job.id, kind: job.kind.rawValue, percent: job.progress?.percent ?? 0, step: job.progress?.step ?? "",
        elapsedSeconds: job.elapsedSeconds(at: at), remainingSeconds: job.remainingSeconds(at: at))
    }
    let history = try ledger.history(until: Timestamp(microseconds: .max), metrics: ["trim_mae", "process_match"])
    cycles = (max(0, history.rowCount - Self.cycleCount)..<history.rowCount).compactMap { row in
      guard case .integer(let id) = history.columns[0][row], let asOf = history.columns[1].timestamp(row) else { return nil }
      let retrained = if case .bool(true) = history.columns[2][row] { true } else { false }
      return Cycle(
        id: id, asOf: asOf, trimMAE: history.columns[3].number(row), processMatch: history.columns[4].number(row), retrained: retrained)
    }
    latest = try ledger.cycles(limit: 1).first.map { cycle in
      cycle.failure.map { "cycle \(cycle.id) \(cycle.status.rawValue): \($0)" }
        ?? (cycle.status == .running ? "cycle \(cycle.id) runs, room \(cycle.room)" : "cycle \(cycle.id) \(cycle.status.rawValue)")
    }
    alerts = try ledger.alertEntries(limit: Self.alertCount, onlyOpen: true).map {
      Alert(
        id: $0.id, severity: $0.alert.severity, code: $0.alert.code,
        about: [$0.alert.item, $0.alert.operation].compactMap { $0 }.joined(separator: " "), message: $0.alert.message)
    }
    waitingMessages = try ledger.notifications(.waiting, limit: 1000).count
    failedMessages = try ledger.notifications(.failed, limit: 1000).count
    nextCycle = (try? workspace.schedule())?.cron.next(after: at)
  }

  /// Facts that are given.
  init(
    workspace: String, at: Timestamp, champion: String?, servesSince: Timestamp?, jobs: [String: Int], running: [Running], cycles: [Cycle],
    latest: String?, alerts: [Alert], waitingMessages: Int = 0, failedMessages: Int = 0, nextCycle: Timestamp?
  ) {
    self.workspace = workspace
    self.at = at
    self.champion = champion
    self.servesSince = servesSince
    self.jobs = jobs
    self.running = running
    self.cycles = cycles
    self.latest = latest
    self.alerts = alerts
    self.waitingMessages = waitingMessages
    self.failedMessages = failedMessages
    self.nextCycle = nextCycle
  }
}
