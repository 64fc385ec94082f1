public import Tabular

/// A picture of numbers over numbers or over time: what is shown, not how it looks.
///
///     var chart = Chart(title: "Error of each cycle", x: Axis("as of", .time), y: Axis("minutes a piece"))
///     chart.series.append(Series("trim_mae", .line, x: asOf, y: errors))
///     chart.rules.append(Rule("threshold", at: 3.5))
///     chart.svg()                       // for a page
///     chart.text(width: 80)             // for a terminal
/// A point of which either number is missing, NaN or infinite is left out; a line has a gap there.
public struct Chart: Hashable, Sendable {
  /// What the picture shows, and what a reader should know besides; the note may be empty.
  public var title, note: String
  /// The axes.
  public var x, y: Axis
  /// What is drawn, the first at the bottom.
  public var series: [Series] = []
  /// Lines across at one value of the vertical axis.
  public var rules: [Rule] = []
  /// Whether the line on which both axes have one value is drawn, as where predicted figures stand against actual ones.
  public var showsDiagonal = false

  /// Makes a chart without series.
  public init(title: String, note: String = "", x: Axis, y: Axis) {
    self.title = title
    self.note = note
    self.x = x
    self.y = y
  }
}

/// What one direction of a chart counts.
public struct Axis: Hashable, Sendable {
  /// What it counts, in words.
  public var label: String
  /// How values become places.
  public var scale: ScaleKind
  /// Whether zero is in the picture whatever the values are: where lengths are compared it must be.
  public var includesZero: Bool

  /// Makes an axis.
  public init(_ label: String, _ scale: ScaleKind = .linear, includesZero: Bool = false) {
    self.label = label
    self.scale = scale
    self.includesZero = includesZero
  }
}

/// How values become places.
public enum ScaleKind: String, Hashable, Sendable {
  case linear
  /// By the logarithm; values of 0 or less are left out.
  case logarithmic
  /// Seconds since 1970, shown as dates.
  case time
  /// Whole numbers, such as positions.
  case whole
}

/// Points that belong together.
public struct Series: Hashable, Sendable {
  /// Its name in the legend.
  public var name: String
  /// How it is drawn.
  public var kind: Kind
  /// Places; as many in both.
  public var x, y: [Double]
  /// Ends of the vertical range around each point, when it has one: as many as points.
  public var ranges: [ClosedRange<Double>?]
  /// What a point is, shown where a reader points at it; empty, or as many as points.
  public var labels: [String]

  /// How a series is drawn.
  public enum Kind: String, Hashable, Sendable {
    /// Points joined in their order.
    case line
    /// Points alone.
    case points
  }

  /// Makes a series; `x` and `y` must be of one length.
  public init(
    _ name: String, _ kind: Kind, x: [Double], y: [Double], ranges: [ClosedRange<Double>?] = [], labels: [String] = []
  ) {
    precondition(x.count == y.count, "\(x.count) places for \(y.count) values")
    precondition(ranges.isEmpty || ranges.count == x.count, "\(ranges.count) ranges for \(x.count) points")
    precondition(labels.isEmpty || labels.count == x.count, "\(labels.count) labels for \(x.count) points")
    self.name = name
    self.kind = kind
    self.x = x
    self.y = y
    self.ranges = ranges
    self.labels = labels
  }

  /// Makes a series over time.
  public init(_ name: String, _ kind: Kind, x: [Timestamp], y: [Double], ranges: [ClosedRange<Double>?] = [], labels: [String] = []) {
    self.init(name, kind, x: x.map(\.seconds), y: y, ranges: ranges, labels: labels)
  }
}

/// A line across a chart at one value.
public struct Rule: Hashable, Sendable {
  /// What the line means.
  public var label: String
  /// Where it is.
  public var value: Double

  /// Makes a rule.
  public init(_ label: String, at value: Double) {
    self.label = label
    self.value = value
  }
}

/// A picture of one number for each of some names, longest first or as given: bars from zero, with ranges where they are known.
public struct BarChart: Hashable, Sendable {
  /// What the picture shows, and what a reader should know besides; the note may be empty.
  public var title, note: String
  /// What the bars' lengths count.
  public var unit: String
  /// The bars, from the top.
  public var bars: [Bar]
  /// A line through all bars at one value.
  public var rule: Rule?

  /// One bar.
  public struct Bar: Hashable, Sendable {
    /// Whose figure it is.
    public var name: String
    /// The figure; `nil` where nothing was measured: shown as `–`, never as a bar of no length.
    public var value: Double?
    /// The range that the true figure lies in, when it is known.
    public var range: ClosedRange<Double>?
    /// What stands behind the bar, such as the number of observations.
    public var remark: String

    /// Makes a bar.
    public init(_ name: String, _ value: Double?, range: ClosedRange<Double>? = nil, remark: String = "") {
      self.name = name
      self.value = value
      self.range = range
      self.remark = remark
    }
  }

  /// Makes a chart of bars.
  public init(title: String, note: String = "", unit: String, bars: [Bar], rule: Rule? = nil) {
    self.title = title
    self.note = note
    self.unit = unit
    self.bars = bars
    self.rule = rule
  }
}
