-- Columns: arithmetic, comparisons, figures, order.
local c = frame.column{ 3, 1, 2 }
local d = frame.column{ 0.5, 1.5, 2.5 }
local holes = frame.column({ 4.0, nil, 1.0 })

-- Element by element, with scalars on either side.
equal((c + d):list(), { 3.5, 2.5, 4.5 })
equal((c + 1):list(), { 4, 2, 3 })
equal((10 - c):list(), { 7, 9, 8 })
equal((c * 2):list(), { 6, 2, 4 })
equal((c / 2):list(), { 1.5, 0.5, 1.0 })
equal((-c):list(), { -3, -1, -2 })
equal((holes + 1)[2], nil)
equal(((c + 1) * (c - 1)).type, "integer")
near((frame.column{ 1, 0 } / 0)[1], math.huge)

-- Comparisons give truth values.
equal(c:gt(1):list(), { true, false, true })
equal(c:ge(2):list(), { true, false, true })
equal(c:lt(d):list(), { false, true, true })
equal(c:le(1):list(), { false, true, false })
equal(c:eq(2):list(), { false, false, true })
equal(c:ne(2):list(), { true, true, false })
equal(frame.column{ "b", "a" }:lt("b"):list(), { false, true })
equal(holes:gt(2)[2], nil)
equal((c:gt(1) & c:lt(3)):list(), { false, false, true })
equal((c:gt(2) | c:lt(2)):list(), { true, true, false })
equal((~c:gt(1)):list(), { false, true, false })
equal(c:gt(1):and_(c:lt(3)):or_(c:eq(1)):not_():list(), { true, false, false })

-- Figures; the expected ones are numpy's: mean, std(ddof=1), quantile (linear).
local x = frame.column{ 2.0, 7.5, 1.25, 9.0, 4.0 }
near(x:mean(), 4.75)
near(x:std(), 3.3911649915626341)
near(x:quantile(0.3), 2.4000000000000004)
near(x:median(), 4.0)
near(x:sum(), 23.75)
equal(x:min(), 1.25)
equal(x:max(), 9.0)
equal(holes:mean(), 2.5)
equal(holes:count(), 2)
equal(#holes, 3)
equal(frame.column({}, 2):n_unique(), 0)
equal(frame.column{ "b", "a", "b" }:max(), "b")

-- One value has no spread, none has no mean: nothing is no figure.
equal(frame.column{ 5 }:std(), nil)

-- Values.
near(frame.column{ -2.5, 2 }:abs()[1], 2.5)
near(frame.column{ math.exp(1), 1 }:log()[1], 1)
equal(c:sort():list(), { 1, 2, 3 })
equal(c:sort(true):list(), { 3, 2, 1 })
equal(frame.column{ 2, 1, 2 }:unique():list(), { 1, 2 })
local counts = frame.column{ "x", "y", "x" }:value_counts()
equal(counts.value:list(), { "x", "y" })
equal(counts.count:list(), { 2, 1 })
equal(holes:is_missing():list(), { false, true, false })
equal(holes:fill_missing(0):list(), { 4.0, 0.0, 1.0 })
equal(c:head(2):list(), { 3, 1 })
equal(c[1], 3)
equal(c[4], nil)
equal(c[0], nil)
equal(c[-1], nil)
equal(c[2.0], 1)

-- Rows by position.
equal(c[{ 3, 1 }]:list(), { 2, 3 })
equal(c[sample.random(#c, 3, 1)]:list(), { 3, 1, 2 })
equal(#c[{}], 0)
fails("there is no row 4 in a column of 3", function() return c[{ 4 }] end)
fails("there is no row 0 in a column of 3", function() return c[{ 0 }] end)
fails("rows of a column: [2]: integer expected, got 1.5", function() return c[{ 1, 1.5 }] end)

-- Lists of numbers and columns are the same to functions.
equal(metrics.mae({ 1, 2 }, frame.column{ 2, 4 }), 1.5)

-- What is wrong is said.
fails("bad argument #2 'right' to 'column +' (column, number, string or boolean expected, got table)", function() return c + {} end)
fails("a column has no method or property 'meen'; did you mean 'mean'?", function() return c:meen() end)
fails("a column is indexed by integers from 1, got 1.5", function() return c[1.5] end)
fails("2", function() return c + frame.column{ 1, 2 } end)
fails("numbers", function() return frame.column{ "a" }:mean() end)
fails("bad argument #1 'probability' to 'column:quantile' (number expected, got no value)", c.quantile, c)
fails("bad self to 'column:mean' (column expected, got number); call it with ':'", c.mean, 3)
fails("too many arguments to 'column:mean' (none expected, got 1)", c.mean, c, 1)
fails("number[] expected, got a column of text", metrics.mae, frame.column{ "a" }, { 1 })

-- `count` adds missing rows of the column's type.
for _, first in ipairs{ 1, 0.5, true, "a" } do
  local long = frame.column({ first }, 3)
  equal(#long, 3)
  equal(long:count(), 1)
  equal(long.type, frame.column{ first }.type)
  equal(long[1], first)
  equal(long[3], nil)
end
equal(frame.column({ 1, nil, 3 }, 5):count(), 2)
fails("'count' must be between", frame.column, { 1, 2 }, 1)
fails("not enough memory", frame.column, { 1 }, 1 << 28)

near(frame.column({ 0, 1 }):exp()[2], math.exp(1))
equal(frame.column({ 1, nil, 2 }):exp()[2], nil)
