-- Lathe's Lua: the standard language, and the modules that the host gives.
std = "lua54"
max_line_length = 120
read_globals = {
  "data", "frame", "learn", "metrics", "sample", "routing", "models", "plot", "report", "cycle", "jobs", "log", "json", "time", "help",
  "quantity", "column",
}

-- The tests' own helpers, and writes that must fail.
files["Tests/ScriptingTests/Lua"] = { globals = { "equal", "near", "fails" }, max_line_length = 140, ignore = { "122" } }
