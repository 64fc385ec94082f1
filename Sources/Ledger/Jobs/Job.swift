public import Tabular

/// Where a job stands.
public enum JobStatus: String, Codable, Sendable, CaseIterable {
  /// Waits for a worker.
  case pending
  /// A worker holds it.
  case running
  /// Ended well.
  case succeeded
  /// Ended badly, with no attempts left.
  case failed
  /// Waits for a place in a full queue.
  case deferred
  /// Was not done, or changed nothing, for a reason that is no fault.
  case skipped
  /// Somebody called it off.
  case cancelled

  /// Whether it has not ended.
  public var isOpen: Bool { self == .pending || self == .running || self == .deferred }
}

/// What a job is to do.
public enum JobKind: String, Codable, Sendable, CaseIterable {
  /// Train candidates, compare them with the champion, deploy the winner.
  case train
}

/// How soon a job is wanted.
public enum JobPriority: Int, Codable, Sendable, CaseIterable {
  case low = 0
  case normal = 1
  case high = 2

  /// `low`, `normal` or `high`.
  public var name: String {
    switch self {
    case .low: "low"
    case .normal: "normal"
    case .high: "high"
    }
  }

  /// The priority of that name, or `nil`.
  public init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

/// All that a job's result depends on, so that it can be done again elsewhere and later.
public struct JobPayload: Hashable, Codable, Sendable {
  /// What the job may know about.
  public var asOf: Timestamp
  /// Seed of everything random in it.
  public var seed: UInt64
  /// The version to be challenged.
  public var champion: String
  /// Kinds of candidate to train; `nil`: those of the configuration.
  public var candidates: [String]?
  /// Digest of the data that the wish was made from; `nil` when nobody took it.
  public var dataFingerprint: String?
  /// The settings in force, as text.
  public var configuration: String
  /// SHA-256 of each strategy's file, by its path in the workspace.
  public var strategies: [String: String]
  /// Why.
  public var reasons: PlainValue
  /// The search of parameters, as the settings have it; `nil` for none.
  public var tuning: PlainValue?

  /// Makes a payload.
  public init(
    asOf: Timestamp, seed: UInt64, champion: String, candidates: [String]? = nil, dataFingerprint: String? = nil,
    configuration: String = "", strategies: [String: String] = [:], reasons: PlainValue = .list([]), tuning: PlainValue? = nil
  ) {
    self.asOf = asOf
    self.seed = seed
    self.champion = champion
    self.candidates = candidates
    self.dataFingerprint = dataFingerprint
    self.configuration = configuration
    self.strategies = strategies
    self.reasons = reasons
    self.tuning = tuning
  }
}

/// How far a running job is.
public struct JobProgress: Hashable, Codable, Sendable {
  /// Percent done, 0…100.
  public var percent: Double
  /// What it is doing, in a few words.
  public var step: String

  /// Makes a progress; a percentage outside of 0…100 becomes the nearer end, one that is no number 0.
  public init(percent: Double, step: String) {
    self.percent = percent.isNaN ? 0 : min(100, max(0, percent))
    self.step = step
  }
}

/// A job as the ledger has it.
public struct Job: Hashable, Codable, Sendable {
  /// Its number; a later one has a higher one.
  public var id: Int64
  /// What it is to do.
  public var kind: JobKind
  /// What it is to do it with.
  public var payload: JobPayload
  /// What makes two wishes the same.
  public var cause: String
  /// The cycle that asked last.
  public var cycle: Int64?
  /// Where it stands.
  public var status: JobStatus
  /// Why it stands there, when that needs a word: deferred, skipped, failed, cancelled.
  public var reason: String?
  /// How soon it is wanted.
  public var priority: JobPriority
  /// Wishes that it stands for.
  public var requests: Int
  /// Attempts that count; one that was handed back by a worker that had to stop does not.
  public var attempts: Int
  /// Longest time of one attempt, seconds; `nil`: the worker's own limit.
  public var timeLimitSeconds: Double?
  /// Whether somebody wants a running one to end.
  public var isCancelRequested: Bool
  /// How far the last attempt came.
  public var progress: JobProgress?
  /// What it gave.
  public var result: PlainValue?
  /// The worker that holds it.
  public var worker: String?
  /// What proves that.
  public var token: Int64?
  /// Until when, unless the worker gives a sign before.
  public var leaseUntil: Timestamp?
  /// The lease's full length, seconds, as the worker has it.
  public var leaseSeconds: Double?
  /// When it was made, and may start at the earliest.
  public var createdAt, notBefore: Timestamp
  /// When it was taken up last, and when it ended.
  public var startedAt, finishedAt: Timestamp?

  /// Seconds that the last attempt has taken at `now`, or took; `nil` before the first. Never negative, also when the clock was set back.
  public func elapsedSeconds(at now: Timestamp) -> Double? {
    startedAt.map { max(0, (status == .running ? now : finishedAt ?? now).seconds(since: $0)) }
  }

  /// Seconds that a running job still needs if it goes on as until now; `nil` when nothing can be said.
  public func remainingSeconds(at now: Timestamp) -> Double? {
    guard status == .running, let progress, progress.percent > 0, let elapsed = elapsedSeconds(at: now) else { return nil }
    return elapsed * (100 - progress.percent) / progress.percent
  }
}

/// One try at a job.
public struct JobAttempt: Hashable, Codable, Sendable {
  /// Its token; a later one has a higher one, over all jobs.
  public var token: Int64
  /// Who tried.
  public var worker: String
  /// When it began.
  public var startedAt: Timestamp
  /// When it ended; `nil` while it lasts.
  public var finishedAt: Timestamp?
  /// `running`, `succeeded`, `skipped`, `failed`, `cancelled`; `lost` when its lease ended, `released` when its worker handed it back.
  public var outcome: String
  /// What went wrong.
  public var error: String?
}
