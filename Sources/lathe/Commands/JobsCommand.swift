public import ArgumentParser
import Configuration
import Foundation
public import Ledger
import QualityCycle
import Tabular

/// Looks at jobs and has a say in them.
struct JobsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List and show jobs, read their logs, call them off, try them again.",
    subcommands: [List.self, Show.self, Logs.self, Cancel.self, Retry.self])

  /// Lists jobs.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List jobs, newest first.")
    @OptionGroup var global: GlobalOptions
    @Option(help: ArgumentHelp("At most so many.", valueName: "count")) var limit = 20
    @Option(help: "Only those that stand so.") var status: JobStatus?

    func run() throws {
      guard limit > 0 else { throw CommandFailure.usage("--limit must be 1 or more, got \(limit)") }
      let workspace = try global.open()
      let queue = try workspace.jobQueue()
      let jobs = try queue.jobs(status, limit: limit)
      for (job, reason) in try queue.quarantined().map({ ($0.job, $0.reason) }) + queue.unreadable() {
        Terminal.remark(Terminal.harmless("job \(job) cannot be read and is left out: \(reason)"))
      }
      if global.json { return try Terminal.output(json: jobs) }
      if jobs.isEmpty {
        return Terminal.remark(status.map { "no job is \($0.rawValue)" } ?? "no jobs yet; a cycle queues one when its rule says so")
      }
      let now = workspace.surroundings.now()
      let text = try Frame([
        ("job", Column(jobs.map(\.id))), ("kind", Column(jobs.map(\.kind.rawValue))), ("status", Column(jobs.map(\.status.rawValue))),
        ("priority", Column(jobs.map(\.priority.name))), ("champion", Column(jobs.map(\.payload.champion))),
        ("as_of", Column(jobs.map(\.payload.asOf))), ("attempts", Column(jobs.map { Int64($0.attempts) })),
        ("progress", Column(jobs.map { $0.progressWords(at: now) })), ("created_at", Column(jobs.map(\.createdAt))),
        ("reason", Column(jobs.map(\.reason))),
      ])
      Terminal.output(Terminal.harmless(text.rendered()) + "\n")
    }
  }

  /// Shows one job.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show all that is known of a job and of its attempts, and with --follow how it goes on.",
      discussion: """
        --follow shows the log and the progress, with the time left, until the job has ended; it exits with 1 when it failed or was cancelled. \
        Ctrl-C ends the showing, not the job.
        """)
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The job's number, as 'jobs list' prints it.") var job: Int64
    @Flag(name: .shortAndLong, help: "Go on until the job has ended.") var follow = false

    func run() throws {
      let workspace = try global.open()
      let queue = try workspace.jobQueue()
      guard follow else {
        return try Terminal.output(json: Shown(job: JobsCommand.job(job, in: queue), attempts: queue.attempts(of: job)))
      }
      let usesColor = usesLogColor(workspace.effective.settings.logging)
      var tail = LogTail(path: "\(workspace.jobLogFolder)/\(job).log")
      var told = ""
      while true {
        let job = try JobsCommand.job(job, in: queue)
        for line in try tail.added() { Terminal.output((global.json ? line : LoggedLine(line).text(usesColor: usesColor)) + "\n") }
        let words =
          "job \(job.id) is \(job.status.rawValue)" + (job.progressWords(at: workspace.surroundings.now()).map { ": \($0)" } ?? "")
        // The time left alone is no news.
        let news = "job \(job.id) is \(job.status.rawValue) \(job.progress.map { "\(Int($0.percent)) \($0.step)" } ?? "")"
        if news != told { Terminal.remark(Terminal.harmless(words)) }
        told = news
        if !job.status.isOpen {
          if let reason = job.reason { Terminal.remark(Terminal.harmless(reason)) }
          if job.status == .failed || job.status == .cancelled { throw ExitCode(1) }
          return
        }
        do { try Interruption.wait(seconds: 0.2) } catch is CancellationError { return }
      }
    }

    private struct Shown: Encodable {
      var job: Job
      var attempts: [JobAttempt]
    }
  }

  /// Shows a job's log.
  struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the log of a job as a person reads it, and with --follow what comes while it waits or runs.",
      discussion: "With --json the lines are shown as they are in the file: a JSON object a line. Ctrl-C ends --follow.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The job's number, as 'jobs list' prints it.") var job: Int64
    @Flag(name: .shortAndLong, help: "Go on until the job has ended.") var follow = false

    func run() throws {
      let workspace = try global.open()
      let queue = try workspace.jobQueue()
      let usesColor = usesLogColor(workspace.effective.settings.logging)
      var tail = LogTail(path: "\(workspace.jobLogFolder)/\(job).log")
      var goesOn = true
      while goesOn {
        // Looked at before the log is: what a job said last is shown.
        goesOn = try JobsCommand.job(job, in: queue).status.isOpen && follow
        for line in try tail.added() { Terminal.output((global.json ? line : LoggedLine(line).text(usesColor: usesColor)) + "\n") }
        if goesOn { do { try Interruption.wait(seconds: 0.2) } catch is CancellationError { return } }
      }
    }
  }

  /// Calls a job off.
  struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Call a job off: one that waits at once, one that runs as soon as its worker learns of it.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The job's number, as 'jobs list' prints it.") var job: Int64
    @Option(help: ArgumentHelp("Why.", valueName: "text")) var reason = "cancelled by 'lathe jobs cancel'"

    func run() throws {
      let workspace = try global.open()
      let status = try workspace.jobQueue().cancel(job, reason: reason, at: workspace.surroundings.now())
      if global.json { return try Terminal.output(json: ["status": status]) }
      Terminal.output(status == .running ? "job \(job) runs and will be ended by its worker\n" : "job \(job) is cancelled\n")
    }
  }

  /// Tries a job again.
  struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try a job again that failed, was skipped or cancelled, with all its attempts before it.")
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The job's number, as 'jobs list' prints it.") var job: Int64

    func run() throws {
      let workspace = try global.open()
      let status = try workspace.jobQueue().retry(job, at: workspace.surroundings.now())
      if global.json { return try Terminal.output(json: ["status": status]) }
      Terminal.output("job \(job) is \(status.rawValue)\n")
    }
  }

  private static func job(_ id: Int64, in queue: JobQueue) throws -> Job {
    guard let job = try queue.job(id) else { throw JobQueueError.unknown(job: id) }
    return job
  }
}

extension JobStatus: ExpressibleByArgument {}

extension Job {
  /// How far the job is and how long it still needs, in words; `nil` before it has said so.
  fileprivate func progressWords(at now: Timestamp) -> String? {
    guard let progress else { return nil }
    let left = elapsedSeconds(at: now).flatMap { status == .running ? ProgressBar.timeLeft(progress.percent / 100, elapsed: $0) : nil }
    return "\(Int(progress.percent)) %\(progress.step.isEmpty ? "" : " \(progress.step)")\(left.map { ", \($0) left" } ?? "")"
  }
}
