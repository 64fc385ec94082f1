public import LuaBridge
public import Tabular

/// The clock that scripts read. Given to a VM by ``LuaBridge/LuaVM/provide(_:as:)``; a strategy gets none, or one that stands still.
public struct ScriptClock {
  /// Gives the present instant.
  public var now: () -> Timestamp

  /// Makes a clock.
  public init(now: @escaping () -> Timestamp) { self.now = now }

  /// A clock that stands at `instant`.
  public init(at instant: Timestamp) { now = { instant } }
}

/// The module `time`.
public enum TimeModule {
  /// Its declaration.
  public static let module = LuaModule(
    "time", "Instants, as seconds since 1970-01-01T00:00:00Z (\"epoch seconds\"), all in UTC. Add and subtract seconds as numbers.",
    functions: [now, parse, format, parts, make, startOfDay, add],
    constants: [
      LuaConstant("second", Int64(1), "seconds of a second"), LuaConstant("minute", Int64(60), "seconds of a minute"),
      LuaConstant("hour", Int64(3600), "seconds of an hour"), LuaConstant("day", Int64(86_400), "seconds of a day"),
      LuaConstant("week", Int64(604_800), "seconds of a week"),
    ])

  private static let instant = Parameter("time", Timestamp.self, "epoch seconds, or an ISO 8601 text")

  private static let now = LuaFunction(
    "now", "The present instant. A strategy uses `ctx.as_of`, so that it can be replayed.", in: ScriptClock.self,
    returns: .value(Timestamp.self, "epoch seconds"), effect: .reads
  ) { $0.now() }

  private static let parse = LuaFunction(
    "parse", "The instant that an ISO 8601 text means: `2012-03-01`, `2012-03-01T06:30:00Z`, `2012-03-01 06:30+02:00`; UTC without a zone.",
    Parameter("text", String.self, "the text"), returns: .value(Timestamp?.self, "epoch seconds, or nil when it is no such text")
  ) { Timestamp($0) }

  private static let format = LuaFunction(
    "format", "The instant as ISO 8601 in UTC.", instant, returns: .value(String.self, "`2012-03-01T06:30:00Z`")
  ) {
    $0.description
  }

  private static let parts = LuaFunction(
    "parts", "What calendar and clock show at an instant in UTC.", instant,
    returns: .value([String: Int].self, "`year`, `month`, `day`, `hour`, `minute`, `second`, `weekday` (1 Monday … 7 Sunday)")
  ) { parts(of: $0) }

  private static func parts(of instant: Timestamp) -> [String: Int] {
    let civil = CivilTime(instant)
    return [
      "year": civil.year, "month": civil.month, "day": civil.day, "hour": civil.hour, "minute": civil.minute, "second": civil.second,
      // 1970-01-01 was a Thursday.
      "weekday": (dayNumber(instant) + 3).modulo(7) + 1,
    ]
  }

  private static func dayNumber(_ instant: Timestamp) -> Int {
    let day: Int64 = 86_400_000_000
    let quotient = instant.microseconds / day
    return Int(instant.microseconds % day < 0 ? quotient - 1 : quotient)
  }

  private static let make = LuaFunction(
    "make", "The instant of a date and time in UTC.", Parameter("parts", TimeParts.self, "the parts"),
    returns: .value(Timestamp.self, "epoch seconds")
  ) { try $0.instant() }

  private static let startOfDay = LuaFunction(
    "start_of_day", "Midnight in UTC at the beginning of an instant's day.", instant, returns: .value(Timestamp.self, "epoch seconds")
  ) { Timestamp(microseconds: Int64(dayNumber($0)) * 86_400_000_000) }

  private static let add = LuaFunction(
    "add", "The instant some time later; earlier with negative numbers.", instant, Parameter("span", TimeSpan.self, "how much later"),
    returns: .value(Timestamp.self, "epoch seconds")
  ) { try later($0, $1.seconds) }

  private static func later(_ instant: Timestamp, _ seconds: Double) throws -> Timestamp {
    guard let result = Timestamp(seconds: instant.seconds + seconds) else { throw LuaError("the time lies outside the years 0 to 9999") }
    return result
  }
}

struct TimeSpan: LuaRecord {
  var weeks = 0.0
  var days = 0.0
  var hours = 0.0
  var minutes = 0.0
  var seconds_ = 0.0

  static var fields: [LuaField<TimeSpan>] {
    [
      LuaField("weeks", \.weeks, "weeks"), LuaField("days", \.days, "days of 24 hours"), LuaField("hours", \.hours, "hours"),
      LuaField("minutes", \.minutes, "minutes"), LuaField("seconds", \.seconds_, "seconds"),
    ]
  }

  var seconds: Double { (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds_ }
}

struct TimeParts: LuaRecord {
  var year = 1970
  var month = 1
  var day = 1
  var hour = 0
  var minute = 0
  var second = 0

  static var fields: [LuaField<TimeParts>] {
    [
      LuaField("year", \.year, "0 … 9999", isRequired: true), LuaField("month", \.month, "1 … 12", default: "1"),
      LuaField("day", \.day, "1 … 31", default: "1"), LuaField("hour", \.hour, "0 … 23", default: "0"),
      LuaField("minute", \.minute, "0 … 59", default: "0"), LuaField("second", \.second, "0 … 59", default: "0"),
    ]
  }

  func instant() throws -> Timestamp {
    guard let instant = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second) else {
      throw LuaError("there is no such date or time: year \(year), month \(month), day \(day), \(hour):\(minute):\(second)")
    }
    return instant
  }
}

extension Int {
  fileprivate func modulo(_ divisor: Int) -> Int {
    let rest = self % divisor
    return rest < 0 ? rest + divisor : rest
  }
}
