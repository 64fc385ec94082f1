/// The name of ``sessionPrelude`` in tracebacks, where sessions leave its lines out.
let sessionPreludeName = "[session]"

/// The session's own Lua: it runs entries, shows values and looks into them.
///
/// This is Lua, not Swift, so that showing a huge table or an object whose `__tostring` loops is under the same memory and time limits and
/// the same Ctrl-C as the script that made it. It keeps the functions that it uses in locals: what a script does to its globals does
/// not reach it. Looking into values goes around metamethods.
let sessionPrelude = #"""
  local host = __session
  __session = nil

  local globals = _G
  local getmetatable, ipairs, next, pcall, rawequal = getmetatable, ipairs, next, pcall, rawequal
  local rawget, rawset, select, tostring, type = rawget, rawset, select, tostring, type
  local byte, find, format, gsub, rep, sub = string.byte, string.find, string.format, string.gsub, string.rep, string.sub
  local concat, sort, unpack, length, math_type = table.concat, table.sort, table.unpack, utf8.len, math.type
  local string_library = string

  local width, depth_limit, entry_limit, total_limit, key_limit = 80, 5, 100, 1000, 10000

  -- Names of Lua's own functions and of the modules, for showing them.

  local names, modules = {}, {}
  for _, library in ipairs(host.libraries()) do
    local view = rawget(globals, library)
    for name, value in next, view or {} do
      if type(value) == "function" then names[value] = library .. "." .. name end
    end
  end
  for name, value in next, globals do
    if type(value) == "function" then names[value] = name end
  end
  for _, module in ipairs(host.modules()) do modules[rawget(globals, module)] = module end

  local function name_of(value) return names[value] or host.name_of(value) end

  -- Values as text.

  local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

  local function escape(character) return escapes[character] or format("\\x%02x", byte(character)) end

  local function valid(text)
    if length(text) then return text end
    return (gsub(text, "[\x80-\xFF]", escape))
  end

  local function quoted(text, limit)
    local rest = ""
    if #text > limit then
      local last = limit
      while last > 0 and byte(text, last + 1) >= 0x80 and byte(text, last + 1) < 0xC0 do last = last - 1 end
      rest = format("… (%d bytes)", #text)
      text = sub(text, 1, last)
    end
    return '"' .. valid((gsub(text, '[%c"\\]', escape))) .. '"' .. rest
  end

  local function text_of(value)
    local made, text = pcall(tostring, value)
    if made then return valid(text) end
    made, text = pcall(tostring, text)
    return "<" .. type(value) .. " whose text cannot be made: " .. (made and valid(text) or "error") .. ">"
  end

  local function has_text(value)
    local meta = getmetatable(value)
    return type(meta) == "table" and rawget(meta, "__tostring") ~= nil
  end

  local function atom(value)
    local kind = type(value)
    if kind == "string" then return quoted(value, 200) end
    if kind == "number" then return value == value and tostring(value) or "nan" end
    if kind == "table" then return modules[value] and "module " .. modules[value] or next(value) == nil and "{}" or "{ … }" end
    if kind == "function" then return name_of(value) and "function " .. name_of(value) or tostring(value) end
    if kind == "userdata" then
      local text = text_of(value)
      return (#text > 60 or find(text, "\n", 1, true)) and "<" .. host.class_of(value) .. ">" or text
    end
    return tostring(value)
  end

  local keywords = {}
  for _, keyword in ipairs(host.keywords()) do keywords[keyword] = true end

  local function is_name(key) return type(key) == "string" and find(key, "^[A-Za-z_][A-Za-z0-9_]*$") ~= nil and not keywords[key] end

  local ranks = { string = 1, number = 2 }

  local function key_order(left, right)
    local first, second = ranks[type(left)] or 3, ranks[type(right)] or 3
    if first ~= second then return first < second end
    if first == 3 then return atom(left) < atom(right) end
    return left < right
  end

  local show

  local function show_table(value, indent, state)
    if next(value) == nil then return "{}" end
    if state.path[value] then return "<cycle>" end
    if state.depth == depth_limit then return "{ … }" end
    state.path[value] = true
    state.depth = state.depth + 1
    local parts, more, listed, plain = {}, 0, 0, true
    local function add(key, element)
      state.left = state.left - 1
      local text = show(element, indent + 2, state)
      plain = plain and key == nil and type(element) ~= "table" and not find(text, "\n", 1, true)
      parts[#parts + 1] = key and key .. " = " .. text or text
    end
    while rawget(value, listed + 1) ~= nil do
      listed = listed + 1
      if #parts < entry_limit and state.left > 0 then
        add(nil, rawget(value, listed))
      else
        more = more + 1
      end
    end
    local keys, others = {}, 0
    for key in next, value do
      if not (math_type(key) == "integer" and key >= 1 and key <= listed) then
        others = others + 1
        if others <= key_limit then keys[others] = key end
      end
    end
    sort(keys, key_order)
    for _, key in ipairs(keys) do
      if #parts >= entry_limit or state.left <= 0 then break end
      add(is_name(key) and key or "[" .. atom(key) .. "]", rawget(value, key))
      others = others - 1
    end
    more = more + others
    if more > 0 then parts[#parts + 1] = format("… %d more", more) end
    state.depth = state.depth - 1
    state.path[value] = nil

    local size, broken = indent + 4, false
    for _, part in ipairs(parts) do
      size = size + (length(part) or #part) + 2
      broken = broken or find(part, "\n", 1, true) ~= nil
    end
    if not broken and size - 2 <= width then return "{ " .. concat(parts, ", ") .. " }" end
    local margin = rep(" ", indent + 2)
    local lines, line = {}, margin
    for _, part in ipairs(parts) do
      if line ~= margin and (not plain or (length(line) or #line) + (length(part) or #part) + 2 > width) then
        lines[#lines + 1] = line
        line = margin
      end
      line = line .. (line == margin and "" or " ") .. part .. ","
    end
    lines[#lines + 1] = line
    return "{\n" .. concat(lines, "\n") .. "\n" .. rep(" ", indent) .. "}"
  end

  function show(value, indent, state)
    if type(value) ~= "table" or modules[value] then return atom(value) end
    if has_text(value) then return text_of(value) end
    return show_table(value, indent, state)
  end

  local function show_result(value)
    local kind = type(value)
    if kind == "string" then return quoted(value, 10000) end
    if kind == "userdata" then return text_of(value) end
    if kind == "table" and modules[value] then return "module " .. modules[value] .. "; help(" .. modules[value] .. ") tells more" end
    return show(value, 0, { path = {}, depth = 0, left = total_limit })
  end

  -- What the host calls.

  local exit, quit = rawget(globals, "exit"), rawget(globals, "quit")

  local function answer(...)
    local count, first = select("#", ...), (...)
    if count == 0 then return nil end
    if count == 1 and (rawequal(first, exit) or rawequal(first, quit)) then exit() end
    if first ~= nil then rawset(globals, "_", first) end
    local texts, separator = {}, "\t"
    for index = 1, count do
      texts[index] = show_result((select(index, ...)))
      if find(texts[index], "\n", 1, true) then separator = "\n" end
    end
    return concat(texts, separator)
  end

  -- The field of a table, also by way of `__index` tables, as classes written in Lua have them.
  local function lookup(value, name)
    for _ = 1, 10 do
      local found = rawget(value, name)
      if found ~= nil then return found end
      local meta = getmetatable(value)
      value = type(meta) == "table" and rawget(meta, "__index")
      if type(value) ~= "table" then return nil end
    end
  end

  local function members(value, found)
    local seen, left = {}, key_limit
    for _ = 1, 10 do
      for key, element in next, value do
        left = left - 1
        if left < 0 then return end
        if is_name(key) and not seen[key] then
          seen[key] = true
          found.names[#found.names + 1] = key
          if type(element) == "function" then found.functions[#found.functions + 1] = key end
        end
      end
      local meta = getmetatable(value)
      value = type(meta) == "table" and rawget(meta, "__index")
      if type(value) ~= "table" then return end
    end
  end

  return {
    -- The chunk comes as `...`: called by a name, it would go by that in tracebacks.
    evaluate = function(...) return answer((...)()) end,

    start = function(name, arguments, ...)
      local arg = { [0] = name }
      for index, argument in ipairs(arguments) do arg[index] = argument end
      rawset(globals, "arg", arg);
      (...)(unpack(arguments))
    end,

    -- What lies under a path of names: the members of a table, or the class of the object that is met, and after how many names.
    peek = function(path)
      local value, used = globals, 0
      for _, name in ipairs(path) do
        if type(value) ~= "table" then break end
        value, used = lookup(value, name), used + 1
      end
      local found = { class = "", used = used, names = {}, functions = {} }
      local kind = type(value)
      if kind == "userdata" then
        found.class = host.class_of(value)
      elseif used == #path and kind == "table" then
        members(value, found)
      elseif used == #path and kind == "string" then
        members(string_library, found)
        found.names = {}
      end
      return found
    end,
  }
  """#
