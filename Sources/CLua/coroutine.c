// Coroutines that a stop can reach. A hook belongs to one coroutine, so whoever switches says which one runs, and then looks whether
// a stop came just before.
#include "internal.h"

// Lua counts nested calls in C per coroutine when it closes one: beyond this many the C stack could overflow.
enum { max_closing = 60 };

static lua_State *coroutine_at(lua_State *L, int index) {
  lua_State *other = lua_tothread(L, index);
  luaL_argexpected(L, other != NULL, index, "coroutine");
  return other;
}

// Resumes `other` with the top `count` values. Returns the number of results on its stack moved to `L`, or -1 with an error on top of `L`.
static int resume(lua_State *L, lua_State *other, int count) {
  clua_vm *vm = clua_vm_of(L);
  if (!lua_checkstack(other, count)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, other, count);
  lua_State *before = vm->running;
  vm->running = other;  // from here on the signal handler arms `other`
  atomic_signal_fence(memory_order_seq_cst);
  if (clua_stopped(vm) != CLUA_GO) {
    vm->running = before;
    clua_raise_stop(L);
  }
  int results = 0;
  int status = lua_resume(other, L, count, &results);
  vm->running = before;
  atomic_signal_fence(memory_order_seq_cst);
  clua_check_stop(vm, L);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(other, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(other, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(other, L, results);
  return results;
}

// Closes `other`, whose pending `__close` run on its own stack.
static int reset(lua_State *L, lua_State *other) {
  clua_vm *vm = clua_vm_of(L);
  clua_check_stop(vm, L);
  if (vm->closing >= max_closing) luaL_error(L, "C stack overflow (coroutines closed within each other)");
  lua_State *before = vm->running;
  vm->running = other;
  vm->closing++;
  atomic_signal_fence(memory_order_seq_cst);
  if (clua_stopped(vm) != CLUA_GO) clua_arm(other);
  int status = lua_resetthread(other);
  vm->closing--;
  vm->running = before;
  atomic_signal_fence(memory_order_seq_cst);
  clua_check_stop(vm, L);
  return status;
}

static int coroutine_resume(lua_State *L) {
  lua_State *other = coroutine_at(L, 1);
  int results = resume(L, other, lua_gettop(L) - 1);
  if (results < 0) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, -(results + 1));
  return results + 1;
}

static int wrapped(lua_State *L) {
  lua_State *other = lua_tothread(L, lua_upvalueindex(1));
  int results = resume(L, other, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(other);
  if (status != LUA_OK && status != LUA_YIELD) {
    // The error is of `other`: it is closed, and its `__close` may replace the error.
    status = reset(L, other);
    if (status != LUA_OK) {
      lua_pop(L, 1);
      lua_xmove(other, L, 1);
    }
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int coroutine_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *other = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, other, 1);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

static int coroutine_close(lua_State *L) {
  lua_State *other = coroutine_at(L, 1);
  lua_Debug activation;
  int status = lua_status(other);
  // Not while it runs or waits for one that it resumed.
  if (other == L || (status == LUA_OK && lua_getstack(other, 0, &activation))) {
    return luaL_error(L, "cannot close a %s coroutine", other == L ? "running" : "normal");
  }
  status = reset(L, other);
  if (status == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(other, L, 1);
  return 2;
}

void clua_open_coroutine(lua_State *L) {
  static const char *const kept[] = {"create", "isyieldable", "running", "status", "yield", NULL};
  static const luaL_Reg own[] = {{"resume", coroutine_resume}, {"wrap", coroutine_wrap}, {"close", coroutine_close}, {NULL, NULL}};
  lua_pushcfunction(L, luaopen_coroutine);
  lua_call(L, 0, 1);
  lua_createtable(L, 0, 8);
  clua_copy(L, -2, kept);
  luaL_setfuncs(L, own, 0);
  lua_remove(L, -2);
}
