public import Tabular

/// A wish for work.
public struct JobRequest: Hashable, Sendable {
  /// What is to be done.
  public var kind: JobKind
  /// What it is to be done with.
  public var payload: JobPayload
  /// The cycle that asks; `nil` when a person or a script does.
  public var cycle: Int64?
  /// How soon.
  public var priority: JobPriority
  /// What makes two wishes the same: while a job of this cause is open, another wish joins it.
  public var cause: String
  /// Longest time that one attempt may take, seconds; `nil`: the worker's own limit.
  public var timeLimitSeconds: Double?
  /// Whether it is queued although a job of its kind has ended a moment ago: for wishes of people.
  public var ignoresCooldown: Bool

  /// Makes a request; without a cause of its own it has that of ``cause(of:_:)``.
  public init(
    kind: JobKind = .train, payload: JobPayload, cycle: Int64? = nil, priority: JobPriority = .normal, cause: String? = nil,
    timeLimitSeconds: Double? = nil, ignoresCooldown: Bool = false
  ) {
    self.kind = kind
    self.payload = payload
    self.cycle = cycle
    self.priority = priority
    self.cause = cause ?? Self.cause(of: kind, payload)
    self.timeLimitSeconds = timeLimitSeconds
    self.ignoresCooldown = ignoresCooldown
  }

  /// The cause of wishes that have none of their own: to challenge the same champion with the same candidates is the same.
  public static func cause(of kind: JobKind, _ payload: JobPayload) -> String {
    "\(kind.rawValue):\(payload.champion):\(payload.candidates?.joined(separator: ",") ?? "")"
  }
}

/// What became of a wish for work.
public struct QueuedJob: Hashable, Codable, Sendable {
  /// The job's number.
  public var id: Int64
  /// `pending`; `deferred` when the queue is full, `skipped` within the cooldown, `running` when one that runs was joined.
  public var status: JobStatus
  /// How soon it is wanted.
  public var priority: JobPriority
  /// Whether an open job was joined instead of making another.
  public var joined: Bool
  /// Why it waits or is skipped; `nil` when nothing stands in its way.
  public var reason: String?
}
