import Configuration
public import Ledger

extension Workspace {
  /// The queue of jobs, with the bounds that the settings have.
  public func jobQueue() throws -> JobQueue {
    let queue = settings.queue
    return JobQueue(
      try ledger(),
      limits: JobLimits(
        maxSize: queue.maxSize, maxRetries: queue.maxRetries, retryBackoffSeconds: queue.retryBackoffSeconds,
        leaseSeconds: queue.leaseSeconds, seed: UInt64(settings.sampling.seed)))
  }

  /// Where the logs of jobs are: that of job `N` is `N.log`.
  public var jobLogFolder: String { path("logs/jobs") }
}
