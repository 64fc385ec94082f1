// The Lua VM as the bridge sees it: one struct a VM, with a memory limit, a stop flag that any thread may raise, and calls that
// never let an error of Lua jump across a frame of the caller.
//
// Rules that keep this sound:
// - Only C raises. Host functions return -1 with an error value on the stack, and the trampoline calls `lua_error` when their
//   frames are gone.
// - The memory limit holds only while Lua runs. Around host code it is off, so that no API call there can raise; the trampoline
//   looks at the budget afterwards.
// - A stop (time limit, interruption) is a sticky flag plus a hook on the running coroutine. There is no standing hook.
#ifndef CLUA_H
#define CLUA_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct clua_vm clua_vm;

/// Why scripts were told to stop.
enum { CLUA_GO = 0, CLUA_TIMEOUT = 1, CLUA_INTERRUPTED = 2 };

/// What a VM calls in its host. None of these may raise or jump.
typedef struct {
  /// The host's own, for `clua_context`.
  void *context;
  /// Runs `function` with its arguments on the stack of `L`; returns the number of results, or -1 with an error value on top. [-0, +n]
  int (*call)(clua_vm *vm, lua_State *L, void *function);
  /// Pushes the text of the error object `error`. [-0, +1]
  void (*describe)(clua_vm *vm, lua_State *L, void *error);
  /// Gives up the VM's ownership of `object`.
  void (*release)(void *object);
} clua_host;

/// A frame of the script's stack when it failed.
typedef struct {
  char source[LUA_IDSIZE];
  char name[48];
  int line;  // -1: not in Lua
} clua_frame;

// ---- Life

/// Makes a VM without a state; `NULL` when there is no memory. `limit` bytes hold for Lua's memory and the host objects' together.
clua_vm *clua_create(clua_host host, size_t limit);
/// Opens the state: the safe libraries in a white-list environment, and with `trusted` also `io` and `os`. Returns `NULL` when the limit is too small.
lua_State *clua_open(clua_vm *vm, bool trusted, uint64_t seed);
/// Closes the state, releasing all host objects. The VM itself stays for those who may still interrupt it.
void clua_close(clua_vm *vm);
/// Frees the VM after `clua_close`.
void clua_destroy(clua_vm *vm);
/// The VM of a state.
clua_vm *clua_vm_of(lua_State *L);
/// Sets and gives the host's context.
void clua_set_context(clua_vm *vm, void *context);
void *clua_context(clua_vm *vm);

// ---- Calls

/// Calls the function below `arguments` arguments, protected: [-(arguments + 1), +results or 1]. Returns Lua's status. `nanoseconds` is
/// the time limit of an outermost call (0: none); inner calls share the outermost one's.
int clua_call(clua_vm *vm, lua_State *L, int arguments, int results, int64_t nanoseconds);
/// Loads source text (never bytecode); [-0, +1]: the function, or the message. Returns Lua's status.
int clua_load(clua_vm *vm, lua_State *L, const char *text, size_t size, const char *name);
/// Replaces the value at the top by its text as `tostring` gives it, protected, with a time limit as in `clua_call`. Returns Lua's
/// status. [-1, +1]
int clua_text(clua_vm *vm, lua_State *L, int64_t nanoseconds);
/// A number that differs between threads.
uintptr_t clua_thread(void);
/// The number of calls that are on the stack.
int clua_depth(clua_vm *vm);

// ---- Stopping

/// Tells the running script to stop. May be called from any thread and from a signal handler; without a running script it does nothing.
void clua_interrupt(clua_vm *vm);
/// Why the running (or the last) outermost call was stopped: `CLUA_GO` when it was not.
int clua_stopped(clua_vm *vm);
/// Whether `value` at `index` is the stop that goes through a script.
bool clua_is_stop(lua_State *L, int index);

// ---- Where it failed

/// The frames of the last failure, innermost first.
int clua_trace(clua_vm *vm, const clua_frame **frames);
/// The innermost position in a script of the calling function: false when no Lua function is running.
bool clua_position(lua_State *L, clua_frame *frame);

// ---- Memory

size_t clua_memory_used(clua_vm *vm);
size_t clua_memory_peak(clua_vm *vm);
/// Tests only: the allocation number `index` from now on (1 is the next) fails once, together with the retry that Lua makes; 0 turns it off.
void clua_fail_allocation(clua_vm *vm, uint64_t index);
/// Tests only: how many allocations there were since `clua_fail_allocation`.
uint64_t clua_allocations(clua_vm *vm);

// ---- Host objects

/// Pushes a userdata that owns `object`, for which the host holds `bytes` outside Lua; the metatable is on top. [-1, +1]
void clua_push_object(clua_vm *vm, lua_State *L, void *object, size_t bytes);
/// The object of the userdata at `index`: `NULL` when it is none of the host's, or closed.
void *clua_object(lua_State *L, int index);
/// Whether the userdata at `index` is one of the host's, closed or not.
bool clua_is_object(lua_State *L, int index);
/// Releases the object of the userdata at `index` now; it stays closed.
void clua_close_object(lua_State *L, int index);
/// Pushes a function that calls the host with `function`, which it owns. [-0, +1]
void clua_push_function(clua_vm *vm, lua_State *L, void *function);
/// Pushes an error value that owns `error`. [-0, +1]
void clua_push_error(clua_vm *vm, lua_State *L, void *error);
/// The error object at `index`, or `NULL` when the value is another.
void *clua_error_object(lua_State *L, int index);
/// The host function that the upvalue at `index` holds, or `NULL`.
void *clua_function_object(lua_State *L, int index);
/// Makes the metatable of a class: `methods` are below `fallback` (called for what they lack) on the stack. [-2, +1]
void clua_push_metatable(lua_State *L, const char *name);

// ---- Tables of the environment

/// Replaces the table at the top by a read-only view called `name`. [-1, +1]
void clua_seal(lua_State *L, const char *name);
/// Replaces a view at the top by the table behind it, and leaves other values alone. [-1, +1]
void clua_unseal(lua_State *L);
/// Sets `print`: the host's function, given one text, is on top. [-1, +0]
void clua_set_print(lua_State *L);
/// Sets `require`: the host's function from a name to a loaded chunk is on top. [-1, +0]
void clua_set_require(lua_State *L);
/// Makes the globals named in a list refuse their use: the host's function, given such a name, is on top and has to fail. [-1, +0]
void clua_set_missing(lua_State *L);

/// Reads `count` numbers of the list at `index` into `numbers`; returns how many were numbers before the first that was none.
size_t clua_read_numbers(lua_State *L, int index, double *numbers, size_t count);
/// Makes a list of `count` numbers. [-0, +1]
void clua_push_numbers(lua_State *L, const double *numbers, size_t count);

// ---- Macros as functions

static inline int clua_registry(void) { return LUA_REGISTRYINDEX; }
static inline void clua_pop(lua_State *L, int count) { lua_pop(L, count); }
static inline void clua_remove(lua_State *L, int index) { lua_remove(L, index); }
static inline void clua_insert(lua_State *L, int index) { lua_insert(L, index); }
static inline void clua_push_globals(lua_State *L) { lua_pushglobaltable(L); }
static inline int clua_upvalue_index(int index) { return lua_upvalueindex(index); }
/// Bytes that Lua holds, garbage included.
static inline size_t clua_count(lua_State *L) {
  return (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
}
static inline void clua_collect(lua_State *L) { lua_gc(L, LUA_GCCOLLECT); }

#endif
