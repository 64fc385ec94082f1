-- Half of the sample comes from items that changed lately, because their predictions rot first; the rest from all
-- others.
return {
  interface = 1,
  summary = "Half from items changed in the last days, half from the rest.",
  parameters = {
    days = {
      type = "integer",
      default = 30,
      min = 1,
      max = 3650,
      doc = "an item that changed within so many days is recent",
    },
    share = { type = "number", default = 0.5, min = 0, max = 1, doc = "share of the sample that recent items get" },
  },
  decide = function(ctx, p)
    local changed = ctx.population:column("updated_at"):gt(ctx.as_of - p.days * 86400):fill_missing(false)
    local recent = ctx.population:filter(changed):column("item_code")
    local rest = ctx.population:filter(changed:not_()):column("item_code")
    -- What one group cannot fill the other takes, so that the sample has its size.
    local wanted = math.min(#recent, math.floor(ctx.size * p.share + 0.5))
    wanted = math.max(wanted, ctx.size - #rest)
    local items, reasons = {}, {}
    for _, code in ipairs(sample.random(recent, wanted, ctx.seed):list()) do
      items[#items + 1] = code
      reasons[code] = "changed in the last " .. p.days .. " days"
    end
    for _, code in ipairs(sample.random(rest, ctx.size - wanted, ctx.seed):list()) do
      items[#items + 1] = code
    end
    return { items = items, reasons = reasons }
  end,
}
