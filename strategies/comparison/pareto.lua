-- Error against the time that a prediction takes: of the challengers that no other beats in both, the most accurate one
-- takes over that is fast enough and improves the champion's error by enough.
local rounding = 1e-9

return {
  interface = 1,
  summary = "Accept the most accurate challenger that is fast enough and that none beats in both error and latency.",
  parameters = {
    max_latency_ms = { type = "number", default = 1000, min = 0, doc = "most ms that a thousand predictions may take" },
    min_improvement_pct = {
      type = "number",
      default = 5,
      min = 0,
      max = 100,
      doc = "least improvement of trim_mae, percent",
    },
    worth_pct = {
      type = "number",
      default = 1,
      min = 0,
      max = 100,
      doc = "a slower challenger must be better than a faster one by so much, percent of trim_mae",
    },
    min_rows = { type = "integer", default = 200, min = 1, doc = "fewest verdict rows to decide on" },
  },
  decide = function(ctx, p)
    local champion = ctx.champion
    if #champion.errors < p.min_rows then
      return { reasons = { { code = "NO_EVIDENCE", rows = #champion.errors, needed = p.min_rows } } }
    end
    local before = champion.metrics.trim_mae
    local reasons, able = {}, {}
    for _, candidate in ipairs(ctx.candidates) do
      local after = candidate.metrics.trim_mae
      local gain = after and before and before > 0 and (before - after) / before * 100 or nil
      local as_good = (candidate.metrics.process_match or 0) >= (champion.metrics.process_match or 0)
      local reason = { code = "ON_THE_FRONT", candidate = candidate.name, improvement_pct = gain }
      reason.latency_ms = candidate.latency_ms
      if not gain or gain ~= gain then
        reason.code = "NO_EVIDENCE"
      elseif candidate.latency_ms > p.max_latency_ms then
        reason.code = "TOO_SLOW"
      elseif gain < p.min_improvement_pct - rounding then
        reason.code = "TOO_SMALL"
      elseif not as_good then
        reason.code = "WORSE_ROUTINGS"
      else
        able[#able + 1] = { candidate = candidate, reason = reason, error = after }
      end
      reasons[#reasons + 1] = reason
    end
    local front = {}
    for _, one in ipairs(able) do
      for _, other in ipairs(able) do
        local faster = other.candidate.latency_ms < one.candidate.latency_ms
        if faster and other.error <= one.error * (1 + p.worth_pct / 100) then
          one.reason.code, one.reason.beaten_by = "BEATEN", other.candidate.name
        end
      end
      if one.reason.code == "ON_THE_FRONT" then
        front[#front + 1] = one.candidate
      end
    end
    table.sort(front, function(a, b)
      if a.metrics.trim_mae ~= b.metrics.trim_mae then
        return a.metrics.trim_mae < b.metrics.trim_mae
      end
      return a.complexity < b.complexity
    end)
    return { winner = front[1] and front[1].name, reasons = reasons }
  end,
}
