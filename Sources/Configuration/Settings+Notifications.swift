extension Settings {
  /// Somebody, or something, that is told of alerts and verdicts: by a webhook, or by a command.
  public struct NotificationTarget: Equatable, Sendable {
    /// What is told.
    public enum Event: String, CaseIterable, Sendable {
      case alerts, verdicts
    }
    /// The form of a webhook's body.
    public enum Format: String, CaseIterable, Sendable {
      case json, slack
    }
    /// How severe an alert is at least.
    public enum Severity: String, CaseIterable, Sendable {
      case info, warning, critical
    }

    /// Where a webhook is posted to.
    public var url = ""
    /// What a webhook is signed with.
    public var secret = ""
    /// The form of a webhook's body.
    public var format = Format.json
    /// A program and its arguments, which gets the message on its standard input.
    public var command: [String] = []
    /// What is told.
    public var events: [Event] = [.alerts, .verdicts]
    /// Alerts less severe are not told.
    public var minSeverity = Severity.warning
    /// Messages an hour; more are left out, and the next one says how many.
    public var maxPerHour = 10
    /// An alert that lasts is told again after so long.
    public var repeatHours = 24.0
    /// How often a message is tried before it is given up.
    public var maxAttempts = 8
    /// How long a try may take.
    public var timeoutSeconds = 10.0

    /// Makes one without a way to reach it.
    public init() {}
  }
}

extension Settings.NotificationTarget: ConfigurationRecord {
  static let fields: [Field<Self>] = [
    Field("url", \.url, .anyText, "Where a webhook is posted to: http or https. A secret one by '${NAME}' from the environment."),
    Field("secret", \.secret, .anyText, "What a webhook is signed with (HMAC-SHA256), by '${NAME}' from the environment; empty: unsigned."),
    Field("format", \.format, .choice(of: Format.self), "The body: json (facts), or slack (a 'text')."),
    Field("command", \.command, .list(of: .anyText), "Instead of a webhook: a program and its arguments; it gets the facts on its input."),
    Field("events", \.events, .list(of: .choice(of: Event.self), unique: true, nonEmpty: true), "What is told: alerts, verdicts."),
    Field("min_severity", \.minSeverity, .choice(of: Severity.self), "Alerts less severe are not told."),
    Field("max_per_hour", \.maxPerHour, .integer(1...1000), unit: "messages", "More are left out, and the next one says how many."),
    Field("repeat_hours", \.repeatHours, .number(0...8760), unit: "hours", "An alert that lasts is told again after so long."),
    Field("max_attempts", \.maxAttempts, .integer(1...100), unit: "tries", "How often a message is tried before it is given up."),
    Field("timeout_seconds", \.timeoutSeconds, .number(0.1...300), unit: "seconds", "How long a try may take."),
  ]

  func faultsAcrossKeys() -> [(key: String, message: String)] {
    if !url.isEmpty, !command.isEmpty { return [("command", "cannot stand beside 'url': a target is a webhook or a command")] }
    if url.isEmpty, command.isEmpty { return [("url", "is missing: a target needs 'url' for a webhook, or 'command'")] }
    if command.first?.isEmpty == true { return [("command", "must begin with the name of a program, got an empty text")] }
    // A secret one is hidden in what the ledger keeps.
    if !url.isEmpty, url != "***", !url.hasPrefix("http://"), !url.hasPrefix("https://") {
      return [("url", "must begin with http:// or https://")]
    }
    return []
  }
}
