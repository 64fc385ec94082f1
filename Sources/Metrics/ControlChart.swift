#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Charts of one series whose values should stay around 0: has its level moved?
public enum ControlChart {
  /// How far the two sums of a CUSUM have come, value by value.
  public struct Sums: Hashable, Sendable {
    /// Evidence that the level has risen, and that it has fallen: a log likelihood ratio, ≥ 0.
    public var up, down: [Double]
    /// Where the present climb of either began; `nil` where its last value is 0.
    public var upSince, downSince: Int?
  }

  /// Two-sided cumulative sums for a step of `shift`: each value adds (shift ÷ error²) · (value − shift ÷ 2), and a sum never falls
  /// below 0. E. Page, "Continuous inspection schemes", Biometrika 41, 1954, as the likelihood ratio of a step against none.
  ///
  /// With equal errors this is the usual chart of standardised values with the reference value k = shift ÷ (2 · error) and the decision
  /// interval h · error ÷ shift; as a likelihood ratio it holds for errors that differ too. A sum beyond ln A comes, where nothing has
  /// changed, once in A values or less often (G. Lorden, "Procedures for reacting to a change in distribution", Annals of Mathematical
  /// Statistics 42, 1971). A value counts as `clip` errors at most, so that one strange value alone says little. Values that are not
  /// finite, or whose error is not above 0, add nothing. O(n).
  public static func cusum(_ values: [Double], errors: [Double], shift: Double, clip: Double = .infinity) throws(MetricError) -> Sums {
    try check("cusum", values, errors)
    guard shift > 0, shift.isFinite else { throw .argument(name: "shift", metric: "cusum", expected: "a number > 0", got: "\(shift)") }
    guard clip > 0 else { throw .argument(name: "clip", metric: "cusum", expected: "a number > 0", got: "\(clip)") }
    var sums = Sums(up: [], down: [])
    var (up, down) = (0.0, 0.0)
    for (place, (value, error)) in zip(values, errors).enumerated() {
      if isUsable(value, error) {
        let clipped = min(max(value, -clip * error), clip * error)
        let weight = shift / (error * error)
        let before = (up, down)
        up = max(0, up + weight * (clipped - shift / 2))
        down = max(0, down + weight * (-clipped - shift / 2))
        sums.upSince = up > 0 ? (before.0 > 0 ? sums.upSince : place) : nil
        sums.downSince = down > 0 ? (before.1 > 0 ? sums.downSince : place) : nil
      }
      sums.up.append(up)
      sums.down.append(down)
    }
    return sums
  }

  /// The moving level of a series and its standard error, value by value.
  public struct Level: Hashable, Sendable {
    /// The weighted mean of what came so far, and its standard error; NaN before the first value.
    public var values, errors: [Double]
  }

  /// An exponentially weighted moving average: each value weighs 1 ÷ error², and `lambda` against what came before. S. Roberts, "Control
  /// chart tests based on geometric moving averages", Technometrics 1, 1959.
  ///
  /// With equal errors the level is the usual (1 − λ) · level + λ · value, divided by the weight that has come together so far: the
  /// first values are not drawn towards 0. A value counts as `clip` errors at most. Values that are not finite, or whose error is not
  /// above 0, leave the level as it is. O(n).
  public static func ewma(
    _ values: [Double], errors: [Double], lambda: Double, clip: Double = .infinity
  ) throws(MetricError) -> Level {
    try check("ewma", values, errors)
    guard lambda > 0, lambda <= 1 else {
      throw .argument(name: "lambda", metric: "ewma", expected: "a number > 0 and ≤ 1", got: "\(lambda)")
    }
    guard clip > 0 else { throw .argument(name: "clip", metric: "ewma", expected: "a number > 0", got: "\(clip)") }
    var level = Level(values: [], errors: [])
    var (sum, weights, squares) = (0.0, 0.0, 0.0)
    for (value, error) in zip(values, errors) {
      if isUsable(value, error) {
        let weight = 1 / (error * error)
        sum = (1 - lambda) * sum + lambda * weight * min(max(value, -clip * error), clip * error)
        weights = (1 - lambda) * weights + lambda * weight
        squares = (1 - lambda) * (1 - lambda) * squares + lambda * lambda * weight
      }
      level.values.append(weights > 0 ? sum / weights : .nan)
      level.errors.append(weights > 0 ? squares.squareRoot() / weights : .nan)
    }
    return level
  }

  /// The number that a normal variable exceeds with probability `tail`, 0…1; infinite at the ends. By halving: 200 steps exhaust a
  /// `Double`.
  public static func normalQuantile(tail: Double) throws(MetricError) -> Double {
    guard tail >= 0, tail <= 1 else {
      throw .argument(name: "tail", metric: "normal_quantile", expected: "a number in 0…1", got: "\(tail)")
    }
    if tail == 0 || tail == 1 { return tail == 0 ? .infinity : -.infinity }
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if middle == low || middle == high { break }
      if 0.5 * erfc(middle / 2.0.squareRoot()) > tail { low = middle } else { high = middle }
    }
    return high
  }

  private static func isUsable(_ value: Double, _ error: Double) -> Bool { value.isFinite && error > 0 && error.isFinite }

  private static func check(_ name: String, _ values: [Double], _ errors: [Double]) throws(MetricError) {
    guard values.count == errors.count else { throw .length(metric: name, expected: values.count, got: errors.count) }
  }
}
