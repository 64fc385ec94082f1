/// What a metric came to, over how many observations, and how sure that is.
public struct Measurement: Hashable, Sendable {
  /// The metric's name.
  public var name: String
  /// The value, or `nil` when there was nothing to measure: no evidence is no score.
  public var value: Double?
  /// Number of observations behind the value.
  public var count: Int
  /// Number of observations left out because they held NaN or infinity, or could not be divided by.
  public var excluded: Int
  /// What the value counts.
  public var unit: Metric.Unit
  /// Which of two values is the better one.
  public var direction: Metric.Direction
  /// Where the value would lie were the items drawn again, if that was computed.
  public var interval: Interval?

  /// Makes the measurement of `metric`; a value that is no finite number counts as none.
  public init(_ metric: Metric, value: Double?, count: Int, excluded: Int = 0, interval: Interval? = nil) {
    name = metric.name
    self.value = value.flatMap { $0.isFinite ? $0 : nil }
    self.count = count
    self.excluded = excluded
    unit = metric.unit
    direction = metric.direction
    self.interval = interval
  }

  /// The measurement with `interval`.
  public func with(interval: Interval?) -> Measurement {
    var result = self
    result.interval = interval
    return result
  }
}

/// A range that holds the true value with a stated confidence.
public struct Interval: Hashable, Codable, Sendable {
  /// The ends.
  public var lower, upper: Double
  /// How often such a range holds the true value, 0…1.
  public var confidence: Double

  /// Makes a range from `lower` to `upper`.
  public init(lower: Double, upper: Double, confidence: Double) {
    self.lower = lower
    self.upper = upper
    self.confidence = confidence
  }
}

extension Measurement: Codable {
  private enum CodingKeys: String, CodingKey {
    case name, value, count, excluded, unit, direction, interval
  }

  /// Writes every field; `null` where there is no value or interval.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(value, forKey: .value)
    try container.encode(count, forKey: .count)
    try container.encode(excluded, forKey: .excluded)
    try container.encode(unit, forKey: .unit)
    try container.encode(direction, forKey: .direction)
    try container.encode(interval, forKey: .interval)
  }
}

/// What is wrong with a request for a metric.
public enum MetricError: Error, Hashable, CustomStringConvertible {
  case length(metric: String, expected: Int, got: Int)
  case argument(name: String, metric: String, expected: String, got: String)

  /// The message for whoever made the request.
  public var description: String {
    switch self {
    case .length(let metric, let expected, let got): "'\(metric)' compares lists of one length, got \(expected) and \(got) values"
    case .argument(let name, let metric, let expected, let got): "'\(name)' of '\(metric)' must be \(expected), got \(got)"
    }
  }
}
