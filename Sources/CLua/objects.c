// Host functions, objects and errors as values of Lua, and the trampoline: the one place where the host's failures are raised.
#include <string.h>

#include "internal.h"

// ---- Host functions

typedef struct {
  uint64_t mark;
  void *object;
  size_t bytes;
} host_object;

static const uint64_t object_mark = 0x4c61746865204f62, error_mark = 0x4c61746865204572, function_mark = 0x4c61746865204675;
static char error_metatable;

// A userdata of another maker (files, in trusted scripts) differs in size.
static host_object *object_at(lua_State *L, int index) {
  host_object *box = lua_touserdata(L, index);
  return box != NULL && lua_rawlen(L, index) == sizeof *box ? box : NULL;
}

int clua_trampoline(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  host_object *box = lua_touserdata(L, lua_upvalueindex(1));
  vm->enforcing = false;
  int results = vm->host.call(vm, L, box->object);
  vm->enforcing = true;
  clua_check_stop(vm, L);
  if (vm->used + vm->external > vm->limit) {
    lua_gc(L, LUA_GCCOLLECT);
    if (vm->used + vm->external > vm->limit) {
      lua_pushliteral(L, "not enough memory");
      return lua_error(L);
    }
  }
  if (results < 0) return lua_error(L);
  return results;
}

static int release_object(lua_State *L) {
  host_object *box = lua_touserdata(L, 1);
  void *object = box->object;
  if (object != NULL) {
    clua_vm *vm = clua_vm_of(L);
    box->object = NULL;
    vm->external -= box->bytes;
    box->bytes = 0;
    bool enforcing = vm->enforcing;
    vm->enforcing = false;
    vm->host.release(object);
    vm->enforcing = enforcing;
  }
  return 0;
}

static host_object *new_object(clua_vm *vm, lua_State *L, uint64_t mark, void *object, size_t bytes) {
  host_object *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (host_object){mark, object, bytes};
  vm->external += bytes;
  vm->debt += bytes;
  return box;
}

void clua_push_object(clua_vm *vm, lua_State *L, void *object, size_t bytes) {
  new_object(vm, L, object_mark, object, bytes);
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  if (vm->debt >= 1 << 16) {
    // The collector paces itself by Lua's own memory; it is told of what the host holds.
    int kilobytes = vm->debt >> 10 > 1 << 20 ? 1 << 20 : (int)(vm->debt >> 10);
    vm->debt = 0;
    lua_gc(L, LUA_GCSTEP, kilobytes);
  }
}

bool clua_is_object(lua_State *L, int index) {
  host_object *box = object_at(L, index);
  return box != NULL && box->mark == object_mark;
}

void *clua_object(lua_State *L, int index) { return clua_is_object(L, index) ? object_at(L, index)->object : NULL; }

void clua_close_object(lua_State *L, int index) {
  if (!clua_is_object(L, index)) return;
  lua_pushcfunction(L, release_object);  // releasing runs no Lua code: it cannot fail
  lua_pushvalue(L, index);
  lua_call(L, 1, 0);
}

// The metatable of functions' and errors' boxes; scripts never see the former.
static void push_error_metatable(lua_State *L);

void clua_push_function(clua_vm *vm, lua_State *L, void *function) {
  new_object(vm, L, function_mark, function, 0);
  push_error_metatable(L);
  lua_setmetatable(L, -2);
  lua_pushcclosure(L, clua_trampoline, 1);
}

void *clua_function_object(lua_State *L, int index) {
  host_object *box = object_at(L, index);
  return box != NULL && box->mark == function_mark ? box->object : NULL;
}

// ---- Errors as values

void clua_push_error(clua_vm *vm, lua_State *L, void *error) {
  new_object(vm, L, error_mark, error, 0);
  push_error_metatable(L);
  lua_setmetatable(L, -2);
}

void *clua_error_object(lua_State *L, int index) {
  host_object *box = object_at(L, index);
  return box != NULL && box->mark == error_mark ? box->object : NULL;
}

static void push_description(lua_State *L, int index) {
  void *error = clua_error_object(L, index);
  if (error == NULL) {
    lua_pushvalue(L, index);
    return;
  }
  clua_vm *vm = clua_vm_of(L);
  bool enforcing = vm->enforcing;
  vm->enforcing = false;
  vm->host.describe(vm, L, error);
  vm->enforcing = enforcing;
}

static int error_text(lua_State *L) {
  push_description(L, 1);
  return 1;
}

static int error_concat(lua_State *L) {
  push_description(L, 1);
  push_description(L, 2);
  lua_concat(L, 2);
  return 1;
}

static int error_length(lua_State *L) {
  push_description(L, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

// A function of `string` that takes the error for its text.
static int error_method(lua_State *L) {
  int count = lua_gettop(L);
  if (count == 0) return luaL_error(L, "the error is missing; call its methods with ':'");
  push_description(L, 1);
  lua_replace(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, count, LUA_MULTRET);
  return lua_gettop(L);
}

// Scripts expect errors to be strings: `err:match("…")` and `err.message` work on those of the host as well.
static int error_index(lua_State *L) {
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (strcmp(key, "message") == 0) {
    push_description(L, 1);
    return 1;
  }
  push_description(L, 1);
  if (!luaL_getmetafield(L, -1, "__index")) return 0;
  lua_getfield(L, -1, key);
  if (!lua_isfunction(L, -1)) return 0;
  lua_pushcclosure(L, error_method, 1);
  return 1;
}

static void push_error_metatable(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &error_metatable) == LUA_TTABLE) return;
  lua_pop(L, 1);
  const luaL_Reg methods[] = {
      {"__gc", release_object},   {"__tostring", error_text}, {"__concat", error_concat},
      {"__len", error_length}, {"__index", error_index},   {NULL, NULL},
  };
  lua_createtable(L, 0, 8);
  luaL_setfuncs(L, methods, 0);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushliteral(L, "error");
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &error_metatable);
}

// ---- Classes

// object[key]: a method of the class, or what the host's fallback says.
static int class_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  lua_pop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

void clua_push_metatable(lua_State *L, const char *name) {
  lua_createtable(L, 0, 12);
  lua_insert(L, -3);
  lua_pushcclosure(L, class_index, 2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, release_object);
  lua_setfield(L, -2, "__gc");
  lua_pushstring(L, name);
  lua_pushcclosure(L, clua_refuse_write, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
}
