import Glibc

/// What is learnt of ``MinutesRows``: minutes relative to what was to be expected, so that short operations and long ones count alike.
public enum MinutesTarget: String, CaseIterable, Sendable {
  /// Run minutes, per piece or order as the basis says: log(minutes ÷ reference).
  case run = "run_minutes"
  /// Set-up minutes of an order: log((minutes + 1) ÷ (reference + 1)), because many operations need none.
  case setup = "setup_minutes"

  /// What the target is called in a dataset.
  var name: String { self == .run ? "log_run_over_reference" : "log_setup_over_reference" }

  /// Whether a row can be learnt from, or judged.
  public func isUsable(_ minutes: Double, _ reference: Double) -> Bool {
    let least: (Double) -> Bool = { self == .run ? $0 > 0 : $0 >= 0 }
    return least(minutes) && minutes.isFinite && isKnown(reference)
  }

  /// Whether there is something that minutes can be relative to.
  func isKnown(_ reference: Double) -> Bool { (self == .run ? reference > 0 : reference >= 0) && reference.isFinite }

  /// Minutes relative to `reference`.
  func ratio(_ minutes: Double, to reference: Double) -> Double {
    self == .run ? log(minutes / reference) : log((minutes + 1) / (reference + 1))
  }

  /// The minutes that are `ratio` relative to `reference`, never less than 0.
  func minutes(_ ratio: Double, of reference: Double) -> Double {
    self == .run ? reference * exp(ratio) : max(0, (reference + 1) * exp(ratio) - 1)
  }
}
