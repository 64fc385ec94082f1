-- Where predictions were bad, or nobody has looked for long, a look tells most. A part of the sample is drawn at random
-- all the same: what went wrong unseen is found by chance only.
return {
  interface = 1,
  summary = "The most uncertain and least recently checked items first, and some at random.",
  parameters = {
    explore = { type = "number", default = 0.2, min = 0, max = 1, doc = "share of the sample that is drawn at random" },
    days = {
      type = "integer",
      default = 30,
      min = 1,
      max = 3650,
      doc = "an item not checked for so many days counts as twice as uncertain, for twice as many three times, …",
    },
  },
  decide = function(ctx, p)
    local codes = ctx.population:column("item_code"):list()
    local errors = ctx.population:column("last_error")
    local known, checked = errors:list(), ctx.population:column("last_checked"):list()
    -- An item that was never checked may be as bad as the worst tenth, and is as old as the oldest check.
    local usual = errors:quantile(0.9) or 1
    local oldest = p.days * 86400
    for place = 1, #codes do
      oldest = math.max(oldest, checked[place] and ctx.as_of - checked[place] or 0)
    end
    local scores, luck, order = {}, {}, {}
    for place = 1, #codes do
      local age = checked[place] and ctx.as_of - checked[place] or oldest
      scores[place] = (known[place] or usual) * (1 + age / 86400 / p.days)
      luck[place] = math.random()
      order[place] = place
    end
    table.sort(order, function(left, right)
      if scores[left] ~= scores[right] then
        return scores[left] > scores[right]
      end
      if luck[left] ~= luck[right] then
        return luck[left] < luck[right]
      end
      return left < right
    end)
    local explored = math.floor(ctx.size * p.explore + 0.5)
    local items, reasons, rest = {}, {}, {}
    for rank, place in ipairs(order) do
      local code = codes[place]
      if rank > ctx.size - explored then
        rest[#rest + 1] = code
      else
        items[#items + 1] = code
        reasons[code] = not checked[place] and "never checked"
          or string.format(
            "%s, checked %.0f days ago",
            known[place] and string.format("off by %.2f minutes", known[place]) or "error not known",
            (ctx.as_of - checked[place]) / 86400
          )
      end
    end
    for _, drawn in ipairs(sample.random(#rest, explored, ctx.seed):list()) do
      items[#items + 1] = rest[drawn]
      reasons[rest[drawn]] = "drawn at random"
    end
    return { items = items, reasons = reasons }
  end,
}
