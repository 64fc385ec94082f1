import ArgumentParser
import Configuration
import Foundation
import Glibc
import Ledger
import QualityCycle
import Routing
import Scheduling
import Scripting
import Tabular

/// Works off the queue.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Work off the jobs of the queue, each in a process of its own.",
    discussion: """
      Several workers may share a queue, on one machine. A job whose process crashes, is killed or says nothing costs one attempt and is taken \
      up again; Ctrl-C or SIGTERM ends the job's process and hands the job back within ten seconds.
      """)

  @OptionGroup var global: GlobalOptions
  @Flag(help: "End when no job is left that may start now.") var once = false
  @Option(help: ArgumentHelp("Seconds between two looks at an empty queue.", valueName: "seconds")) var poll = 2.0
  @Option(help: ArgumentHelp("What the worker calls itself; default: its machine and process.", valueName: "name")) var name: String?
  @Flag(help: .hidden) var job = false

  func run() throws {
    if job { return try JobProgram(global: global).run() }
    guard poll > 0, poll <= 3600 else { throw CommandFailure.usage("--poll must be a number above 0, up to 3600 seconds, got \(poll)") }
    let workspace = try global.open()
    let supervisor = try WorkerSupervisor(workspace, name: name, global)
    if !once {
      Terminal.remark("\(supervisor.worker) works off the queue of \(workspace.folder); Ctrl-C ends it")
      return try supervisor.run(pollSeconds: poll, afterEach: TellingWorker(workspace, global).tell)
    }
    while !Interruption.isRequested {
      switch try supervisor.runNext() {
      case .idle: return workspace.notify(global)
      case .ended(let job, let status): Terminal.remark("job \(job) is \(status.rawValue)")
      case .lost(let job, let reason): Terminal.remark("job \(job) was lost: \(reason)")
      }
    }
    throw CancellationError()
  }
}

/// Tells targets what came of a worker's jobs, and now and then tries again what did not arrive.
final class TellingWorker {
  private let workspace: Workspace
  private let global: GlobalOptions
  private var lastTry = -Double.infinity

  init(_ workspace: Workspace, _ global: GlobalOptions) {
    self.workspace = workspace
    self.global = global
  }

  /// Seconds between two tries while nothing happens.
  private static let pause = 30.0

  func tell(_ supervised: WorkerSupervisor.Supervised) {
    let now = ProcessInfo.processInfo.systemUptime
    guard supervised != .idle || now - lastTry >= Self.pause else { return }
    lastTry = now
    ((try? workspace.refreshed()) ?? workspace).notify(global)
  }
}

extension WorkerSupervisor {
  /// A supervisor of this program itself.
  convenience init(_ workspace: Workspace, name: String? = nil, _ global: GlobalOptions) throws {
    let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var arguments = ["worker", "--job", "--workspace", workspace.folder]
    if let config = global.config { arguments += ["--config", URL(filePath: config).standardizedFileURL.path] }
    let environment = WorkerProgram.clearedEnvironment(ProcessInfo.processInfo.environment, keeping: global.environmentNames)
    self.init(
      try workspace.jobQueue(), worker: name ?? "\(ProcessInfo.processInfo.hostName)-\(getpid())", logFolder: workspace.jobLogFolder,
      surroundings: WorkerSurroundings(
        now: workspace.surroundings.now, uptimeSeconds: { ProcessInfo.processInfo.systemUptime },
        wait: { seconds in try? workspace.surroundings.wait(seconds) }, shouldStop: { Interruption.isRequested },
        redact: workspace.effective.redacting)
    ) { [arguments] _ in
      WorkerProgram(executable: executable, arguments: arguments, environment: environment, folder: workspace.folder)
    }
  }
}

/// A job's own process: takes the job from its supervisor and does it.
struct JobProgram {
  let global: GlobalOptions

  func run() throws {
    let channel: JobChannel
    do throws(JobChannelError) { channel = try JobChannel(handlesTermination: false) } catch { throw CommandFailure.usage("\(error)") }
    do {
      channel.finish(try outcome(of: channel.job, channel))
    } catch is CancellationError {
      // Without a result: the supervisor knows why.
      throw CancellationError()
    } catch {
      channel.finish(.failed(error: "\(error)", canRetry: Self.canHelp(error)))
    }
  }

  /// Whether another try may end otherwise: what is wrong with what was asked for stays wrong.
  private static func canHelp(_ error: any Error) -> Bool {
    !(error is RetrainingError || error is ConfigurationError || error is WorkspaceError)
  }

  private func outcome(of job: Job, _ channel: JobChannel) throws -> JobOutcome {
    let workspace = try workspace(of: job, channel)
    let progress = { @Sendable (step: TrainingProgress) in channel.progress(100 * step.share, step.step) }
    let (outcome, retraining) = try workspace.perform(
      job, policy: StrategyLibrary(workspace).comparisonPolicy(workspace.effective), progress: progress)
    for line in retraining?.verdict.text().split(separator: "\n") ?? [] {
      channel.log("info", String(line), ["verdict": .integer(retraining?.id ?? 0)])
    }
    return outcome
  }

  /// The workspace with the settings that were in force when the job was asked for.
  private func workspace(of job: Job, _ channel: JobChannel) throws -> Workspace {
    try global.open().asAsked(for: job) { channel.isCancelled || Interruption.isRequested }
  }
}
