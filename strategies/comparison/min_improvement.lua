-- A challenger takes over when its error is clearly smaller on the same rows, its routings are no worse, and it is
-- steady from block to block. Among equals the simpler one wins: it is easier to explain and cheaper to keep.

-- From 3 to 2.85 is 5 %, but comes to 4.999999999999997 %.
local rounding = 1e-9

--- How much the error varies from block to block, relative to the champion's on the same rows: a month in which the
--- factory changed is hard for everyone. Standard deviation over mean; nil below two blocks.
local function variation(blocks, champion)
  local ratios, sum = {}, 0
  for number, block in ipairs(blocks) do
    if block.trim_mae then
      local other = champion[number] and champion[number].trim_mae
      ratios[#ratios + 1] = other and other > 0 and block.trim_mae / other or block.trim_mae
      sum = sum + ratios[#ratios]
    end
  end
  if #ratios < 2 or sum == 0 then
    return nil
  end
  local mean, squares = sum / #ratios, 0
  for _, ratio in ipairs(ratios) do
    squares = squares + (ratio - mean) ^ 2
  end
  return math.sqrt(squares / (#ratios - 1)) / mean
end

return {
  interface = 1,
  summary = "Accept the best challenger that improves trim_mae by enough without predicting worse routings.",
  parameters = {
    min_improvement_pct = {
      type = "number",
      default = 5,
      min = 0,
      max = 100,
      doc = "least improvement of trim_mae, percent",
    },
    max_block_cv = {
      type = "number",
      default = 0.6,
      min = 0,
      doc = "largest variation between blocks of its error relative to the champion's",
    },
    min_rows = { type = "integer", default = 200, min = 1, doc = "fewest verdict rows to decide on" },
  },
  decide = function(ctx, p)
    local champion = ctx.champion
    if #champion.errors < p.min_rows then
      return { reasons = { { code = "NO_EVIDENCE", rows = #champion.errors, needed = p.min_rows } } }
    end
    local before = champion.metrics.trim_mae
    local reasons, best = {}, nil
    for _, candidate in ipairs(ctx.candidates) do
      local after = candidate.metrics.trim_mae
      local gain = after and before and before > 0 and (before - after) / before * 100 or nil
      local spread = variation(candidate.blocks, champion.blocks)
      local steady = not spread or spread <= p.max_block_cv
      local as_good = (candidate.metrics.process_match or 0) >= (champion.metrics.process_match or 0)
      local verdict = "ACCEPTED"
      -- Every test asks for what is good: a figure that is no number (NaN) fails all of them.
      if not gain or gain ~= gain then
        verdict = "NO_EVIDENCE"
      elseif gain < p.min_improvement_pct - rounding then
        verdict = "TOO_SMALL"
      elseif not as_good then
        verdict = "WORSE_ROUTINGS"
      elseif not steady then
        verdict = "UNSTEADY"
      end
      reasons[#reasons + 1] = {
        code = verdict,
        candidate = candidate.name,
        improvement_pct = gain,
        block_cv = spread,
      }
      if verdict == "ACCEPTED" then
        local better = not best
          or after < best.metrics.trim_mae
          or after == best.metrics.trim_mae and candidate.complexity < best.complexity
        if better then
          best = candidate
        end
      end
    end
    return { winner = best and best.name, reasons = reasons }
  end,
}
