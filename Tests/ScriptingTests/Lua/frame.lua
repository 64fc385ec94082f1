-- Frames: making, looking, choosing, computing, joining, grouping.
local f = frame.new{ item = { "a", "b", "c", "a" }, minutes = { 1.5, nil, 4, 2 }, quantity = { 10, 20, 30, 40 } }

equal(#f, 4)
equal(f.column_names, { "item", "minutes", "quantity" })
equal(f.quantity:list(), { 10, 20, 30, 40 })
equal(f["item"][2], "b")
equal(f:column("item"):list(), { "a", "b", "c", "a" })
equal(frame.new{ { "z", { 1 } }, { "a", { 2 } } }.column_names, { "z", "a" })
equal(#frame.new{}, 0)
equal(f[{ 3, 1 }].item:list(), { "c", "a" })
equal(f[frame.column{ 4 }].minutes[1], 2.0)
fails("there is no row 5 in a frame of 4", function() return f[{ 1, 5 }] end)

-- Choosing rows and columns.
equal(f:filter(f.quantity:gt(15)).item:list(), { "b", "c", "a" })
equal(f:filter(f.minutes:gt(1)).item:list(), { "a", "c", "a" }) -- the missing one is not greater
equal(f:filter(f.item:eq("a") & f.quantity:gt(15)).quantity:list(), { 40 })
equal(#f:filter(f.item:eq("nobody")), 0)
equal(f:select("quantity", "item").column_names, { "quantity", "item" })
equal(f:select({ "item" }).column_names, { "item" })
equal(f:without("item").column_names, { "minutes", "quantity" })
equal(f:head(2).item:list(), { "a", "b" })
equal(f:tail(1).item:list(), { "a" })
equal(#f:head(100), 4)
equal(#f:head(-1), 0)
equal(f:row(3), { item = "c", minutes = 4.0, quantity = 30 })
equal(f:row(2).minutes, nil)
equal(f:row(5), nil)

-- Adding columns.
local g = f:with("per_piece", f.minutes / f.quantity):with("one", { 1, 1, 1, 1 })
near(g.per_piece[1], 0.15)
equal(g.per_piece[2], nil)
equal(g.one:sum(), 4.0)
equal(f:with("quantity", f.quantity * 2).quantity:list(), { 20, 40, 60, 80 })
equal(#f.column_names, 3)

-- Sorting is stable, missing values come last either way.
equal(f:sort("item").quantity:list(), { 10, 40, 20, 30 })
equal(f:sort("minutes", { descending = true }).item:list(), { "c", "a", "a", "b" })
equal(f:sort({ "item", "quantity" }, { descending = true }).quantity:list(), { 30, 20, 40, 10 })

-- Groups.
local by_item = f:group_by("item"):agg{ "count", minutes = { "mean", "max" }, quantity = "sum" }
equal(by_item.column_names, { "item", "count", "mean_minutes", "max_minutes", "sum_quantity" })
equal(by_item.item:list(), { "a", "b", "c" })
equal(by_item.count:list(), { 2, 1, 1 })
near(by_item.mean_minutes[1], 1.75)
equal(by_item.mean_minutes[2], nil)
equal(by_item.sum_quantity:list(), { 50, 20, 30 })
near(f:group_by():agg{ quantity = "p90" }.p90_quantity[1], 37) -- numpy.quantile([10, 20, 30, 40], 0.9)
equal(f:group_by("item"):agg{ quantity = { "median", "first", "n_unique" } }.median_quantity[1], 25.0)
equal(#f:group_by({ "item", "quantity" }), 4)

-- Joins.
local names = frame.new{ item = { "a", "b" }, name = { "ring", "seal" }, quantity = { 1, 2 } }
equal(f:join(names, "item").name:list(), { "ring", "seal", "ring" })
equal(f:join(names, "item").quantity_right:list(), { 1, 2, 1 })
equal(#f:join(names, { "item" }, { kind = "left" }), 4)
equal(f:join(names, "item", { kind = "left", suffix = "_named" }).name[3], nil)
equal(#f:append(f), 8)
equal(#frame.concat{ f, f, f }, 12)

-- Going through rows.
local seen = {}
for row in f:rows() do seen[#seen + 1] = row.item .. row.quantity end
equal(seen, { "a10", "b20", "c30", "a40" })

-- Figures and looks.
local d = f:describe()
equal(d:column("column"):list(), { "item", "minutes", "quantity" })
equal(d.missing:list(), { 0, 1, 0 })
equal(tostring(f), [[
frame of 4 rows, 3 columns
item  minutes  quantity
a         1.5        10
b           –        20
c         4.0        30
a         2.0        40]])
equal(tostring(frame.new{ x = {} }):match("^[^\n]*"), "frame of 0 rows, 1 column")

-- Columns.
equal(tostring(frame.column({ 1, 2 }, 3)), "integer × 3\n          1\n          2\n          –")
equal(#frame.column({}, 3), 3)
equal(frame.column({ 1, 2.5 }).type, "double")
equal(frame.column({ true, false }).type, "bool")

-- What is wrong is said.
fails("unknown column 'quantty'; did you mean 'quantity'?", f.column, f, "quantty")
fails("a frame has no column or method 'quantty'; did you mean 'quantity'?", function() return f.quantty end)
fails("bad argument #1 'mask' to 'frame:filter' (column expected, got number)", f.filter, f, 3)
fails("column 'mask' has 1 rows, expected 4", f.filter, f, frame.column{ true })
fails("column 'x' has 2 rows, expected 4", f.with, f, "x", { 1, 2 })
fails("[2]: integer expected as in the elements before, got text", frame.column, { 1, "x" })
fails("there is no figure 'avg'", function() f:group_by("item"):agg{ minutes = "avg" } end)
fails("\"count\" expected, for figures of columns write column = figure", function() f:group_by("item"):agg{ "sum" } end)
fails("kind: 'inner' or 'left' expected, got 'outer'", f.join, f, names, "item", { kind = "outer" })
fails("desc: unknown field", f.sort, f, "item", { desc = true })
fails("column 'x' has 1 rows, expected 2", frame.new, { a = { 1, 2 }, x = { 1 } })
fails("cannot set 'item' of 'frame': it is read-only", function() f.item = 1 end)
fails("frame expected, got table", f.join, f, {}, "item")
