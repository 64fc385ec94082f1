-- A stratum gets places by its size times how much the errors of its items differ: so many looks tell the mean error of
-- all items best (J. Neyman, "On the two different aspects of the representative method", 1934). What earlier cycles
-- found tells how much they differ; where nothing is known yet, all strata differ alike, and sizes alone decide.

--- As how many items the pooled variance counts beside a stratum's own.
local prior = 5

--- The strata in order of their values: their rows, and how much their errors differ.
local function strata(values, errors, count)
  local found, names = {}, {}
  local pooled, freedom = 0, 0
  for row = 1, count do
    -- A missing value is a stratum; texts, numbers and truth values are never equal.
    local value = values[row]
    local name = math.type(value) and "number " .. value or type(value) .. " " .. tostring(value)
    local stratum = found[name]
    if not stratum then
      stratum = { rows = {}, known = 0, mean = 0, squares = 0 }
      found[name] = stratum
      names[#names + 1] = name
    end
    stratum.rows[#stratum.rows + 1] = row
    if errors[row] then
      stratum.known = stratum.known + 1
      local off = errors[row] - stratum.mean
      stratum.mean = stratum.mean + off / stratum.known
      stratum.squares = stratum.squares + off * (errors[row] - stratum.mean)
    end
  end
  table.sort(names)
  local list = {}
  for _, name in ipairs(names) do
    list[#list + 1] = found[name]
    pooled, freedom = pooled + found[name].squares, freedom + math.max(0, found[name].known - 1)
  end
  -- Errors that are all alike, or not known, make all strata alike.
  local variance = freedom > 0 and pooled / freedom or 0
  for _, stratum in ipairs(list) do
    local own = math.max(0, stratum.known - 1)
    local spread = variance > 0 and math.sqrt((stratum.squares + prior * variance) / (own + prior)) or 1
    stratum.weight = #stratum.rows * spread
  end
  return list
end

--- Gives every stratum its places: in proportion to the weights, none more than it has rows, at least one where that is
--- possible, and the rest by largest remainder; of equals to the first.
local function allocate(list, size)
  local open, places = {}, size
  for _, stratum in ipairs(list) do
    stratum.places = 0
    open[#open + 1] = stratum
  end
  if #list > size then
    table.sort(open, function(left, right)
      if left.weight ~= right.weight then
        return left.weight > right.weight
      end
      return left.rows[1] < right.rows[1]
    end)
    for place = 1, size do
      open[place].places = 1
    end
    return
  end
  -- Whoever's share is beyond its rows, or below one place, gets these, and the others share what is left.
  local settled
  repeat
    settled = true
    local total, rest = 0, {}
    for _, stratum in ipairs(open) do
      total = total + stratum.weight
    end
    local left = places
    for _, stratum in ipairs(open) do
      stratum.quota = left * stratum.weight / total
      if stratum.quota >= #stratum.rows then
        stratum.places, places, settled = #stratum.rows, places - #stratum.rows, false
      else
        rest[#rest + 1] = stratum
      end
    end
    if settled then
      for position = #rest, 1, -1 do
        if rest[position].quota < 1 then
          rest[position].places, places, settled = 1, places - 1, false
          table.remove(rest, position)
        end
      end
    end
    open = rest
  until settled or #open == 0
  for _, stratum in ipairs(open) do
    stratum.places = math.floor(stratum.quota)
    places = places - stratum.places
  end
  table.sort(open, function(left, right)
    local first, second = left.quota - left.places, right.quota - right.places
    if first ~= second then
      return first > second
    end
    return left.rows[1] < right.rows[1]
  end)
  for position = 1, places do
    open[position].places = open[position].places + 1
  end
end

return {
  interface = 1,
  summary = "A sample in which each value of a column has places by its size and by how much its errors differ.",
  parameters = {
    by = { type = "string", default = "part_type", doc = "column whose values are the strata" },
  },
  decide = function(ctx, p)
    local codes = ctx.population:column("item_code"):list()
    local values, errors = ctx.population:column(p.by):list(), ctx.population:column("last_error"):list()
    local list = strata(values, errors, #codes)
    allocate(list, math.min(ctx.size, #codes))
    local rows = {}
    for number, stratum in ipairs(list) do
      for _, drawn in ipairs(sample.random(#stratum.rows, stratum.places, ctx.seed + number):list()) do
        rows[#rows + 1] = stratum.rows[drawn]
      end
    end
    table.sort(rows)
    local items = {}
    for position, row in ipairs(rows) do
      items[position] = codes[row]
    end
    return { items = items }
  end,
}
