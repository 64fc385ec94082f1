public import Tabular

/// A job in a worker's hand.
public struct JobClaim: Hashable, Sendable {
  /// The job, as it was taken up.
  public let job: Job
  /// What proves that the worker holds it.
  public let token: Int64
  /// Until when, unless it gives a sign before.
  public let leaseUntil: Timestamp
}

/// What a queue answers to a worker's sign of life.
public struct JobHeartbeat: Hashable, Sendable {
  /// Until when the worker holds the job now.
  public let leaseUntil: Timestamp
  /// Why the job is to end; `nil` while it may go on.
  public let cancellation: String?
}

/// What a worker's attempt came to.
public enum JobOutcome: Hashable, Sendable {
  /// Done.
  case succeeded(PlainValue)
  /// Done, and nothing changed, for a reason that is no fault: the champion stays.
  case skipped(reason: String, PlainValue)
  /// Not done; tried again while attempts are left, if another try can help.
  case failed(error: String, canRetry: Bool = true)
  /// Called off.
  case cancelled(reason: String)
  /// Handed back by a worker that has to stop; the attempt does not count.
  case released(reason: String)

  /// The word for an attempt that ended so.
  var word: String {
    switch self {
    case .succeeded: "succeeded"
    case .skipped: "skipped"
    case .failed: "failed"
    case .cancelled: "cancelled"
    case .released: "released"
    }
  }

  /// What an attempt that ended so has to say.
  var words: String? {
    switch self {
    case .succeeded: nil
    case .skipped(let reason, _), .cancelled(let reason), .released(let reason): reason
    case .failed(let error, _): error
    }
  }
}
