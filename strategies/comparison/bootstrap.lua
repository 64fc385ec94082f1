-- A challenger takes over when its error is smaller by enough, and so much that chance hardly explains it: items are
-- drawn again and again, and the difference of the absolute errors must stay above zero.
local rounding = 1e-9

return {
  interface = 1,
  summary = "Accept the best challenger whose improvement is large enough and larger than chance.",
  parameters = {
    min_improvement_pct = {
      type = "number",
      default = 5,
      min = 0,
      max = 100,
      doc = "least improvement of trim_mae, percent",
    },
    confidence = { type = "number", default = 0.95, min = 0.5, max = 0.999, doc = "how sure the difference must be" },
    resamples = { type = "integer", default = 1000, min = 100, max = 100000, doc = "draws behind the interval" },
    min_rows = { type = "integer", default = 200, min = 1, doc = "fewest verdict rows to decide on" },
  },
  decide = function(ctx, p)
    local champion = ctx.champion
    if #champion.errors < p.min_rows then
      return { reasons = { { code = "NO_EVIDENCE", rows = #champion.errors, needed = p.min_rows } } }
    end
    local before = champion.metrics.trim_mae
    local options = { clusters = ctx.items, resamples = p.resamples, confidence = p.confidence, seed = ctx.seed }
    local reasons, best = {}, nil
    for _, candidate in ipairs(ctx.candidates) do
      local after = candidate.metrics.trim_mae
      local gain = after and before and before > 0 and (before - after) / before * 100 or nil
      local test = metrics.paired_test(champion.errors, candidate.errors, options)
      local as_good = (candidate.metrics.process_match or 0) >= (champion.metrics.process_match or 0)
      local verdict = "ACCEPTED"
      if not gain or gain ~= gain or not test.lower then
        verdict = "NO_EVIDENCE"
      elseif gain < p.min_improvement_pct - rounding then
        verdict = "TOO_SMALL"
      elseif test.lower <= 0 then
        verdict = "MAY_BE_CHANCE"
      elseif not as_good then
        verdict = "WORSE_ROUTINGS"
      end
      reasons[#reasons + 1] = {
        code = verdict,
        candidate = candidate.name,
        improvement_pct = gain,
        difference = test.mean_difference,
        lower = test.lower,
        upper = test.upper,
        p_value = test.p_value,
      }
      local better = not best
        or after < best.metrics.trim_mae
        or after == best.metrics.trim_mae and candidate.complexity < best.complexity
      if verdict == "ACCEPTED" and better then
        best = candidate
      end
    end
    return { winner = best and best.name, reasons = reasons }
  end,
}
