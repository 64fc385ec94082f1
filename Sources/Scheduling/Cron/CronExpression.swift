public import DataAccess
import Tabular

/// The instants at which something is to run: minute, hour, day of month, month and day of week, on the clocks of a time zone.
///
///     try CronExpression("30 2 * * mon-fri", zone: berlin).next(after: now)
/// A field is `*`, a value, a range `a-b`, or a list of them with commas; `*` and ranges may have a step (`*/15`, `8-18/2`). Months and
/// weekdays may be written by their first three letters; both 0 and 7 are Sunday. `@hourly @daily @midnight @weekly @monthly @yearly @annually`
/// stand for whole expressions.
///
/// The rules are those of Vixie cron as cronie keeps them (crontab(5), cron(8)):
///
/// - **Days.** When both day fields are restricted, a day that fits either is taken. A field that begins with `*`, with a step or without, is not
///   restricted: then both must fit.
/// - **Clock changes.** An expression whose minute or hour begins with `*` follows the real minutes: it runs in each of two repeated hours and
///   not in a skipped one. Every other names times of day: one in a repeated hour runs at the first occurrence only, one in a skipped hour
///   runs once, right after the gap. A gap of more than three hours is a correction of the calendar: what falls into it does not run.
public struct CronExpression: Hashable, Sendable, CustomStringConvertible {
  /// The expression as it was written.
  public let description: String
  /// The clocks it means.
  public let zone: ZoneRules
  let minute, hour, day, month, weekday: CronField

  /// Reads an expression; throws the first fault with its field, what it may be and what came.
  ///
  /// Days that no month has, such as 30 February, are a fault: the expression would never run.
  public init(_ text: String, zone: ZoneRules = .utc) throws(CronError) {
    let trimmed = text.split(whereSeparator: \.isWhitespace)
    description = trimmed.joined(separator: " ")
    self.zone = zone
    var fields = trimmed
    if let first = trimmed.first, first.hasPrefix("@") {
      guard trimmed.count == 1, let meaning = Self.macros.first(where: { $0.name == first.lowercased() })?.meaning else {
        let known = Self.macros.map(\.name)
        throw CronError(
          expression: description, field: nil,
          fault:
            "must be one of \(known.joined(separator: " ")), or five fields, got '\(first)'\(suggestion(for: String(first), in: known))")
      }
      fields = meaning.split(separator: " ")
    }
    guard fields.count == 5 else {
      throw CronError(
        expression: description, field: nil,
        fault: "must have 5 fields (minute, hour, day of month, month, day of week), got \(fields.count)")
    }
    minute = try CronField(fields[0], .minute, of: description)
    hour = try CronField(fields[1], .hour, of: description)
    day = try CronField(fields[2], .day, of: description)
    month = try CronField(fields[3], .month, of: description)
    weekday = try CronField(fields[4], .weekday, of: description)
    guard !needsDay || hasPossibleDay else {
      throw CronError(
        expression: description, field: "day of month",
        fault: "'\(fields[2])' never comes in month '\(fields[3])'; expected a day that at least one of its months has")
    }
  }

  /// Reads an expression for the clocks of the zone of that name, as `Europe/Berlin`, `UTC` or `+09:00`.
  public init(_ text: String, timeZone name: String) throws(CronError) {
    guard let zone = ZoneRules(name) else {
      throw CronError(expression: text, field: nil, fault: "needs a known time zone, got '\(name)'\(ZoneRules.suggestion(for: name))")
    }
    try self.init(text, zone: zone)
  }

  /// Whether it follows real minutes rather than times of day.
  var followsRealTime: Bool { minute.isStar || hour.isStar }

  /// Whether a day must fit the day of month, whatever weekday it is.
  private var needsDay: Bool { day.isStar || weekday.isStar }

  private var hasPossibleDay: Bool {
    let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return month.values.contains { number in day.values.contains { $0 <= longest[number - 1] } }
  }

  private static let macros: [(name: String, meaning: String)] = [
    ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@weekly", "0 0 * * 0"), ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"),
  ]
}
