-- What a night's run does: bring in what is new, run a cycle, tell what was found. Started by cron or a timer as
--   lathe --workspace PLANT run scripts/nightly.lua
-- An error ends it with exit code 1 and its message on stderr, so that whoever started it notices.

local imported = data.import()
for _, file in ipairs(imported.files) do
  log.info(("%s: %d rows, %d used"):format(file.path, file.rows, file.used))
end

local found = cycle.run()
local function shown(value)
  return value and ("%.2f"):format(value) or "nothing to measure"
end
print(("cycle %d: trim_mae %s, process_match %s"):format(
  found.cycle, shown(found.metrics.trim_mae), shown(found.metrics.process_match)
))
for _, alert in ipairs(found.alerts) do
  if not alert.item then
    print(("%s %s: %s"):format(alert.severity, alert.code, alert.message))
  end
end
print(found.retrain and ("retraining is queued, priority " .. found.priority) or "no retraining")
