-- Scores and drift. Expected values are scikit-learn's and scipy's, or worked out beside.
local actual, predicted = { 3.0, 5.0, 2.5, 7.0 }, { 2.5, 5.0, 4.0, 8.0 }

near(metrics.mae(actual, predicted), 0.75)
near(metrics.rmse(actual, predicted), 0.9354143466934853)
near(metrics.bias(actual, predicted), 0.5) -- (−0.5 + 0 + 1.5 + 1) / 4
near(metrics.wape(actual, predicted), 3 / 17.5)
near(metrics.mape(actual, predicted), (0.5 / 3 + 0 + 1.5 / 2.5 + 1 / 7) / 4)
near(metrics.r2(actual, predicted), 1 - 3.5 / 12.6875)
near(metrics.trim_mae({ 0, 0, 0, 0, 0 }, { 1, 2, 3, 4, 100 }, 0.2), 3)

-- Nothing measured is no score, and what was left out is counted.
local score, details = metrics.mae({ 1, 0 / 0, 3 }, { 2, 1, 3 })
near(score, 0.5)
equal(details, { count = 2, excluded = 1, unit = "minutes", better = "lower" })
equal(metrics.mae({}, {}), nil)

near(metrics.cv({ 1, 3, 5, 5 }, { "a", "a", "b", "b" }), (math.sqrt(2) / 2 + 0) / 2)
equal(metrics.quantiles({ 4, 1, 3, 2 }, { 0, 0.5, 1 }), { 1.0, 2.5, 4.0 })

local match, parts = metrics.process_match({ { "CUT", "DRILL", "PACK" }, { "CUT" } }, { { "CUT", "PACK" }, { "CUT" } })
near(match, 3 / 4)
near(parts.precision, 1)
near(parts.sequence_match, 0.5)

local before, now = {}, {}
for i = 1, 200 do before[i], now[i] = i, i + 60 end
equal(metrics.psi(before, before), 0.0)
assert(metrics.psi(before, now, 5) > 0.2)
local gap, chance = metrics.ks(before, now)
near(gap, 0.3)
assert(chance < 1e-6)

local interval = metrics.bootstrap("mae", actual, predicted, { clusters = { "a", "a", "b", "c" }, resamples = 200, seed = 1 })
assert(interval.lower <= 0.75 and interval.upper >= 0.75 and interval.confidence == 0.95)
equal(metrics.bootstrap("mae", actual, predicted, { clusters = { 1, 1, 1, 1 } }), nil)
equal(
  metrics.bootstrap("trim_mae", actual, predicted, { seed = 7 }),
  metrics.bootstrap("trim_mae", actual, predicted, { seed = 7 }))

-- scipy.stats.ttest_rel([1, 2, 3, 4.5], [0.5, 1, 2.5, 3.5]): statistic 5.196152422706632, p 0.013847
local test = metrics.paired_test({ 1, 2, 3, 4.5 }, { 0.5, 1, 2.5, 3.5 })
near(test.mean_difference, 0.75)
near(test.p_value, 0.01384683, 1e-6)
equal(test.count, 4.0)
assert(metrics.paired_test({ 1, 2, 3, 4 }, { 0, 1, 2, 3 }, { clusters = { 1, 1, 2, 3 }, resamples = 100 }).p_value < 0.1)

fails("'mae' compares lists of one length, got 2 and 1 values", metrics.mae, { 1, 2 }, { 1 })
fails("bad argument #2 'current' to 'metrics.psi' (number[] expected, got string)", metrics.psi, { 1 }, "x")
fails("bins", metrics.psi, { 1, 2 }, { 1, 2 }, 1)
fails("'mae', 'rmse', 'bias', 'wape' or 'trim_mae' expected, got 'psi'", metrics.bootstrap, "psi", {}, {})
fails("column 'clusters' has 1 rows, expected 2", metrics.bootstrap, "mae", { 1, 2 }, { 1, 2 }, { clusters = { 1 } })

-- A call cannot be made to run for ever by its own arguments.
fails("'bins' of 'psi' must be an integer 2…10000, got 1000000000", metrics.psi, { 1, 2 }, { 1 }, 1000000000)
fails("'resamples' of 'bootstrap' must be an integer 1…100000, got 1000000000", metrics.bootstrap, "mae", { 1, 2 }, { 1, 2 },
  { resamples = 1000000000 })
