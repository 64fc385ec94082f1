-- Each value of a column gets its share of the sample, and at least one item while they fit: rare part types are not
-- forgotten.
return {
  interface = 1,
  summary = "A sample in which each value of a column has its share, and at least one item.",
  parameters = {
    by = { type = "string", default = "part_type", doc = "column whose values are the strata" },
  },
  decide = function(ctx, p)
    local codes = ctx.population:column("item_code")
    return { items = sample.stratified(codes, ctx.population:column(p.by), ctx.size, ctx.seed) }
  end,
}
