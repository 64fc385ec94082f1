// Foundation, not FoundationEssentials: the rules of named zones are in ICU's data.
import Foundation
public import Tabular

/// When a zone's clocks are how far from UTC: its changes, looked up once, since asking ICU for every row would cost a microsecond a row.
public struct ZoneRules: Hashable, Sendable {
  /// The zone's name, as `Europe/Berlin`, `UTC` or `+09:00`.
  public let name: String
  /// Instants at which the offset changes, ascending, in seconds since 1970.
  private let changes: [Int64]
  /// Seconds east of UTC before the first change, and from each change on.
  private let offsets: [Int64]

  /// UTC.
  public static let utc = ZoneRules(name: "UTC", changes: [], offsets: [0])

  /// The rules of the zone called `name` (IANA), or of a fixed offset such as `+09:00`; `nil` when there is no such zone.
  ///
  /// Changes from 1900 to 2100 are known; before and after, the nearest known offset holds.
  public init?(_ name: String) {
    if name == "UTC" || name == "Z" {
      self = .utc
      return
    }
    if let fixed = Self.fixedOffset(name) {
      self.init(name: name, changes: [], offsets: [fixed])
      return
    }
    // Abbreviations such as `CET` are left out: several zones share one.
    guard name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
    var date = Date(timeIntervalSince1970: -2_208_988_800)
    let end = Date(timeIntervalSince1970: 4_102_444_800)
    var changes: [Int64] = []
    var offsets = [Int64(zone.secondsFromGMT(for: date))]
    while let next = zone.nextDaylightSavingTimeTransition(after: date), next > date, next < end {
      date = next
      let offset = Int64(zone.secondsFromGMT(for: date))
      if offset == offsets.last { continue }
      changes.append(Int64(date.timeIntervalSince1970.rounded()))
      offsets.append(offset)
    }
    self.init(name: name, changes: changes, offsets: offsets)
  }

  private init(name: String, changes: [Int64], offsets: [Int64]) {
    self.name = name
    self.changes = changes
    self.offsets = offsets
  }

  /// The end of a message about an unknown zone: the nearest known name.
  public static func suggestion(for name: String) -> String {
    Tabular.suggestion(for: name, in: TimeZone.knownTimeZoneIdentifiers + ["UTC"])
  }

  /// Seconds east of UTC at an instant.
  public func offsetSeconds(at instant: Timestamp) -> Int64 {
    let second = instant.microseconds >= 0 ? instant.microseconds / 1_000_000 : (instant.microseconds - 999_999) / 1_000_000
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= second { low = middle + 1 } else { high = middle }
    }
    return offsets[low]
  }

  /// The instant at which the zone's clocks show `local` (a civil time, written as if it were UTC): the first of two where the clock
  /// is set back, `nil` for a time that is skipped.
  public func instant(local: Timestamp) -> Timestamp? {
    if changes.isEmpty { return Timestamp(microseconds: local.microseconds - offsets[0] * 1_000_000) }
    // No zone changes twice within two days: only the offsets a day before and a day after can be right.
    let day: Int64 = 86_400_000_000
    var found: Timestamp?
    for nearby in [local.microseconds - day, local.microseconds + day] {
      let offset = offsetSeconds(at: Timestamp(microseconds: nearby))
      let candidate = Timestamp(microseconds: local.microseconds - offset * 1_000_000)
      if offsetSeconds(at: candidate) == offset { found = min(found ?? candidate, candidate) }
    }
    return found
  }

  /// The last instant up to `instant` at which the offset changed; `nil` when it never had.
  public func lastChange(until instant: Timestamp) -> Timestamp? {
    changes.last { $0 * 1_000_000 <= instant.microseconds }.map { Timestamp(microseconds: $0 * 1_000_000) }
  }

  private static func fixedOffset(_ name: String) -> Int64? {
    let text = Array(name.utf8)
    guard text.count == 6, text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"), text[3] == UInt8(ascii: ":"),
      let hours = Int64(String(decoding: text[1...2], as: UTF8.self)), let minutes = Int64(String(decoding: text[4...5], as: UTF8.self)),
      (0...14).contains(hours), (0...59).contains(minutes)
    else { return nil }
    return (text[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3_600 + minutes * 60)
  }
}
