-- Transformers and pipelines: fitted on some rows, they change others; what learns from targets never sees a row's own.
local X = frame.new{ { "size", frame.column({ 1, 2, 3 }, 4) }, { "kind", frame.column({ "a", "b", "b" }, 4) }, { "note", { 7, 7, 7, 7 } } }

-- Levels as features of 0 and 1.
local hot = learn.one_hot()
equal(tostring(hot), "learn.one_hot{}")
equal(hot.name, "one_hot")
local fitted = hot:fit(X)
equal(tostring(fitted), "one_hot of 1 feature")
equal(fitted.features, { "kind" })
local changed = fitted:transform(X)
equal(changed.column_names, { "size", "kind=b", "kind=a", "kind missing", "note" })
equal(changed["kind=b"]:list(), { 0.0, 1.0, 1.0, 0.0 })
equal(changed["kind missing"]:list(), { 0.0, 0.0, 0.0, 1.0 })
-- Columns that are not changed stay as they were, and a level that is new is as a missing one.
equal(changed.note.type, "integer")
equal(fitted:transform{ kind = { "new" } }["kind missing"]:list(), { 1.0 })
equal(learn.one_hot{ level_limit = 1 }:fit(X):transform(X).column_names, { "size", "kind=b", "kind other", "kind missing", "note" })
equal(learn.one_hot{ columns = { "kind" } }:fit(X:head(0):append(X)):transform(X).column_names, changed.column_names)

-- Levels as places in an order, given or by name.
equal(learn.ordinal{ orders = { kind = { "b", "a" } } }:fit(X):transform(X).kind:fill_missing(-1):list(), { 1.0, 0.0, 0.0, -1.0 })
equal(learn.ordinal():fit(X):transform(X).kind:fill_missing(-1):list(), { 0.0, 1.0, 1.0, -1.0 })
equal(learn.ordinal{ orders = { kind = { "a", "b", "c" } } }:fit(X):transform{ kind = { "c" } }.kind[1], 2.0)

-- Numbers: one scale, no gaps, logarithms.
local scaled = learn.standardise():fit{ a = { 1, 2, 3 }, b = { 5, 5, 5 } }:transform{ a = { 2, 4 }, b = { 5, 6 } }
near(scaled.a[1], 0)
near(scaled.a[2], 2 / math.sqrt(2 / 3))
equal(scaled.b:list(), { 0.0, 1.0 })
local filled = learn.impute{ indicator = true }:fit(X):transform(X)
equal(filled.column_names, { "size", "size missing", "kind", "kind missing", "note" })
equal(filled.size:list(), { 1.0, 2.0, 3.0, 2.0 })
equal(filled.kind:list(), { "a", "b", "b", "b" })
equal(filled["size missing"]:list(), { 0.0, 0.0, 0.0, 1.0 })
equal(learn.impute{ strategy = "mean" }:fit{ a = { 1, 2, 6, nil, 3 } }:transform{ a = frame.column({}, 1) }.a:list(), { 3.0 })
equal(learn.impute{ strategy = "most_frequent" }:fit{ a = { 4, 9, 9, 4, 1 } }:transform(frame.new{ a = { nil, 1 } }).a:list(), { 4.0, 1.0 })
local constant = learn.impute{ strategy = "constant", fill_number = -1, fill_level = "none" }:fit(X):transform(X)
equal(constant.size[4], -1.0)
equal(constant.kind[4], "none")
near(learn.log{ columns = { "a" }, offset = 1 }:fit{ a = { 1 }, b = { 1 } }:transform{ a = { math.exp(2) - 1 }, b = { 3 } }.a[1], 2)
assert(learn.log():fit{ a = { 1 } }:transform{ a = { 0 } }.a:is_missing()[1])

-- Weights: what counts more in distances; what is absent or of levels is an error.
local weigh = learn.weigh{ weights = { a = 2, b = 0 } }:fit{ a = { 1 }, b = { 1 }, c = { 1 } }
local weighted = weigh:transform{ a = { 3, 4 }, b = { 5, 5 }, c = { 7, 7 } }
equal(weighted.a[1], 6.0)
equal(weighted.b:list(), { 0.0, 0.0 })
equal(weighted.c:list(), { 7, 7 })
local far = { a = { 0, 10 }, b = { 1, 0 } }
local nearest = function(weights) return learn.pipeline{ learn.weigh{ weights = weights },
  learn.knn{ neighbor_count = 1, standardise = false } }:fit(far, { 1, 2 }):predict{ a = { 4 }, b = { 0 } }[1] end
equal(nearest{}, 1.0)
equal(nearest{ b = 100 }, 2.0)
fails("there is no feature 'aa' for weigh; did you mean 'a'?", function() learn.weigh{ weights = { aa = 1 } }:fit{ a = { 1 } } end)
fails("weigh wants features of numbers, 'kind' has levels", function() learn.weigh{ weights = { kind = 1 } }:fit(X) end)
fails("each a number 0…1000000", learn.weigh, { weights = { a = -1 } })

-- Rows of weight 0 teach nothing.
local light = learn.standardise():fit({ a = { 1, 3, 1000 } }, nil, { weights = { 1, 1, 0 } })
equal(light:transform{ a = { 2, 3 } }.a:list(), { 0.0, 1.0 })
equal(learn.one_hot():fit({ a = { "x", "y", "z" } }, nil,
  { weights = { 1, 1, 0 } }):transform{ a = { "z" } }.column_names, { "a=x", "a=y" })

-- Targets: each row of the fit is encoded without its own, so that levels of one row say nothing about it.
local ids, minutes = {}, {}
for i = 1, 100 do ids[i], minutes[i] = "id" .. i, i end
local encoder = learn.target_encoder{ smoothing = 0 }
local rows, encoding = encoder:fit_transform({ id = ids }, minutes, { seed = 3 })
for i, value in ipairs(rows.id:list()) do assert(math.abs(value - minutes[i]) > 1e-9) end
equal(encoding:transform{ id = { "id7" } }.id[1], 7.0)
equal(encoding:transform{ id = { "new" } }.id[1], 50.5)
equal(encoder:fit({ id = ids }, minutes):transform{ id = { "id7" } }.id[1], 7.0)
local several = encoder:fit({ id = ids }, { run = minutes, setup = minutes }):transform{ id = { "id7" } }
equal(several.column_names, { "id: run", "id: setup" })
local whole = frame.new{ { "id", ids }, { "minutes", minutes } }
local named = encoder:fit_transform(whole, "minutes", { seed = 3 })
equal(named.column_names, { "id", "minutes" })
equal(named.id:list(), rows.id:list())
equal(named.minutes:list(), minutes)
local again = encoder:fit_transform({ id = ids }, minutes, { seed = 3, threads = 1 })
equal(again.id:list(), rows.id:list())

-- In a pipeline nothing leaks: levels that say nothing do not help where rows are judged.
local leaky = learn.cross_validate(learn.ridge{ alpha = 0.001 }, { id = encoding:transform{ id = ids }.id }, minutes, { seed = 1 })
local honest = learn.cross_validate(learn.pipeline{ encoder, learn.ridge{ alpha = 0.001 } }, { id = ids }, minutes, { seed = 1 })
assert(leaky.overall.mae[1] < 1 and honest.overall.mae[1] > 20)

local pipeline = learn.pipeline{ learn.impute(), learn.one_hot{ level_limit = 5 }, learn.knn{ neighbor_count = 1 } }
equal(tostring(pipeline), 'learn.pipeline{ estimator = { name = "knn", neighbor_count = 1 }, steps = { "impute", '
  .. '{ level_limit = 5, name = "one_hot" } } }')
equal(pipeline.parameters.steps[1], "impute")
local model = pipeline:fit(X, { 1, 2, 3, 4 })
equal(model.features, { "size", "kind", "note" })
equal(model:predict(X):list(), { 1.0, 2.0, 3.0, 2.0 })
equal(model:predict{ note = { 7 }, kind = { "a" }, size = { 1 } }[1], 1.0)
equal(learn.pipeline{ steps = { "impute", "one_hot" }, estimator = "knn" }.parameters.estimator, "knn")
local chosen = learn.search(learn.pipeline{ learn.impute(), "ridge" }, { estimator = { learn.ridge(), learn.knn{ neighbor_count = 1 } } },
  { a = ids, b = minutes }, minutes)
equal(chosen.best.parameters.estimator.name or chosen.best.parameters.estimator, "ridge")
equal(#learn.stacking{ bases = { pipeline, "knn" }, folds = 2 }:fit(X, { 1, 2, 3, 4 }):predict(X), 4)

-- Errors.
fails("transformer:fit: target_encoder learns from a target: 'y' must be given", encoder.fit, encoder, X)
fails("transformer:fit: there is no feature 'kid' for one_hot; did you mean 'kind'?",
  function() learn.one_hot{ columns = { "kid" } }:fit(X) end)
fails("transformer:fit: one_hot wants features of levels, 'size' has numbers", function() learn.one_hot{ columns = { "size" } }:fit(X) end)
fails("transformer:fit: log wants features of numbers, 'kind' has levels", function() learn.log{ columns = { "kind" } }:fit(X) end)
fails("transformer:fit: impute cannot be fitted on no rows", function() learn.impute():fit(X:head(0)) end)
fails("('columns' of one_hot must be a list of names, each once, or null, got {})", learn.one_hot, { columns = {} })
fails("('orders' of ordinal must be a table of lists of texts by name, each text once in its list",
  learn.ordinal, { orders = { a = { "x", "x" } } })
fails("unknown parameter 'level_limt' of one_hot; did you mean 'level_limit'?", learn.one_hot, { level_limt = 3 })
fails("fitted_transformer:transform: one_hot wants feature 'kind', which is not there; did you mean 'knd'?",
  fitted.transform, fitted, { knd = { "a" } })
fails("fitted_transformer:transform: feature 'kind' has levels in one_hot, got numbers", fitted.transform, fitted, { kind = { 1 } })
fails("two features have the name 'kind=a'", fitted.transform, fitted, { kind = { "a" }, ["kind=a"] = { 1 } })
fails("an estimator is wanted, 'impute' is a transformer", learn.pipeline, { learn.one_hot(), learn.impute() })
fails("a transformer is wanted, 'knn' is an estimator", learn.pipeline, { learn.knn(), learn.knn() })
fails("transformers and last an estimator expected", learn.pipeline, { learn.one_hot(), learn.knn(), steps = {} })
fails("bad argument #1 'X' to 'transformer:fit' (frame expected, got string)", hot.fit, hot, "X")
fails("a transformer has no method or property 'predict'", function() return hot.predict end)

-- What would make too much says so before it is made.
local levels = {}
for i = 1, 60000 do levels[i] = "L" .. i % 9000 end
local wide, all = { a = levels }, learn.one_hot{ level_limit = 9000 }
fails("not enough memory", all.fit_transform, all, wide)
local much = all:fit(wide)
fails("not enough memory", much.transform, much, wide)
fails("estimator:fit: one_hot would make 9000 features of 60000 rows, more than", function()
  learn.pipeline{ all, "ridge" }:fit(wide, sample.random(60000, 60000, 1))
end)
