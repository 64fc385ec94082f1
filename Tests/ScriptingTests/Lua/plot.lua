-- Charts: drawn in characters, or as SVG.
local chart = plot.line({ 1, 2, 3 }, { 1, 4, 9 }, { title = "Squares", x_label = "n", y_label = "n²" })
local text = tostring(chart)
assert(text:find("^Squares\n") and text:find("n · n²", 1, true), text)
equal(chart:text(60), chart:text(60))
for line in chart:text(40):gmatch("[^\n]+") do assert(utf8.len(line) <= 40, line) end
local svg = chart:with_line("cubes", { 1, 2, 3 }, { 1, 8, 27 }):with_rule("limit", 20):svg()
assert(svg:find("^<svg ") and svg:find(">cubes</text>", 1, true) and svg:find(">limit</text>", 1, true))

-- Columns with missing values, and times across.
local f = frame.new{ value = { 1, 5, 3 }, name = { "a", "b", "c" } }
assert(plot.points(f.value, f.value:log(), { log_x = true }):svg():find("<circle", 1, true))
local bars = plot.bars(f.name:list(), f.value, { unit = "minutes" }):with_rule("limit", 4)
assert(tostring(bars):find("█ 5.00\n", 1, true) and tostring(bars):find("minutes; limit 4.00", 1, true), tostring(bars))
equal(plot.sparkline({ 0, 5, 10 }), "▁▅█")
equal(plot.sparkline(f.value / 0 * 0), "   ")

fails("'x' and 'y' must be of one length, got 1 and 2 values", plot.line, { 1 }, { 1, 2 })
fails("'names' and 'values' must be of one length, got 1 and 2", plot.bars, { "a" }, { 1, 2 })
fails("a chart of bars has no lines", bars.with_line, bars, "x", { 1 }, { 1 })
fails("'width' must be 40…400, got 4", chart.text, chart, 4)
fails("bad argument #1 'x'", plot.line, "x", { 1 })
fails("a column of numbers or times", plot.line, f.name, f.value)
fails("bad argument #3 'options'", plot.line, { 1 }, { 1 }, { titel = "x" })
