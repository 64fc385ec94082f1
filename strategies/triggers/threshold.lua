-- Retraining when what was measured passed a threshold; not again before the last training could have shown its effect.
return {
  interface = 1,
  summary = "Retrain on the named alerts, but not within the cooldown.",
  parameters = {
    codes = {
      type = "string[]",
      default = { "HIGH_MAE", "HIGH_TRIM_MAE", "LOW_PROCESS_MATCH" },
      choices = {
        "HIGH_MAE",
        "HIGH_TRIM_MAE",
        "LOW_PROCESS_MATCH",
        "HIGH_MEAN_CV",
        "HIGH_CV",
        "LOW_SAMPLES",
        "NO_ACTUAL_DATA",
        "PREDICTION_FAILED",
        "STRATEGY_ERROR",
        "INVALID_CONFIGURATION",
        "MODEL_DAMAGED",
      },
      doc = "alert codes that count",
    },
    cooldown_hours = {
      type = "integer",
      default = 24,
      min = 0,
      max = 8760,
      doc = "no second retraining within this time",
    },
  },
  decide = function(ctx, p)
    local last = ctx.last_training
    if last and ctx.as_of - last.as_of < p.cooldown_hours * 3600 then
      local free = last.as_of + p.cooldown_hours * 3600
      local message = "no second retraining before " .. time.format(free)
      return { retrain = false, reasons = { { code = "COOLDOWN", message = message, until_ = free } } }
    end
    local counts = {}
    for _, code in ipairs(p.codes) do
      counts[code] = true
    end
    local reasons, critical = {}, false
    for _, alert in ipairs(ctx.alerts) do
      if counts[alert.code] then
        reasons[#reasons + 1] = alert
        critical = critical or alert.severity == "critical"
      end
    end
    local priority = (critical or #reasons > 1) and "high" or "normal"
    return { retrain = #reasons > 0, priority = priority, reasons = reasons }
  end,
}
