-- The level of each job and resource as a moving average that forgets: a slow change shows before any single week does
-- (S. Roberts, "Control chart tests based on geometric moving averages", 1959). All work, each job and each job on each
-- resource have a chart. The first weeks after a training say what is usual, so a new champion begins anew.

--- The chart's name, for people.
local function name(chart)
  if chart.level == "all" then
    return "all work"
  end
  return chart.level == "job" and chart.job or chart.job .. " on " .. (chart.resource or "an unknown resource")
end

--- The end of the last period whose level was within the tolerance, on the side where it now is.
local function since(chart, levels, tolerance, p)
  local first, sign = #levels, levels[#levels] > 0 and 1 or -1
  while first > 1 and levels[first - 1] * sign > tolerance do
    first = first - 1
  end
  return first > 1 and chart.ends[first - 1] or chart.ends[first] - p.period_days * 86400
end

--- The reason that a chart gives, or nil while its level is within the limit.
local function reason(chart, p, limit)
  local levels, errors = metrics.ewma(chart.deviations, chart.errors, { lambda = p.lambda, clip = p.clip })
  local level, tolerance = levels[#levels], math.log(1 + p.tolerance_pct / 100)
  local evidence = (math.abs(level) - tolerance) / errors[#errors]
  if evidence <= limit then
    return nil
  end
  local began = since(chart, levels, tolerance, p)
  local percent = (math.exp(level) - 1) * 100
  return {
    code = "DRIFT",
    job = chart.job,
    resource = chart.resource,
    change_pct = percent,
    since = began,
    evidence = evidence,
    limit = limit,
    results = chart.results,
    share = chart.share,
    message = string.format(
      "%s takes %.0f %% %s than usual since %s (%.1f errors beyond %.0f %%, limit %.1f, %.1f %% of the results)",
      name(chart),
      math.abs(percent),
      percent > 0 and "longer" or "less",
      time.format(began),
      evidence,
      p.tolerance_pct,
      limit,
      chart.share * 100
    ),
  }
end

return {
  interface = 1,
  summary = "Retrain when the moving level of a job, a resource or all work leaves what is usual.",
  parameters = {
    lambda = {
      type = "number",
      default = 0.5,
      min = 0.05,
      max = 1,
      doc = "weight of a new period against what came before; small finds small changes, late",
    },
    tolerance_pct = {
      type = "number",
      default = 3,
      min = 0,
      max = 100,
      doc = "a change of so many percent is not worth a retraining",
    },
    false_alarms_per_year = {
      type = "number",
      default = 1,
      min = 0.001,
      max = 50,
      doc = "false alarms a year to be expected at most, of all charts together",
    },
    period_days = { type = "number", default = 7, min = 0.5, max = 90, doc = "days whose cycles are taken together" },
    reference_periods = {
      type = "integer",
      default = 6,
      min = 1,
      max = 100,
      doc = "periods after a training that tell what is usual",
    },
    min_share = {
      type = "number",
      default = 0.03,
      min = 0,
      max = 1,
      doc = "least share of the results for a chart of its own",
    },
    wander = {
      type = "number",
      default = 0.02,
      min = 0,
      max = 1,
      doc = "standard deviation of a job from period to period where nothing changes, of the logarithm of minutes",
    },
    group_wander = { type = "number", default = 0.05, min = 0, max = 1, doc = "the same of a job on one resource" },
    clip = { type = "number", default = 6, min = 1, max = 100, doc = "errors that one period counts as at most" },
    cooldown_hours = {
      type = "integer",
      default = 168,
      min = 0,
      max = 8760,
      doc = "no second retraining within this time",
    },
    max_reasons = { type = "integer", default = 5, min = 1, max = 100, doc = "reasons given, the strongest first" },
  },
  decide = function(ctx, p)
    local last = ctx.last_training
    if last and ctx.as_of - last.as_of < p.cooldown_hours * 3600 then
      local free = last.as_of + p.cooldown_hours * 3600
      local message = "no second retraining before " .. time.format(free)
      return { retrain = false, reasons = { { code = "COOLDOWN", message = message, until_ = free } } }
    end
    local charts = metrics.drift_charts(ctx.groups, {
      period_days = p.period_days,
      reference_periods = p.reference_periods,
      min_share = p.min_share,
      wander = p.wander,
      group_wander = p.group_wander,
    })
    -- Each period looks at both sides of every chart; as if all looks were independent, which errs towards silence.
    local looks = 2 * #charts * 365.25 / p.period_days
    local limit = metrics.normal_quantile(math.min(0.5, p.false_alarms_per_year / math.max(1, looks)))
    local reasons, large = {}, false
    for _, chart in ipairs(charts) do
      local found = reason(chart, p, limit)
      if found then
        reasons[#reasons + 1] = found
        large = large or math.abs(found.change_pct) >= 25 and chart.share >= 0.05
      end
    end
    table.sort(reasons, function(left, right)
      if left.evidence ~= right.evidence then
        return left.evidence > right.evidence
      end
      return left.message < right.message
    end)
    return {
      retrain = #reasons > 0,
      priority = large and "high" or "normal",
      reasons = table.move(reasons, 1, math.min(#reasons, p.max_reasons), 1, {}),
    }
  end,
}
