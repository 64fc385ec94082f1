-- Vectors that are searched for the most similar ones.
local vectors = { { 1, 0 }, { 0, 1 }, { 1, 1 } }
local index = learn.nearest(vectors)
equal(tostring(index), "exact index of 3 vectors of 2 numbers, cosine")
equal({ #index, index.kind, index.metric, index.dimension }, { 3, "exact", "cosine", 2 })
local found = index:search({ { 2, 1 }, { 0, 3 } }, 2)
equal(found.column_names, { "query", "rank", "neighbor", "similarity" })
equal(found.query:list(), { 1, 1, 2, 2 })
equal(found.rank:list(), { 1, 2, 1, 2 })
equal(found.neighbor:list(), { 3, 1, 2, 3 })
near(found.similarity[1], 3 / math.sqrt(10), 1e-6)
-- A list of numbers is one vector; columns of a frame are its numbers.
equal(index:search({ 2, 1 }, 1).neighbor:list(), { 3 })
equal(index:search(frame.new{ { "x", { 2, 0 } }, { "y", { 1, 3 } } }, 2).neighbor:list(), found.neighbor:list())
equal(#index:search({ 2, 1 }, math.maxinteger), 3)
equal(index:search({ { 2, 1 } }, 5, { filter = { true, true, false } }).neighbor:list(), { 1, 2 })
equal(#index:search({ { 2, 1 } }, 5, { filter = frame.column{ false, false, false } }), 0)
-- More vectors make another index.
local more = index:add{ { 2, 1 } }
equal({ #index, #more, more:search({ 2, 1 }, 1).neighbor[1] }, { 3, 4, 4 })
equal(#learn.nearest(frame.new{ a = { 1, 2 } }:head(0)):search({ 1 }, 3), 0)

local a, b, c = sample.random(3000, 3000, 1), sample.random(3000, 3000, 2), sample.random(3000, 3000, 3)
local many = frame.new{ { "a", a * 1.0 }, { "b", (b - 1500) * 1.0 }, { "c", c * c } }
local graph = learn.nearest(many, { search = "hnsw", metric = "dot", m = 8, ef_construction = 40, seed = 5 })
local exact = learn.nearest(many, { search = "exact", metric = "dot" })
equal(graph.kind, "hnsw")
local wanted = exact:search(many:head(20), 5).neighbor:list()
local hits = 0
for place, row in ipairs(graph:search(many:head(20), 5, { ef = 400 }).neighbor:list()) do
  if row == wanted[place] then hits = hits + 1 end
end
assert(hits >= 95, hits)
local odd = {}
for i = 1, 3000 do odd[i] = i % 2 == 1 end
for _, row in ipairs(graph:search(many:head(3), 7, { filter = odd }).neighbor:list()) do assert(row % 2 == 1) end
equal(graph:search(many:head(3), 7, { filter = odd, ef = 3000 }).similarity:list(),
  exact:search(many:head(3), 7, { filter = odd }).similarity:list())
equal(#graph:add(many:head(2)), 3002)
equal(learn.nearest(many, { queries = 1 }).kind, "exact")
equal(learn.nearest(many, { queries = 100000000, m = 4, ef_construction = 4 }).kind, "exact")

-- Errors.
fails("bad argument #1 'vectors' to 'learn.nearest' (at least one vector expected, got an empty table)", learn.nearest, {})
fails("([2][1]: number expected, got string)", learn.nearest, { { 1 }, { "a" } })
fails("learn.nearest: vector 2 has 1 number, the first has 2", learn.nearest, { { 1, 2 }, { 1 } })
fails("learn.nearest: vector 1 has 0 numbers; expected at least one number a vector", learn.nearest, { {} })
fails("learn.nearest: vectors: 'a' must be numbers, got a column of text", learn.nearest, frame.new{ a = { "x" } })
fails("learn.nearest: vector 2 is nan in 'a'; expected a finite number", learn.nearest, frame.new{ a = { 1, nil, 3 } })
fails("neighbor_index:search: vector 1 is nan at 2", index.search, index, { 1, 0 / 0 })
fails("the numbers of vector 1 are too large to be multiplied", index.search, index, { 1, 1e30 })
fails("neighbor_index:search: vector 1 has 3 numbers, the index has vectors of 2", index.search, index, { 1, 2, 3 })
fails("neighbor_index:add: the frame has 1 column, the index has vectors of 2", index.add, index, frame.new{ a = { 1 } })
fails("'k' of a neighbour search must be an integer ≥ 1, got 0", index.search, index, { 1, 2 }, 0)
fails("bad argument #2 'k' to 'neighbor_index:search' (integer expected, got string)", index.search, index, { 1, 2 }, "2")
fails("'ef' is for an index of kind 'hnsw'; this one is 'exact'", index.search, index, { 1, 2 }, 2, { ef = 3 })
fails("'ef' of a neighbour search must be an integer ≥ 1, got 0", graph.search, graph, { 1, 2, 3 }, 2, { ef = 0 })
fails("'filter' has 1 row, the index has 3 vectors", index.search, index, { 1, 2 }, 2, { filter = { true } })
fails("'filter' must be truth values, got a column of integer", index.search, index, { 1, 2 }, 2, { filter = { 1, 2, 3 } })
fails("'m' of hnsw must be an integer 4…256, got 1", learn.nearest, { { 1 } }, { m = 1 })
fails("'queries' must be an integer ≥ 0, got -1", learn.nearest, { { 1 } }, { queries = -1 })
fails("'auto', 'exact' or 'hnsw' expected, got 'hnsv'; did you mean 'hnsw'?", learn.nearest, { { 1 } }, { search = "hnsv" })
