import Tabular

/// The plant's working time: two shifts from 6 to 22 o'clock, Monday to Friday, in the zone UTC+9, closed in the first week of August
/// and from Christmas to New Year.
///
/// Time is counted in working minutes from the first day, 960 a working day, so what comes later in them comes later on the clock.
struct PlantCalendar: Sendable {
  static let minutesPerDay = 960.0
  private static let zoneSeconds: Int64 = 9 * 3600
  /// Local midnight of each working day, in seconds after 1970 UTC.
  private let days: [Int64]
  private let firstDay: Int64

  /// Makes the calendar from `start` until `slack` days after `end`.
  init(from start: Timestamp, to end: Timestamp, slack: Int = 400) {
    func dayNumber(_ instant: Timestamp) -> Int64 {
      let seconds = instant.microseconds / 1_000_000 + Self.zoneSeconds
      return seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }
    firstDay = dayNumber(start)
    days = (firstDay...max(firstDay, dayNumber(end)) + Int64(slack)).filter(Self.isWorkday).map { $0 * 86_400 - Self.zoneSeconds }
  }

  private static func isWorkday(_ day: Int64) -> Bool {
    let weekday = ((day + 3) % 7 + 7) % 7  // 1970-01-01 was a Thursday; 0 is Monday
    let civil = CivilTime(Timestamp(microseconds: day * 86_400_000_000))
    let isShut = civil.month == 8 && civil.day <= 7 || civil.month == 12 && civil.day >= 25 || civil.month == 1 && civil.day == 1
    return weekday < 5 && !isShut
  }

  /// The instant, to the second, at which that many working minutes have passed.
  func instant(_ minutes: Double) -> Timestamp {
    let day = min(Int(minutes / Self.minutesPerDay), days.count - 1)
    let seconds = (minutes - Double(day) * Self.minutesPerDay) * 60
    return Timestamp(microseconds: (days[day] + 6 * 3600 + Int64(seconds)) * 1_000_000)
  }

  /// The working minutes up to `instant`.
  func minutes(until instant: Timestamp) -> Double {
    let seconds = instant.microseconds / 1_000_000
    var (low, high) = (0, days.count)
    while low < high {
      let middle = (low + high) / 2
      if days[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return 0 }
    let inDay = Double(seconds - days[low - 1] - 6 * 3600) / 60
    return Double(low - 1) * Self.minutesPerDay + min(max(0, inDay), Self.minutesPerDay)
  }

  /// The instant `days` calendar days after the first local midnight.
  func instant(days: Double) -> Timestamp {
    Timestamp(microseconds: (firstDay * 86_400 - Self.zoneSeconds) * 1_000_000).advanced(bySeconds: (days * 86_400).rounded())
  }

  /// The calendar days from the first local midnight to `instant`.
  func days(until instant: Timestamp) -> Double { instant.seconds(since: self.instant(days: 0)) / 86_400 }
}
