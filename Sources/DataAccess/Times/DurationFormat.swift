/// How a source writes durations; what comes out is always minutes.
public enum DurationFormat: Hashable, Sendable {
  /// A decimal number of units.
  case decimal(Unit)
  /// Hours, minutes and, when asked, seconds with colons between: `006:19`, `1:02:30`. Hours may have any number of digits.
  case clock(seconds: Bool)

  /// A unit of time.
  public enum Unit: String, CaseIterable, Codable, Sendable {
    case seconds, minutes, hours, days

    /// Minutes in one of it.
    public var minutes: Double {
      switch self {
      case .seconds: 1.0 / 60
      case .minutes: 1
      case .hours: 60
      case .days: 1440
      }
    }
  }

  /// Reads a unit's name, or a pattern of one or more `H`, then `:MM`, then perhaps `:SS`; `nil` for anything else.
  public init?(_ text: String) {
    if let unit = Unit(rawValue: text) {
      self = .decimal(unit)
      return
    }
    let parts = text.uppercased().split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy({ $0 == "H" }), parts[1] == "MM",
      parts.count == 2 || parts[2] == "SS"
    else { return nil }
    self = .clock(seconds: parts.count == 3)
  }

  /// The minutes that `text` writes, negative ones included, or `nil` when it is not of this format.
  ///
  /// - Parameter decimalComma: Whether a comma stands for the decimal point.
  public func minutes(_ text: String, decimalComma: Bool = false) -> Double? {
    switch self {
    case .decimal(let unit):
      guard let value = decimalNumber(text, decimalComma: decimalComma) else { return nil }
      // Dividing by 60 keeps whole minutes whole, where multiplying by 1/60 does not.
      return unit == .seconds ? value / 60 : value * unit.minutes
    case .clock(let hasSeconds):
      var bytes = Array(text.utf8).filter { $0 != 32 }
      let isNegative = bytes.first == UInt8(ascii: "-")
      if isNegative { bytes.removeFirst() }
      let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard parts.count == (hasSeconds ? 3 : 2), parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (48...57).contains($0) } }),
        parts[0].count <= 9, parts.dropFirst().allSatisfy({ $0.count == 2 && $0.first ?? 57 < 54 })
      else { return nil }
      let numbers = parts.map { $0.reduce(0.0) { $0 * 10 + Double($1 - 48) } }
      let minutes = numbers[0] * 60 + numbers[1] + (hasSeconds ? numbers[2] / 60 : 0)
      return isNegative ? -minutes : minutes
    }
  }
}

/// The finite number that `text` writes, blanks around it not counted, or `nil`.
public func decimalNumber(_ text: String, decimalComma: Bool = false) -> Double? {
  let bytes = Array(text.utf8)
  guard let start = bytes.firstIndex(where: { $0 != 32 && $0 != 9 }), let end = bytes.lastIndex(where: { $0 != 32 && $0 != 9 }) else {
    return nil
  }
  let value = bytes[start...end].withUnsafeBufferPointer { NumberParsing.double($0, decimal: UInt8(ascii: decimalComma ? "," : ".")) }
  return value.flatMap { $0.isFinite ? $0 : nil }
}
