/// Everything that `lathe.yaml` and the command line can set, with its default: a plain value, checked when it was loaded.
///
/// Only keys that this version acts on exist. ``load(_:named:environment:overrides:readingFile:)`` reads them.
public struct Settings: Equatable, Sendable {
  /// Where the relations are read from.
  public var source = Source()
  /// How files are brought into the embedded source database.
  public var `import` = Import()
  /// How items are compared.
  public var features = Features()
  /// How minutes are predicted from evidence.
  public var prediction = Prediction()
  /// Which items a cycle looks at.
  public var sampling = Sampling()
  /// Beyond which figures an alert is raised.
  public var thresholds = Thresholds()
  /// When retraining is asked for.
  public var trigger = Trigger()
  /// What challengers are trained, and how.
  public var training = Training()
  /// Whether challengers' parameters are searched for, and how.
  public var tuning = Tuning()
  /// Which challenger replaces the champion.
  public var comparison = Comparison()
  /// The queue of training jobs.
  public var queue = Queue()
  /// When cycles run by themselves.
  public var schedule = Schedule()
  /// Who is told of alerts and verdicts, by name.
  public var notifications: [String: NotificationTarget] = [:]
  /// The reports of cycles.
  public var reports = Reports()
  /// The log on the terminal.
  public var logging = Logging()
  /// What Lua code may use.
  public var scripting = Scripting()

  /// The defaults.
  public init() {}
}

extension Settings: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("source", \.source, .record(Source.self), "Where the relations are read from."),
    Field("import", \.import, .record(Import.self), "How files are brought into the embedded source database."),
    Field("features", \.features, .record(Features.self), "How items are compared."),
    Field("prediction", \.prediction, .record(Prediction.self), "How minutes are predicted from evidence."),
    Field("sampling", \.sampling, .record(Sampling.self), "Which items a cycle looks at."),
    Field("thresholds", \.thresholds, .record(Thresholds.self), "Beyond which figures an alert is raised."),
    Field("trigger", \.trigger, .record(Trigger.self), "When retraining is asked for."),
    Field("training", \.training, .record(Training.self), "What challengers are trained, and how."),
    Field("tuning", \.tuning, .record(Tuning.self), "Whether challengers' parameters are searched for, and how."),
    Field("comparison", \.comparison, .record(Comparison.self), "Which challenger replaces the champion."),
    Field("queue", \.queue, .record(Queue.self), "The queue of training jobs."),
    Field("schedule", \.schedule, .record(Schedule.self), "When cycles run by themselves."),
    Field("notifications", \.notifications, .map(of: .record(NotificationTarget.self)), "Who is told of alerts and verdicts, by name."),
    Field("reports", \.reports, .record(Reports.self), "The reports of cycles."),
    Field("logging", \.logging, .record(Logging.self), "The log on the terminal."),
    Field("scripting", \.scripting, .record(Scripting.self), "What Lua code may use."),
  ]
}
