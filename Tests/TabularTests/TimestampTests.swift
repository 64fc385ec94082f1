import Tabular
import Testing

@Suite("Timestamps")
struct TimestampTests {
  @Test(
    "reads ISO 8601 and writes it back in UTC",
    arguments: [
      ("2012-03-01", "2012-03-01T00:00:00Z"), ("2012-03-01T06:30:00Z", "2012-03-01T06:30:00Z"),
      ("2012-02-29 23:59:59.25", "2012-02-29T23:59:59.25Z"), ("2012-03-01T00:30+02:00", "2012-02-29T22:30:00Z"),
      ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"), ("0000-01-01", "0000-01-01T00:00:00Z"),
    ])
  func roundTrips(text: String, expected: String) throws {
    #expect(try #require(Timestamp(text)).description == expected)
  }

  @Test(
    "refuses what is no time",
    arguments: [
      "", "2011-02-29", "2012-13-01", "2012-03-01T24:00", "2012-03-01T", "2012-3-1", "2012-03-01T06:30:00.Z", "1e3",
      "2012-03-01Zx",
    ])
  func refuses(text: String) { #expect(Timestamp(text) == nil) }

  @Test("counts days as the calendar does, over four centuries")
  func everyDay() throws {
    var previous: Timestamp?
    for year in 1899...2101 {
      for month in 1...12 {
        for day in 1...31 {
          guard let date = Timestamp(year: year, month: month, day: day) else { continue }
          let civil = CivilTime(date)
          #expect(civil.year == year && civil.month == month && civil.day == day)
          if let previous { #expect(date.seconds(since: previous) == 86_400) }
          previous = date
        }
      }
    }
    #expect(Timestamp(year: 2000, month: 1, day: 1)?.seconds == 946_684_800)
  }
}
