-- What the module tests check with. Globals on purpose: each test file is a script like a user's.

local function show(value)
  if type(value) ~= "table" then return type(value) == "string" and ("%q"):format(value) or tostring(value) end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do parts[#parts + 1] = tostring(key) .. "=" .. show(value[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Fails unless both show the same: tables by their contents.
function equal(got, expected)
  if show(got) ~= show(expected) then error(("got %s, expected %s"):format(show(got), show(expected)), 2) end
end

--- Fails unless the numbers are within `tolerance` of each other.
function near(got, expected, tolerance)
  if type(got) ~= "number" or math.abs(got - expected) > (tolerance or 1e-12) then
    error(("got %s, expected %s"):format(tostring(got), tostring(expected)), 2)
  end
end

--- Fails unless `f` raises an error that contains `text`.
function fails(text, f, ...)
  local ok, message = pcall(f, ...)
  if ok then error("expected to fail with: " .. text, 2) end
  if not tostring(message):find(text, 1, true) then error(("failed with: %s\nexpected: %s"):format(tostring(message), text), 2) end
end
