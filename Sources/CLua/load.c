// How scripts load source text: `load` and `require`.
#include <string.h>

#include "internal.h"

typedef struct {
  const char *text;
  size_t size;
} pieces;

// Hands out a text bit by bit, so that a huge one can be stopped.
static const char *read_text(lua_State *L, void *context, size_t *size) {
  (void)L;
  pieces *rest = context;
  if (rest->size == 0 || clua_stopped(clua_vm_of(L)) != CLUA_GO) {
    *size = 0;
    return NULL;
  }
  const char *piece = rest->text;
  *size = rest->size < 1 << 16 ? rest->size : 1 << 16;
  rest->text += *size;
  rest->size -= *size;
  return piece;
}

enum { piece_slot = 5 };

static const char *read_function(lua_State *L, void *context, size_t *size) {
  (void)context;
  luaL_checkstack(L, 2, "too many nested functions");
  lua_pushvalue(L, 1);
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    *size = 0;
    return NULL;
  }
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "reader function must return a string");
  lua_replace(L, piece_slot);  // keeps the piece alive while it is read
  return lua_tolstring(L, piece_slot, size);
}

int clua_load_function(lua_State *L) {
  const char *mode = luaL_optstring(L, 3, "t");
  bool has_environment = !lua_isnone(L, 4);
  int status;
  if (strchr(mode, 't') == NULL) {
    lua_pushnil(L);
    lua_pushfstring(L, "only source text is loaded (mode is '%s')", mode);
    return 2;
  }
  if (lua_type(L, 1) == LUA_TSTRING) {
    pieces rest;
    rest.text = lua_tolstring(L, 1, &rest.size);
    const char *name = luaL_optstring(L, 2, rest.text);
    lua_settop(L, 4);
    status = lua_load(L, read_text, &rest, name, "t");
  } else {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    const char *name = luaL_optstring(L, 2, "=(load)");
    lua_settop(L, 4);
    lua_pushnil(L);
    status = lua_load(L, read_function, NULL, name, "t");
  }
  clua_check_stop(clua_vm_of(L), L);
  if (status == LUA_OK) {
    if (has_environment) {
      lua_pushvalue(L, 4);
      if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
    }
    return 1;
  }
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

// require(name): upvalues are the host's loader and the table of what is loaded (`false` while it loads).
int clua_require_function(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  int kind = lua_getfield(L, lua_upvalueindex(2), name);
  if (kind == LUA_TBOOLEAN && !lua_toboolean(L, -1)) return luaL_error(L, "module '%s' requires itself", name);
  if (kind != LUA_TNIL) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, lua_upvalueindex(2), name);
  lua_pushvalue(L, 1);
  // A failed module may be required again once it is mended: the REPL lives on.
  int status = lua_pcall(L, 1, 1, 0);
  if (status != LUA_OK) {
    lua_pushnil(L);
    lua_setfield(L, lua_upvalueindex(2), name);
    return lua_error(L);
  }
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, lua_upvalueindex(2), name);
  return 1;
}
