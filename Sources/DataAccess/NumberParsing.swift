/// Reading numbers from UTF-8 bytes: whole texts only, without white space around, correct to the last bit.
///
/// Pointers are used within the calls only, and `count` bytes of each are readable.
enum NumberParsing {
  /// The whole number that the bytes write, with a sign if need be; `nil` for anything else and outside of `Int64`.
  static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    guard let base = text.baseAddress, text.count > 0 else { return nil }
    var position = 0
    let isNegative = base[0] == UInt8(ascii: "-")
    if isNegative || base[0] == UInt8(ascii: "+") { position = 1 }
    guard position < text.count else { return nil }
    var value: Int64 = 0
    if text.count &- position <= 18 {
      while position < text.count {
        let digit = base[position] &- 48
        guard digit < 10 else { return nil }
        value = value &* 10 &+ Int64(digit)
        position &+= 1
      }
      return isNegative ? 0 &- value : value
    }
    while position < text.count {
      let digit = base[position] &- 48
      guard digit < 10 else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = isNegative ? product.subtractingReportingOverflow(Int64(digit)) : product.addingReportingOverflow(Int64(digit))
      guard !overflow, !carry else { return nil }
      value = sum
      position &+= 1
    }
    return value
  }

  /// The number that the bytes write in decimals: digits, a point (or `decimal`), an exponent, a sign; `nil` for anything else.
  ///
  /// Where digits and power of ten are exact in a double, one multiplication or division rounds correctly (W. Clinger, "How to
  /// read floating point numbers accurately", 1990); the standard library reads the rest. Beyond the largest double: infinity.
  static func double(_ text: UnsafeBufferPointer<UInt8>, decimal: UInt8 = UInt8(ascii: ".")) -> Double? {
    guard let base = text.baseAddress, text.count > 0 else { return nil }
    let count = text.count
    var position = 0
    let isNegative = base[0] == UInt8(ascii: "-")
    if isNegative || base[0] == UInt8(ascii: "+") { position = 1 }
    // Leading zeros are no digits of the number; more than nineteen others may not fit, and are left to the library.
    var digits: UInt64 = 0
    var exponent = 0
    let first = position
    while position < count, base[position] == 48 { position &+= 1 }
    var significant = position
    while position < count, base[position] &- 48 < 10 {
      digits = digits &* 10 &+ UInt64(base[position] &- 48)
      position &+= 1
    }
    var digitCount = position - first
    significant = position - significant
    if position < count, base[position] == decimal {
      position &+= 1
      let start = position
      if significant == 0 { while position < count, base[position] == 48 { position &+= 1 } }
      let firstSignificant = position
      while position < count, base[position] &- 48 < 10 {
        digits = digits &* 10 &+ UInt64(base[position] &- 48)
        position &+= 1
      }
      significant += position - firstSignificant
      exponent = start - position
      digitCount += position - start
    }
    let isExact = significant <= 19
    guard digitCount > 0 else { return nil }
    if position < count, base[position] | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      let isDown = position < count && base[position] == UInt8(ascii: "-")
      if isDown || position < count && base[position] == UInt8(ascii: "+") { position &+= 1 }
      let start = position
      var written = 0
      while position < count, base[position] &- 48 < 10 {
        written = min(written * 10 + Int(base[position] &- 48), 100_000)
        position &+= 1
      }
      guard position > start else { return nil }
      exponent += isDown ? -written : written
    }
    guard position == count else { return nil }
    if isExact, digits <= 1 << 53, (-22...22).contains(exponent) {
      let value = exponent < 0 ? Double(digits) / powersOfTen[-exponent] : Double(digits) * powersOfTen[exponent]
      return isNegative ? -value : value
    }
    return readByLibrary(text, decimal: decimal)
  }

  /// The number that the bytes write, as ``double(_:decimal:)`` reads it, or one of `NaN`, `inf`, `-inf` in any case.
  static func doubleOrSpecial(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    if let value = double(text) { return value }
    guard (3...4).contains(text.count) else { return nil }
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "nan": return .nan
    case "inf", "+inf": return .infinity
    case "-inf": return -.infinity
    default: return nil
    }
  }

  /// Ten to the power of 0…22: exact in a double.
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The standard library reads what the fast path cannot: it minds no locale, where `strtod` would take a decimal comma once
  /// somebody has set the process's locale to German.
  private static func readByLibrary(_ text: UnsafeBufferPointer<UInt8>, decimal: UInt8) -> Double? {
    Double(String(decoding: text.lazy.map { $0 == decimal ? UInt8(ascii: ".") : $0 }, as: UTF8.self))
  }
}
