-- Seeded samples: right sizes, same seed same sample, order of rows kept.
local rows, kinds = {}, {}
for i = 1, 100 do rows[i], kinds[i] = i, i <= 70 and "ring" or i <= 95 and "seal" or "cup" end
local f = frame.new{ id = rows, kind = kinds }

local drawn = sample.random(f, 10, 42)
equal(#drawn, 10)
equal(drawn.id:list(), sample.random(f, 10, 42).id:list())
assert(table.concat(drawn.id:list(), ",") ~= table.concat(sample.random(f, 10, 43).id:list(), ","))
equal(drawn.id:list(), drawn.id:sort():list())
equal(drawn.id:n_unique(), 10)
equal(#sample.random(f, 1000, 1), 100)
equal(sample.random(3, 3, 1):list(), { 1, 2, 3 })
equal(#sample.random(f.id, 5, 1), 5)
equal(#sample.random(f, 0, 1), 0)

local counts = sample.stratified(f, "kind", 20, 1):group_by("kind"):agg{ "count" }
equal(counts.kind:list(), { "cup", "ring", "seal" })
equal(counts.count:list(), { 1, 14, 5 })
equal(#sample.stratified(100, f.kind, 20, 1), 20)

local weights = {}
for i = 1, 100 do weights[i] = i > 90 and 1 or 0 end
assert(sample.weighted(f, weights, 5, 3).id:min() > 90)
equal(#sample.weighted(f, "id", 5, 3), 5)

local i = 0
local kept = sample.reservoir(function() i = i + 1 return i <= 1000 and i or nil end, 5, 9)
equal(#kept, 5)
equal(i, 1001)

fails("bad argument #1 'population' to 'sample.random' (frame, column or number of rows expected, got string)", sample.random, "x", 1, 1)
fails("a number of rows ≥ 0 expected, got -1", sample.random, -1, 1, 1)
fails("unknown column 'knd'; did you mean 'kind'?", sample.stratified, f, "knd", 5, 1)
fails("column 'by' has 1 rows, expected 100", sample.stratified, f, { 1 }, 5, 1)
fails("the population is no frame", sample.stratified, 10, "kind", 5, 1)
fails("size", sample.random, f, -1, 1)
fails("integer expected, got 0.5", sample.random, f, 1, 0.5)

-- What a call is to make is held against the memory limit before it is made.
fails("not enough memory", sample.random, 1e15, 1e15, 1)
equal(#sample.random(1e15, 10, 1), 10)
fails("not enough memory", sample.reservoir, function() return ("x"):rep(1e6) end, 1e9, 1)
local n = 0
equal(#sample.reservoir(function() n = n + 1 return n <= 400 and ("x"):rep(1e6) or nil end, 10, 1), 10)
