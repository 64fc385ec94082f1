/// An instant, in whole microseconds since 1970-01-01T00:00:00Z (leap seconds not counted).
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  public var microseconds: Int64

  /// Makes the instant that many microseconds after 1970-01-01T00:00:00Z.
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// Makes the instant that many seconds after 1970-01-01T00:00:00Z, rounded to the microsecond, or `nil` when that is no number
  /// or lies outside the years 0000…9999.
  public init?(seconds: Double) {
    guard seconds >= Self.earliestSeconds, seconds <= Self.latestSeconds else { return nil }
    microseconds = Int64((seconds * 1e6).rounded())
  }

  /// Makes the instant of a civil date and time in UTC, or `nil` when there is no such date or time.
  public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0) {
    guard (0...9999).contains(year), (1...12).contains(month), (1...Self.dayCount(year: year, month: month)).contains(day),
      (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), (0...999_999).contains(microsecond)
    else { return nil }
    let days = Self.dayNumber(year: year, month: month, day: day)
    microseconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + Int64(microsecond)
  }

  /// Seconds since 1970-01-01T00:00:00Z.
  public var seconds: Double { Double(microseconds) / 1e6 }

  /// The instant `seconds` later (earlier when negative).
  public func advanced(bySeconds seconds: Double) -> Timestamp {
    Timestamp(microseconds: microseconds + Int64((seconds * 1e6).rounded()))
  }

  /// Seconds from `other` to this instant.
  public func seconds(since other: Timestamp) -> Double { Double(microseconds - other.microseconds) / 1e6 }

  /// Whether this instant is before `right`.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  /// 0000-01-01T00:00:00Z: before everything that a factory reports.
  public static let distantPast = Timestamp(microseconds: Int64(earliestSeconds) * 1_000_000)

  private static let earliestSeconds = -62_167_219_200.0
  private static let latestSeconds = 253_402_300_799.0
}

/// A date and time of day as a clock on the wall shows it, without a zone.
public struct CivilTime: Hashable, Sendable {
  /// Year 0…9999, month 1…12, day 1…31, hour 0…23, minute 0…59, second 0…59, microsecond 0…999,999.
  public var year, month, day, hour, minute, second, microsecond: Int

  /// The civil time of `timestamp` in UTC.
  public init(_ timestamp: Timestamp) {
    let (day, rest) = timestamp.microseconds.flooredDivision(by: 86_400_000_000)
    (year, month, self.day) = Timestamp.civilDate(dayNumber: Int(day))
    hour = Int(rest / 3_600_000_000)
    minute = Int(rest / 60_000_000 % 60)
    second = Int(rest / 1_000_000 % 60)
    microsecond = Int(rest % 1_000_000)
  }
}

extension Timestamp {
  /// Days from 1970-01-01 to a date of the Gregorian calendar. H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
  static func dayNumber(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shifted.flooredDivision(by: 400)
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The date that lies that many days after 1970-01-01. Hinnant, `civil_from_days`.
  static func civilDate(dayNumber: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (dayNumber + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  static func dayCount(year: Int, month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension BinaryInteger {
  fileprivate func flooredDivision(by divisor: Self) -> (quotient: Self, remainder: Self) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension Timestamp: LosslessStringConvertible, Codable {
  /// ISO 8601 in UTC, with a fraction only where there is one: `2012-03-01T06:30:00Z`, `2012-03-01T06:30:00.25Z`. Years outside 0000…9999
  /// have a sign and six digits: `+294247-01-10T04:00:54.775807Z`.
  public var description: String {
    let civil = CivilTime(self)
    var text: [UInt8] = []
    text.reserveCapacity(27)
    func put(_ value: Int, _ width: Int, then separator: Unicode.Scalar?) {
      var divisor = 1
      for _ in 1..<width { divisor *= 10 }
      while divisor > 0 {
        text.append(UInt8(48 + value / divisor % 10))
        divisor /= 10
      }
      if let separator { text.append(UInt8(separator.value)) }
    }
    if (0...9999).contains(civil.year) {
      put(civil.year, 4, then: "-")
    } else {
      text.append(UInt8(ascii: civil.year < 0 ? "-" : "+"))
      put(abs(civil.year), 6, then: "-")
    }
    put(civil.month, 2, then: "-")
    put(civil.day, 2, then: "T")
    put(civil.hour, 2, then: ":")
    put(civil.minute, 2, then: ":")
    put(civil.second, 2, then: nil)
    if civil.microsecond > 0 {
      text.append(UInt8(ascii: "."))
      put(civil.microsecond, 6, then: nil)
      while text.last == 48 { text.removeLast() }
    }
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads ISO 8601: a date (`2012-03-01`, midnight), or a date and a time with `T` or a space between, seconds and up to six
  /// digits of their fraction optional, and a zone: `Z` or an offset such as `+02:00`. Without a zone it is UTC.
  public init?(_ text: String) {
    var text = text
    guard let parsed = text.withUTF8({ Timestamp(iso8601: $0) }) else { return nil }
    self = parsed
  }

  /// Reads ISO 8601 from UTF-8 bytes, as ``init(_:)`` does from a string.
  public init?(iso8601 text: UnsafeBufferPointer<UInt8>) {
    var position = 0
    func number(_ digits: Int) -> Int? {
      guard position + digits <= text.count else { return nil }
      var value = 0
      for offset in 0..<digits {
        guard (48...57).contains(text[position + offset]) else { return nil }
        value = value * 10 + Int(text[position + offset]) - 48
      }
      position += digits
      return value
    }
    func skip(_ scalar: Unicode.Scalar) -> Bool {
      guard position < text.count, text[position] == UInt8(scalar.value) else { return false }
      position += 1
      return true
    }
    guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2) else { return nil }
    var (hour, minute, second, microsecond, offset) = (0, 0, 0, 0, 0)
    if position < text.count {
      guard skip("T") || skip(" "), let readHour = number(2), skip(":"), let readMinute = number(2) else { return nil }
      (hour, minute) = (readHour, readMinute)
      if skip(":") {
        guard let readSecond = number(2) else { return nil }
        second = readSecond
        if skip(".") || skip(",") {
          var scale = 100_000
          let start = position
          while position < text.count, (48...57).contains(text[position]) {
            microsecond += (Int(text[position]) - 48) * scale
            scale /= 10
            position += 1
          }
          guard position > start else { return nil }
        }
      }
      if position < text.count, !skip("Z") {
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = number(2), hours <= 14 else { return nil }
        _ = skip(":")
        let minutes = position < text.count ? number(2) : 0
        guard let minutes, minutes < 60 else { return nil }
        offset = sign * (hours * 60 + minutes)
      }
    }
    guard position == text.count,
      let local = Timestamp(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second, microsecond: microsecond)
    else { return nil }
    microseconds = local.microseconds - Int64(offset) * 60_000_000
  }

  /// Reads the ISO 8601 text that ``encode(to:)`` writes.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Timestamp(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not an ISO 8601 time")
    }
    self = value
  }

  /// Writes ``description``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
