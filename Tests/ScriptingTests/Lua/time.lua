-- Time: epoch seconds in and out.
equal(time.parse("2012-03-01"), 1330560000)
equal(time.parse("2012-03-01T08:30:00+02:00"), 1330560000 + 6 * time.hour + 30 * time.minute)
equal(time.parse("yesterday"), nil)
equal(time.format(1330560000), "2012-03-01T00:00:00Z")
equal(time.format(1330560000.25), "2012-03-01T00:00:00.25Z")
equal(time.format("2012-03-01 06:30"), "2012-03-01T06:30:00Z")
equal(time.now(), 1330560000) -- the clock that the test gives
equal(time.parts(1330583405), { year = 2012, month = 3, day = 1, hour = 6, minute = 30, second = 5, weekday = 4 })
equal(time.parts(-1).weekday, 3) -- 1969-12-31 was a Wednesday
equal(time.make{ year = 2012, month = 2, day = 29, hour = 12 }, time.parse("2012-02-29T12:00Z"))
equal(time.start_of_day(1330583405), 1330560000)
equal(time.start_of_day(-1), -time.day)
equal(time.add("2012-02-28", { days = 2, hours = -1 }), time.parse("2012-02-29T23:00Z"))
equal(time.week, 7 * time.day)

fails("there is no such date", time.make, { year = 2013, month = 2, day = 29 })
fails("the field 'year' is missing", time.make, {})
fails("epoch seconds or an ISO 8601 time", time.format, "soon")
fails("epoch seconds of the years 0 to 9999 expected", time.format, 1e18)
fails("outside the years", time.add, "9999-12-31", { days = 5 })
fails("cannot set 'day' of 'time': it is read-only", function() time.day = 1 end)
