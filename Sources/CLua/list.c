// The table library. Lua's own may loop in C for as long as a `__len` says, where no hook fires; here each loop looks for a stop.
#include <limits.h>
#include <math.h>

#include "internal.h"

static lua_Integer length(lua_State *L, int index) {
  luaL_argexpected(L, lua_istable(L, index), index, "table");
  return luaL_len(L, index);
}

static int insert(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  lua_Integer end = (lua_Integer)((lua_Unsigned)length(L, 1) + 1), position = end;
  int count = lua_gettop(L);
  if (count == 3) {
    position = luaL_checkinteger(L, 2);
    luaL_argcheck(L, position >= 1 && position <= end, 2, "position out of bounds");
    for (lua_Integer index = end; index > position; index--) {
      clua_check_stop(vm, L);
      lua_geti(L, 1, index - 1);
      lua_seti(L, 1, index);
    }
  } else if (count != 2) {
    return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, position);
  return 0;
}

static int remove_element(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  lua_Integer size = length(L, 1);
  lua_Integer position = luaL_optinteger(L, 2, size);
  if (position != size) {
    luaL_argcheck(L, (lua_Unsigned)position - 1u <= (lua_Unsigned)size, 2, "position out of bounds");
  }
  lua_geti(L, 1, position);
  for (; position < size; position++) {
    clua_check_stop(vm, L);
    lua_geti(L, 1, position + 1);
    lua_seti(L, 1, position);
  }
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

static int move(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
  int target = lua_isnoneornil(L, 5) ? 1 : 5;
  luaL_argexpected(L, lua_istable(L, 1), 1, "table");
  luaL_argexpected(L, lua_istable(L, target), target, "table");
  if (last >= first) {
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    lua_Integer count = last - first + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    // Upwards, unless that would overwrite elements of the same table before they are read.
    bool upwards = to > last || to <= first || (target != 1 && !lua_compare(L, 1, target, LUA_OPEQ));
    for (lua_Integer done = 0; done < count; done++) {
      lua_Integer offset = upwards ? done : count - 1 - done;
      clua_check_stop(vm, L);
      lua_geti(L, 1, first + offset);
      lua_seti(L, target, to + offset);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

static void add_element(lua_State *L, luaL_Buffer *text, lua_Integer index) {
  lua_geti(L, 1, index);
  if (!lua_isstring(L, -1)) {
    luaL_error(L, "invalid value (at index %I) in table for 'concat': string or number expected, got %s", (LUAI_UACINT)index,
               luaL_typename(L, -1));
  }
  luaL_addvalue(text);
}

static int concat(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  lua_Integer last = length(L, 1);
  size_t separator_size;
  const char *separator = luaL_optlstring(L, 2, "", &separator_size);
  lua_Integer index = luaL_optinteger(L, 3, 1);
  last = luaL_optinteger(L, 4, last);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (; index < last; index++) {
    clua_check_stop(vm, L);
    add_element(L, &text, index);
    luaL_addlstring(&text, separator, separator_size);
  }
  if (index == last) add_element(L, &text, index);
  luaL_pushresult(&text);
  return 1;
}

// ---- Sorting: bottom-up heapsort. It needs no second table, its cost has no bad case, and an order that contradicts itself
// can send it nowhere outside the list. I. Wegener, "Bottom-up-heapsort", 1993.

// Whether the value at the stack's `left` comes before that at `right`.
static bool before(lua_State *L, clua_vm *vm, int left, int right) {
  clua_check_stop(vm, L);
  if (lua_isnil(L, 2)) return lua_compare(L, left, right, LUA_OPLT);
  left = lua_absindex(L, left);
  right = lua_absindex(L, right);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, left);
  lua_pushvalue(L, right);
  lua_call(L, 2, 1);
  bool result = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return result;
}

// Puts the value on top into the heap of `count` elements whose root is free at `root`. [-1, +0]
static void sift(lua_State *L, clua_vm *vm, lua_Integer root, lua_Integer count) {
  int value = lua_gettop(L);
  lua_Integer hole = root;
  // Down along the greater children to a leaf, without looking at the value, which mostly belongs near the leaves…
  while (2 * hole <= count) {
    lua_Integer child = 2 * hole;
    lua_geti(L, 1, child);
    if (child < count) {
      lua_geti(L, 1, child + 1);
      if (before(L, vm, -2, -1)) {
        child++;
        lua_remove(L, -2);
      } else {
        lua_pop(L, 1);
      }
    }
    lua_seti(L, 1, hole);
    hole = child;
  }
  // …then up to its place.
  while (hole > root) {
    lua_geti(L, 1, hole / 2);
    if (!before(L, vm, -1, value)) {
      lua_pop(L, 1);
      break;
    }
    lua_seti(L, 1, hole);
    hole /= 2;
  }
  lua_seti(L, 1, hole);
}

static int sort(lua_State *L) {
  clua_vm *vm = clua_vm_of(L);
  lua_Integer count = length(L, 1);
  luaL_argcheck(L, count < INT_MAX, 1, "array too big");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  for (lua_Integer root = count / 2; root >= 1; root--) {
    lua_geti(L, 1, root);
    sift(L, vm, root, count);
  }
  for (lua_Integer last = count; last > 1; last--) {
    lua_geti(L, 1, last);
    lua_geti(L, 1, 1);
    lua_seti(L, 1, last);
    sift(L, vm, 1, last - 1);
  }
  return 0;
}

// ---- Lists of numbers, in one go

size_t clua_read_numbers(lua_State *L, int index, double *numbers, size_t count) {
  for (size_t done = 0; done < count; done++) {
    bool number = lua_rawgeti(L, index, (lua_Integer)done + 1) == LUA_TNUMBER;
    if (number) numbers[done] = lua_tonumber(L, -1);
    lua_pop(L, 1);
    if (!number) return done;
  }
  return count;
}

void clua_push_numbers(lua_State *L, const double *numbers, size_t count) {
  lua_createtable(L, count < INT_MAX ? (int)count : INT_MAX, 0);
  for (size_t done = 0; done < count; done++) {
    lua_pushnumber(L, numbers[done] == numbers[done] ? numbers[done] : (lua_Number)NAN);
    lua_rawseti(L, -2, (lua_Integer)done + 1);
  }
}

void clua_open_list(lua_State *L) {
  static const char *const kept[] = {"pack", "unpack", NULL};
  static const luaL_Reg own[] = {{"concat", concat}, {"insert", insert}, {"move", move}, {"remove", remove_element}, {"sort", sort}, {NULL, NULL}};
  lua_pushcfunction(L, luaopen_table);
  lua_call(L, 0, 1);
  lua_createtable(L, 0, 8);
  clua_copy(L, -2, kept);
  luaL_setfuncs(L, own, 0);
  lua_remove(L, -2);
}
