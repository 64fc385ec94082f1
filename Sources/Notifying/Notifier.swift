public import Configuration
import DataAccess
public import Ledger
public import Tabular

/// Tells targets of alerts and verdicts: makes messages of what the ledger says has happened, and delivers those that wait.
///
/// At least once: a message is noted as sent after it was, so a crash between may send it again, with the same number.
public struct Notifier: Sendable {
  private let ledger: Ledger
  private let targets: [String: Settings.NotificationTarget]
  private let lockPath: String
  private let now: @Sendable () -> Timestamp
  private let redact: @Sendable (String) -> String
  private let environment: [String: String]

  /// Makes a notifier.
  ///
  /// - Parameters:
  ///   - lockPath: A file that whoever delivers holds.
  ///   - now: Tells the time.
  ///   - redact: Removes secrets from what is kept.
  ///   - environment: That of commands.
  public init(
    _ ledger: Ledger, targets: [String: Settings.NotificationTarget], lockPath: String, now: @escaping @Sendable () -> Timestamp,
    redact: @escaping @Sendable (String) -> String, environment: [String: String]
  ) {
    self.ledger = ledger
    self.targets = targets
    self.lockPath = lockPath
    self.now = now
    self.redact = redact
    self.environment = environment
  }

  /// What became of the messages that were due.
  public struct Outcome: Hashable, Codable, Sendable {
    /// Messages that were made, sent, are to be tried again, and were given up.
    public var made = 0, sent = 0, waiting = 0, failed = 0
    /// What went wrong, a line a message.
    public var failures: [String] = []
  }

  /// Makes messages and delivers what is due. While another process does, nothing is delivered here.
  ///
  /// - Parameter shouldStop: Asked before each message.
  public func run(shouldStop: () -> Bool = { false }) throws -> Outcome {
    var outcome = Outcome()
    guard !targets.isEmpty else { return outcome }
    let lock: FileLock
    do throws(DataAccessError) { lock = try FileLock(path: lockPath, activity: "delivering messages") } catch {
      if error.kind == .locked { return outcome }
      throw error
    }
    defer { withExtendedLifetime(lock) {} }
    outcome.made = try ledger.compose(targets.sorted { $0.key < $1.key }.map { $1.rule(named: $0) }, at: now())
    for message in try ledger.notifications(limit: 1000, dueAt: now()) where !shouldStop() {
      guard let target = targets[message.target] else {
        try ledger.noteDelivery(of: message.id, failure: "the settings have no target of that name any more", retryAt: nil, at: now())
        outcome.failed += 1
        continue
      }
      let failure = deliver(message, to: target).map(redact)
      guard let failure else {
        try ledger.noteDelivery(of: message.id, failure: nil, retryAt: nil, at: now())
        outcome.sent += 1
        continue
      }
      let attempt = message.attempts + 1
      let retryAt = attempt < target.maxAttempts ? now().advanced(bySeconds: Self.backoff(message.id, attempt)) : nil
      try ledger.noteDelivery(of: message.id, failure: failure, retryAt: retryAt, at: now())
      if retryAt == nil { outcome.failed += 1 } else { outcome.waiting += 1 }
      outcome.failures.append(
        "message \(message.id) (\(message.subject)) to '\(message.target)', try \(attempt) of \(target.maxAttempts): \(failure)")
    }
    return outcome
  }

  /// Sends a message that nothing has happened, at once and past all bounds; `nil` when it arrived, else what went wrong.
  public func test(_ name: String) -> String? {
    guard let target = targets[name] else {
      return "the settings have no target '\(name)'" + suggestion(for: name, in: targets.keys.sorted())
    }
    let message = NotificationMessage(
      id: 0, target: name, subject: "test", severity: "info", message: "This is a test: nothing has happened.", facts: ["kind": "test"],
      status: .waiting, attempts: 0, createdAt: now(), notBefore: now())
    return deliver(message, to: target).map(redact)
  }

  /// Delivers one message; `nil` when it arrived, else what went wrong.
  private func deliver(_ message: NotificationMessage, to target: Settings.NotificationTarget) -> String? {
    let body = NotificationBody(message, at: now())
    if let program = target.command.first {
      return runCommand(
        program, Array(target.command.dropFirst()), input: body.json, environment: environment, timeoutSeconds: target.timeoutSeconds)
    }
    let bytes = target.format == .slack ? body.slack : body.json
    return postWebhook(
      target.url, bytes, headers: body.headers(of: bytes, secret: target.secret), timeoutSeconds: target.timeoutSeconds)
  }

  /// Seconds before the try after number `attempt`: 30, 60, 120, … up to an hour, spread by a quarter so that not all come at once.
  static func backoff(_ id: Int64, _ attempt: Int) -> Double {
    var random = SeededGenerator(seed: UInt64(bitPattern: id), stream: "try \(attempt)")
    return min(3600, 30 * Double(1 << min(attempt - 1, 20))) * (0.75 + 0.5 * random.uniform())
  }
}

extension Settings.NotificationTarget {
  /// What the target wants to be told of.
  func rule(named name: String) -> NotificationRule {
    NotificationRule(
      target: name, wantsAlerts: events.contains(.alerts), wantsVerdicts: events.contains(.verdicts),
      leastSeverity: NotificationRule.rank(of: minSeverity.rawValue), maxPerHour: maxPerHour, repeatSeconds: 3600 * repeatHours)
  }
}
