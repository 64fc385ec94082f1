import DataAccess
public import Tabular

extension CronExpression {
  private static let minuteLength: Int64 = 60_000_000
  private static let dayLength: Int64 = 86_400_000_000
  /// A gap of the clocks that is longer is no change to summer time.
  private static let longestGap: Int64 = 3 * 3_600_000_000

  /// The first instant after `instant` at which it runs; `nil` when there is none up to the year 9999.
  ///
  /// - Complexity: O(days until then), each some microseconds; O(minutes of the day) on days that fit.
  public func next(after instant: Timestamp) -> Timestamp? {
    followsRealTime ? nextRealMinute(after: instant) : nextTimeOfDay(after: instant)
  }

  /// The instants after `start` and up to `end`, at most `limit` of them, ascending: what was missed while nobody looked.
  public func all(after start: Timestamp, through end: Timestamp, limit: Int = .max) -> [Timestamp] {
    var found: [Timestamp] = []
    var last = start
    while found.count < limit, let next = next(after: last), next <= end {
      found.append(next)
      last = next
    }
    return found
  }

  /// Whether a civil date fits the three fields of days.
  private func fits(_ date: CivilTime) -> Bool {
    guard month.contains(date.month) else { return false }
    let isDay = day.contains(date.day)
    let isWeekday = weekday.contains(Self.weekday(of: date))
    return day.isStar || weekday.isStar ? isDay && isWeekday : isDay || isWeekday
  }

  /// 0 for Sunday to 6 for Saturday.
  private static func weekday(of date: CivilTime) -> Int {
    guard let midnight = Timestamp(year: date.year, month: date.month, day: date.day) else { return 0 }
    // 1970-01-01 was a Thursday.
    let days = Int((midnight.microseconds / dayLength))
    return ((days + 4) % 7 + 7) % 7
  }

  /// Goes through the times of day that fit, in the order of the clocks' faces: the instants they stand for ascend too.
  private func nextTimeOfDay(after instant: Timestamp) -> Timestamp? {
    // A day early: a time of the day before may stand for an instant after a gap at midnight.
    var midnight = Self.floor(instant.microseconds + zone.offsetSeconds(at: instant) * 1_000_000, Self.dayLength) - Self.dayLength
    while true {
      let date = CivilTime(Timestamp(microseconds: midnight))
      guard date.year <= 9999 else { return nil }
      if fits(date) {
        for hour in hour.values {
          for minute in minute.values {
            let local = Timestamp(microseconds: midnight + Int64(hour * 60 + minute) * Self.minuteLength)
            if let found = zone.instant(local: local) ?? endOfGap(at: local), found > instant { return found }
          }
        }
      }
      midnight += Self.dayLength
    }
  }

  /// The first instant after the gap in which a civil time lies, `nil` for one that is no change to summer time.
  private func endOfGap(at local: Timestamp) -> Timestamp? {
    // Read with the offset from before the gap, a skipped time is an instant after it, by as much as it lies within the gap.
    let before = zone.offsetSeconds(at: Timestamp(microseconds: local.microseconds - 2 * Self.dayLength))
    let late = Timestamp(microseconds: local.microseconds - before * 1_000_000)
    let gap = (zone.offsetSeconds(at: late) - before) * 1_000_000
    guard gap > 0, gap <= Self.longestGap else { return nil }
    return zone.lastChange(until: late)
  }

  /// Goes through the real minutes, in long steps over days that do not fit.
  private func nextRealMinute(after instant: Timestamp) -> Timestamp? {
    var time = Timestamp(microseconds: Self.floor(instant.microseconds, Self.minuteLength) + Self.minuteLength)
    while true {
      let local = CivilTime(Timestamp(microseconds: time.microseconds + zone.offsetSeconds(at: time) * 1_000_000))
      guard local.year <= 9999 else { return nil }
      var minutes = 1
      if !fits(local) {
        // Not right up to midnight: the clocks may be set forward before.
        minutes = max(1, (23 - local.hour) * 60 + (60 - local.minute) - 180)
      } else if hour.contains(local.hour), minute.contains(local.minute) {
        return time
      }
      time = Timestamp(microseconds: time.microseconds + Int64(minutes) * Self.minuteLength)
    }
  }

  private static func floor(_ value: Int64, _ step: Int64) -> Int64 { value - ((value % step) + step) % step }
}
