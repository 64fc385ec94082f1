import DataAccess
import Tabular
import Testing

@Suite("Times, zones and durations of a source")
struct TimeFormatTests {
  @Test(
    "reads times by a pattern",
    arguments: [
      ("yyyy/MM/dd HH:mm:ss.SSS", "2012/01/30 06:24:00.250", "2012-01-30T06:24:00.25Z"),
      ("dd.MM.yyyy HH:mm", "29.02.2012 23:59", "2012-02-29T23:59:00Z"),
      ("d.M.yyyy", "1.3.2012", "2012-03-01T00:00:00Z"),
      ("d.M.yyyy", " 31.12.2012\t", "2012-12-31T00:00:00Z"),
      ("M/d/yyyy h:mm a", "3/1/2012 12:05 AM", "2012-03-01T00:05:00Z"),
      ("M/d/yyyy h:mm a", "12/31/2012 12:05 pm", "2012-12-31T12:05:00Z"),
      ("M/d/yyyy hh:mm:ss a", "3/1/2012 11:59:59 PM", "2012-03-01T23:59:59Z"),
      ("yyyyMMddHHmmss", "20120301063000", "2012-03-01T06:30:00Z"),
      ("yyyy-MM-dd'T'HH:mm:ssXXX", "2012-03-01T06:30:00+02:00", "2012-03-01T04:30:00Z"),
      ("yyyy-MM-dd HH:mm XXX", "2012-03-01 06:30 Z", "2012-03-01T06:30:00Z"),
      ("dd-MMM-yy", "01-mar-12", "2012-03-01T00:00:00Z"),
      ("yy년 M월 d일", "12년 3월 1일", "2012-03-01T00:00:00Z"),
      ("iso", "2012-03-01", "2012-03-01T00:00:00Z"),
      ("iso", "2012-03-01 06:30:00.5-05:00", "2012-03-01T11:30:00.5Z"),
      ("epoch_seconds", "1330583400.25", "2012-03-01T06:30:00.25Z"),
      ("epoch_milliseconds", "1330583400250", "2012-03-01T06:30:00.25Z"),
      ("epoch_microseconds", "-1", "1969-12-31T23:59:59.999999Z"),
    ])
  func reads(pattern: String, text: String, expected: String) throws {
    #expect(try TimeFormat(pattern).instant(text, in: .utc)?.description == expected)
  }

  @Test(
    "refuses what is not of the format, or no time",
    arguments: [
      ("yyyy/MM/dd HH:mm:ss.SSS", "2012-01-30 06:24:00.000"), ("yyyy/MM/dd", "2012/1/30"), ("yyyy/MM/dd", "2011/02/29"),
      ("yyyy/MM/dd", "2012/13/01"), ("yyyy/MM/dd HH:mm", "2012/01/30 24:00"), ("yyyy/MM/dd HH:mm", "2012/01/30 06:24:30"),
      ("M/d/yyyy h:mm a", "3/1/2012 13:05 PM"), ("M/d/yyyy h:mm a", "3/1/2012 0:05 AM"), ("dd.MM.yyyy", "31.04.2012"), ("iso", "30.1.2012"),
      ("epoch_seconds", "soon"), ("epoch_seconds", "1e20"), ("yyyy/MM/dd", ""), ("dd-MMM-yy", "01-Mrz-12"),
    ])
  func refuses(pattern: String, text: String) throws { #expect(try TimeFormat(pattern).instant(text, in: .utc) == nil) }

  @Test(
    "shows with its example what it expects, and can read it",
    arguments: [
      "yyyy/MM/dd HH:mm:ss.SSS", "dd.MM.yyyy HH:mm", "M/d/yyyy h:mm a", "MMM d yy", "iso", "epoch_seconds", "epoch_milliseconds",
      "yyyyMMdd XXX",
    ])
  func examples(pattern: String) throws {
    let format = try TimeFormat(pattern)
    #expect(format.instant(format.example, in: .utc)?.description.hasPrefix("2012-03-31T") == true, "\(format.example)")
  }

  @Test(
    "says what is wrong with a pattern",
    arguments: [
      ("yyyy/MM/tt", "has 't', which means nothing; known are yyyy yy MM M MMM"), ("HH:mm", "needs a year, a month and a day"),
      ("yyyy-MM-dd hh:mm", "must have 'h' and 'a' together; 'H' is 0–23"), ("yyyy-MM-dd dd", "has the same part twice"),
      ("yyyy-MM-dd'T", "has a quote that is not closed"),
    ])
  func faults(pattern: String, words: String) throws {
    let error = try #require(throws: TimeFormat.PatternError.self) { try TimeFormat(pattern) }
    #expect(error.description.hasPrefix("time format '\(pattern)' \(words)"))
  }

  @Test(
    "turns local times into UTC as Python's zoneinfo does (fold 0)",
    arguments: [
      ("Europe/Berlin", "2012-03-25 01:59", "2012-03-25T00:59:00Z"), ("Europe/Berlin", "2012-03-25 03:00", "2012-03-25T01:00:00Z"),
      ("Europe/Berlin", "2012-10-28 02:30", "2012-10-28T00:30:00Z"), ("Europe/Berlin", "2012-10-28 03:00", "2012-10-28T02:00:00Z"),
      ("Europe/Berlin", "2012-07-01 12:00", "2012-07-01T10:00:00Z"), ("Europe/Berlin", "1985-01-01 00:00", "1984-12-31T23:00:00Z"),
      ("Asia/Seoul", "1988-07-01 12:00", "1988-07-01T02:00:00Z"), ("Asia/Seoul", "2012-03-01 09:00", "2012-03-01T00:00:00Z"),
      ("America/New_York", "2012-03-11 03:00", "2012-03-11T07:00:00Z"), ("America/New_York", "2012-11-04 01:30", "2012-11-04T05:30:00Z"),
      ("America/New_York", "2030-07-04 00:00", "2030-07-04T04:00:00Z"), ("Australia/Lord_Howe", "2012-04-01 01:45", "2012-03-31T14:45:00Z"),
      ("Australia/Lord_Howe", "2012-10-07 02:30", "2012-10-06T15:30:00Z"), ("America/St_Johns", "2012-01-01 00:00", "2012-01-01T03:30:00Z"),
      ("Asia/Kolkata", "2012-01-01 00:00", "2011-12-31T18:30:00Z"), ("Asia/Jerusalem", "2012-03-30 01:59", "2012-03-29T23:59:00Z"),
      ("Asia/Jerusalem", "2012-03-30 03:00", "2012-03-30T00:00:00Z"), ("+09:00", "2012-03-01 09:00", "2012-03-01T00:00:00Z"),
      ("-03:30", "2012-03-01 00:00", "2012-03-01T03:30:00Z"), ("UTC", "2012-03-01 00:00", "2012-03-01T00:00:00Z"),
    ])
  func zones(name: String, local: String, expected: String) throws {
    let zone = try #require(ZoneRules(name))
    #expect(try TimeFormat("yyyy-MM-dd HH:mm").instant(local, in: zone)?.description == expected)
    #expect(try TimeFormat("iso").instant(local, in: zone)?.description == expected)
  }

  @Test(
    "refuses a local time that the clock skips, rather than moving it",
    arguments: [
      ("Europe/Berlin", "2012-03-25 02:00"), ("Europe/Berlin", "2012-03-25 02:59"), ("America/New_York", "2012-03-11 02:30"),
      ("Australia/Lord_Howe", "2012-10-07 02:15"), ("Asia/Jerusalem", "2012-03-30 02:30"),
    ])
  func gaps(name: String, local: String) throws {
    #expect(try TimeFormat("yyyy-MM-dd HH:mm").instant(local, in: try #require(ZoneRules(name))) == nil)
  }

  @Test("every hour of a decade goes to local time and back", arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
  func everyHour(name: String) throws {
    let zone = try #require(ZoneRules(name))
    let start = try #require(Timestamp("2005-01-01")).microseconds
    for hour in 0..<87_600 {
      let instant = Timestamp(microseconds: start + Int64(hour) * 3_600_000_000)
      let local = Timestamp(microseconds: instant.microseconds + zone.offsetSeconds(at: instant) * 1_000_000)
      // Of an hour that comes twice the first is meant: the second comes back an hour (or half) early.
      let back = try #require(zone.instant(local: local))
      let offset = zone.offsetSeconds(at: back)
      #expect(back <= instant && back.microseconds + offset * 1_000_000 == local.microseconds)
    }
  }

  @Test("knows no zone of another name, and offers the nearest", arguments: ["Europe/Berln", "CET", "Mars/Base", "+25:00", ""])
  func unknownZone(name: String) {
    #expect(ZoneRules(name) == nil)
    #expect(ZoneRules.suggestion(for: "Europe/Berln") == "; did you mean 'Europe/Berlin'?")
  }

  @Test(
    "turns durations into minutes",
    arguments: [
      ("minutes", "12.5", 12.5), ("hours", "0.25", 15), ("seconds", "90", 1.5), ("days", "1", 1440), ("HHH:MM", "006:19", 379),
      ("HHH:MM", "000:00", 0), ("H:MM", "100:59", 6059), ("h:mm:ss", "1:02:30", 62.5), ("HHH:MM", "-0:30", -30), ("hours", " 2 ", 120),
      ("seconds", "180", 3),
    ])
  func durations(format: String, text: String, minutes: Double) throws {
    #expect(try #require(DurationFormat(format)).minutes(text) == minutes)
  }

  @Test(
    "refuses what is no duration of the format",
    arguments: [
      ("HHH:MM", "1899/12/31 01:49:00"), ("HHH:MM", "1:60"), ("HHH:MM", "1:5"), ("HHH:MM", "90"), ("HHH:MM", ":30"), ("h:mm:ss", "1:02"),
      ("hours", "1:30"), ("hours", "nan"), ("minutes", "inf"), ("minutes", "1,5"), ("minutes", ""), ("minutes", "1e999"),
    ])
  func noDuration(format: String, text: String) throws { #expect(try #require(DurationFormat(format)).minutes(text) == nil) }

  @Test("takes a decimal comma only where it is asked for")
  func decimalComma() {
    #expect(DurationFormat.decimal(.hours).minutes("1,5", decimalComma: true) == 90)
    #expect(DurationFormat.decimal(.hours).minutes("1.5", decimalComma: true) == nil)
    #expect(decimalNumber("1,5") == nil)
  }

  @Test("knows no other duration format", arguments: ["HH:MM:", "MM:SS", "hour", "H.MM", ""])
  func unknownDuration(format: String) { #expect(DurationFormat(format) == nil) }
}
