-- Slow or sudden, a change of how long work takes adds up: week by week the evidence for a shift is summed, and
-- forgotten where it points the other way (E. Page, "Continuous inspection schemes", 1954). All work, each job and each
-- job on each resource have a chart, so a change common to all is found as well as one of a single machine. The first
-- weeks after a training say what is usual, so a new champion begins anew.

--- The chart's name, for people.
local function name(chart)
  if chart.level == "all" then
    return "all work"
  end
  return chart.level == "job" and chart.job or chart.job .. " on " .. (chart.resource or "an unknown resource")
end

--- The mean deviation from place `first` on, each by its certainty.
local function change(chart, first)
  local sum, weights = 0, 0
  for place = first, #chart.deviations do
    local weight = 1 / chart.errors[place] ^ 2
    sum, weights = sum + weight * chart.deviations[place], weights + weight
  end
  return sum / weights
end

--- The reason that a chart gives, or nil while its evidence is within the limit.
local function reason(chart, p, limit)
  local shift = math.log(1 + p.shift_pct / 100)
  local sums = metrics.cusum(chart.deviations, chart.errors, { shift = shift, clip = p.clip })
  local last = #chart.deviations
  local up = sums.up[last] >= sums.down[last]
  local evidence = up and sums.up[last] or sums.down[last]
  if evidence <= limit then
    return nil
  end
  local first = up and sums.up_since or sums.down_since
  local since = first > 1 and chart.ends[first - 1] or chart.ends[first] - p.period_days * 86400
  local percent = (math.exp(change(chart, first)) - 1) * 100
  return {
    code = "DRIFT",
    job = chart.job,
    resource = chart.resource,
    change_pct = percent,
    since = since,
    evidence = evidence,
    limit = limit,
    results = chart.results,
    share = chart.share,
    message = string.format(
      "%s takes %.0f %% %s than usual since %s (evidence %.1f, limit %.1f, %.1f %% of the results)",
      name(chart),
      math.abs(percent),
      percent > 0 and "longer" or "less",
      time.format(since),
      evidence,
      limit,
      chart.share * 100
    ),
  }
end

return {
  interface = 1,
  summary = "Retrain when a job, a resource or all work takes longer or less than usual, by cumulative sums.",
  parameters = {
    shift_pct = {
      type = "number",
      default = 9,
      min = 1,
      max = 100,
      doc = "the change to be found, percent; half of it is not worth a retraining",
    },
    false_alarms_per_year = {
      type = "number",
      default = 0.25,
      min = 0.001,
      max = 50,
      doc = "nominal false alarms a year of all charts, by Lorden's bound; made-up plants saw three times as many",
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
    -- Two sides a chart, each beyond ln A once in A periods or less often.
    local limit = math.log(math.max(1, 2 * #charts * 365.25 / p.period_days / p.false_alarms_per_year))
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
