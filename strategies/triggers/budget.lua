-- Trainings cost; they are spent where they are worth most. What a new champion could gain is what the old one is wrong
-- by in every job, beyond what chance explains, weighed by how much of the work the job is. A large gain may take the
-- last training of the period, a small one only while plenty are left.

--- What knowing a chart's level would gain, percent of its minutes, as far as it is sure, and the level in percent.
local function gain(chart, p)
  local levels, errors = metrics.ewma(chart.deviations, chart.errors, { lambda = p.lambda, clip = p.clip })
  local level = levels[#levels]
  local sure = math.max(0, math.abs(level) - p.certainty * errors[#errors])
  if sure == 0 then
    return 0, 0
  end
  return (math.exp(sure) - 1) * 100, (math.exp(level) - 1) * 100
end

--- How often training was asked for in the last days.
local function spent(ctx, p)
  local count = 0
  local asked = ctx.history:column("retrained"):list()
  for place, instant in ipairs(ctx.history:column("as_of"):list()) do
    if asked[place] and instant > ctx.as_of - p.days * 86400 then
      count = count + 1
    end
  end
  return count
end

return {
  interface = 1,
  summary = "Retrain when the expected gain is worth one of a limited number of trainings.",
  parameters = {
    trainings = { type = "integer", default = 6, min = 1, max = 1000, doc = "trainings in a period at most" },
    days = { type = "integer", default = 180, min = 1, max = 3650, doc = "length of the period, to now" },
    worth_pct = {
      type = "number",
      default = 0.5,
      min = 0,
      max = 100,
      doc = "least gain that is worth a training, percent of all minutes; twice as much in the last half of them, "
        .. "three times as much for the last",
    },
    certainty = { type = "number", default = 2, min = 0, max = 10, doc = "standard errors taken off a job's level" },
    lambda = {
      type = "number",
      default = 0.4,
      min = 0.05,
      max = 1,
      doc = "weight of a new period in a job's level against what came before",
    },
    period_days = { type = "number", default = 7, min = 0.5, max = 90, doc = "days whose cycles are taken together" },
    reference_periods = {
      type = "integer",
      default = 6,
      min = 1,
      max = 100,
      doc = "periods after a training that tell what is usual",
    },
    wander = {
      type = "number",
      default = 0.02,
      min = 0,
      max = 1,
      doc = "standard deviation from period to period where nothing changes, of the logarithm of minutes",
    },
    clip = { type = "number", default = 6, min = 1, max = 100, doc = "errors that one period counts as at most" },
    cooldown_hours = {
      type = "integer",
      default = 168,
      min = 0,
      max = 8760,
      doc = "no second retraining within this time",
    },
    max_reasons = { type = "integer", default = 5, min = 1, max = 100, doc = "jobs named, the largest gain first" },
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
      min_share = 0,
      wander = p.wander,
    })
    local total, jobs = 0, {}
    for _, chart in ipairs(charts) do
      if chart.level == "job" then
        local percent, change = gain(chart, p)
        if percent > 0 then
          total = total + chart.share * percent
          jobs[#jobs + 1] = {
            code = "GAIN",
            job = chart.job,
            change_pct = change,
            gain_pct = chart.share * percent,
            share = chart.share,
            results = chart.results,
            since = chart.ends[1] - p.period_days * 86400,
            message = string.format(
              "%s takes %.0f %% %s than usual: up to %.2f %% of all minutes to be gained",
              chart.job,
              math.abs(change),
              change > 0 and "longer" or "less",
              chart.share * percent
            ),
          }
        end
      end
    end
    table.sort(jobs, function(left, right)
      if left.gain_pct ~= right.gain_pct then
        return left.gain_pct > right.gain_pct
      end
      return left.job < right.job
    end)
    local used = spent(ctx, p)
    local left = p.trainings - used
    local worth = total / math.max(p.worth_pct, 1e-9)
    local priority = worth >= 3 and "high" or worth >= 2 and "normal" or "low"
    -- The first half is for whatever is worth it, the last one for what cannot wait.
    local code = "WORTH_IT"
    if worth < 1 then
      code = "NOT_WORTH_IT"
    elseif left <= 0 then
      code = "BUDGET_SPENT"
    elseif priority == "low" and left <= p.trainings / 2 or priority ~= "high" and left == 1 and p.trainings > 1 then
      code = "SAVED_FOR_MORE"
    end
    local reasons = table.move(jobs, 1, math.min(#jobs, p.max_reasons), 1, {})
    table.insert(reasons, 1, {
      code = code,
      gain_pct = total,
      used = used,
      left = left,
      message = string.format(
        "%.2f %% of all minutes to be gained, %.2f %% are worth a training; %d of %d spent in %d days",
        total,
        p.worth_pct,
        used,
        p.trainings,
        p.days
      ),
    })
    return { retrain = code == "WORTH_IT", priority = priority, reasons = reasons }
  end,
}
