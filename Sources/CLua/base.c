// The environment of scripts, built from nothing: what is not listed here does not exist in it.
#include <stdio.h>

#include "internal.h"

static char identities_key, seal_key;

// ---- Text without addresses

// Objects are numbered in the order in which they are shown: an address would tell about the process, and differ in every run.
static lua_Integer identity(lua_State *L, int index) {
  clua_vm *vm = clua_vm_of(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &identities_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 4);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &identities_key);
  }
  lua_pushvalue(L, index);
  lua_Integer number;
  if (lua_rawget(L, -2) == LUA_TNUMBER) {
    number = lua_tointeger(L, -1);
  } else {
    number = ++vm->identities;
    lua_pushvalue(L, index);
    lua_pushinteger(L, number);
    lua_rawset(L, -4);
  }
  lua_pop(L, 2);
  return number;
}

const char *clua_push_text(lua_State *L, int index, size_t *size) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, "too many values");
  if (luaL_callmeta(L, index, "__tostring")) {
    if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
    return lua_tolstring(L, -1, size);
  }
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      // C writes the sign of a NaN, which means nothing.
      if (lua_tonumber(L, index) != lua_tonumber(L, index)) {
        lua_pushliteral(L, "nan");
        return lua_tolstring(L, -1, size);
      }
      return luaL_tolstring(L, index, size);
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TSTRING:
      return luaL_tolstring(L, index, size);
    default: {
      int named = luaL_getmetafield(L, index, "__name");
      const char *name = named == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, index);
      lua_pushfstring(L, "%s: %I", name, (LUAI_UACINT)identity(L, index));
      if (named != LUA_TNIL) lua_remove(L, -2);
      return lua_tolstring(L, -1, size);
    }
  }
}

int clua_text_function(lua_State *L) {
  luaL_checkany(L, 1);
  clua_push_text(L, 1, NULL);
  return 1;
}

static int print(lua_State *L) {
  int count = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int index = 1; index <= count; index++) {
    if (index > 1) luaL_addchar(&line, '\t');
    clua_push_text(L, index, NULL);
    luaL_addvalue(&line);
  }
  luaL_pushresult(&line);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, -2);
  lua_call(L, 1, 0);
  return 0;
}

// ---- Read-only views

static int refuse_write(lua_State *L, const char *name) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  return luaL_error(L, "cannot set '%s' of '%s': it is read-only", key, name);
}

int clua_refuse_write(lua_State *L) { return refuse_write(L, lua_tostring(L, lua_upvalueindex(1))); }

// Replaces a view at `index` by the table behind it.
static void see_through(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) return;
  if (lua_rawgetp(L, -1, &seal_key) == LUA_TTABLE) {
    lua_replace(L, index);
    lua_pop(L, 1);
  } else {
    lua_pop(L, 2);
  }
}

static bool is_view(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return false;
  bool view = lua_rawgetp(L, -1, &seal_key) == LUA_TTABLE;
  lua_pop(L, 2);
  return view;
}

void clua_unseal(lua_State *L) { see_through(L, lua_gettop(L)); }

static int next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  see_through(L, 1);
  if (lua_next(L, 1)) return 2;
  lua_pushnil(L);
  return 1;
}

static int view_pairs(lua_State *L) {
  lua_pushcfunction(L, next);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

void clua_seal(lua_State *L, const char *name) {
  lua_newtable(L);
  lua_createtable(L, 0, 6);
  lua_pushvalue(L, -3);
  lua_rawsetp(L, -2, &seal_key);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, clua_refuse_write, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, view_pairs);
  lua_setfield(L, -2, "__pairs");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

// ---- Raw access

static int raw_get(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  see_through(L, 1);
  lua_rawget(L, 1);
  return 1;
}

static int raw_set(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (is_view(L, 1)) {
    luaL_getmetafield(L, 1, "__name");
    return refuse_write(L, lua_tostring(L, -1));
  }
  lua_rawset(L, 1);
  return 1;
}

static int raw_length(lua_State *L) {
  luaL_argexpected(L, lua_istable(L, 1) || lua_isstring(L, 1), 1, "table or string");
  see_through(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
  return 1;
}

static int set_metatable(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
  lua_settop(L, 2);
  if (lua_istable(L, 2)) {
    // Finalisers run where no hook fires: one that loops could not be stopped.
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "'__gc' is not available; use '__close' or close the object yourself");
    lua_pop(L, 1);
  }
  lua_setmetatable(L, 1);
  return 1;
}

// ---- Calls

static int finish_xpcall(lua_State *L, int status, lua_KContext extra) {
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)extra;
}

// No hook fires in a handler that runs for an error raised by a hook: the stop goes past it.
static int guarded_handler(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  if (clua_stopped(vm) != CLUA_GO) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static int xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int count = lua_gettop(L);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, guarded_handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);  // the first result
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_xpcall);
  return finish_xpcall(L, status, 2);
}

static int collect_garbage(lua_State *L) {
  static const char *const options[] = {"collect", "count", NULL};
  if (luaL_checkoption(L, 1, "collect", options) == 0) {
    lua_gc(L, LUA_GCCOLLECT);
    lua_pushinteger(L, 0);
  } else {
    lua_pushnumber(L, (lua_Number)clua_memory_used(clua_vm_of(L)) / 1024);
  }
  return 1;
}

static int seed_random(lua_State *L) {
  if (lua_isnone(L, 1)) return luaL_error(L, "'randomseed' needs a seed: a run has to be repeatable");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

// ---- The environment

static void set_global_function(lua_State *L, const char *name, lua_CFunction function, int upvalues) {
  lua_pushcclosure(L, function, upvalues);
  lua_setglobal(L, name);
}

void clua_set_print(lua_State *L) { set_global_function(L, "print", print, 1); }

void clua_set_require(lua_State *L) {
  lua_newtable(L);
  set_global_function(L, "require", clua_require_function, 2);
}

static int missing_global(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 2);
  lua_call(L, 1, 1);
  return 1;
}

void clua_set_missing(lua_State *L) {
  static const char *const names[] = {"os", "io", "debug", "package", "dofile", "loadfile", NULL};
  lua_pushglobaltable(L);
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_createtable(L, 0, 6);
  for (int index = 0; names[index] != NULL; index++) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, names[index]);
  }
  lua_pushcclosure(L, missing_global, 2);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 2);
}

void clua_copy(lua_State *L, int from, const char *const *names) {
  from = lua_absindex(L, from);
  for (; *names != NULL; names++) {
    lua_getfield(L, from, *names);
    lua_setfield(L, -2, *names);
  }
}

static void open_library(lua_State *L, lua_CFunction opener, const char *name) {
  lua_pushcfunction(L, opener);
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
}

static void open_math(lua_State *L, uint64_t seed) {
  open_library(L, luaopen_math, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushvalue(L, -1);
  lua_pushinteger(L, (lua_Integer)seed);
  lua_call(L, 1, 0);
  lua_pushcclosure(L, seed_random, 1);
  lua_setfield(L, -2, "randomseed");
}

void clua_open_base(lua_State *L, bool trusted, uint64_t seed) {
  static const char *const kept[] = {"assert", "error",    "getmetatable", "ipairs",   "pairs", "pcall",
                                     "rawequal", "select", "tonumber",     "type", "_VERSION", NULL};
  static const luaL_Reg own[] = {
      {"next", next},     {"rawget", raw_get},     {"rawset", raw_set},     {"rawlen", raw_length}, {"setmetatable", set_metatable},
      {"xpcall", xpcall}, {"tostring", clua_text_function}, {"load", clua_load_function}, {"collectgarbage", collect_garbage}, {NULL, NULL},
  };
  // The library writes into the globals: a scratch table takes that, and what is wanted is copied into a new one.
  open_library(L, luaopen_base, "_G");
  lua_createtable(L, 0, 40);
  clua_copy(L, -2, kept);
  luaL_setfuncs(L, own, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "_G");
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pop(L, 1);

  clua_open_text(L);
  clua_seal(L, "string");
  lua_setglobal(L, "string");
  clua_open_list(L);
  clua_seal(L, "table");
  lua_setglobal(L, "table");
  clua_open_coroutine(L);
  clua_seal(L, "coroutine");
  lua_setglobal(L, "coroutine");
  open_math(L, seed);
  clua_seal(L, "math");
  lua_setglobal(L, "math");
  open_library(L, luaopen_utf8, "utf8");
  clua_seal(L, "utf8");
  lua_setglobal(L, "utf8");
  if (trusted) {
    open_library(L, luaopen_io, "io");
    lua_setglobal(L, "io");
    open_library(L, luaopen_os, "os");
    lua_setglobal(L, "os");
  }
}
