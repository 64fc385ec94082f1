public import Tabular

/// How a source writes instants: a pattern, compiled once.
///
///     try TimeFormat("yyyy/MM/dd HH:mm:ss.SSS").instant("2012/01/30 06:24:00.000", in: berlin)
///
/// `yyyy` `yy` (69…99 are 19xx) · `MM` `M` `MMM` (English) · `dd` `d` · `HH` `H` (0–23) · `hh` `h` with `a` (AM, PM) · `mm` `m` · `ss` `s`
/// · `SSS` (a fraction of any length) · `XXX` (`Z`, `+02:00`, `+0200`) · anything in single quotes, and every other character, as it
/// stands. Doubled letters want two digits, single ones take one or two. Or a name: `iso` (ISO 8601, zone optional),
/// `epoch_seconds`, `epoch_milliseconds`, `epoch_microseconds`.
public struct TimeFormat: Hashable, Sendable, CustomStringConvertible {
  /// The pattern, or the name.
  public let description: String
  private let kind: Kind

  private enum Kind: Hashable, Sendable {
    case iso
    /// Units in a second.
    case epoch(Double)
    case pattern([Element])
  }

  private enum Element: Hashable, Sendable {
    case number(Part, digits: ClosedRange<Int>)
    case monthName, fraction, halfDay, offset
    case literal([UInt8])
  }

  private enum Part: Hashable, Sendable { case year, shortYear, month, day, hour, halfDayHour, minute, second }

  /// What is wrong with a pattern.
  public struct PatternError: Error, Hashable, CustomStringConvertible {
    /// The pattern, what is wrong, and what to write.
    public let description: String
  }

  /// Compiles a pattern.
  public init(_ pattern: String) throws(PatternError) {
    description = pattern
    switch pattern {
    case "iso": kind = .iso
    case "epoch_seconds": kind = .epoch(1)
    case "epoch_milliseconds": kind = .epoch(1e3)
    case "epoch_microseconds": kind = .epoch(1e6)
    default: kind = .pattern(try Self.compiled(pattern))
    }
  }

  /// The instant that `text` writes, or `nil` when it is not of this format, or there is no such time.
  ///
  /// A text that names no zone is local time in `zone`: where the clock is set back and an hour comes twice, the first is meant; a
  /// time that is skipped when the clock is put forward does not exist, and is refused rather than moved.
  public func instant(_ text: String, in zone: ZoneRules) -> Timestamp? {
    let bytes = Array(text.utf8.drop { $0 == 32 || $0 == 9 })
    let end = (bytes.lastIndex { $0 != 32 && $0 != 9 } ?? -1) + 1
    let trimmed = bytes[..<end]
    switch kind {
    case .iso: return Self.isoInstant(trimmed, in: zone)
    case .epoch(let units):
      return trimmed.withUnsafeBufferPointer { NumberParsing.double($0) }.flatMap { Timestamp(seconds: $0 / units) }
    case .pattern(let elements): return Self.instant(trimmed, elements, in: zone)
    }
  }

  /// A text as this format would write it: what a message shows beside one that is not.
  public var example: String {
    switch kind {
    case .iso: "2012-03-31T13:45:00Z"
    case .epoch(let units): String(Int(1_333_201_500 * units))
    case .pattern(let elements):
      elements.map { element in
        switch element {
        case .number(.year, _): "2012"
        case .number(.shortYear, _): "12"
        case .number(.month, let digits): digits.lowerBound == 2 ? "03" : "3"
        case .number(.day, _): "31"
        case .number(.hour, _): "13"
        case .number(.halfDayHour, let digits): digits.lowerBound == 2 ? "01" : "1"
        case .number(.minute, _): "45"
        case .number(.second, _): "00"
        case .monthName: "Mar"
        case .fraction: "000"
        case .halfDay: "PM"
        case .offset: "Z"
        case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
        }
      }.joined()
    }
  }

  private static func isoInstant(_ text: ArraySlice<UInt8>, in zone: ZoneRules) -> Timestamp? {
    guard let value = text.withUnsafeBufferPointer({ Timestamp(iso8601: $0) }) else { return nil }
    // After the date a letter Z or a sign can only be a zone.
    let hasZone = text.dropFirst(10).contains { $0 == UInt8(ascii: "Z") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
    return hasZone ? value : zone.instant(local: value)
  }

  private static func instant(_ text: ArraySlice<UInt8>, _ elements: [Element], in zone: ZoneRules) -> Timestamp? {
    var at = text.startIndex
    var (year, month, day, hour, minute, second, microsecond) = (0, 0, 0, 0, 0, 0, 0)
    var isAfternoon: Bool?
    var offsetMinutes: Int?
    func number(_ digits: ClosedRange<Int>) -> Int? {
      var (value, count) = (0, 0)
      while count < digits.upperBound, at < text.endIndex, (48...57).contains(text[at]) {
        value = value * 10 + Int(text[at]) - 48
        at += 1
        count += 1
      }
      return count >= digits.lowerBound ? value : nil
    }
    for element in elements {
      switch element {
      case .number(let part, let digits):
        guard let value = number(digits) else { return nil }
        switch part {
        case .year: year = value
        case .shortYear: year = value + (value < 69 ? 2000 : 1900)
        case .month: month = value
        case .day: day = value
        case .hour: hour = value
        case .halfDayHour:
          guard (1...12).contains(value) else { return nil }
          hour = value % 12
        case .minute: minute = value
        case .second: second = value
        }
      case .monthName:
        let name = String(decoding: text[at...].prefix(3), as: UTF8.self).lowercased()
        guard let index = months.firstIndex(of: name) else { return nil }
        month = index + 1
        at += 3
      case .fraction:
        let start = at
        var scale = 100_000
        while at < text.endIndex, (48...57).contains(text[at]) {
          microsecond += (Int(text[at]) - 48) * scale
          scale /= 10
          at += 1
        }
        if at == start { return nil }
      case .halfDay:
        switch String(decoding: text[at...].prefix(2), as: UTF8.self).lowercased() {
        case "am": isAfternoon = false
        case "pm": isAfternoon = true
        default: return nil
        }
        at += 2
      case .offset:
        if at < text.endIndex, text[at] | 0x20 == UInt8(ascii: "z") {
          at += 1
          offsetMinutes = 0
        } else {
          guard at < text.endIndex, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") else { return nil }
          let sign = text[at] == UInt8(ascii: "-") ? -1 : 1
          at += 1
          guard let hours = number(2...2), hours <= 14 else { return nil }
          if at < text.endIndex, text[at] == UInt8(ascii: ":") { at += 1 }
          guard let minutes = number(2...2), minutes < 60 else { return nil }
          offsetMinutes = sign * (hours * 60 + minutes)
        }
      case .literal(let bytes):
        guard text[at...].starts(with: bytes) else { return nil }
        at += bytes.count
      }
    }
    if isAfternoon == true { hour += 12 }
    guard at == text.endIndex,
      let local = Timestamp(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second, microsecond: microsecond)
    else { return nil }
    if let offsetMinutes { return Timestamp(microseconds: local.microseconds - Int64(offsetMinutes) * 60_000_000) }
    return zone.instant(local: local)
  }

  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

  private static let tokens: [(text: String, element: Element)] = [
    ("yyyy", .number(.year, digits: 4...4)), ("yy", .number(.shortYear, digits: 2...2)), ("MMM", .monthName),
    ("MM", .number(.month, digits: 2...2)), ("M", .number(.month, digits: 1...2)), ("dd", .number(.day, digits: 2...2)),
    ("d", .number(.day, digits: 1...2)), ("HH", .number(.hour, digits: 2...2)), ("H", .number(.hour, digits: 1...2)),
    ("hh", .number(.halfDayHour, digits: 2...2)), ("h", .number(.halfDayHour, digits: 1...2)), ("mm", .number(.minute, digits: 2...2)),
    ("m", .number(.minute, digits: 1...2)), ("ss", .number(.second, digits: 2...2)), ("s", .number(.second, digits: 1...2)),
    ("a", .halfDay), ("XXX", .offset), ("X", .offset),
  ]

  private static func compiled(_ pattern: String) throws(PatternError) -> [Element] {
    func fault(_ words: String) -> PatternError { PatternError(description: "time format '\(pattern)' \(words)") }
    var elements: [Element] = []
    var rest = pattern[...]
    while let character = rest.first {
      if character == "S" {
        rest = rest.drop { $0 == "S" }
        elements.append(.fraction)
      } else if let token = tokens.first(where: { rest.hasPrefix($0.text) }) {
        rest = rest.dropFirst(token.text.count)
        elements.append(token.element)
      } else if character == "'" {
        let quoted = rest.dropFirst().prefix { $0 != "'" }
        rest = rest.dropFirst(quoted.count + 1)
        guard rest.first == "'" else { throw fault("has a quote that is not closed") }
        rest = rest.dropFirst()
        elements.append(.literal(Array(quoted.utf8)))
      } else {
        guard !(character.isASCII && character.isLetter) else {
          throw fault(
            "has '\(character)', which means nothing; known are yyyy yy MM M MMM dd d HH H hh h mm m ss s SSS a XXX, or one of \(names)")
        }
        elements.append(.literal(Array(character.utf8)))
        rest = rest.dropFirst()
      }
    }
    var parts: Set<Part> = []
    for case .number(let part, _) in elements where !parts.insert(part).inserted { throw fault("has the same part twice") }
    let hasMonth = parts.contains(.month) || elements.contains(.monthName)
    guard parts.contains(.year) || parts.contains(.shortYear), hasMonth, parts.contains(.day) else {
      throw fault("needs a year, a month and a day")
    }
    guard parts.contains(.halfDayHour) == elements.contains(.halfDay) else { throw fault("must have 'h' and 'a' together; 'H' is 0–23") }
    return elements
  }

  private static let names = "iso, epoch_seconds, epoch_milliseconds, epoch_microseconds"
}
