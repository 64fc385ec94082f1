// The string library: Lua's own where it is harmless, and functions of ours where it may take for ever, reveal an address or load bytecode.
#define _GNU_SOURCE
#include <ctype.h>
#include <string.h>

#include "pattern.h"

// ---- Finding

static const char *find_plain(const char *text, size_t size, const char *part, size_t part_size) {
  return memmem(text, size, part, part_size);
}

static bool is_plain(const char *pattern, size_t size) {
  for (size_t index = 0; index < size; index++) {
    if (pattern[index] != 0 && strchr("^$*+?.([%-", pattern[index]) != NULL) return false;
  }
  return true;
}

// A position as scripts give it (from the end when negative) as an offset; may lie behind the end.
static size_t start_offset(lua_Integer position, size_t size) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0 || position < -(lua_Integer)size) return 0;
  return size - (size_t)-position;
}

static clua_matcher matcher_for(lua_State *L, const char *text, size_t size, const char *pattern, size_t pattern_size) {
  return (clua_matcher){.L = L, .vm = clua_vm_of(L), .text = text, .text_end = text + size, .pattern_end = pattern + pattern_size};
}

static int search(lua_State *L, bool find) {
  size_t size, pattern_size;
  const char *text = luaL_checklstring(L, 1, &size);
  const char *pattern = luaL_checklstring(L, 2, &pattern_size);
  size_t start = start_offset(luaL_optinteger(L, 3, 1), size);
  if (start > size) {
    lua_pushnil(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) || is_plain(pattern, pattern_size))) {
    const char *found = find_plain(text + start, size - start, pattern, pattern_size);
    if (found == NULL) {
      lua_pushnil(L);
      return 1;
    }
    lua_pushinteger(L, found - text + 1);
    lua_pushinteger(L, found - text + (lua_Integer)pattern_size);
    return 2;
  }
  clua_matcher matcher = matcher_for(L, text, size, pattern, pattern_size);
  bool anchored = pattern_size > 0 && *pattern == '^';
  if (anchored) pattern++;
  for (const char *at = text + start; at <= matcher.text_end; at++) {
    const char *end = clua_match(&matcher, at, pattern);
    if (end != NULL) {
      if (!find) return clua_push_captures(&matcher, at, end);
      lua_pushinteger(L, at - text + 1);
      lua_pushinteger(L, end - text);
      return clua_push_captures(&matcher, NULL, NULL) + 2;
    }
    if (anchored) break;
  }
  lua_pushnil(L);
  return 1;
}

static int find(lua_State *L) { return search(L, true); }
static int match(lua_State *L) { return search(L, false); }

// The state of a `gmatch`: its text and pattern are upvalues 1 and 2, this is 3.
typedef struct {
  size_t offset;
  ptrdiff_t last_end;  // end of the match before; an empty match right there is none
} iteration;

static int next_match(lua_State *L) {
  size_t size, pattern_size;
  const char *text = lua_tolstring(L, lua_upvalueindex(1), &size);
  const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_size);
  iteration *state = lua_touserdata(L, lua_upvalueindex(3));
  clua_matcher matcher = matcher_for(L, text, size, pattern, pattern_size);
  for (; state->offset <= size; state->offset++) {
    const char *at = text + state->offset;
    const char *end = clua_match(&matcher, at, pattern);
    if (end != NULL && end - text != state->last_end) {
      state->offset = (size_t)(end - text);
      state->last_end = end - text;
      return clua_push_captures(&matcher, at, end);
    }
  }
  return 0;
}

static int gmatch(lua_State *L) {
  size_t size;
  luaL_checklstring(L, 1, &size);
  luaL_checkstring(L, 2);
  size_t start = start_offset(luaL_optinteger(L, 3, 1), size);
  lua_settop(L, 2);
  iteration *state = lua_newuserdatauv(L, sizeof *state, 0);
  *state = (iteration){start, -1};
  lua_pushcclosure(L, next_match, 3);
  return 1;
}

// ---- Replacing

static void add_template(clua_matcher *matcher, luaL_Buffer *result, const char *start, const char *end) {
  lua_State *L = matcher->L;
  size_t size;
  const char *template = lua_tolstring(L, 3, &size);
  const char *template_end = template + size;
  while (template < template_end) {
    const char *escape = memchr(template, '%', (size_t)(template_end - template));
    if (escape == NULL) escape = template_end;
    luaL_addlstring(result, template, (size_t)(escape - template));
    if (escape == template_end) return;
    char code = escape + 1 < template_end ? escape[1] : 0;
    if (code == '%') {
      luaL_addchar(result, '%');
    } else if (code == '0') {
      luaL_addlstring(result, start, (size_t)(end - start));
    } else if (isdigit((unsigned char)code)) {
      clua_push_capture(matcher, code - '1', start, end);
      luaL_tolstring(L, -1, NULL);  // a position becomes its digits
      lua_remove(L, -2);
      luaL_addvalue(result);
    } else {
      luaL_error(L, "invalid use of '%%' in replacement string");
    }
    template = escape + 2;
  }
}

// Adds what replaces the match `start`…`end`.
static void add_replacement(clua_matcher *matcher, luaL_Buffer *result, const char *start, const char *end, int kind) {
  lua_State *L = matcher->L;
  if (kind == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    int count = clua_push_captures(matcher, start, end);
    lua_call(L, count, 1);
  } else if (kind == LUA_TTABLE) {
    clua_push_capture(matcher, 0, start, end);
    lua_gettable(L, 3);
  } else {
    add_template(matcher, result, start, end);
    return;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(result, start, (size_t)(end - start));
  } else if (lua_isstring(L, -1)) {
    luaL_addvalue(result);
  } else {
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  }
}

static int gsub(lua_State *L) {
  size_t size, pattern_size;
  const char *text = luaL_checklstring(L, 1, &size);
  const char *pattern = luaL_checklstring(L, 2, &pattern_size);
  int kind = lua_type(L, 3);
  luaL_argexpected(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                   "string/function/table");
  if (kind == LUA_TNUMBER) lua_tostring(L, 3);  // in place, once
  lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)size + 1), count = 0;
  clua_matcher matcher = matcher_for(L, text, size, pattern, pattern_size);
  bool anchored = pattern_size > 0 && *pattern == '^';
  if (anchored) pattern++;
  const char *at = text, *last_end = NULL;
  luaL_Buffer result;
  luaL_buffinit(L, &result);
  while (count < limit) {
    const char *end = clua_match(&matcher, at, pattern);
    if (end != NULL && end != last_end) {
      count++;
      add_replacement(&matcher, &result, at, end, kind);
      at = last_end = end;
    } else if (at < matcher.text_end) {
      luaL_addchar(&result, *at);
      at++;
    } else {
      break;
    }
    if (anchored) break;
  }
  luaL_addlstring(&result, at, (size_t)(matcher.text_end - at));
  luaL_pushresult(&result);
  lua_pushinteger(L, count);
  return 2;
}

// ---- Making

static int repeat(lua_State *L) {
  size_t size, separator_size;
  const char *text = luaL_checklstring(L, 1, &size);
  lua_Integer count = luaL_checkinteger(L, 2);
  const char *separator = luaL_optlstring(L, 3, "", &separator_size);
  clua_vm *vm = clua_vm_of(L);
  size_t step = size + separator_size;
  if (count <= 0 || step == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if ((lua_Unsigned)count > vm->limit / step) return luaL_error(L, "resulting string too large");
  size_t total = (size_t)count * step - separator_size;
  luaL_Buffer result;
  char *to = luaL_buffinitsize(L, &result, total);
  for (lua_Integer index = 0; index < count; index++) {
    memcpy(to, text, size);
    to += size;
    if (index + 1 < count) {
      memcpy(to, separator, separator_size);
      to += separator_size;
    }
  }
  luaL_pushresultsize(&result, total);
  return 1;
}

// Upvalue 1 is Lua's `format`; it gets the texts of objects from us, and no way to an address. It runs in this frame, so that its errors
// name the script's line.
static int format(lua_State *L) {
  size_t size;
  const char *template = luaL_checklstring(L, 1, &size);
  int argument = 1, top = lua_gettop(L);
  for (const char *p = template; p < template + size; p++) {
    if (*p != '%') continue;
    p++;
    if (p < template + size && *p == '%') continue;
    while (p < template + size && strchr("-+ #0123456789.", *p) != NULL && *p != 0) p++;
    argument++;
    if (p >= template + size || argument > top) break;
    if (*p == 'p') return luaL_error(L, "invalid conversion '%%p' to 'format': addresses are not shown");
    if (*p == 's' && lua_type(L, argument) != LUA_TSTRING) {
      clua_push_text(L, argument, NULL);
      lua_replace(L, argument);
    }
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

// Upvalue 1 is a function of Lua that walks a format in C: it gets none that takes long.
static int with_short_format(lua_State *L) {
  size_t size;
  luaL_checklstring(L, 1, &size);
  luaL_argcheck(L, size <= 1 << 16, 1, "format too long");
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static void wrap(lua_State *L, int library, const char *name, lua_CFunction function) {
  lua_getfield(L, library, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void clua_open_text(lua_State *L) {
  static const char *const kept[] = {"byte", "char", "len", "lower", "reverse", "sub", "upper", NULL};
  static const luaL_Reg own[] = {{"find", find}, {"gmatch", gmatch}, {"gsub", gsub}, {"match", match}, {"rep", repeat}, {NULL, NULL}};
  lua_pushcfunction(L, luaopen_string);
  lua_call(L, 0, 1);
  int library = lua_gettop(L);
  lua_createtable(L, 0, 16);
  clua_copy(L, library, kept);
  luaL_setfuncs(L, own, 0);
  wrap(L, library, "format", format);
  wrap(L, library, "pack", with_short_format);
  wrap(L, library, "packsize", with_short_format);
  wrap(L, library, "unpack", with_short_format);
  // Methods of strings are those of this table, and nobody may look for another way.
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
  lua_remove(L, library);
}
