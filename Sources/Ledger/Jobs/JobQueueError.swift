/// Why a queue refused.
public enum JobQueueError: Error, Hashable, CustomStringConvertible {
  /// Another worker has the job, or nobody any more: what the holder of the token did must not count.
  case staleLease(job: Int64, token: Int64, now: String)
  /// There is no such job.
  case unknown(job: Int64)
  /// The job has ended, and cannot be called off.
  case ended(job: Int64, status: JobStatus)
  /// The job has not ended badly, and cannot be tried again.
  case notRetriable(job: Int64, status: JobStatus)
  /// Another job of the same cause is open.
  case duplicate(job: Int64, open: Int64)
  /// The job's row makes no sense.
  case unreadable(job: Int64, reason: String)

  /// What, why, and what to do.
  public var description: String {
    switch self {
    case .staleLease(let job, let token, let now):
      "stale lease: job \(job) is no longer held with token \(token), \(now); drop what was done for it"
    case .unknown(let job): "there is no job \(job); 'lathe jobs list' shows those there are"
    case .ended(let job, let status): "job \(job) has ended already (\(status.rawValue)); only one that has not can be cancelled"
    case .notRetriable(let job, let status):
      "job \(job) is \(status.rawValue); only one that failed, was skipped or cancelled can be tried again"
    case .duplicate(let job, let open): "job \(open) wants the same as job \(job) and has not ended; let it end, or cancel it"
    case .unreadable(let job, let reason): "job \(job) cannot be read: \(reason); the next worker sets it aside"
    }
  }
}

/// What is wrong with a row of the table of jobs.
struct UnreadableJob: Error {
  let reason: String
}
