extension Settings {
  /// When cycles run by themselves.
  public struct Schedule: Equatable, Sendable {
    /// When, as cron writes it.
    public var cron = "0 2 * * *"
    /// The clocks that it means.
    public var timezone = "UTC"
    /// Longest time of a cycle, seconds; one that takes longer is told to stop.
    public var maxExecutionSeconds = 3600.0
    /// A cycle starts up to so many seconds after it is due.
    public var jitterSeconds = 0.0
    /// Days that ended jobs and their logs are kept.
    public var keepJobsDays = 90.0

    /// The defaults.
    public init() {}
  }
}

extension Settings.Schedule: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("cron", \.cron, .text, "When cycles run: minute, hour, day of month, month, day of week; or @daily and its like."),
    Field("timezone", \.timezone, .text, "The clocks that 'cron' means: UTC, a name such as Asia/Seoul, or an offset such as +09:00."),
    Field(
      "max_execution_seconds", \.maxExecutionSeconds, .number(1...604_800), unit: "seconds",
      "Longest time of a cycle; one that takes longer is told to stop."),
    Field("jitter_seconds", \.jitterSeconds, .number(0...86_400), unit: "seconds", "A cycle starts up to so much later than it is due."),
    Field("keep_jobs_days", \.keepJobsDays, .number(1...3650), unit: "days", "How long ended jobs and their logs are kept."),
  ]
}
