-- Estimators, models, folds, search: fitted on frames, the same for the same seed, errors that name what was wrong.
local sizes, kinds, minutes, setups, parts = {}, {}, {}, {}, {}
for i = 1, 120 do
  sizes[i], kinds[i], parts[i] = (i * 37) % 101, i % 3 == 0 and "ring" or "seal", "P" .. i % 12
  minutes[i] = 2 * sizes[i] + (kinds[i] == "ring" and 100 or 0)
  setups[i] = sizes[i] + 5
end
local X = frame.new{ { "size", sizes }, { "kind", kinds } }
local y = frame.column(minutes)

-- Constructors: one an estimator, parameters checked when it is made.
local near5, near1 = learn.knn(), learn.knn{ neighbor_count = 1, weights = "distance" }
equal(near5.name, "knn")
equal(near5.parameters.neighbor_count, 5)
equal(near1.parameters, { neighbor_count = 1, weights = "distance", search = "exact", standardise = true, level_limit = 32,
  feature_weights = {} })
equal(tostring(near1), 'learn.knn{ neighbor_count = 1, weights = "distance" }')
equal(tostring(near5), "learn.knn{}")
local stack = learn.stacking{ bases = { near1, "knn" }, final = learn.knn{ neighbor_count = 2 }, folds = 2 }
equal(stack.parameters.bases[1], { name = "knn", neighbor_count = 1, weights = "distance" })
equal(stack.parameters.bases[2], "knn")
equal(stack.parameters.final, { name = "knn", neighbor_count = 2 })
fails("bad argument #1 'parameters' to 'learn.knn' (unknown parameter 'neighbour_count' of knn; did you mean 'neighbor_count'?)",
  learn.knn, { neighbour_count = 3 })
fails("('neighbor_count' of knn must be an integer 1…1000000, got 0)", learn.knn, { neighbor_count = 0 })
fails("('weights' of knn must be 'uniform' or 'distance', got 'farness')", learn.knn, { weights = "farness" })
fails("('neighbor_count' of knn must be an integer 1…1000000, got '5')", learn.knn, { neighbor_count = "5" })
fails("('feature_weights' of knn must be a table of numbers by name, each a number 0…1000000, got {size: '2'})",
  learn.knn, { feature_weights = { size = "2" } })
fails("(table expected, got number)", learn.knn, 5)
fails("(table expected, got a table with a number for a key)", learn.knn, { 5 })
fails("data expected, got function", learn.knn, { neighbor_count = print })
fails("'learn' has no 'knnn'; did you mean 'knn'?", function() return learn.knnn end)

-- Fit and predict: a column for one output, by value or by name.
local model = near1:fit(X, y)
equal(tostring(model), "knn model of 2 features: y")
equal(model.kind, "knn")
equal(model.features, { "size", "kind" })
equal(model:predict(X):list(), (y * 1.0):list())
near(model:predict{ kind = { "ring" }, size = { sizes[3] } }[1], minutes[3])
local whole = X:with("minutes", y):with("part", frame.column(parts))
local named = near1:fit(whole, "minutes", { groups = "part" })
equal(named.features, { "size", "kind" })
equal(named.outputs, { "minutes" })
equal(named:predict(whole):list(), (y * 1.0):list())
equal(near1:fit(X, minutes):predict(X):list(), (y * 1.0):list())
equal(near5:fit(X, y, { threads = 1, seed = 7 }):predict(X):list(), near5:fit(X, y, { threads = 3, seed = 7 }):predict(X):list())
near(learn.knn{ neighbor_count = 2 }:fit({ a = { 0, 0 } }, { 1, 4 }, { weights = { 1, 2 } }):predict{ a = { 0 } }[1], 3)

-- Several outputs: a frame, columns by name, or names.
for _, target in ipairs{ frame.new{ { "run", minutes }, { "setup", setups } }, { run = minutes, setup = frame.column(setups) } } do
  local both = near1:fit(X, target)
  equal(both.outputs, { "run", "setup" })
  equal(both:predict(X).column_names, { "run", "setup" })
  equal(both:predict(X).setup:list(), (frame.column(setups) * 1.0):list())
end
equal(near1:fit(whole:with("setup", setups), { "setup", "minutes" }, { groups = "part" }):predict(X).setup[7], setups[7] + 0.0)

-- What misses is data; a level that was never seen counts as missing.
local holes = frame.new{ size = { 1, nil, 3, 4 }, kind = { "a", "b", nil, "a" } }
equal(#learn.knn{ neighbor_count = 2 }:fit(holes, { 1, 2, 3, 4 }):predict(holes), 4)
equal(#near1:fit(X, y):predict{ size = { 5 }, kind = { "cup" } }, 1)
fails("estimator:fit: target 'y' is nan at row 2; expected finite numbers: leave such rows out",
  near1.fit, near1, holes, frame.column({ 1, nil, 3, 4 }))

-- Errors name the function, what was expected and what came.
fails("bad self to 'estimator:fit' (estimator expected, got frame); call it with ':'", near1.fit, X, y)
fails("bad argument #1 'X' to 'estimator:fit' (frame expected, got string)", near1.fit, near1, "X", y)
fails("bad argument #2 'y' to 'estimator:fit' (column, frame, list or name expected, got no value)", near1.fit, near1, X)
fails("([2]: number expected, got string)", near1.fit, near1, X, { 1, "2" })
fails("got an empty table", near1.fit, near1, X, {})
fails("estimator:fit: unknown column 'minuts'; did you mean 'minutes'?", near1.fit, near1, whole, "minuts")
fails("estimator:fit: target 'kind' must be numbers, got a column of text", near1.fit, near1, X, "kind")
fails("estimator:fit: target 'y' has 2 rows, the features have 120", near1.fit, near1, X, { 1, 2 })
fails("(weight: unknown field; did you mean 'weights'?)", near1.fit, near1, X, y, { weight = 1 })
fails("estimator:fit: the weight of row 1 is -1.0; expected a finite number ≥ 0",
  near1.fit, near1, { a = { 1 } }, { 1 }, { weights = { -1 } })
fails("'threads' must be an integer 1…64, got 0", near1.fit, near1, X, y, { threads = 0 })
fails("knn cannot be fitted on no rows", near1.fit, near1, X:head(0), y:head(0))
fails("model:predict: the model wants feature 'size', which is not there", model.predict, model, X:without("size"))
fails("model:predict: the model wants feature 'size', which is not there; did you mean 'Size'?",
  model.predict, model, { Size = { 1 }, kind = { "ring" } })
local abc = learn.knn{ neighbor_count = 1 }:fit({ a = { 1, 2 }, b = { 1, 3 }, c = { 3, 4 } }, { 1, 2 })
equal(#abc:predict{ a = {}, b = {}, c = {} }, 0)
fails("the model wants feature 'c', which is not there", abc.predict, abc, { a = { 1 }, b = { 2 } })
local _, message = pcall(abc.predict, abc, { a = { 1 }, b = { 2 } })
assert(not tostring(message):find("did you mean", 1, true))
fails("model:predict: feature 'kind' has levels in the model, got numbers", model.predict, model, { size = { 1 }, kind = { 1 } })
fails("a model has no method or property 'predic'; did you mean 'predict'?", function() return model.predic end)
fails("unknown estimator 'forrest'", function() learn.stacking{ bases = { "forrest" } }:fit(X, y) end)

-- Importance: what the target rests on comes first.
local noisy = X:with("noise", sample.random(120, 120, 3))
local importance = near5:fit(noisy:without("noise"), y):importance(noisy, y, { repeats = 2, seed = 1 })
equal(importance.column_names, { "feature", "importance" })
-- Rows of weight 0 have no say, and errors may be taken in the unit of the value.
local half = {}
for i, size in ipairs(sizes) do half[i] = size < 50 and 1 or 0 end
local lighter = near5:fit(X, y):importance(X, y, { repeats = 2, seed = 1, weights = half })
local heavier = near5:fit(X, y):importance(X, y, { repeats = 2, seed = 1 })
assert(lighter.importance[1] ~= heavier.importance[1])
local ten = y * 0 + 10
local ratios = near5:fit(X, (y + 1):log()):importance(X, (y + 1):log(), { repeats = 2, seed = 1, log_of = ten })
assert(ratios.importance[1] > 100, ratios.importance[1])
fails("'log_of' is 0.0 at row 1", model.importance, model, X, y, { log_of = ten * 0 })

-- What models have inside.
local line = learn.ridge{ alpha = 1e-9 }:fit({ a = { 1, 2, 3, 4 }, b = { 2, 2, 3, 9 } }, { 5, 7, 10, 18 })
equal(#line.inside.coefficients, 2)
equal(line.inside.coefficients[1].column, "a")
near(line.inside.coefficients[1].per_unit, 2, 1e-4)
near(line.inside.coefficients[2].per_unit, 1, 1e-4)
assert(line.inside.has_converged)
equal(#learn.ridge_cv():fit(X, y).inside.leave_one_out > 1, true)
assert(learn.elastic_net():fit(X, y).inside.iterations[1] >= 1)
equal(learn.forest{ tree_count = 5 }:fit(X, y).inside.tree_count, 5)
local gains = learn.boosting{ tree_count = 5 }:fit(X, y).inside.gains
near(gains[1].share + gains[2].share, 1)
equal(#learn.mlp{ max_epochs = 3, hidden_layers = {} }:fit(X, y).inside.loss_curve, 3)
equal(near1:fit(X, y).inside, {})
local inner = learn.stacking{ bases = { near1, "ridge" }, folds = 2 }:fit(X, y).inside
equal(inner.bases[2].kind, "linear")
equal(#inner.final.coefficients, 2)
equal(learn.pipeline{ learn.one_hot(), learn.ridge() }:fit(X, y).inside.model.kind, "linear")
fails("feature 'base 1' has the name that stacking gives", function()
  learn.stacking{ bases = { "knn" }, passthrough = true, folds = 2 }:fit({ ["base 1"] = { 1, 2, 3 } }, { 1, 2, 3 }) end)

equal(#importance, 2)
assert(importance.importance[1] > 0)
fails("model:importance: 'repeats' must be an integer ≥ 1, got 0", model.importance, model, X, y, { repeats = 0 })

-- Folds: every row is judged once; groups stay whole; time goes forward.
local function rows_of(folds, side)
  local all = {}
  for _, fold in ipairs(folds) do for _, row in ipairs(fold[side]:list()) do all[#all + 1] = row end end
  table.sort(all)
  return all
end
local every = {}
for i = 1, 120 do every[i] = i end
local folds = learn.split(120)
equal(#folds, 5)
equal(rows_of(folds, "test"), every)
equal(#folds[1].training, 96)
equal(#X[folds[1].test], 24)
equal(y[folds[1].test][1], y[folds[1].test[1]])
equal(learn.split(120, { seed = 3 })[1].test:list(), learn.split(X, { kind = "kfold", seed = 3 })[1].test:list())
for _, fold in ipairs(learn.split(whole, { groups = "part", folds = 4 })) do
  local training = {}
  for _, part in ipairs(whole.part[fold.training]:list()) do training[part] = true end
  for _, part in ipairs(whole.part[fold.test]:list()) do assert(not training[part]) end
end
local forward = learn.split(6, { kind = "forward", times = { 6, 5, 4, 3, 2, 1 }, since = 3, folds = 3 })
equal(forward[1].training:list(), { 4, 5, 6 })
equal(forward[3].test:list(), { 1 })
equal(#learn.split(4, { kind = "stratified", y = { 1, 2, 3, 4 }, folds = 2 }), 2)
fails("learn.split: stratified folds need a target: 'y' must be told", learn.split, 4, { kind = "stratified" })
fails("learn.split: 5 folds of 3 rows: use at most 3 folds", learn.split, 3)
fails("learn.split: 3 folds of 1 groups", learn.split, 4, { groups = { 1, 1, 1, 1 }, folds = 3 })
fails("learn.split: grouped folds need groups", learn.split, 4, { kind = "grouped" })
fails("learn.split: forward blocks need times", learn.split, 4, { kind = "forward" })
fails("(kind: 'kfold', 'grouped', 'stratified' or 'forward' expected, got 'groupd'; did you mean 'grouped'?)",
  learn.split, 4, { kind = "groupd" })
fails("learn.split: 3 groups for 4 rows", learn.split, 4, { groups = { 1, 2, 3 } })
fails("not enough memory", learn.split, 1 << 40)
fails("not enough memory", learn.split, math.maxinteger, { folds = 100000 })
fails("learn.split: 'folds' must be an integer 1…100000, got 9223372036854775807", learn.split, 4, { folds = math.maxinteger })
fails("learn.split: 'folds' must be an integer 1…100000, got 0", learn.split, 4, { folds = 0 })
fails("learn.split: the number of folds must be an integer ≥ 2, got 1", learn.split, 4, { folds = 1 })
fails("there is no row 121 in a frame of 120", function() return X[{ 121 }] end)
fails("there is no row 0 in a frame of 0", function() return X:head(0)[{ 0 }] end)

-- Cross-validation: all candidates on the same rows.
local compared = learn.cross_validate({ near1, learn.knn{ neighbor_count = 50 }, near1 }, whole, "minutes", { groups = "part", seed = 2 })
equal(compared.predictions.column_names, { "fold", "knn", "knn_2", "knn_3" })
equal(compared.predictions.knn:list(), compared.predictions.knn_3:list())
equal(#compared.folds, 15)
equal(compared.overall.candidate:list(), { "knn", "knn_2", "knn_3" })
equal(compared.overall.count:list(), { 120, 120, 120 })
assert(compared.overall.mae[1] < compared.overall.mae[2])
near(compared.overall.mae[1], (compared.predictions.knn - y):abs():mean(), 1e-9)
near(compared.overall.trim_mae[1], metrics.trim_mae(y, compared.predictions.knn), 1e-9)
local single = learn.cross_validate({ near = near1 }, whole, "minutes", { groups = "part", seed = 2, threads = 1 })
equal(single.predictions.near:list(), compared.predictions.knn:list())
local several = learn.cross_validate(near1, X, { run = minutes, setup = setups }, { split = "stratified" })
equal(several.predictions.column_names, { "fold", "knn_run", "knn_setup" })
local blocks = learn.cross_validate(near5, X, y, { times = every, folds = 2 })
assert(blocks.predictions.knn[1] == nil and blocks.predictions.fold[1] == nil)
equal(blocks.overall.count:list(), { 80 })
local logs = learn.cross_validate(near1, X, (y + 1):log(), { log_of = (y + 1) * 0 + 1, seed = 2 })
near(logs.overall.mae[1], ((logs.predictions.knn):exp() - (y + 1)):abs():mean(), 1e-9)
fails("learn.cross_validate: 'log_of' is 0.0 at row 1; expected a finite number > 0",
  learn.cross_validate, near1, X, y, { log_of = y * 0 })
fails("(at least one estimator expected, got an empty table)", learn.cross_validate, {}, X, y)
fails("([2]: estimator expected, got string)", learn.cross_validate, { near1, "knn" }, X, y)
fails("learn.cross_validate: 500 folds of 120 rows", learn.cross_validate, near1, X, y, { folds = 500 })

-- Search: the best of what was tried, and going on.
local found = learn.search("knn", { neighbor_count = { 1, 5, 60 }, weights = { "uniform", "distance" } }, X, y, { folds = 3 })
equal(found.trials.column_names, { "neighbor_count", "weights", "share", "error" })
equal(#found.trials, 6)
assert(found.best.parameters.neighbor_count < 60)
near(found.trials:filter(found.trials.neighbor_count:eq(found.best.parameters.neighbor_count)).error:min(), found.trials.error:min())
local again = learn.search("knn", { neighbor_count = { 1, 5, 60 }, weights = { "uniform", "distance" } }, X, y,
  { folds = 3, done = json.decode(json.encode(found.done)), seconds = 1e-9 })
equal(again.trials.error:list(), found.trials.error:list())
local begun = learn.search("knn", { neighbor_count = { 1, 2, 3, 4 } }, X, y, { folds = 3, seconds = 1e-9 })
equal(#begun.trials, 1)
local kept = learn.search(near1, { neighbor_count = { 3, 9 } }, X, y, { method = "random", trials = 1, folds = 2 })
equal(kept.best.parameters.weights, "distance")
equal(#learn.search("knn", { neighbor_count = { 1, 2, 3 } }, X, y, { method = "halving", trials = 3, folds = 2 }).trials, 3)
fails("bad argument #1 'estimator' to 'learn.search' (unknown estimator 'kn'; did you mean 'knn'?)", learn.search, "kn", {}, X, y)
fails("learn.search: unknown parameter 'neighbours' of knn", learn.search, "knn", { neighbours = { 1 } }, X, y)
fails("learn.search: 'neighbor_count' of knn must be an integer", learn.search, "knn", { neighbor_count = { 1, "many" } }, X, y)
fails("learn.search: 'neighbor_count' has no values to search", learn.search, "knn", { neighbor_count = {} }, X, y)
fails("(neighbor_count: any[] expected, got number)", learn.search, "knn", { neighbor_count = 1 }, X, y)
fails("learn.search: 'trials' must be an integer 1…1000000, got 0",
  learn.search, "knn", { neighbor_count = { 1 } }, X, y, { method = "random", trials = 0 })
fails("learn.search: 'seconds' must be a number > 0, got 0.0", learn.search, "knn", { neighbor_count = { 1 } }, X, y, { seconds = 0 })
fails("'trials' (3) is for 'random' and 'halving'", learn.search, "knn", { neighbor_count = { 1 } }, X, y, { trials = 3 })
fails("'trials' must be an integer 1…1000000, got 9223372036854775807",
  learn.search, "knn", { neighbor_count = { 1 } }, X, y, { method = "halving", trials = math.maxinteger })

-- A column in which every value misses is a feature like others.
local empty = frame.new{ { "size", { 1, 2 } }, { "kind", frame.column({}, 2) } }
equal(#near1:fit(empty, { 1, 2 }):predict(empty), 2)
fails("learn.split: unknown column 'prt'; did you mean 'part'?", learn.split, whole, { groups = "prt" })

-- A NaN is told without its sign, whatever it came from.
fails("target 'y' is nan at row 1", near1.fit, near1, { a = { 1, 2 } }, frame.column{ -1, 2 }:log())
equal(tostring(0 / 0), "nan")
equal(tostring(-(0 / 0)), "nan")

-- Rows of weight 0 may have any target; others are told by their place among all.
equal(#learn.boosting{ log_target = true, min_samples_leaf = 1 }:fit({ a = { 1, 2, 3 } }, { 1, -2, 3 }, { weights = { 1, 0, 1 } })
  :predict{ a = { 1 } }, 1)
local logs_of = learn.boosting{ log_target = true }
fails("target 'y' is -3.0 at row 3; 'log_target' of boosting needs targets > 0",
  logs_of.fit, logs_of, { a = { 1, 2, 3 } }, { 1, -2, -3 }, { weights = { 1, 0, 1 } })

-- Feature weights: what counts for nothing is not looked at.
local weighed = learn.knn{ neighbor_count = 1, feature_weights = { kind = 0 } }:fit(X, y)
near(weighed:predict{ size = { sizes[3] }, kind = { "seal" } }[1], minutes[3])
local unknown = learn.knn{ feature_weights = { sise = 1 } }
fails("estimator:fit: a weight is set for 'sise', which is no feature; did you mean 'size'?", unknown.fit, unknown, X, y)

-- Folds made by hand: a fold a row, the rows of each, or what `split` gives.
local by_row = {}
for i = 1, 120 do by_row[i] = i % 3 + 1 end
local hand = learn.cross_validate(near1, X, y, { folds = by_row })
equal(hand.predictions.fold:list(), by_row)
equal(learn.cross_validate(near1, X:with("f", frame.column(by_row)), y, { folds = "f" }).predictions.knn:list(),
  hand.predictions.knn:list())
local some = learn.cross_validate(near1, X, y, { folds = { { 1, 2 }, frame.column{ 7 } } })
equal(some.folds.count:list(), { 2, 1 })
assert(some.predictions.fold[3] == nil and some.predictions.knn[3] == nil)
equal(learn.cross_validate(near1, X, y, { folds = learn.split(120, { folds = 3, seed = 2 }) }).predictions.knn:list(),
  learn.cross_validate(near1, X, y, { folds = 3, seed = 2 }).predictions.knn:list())
equal(#learn.split(X, { folds = by_row }), 3)
equal(#learn.search(near1, { neighbor_count = { 1, 2 } }, X, y, { folds = by_row }).trials, 2)
local function refuses(text, given, options)
  options = options or {}
  options.folds = given
  fails(text, learn.cross_validate, near1, X, y, options)
end
refuses("(folds: at least one fold expected, got an empty table)", {})
refuses("learn.cross_validate: fold 2 is empty: it has no row to be judged", { { 1 }, {} })
refuses("learn.cross_validate: row 2 is judged by fold 1 and by fold 2", { { 1, 2 }, { 2, 3 } })
refuses("learn.cross_validate: fold 1 has row 1 twice", { { 1, 1 } })
refuses("learn.cross_validate: fold 1 has row 121, which is none of the 120 rows", { { 121 } })
refuses("learn.cross_validate: fold 1 has row 0, which is none of the 120 rows", { { 0 } })
refuses("which is none of the 120 rows", { { math.mininteger } })
refuses("which is none of the 120 rows", { { math.maxinteger } })
refuses("learn.cross_validate: fold 1 learns from row 1, by which it is judged", { { test = { 1 }, training = { 1, 2 } } })
refuses("learn.cross_validate: fold 1 has no row to learn from", { every })
refuses("(folds[1]: the field 'test' is missing)", { { training = { 1 } } })
refuses("(folds[1][1]: integer expected, got 1.5)", { { 1.5 } })
refuses("learn.cross_validate: 'folds' has 3 rows, the features have 120", { 1, 2, 3 })
refuses("learn.cross_validate: 'folds' has no value: no row would be judged", frame.column({}, 120))
refuses("'folds' made by hand are cut already", by_row, { split = "kfold" })
refuses("number of folds, column, name or list of folds expected, got function", print)
