import ArgumentParser
import Configuration
import DataAccess
import Foundation
import Ledger
import Logging
import Metrics
import QualityCycle
import Scheduling
import Scripting
import Tabular

/// Runs cycles when they are due, and the jobs that they ask for.
struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Run cycles when they are due, and the jobs that they ask for, until told to stop.",
    discussion: """
      When is in the settings, under 'schedule'; they are read anew before each cycle. One scheduler runs in a workspace at a time. Cycles that \
      were missed, because nothing ran or the one before took too long, are told and made up for by one. Ctrl-C or SIGTERM ends it: a cycle \
      under way is interrupted, a job is handed back.
      """, subcommands: [Run.self, Now.self, List.self, Next.self], defaultSubcommand: Run.self)

  /// Runs until told to stop.
  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run until told to stop (what 'lathe schedule' alone does).")
    @OptionGroup var global: GlobalOptions
    @Flag(help: "Leave the jobs to 'lathe worker'.") var noWorker = false

    func run() throws {
      let workspace = try global.open(checksStrategies: true)
      let schedule = try workspace.schedule()
      let surroundings = Scheduler.Surroundings(
        now: workspace.surroundings.now, uptimeSeconds: { ProcessInfo.processInfo.systemUptime },
        wait: { try? workspace.surroundings.wait($0) }, shouldStop: { Interruption.isRequested })
      let scheduler = try Scheduler(
        schedule, ledger: workspace.ledger(), lockPath: workspace.path(".schedule.lock"), surroundings: surroundings
      ) { run, _ in try ScheduleCommand.cycle(of: workspace, run, global) }
      let next = schedule.cron.next(after: workspace.surroundings.now()).map { "\($0)" } ?? "never"
      Terminal.remark("cycles of \(workspace.folder) run at '\(schedule.cron)' (\(schedule.cron.zone.name)), next \(next); Ctrl-C ends it")
      let worker = noWorker ? nil : BackgroundWorker(global)
      defer { worker?.join() }
      try scheduler.run()
      if Interruption.isRequested { throw CancellationError() }
    }
  }

  /// Runs a cycle now, as if it were due.
  struct Now: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run a cycle now, then the jobs that wait, and end.")
    @OptionGroup var global: GlobalOptions

    func run() throws {
      let workspace = try global.open(checksStrategies: true)
      let now = workspace.surroundings.now()
      let run = ScheduleRun(schedule: "now", definition: "now", dueAt: now, startedAt: now)
      Terminal.output(Terminal.harmless(try ScheduleCommand.cycle(of: workspace, run, global)) + "\n")
      let supervisor = try WorkerSupervisor(workspace, global)
      while !Interruption.isRequested {
        guard case .ended(let job, let status) = try supervisor.runNext() else { return }
        Terminal.output("job \(job) is \(status.rawValue)\n")
        workspace.notify(global)
      }
      throw CancellationError()
    }
  }

  /// Lists runs.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the runs of the schedule, newest first, with what was missed.")
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit = 20

    func run() throws {
      guard limit > 0 else { throw CommandFailure.usage("--limit must be 1 or more, got \(limit)") }
      let runs = try global.open().ledger().scheduleRuns(of: Workspace.scheduleName, limit: limit)
      if global.json { return try Terminal.output(json: runs) }
      if runs.isEmpty { return Terminal.remark("nothing ran yet; 'lathe schedule' runs what is due") }
      let frame = try Frame([
        ("run", Column(runs.map(\.id))), ("due_at", Column(runs.map(\.dueAt))), ("started_at", Column(runs.map(\.startedAt))),
        ("outcome", Column(runs.map(\.outcome.rawValue))), ("missed", Column(runs.map { Int64($0.missedCount) })),
        ("detail", Column(runs.map(\.detail))),
      ])
      Terminal.output(Terminal.harmless(frame.rendered()) + "\n")
    }
  }

  /// Tells when.
  struct Next: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tell when the next cycles are due.")
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("So many.", valueName: "count")) var count = 5

    func run() throws {
      guard (1...1000).contains(count) else { throw CommandFailure.usage("--count must be 1…1000, got \(count)") }
      let workspace = try global.open()
      let schedule = try workspace.schedule()
      var (instants, last) = ([Timestamp](), workspace.surroundings.now())
      while instants.count < count, let next = schedule.cron.next(after: last) {
        instants.append(next)
        last = next
      }
      if global.json { return try Terminal.output(json: instants) }
      for instant in instants { Terminal.output("\(instant)\n") }
    }
  }

  /// One cycle with the settings as they are now; says in a line what it found.
  private static func cycle(of workspace: Workspace, _ run: ScheduleRun, _ global: GlobalOptions) throws -> String {
    let refreshed = try workspace.refreshed()
    // Also of a cycle that fails.
    defer { refreshed.notify(global) }
    let end = ProcessInfo.processInfo.systemUptime + refreshed.settings.schedule.maxExecutionSeconds
    let fresh = refreshed.stopping { Interruption.isRequested || ProcessInfo.processInfo.systemUptime >= end }
    if run.missedCount > 0 {
      fresh.surroundings.logger.warning(
        "\(counted(run.missedCount, "cycle")) missed before \(run.dueAt), made up for by this one", metadata: ["event": "missed"])
    }
    try fresh.tendVersions()
    let report: CycleReport
    do { (report, _) = try fresh.runCycle(CycleRequest(), strategies: StrategyLibrary(fresh)) } catch let failure as ReportsNotWritten {
      report = failure.report
    }
    try fresh.tellShadow(report.plan.asOf)
    let oldest = fresh.surroundings.now().advanced(bySeconds: -fresh.settings.schedule.keepJobsDays * 86_400)
    try fresh.ledger().pruneNotifications(finishedBefore: oldest)
    let removed = try fresh.jobQueue().prune(olderThan: fresh.settings.schedule.keepJobsDays * 86_400, at: fresh.surroundings.now())
    for job in removed { try? FileManager.default.removeItem(atPath: "\(fresh.jobLogFolder)/\(job).log") }
    let error = report.measured["trim_mae"]?.value.map { "trim_mae \(($0 * 1000).rounded() / 1000)" } ?? "nothing to measure"
    return "cycle \(report.cycle): \(error), \(counted(report.alerts.count, "alert"))"
      + (report.job.map { ", training job \($0.id) is \($0.status.rawValue)" } ?? "")
  }
}

/// A worker on a thread of its own, which ends when the process is told to stop.
private final class BackgroundWorker {
  private let ended = DispatchSemaphore(value: 0)

  init(_ global: GlobalOptions) {
    let ended = ended
    Thread.detachNewThread {
      defer { ended.signal() }
      while !Interruption.isRequested {
        do {
          let workspace = try global.open()
          try WorkerSupervisor(workspace, global).run(pollSeconds: 2, afterEach: TellingWorker(workspace, global).tell)
        } catch {
          Terminal.remark("the worker begins anew in a minute: \(error)")
          try? Interruption.wait(seconds: 60)
        }
      }
    }
  }

  /// Waits until it has handed its job back.
  func join() {
    Interruption.request()
    ended.wait()
  }
}

extension ScheduleCommand {
  /// What is wrong with the expression and the zone that settings name.
  static func faults(in effective: EffectiveSettings) -> [ConfigurationFault] {
    let schedule = effective.settings.schedule
    do throws(CronError) {
      _ = try CronExpression(schedule.cron, timeZone: schedule.timezone)
      return []
    } catch {
      let key = error.field == nil && (try? CronExpression(schedule.cron)) != nil ? "schedule.timezone" : "schedule.cron"
      return [ConfigurationFault(place: effective.place(of: key), keyPath: key, message: "'\(key)': \(error)")]
    }
  }
}

extension Workspace {
  /// What the schedule is called in the ledger.
  static let scheduleName = "cycle"

  /// The schedule that the settings have.
  func schedule() throws -> Schedule {
    let schedule = settings.schedule
    do {
      return Schedule(
        name: Self.scheduleName, cron: try CronExpression(schedule.cron, timeZone: schedule.timezone),
        maxExecutionSeconds: schedule.maxExecutionSeconds, maxJitterSeconds: schedule.jitterSeconds, seed: UInt64(settings.sampling.seed))
    } catch { throw CommandFailure.usage("schedule.cron: \(error)") }
  }
}
