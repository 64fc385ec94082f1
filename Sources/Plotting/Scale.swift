import Glibc
import Tabular

/// The part of an axis that is in the picture, with the places of its ticks.
struct Scale {
  /// One mark on an axis.
  struct Tick: Equatable {
    var value: Double
    var text: String
  }

  let kind: ScaleKind
  /// Ends of what is shown, in the axis's own numbers; the upper one is greater.
  let lower, upper: Double
  let ticks: [Tick]

  /// A scale that shows all of `values` that can be shown, with about `tickCount` ticks; `nil` when none can be.
  init?(_ axis: Axis, values: some Sequence<Double>, tickCount: Int) {
    kind = axis.scale
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where Self.isShown(value, axis.scale) { (low, high) = (min(low, value), max(high, value)) }
    guard low <= high else { return nil }
    if axis.includesZero, axis.scale == .linear { (low, high) = (min(low, 0), max(high, 0)) }
    switch axis.scale {
    case .linear, .whole:
      let marks = linearTicks(low, high, tickCount, isWhole: axis.scale == .whole)
      (lower, upper, ticks) = (min(low, marks.first), max(high, marks.last), marks.ticks)
    case .logarithmic: (lower, upper, ticks) = logarithmicTicks(low, high, tickCount)
    case .time: (lower, upper, ticks) = timeTicks(low, high, tickCount)
    }
  }

  /// Whether a value has a place on such a scale. One beyond 10^300 has none: no number would hold the range of two such.
  static func isShown(_ value: Double, _ kind: ScaleKind) -> Bool { value.magnitude <= 1e300 && (kind != .logarithmic || value > 0) }

  /// Where `value` lies between the ends, 0…1; `nil` when it has no place.
  func place(_ value: Double) -> Double? {
    guard Self.isShown(value, kind) else { return nil }
    if kind == .logarithmic { return (log(value) - log(lower)) / (log(upper) - log(lower)) }
    return (value - lower) / (upper - lower)
  }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten, the first and last around the values: P. Heckbert, "Nice numbers for graph
/// labels", Graphics Gems, 1990.
private func linearTicks(_ low: Double, _ high: Double, _ count: Int, isWhole: Bool) -> (ticks: [Scale.Tick], first: Double, last: Double) {
  let (low, high) = low < high ? (low, high) : (low - max(0.5, abs(low) / 2), high + max(0.5, abs(high) / 2))
  let nice = niceStep((high - low) / Double(max(1, count - 1)))
  let step = isWhole ? max(1, nice) : nice
  let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
  let decimals = max(0, Int(-log10(step).rounded(.down)))
  // Multiples of whole numbers, so that 0.1 + 0.2 does not become a label.
  let ticks = stride(from: first, through: last, by: 1).map { Scale.Tick(value: $0 * step, text: written($0 * step, decimals: decimals)) }
  return (ticks, first * step, last * step)
}

private func niceStep(_ rough: Double) -> Double {
  let power = pow(10, log10(rough).rounded(.down))
  let share = rough / power
  return power * (share < 1.5 ? 1 : share < 3 ? 2 : share < 7 ? 5 : 10)
}

/// Ticks at powers of ten, with 2 and 5 between where there is room.
private func logarithmicTicks(_ low: Double, _ high: Double, _ count: Int) -> (Double, Double, [Scale.Tick]) {
  let (low, high) = low < high ? (low, high) : (low / 2, high * 2)
  let (first, last) = (Int(log10(low).rounded(.down)), Int(log10(high).rounded(.up)))
  let factors: [Double] = (last - first) * 3 <= count * 2 ? [1, 2, 5] : [1]
  let every = max(1, (last - first) / max(1, count))
  let ticks = stride(from: first, through: last, by: every).flatMap { power in
    factors.map { factor -> Scale.Tick in
      let value = factor * pow(10, Double(power))
      return Scale.Tick(value: value, text: abs(power) < 6 ? written(value, decimals: max(0, -power)) : "\(Int(factor))e\(power)")
    }
  }
  // The ends lie at the ticks around the values, not at whole powers: half of the picture would be empty.
  let lower = ticks.last { $0.value <= low }?.value ?? low
  let upper = ticks.first { $0.value >= high }?.value ?? high
  return (lower, upper, ticks.filter { lower <= $0.value && $0.value <= upper })
}

/// Ticks at whole units of the calendar in UTC: minutes, hours, days, months or years.
private func timeTicks(_ low: Double, _ high: Double, _ count: Int) -> (Double, Double, [Scale.Tick]) {
  let (low, high) = low < high ? (low, high) : (low - 43_200, high + 43_200)
  let rough = (high - low) / Double(max(1, count - 1))
  let day = 86_400.0
  let short: [Double] = [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, day, 2 * day, 7 * day, 14 * day]
  if let step = short.first(where: { $0 >= rough }) {
    // Weeks begin on Mondays; 1970 began on a Thursday.
    let origin = step >= 7 * day ? 4 * day : 0
    let first = ((low - origin) / step).rounded(.up) * step + origin
    let ticks = stride(from: first, through: high, by: step).map { Scale.Tick(value: $0, text: timeText($0, withClock: step < day)) }
    return (low, high, ticks)
  }
  let months = [1, 2, 3, 6].first { Double($0) * 30 * day >= rough } ?? Int(niceStep(max(1, rough / (365 * day)))) * 12
  guard let start = Timestamp(seconds: low).map(CivilTime.init) else { return (low, high, []) }
  var ticks: [Scale.Tick] = []
  var month = (start.year * 12 + start.month - 1) / months * months
  while let instant = Timestamp(year: month / 12, month: month % 12 + 1, day: 1)?.seconds, instant <= high {
    if instant >= low { ticks.append(Scale.Tick(value: instant, text: String(timeText(instant, withClock: false).prefix(7)))) }
    month += months
  }
  return (low, high, ticks)
}

private func timeText(_ seconds: Double, withClock: Bool) -> String {
  let text = Timestamp(seconds: seconds)?.description ?? ""
  return withClock ? text.prefix(16).split(separator: "T").joined(separator: " ") : String(text.prefix(10))
}

/// A number with so many decimals, thousands set apart.
func written(_ value: Double, decimals: Int) -> String {
  guard abs(value) < 1e15, decimals <= 15 else { return "\(value)" }
  let scale = pow(10, Double(decimals))
  let scaled = (abs(value) * scale).rounded()
  let whole = Int64(scaled / scale)
  var digits = String(whole)
  var text = ""
  while digits.count > 3 {
    text = "," + digits.suffix(3) + text
    digits.removeLast(3)
  }
  text = digits + text
  if decimals > 0 {
    let rest = String(Int64(scaled - Double(whole) * scale))
    text += "." + String(repeating: "0", count: max(0, decimals - rest.count)) + rest
  }
  return (value < 0 && scaled > 0 ? "−" : "") + text
}

/// A figure to three digits that count, as charts label values.
func brief(_ value: Double) -> String {
  guard value.isFinite else { return "–" }
  if value == 0 { return "0" }
  return written(value, decimals: max(0, min(3, 2 - Int(log10(abs(value)).rounded(.down)))))
}
