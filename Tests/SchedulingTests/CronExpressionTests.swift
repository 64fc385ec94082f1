import DataAccess
import Tabular
import Testing

@testable import Scheduling

func instant(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

@Suite("A cron expression")
struct CronExpressionTests {
  /// The next `count` instants after `start`, in UTC.
  private func next(_ count: Int, of text: String, after start: String, in zone: String = "UTC") throws -> [String] {
    var last = try instant(start)
    let cron = try CronExpression(text, timeZone: zone)
    return try (0..<count).map { _ in
      last = try #require(cron.next(after: last))
      return last.description
    }
  }

  @Test("names the minutes that fit all its fields")
  func fields() throws {
    #expect(
      try next(3, of: "*/20 * * * *", after: "2024-01-01T00:19:59.5Z") == [
        "2024-01-01T00:20:00Z", "2024-01-01T00:40:00Z", "2024-01-01T01:00:00Z",
      ])
    #expect(
      try next(4, of: "0,30 8-18/5 * * *", after: "2024-01-01T08:00:00Z") == [
        "2024-01-01T08:30:00Z", "2024-01-01T13:00:00Z", "2024-01-01T13:30:00Z", "2024-01-01T18:00:00Z",
      ])
    #expect(try next(2, of: "15 2 * FEB,Apr *", after: "2024-02-29T02:15:00Z") == ["2024-04-01T02:15:00Z", "2024-04-02T02:15:00Z"])
    // 2024-01-01 was a Monday.
    #expect(try next(2, of: "0 0 * * mon-fri", after: "2024-01-05T00:00:00Z") == ["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z"])
    for sunday in ["0", "7", "sun", "*/7"] {
      #expect(try next(2, of: "0 0 * * \(sunday)", after: "2024-01-01T00:00:00Z") == ["2024-01-07T00:00:00Z", "2024-01-14T00:00:00Z"])
    }
    for weekend in ["6-7", "sat-sun", "6,0"] {
      #expect(
        try next(3, of: "0 0 * * \(weekend)", after: "2024-01-01T00:00:00Z") == [
          "2024-01-06T00:00:00Z", "2024-01-07T00:00:00Z", "2024-01-13T00:00:00Z",
        ])
    }
    #expect(try next(2, of: "0 0 29 2 *", after: "2096-03-01T00:00:00Z") == ["2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"])
    #expect(try next(1, of: "59 23 31 12 *", after: "1969-12-31T00:00:00Z") == ["1969-12-31T23:59:00Z"])
  }

  @Test(
    "has short forms",
    arguments: [
      ("@hourly", "2024-01-01T01:00:00Z"), ("@daily", "2024-01-02T00:00:00Z"), ("@midnight", "2024-01-02T00:00:00Z"),
      ("@weekly", "2024-01-07T00:00:00Z"), ("@monthly", "2024-02-01T00:00:00Z"), ("@Yearly", "2025-01-01T00:00:00Z"),
      ("@annually", "2025-01-01T00:00:00Z"),
    ])
  func macros(text: String, expected: String) throws {
    #expect(try next(1, of: text, after: "2024-01-01T00:00:00Z") == [expected])
  }

  @Test("takes a day that fits either field of days, unless one of them begins with a star")
  func days() throws {
    // The 13th, and every Friday.
    #expect(
      try next(4, of: "0 0 13 * fri", after: "2024-09-05T00:00:00Z") == [
        "2024-09-06T00:00:00Z", "2024-09-13T00:00:00Z", "2024-09-20T00:00:00Z", "2024-09-27T00:00:00Z",
      ])
    // Vixie cron looks at the star alone: odd days that are Fridays.
    #expect(
      try next(3, of: "0 0 */2 * fri", after: "2024-09-01T00:00:00Z") == [
        "2024-09-13T00:00:00Z", "2024-09-27T00:00:00Z", "2024-10-11T00:00:00Z",
      ])
    #expect(try next(1, of: "0 0 30 2 mon", after: "2024-02-01T00:00:00Z") == ["2024-02-05T00:00:00Z"])
  }

  @Test(
    "refuses what it cannot read, with the field, what it may be, and what came",
    arguments: [
      ("* * * *", "cron '* * * *': must have 5 fields (minute, hour, day of month, month, day of week), got 4"),
      ("", "cron '': must have 5 fields (minute, hour, day of month, month, day of week), got 0"),
      ("60 * * * *", "cron '60 * * * *': minute must be 0–59, got '60'"), ("-1 * * * *", "cron '-1 * * * *': minute must be 0–59, got ''"),
      ("* 24 * * *", "cron '* 24 * * *': hour must be 0–23, got '24'"),
      ("* * 0 * *", "cron '* * 0 * *': day of month must be 1–31, got '0'"),
      ("* * * 13 *", "cron '* * * 13 *': month must be 1–12 or jan–dec, got '13'"),
      ("* * * jam *", "cron '* * * jam *': month must be 1–12 or jan–dec, got 'jam'; did you mean 'jan'?"),
      ("* * * * 8", "cron '* * * * 8': day of week must be 0–7 or sun–sat, got '8'"),
      ("*/0 * * * *", "cron '*/0 * * * *': minute step must be 1–59, got '0'"),
      ("*/90 * * * *", "cron '*/90 * * * *': minute step must be 1–59, got '90'"),
      ("5/15 * * * *", "cron '5/15 * * * *': minute has a step after a single value in '5/15'; write a range, as 5-59/15"),
      ("50-10 * * * *", "cron '50-10 * * * *': minute has the range '50-10', which runs backwards; write the smaller value first"),
      ("1,,2 * * * *", "cron '1,,2 * * * *': minute has an empty part; expected 0–59, a range, or '*'"),
      ("1-2-3 * * * *", "cron '1-2-3 * * * *': minute has '1-2-3'; expected one '-' between two values"),
      ("*/2/2 * * * *", "cron '*/2/2 * * * *': minute has more than one step in '*/2/2'; expected one '/'"),
      ("0 0 30 2 *", "cron '0 0 30 2 *': day of month '30' never comes in month '2'; expected a day that at least one of its months has"),
      (
        "0 0 31 feb,apr *",
        "cron '0 0 31 feb,apr *': day of month '31' never comes in month 'feb,apr'; expected a day that at least one of its months has"
      ),
      (
        "@dayly",
        "cron '@dayly': must be one of @hourly @daily @midnight @weekly @monthly @yearly @annually, or five fields, got '@dayly'; did you mean '@daily'?"
      ),
      ("٣ * * * *", "cron '٣ * * * *': minute must be 0–59, got '٣'"),
    ])
  func faults(text: String, message: String) {
    let error = #expect(throws: CronError.self) { try CronExpression(text) }
    #expect(error?.description == message)
  }

  @Test("refuses an unknown zone and offers the nearest")
  func zones() {
    let error = #expect(throws: CronError.self) { try CronExpression("@daily", timeZone: "Europe/Berlinn") }
    #expect(error?.description == "cron '@daily': needs a known time zone, got 'Europe/Berlinn'; did you mean 'Europe/Berlin'?")
  }

  @Test("runs a time of day that clocks skip once, right after the gap")
  func springForward() throws {
    // Berlin, 2024-03-31: 02:00 becomes 03:00, at 01:00 UTC.
    #expect(
      try next(3, of: "30 2 * * *", after: "2024-03-30T00:00:00Z", in: "Europe/Berlin") == [
        "2024-03-30T01:30:00Z", "2024-03-31T01:00:00Z", "2024-04-01T00:30:00Z",
      ])
    // Both skipped times and the first one after them are one instant.
    #expect(
      try next(3, of: "0,30 2,3 * * *", after: "2024-03-30T23:00:00Z", in: "Europe/Berlin") == [
        "2024-03-31T01:00:00Z", "2024-03-31T01:30:00Z", "2024-04-01T00:00:00Z",
      ])
    // A gap at midnight: São Paulo, 2018-11-04.
    #expect(
      try next(2, of: "15 0 * * *", after: "2018-11-03T12:00:00Z", in: "America/Sao_Paulo") == [
        "2018-11-04T03:00:00Z", "2018-11-05T02:15:00Z",
      ])
    // Half an hour: Lord Howe, 2024-10-06, 02:00 becomes 02:30.
    #expect(
      try next(2, of: "10 2 * * *", after: "2024-10-05T12:00:00Z", in: "Australia/Lord_Howe") == [
        "2024-10-05T15:30:00Z", "2024-10-06T15:10:00Z",
      ])
    // A whole day left out is no summer time: Apia had no 2011-12-30.
    #expect(
      try next(2, of: "0 12 * * *", after: "2011-12-29T12:00:00Z", in: "Pacific/Apia") == [
        "2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z",
      ])
  }

  @Test("runs a time of day that clocks repeat once, at the first occurrence")
  func fallBack() throws {
    // Berlin, 2024-10-27: 03:00 becomes 02:00, at 01:00 UTC.
    #expect(
      try next(3, of: "30 2 * * *", after: "2024-10-26T12:00:00Z", in: "Europe/Berlin") == [
        "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z", "2024-10-29T01:30:00Z",
      ])
    #expect(try next(1, of: "30 2 * * *", after: "2024-10-27T00:45:00Z", in: "Europe/Berlin") == ["2024-10-28T01:30:00Z"])
  }

  @Test("follows real hours when minute or hour begins with a star")
  func wildcards() throws {
    #expect(
      try next(4, of: "30 * * * *", after: "2024-10-26T23:00:00Z", in: "Europe/Berlin") == [
        "2024-10-26T23:30:00Z", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z", "2024-10-27T02:30:00Z",
      ])
    #expect(
      try next(3, of: "*/30 2 * * *", after: "2024-10-27T00:00:00Z", in: "Europe/Berlin") == [
        "2024-10-27T00:30:00Z", "2024-10-27T01:00:00Z", "2024-10-27T01:30:00Z",
      ])
    #expect(
      try next(3, of: "0 * * * *", after: "2024-03-30T23:30:00Z", in: "Europe/Berlin") == [
        "2024-03-31T00:00:00Z", "2024-03-31T01:00:00Z", "2024-03-31T02:00:00Z",
      ])
    // Nothing to follow in an hour that was not.
    #expect(try next(1, of: "*/30 2 * * *", after: "2024-03-30T23:30:00Z", in: "Europe/Berlin") == ["2024-04-01T00:00:00Z"])
  }

  @Test("agrees with going through all minutes of the clocks", arguments: 0..<60 as Range<UInt64>)
  func againstSlowSearch(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func field(_ range: ClosedRange<Int>, _ star: Double) -> String {
      if random.uniform() < star { return random.uniform() < 0.7 ? "*" : "*/\(2 + random.integer(below: 5))" }
      let low = range.lowerBound + random.integer(below: range.count)
      let high = low + random.integer(below: range.upperBound - low + 1)
      return random.uniform() < 0.5 ? "\(low)" : "\(low)-\(high)/\(1 + random.integer(below: 4))"
    }
    let text = [field(0...59, 0.2), field(0...23, 0.3), field(1...28, 0.7), field(1...12, 0.8), field(0...7, 0.7)].joined(separator: " ")
    let zone = try #require(ZoneRules(["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"][Int(seed % 4)]))
    let cron = try CronExpression(text, zone: zone)
    let start = try instant(
      ["2018-11-01T00:00:00Z", "2024-03-28T00:00:00Z", "2024-10-03T00:00:00Z", "2024-10-25T00:00:00Z"][Int(seed / 4 % 4)])
    var expected: Set<Timestamp> = []
    // Nine days of real minutes; times of day count at their first occurrence, skipped ones at the end of the gap.
    var seen: Set<Int64> = []
    var lastLocal: Int64?
    for minute in -2880..<12_960 as Range<Int64> {
      let time = start.advanced(bySeconds: Double(minute * 60))
      let local = time.microseconds + zone.offsetSeconds(at: time) * 1_000_000
      if cron.followsRealTime {
        if slowlyFits(cron, local) { expected.insert(time) }
      } else {
        if let lastLocal, local > lastLocal + 60_000_000 {
          for skipped in stride(from: lastLocal + 60_000_000, to: local, by: 60_000_000) where slowlyFits(cron, skipped) {
            expected.insert(time)
          }
        }
        if seen.insert(local).inserted, slowlyFits(cron, local) { expected.insert(time) }
      }
      lastLocal = local
    }
    let end = start.advanced(bySeconds: 12_959 * 60)
    #expect(cron.all(after: start, through: end) == expected.filter { $0 > start && $0 <= end }.sorted(), "\(text) in \(zone.name)")
  }

  private func slowlyFits(_ cron: CronExpression, _ local: Int64) -> Bool {
    let time = CivilTime(Timestamp(microseconds: local))
    let weekday = Int((local / 86_400_000_000 + 4) % 7)
    let (day, week) = (cron.day.contains(time.day), cron.weekday.contains(weekday))
    let fits = cron.day.isStar || cron.weekday.isStar ? day && week : day || week
    return fits && cron.month.contains(time.month) && cron.hour.contains(time.hour) && cron.minute.contains(time.minute)
  }

  @Test("lists missed instants up to a bound")
  func missed() throws {
    let cron = try CronExpression("0 */6 * * *")
    let (start, end) = (try instant("2024-01-01T00:00:00Z"), try instant("2024-01-02T00:00:00Z"))
    #expect(
      cron.all(after: start, through: end).map(\.description) == [
        "2024-01-01T06:00:00Z", "2024-01-01T12:00:00Z", "2024-01-01T18:00:00Z", "2024-01-02T00:00:00Z",
      ])
    #expect(cron.all(after: start, through: end, limit: 2).count == 2)
    #expect(cron.all(after: end, through: start) == [])
  }

  @Test("ends with the last year of the calendar")
  func end() throws {
    #expect(try CronExpression("0 0 1 1 *").next(after: instant("9999-06-01T00:00:00Z")) == nil)
    #expect(try CronExpression("* * 1 1 *").next(after: instant("9999-06-01T00:00:00Z")) == nil)
  }
}
