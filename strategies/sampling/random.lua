-- Every item is as likely as any other: an honest picture of the whole population.
return {
  interface = 1,
  summary = "A uniform sample of the population.",
  decide = function(ctx)
    return { items = sample.random(ctx.population:column("item_code"), ctx.size, ctx.seed) }
  end,
}
