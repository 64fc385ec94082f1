-- Walks a made-up plant through its last weeks as Lathe would have lived them: a cycle a week, a retraining when the
-- rule asks for one, the winner deployed; and tells what came of it beside a plant without Lathe, where the first
-- version serves for ever. Time is the plant's own, so that a year takes minutes.
--   lathe --workspace PLANT demo --drift
--   lathe --workspace PLANT run scripts/drift.lua [WEEKS [RULE]]
-- The picture goes to reports/drift.svg.
local week, day = 7 * 86400, 86400
local weeks = tonumber(arg[1]) or 52
local rule = arg[2]

local truth = data.truth({ since = 0, until_ = 1 })
if not truth then
  error("this is no made-up plant: 'lathe demo --drift' makes one, in a new workspace")
end
local last = data.query("SELECT max(completed_at) / 1000000.0 AS at FROM work_results"):column("at")[1]
local first = last - weeks * week

local original = models.train_baseline({ as_of = first })
local serving, since, retrainings = original, first, {}
local numbers, with, without = {}, {}, {}

for number = 1, weeks do
  local now = first + number * week
  local found = cycle.run({ as_of = now, since = now - week, rule = rule })
  -- What served in this week, and what would have served, on the same results.
  with[number] = cycle.evaluate({ version = serving, since = now - week, until_ = now }).trim_mae
  without[number] = cycle.evaluate({ version = original, since = now - week, until_ = now }).trim_mae
  numbers[number] = number
  local line = ("%s  with %.2f  without %.2f"):format(time.format(now), with[number] or 0 / 0, without[number] or 0 / 0)
  if found.retrain then
    local job = jobs.run()
    local active = models.active()
    if active ~= serving then
      retrainings[#retrainings + 1] = { at = now, version = active, kind = job and job.result and job.result.candidate }
      line = line .. ("  retrained: %s serves"):format(retrainings[#retrainings].kind or active)
      serving, since = active, now
    else
      line = line .. ("  asked to retrain: %s"):format(job and job.reason or "no job was to be done")
    end
  end
  print(line)
end

print()
print("what changed in the plant, and when Lathe answered:")
for _, event in ipairs(truth.events) do
  if event.at > first and event.at <= last then
    local answer = "no retraining within eight weeks"
    for position = #retrainings, 1, -1 do
      local days = math.floor((retrainings[position].at - event.at) / day + 0.5)
      if days >= 0 and days <= 56 then
        answer = ("retrained %d days later"):format(days)
      end
    end
    print(("%s  %s: %s"):format(time.format(event.at), event.summary, answer))
  end
end
print(("%d retrainings in %d weeks; %s has served since %s"):format(#retrainings, weeks, serving, time.format(since)))

local labels = { title = "Error of predictions", x_label = "week", y_label = "trim_mae, minutes a piece" }
labels.name = "without Lathe"
local chart = plot.line(numbers, without, labels):with_line("with Lathe", numbers, with)
print(chart:text(100))
chart:write_svg("reports/drift.svg")
print("the picture is in reports/drift.svg")
